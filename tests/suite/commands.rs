//! Commands: what they print, what they see, how they fail, and that nothing of them stays behind.

use std::time::{Duration, Instant};

use andon::model::poll::Outcome;
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::pty::{PATIENCE, Session};
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::{andon, stdout};

/// A board of one command, given as a TOML list.
fn board(command: &str, more: &str, panel: &str) -> String {
    format!(
        "refresh = \"10s\"\n[sources.s]\ntype = \"command\"\ncommand = {command}\n{more}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nsource = \"s\"\n{panel}\n"
    )
}

async fn outcome(command: &str, more: &str, panel: &str) -> (Running, Outcome) {
    let mut running = Running::start(&board(command, more, panel)).await;
    let outcome = running.outcome("p").await;
    (running, outcome)
}

/// The processes whose command line holds a word, zombies included.
fn alive(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if line.contains(word) {
            found.push(format!("{} {line}", entry.file_name().display()));
        }
    }
    found
}

async fn all_are_gone(word: &str) {
    let begin = Instant::now();
    while !alive(word).is_empty() {
        assert!(begin.elapsed() < PATIENCE, "left behind: {:?}", alive(word));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Children of this process that ended and were not waited for, of this command.
fn zombies_of(parent: u32) -> usize {
    let children = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with(&format!("Z {parent} ")))
    });
    children.count()
}

