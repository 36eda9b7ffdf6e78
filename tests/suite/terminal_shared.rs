//! A terminal is not ours alone: others set flags on it, stop its output, and write on it.

use std::io::Write as _;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::Action;

use crate::support::pty::{PATIENCE, Session};

/// It ends at once; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn shown(session: &Session) {
    session.wait_for("the board", |text| text.contains("Orders") && text.contains("per min"));
}

#[test]
fn an_output_that_was_left_non_blocking_is_written_to_with_patience() {
    let mut session = Session::start_on(&[], (300, 100), OFlags::NONBLOCK, |_| {});
    let before = session.settings();
    shown(&session);
    // Whole pictures, larger than what the terminal takes at once.
    for columns in [299, 300, 298] {
        session.resize(columns, 100);
        session.wait_for("a whole picture", |text| text.contains("Orders") && text.contains("q quit"));
    }
    session.send("q");
    assert_eq!(session.exit_within(SOON), Some(0));
    session.wait_for_modes(false);
    assert_eq!(session.settings(), before);
}

#[test]
fn a_terminal_that_takes_no_bytes_from_the_start_can_be_left() {
    for (end, code) in [("SIGTERM", 143), ("SIGHUP", 129), ("q", 0)] {
        let stopped = |terminal: &std::fs::File| rustix::termios::tcflow(terminal, Action::OOff).unwrap();
        let mut session = Session::start_on(&[], (120, 40), OFlags::empty(), stopped);
        let is_raw = |session: &Session| !session.settings().unwrap().contains("ICANON");
        let begin = Instant::now();
        while !is_raw(&session) {
            assert!(begin.elapsed() < PATIENCE, "the terminal is never taken");
            std::thread::park_timeout(Duration::from_millis(1));
        }
        match end {
            "SIGTERM" => session.signal(Signal::TERM),
            "SIGHUP" => session.signal(Signal::HUP),
            keys => session.send(keys),
        }
        assert_eq!(session.exit_within(SOON), Some(code), "{end}");
        assert!(!is_raw(&session), "{end}: the terminal is not given back");
    }
}

#[test]
fn without_any_keyboard_the_reason_and_the_remedy_are_named() {
    // setsid: a session of its own has no controlling terminal.
    let mut command = portable_pty::CommandBuilder::new("sh");
    command.args(["-c", &format!("exec setsid -w {} <&- 2>&1", env!("CARGO_BIN_EXE_andon"))]);
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command.env("TERM", "xterm-256color");
    let mut session = Session::spawn(command, (200, 40));
    assert_eq!(session.exit_within(PATIENCE), Some(1));
    session.wait_for_raw("why", "standard input is no terminal");
    session.wait_for_raw("what to do", "andon snapshot");
}

#[test]
fn what_others_write_is_painted_over() {
    for arguments in [&[][..], &["--kiosk"]] {
        let mut session = Session::start(arguments, (120, 40));
        // Whatever page: a wall shows one that is red, and which is depends on the shop.
        session.wait_for("a board", |text| text.contains('╭') && !text.contains("connecting"));
        // Text, a scrolling region, line drawing letters, and a cursor that is shown.
        let foreign = "\x1b7\x1b[8;20H[1234.5] usb 1-1: disconnect\x1b[5;9r\x0e\x1b[?25h\x1b8";
        session.other().write_all(foreign.as_bytes()).unwrap();
        session.wait_for("the foreign text", |text| text.contains("usb 1-1"));
        session.send("\x0c");
        session.wait_for("the board alone", |text| text.contains('╭') && !text.contains("usb 1-1"));
        session.wait_for_modes(true);
        session.send("q");
        assert_eq!(session.exit_within(SOON), Some(0));
    }
}

/// The state of a process, as /proc has it: 'T' when it is stopped.
fn state(pid: &str) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[track_caller]
fn until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "waited for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn in_the_background_it_is_stopped_and_can_be_ended() {
    for (signal, foreground_first) in [(Signal::TERM, false), (Signal::INT, false), (Signal::TERM, true)] {
        let mut command = portable_pty::CommandBuilder::new("bash");
        // With job control, as a shell that somebody types at has it.
        let andon = env!("CARGO_BIN_EXE_andon");
        // A shell that has not heard of the stop yet takes it for one after 'fg' (147): then it is asked again.
        let to_front = "while fg; [ $? -gt 128 ]; do :; done";
        command.args(["-c", &format!("set -m; {andon} & echo pid $! end; read line; {to_front}; read line; echo bye")]);
        command.cwd(env!("CARGO_MANIFEST_DIR"));
        command.env("TERM", "xterm-256color");
        let mut session = Session::spawn(command, (120, 40));
        session.wait_for("the process", |text| text.contains(" end"));
        let text = session.text();
        let pid = text.split("pid ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        until("a stop", || state(&pid) == Some('T'));
        let end = |signal| {
            let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
            kill_process(pid, Signal::CONT).unwrap();
        };
        if foreground_first {
            session.send("\n");
            shown(&session);
            session.send("q");
            session.wait_for_modes(false);
        } else {
            end(signal);
            until("its end", || matches!(state(&pid), None | Some('Z')));
            session.send("\n");
        }
        session.send("\n");
        session.wait_for_raw("the shell", "bye");
        assert_eq!(session.exit_within(PATIENCE), Some(0));
    }
}
