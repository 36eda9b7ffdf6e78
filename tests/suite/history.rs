//! A board that was killed, and comes back: it knows its past, and nothing on the disk stops it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::support::folder::Folder;
use crate::support::pty::{PATIENCE, Session};
use crate::support::{stderr, stdout};

/// A board of one number, which a command reads from a file.
fn board(folder: &Folder, history: &str) -> String {
    let text = format!(
        "title = \"Past\"\nrefresh = \"1s\"\n{history}\n[sources.number]\ntype = \"command\"\n\
         command = [\"/bin/cat\", \"{}\"]\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"n\"\ntitle = \"Number\"\n\
         view = \"stat\"\nsource = \"number\"\n",
        folder.path().join("number").display()
    );
    folder.write("board.toml", &text)
}

fn at(path: &Path) -> String {
    format!("history = {{ path = \"{}\", flush = \"1s\" }}", path.display())
}

fn start(board: &str) -> Session {
    // Other tests have none.
    Session::start_with(&["--config", board], (100, 24), &[("ANDON_HISTORY", "")])
}

fn kill(mut session: Session) {
    session.signal(rustix::process::Signal::KILL);
    assert!(session.exit_within(Duration::from_secs(5)).is_some());
}

/// How many points are in a file, once it can be read.
fn points(file: &Path) -> i64 {
    let count = || {
        let connection = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        connection.query_row("SELECT count(*) FROM flushed", [], |row| row.get(0)).ok()
    };
    count().unwrap_or(0)
}

fn wait_for_points(file: &Path, least: i64) -> i64 {
    let begin = Instant::now();
    loop {
        let count = points(file);
        if count >= least {
            return count;
        }
        assert!(begin.elapsed() < PATIENCE, "{count} flushes");
        // The file says nothing by itself when it has changed.
        std::thread::yield_now();
    }
}

#[test]
fn a_board_that_was_killed_shows_what_it_knew_at_once() {
    let folder = Folder::new();
    let file = folder.path().join("past.sqlite");
    folder.write("number", "4711");
    let board = board(&folder, &at(&file));
    let first = start(&board);
    first.wait_for("the number", |text| text.contains("Number"));
    wait_for_points(&file, 2);
    kill(first);
    // Nobody answers any more.
    std::fs::remove_file(folder.path().join("number")).unwrap();
    let mut second = start(&board);
    let begin = Instant::now();
    second.wait_for("what it knew", |text| text.contains("Number") && text.contains('█'));
    assert!(begin.elapsed() < Duration::from_secs(5));
    second.wait_for("that it is old", |text| {
        text.contains("No such file") || text.contains("late") || text.contains("failed")
    });
    second.send("q");
    assert_eq!(second.exit_within(Duration::from_secs(5)), Some(0));
}

/// How often it is killed; a hundred times takes two minutes.
fn kills() -> i64 {
    std::env::var("ANDON_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(8)
}

#[test]
fn killed_again_and_again_it_loses_at_most_one_flush_and_breaks_nothing() {
    let folder = Folder::new();
    let file = folder.path().join("past.sqlite");
    folder.write("number", "1");
    let board = board(&folder, &at(&file));
    let mut before = 0;
    for _ in 0..kills() {
        let session = start(&board);
        let count = wait_for_points(&file, before + 1);
        kill(session);
        assert!(points(&file) >= count, "what was on disk is gone");
        before = count;
        let whole: String =
            Connection::open(&file).unwrap().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
    }
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|one| one.as_ref().unwrap().path().to_string_lossy().contains("broken"))
            .count(),
        0
    );
}

