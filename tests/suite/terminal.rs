//! The board in a pseudo terminal: given back after every end, calm, quick, and never in the way.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::folder::Folder;
use crate::support::pty::{PATIENCE, Session};

const ONE_SECOND: Duration = Duration::from_secs(1);
/// It ends at once; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn shown(session: &Session) {
    session.wait_for("the board", |text| text.contains("Orders") && text.contains("per min"));
}

/// A board that changes only with the clock.
fn still() -> (Folder, String) {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "title = \"Still\"\nrefresh = \"1h\"\n[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"5\"]\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\ntitle = \"Five\"\nview = \"stat\"\nsource = \"s\"\n",
    );
    (folder, file)
}

#[test]
fn the_terminal_is_given_back_after_every_end() {
    type End = fn(&mut Session);
    let ends: [(&str, End, u32); 6] = [
        ("q", |s| s.send("q"), 0),
        ("Ctrl-C", |s| s.send("\x03"), 0),
        ("SIGTERM", |s| s.signal(Signal::TERM), 143),
        ("SIGINT", |s| s.signal(Signal::INT), 130),
        ("SIGHUP", |s| s.signal(Signal::HUP), 129),
        ("q in zoom and help", |s| s.send("\r?q"), 0),
    ];
    for (name, end, code) in ends {
        let mut session = Session::start(&[], (120, 40));
        let before = session.settings();
        shown(&session);
        assert_eq!(session.modes(), (true, true));
        assert_ne!(session.settings(), before, "raw mode");
        end(&mut session);
        assert_eq!(session.exit_within(SOON), Some(code), "{name}");
        session.wait_for_modes(false);
        assert_eq!(session.settings(), before, "{name}");
        let raw = String::from_utf8_lossy(&session.raw()).into_owned();
        assert!(raw.ends_with("\x1b[?25h\x1b[?1049l"), "{name}");
        assert!(raw.contains("\x1b[?1000h") && raw.contains("\x1b[?1000l"), "{name}");
    }
}

