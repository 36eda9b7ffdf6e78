//! What can happen to the board on its terminal: panics, signals, sizes, and terminals that are slow, gone
//! or taken away. Whatever it was, the terminal is afterwards as it was before.

use std::io::Read as _;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitOptions};

use crate::support::folder::Folder;
use crate::support::pty::{PATIENCE, Session};
use crate::support::server::{Reply, Server};
use crate::support::{andon, stderr};

const ONE_SECOND: Duration = Duration::from_secs(1);
/// It ends at once; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn shown(session: &Session) {
    session.wait_for("the board", |text| text.contains("Orders") && text.contains("per min"));
}

/// A board of two panels, fed by a server that counts.
fn counted() -> (Server, Folder, String) {
    let (server, folder) = (Server::start(), Folder::new());
    server.route("/x", Reply::body("application/json", "{\"n\":41}"));
    let panel =
        |id: &str| format!("[[dashboards.panels]]\nid = \"{id}\"\nview = \"stat\"\nsource = \"s\"\nquery = \".n\"\n");
    let file = folder.write(
        "b.toml",
        &format!(
            "refresh = \"1s\"\n[sources.s]\ntype = \"json\"\nurl = \"{}\"\n[[dashboards]]\nname = \"d\"\n{}{}",
            server.url("/x"),
            panel("one"),
            panel("two")
        ),
    );
    (server, folder, file)
}

#[test]
fn a_panic_of_the_viewer_gives_the_terminal_back_and_says_where() {
    for (place, code) in [("main", Some(101)), ("main-twice", None)] {
        let mut session = Session::start_with(&[], (120, 40), &[("ANDON_TRIPWIRE", place)]);
        let ended = session.exit_within(PATIENCE).unwrap();
        if let Some(code) = code {
            assert_eq!(ended, code);
        } else {
            assert_ne!(ended, 0, "{place}: it was aborted");
        }
        session.wait_for_modes(false);
        // The settings of a new terminal: there was no moment before the board to read them at.
        let settings = session.settings().unwrap();
        assert!(settings.contains("ICANON") && settings.contains("ECHO"), "{place}: {settings}");
        session.wait_for("what has happened", |said| {
            said.contains("a fault of andon itself at src/") && said.contains("tripped at main")
        });
        let said = session.text();
        assert_eq!(said.matches("a fault of andon").count(), 1, "{place}: said twice:\n{said}");
    }
}

#[test]
fn a_panic_of_a_part_leaves_everything_else_up() {
    let (_server, _folder, file) = counted();
    for (place, words) in [
        ("source", "internal error: tripped at source"),
        ("judge", "internal error: tripped at judge"),
        ("view", "internal error: tripped at view"),
        ("draw", "cannot be drawn: a fault of andon"),
    ] {
        let mut session = Session::start_with(&["--config", &file], (120, 40), &[("ANDON_TRIPWIRE", place)]);
        session.wait_for(words, |text| text.contains(words));
        session.send("?");
        session.wait_for("the help", |text| text.contains("freeze the picture"));
        session.send("q");
        assert_eq!(session.exit_within(SOON), Some(0), "{place}");
        session.wait_for_modes(false);
    }
}

#[test]
fn without_an_engine_the_board_says_so_and_keys_go_on() {
    let (_server, _folder, file) = counted();
    // It panicked, or it hangs for ever and cannot be told to end.
    for place in ["hub", "hub-hangs"] {
        for (end, code) in [("q", 0), ("SIGTERM", 143)] {
            let mut session = Session::start_with(&["--config", &file], (120, 40), &[("ANDON_TRIPWIRE", place)]);
            session.wait_for("no update", |text| text.contains("NO UPDATE for 2 s"));
            session.wait_for("its age to grow", |text| {
                text.contains("NO UPDATE for 4 s") && text.lines().take(4).any(|line| line.contains("s ago: "))
            });
            session.send("?");
            session.wait_for("the help", |text| text.contains("freeze the picture"));
            if end == "q" {
                session.send("q");
            } else {
                session.signal(Signal::TERM);
            }
            assert_eq!(session.exit_within(SOON), Some(code), "{place}, {end}");
            session.wait_for_modes(false);
        }
    }
}