#[test]
fn two_boards_do_not_write_one_history_and_a_disk_that_does_not_take_it_is_named() {
    let folder = Folder::new();
    folder.write("number", "1");
    let file = folder.path().join("past.sqlite");
    let board_file = board(&folder, &at(&file));
    let mut first = start(&board_file);
    wait_for_points(&file, 1);
    let mut second = start(&board_file);
    second.wait_for("that another one has it", |text| {
        text.contains("no history is kept: another andon keeps that of this board") && text.contains("Number")
    });
    for session in [&mut first, &mut second] {
        session.send("q");
        assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
    }
    let nowhere = board(&folder, "history = { path = \"/proc/andon/past.sqlite\" }");
    let mut third = start(&nowhere);
    third.wait_for("the folder", |text| text.contains("no history is kept: ") && text.contains("(/proc/andon)"));
    third.send("q");
    assert_eq!(third.exit_within(Duration::from_secs(5)), Some(0));
}

/// Shows a board until its number is there, with a folder for the state of programs, and leaves it.
fn shown_with_state(folder: &Folder, history: &str) -> PathBuf {
    folder.write("number", "1");
    let (state, board) = (folder.path().join("state"), board(folder, history));
    let environment = [("ANDON_HISTORY", ""), ("XDG_STATE_HOME", state.to_str().unwrap())];
    let mut session = Session::start_with(&["--config", &board], (100, 24), &environment);
    session.wait_for("the number", |text| text.contains('█'));
    session.send("q");
    assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
    state
}

#[test]
fn with_history_off_nothing_is_written() {
    let folder = Folder::new();
    assert!(!shown_with_state(&folder, "history = \"off\"").exists());
}

#[test]
fn by_default_it_is_kept_where_the_state_of_programs_lives() {
    let folder = Folder::new();
    let kept = shown_with_state(&folder, "").join("andon");
    let names = std::fs::read_dir(&kept).unwrap().map(|one| one.unwrap().file_name().into_string().unwrap());
    let file = names.into_iter().find(|name| name.starts_with("board-") && name.ends_with(".sqlite")).unwrap();
    assert_eq!(points(&kept.join(file)), 1, "what waits is written at the end");
}

fn andon(arguments: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_andon"));
    command.args(arguments).env_clear().envs([("TZ", "UTC"), ("HOME", "/nonexistent"), ("PATH", "/usr/bin:/bin")]);
    command.output().unwrap()
}