#[tokio::test]
async fn they_give_numbers_json_and_lines() {
    for (command, panel, text) in [
        (r#"["echo", "42.5"]"#, "view = \"stat\"", "42.5"),
        (r#"["echo", " 95 %"]"#, "view = \"stat\"", "95"),
        (r#"["echo", "{\"a\":\"95 %\"}"]"#, "view = \"stat\"\nquery = \".a\"", "95"),
        (r#"["echo", "3.2 ms"]"#, "view = \"text\"", "3.2 ms"),
        (r#"["echo", "{\"a\":{\"b\":7}}"]"#, "view = \"stat\"\nquery = \".a.b\"", "7"),
        (r#"["echo", "{\"n\":3}"]"#, "view = \"stat\"", "3"),
        (r#"["printf", "one\ntwo\n"]"#, "view = \"text\"", "one"),
        // Bytes that are no text are marked, and harm nobody.
        (r#"["printf", "\\377\\376\\001x"]"#, "view = \"text\"", "\u{FFFD}\u{FFFD}\u{FFFD}x"),
    ] {
        let (running, outcome) = outcome(command, "", panel).await;
        assert!(outcome.answer.is_ok(), "{command}: {:?}", outcome.answer);
        assert_eq!(running.panel("p").text, text, "{command}");
    }
}

#[tokio::test]
async fn a_query_that_cannot_pick_leaves_the_lines_to_others() {
    let text = board("[\"printf\", \"one\\ntwo\\n\"]", "", "view = \"stat\"\nquery = \".a\"");
    let both = format!("{text}[[dashboards.panels]]\nid = \"lines\"\nview = \"text\"\nsource = \"s\"\n");
    let mut running = Running::start(&both).await;
    let picked = running.outcome("p").await;
    assert!(picked.answer.unwrap_err().to_string().starts_with("answer not understood: not JSON"));
    if running.panel("lines").text != "one" {
        running.outcome("lines").await.answer.unwrap();
    }
    assert_eq!(running.panel("lines").text, "one");
}

#[tokio::test]
async fn there_is_no_shell_and_arguments_are_data() {
    for argument in [
        "; rm -rf /nowhere",
        "$(id)",
        "`id`",
        "a\\nb",
        "-e",
        "--help",
        "*",
        "~",
        "$HOME",
        "&& false",
        "|| true",
        "> /nowhere/x",
        "'quoted'",
    ] {
        let command = format!("[\"printf\", \"%s.\", \"{argument}\"]");
        let (running, _) = outcome(&command, "", "view = \"text\"").await;
        let first = argument.split("\\n").next().unwrap();
        assert!(running.panel("p").text.starts_with(first), "{argument}: {:?}", running.panel("p").text);
    }
}

#[tokio::test]
async fn their_failures_have_a_reason() {
    let folder = Folder::new();
    let script = folder.write("no-script", "echo 1\n");
    let not_executable = format!("[\"{script}\"]");
    for (command, more, reason) in [
        (r#"["/nowhere/at-all"]"#, "", "command failed: /nowhere/at-all cannot be started: entity not found"),
        (not_executable.as_str(), "", "cannot be started: permission denied"),
        (r#"["sh", "-c", "echo broken >&2; exit 3"]"#, "", "command failed: exit code 3: broken"),
        (r#"["sh", "-c", "echo 41; exit 1"]"#, "", "command failed: exit code 1"),
        (r#"["sh", "-c", "kill -9 $$"]"#, "", "command failed: ended by a signal"),
        (r#"["true"]"#, "", "answer not understood: the command printed nothing"),
        (r#"["cat"]"#, "", "answer not understood: the command printed nothing"),
        (r#"["sleep", "600"]"#, "timeout = \"300ms\"", "timeout"),
        (r#"["pwd"]"#, "directory = \"/nowhere/at-all\"", "command failed: pwd cannot run in /nowhere/at-all: "),
    ] {
        let begin = Instant::now();
        let (running, outcome) = outcome(command, more, "view = \"stat\"").await;
        let said = outcome.answer.unwrap_err().to_string();
        assert!(said.contains(reason), "{command}: {said}");
        assert_eq!(running.panel("p").value, None, "{command}: half an answer");
        assert!(begin.elapsed() < Duration::from_secs(5), "{command} held the poll for {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn output_without_end_is_cut_off() {
    for (command, reason) in [
        (r#"["head", "-c", "10000000000", "/dev/zero"]"#, "answer too large"),
        (r#"["sh", "-c", "head -c 10000000000 /dev/zero >&2"]"#, "command failed"),
        (r#"["yes"]"#, "answer too large"),
    ] {
        let begin = Instant::now();
        let (_, outcome) = outcome(command, "timeout = \"5s\"", "view = \"stat\"").await;
        let said = outcome.answer.unwrap_err().to_string();
        assert!(said.starts_with(reason), "{command}: {said}");
        assert!(begin.elapsed() < Duration::from_secs(4), "{command} took {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn nothing_stays_behind() {
    let mark = format!("left-behind-{}", std::process::id());
    for (n, script) in [
        "sleep 600",
        "trap '' TERM; while :; do sleep 1; done",
        // A grandchild that holds the output open, beside a parent that ends, or waits.
        "sleep 600 & echo 41",
        "sleep 600 & wait",
        "(trap '' TERM; exec sleep 600) & wait",
        "yes > /dev/null",
        // Daemons: a session of their own, and a parent that is gone.
        "setsid sleep 600 > /dev/null 2>&1 & sleep 0.2; echo 41",
        "(setsid sh -c \"trap : TERM; sleep 600\" > /dev/null 2>&1 &); sleep 0.2; echo 41",
        "setsid sleep 600 & sleep 600",
    ]
    .into_iter()
    .enumerate()
    {
        let word = format!("{mark}-{n}");
        // The word stands in the command line of the shell, and of every child it forks.
        let script = script.replace("sleep 600", &format!("sh -c 'sleep 600; : {word}'"));
        let command = format!("[\"sh\", \"-c\", {:?}]", format!("{script}; : {word}"));
        let (running, outcome) = outcome(&command, "timeout = \"900ms\"", "view = \"stat\"").await;
        if script.ends_with("echo 41") {
            // The command itself did what it should: what it left is no reason to wait.
            assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
            assert_eq!(running.panel("p").value, Some(41.0));
        } else {
            assert_eq!(outcome.answer.unwrap_err().to_string(), "timeout");
        }
        all_are_gone(&word).await;
    }
    let begin = Instant::now();
    while zombies_of(std::process::id()) > 0 {
        // Other tests have children, too: theirs are waited for in a moment.
        assert!(begin.elapsed() < PATIENCE, "zombies");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn four_run_at_once_and_the_others_wait_their_turn() {
    let folder = Folder::new();
    let count = folder.path().join("count");
    // Each leaves a line when it begins and one when it ends.
    let script = format!("echo + >> {0}; sleep 0.1; echo - >> {0}; echo 1", count.display());
    let sources: String = (0..50)
        .map(|n| format!("[sources.s{n}]\ntype = \"command\"\ncommand = [\"sh\", \"-c\", \"{script}; : {n}\"]\ntimeout = \"20s\"\nrefresh = \"1h\"\n"))
        .collect();
    let panels: String = (0..50)
        .map(|n| format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"stat\"\nsource = \"s{n}\"\n"))
        .collect();
    let mut running = Running::start(&format!("{sources}[[dashboards]]\nname = \"d\"\n{panels}")).await;
    for n in 0..50 {
        let panel = format!("p{n}");
        if running.panel(&panel).value.is_none() {
            running.outcome(&panel).await.answer.unwrap();
        }
    }
    let lines = std::fs::read_to_string(count).unwrap();
    let (mut now, mut most) = (0_i32, 0);
    for line in lines.lines() {
        now += if line == "+" { 1 } else { -1 };
        most = most.max(now);
    }
    assert_eq!(lines.lines().count(), 100);
    assert!((2..=4).contains(&most), "{most} ran at once");
}

#[test]
fn they_see_only_the_environment_they_are_given() {
    let folder = Folder::new();
    let text = board("[\"env\"]", "environment = [\"GIVEN\"]", "view = \"text\"");
    let file = folder.write("board.toml", &text);
    let output = andon()
        .args(["snapshot", "--size", "80x30", "--config", &file])
        .envs([("GIVEN", "yes-please"), ("SECRET_TOKEN", "canary"), ("ANDON_THEME", "frost")])
        .output()
        .unwrap();
    let screen = stdout(&output);
    assert!(
        screen.contains("GIVEN=yes-please") && !screen.contains("canary") && !screen.contains("ANDON_"),
        "{screen}"
    );
}

#[test]
fn a_single_poll_leaves_nothing_behind_either() {
    let (folder, word) = (Folder::new(), format!("single-poll-{}", std::process::id()));
    let command = format!("[\"sh\", \"-c\", \"trap '' TERM; while :; do sleep 1; done; : {word}\"]");
    let file = folder.write("board.toml", &board(&command, "timeout = \"300ms\"", "view = \"stat\""));
    let output = andon().args(["status", "--format", "json", "--config", &file]).output().unwrap();
    let document: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(document["dashboards"][0]["panels"][0]["reason"].as_str().unwrap().starts_with("timeout"));
    let begin = Instant::now();
    while !alive(&word).is_empty() {
        assert!(begin.elapsed() < PATIENCE, "left behind: {:?}", alive(&word));
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The children of a process whose command line holds a word.
fn children_of(parent: u32, word: &str) -> Vec<u32> {
    let is_child = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let parent = format!(" {parent} ");
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.get(2..).is_some_and(|rest| rest.starts_with(&parent)))
            && String::from_utf8_lossy(&line).contains(word)
    };
    let all =
        std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    all.filter(is_child).collect()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn they_have_no_terminal() {
    let folder = Folder::new();
    let command = r#"["sh", "-c", "if (: > /dev/tty) 2> /dev/null; then echo has a terminal; else echo has none; fi"]"#;
    let file = folder.write("board.toml", &board(command, "", "view = \"text\""));
    let session = Session::start(&["--config", &file], (80, 24));
    session.wait_for("its word", |text| text.contains("has a terminal") || text.contains("has none"));
    assert!(session.text().contains("has none"), "{}", session.text());
}

#[test]
fn a_board_that_is_killed_leaves_nothing_behind() {
    let (server, folder) = (Server::start(), Folder::new());
    server.route("/a.json", Reply::body("application/json", "{\"a\":4711}"));
    let word = format!("killed-board-{}", std::process::id());
    let command = format!("[\"sh\", \"-c\", \"trap '' TERM; setsid sleep 600 & while :; do sleep 1; done; : {word}\"]");
    let json = format!("[sources.j]\ntype = \"json\"\nurl = \"{}\"\n", server.url("/a.json"));
    let panel = "[[dashboards.panels]]\nview = \"table\"\nsource = \"j\"\nquery = \".a + 1\"\n";
    let text = board(&command, &format!("timeout = \"60s\"\n{json}"), "view = \"stat\"");
    let file = folder.write("board.toml", &format!("{text}{panel}"));
    let session = Session::start(&["--config", &file], (80, 24));
    // No number that the clock shows.
    session.wait_for("the number", |text| text.contains("4712"));
    wait_until("the command runs", || !alive(&word).is_empty());
    let jq = children_of(session.pid, "run-jq");
    assert_eq!(jq.len(), 1, "one process for jq");
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(session.pid).unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    wait_until("the command is ended", || alive(&word).is_empty());
    wait_until("jq is ended", || !std::path::Path::new(&format!("/proc/{}/cmdline", jq[0])).exists());
}

#[test]
fn a_program_that_was_replaced_while_it_runs_goes_on() {
    let folder = Folder::new();
    let program = folder.path().join("andon");
    std::fs::copy(env!("CARGO_BIN_EXE_andon"), &program).unwrap();
    let words = folder.write("words", "before");
    let text = board(&format!("[\"cat\", \"{words}\"]"), "refresh = \"1s\"", "view = \"text\"");
    let file = folder.write("board.toml", &text);
    let mut command = portable_pty::CommandBuilder::new(&program);
    command.args(["--config", &file]);
    let session = Session::spawn(command, (80, 24));
    session.wait_for("the first words", |text| text.contains("before"));
    std::fs::remove_file(&program).unwrap();
    folder.write("words", "afterwards");
    session.wait_for("words of a command that was started since", |text| text.contains("afterwards"));
}
