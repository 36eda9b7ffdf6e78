//! `andon event` and the events source: the file that is followed, the endpoint, and what they refuse.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

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
    let (folder, port) = (Folder::new(), free_port());
    let address = format!("127.0.0.1:{port}");
    let board = board(&folder, port);
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
    let (code, words) = event(&["intruder", "--to", &address], "wrong");
    assert_eq!(code, Some(1));
    assert!(words.contains("is not this board, or has a different token: it does not know this token"), "{words}");
    assert!(!std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap().contains("intruder"));
    assert_eq!(
        event(&["from elsewhere", "--to", &address], "canary-token"),
        (Some(0), "taken by the board\n".to_owned())
    );
    assert_eq!(event(&["x", "--to", &format!("http://{address}")], "canary-token").1, "taken by the board\n");
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
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _reset_by_a_refusal = stream.read_to_string(&mut answer);
        answer
    };
    // A web page can make its browser send this, whatever name it has given to this address.
    let page = "POST /events HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nContent-Length: 15\r\n\r\n{\"title\":\"page\"}";
    let said = ask(page);
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("'andon event'"), "{said}");
    assert_eq!(ask("{\"title\":\"bare\"}\n"), "");
    let nonce = "0".repeat(64);
    let said = ask(&format!(
        "{{\"andon\":\"events/1\",\"nonce\":\"{nonce}\"}}\n{{\"text\":\"who\",\"proof\":\"{nonce}\"}}\n{{\"text\":\"{{}}\",\"proof\":\"{nonce}\"}}\n"
    ));
    assert!(said.lines().count() == 1 && !said.contains("proof"), "who proves nothing is told nothing: {said}");
    let long = event(&[&"x".repeat(70_000), "--config", &board], "canary-token");
    assert_eq!(long, (Some(1), "andon: the board does not take it: an event has at most 64 KiB\n".to_owned()));
    assert_eq!(event(&["esc \u{1b}[2J", "--config", &board], "canary-token").1, "taken by the board\n");
    session.wait_for("it, made safe", |text| text.contains("esc "));
    let written = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
    assert_eq!(written.lines().count(), 1, "{written}");
}

#[test]
fn who_only_connects_keeps_nobody_out() {
    let folder = Folder::new();
    let port = free_port();
    let board = board(&folder, port);
    let session = Session::start_with(&["--config", &board], (80, 24), &[("ANDON_EVENT_TOKEN", "canary-token")]);
    session.wait_for("the endpoint", |_| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let _idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    for title in ["one", "two"] {
        assert_eq!(event(&[title, "--config", &board], "canary-token"), (Some(0), "taken by the board\n".to_owned()));
    }
}

/// Takes a port and keeps all that it is sent; it answers whatever it is asked.
fn squatter(port: u16, answer: &'static str) -> Arc<Mutex<Vec<u8>>> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
    let shared = Arc::clone(&heard);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let heard = Arc::clone(&shared);
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    heard.lock().unwrap().extend_from_slice(&buffer[..count]);
                    let _gone = stream.write_all(answer.as_bytes());
                }
            });
        }
    });
    heard
}

#[test]
fn a_squatter_gets_neither_token_nor_event_and_the_board_says_that_it_hears_nothing() {
    const NONCE: &str = "{\"nonce\":\"0000000000000000000000000000000000000000000000000000000000000000\"}\n{\"text\":\"{}\",\"proof\":\"00\"}\n";
    for answer in ["HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\ntaken\n", NONCE, ""] {
        let (folder, port) = (Folder::new(), free_port());
        let heard = squatter(port, answer);
        let board = board(&folder, port);
        let (code, words) = event(&["checkout deployed", "--config", &board], "canary-token");
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("the board did not take the event, so andon writes it to the board's events file: the program that listens at"), "{words}");
        let (code, words) = event(&["lost", "--to", &format!("127.0.0.1:{port}")], "canary-token");
        assert!(code == Some(1) && words.contains("is not this board, or has a different token"), "{words}");
        let output = doctor(&board, "canary-token");
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let part = format!(
            "✖ query          the board cannot receive events at 127.0.0.1:{port}: another program has this address: "
        );
        assert!(said.contains(&part) && said.contains("1 event: note checkout deployed"), "{said}");
        let heard = String::from_utf8_lossy(&heard.lock().unwrap()).into_owned();
        assert!(heard.contains("events/1"), "nobody has asked it who it is: {heard}");
        assert!(!heard.contains("canary") && !heard.contains("checkout") && !heard.contains("lost"), "{heard}");
    }
}

#[test]
fn a_name_is_written_to_the_file_only_where_the_board_keeps_names() {
    for (people, kept) in [("", false), ("people = true\n", true)] {
        let (folder, port) = (Folder::new(), free_port());
        let board = board(&folder, port);
        let text = std::fs::read_to_string(&board).unwrap();
        std::fs::write(&board, format!("{people}{text}")).unwrap();
        let (code, words) = event(&["deployed", "--who", "Ada Lovelace", "--config", &board], "canary-token");
        assert_eq!(code, Some(0), "{words}");
        let written = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
        assert!(written.contains("deployed") && written.contains("Ada") == kept, "{written}");
        assert_eq!(words.contains("--who is left out"), !kept, "{words}");
    }
}

fn doctor(board: &str, token: &str) -> std::process::Output {
    andon().args(["doctor", "--config", board]).env("ANDON_EVENT_TOKEN", token).output().unwrap()
}

