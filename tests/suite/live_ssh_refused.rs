//! What nobody gets over SSH who may look at the board: a shell, a file, a way through, a variable of the program.
//!
//! The server allows everything that the drop-in does not refuse, and each attempt (but for a tunnel and X11, which need
//! more than a server) is also made against one that refuses nothing, where it succeeds: so it is known to be real.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::support::folder::Folder;
use crate::support::prometheus::free_port;
use crate::support::pty::{PATIENCE, Session};
use crate::support::serving::Serving;
use crate::support::sshd::{Sshd, is_here, orchard, wait};
use crate::support::{stderr, stdout};

/// What says that a way leads through.
const PASSED: &str = "PASSED";

/// The same drop-in, with nothing left of what it refuses but a shell.
fn lax(drop_in: &str) -> String {
    let refuses = |line: &&str| {
        let line = line.trim_start();
        ["Disable", "Allow", "X11", "PermitTunnel", "AcceptEnv"].iter().any(|start| line.starts_with(start))
    };
    drop_in.lines().filter(|line| !refuses(line)).map(|line| format!("{line}\n")).collect()
}

fn both(served: &Serving) -> [(Sshd, bool); 2] {
    let socket = served.socket();
    [(Sshd::started(&socket), false), (Sshd::started_with(&socket, |_, drop_in| lax(&drop_in)), true)]
}

/// Runs a client to its end, with words for whatever it has started.
fn told(mut command: Command, words: &str) -> Output {
    let mut client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Who takes no input may have gone by now.
    let _taken = client.stdin.take().unwrap().write_all(words.as_bytes());
    client.wait_with_output().unwrap()
}

#[test]
fn no_command_runs_and_no_file_passes() {
    if !is_here("live_ssh_refused::no_command_runs_and_no_file_passes") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started(&served.socket());
    let folder = Folder::new();
    let secret = folder.write("secret", "the word is swordfish\n");
    let made = folder.path().join("made");
    let (touch, cat) = (format!("touch {}\n", made.display()), format!("cat {secret}"));
    for command in [&["-T", "sh"][..], &["-T", &cat], &["-T", &touch], &["-T"]] {
        let mut client = sshd.client(&command[..1]);
        client.args(&command[1..]);
        let output = told(client, &format!("{touch}{cat}\nexit\n"));
        assert_eq!(stdout(&output), "", "{command:?}");
        assert!(stderr(&output).contains("standard output is no terminal"), "{command:?}: {}", stderr(&output));
        assert_eq!(output.status.code(), Some(1), "{command:?}");
    }
    // With a terminal it is the board, whatever was asked for.
    let mut options = sshd.options("id");
    options.extend(["-tt".to_owned(), sshd.address(), touch.clone()]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut session = Session::run("/usr/bin/ssh", &options, (80, 24), &[]);
    session.wait_for("the board", |text| text.contains("Apples"));
    session.send(&touch);
    // Its first letter asks for a moment: what follows is typed there.
    session.wait_for("no moment", |text| text.contains("'ouch"));
    session.send("\x03");
    assert_eq!(session.exit_within(PATIENCE), Some(0));

    let there = |path: &Path| format!("{}:{}", sshd.address(), path.display());
    let copied = folder.path().join("copied");
    let copy = |program: &str, mode: &[&str], arguments: &[&str], words: &str| {
        let mut command = Command::new(program);
        command.args(sshd.options("id")).args(mode).args(arguments);
        let output = told(command, words);
        assert!(!output.status.success(), "{program} {mode:?} {arguments:?}: {}", stdout(&output));
    };
    for mode in [&[][..], &["-O"]] {
        copy("scp", mode, &[&secret, &there(&made)], "");
        copy("scp", mode, &[&there(Path::new(&secret)), copied.to_str().unwrap()], "");
    }
    let batch = format!("put {secret} {}\nget {secret} {}\n", made.display(), copied.display());
    copy("sftp", &["-b", "-"], &[&sshd.address()], &batch);
    assert!(!made.exists() && !copied.exists());
    wait("the end of all of them", || sshd.viewers().is_empty());

    // A server without the drop-in does all of it.
    let sshd = Sshd::started_with(&served.socket(), |_, _| String::new());
    let mut client = sshd.client(&["-T"]);
    client.arg(format!("{touch}{cat}"));
    assert_eq!(stdout(&told(client, "")), "the word is swordfish\n");
    assert!(made.exists());
    let mut client = Command::new("sftp");
    client.args(sshd.options("id")).args(["-b", "-", &sshd.address()]);
    assert!(told(client, &batch).status.success() && copied.exists());
}

/// A server that says the word to everybody, at a port and at a socket.
fn target(folder: &Folder) -> (u16, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let path = folder.path().join("target.sock");
    let local = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|mut one| drop(one.write_all(PASSED.as_bytes())));
    });
    std::thread::spawn(move || local.incoming().flatten().for_each(|mut one| drop(one.write_all(PASSED.as_bytes()))));
    (port, path.display().to_string())
}

