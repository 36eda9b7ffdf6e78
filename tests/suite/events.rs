//! `andon event` and the events source: the file that is followed, the endpoint, and what they refuse.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::support::folder::Folder;
use crate::support::prometheus::free_port;
use crate::support::pty::Session;
use crate::support::{andon, run, stderr, stdout};

/// A board with an events source that listens, and a panel of its events.
fn board(folder: &Folder, port: u16) -> String {
    let file = folder.path().join("events.jsonl");
    folder.write(
        "board.toml",
        &format!(
            "refresh = \"60s\"\n[sources.log]\ntype = \"events\"\nfile = \"{}\"\nlisten = \"127.0.0.1:{port}\"\n\
             token = {{ env = \"ANDON_EVENT_TOKEN\" }}\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nid = \"e\"\ntitle = \"Events\"\nview = \"events\"\nlayer = \"pipeline\"\n",
            file.display()
        ),
    )
}

fn event(arguments: &[&str], token: &str) -> (Option<i32>, String) {
    let output = andon().arg("event").args(arguments).env("ANDON_EVENT_TOKEN", token).output().unwrap();
    (output.status.code(), stdout(&output) + &stderr(&output))
}

#[test]
fn an_event_reaches_the_board_at_once_and_survives_it() {
    let folder = Folder::new();
    let board = board(&folder, free_port());
    let mut session = Session::start_with(&["--config", &board], (120, 30), &[("ANDON_EVENT_TOKEN", "canary-token")]);
    session.wait_for("an empty list", |text| text.contains("nothing has happened"));
    let told = [
        "deployed v2.14",
        "--kind",
        "deploy",
        "--service",
        "shop",
        "--environment",
        "production",
        "--version",
        "v2.14",
        "--url",
        "https://ci.example.com/482",
        "--config",
        &board,
    ];
    // The next poll is a minute away: the endpoint itself wakes the board.
    session.wait_for("the endpoint", |_| {
        event(&["first", "--config", &board], "canary-token").1 == "taken by the board\n"
    });
    assert_eq!(event(&told, "canary-token"), (Some(0), "taken by the board\n".to_owned()));
    session.wait_for("the deploy", |text| text.contains("▼ deploy   shop v2.14 "));
    session.wait_for("the verdict names it", |text| text.contains("last deploy shop v2.14 production"));
    let (code, words) = event(&["intruder", "--config", &board], "wrong");
    assert_eq!(code, Some(1));
    assert!(words.contains("HTTP 401"), "{words}");
    assert!(!session.text().contains("canary"), "the token is nobody's business");
    session.send("q");
    assert_eq!(session.exit_within(std::time::Duration::from_secs(5)), Some(0));
    // Nobody listens now: the file takes it, and the next board shows it all.
    let (code, words) = event(&["while you were away", "--config", &board], "canary-token");
    assert_eq!((code, words.starts_with("written to ")), (Some(0), true), "{words}");
    let output = andon()
        .args(["snapshot", "--size", "120x30", "--config", &board])
        .env("ANDON_EVENT_TOKEN", "canary-token")
        .output()
        .unwrap();
    let screen = stdout(&output);
    assert!(screen.contains("while you were away") && screen.contains("shop v2.14"), "{screen}");
}