#[test]
fn the_board_listens_as_soon_as_its_address_is_free() {
    let (folder, port) = (Folder::new(), free_port());
    let board = board(&folder, port);
    let quick = std::fs::read_to_string(&board).unwrap().replace("\"60s\"", "\"1s\"");
    std::fs::write(&board, quick).unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let session = Session::start_with(&["--config", &board], (100, 24), &[("ANDON_EVENT_TOKEN", "canary-token")]);
    assert!(event(&["early", "--config", &board], "canary-token").1.contains("written to "));
    session.wait_for("what was written to the file", |text| text.contains("early"));
    drop(taken);
    session
        .wait_for("the endpoint", |_| event(&["late", "--config", &board], "canary-token").1 == "taken by the board\n");
}

#[test]
fn two_boards_with_one_address_share_a_file_or_say_who_has_it() {
    let (folder, other, port) = (Folder::new(), Folder::new(), free_port());
    let first = board(&folder, port);
    let session = Session::start_with(&["--config", &first], (80, 24), &[("ANDON_EVENT_TOKEN", "canary-token")]);
    session.wait_for("the endpoint", |_| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let same = stdout(&doctor(&first, "canary-token"));
    assert!(same.contains("✔ query          no events yet"), "{same}");
    let second = board(&other, port);
    let said = stdout(&doctor(&second, "canary-token"));
    let process = session.pid;
    assert!(said.contains(&format!(": the board of process {process} has this address, and writes to ")), "{said}");
    let (code, words) = event(&["for the second", "--config", &second], "canary-token");
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains(&format!("process {process}, writes to another file")), "{words}");
    assert!(words.contains(&format!("written to {}", other.path().join("events.jsonl").display())), "{words}");
    assert!(!folder.path().join("events.jsonl").exists(), "the first board was told of the second's");
    // Another token: nothing is known of who it is.
    let said = stdout(&doctor(&second, "another"));
    assert!(said.contains("it does not know this token") && !said.contains("writes to"), "{said}");
}

#[test]
fn a_listener_without_a_token_and_a_file_without_a_folder_are_not_well() {
    let (folder, port) = (Folder::new(), free_port());
    let path = board(&folder, port);
    let says = |output: std::process::Output, part: &str| {
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(part), "{part} is not in:\n{said}");
    };
    let deaf = format!("✖ query          the board cannot receive events at 127.0.0.1:{port}: ");
    let unset = andon().args(["doctor", "--config", &path]).output().unwrap();
    says(unset, &format!("{deaf}the environment variable ANDON_EVENT_TOKEN is not set"));
    says(doctor(&path, ""), &format!("{deaf}the environment variable ANDON_EVENT_TOKEN is empty"));
    // What it could not prove it does not send; the event is not lost.
    let (code, words) = event(&["x", "--config", &path], "");
    assert!(code == Some(0) && words.contains("is empty") && words.contains("written to "), "{words}");
    let gone = std::fs::read_to_string(&path).unwrap().replace("events.jsonl", "nowhere/events.jsonl");
    std::fs::write(&path, gone).unwrap();
    let output = doctor(&path, "t");
    says(output, "✖ query          file unusable: ");
    says(doctor(&path, "t"), "-> check its path");
    let screen = stdout(&run(&["snapshot", "--config", &path]));
    assert!(!screen.contains("nothing has happened") && screen.contains("file unusable"), "{screen}");
}

#[test]
fn a_token_that_never_comes_is_a_fault_of_its_source_alone() {
    let folder = Folder::new();
    let pipe = folder.path().join("token");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let board = board(&folder, free_port());
    let text = std::fs::read_to_string(&board).unwrap().replace("\"60s\"", "\"1s\"");
    let text = text.replace("{ env = \"ANDON_EVENT_TOKEN\" }", &format!("{{ file = \"{}\" }}", pipe.display()));
    std::fs::write(&board, text).unwrap();
    let mut session = Session::start(&["--config", &board], (100, 24));
    session.wait_for("why there is nothing", |text| text.contains("the board cannot receive events at"));
    session.send("?");
    session.wait_for("the help", |text| text.contains("quit"));
}

#[test]
fn told_twice_with_one_delivery_it_happened_once() {
    let folder = Folder::new();
    let board = board(&folder, free_port());
    // A step that is retried; nobody listens.
    for _ in 0..2 {
        assert_eq!(event(&["deployed", "--delivery", "job-7", "--config", &board], "t").0, Some(0));
    }
    let output = andon().args(["snapshot", "--config", &board]).env("ANDON_EVENT_TOKEN", "t").output().unwrap();
    assert_eq!(stdout(&output).matches("deployed").count(), 1, "{}", stdout(&output));
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
        (&["x", "--to", "http://127.0.0.1:1"], "nobody listens at 127.0.0.1:1"),
        (&["x", "--to", "http://user:canary@127.0.0.1:1"], "--to: it has no user and no password"),
        (&["x", "--to", "user:canary@127.0.0.1:1"], "--to: it has no user and no password"),
        (&["x", "--to", "https://127.0.0.1:1"], "use an ssh tunnel"),
        (&["x", "--to", "http://127.0.0.1:1/canary"], "a host and a port, and nothing more"),
        (&["x", "--file", "/dev/null"], "/dev/null cannot be written: it is not a regular file"),
        (&["x", "--file", "/nonexistent/e.jsonl"], "cannot be written"),
    ] {
        let (code, words) = event(arguments, "t");
        assert!(code != Some(0) && words.contains(part), "{arguments:?}: {words}");
        assert!(!words.contains("canary"), "{words}");
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