/// A client that forwards, until the test has seen what comes of it.
struct Forwarding(Child);

impl Forwarding {
    fn start(sshd: &Sshd, options: &[&str]) -> Self {
        let mut client = sshd.client(&[&["-N", "-o", "ExitOnForwardFailure=yes"], options].concat());
        Self(client.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// A connection to the near end; none where the client has given up.
    fn near_end<S>(&mut self, connect: impl Fn() -> std::io::Result<S>) -> Option<S> {
        let begin = std::time::Instant::now();
        loop {
            if let Ok(stream) = connect() {
                return Some(stream);
            }
            if self.0.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begin.elapsed() < PATIENCE, "neither open nor refused");
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn to_port(port: u16) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Whether the word comes out of a near end, until that is closed.
fn passes(stream: Option<impl std::io::Read>) -> bool {
    let mut answer = Vec::new();
    // A connection that is reset has brought what it has brought.
    let _whole = stream.map(|mut stream| stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).contains(PASSED)
}

#[test]
fn nothing_is_forwarded_in_any_direction() {
    if !is_here("live_ssh_refused::nothing_is_forwarded_in_any_direction") {
        return;
    }
    let served = orchard();
    let folder = Folder::new();
    let (target, socket) = target(&folder);
    for (sshd, is_lax) in both(&served) {
        let through = |flag: &str, near: u16, far: &str| {
            let mut client = Forwarding::start(&sshd, &[flag, &format!("{near}{far}")]);
            passes(client.near_end(|| to_port(near)))
        };
        assert_eq!(through("-L", free_port(), &format!(":127.0.0.1:{target}")), is_lax, "-L");
        assert_eq!(through("-L", free_port(), &format!(":{socket}")), is_lax, "-L to a Unix socket");
        assert_eq!(through("-R", free_port(), &format!(":127.0.0.1:{target}")), is_lax, "-R");
        let near = folder.path().join(format!("{}.sock", sshd.port));
        let mut client = Forwarding::start(&sshd, &["-R", &format!("{}:127.0.0.1:{target}", near.display())]);
        assert_eq!(passes(client.near_end(|| UnixStream::connect(&near))), is_lax, "-R of a Unix socket");

        let near = free_port();
        let mut client = Forwarding::start(&sshd, &["-D", &near.to_string()]);
        let mut stream = client.near_end(|| to_port(near)).unwrap();
        let [high, low] = target.to_be_bytes();
        // SOCKS 5: without a password; connect to an IPv4 address (RFC 1928).
        stream.write_all(&[5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low]).unwrap();
        assert_eq!(passes(Some(stream)), is_lax, "-D");

        let output = sshd.client(&["-W", &format!("127.0.0.1:{target}")]).stdin(Stdio::null()).output().unwrap();
        assert_eq!(stdout(&output).contains(PASSED), is_lax, "-W: {}", stderr(&output));
    }
}

#[test]
fn a_tunnel_is_refused() {
    if !is_here("live_ssh_refused::a_tunnel_is_refused") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started(&served.socket());
    let output = sshd.client(&["-N", "-o", "ExitOnForwardFailure=yes", "-w", "any:any"]).output().unwrap();
    assert_eq!(output.status.code(), Some(255));
    // Who may not open a device at the near end comes no further.
    let why = stderr(&output);
    assert!(["Tunnel forwarding failed", "Tunnel device open failed"].iter().any(|word| why.contains(word)), "{why}");
    assert!(sshd.effective().contains("\npermittunnel no\n"), "{}", sshd.effective());
}

/// What a viewer has in its environment.
fn environment(sshd: &Sshd) -> Vec<String> {
    wait("the viewer", || !sshd.viewers().is_empty());
    let text = std::fs::read(format!("/proc/{}/environ", sshd.viewers()[0])).unwrap();
    text.split(|byte| *byte == 0).map(|entry| String::from_utf8_lossy(entry).into_owned()).collect()
}

#[test]
fn neither_the_agent_nor_the_screen_of_the_client_is_reached() {
    if !is_here("live_ssh_refused::neither_the_agent_nor_the_screen_of_the_client_is_reached") {
        return;
    }
    let served = orchard();
    let folder = Folder::new();
    let agent = folder.path().join("agent");
    let listener = UnixListener::bind(&agent).unwrap();
    // It is there, and has no key.
    std::thread::spawn(move || listener.incoming().flatten().for_each(drop));
    let agent = format!("IdentityAgent={}", agent.display());
    for (sshd, is_lax) in both(&served) {
        let options = ["-A", "-X", "-o", &agent, "-o", "XAuthLocation=/nonexistent"];
        let session =
            sshd.session((80, 24), &options, &[("DISPLAY", "127.0.0.1:77"), ("SSH_AUTH_SOCK", "/nonexistent")]);
        session.wait_for("the board", |text| text.contains("Apples"));
        let environment = environment(&sshd);
        let has = |name: &str| environment.iter().any(|entry| entry.starts_with(&format!("{name}=")));
        assert_eq!(has("SSH_AUTH_SOCK"), is_lax, "{environment:?}");
        assert!(is_lax || !has("DISPLAY"), "{environment:?}");
        let says_no = String::from_utf8_lossy(&session.raw()).contains("X11 forwarding request failed");
        assert!(is_lax || says_no, "nothing was asked for");
    }
}

#[test]
fn no_variable_arrives_that_could_change_the_program() {
    if !is_here("live_ssh_refused::no_variable_arrives_that_could_change_the_program") {
        return;
    }
    let served = orchard();
    let sent = ["ANDON_THEME", "LD_PRELOAD", "PATH", "XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "BASH_ENV", "LC_TIME"];
    let options = sent.map(|name| format!("{name}=/nonexistent/sent")).join(" ");
    for (sshd, is_lax) in both(&served) {
        let session = sshd.session((80, 24), &["-o", &format!("SetEnv={options} COLORTERM=truecolor")], &[]);
        session.wait_for("the board", |text| text.contains("Apples"));
        let environment = environment(&sshd);
        for name in sent {
            let arrived = environment.contains(&format!("{name}=/nonexistent/sent"));
            // A shell may make a PATH of its own of what it is given.
            assert!(arrived == is_lax || is_lax && name == "PATH", "{name}: {environment:?}");
        }
        assert!(environment.contains(&"COLORTERM=truecolor".to_owned()), "{environment:?}");
    }
}

#[test]
fn the_drop_in_counts_for_its_user_only_and_as_a_whole() {
    if !is_here("live_ssh_refused::the_drop_in_counts_for_its_user_only_and_as_a_whole") {
        return;
    }
    let served = orchard();
    let sshd = Sshd::started(&served.socket());
    let effective = sshd.effective();
    for line in [
        "disableforwarding yes",
        "permittunnel no",
        "permituserrc no",
        "permituserenvironment no",
        "permitemptypasswords no",
        "permittty yes",
        "authenticationmethods publickey",
        "maxsessions 1",
    ] {
        assert!(effective.lines().any(|one| one == line), "no {line}:\n{effective}");
    }
    assert!(effective.contains(&format!("\nforcecommand exec {} view --socket ", crate::support::sshd::ANDON)));
    // What stands below the drop-in counts for all others.
    let others = sshd.effective_for("somebody-else");
    for line in ["forcecommand none", "disableforwarding no", "permittunnel yes", "acceptenv *"] {
        assert!(others.lines().any(|one| one == line), "no {line}:\n{others}");
    }
}