#[test]
fn the_endpoint_takes_events_and_nothing_else() {
    let folder = Folder::new();
    let port = free_port();
    let board = board(&folder, port);
    let session = Session::start_with(&["--config", &board], (80, 24), &[("ANDON_EVENT_TOKEN", "canary-token")]);
    session.wait_for("the endpoint", |_| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let ask = |request: String| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _reset_by_a_refusal = stream.read_to_string(&mut answer);
        answer.lines().next().unwrap_or_default().to_owned()
    };
    let post = |token: &str, body: &str| {
        let head = format!(
            "POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        ask(head + body)
    };
    assert_eq!(post("canary-token", r#"{"title":"one"}"#), "HTTP/1.1 201 Created");
    assert_eq!(post("canary-toker", r#"{"title":"two"}"#), "HTTP/1.1 401 Unauthorized");
    assert_eq!(post("", r#"{"title":"two"}"#), "HTTP/1.1 401 Unauthorized");
    assert_eq!(post("canary-token", r#"{"titel":"two"}"#), "HTTP/1.1 400 Bad Request");
    assert_eq!(post("canary-token", "\u{1b}[2J"), "HTTP/1.1 400 Bad Request");
    assert_eq!(
        post("canary-token", &format!(r#"{{"title":"{}"}}"#, "x".repeat(70_000))),
        "HTTP/1.1 413 Payload Too Large"
    );
    assert_eq!(ask("GET /events HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()), "HTTP/1.1 405 Method Not Allowed");
    assert_eq!(ask("GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()), "HTTP/1.1 404 Not Found");
    // Connections that say nothing hold nobody up.
    let dawdlers: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    assert_eq!(post("canary-token", "{\"title\":\"esc \\u001b[2J\"}"), "HTTP/1.1 201 Created");
    drop(dawdlers);
    session.wait_for("both events, made safe", |text| text.contains("one") && text.contains("esc "));
    let written = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert_eq!(written.lines().count(), 2, "{written}");
}

#[test]
fn a_file_alone_needs_no_board() {
    let folder = Folder::new();
    let file = folder.path().join("e.jsonl").display().to_string();
    let (code, words) = event(&["checkout down", "--kind", "incident", "--id", "INC-7", "--file", &file], "");
    assert_eq!(code, Some(0), "{words}");
    let (code, _) = event(&["mended", "--kind", "incident", "--id", "INC-7", "--state", "done", "--file", &file], "");
    assert_eq!(code, Some(0));
    std::fs::OpenOptions::new().append(true).open(&file).unwrap().write_all(b"{\"title\": 7}\n").unwrap();
    let board = folder.write(
        "board.toml",
        &format!("[sources.log]\ntype = \"events\"\nfile = \"{file}\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"e\"\nview = \"events\"\n"),
    );
    let screen = stdout(&run(&["snapshot", "--config", &board]));
    assert!(screen.contains("✖ incident checkout down") && screen.contains("over after 0 s"), "{screen}");
    assert!(!screen.contains("goes on"), "it is over:\n{screen}");
    assert!(screen.contains("line 3 of the events file cannot be read"), "{screen}");
}

#[test]
fn what_is_wrong_is_said_before_anything_is_written() {
    let folder = Folder::new();
    let file = folder.path().join("e.jsonl").display().to_string();
    for (arguments, part) in [
        (&["x", "--kind", "deployment", "--file", &file][..], "there are deploy, config, incident"),
        (&["x", "--at", "yesterday", "--file", &file], "no time"),
        (&["x", "--url", "javascript:alert(1)", "--file", &file], "--url: not an http or https URL"),
        (&[" ", "--file", &file], "needs a title"),
        (&["x", "--to", "http://127.0.0.1:1"], "nobody listens at http://127.0.0.1:1"),
        (&["x", "--file", "/nonexistent/e.jsonl"], "cannot be written"),
    ] {
        let (code, words) = event(arguments, "t");
        assert!(code != Some(0) && words.contains(part), "{arguments:?}: {words}");
    }
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn a_listener_is_for_this_machine_and_needs_a_token() {
    let folder = Folder::new();
    for (keys, part) in [
        ("listen = \"0.0.0.0:7667\"\ntoken = { env = \"HOME\" }", "can be reached from elsewhere"),
        ("listen = \"7667\"\ntoken = { env = \"HOME\" }", "is no address"),
        ("listen = \"127.0.0.1:7667\"", "listen needs a token"),
    ] {
        let board = folder.write(
            "board.toml",
            &format!("[sources.log]\ntype = \"events\"\nfile = \"/tmp/e.jsonl\"\n{keys}\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"e\"\nview = \"events\"\n"),
        );
        let output = run(&["validate", "--strict", "--config", &board]);
        assert!(!output.status.success() && stderr(&output).contains(part), "{keys}: {}", stderr(&output));
    }
}