#[test]
fn a_signal_that_is_rarely_sent_is_an_end_like_any_other() {
    for (signal, code) in [(Signal::QUIT, 131), (Signal::USR1, 138), (Signal::USR2, 140), (Signal::ALARM, 142)] {
        let mut session = Session::start(&[], (120, 40));
        let before = session.settings();
        shown(&session);
        session.signal(signal);
        assert_eq!(session.exit_within(SOON), Some(code));
        session.wait_for_modes(false);
        assert_eq!(session.settings(), before);
    }
}

#[test]
fn a_stop_that_cannot_be_caught_is_recovered_from() {
    let mut session = Session::start(&[], (120, 40));
    shown(&session);
    session.signal(Signal::STOP);
    let status = || std::fs::read_to_string(format!("/proc/{}/stat", session.pid)).unwrap();
    let begin = Instant::now();
    while !status().contains(") T ") {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::park_timeout(Duration::from_millis(5));
    }
    session.signal(Signal::CONT);
    // A whole picture: whatever the shell drew meanwhile is painted over.
    let clears = |session: &Session| String::from_utf8_lossy(&session.raw()).matches("\x1b[2J").count();
    let begin = Instant::now();
    while clears(&session) < 2 {
        assert!(begin.elapsed() < PATIENCE, "no new picture");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    shown(&session);
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
}

#[test]
fn a_storm_of_resizes_is_survived() {
    let mut session = Session::start(&[], (120, 40));
    shown(&session);
    for n in 0..1000_u16 {
        session.resize(80 + n % 50, 20 + n % 20);
        session.signal(Signal::WINCH);
    }
    session.resize_to_nothing();
    session.signal(Signal::WINCH);
    for (columns, rows) in [(1, 1), (10, 3), (500, 200), (600, 300), (100, 30)] {
        session.resize(columns, rows);
    }
    session.wait_for("the board at its last size", |text| text.contains("Orders") && text.contains("q quit"));
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    session.wait_for_modes(false);
}

/// Runs a shell line in a pseudo terminal.
fn shell(line: &str) -> Session {
    let mut command = portable_pty::CommandBuilder::new("sh");
    command.args(["-c", line]);
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    Session::spawn(command, (120, 40))
}

#[test]
fn without_standard_input_the_terminal_itself_is_asked() {
    for redirect in ["<&-", "</dev/null"] {
        let mut session = shell(&format!("exec {} {redirect}", env!("CARGO_BIN_EXE_andon")));
        let before = session.settings();
        shown(&session);
        session.send("q");
        assert_eq!(session.exit_within(SOON), Some(0), "{redirect}");
        session.wait_for_modes(false);
        assert_eq!(session.settings(), before, "{redirect}");
    }
}

#[test]
fn an_output_that_takes_nothing_is_an_end_with_a_reason() {
    let mut session = shell(&format!("exec {} >/dev/full", env!("CARGO_BIN_EXE_andon")));
    let code = session.exit_within(PATIENCE).unwrap();
    session.wait_for_raw("why", "andon: cannot write");
    assert_eq!(code, 1);
    // A pipe whose reader is gone is no error: nobody wants to know any more.
    let mut child = andon()
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn a_log_that_cannot_be_written_is_not_written_onto_the_board() {
    let (_server, _folder, file) = counted();
    let arguments = ["--config", &file, "--log", "/dev/full"];
    let mut session = Session::start_with(&arguments, (100, 30), &[("ANDON_LOG", "trace")]);
    session.wait_for("some polls", |text| text.contains("2 panels without limits"));
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    session.wait_for_modes(false);
    let raw = String::from_utf8_lossy(&session.raw()).into_owned();
    assert!(!raw.contains("tracing") && !raw.contains("No space"), "{raw}");
}

#[test]
fn a_slow_terminal_slows_only_its_pictures() {
    let (server, _folder, file) = counted();
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_andon"));
    command.args(["--config", &file]);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let size = portable_pty::PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    // A kilobyte a second, for eight polls.
    let begin = Instant::now();
    let mut taken = 0;
    let mut buffer = [0; 128];
    while server.requests().len() < 8 {
        assert!(begin.elapsed() < PATIENCE, "polling stands still behind a slow terminal: {}", server.requests().len());
        taken += reader.read(&mut buffer).unwrap();
        std::thread::park_timeout(Duration::from_millis(125));
    }
    assert!(begin.elapsed() < Duration::from_secs(12), "eight polls took {:?}", begin.elapsed());
    assert!(taken < 16 * 1024, "frames were queued: {taken} bytes");
    let pid = rustix::process::Pid::from_raw(child.process_id().unwrap() as i32).unwrap();
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < ONE_SECOND, "a slow terminal holds it");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A tmux server of its own, gone when the test ends.
struct Tmux(String);

impl Tmux {
    fn run(&self, arguments: &[&str]) -> String {
        let output = std::process::Command::new("tmux")
            .args(["-L", &self.0, "-f", "/dev/null"])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let begin = Instant::now();
        loop {
            let screen = self.run(&["capture-pane", "-p"]);
            if holds(&screen) {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "waited for {what}:\n{screen}");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.run(&["kill-server"]);
    }
}

#[test]
fn in_tmux_it_lives_on_while_nobody_looks() {
    if !crate::support::installed::is_installed("in_tmux_it_lives_on_while_nobody_looks", &["tmux"]) {
        return;
    }
    let tmux = Tmux(format!("andon-{}", std::process::id()));
    let line = format!("cd {} && LANG=C.UTF-8 exec {}", env!("CARGO_MANIFEST_DIR"), env!("CARGO_BIN_EXE_andon"));
    tmux.run(&["new-session", "-d", "-x", "120", "-y", "40", &line]);
    tmux.wait_for("the board", |text| text.contains("Orders"));
    for size in [(90, 30), (140, 45)] {
        let mut command = portable_pty::CommandBuilder::new("tmux");
        command.args(["-L", &tmux.0, "attach"]);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let mut client = Session::spawn(command, size);
        client.wait_for("the board in a client", |text| text.contains("Orders"));
        tmux.run(&["detach-client"]);
        assert_eq!(client.exit_within(PATIENCE), Some(0));
        tmux.wait_for("the board behind the client's back", |text| text.contains("Orders") && text.contains("sources"));
    }
    tmux.run(&["send-keys", "q"]);
    let begin = Instant::now();
    while tmux.run(&["list-sessions"]).contains("windows") {
        assert!(begin.elapsed() < PATIENCE, "it did not leave");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn an_end_leaves_no_child_behind() {
    let folder = Folder::new();
    let marker = folder.path().join("pid");
    let file = folder.write(
        "b.toml",
        &format!(
            "[sources.s]\ntype = \"command\"\nrefresh = \"1h\"\ntimeout = \"30min\"\ncommand = [\"sh\", \"-c\", \"trap '' TERM; echo $$ > {}; while :; do sleep 1; done\"]\n\
             [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\n",
            marker.display()
        ),
    );
    let mut session = Session::start(&["--config", &file], (80, 24));
    let begin = Instant::now();
    let pid = loop {
        if let Some(pid) = std::fs::read_to_string(&marker).ok().and_then(|text| text.trim().parse::<i32>().ok()) {
            break rustix::process::Pid::from_raw(pid).unwrap();
        }
        assert!(begin.elapsed() < PATIENCE);
        std::thread::park_timeout(Duration::from_millis(5));
    };
    session.wait_for("the board", |text| text.contains("stat"));
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    let begin = Instant::now();
    while rustix::process::test_kill_process(pid).is_ok() {
        // It is nobody's child but init's by now; where init does not reap, it is a zombie, and that is ended.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        if stat.contains(") Z ") {
            let _reaped = rustix::process::waitpid(Some(pid), WaitOptions::NOHANG);
            break;
        }
        assert!(begin.elapsed() < PATIENCE, "a command outlives the board");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

#[test]
fn a_hundred_dead_sources_cost_next_to_nothing() {
    let folder = Folder::new();
    let sources: String =
        (0..100).map(|n| format!("[sources.s{n}]\ntype = \"json\"\nurl = \"http://127.0.0.1:1/{n}\"\n")).collect();
    let panels: String = (0..100)
        .map(|n| format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"stat\"\nsource = \"s{n}\"\nquery = \".n\"\n"))
        .collect();
    let file = folder.write("b.toml", &format!("refresh = \"2s\"\n{sources}[[dashboards]]\nname = \"d\"\n{panels}"));
    let session = Session::start(&["--config", &file], (200, 50));
    session.wait_for("all of them to fail", |text| text.contains("100 panels: connection refused"));
    let share = session.share_of_a_core(6);
    // A build for tests, on a machine that runs others beside it; a source that is asked without pause takes all of it.
    assert!(share < 0.15, "{:.1} % of a core", share * 100.0);
}