#[test]
fn what_is_remembered_can_be_asked_for_while_the_board_runs_and_afterwards() {
    let folder = Folder::new();
    let file = folder.path().join("past.sqlite");
    folder.write("number", "4711");
    let board = board(&folder, &at(&file));
    let query = |more: &[&str]| {
        let output = andon(&[&["query", "n", "--config", &board], more].concat());
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, _, said) = query(&[]);
    assert!(code == Some(1) && said.contains("nothing is remembered yet"), "{said}");
    let mut session = start(&board);
    wait_for_points(&file, 3);
    let (code, csv, _) = query(&["--format", "csv"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!((code, lines[0]), (Some(0), "time,of,series,value,min,max,samples"));
    assert!(lines.len() > 3 && lines[1].ends_with(",\"n\",\"\",4711,4711,4711,1"), "{csv}");
    session.send("q");
    assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
    let (_, json, _) = query(&["--format", "json", "--from", "-1h", "--step", "1h"]);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    let points = read[0]["points"].as_array().unwrap();
    assert!(points.len() <= 2 && points[0]["value"] == 4711.0 && points[0]["min"] == 4711.0, "{json}");
    let (_, table, _) = query(&["--from", "-1m"]);
    assert!(table.starts_with("n\n  20") && table.contains("4711"), "{table}");
    // A source by its name, and one poll instead of the past.
    let live = andon(&["query", "number", "--config", &board, "--live"]);
    assert!(stdout(&live).contains("4711"), "{}", stderr(&live));
    for (arguments, says) in [
        (&["query", "nobody", "--config", &board][..], "there is no panel and no source 'nobody'; there are n, number"),
        (&["query", "n", "--config", &board, "--from", "soon"], "'soon' is no moment"),
        (&["query", "n", "--config", &board, "--from", "now"], "--from is not before --to"),
    ] {
        let output = andon(arguments);
        assert!(output.status.code() == Some(2) && stderr(&output).contains(says), "{}", stderr(&output));
    }
    let exported = folder.path().join("out");
    folder.write("number", "4712");
    let output = andon(&["export", "--config", &board, "-o", exported.to_str().unwrap()]);
    assert_eq!(stderr(&output), "1 file of 1 panel written; 0 have no numbers\n");
    let csv = std::fs::read_to_string(exported.join("d-n.csv")).unwrap();
    assert!(csv.contains(",4711,") && csv.contains(",4712,"), "what is remembered, and what was polled: {csv}");
}

/// A small disk of its own, where this user may make one.
struct SmallDisk(Folder);

impl SmallDisk {
    fn make(test: &str) -> Option<Self> {
        let folder = Folder::new();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "andon-test"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        // Past the capture of the test harness: a skipped test must be heard of.
        let heard = writeln!(std::io::stderr(), "SKIPPED {test}: this user may not mount a disk");
        heard.unwrap();
        None
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.path("filler")).unwrap();
        for size in [4096, 1] {
            while filler.write(&vec![7; size]).is_ok_and(|written| written > 0) {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn on_a_full_disk_the_board_goes_on_says_so_and_writes_again_when_there_is_room() {
    let Some(disk) = SmallDisk::make("history::on_a_full_disk") else { return };
    let (folder, file) = (Folder::new(), disk.path("past.sqlite"));
    folder.write("number", "1");
    let mut session = start(&board(&folder, &at(&file)));
    wait_for_points(&file, 2);
    disk.fill();
    session.wait_for("that the disk is full", |text| text.contains("database or disk is full"));
    // The digits of a value are drawn of blocks.
    let blocks = |text: &str| text.matches(['█', '▀', '▄']).count();
    let before = blocks(&session.text());
    folder.write("number", "888888");
    session.wait_for("a board that goes on", |text| blocks(text) > 2 * before);
    let on_disk = points(&file);
    std::fs::remove_file(disk.path("filler")).unwrap();
    wait_for_points(&file, on_disk + 1);
    session.wait_for("that it is written again", |text| !text.contains("no history is kept"));
    session.send("q");
    assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
    let connection = Connection::open(&file).unwrap();
    let whole: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

#[test]
fn lines_of_a_log_are_known_again_once_each_and_without_secrets_where_the_board_wants_it() {
    let (folder, at) = (Folder::new(), |time: &str, text: &str| format!("2026-11-30T{time}Z INFO shop {text}\n"));
    let (log, file) = (folder.path().join("app.log"), folder.path().join("past.sqlite"));
    let written = at("10:00:00", "order 4711 taken") + &at("10:00:01", "login password=CANARY");
    std::fs::write(&log, &written).unwrap();
    let text = format!(
        "title = \"Lines\"\nrefresh = \"1s\"\nhistory = {{ path = \"{}\", flush = \"1s\", logs = true }}\n[sources.app]\n\
         type = \"logs\"\nfiles = [\"{}\"]\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"l\"\nview = \"logs\"\nsource = \"app\"\n",
        file.display(),
        log.display()
    );
    let board = folder.write("board.toml", &text);
    for _ in 0..3 {
        let mut session = start(&board);
        session.wait_for("the lines", |text| text.contains("order 4711") && text.contains("login"));
        session.wait_for("each once", |text| {
            text.matches("order 4711").count() == 1 && text.matches("login").count() == 1
        });
        session.send("q");
        assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
    }
    std::fs::remove_file(&log).unwrap();
    let mut session = start(&board);
    session.wait_for("what it knew", |text| text.contains("order 4711") && text.contains("password=[redacted]"));
    session.send("q");
    assert_eq!(session.exit_within(Duration::from_secs(5)), Some(0));
    assert!(!std::fs::read(&file).unwrap().windows(6).any(|part| part == b"CANARY"));
}
