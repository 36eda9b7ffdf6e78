//! A real OpenSSH server on loopback with the drop-in that is shipped, and a board to look at through it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::folder::Folder;
use super::processes::{below, end};
use super::prometheus::free_port;
use super::pty::{PATIENCE, Session};
use super::serving::Serving;

const SERVER: &str = "/usr/sbin/sshd";
pub const CLIENT: &str = "/usr/bin/ssh";
pub const ANDON: &str = env!("CARGO_BIN_EXE_andon");

/// Whether server and clients are installed; says so when they are not.
pub fn is_here(test: &str) -> bool {
    let programs = [SERVER, CLIENT, "/usr/bin/ssh-keygen", "/usr/bin/scp", "/usr/bin/sftp"];
    super::installed::is_there(test, &programs.map(PathBuf::from))
}

/// Waits until something is so.
#[track_caller]
pub fn wait(what: &str, is_so: impl Fn() -> bool) -> Duration {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "waited for {what}");
        // Each turn looks again; there is nothing to be woken by.
        std::thread::park_timeout(Duration::from_millis(20));
    }
    begin.elapsed()
}

/// A file of the project.
pub fn shipped(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// A board of two pages that changes only with the clock.
pub fn orchard() -> Serving {
    let panel = |title: &str| format!("[[dashboards.panels]]\ntitle = \"{title}\"\nview = \"text\"\nsource = \"s\"\n");
    Serving::with(&format!(
        "title = \"Orchard\"\nrefresh = \"1h\"\n[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"5\"]\n\
         [[dashboards]]\nname = \"First\"\n{}[[dashboards]]\nname = \"Second\"\n{}",
        panel("Apples"),
        panel("Plums")
    ))
}

pub struct Sshd {
    pub port: u16,
    pub user: String,
    pub folder: Folder,
    server: Child,
}

impl Sshd {
    /// A server with the drop-in that is shipped, for a board's socket.
    pub fn started(socket: &Path) -> Self {
        Self::started_with(socket, |_, drop_in| drop_in)
    }

    /// The same with a drop-in that was changed. `change` may write into the folder, and knows its name.
    pub fn started_with(socket: &Path, change: impl FnOnce(&Folder, String) -> String) -> Self {
        let folder = Folder::new();
        let user = said("id", &["-un"]).trim().to_owned();
        for key in ["host", "id", "stranger", "authority"] {
            let file = folder.path().join(key);
            said("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", key, "-f", file.to_str().unwrap()]);
        }
        let own_key = std::fs::read_to_string(folder.path().join("id.pub")).unwrap();
        folder.write(&format!("{user}.keys"), &own_key);
        let drop_in = adapted(&shipped("packaging/sshd_config.d-andon-board.conf"), &folder, &user, socket);
        let drop_in = change(&folder, drop_in);
        folder.write("andon-board.conf", &drop_in);
        if rustix::process::geteuid().is_root() {
            // Where the part of the server is shut in that speaks with strangers. A service manager makes it otherwise.
            std::fs::create_dir_all("/run/sshd").unwrap();
        }
        let (server, port) = start(&folder);
        let host_key = std::fs::read_to_string(folder.path().join("host.pub")).unwrap();
        folder.write("known_hosts", &format!("[127.0.0.1]:{port} {host_key}"));
        Self { port, user, folder, server }
    }

    /// What every client is told, for a key of the folder. The configuration of whoever runs the tests counts for nothing.
    pub fn options(&self, key: &str) -> Vec<String> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        [
            "BatchMode=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            format!("UserKnownHostsFile={}", file("known_hosts")),
            "GlobalKnownHostsFile=/dev/null".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            format!("IdentityFile={}", file(key)),
            format!("Port={}", self.port),
        ]
        .into_iter()
        .fold(vec!["-F".to_owned(), "/dev/null".to_owned()], |mut all, option| {
            all.extend(["-o".to_owned(), option]);
            all
        })
    }

    pub fn address(&self) -> String {
        format!("{}@127.0.0.1", self.user)
    }

    /// A client in a terminal of its own.
    pub fn session(&self, size: (u16, u16), options: &[&str], environment: &[(&str, &str)]) -> Session {
        let mut arguments = self.options("id");
        arguments.extend(options.iter().map(ToString::to_string));
        arguments.extend(["-tt".to_owned(), self.address()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Session::run(CLIENT, &arguments, size, environment)
    }

    /// A client without a terminal.
    pub fn client(&self, options: &[&str]) -> Command {
        let mut command = Command::new(CLIENT);
        command.args(self.options("id")).args(options).arg(self.address()).env_remove("SSH_AUTH_SOCK");
        command
    }

    /// What the server has written down.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// What the server says that its configuration is for its user.
    pub fn effective(&self) -> String {
        self.effective_for(&self.user)
    }

    /// The same for another one.
    pub fn effective_for(&self, user: &str) -> String {
        let config = self.folder.path().join("sshd_config");
        let who = format!("user={user},host=localhost,addr=127.0.0.1");
        said(SERVER, &["-T", "-f", config.to_str().unwrap(), "-C", &who])
    }

    /// The processes below the server, which serve one client each, or are what a client has started.
    pub fn processes(&self) -> Vec<u32> {
        below(self.server.id())
    }

    /// Those of them that are `andon view`.
    pub fn viewers(&self) -> Vec<u32> {
        let is_viewer = |process: &u32| {
            let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
            line.starts_with(format!("{ANDON}\0view\0").as_bytes())
        };
        self.processes().into_iter().filter(is_viewer).collect()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // Who is connected is served by processes of their own: they would stay.
        let below = self.processes();
        let _ended = self.server.kill();
        let _reaped = self.server.wait();
        end(&below);
    }
}

/// The file that is shipped, for another user, another program, another socket and another folder of keys.
pub fn adapted(text: &str, folder: &Folder, user: &str, socket: &Path) -> String {
    let folder = format!("{}/", folder.path().display());
    let others = [
        ("/usr/bin/andon ", &*format!("{ANDON} ")),
        ("/run/andon/board.sock", socket.to_str().unwrap()),
        ("/etc/ssh/andon/", &folder),
        ("Match User board\n", &format!("Match User {user}\n")),
    ];
    others.iter().fold(text.to_owned(), |text, (shipped, here)| text.replace(shipped, here))
}

/// Starts the server. A port that was free a moment ago may be another's by now: then it is tried with another one.
fn start(folder: &Folder) -> (Child, u16) {
    for _ in 0..5 {
        let port = free_port();
        let place = folder.path().display();
        // A server that allows everything, so that only the drop-in refuses.
        let config = folder.write(
            "sshd_config",
            &format!(
                "Include {place}/andon-board.conf\nPort {port}\nListenAddress 127.0.0.1\nHostKey {place}/host\n\
                 PidFile {place}/pid\nUsePAM no\nStrictModes no\nLogLevel VERBOSE\nSubsystem sftp internal-sftp\nAcceptEnv *\n\
                 AllowTcpForwarding yes\nAllowAgentForwarding yes\nX11Forwarding yes\nPermitTunnel yes\n\
                 AuthorizedKeysFile {place}/%u.keys\n"
            ),
        );
        let mut server = Command::new(SERVER)
            .args(["-D", "-f", &config, "-E", &format!("{place}/log")])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let says = || std::fs::read_to_string(folder.path().join("log")).unwrap_or_default();
        let is_up = || says().contains(&format!("Server listening on 127.0.0.1 port {port}."));
        let begin = Instant::now();
        while server.try_wait().unwrap().is_none() {
            if is_up() {
                return (server, port);
            }
            assert!(begin.elapsed() < PATIENCE, "the server does not start:\n{}", says());
            std::thread::park_timeout(Duration::from_millis(20));
        }
        assert!(says().contains("Address already in use"), "the server has ended:\n{}", says());
    }
    panic!("no port stays free");
}

/// What a program answers.
pub fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", super::stderr(&output));
    super::stdout(&output)
}