/// Runs a shell line under `script`, whose end is the end of the terminal, and returns how long the
/// program outlived it.
fn outlives_its_terminal(line: &str) -> Duration {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    let mut script = Command::new("script")
        .args(["-qfc", line, "/dev/null"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut seen = Vec::new();
    let mut out = script.stdout.take().unwrap();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("Orders") {
        let count = out.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "it ended by itself: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", script.id())).unwrap();
    let child: u32 = children.split_whitespace().next().unwrap().parse().unwrap();
    let alive = || std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(alive());
    script.kill().unwrap();
    script.wait().unwrap();
    let begin = std::time::Instant::now();
    while alive() && begin.elapsed() < PATIENCE {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    begin.elapsed()
}

#[test]
fn a_vanished_terminal_ends_the_program_within_a_second() {
    let andon = env!("CARGO_BIN_EXE_andon");
    let hangs = "ANDON_TRIPWIRE=hub-hangs";
    for line in [
        format!("exec {andon}"),
        format!("trap '' HUP; exec {andon}"),
        format!("{hangs} exec {andon}"),
        format!("exec {andon} </dev/null"),
    ] {
        let outlived = outlives_its_terminal(&line);
        assert!(outlived < ONE_SECOND, "{line}: it ran on for {outlived:?}");
    }
}

#[test]
fn it_stops_and_goes_on_with_the_terminal_in_order() {
    let mut session = Session::start(&[], (120, 40));
    let before = session.settings();
    shown(&session);
    session.signal(Signal::TSTP);
    session.wait_for_modes(false);
    assert_eq!(session.settings(), before);
    // As a shell does: it goes on only after it has stopped.
    let stopped = || std::fs::read_to_string(format!("/proc/{}/stat", session.pid)).unwrap().contains(") T ");
    let begin = std::time::Instant::now();
    while !stopped() {
        assert!(begin.elapsed() < PATIENCE, "it never stopped");
        std::thread::park_timeout(Duration::from_millis(5));
    }
    session.signal(Signal::CONT);
    session.wait_for_modes(true);
    shown(&session);
    assert_ne!(session.settings(), before, "raw mode again");
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    assert_eq!(session.settings(), before);
}

#[test]
fn keys_do_what_the_help_says() {
    let mut session = Session::start(&[], (120, 40));
    shown(&session);
    session.send("?");
    session.wait_for("the help", |text| text.contains("freeze the picture"));
    session.send("\x1b");
    session.wait_for("no help", |text| !text.contains("freeze the picture"));
    session.send("2");
    session.wait_for("page 2", |text| text.contains("Pipelines"));
    session.send("[");
    session.wait_for("page 1", |text| text.contains("Checkout latency"));
    session.send("\t\r");
    session.wait_for("the zoomed first panel", |text| {
        text.contains("Orders") && !text.contains("Revenue") && text.contains("simulated")
    });
    session.send("h");
    session.wait_for("the pointer", |text| text.contains("nothing happened here") || text.contains("deploy "));
    session.send("\x1b");
    session.wait_for("no pointer", |text| text.contains("simulated"));
    session.send("\t");
    session.wait_for("the next panel, zoomed", |text| text.contains("Revenue") && !text.contains("Sign-ups"));
    session.send("\x1b");
    session.wait_for("all panels", |text| text.contains("Orders") && text.contains("Builds"));
    session.send("p");
    session.wait_for("the frozen picture", |text| text.contains("PAUSED"));
    let is_old =
        |text: &str| ["updated ", "PAUSED at "].iter().all(|word| text.contains(word)) && text.contains("s ago: ");
    // A tick is longer than a second: a single second may never be seen.
    let says_age = |text: &str| (3..10).any(|age| text.contains(&format!(", {age} s ago")));
    session.wait_for("the age of the frozen picture", |text| is_old(text) && says_age(text));
    session.send("p");
    session.wait_for("the living picture", |text| !text.contains("PAUSED"));
    session.send("r");
    session.wait_for("fresh data", |text| text.contains("updated 0 s ago"));
}

#[test]
fn a_click_chooses_a_second_one_zooms_and_a_tab_turns_the_page() {
    // Nothing here changes its status, because a panel that does may move away from under the click.
    let folder = Folder::new();
    let panel = |title: &str| format!("[[dashboards.panels]]\ntitle = \"{title}\"\nview = \"text\"\nsource = \"s\"\n");
    let file = folder.write(
        "b.toml",
        &format!(
            "refresh = \"1h\"\n[sources.s]\ntype = \"command\"\ncommand = [\"echo\", \"5\"]\n[[dashboards]]\nname = \"First\"\n{}{}\
             [[dashboards]]\nname = \"Second\"\n{}",
            panel("Apples"),
            panel("Pears"),
            panel("Plums"),
        ),
    );
    let mut session = Session::start(&["--config", &file], (120, 40));
    session.wait_for("both panels", |text| text.contains("Apples") && text.contains("Pears"));
    let at = |text: &str, what: &str| {
        let row = text.lines().position(|line| line.contains(what)).unwrap();
        let line = text.lines().nth(row).unwrap();
        (line[..line.find(what).unwrap()].chars().count() + 1, row + 1)
    };
    let click = |(column, row): (usize, usize)| format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m");
    let pears = at(&session.text(), "Pears");
    session.send(&click(pears));
    session.send(&click(pears));
    session.wait_for("the zoomed panel", |text| text.contains("Pears") && !text.contains("Apples"));
    session.send("\x1b");
    session.wait_for("all panels", |text| text.contains("Apples"));
    let tab = at(&session.text(), "2 Second");
    session.send(&click(tab));
    session.wait_for("page 2", |text| text.contains("Plums"));
}

#[test]
fn any_size_is_survived_and_the_right_one_is_drawn() {
    let mut session = Session::start(&[], (120, 40));
    shown(&session);
    for (columns, rows) in [(20, 5), (1, 1), (3, 2), (400, 120), (80, 24)] {
        session.resize(columns, rows);
        session.wait_for("a picture of the new size", |text| text.lines().count() <= usize::from(rows));
    }
    session.wait_for("the board at 80x24", |text| text.contains("Orders") && text.contains("q quit"));
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
}

#[test]
fn a_still_board_costs_only_its_clock() {
    let (_folder, file) = still();
    let session = Session::start(&["--config", &file], (200, 50));
    // A second may be skipped: the clock ticks a little slower than seconds do.
    let age = |text: &str| -> Option<usize> {
        text.split_once("updated ")?.1.split_once(" s ago")?.0.parse().ok().filter(|_| text.contains("Five"))
    };
    session.wait_for("the value", |text| age(text) >= Some(2));
    let (before, begin) = (session.bytes(), age(&session.text()).unwrap());
    session.wait_for("five seconds later", |text| age(text) >= Some(begin + 5));
    let each = (session.bytes() - before) / 5;
    assert!(each < 250, "{each} bytes a second for a clock and an age");
}

#[test]
fn frames_are_synchronized_updates_and_the_screen_is_cleared_once() {
    let mut session = Session::start(&[], (120, 40));
    shown(&session);
    for _ in 0..3 {
        let before = session.text();
        session.wait_for("another picture", |text| text != before);
    }
    // To its end, so that no frame is seen in its middle.
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    let raw = String::from_utf8_lossy(&session.raw()).into_owned();
    let mut frames = raw.split("\x1b[?2026h").skip(1).peekable();
    assert!(frames.peek().is_some() && frames.all(|frame| frame.contains("\x1b[?2026l")), "each frame has its end");
    assert_eq!(raw.matches("\x1b[2J").count(), 1);
}

#[test]
fn colours_and_glyphs_follow_the_environment() {
    let plain = Session::start_with(&[], (120, 40), &[("NO_COLOR", "1")]);
    shown(&plain);
    let raw = String::from_utf8_lossy(&plain.raw()).into_owned();
    assert!(!raw.contains("38;2;") && !raw.contains("38;5;"), "NO_COLOR is not honoured");
    let few = Session::start_with(&[], (120, 40), &[("COLORTERM", ""), ("TERM", "xterm")]);
    shown(&few);
    let raw = String::from_utf8_lossy(&few.raw()).into_owned();
    assert!(!raw.contains("38;2;") && !raw.contains("38;5;"), "sixteen colours are not enough for it");
    let ascii = Session::start_with(&[], (120, 40), &[("LANG", "de_DE.ISO-8859-1")]);
    ascii.wait_for("an ASCII frame", |text| text.contains("+ Orders") && text.is_ascii());
}

#[test]
fn a_dumb_terminal_gets_one_snapshot() {
    let mut session = Session::start_with(&[], (120, 40), &[("TERM", "dumb")]);
    assert_eq!(session.exit_within(PATIENCE), Some(0));
    session.wait_for_raw("the snapshot", "Orders");
    let raw = String::from_utf8_lossy(&session.raw()).into_owned();
    assert!(!raw.contains('\x1b'));
}

#[test]
fn kiosk_mode_has_no_hints_and_only_leaves() {
    let mut session = Session::start(&["--kiosk"], (120, 40));
    shown(&session);
    assert!(!session.text().contains("q quit"));
    session.send("?2p");
    session.send("\x1b[<0;20;5M");
    assert!(!String::from_utf8_lossy(&session.raw()).contains("\x1b[?1000h"), "no mouse");
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    assert!(!String::from_utf8_lossy(&session.raw()).contains("freeze the picture"));
}

#[test]
fn a_stuck_terminal_does_not_keep_it_from_leaving() {
    // A reader that stops reading: the pipe of the terminal fills up.
    let mut command = portable_pty::CommandBuilder::new(env!("CARGO_BIN_EXE_andon"));
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command.env("TERM", "xterm-256color");
    let size = portable_pty::PtySize { rows: 200, cols: 400, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::native_pty_system().openpty(size).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    // Nothing is read: after some whole frames, each asked for by another size, the writer is stuck for good.
    let pid = rustix::process::Pid::from_raw(child.process_id().unwrap() as i32).unwrap();
    let stuck = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
        tasks.flatten().any(|task| {
            let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            // In a system call whose first argument is a descriptor, for good: a write that takes nothing.
            let call = read("syscall");
            read("comm").starts_with("andon-writer") && (call.starts_with("1 ") || call.starts_with("64 "))
        })
    };
    let (begin, mut columns) = (std::time::Instant::now(), 400);
    while !stuck() {
        assert!(begin.elapsed() < PATIENCE, "the writer never got stuck");
        columns = if columns == 400 { 399 } else { 400 };
        pair.master.resize(portable_pty::PtySize { cols: columns, ..size }).unwrap();
        std::thread::park_timeout(Duration::from_millis(50));
    }
    // Polling goes on behind it: the processor time of the engine grows.
    let engine = || {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())).unwrap();
        let of = |task: std::fs::DirEntry| {
            let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
            let status = read("status");
            let switches = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?
                .trim()
                .parse::<u64>()
                .ok();
            switches.filter(|_| read("comm").starts_with("andon-engine"))
        };
        tasks.flatten().find_map(of).unwrap()
    };
    let before = engine();
    let begin = std::time::Instant::now();
    while engine() < before + 3 {
        assert!(begin.elapsed() < PATIENCE, "the engine stands still");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let begin = std::time::Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begin.elapsed() < ONE_SECOND, "a stuck terminal holds it");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
