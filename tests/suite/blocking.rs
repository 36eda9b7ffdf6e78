//! Nothing that blocks or burns holds up anybody else: files that become pipes, answers made to be slow, a
//! log that nobody reads.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use andon::model::fault::{AuthFault, Reason};
use andon::model::time::Span;
use andon::source::http::{Http, HttpOptions, Method, parse_url};
use andon::source::limits::Limits;
use andon::source::network::Network;
use andon::source::offload::Worker;
use rustix::fs::OFlags;
use rustix::process::Signal;

use crate::support::folder::Folder;
use crate::support::pty::{PATIENCE, Session};
use crate::support::running::Running;
use crate::support::server::{Reply, Server};

fn make_pipe(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

/// A source `bad` with these keys beside a healthy one, a panel each.
fn beside_a_healthy_one(server: &Server, bad: &str) -> String {
    server.route("/good", Reply::body("application/json", "{\"n\":1}"));
    let good = server.url("/good");
    let panel = |id: &str, more: &str| format!("[[dashboards.panels]]\nid = \"{id}\"\ntitle = \"{id}\"\n{more}\n");
    format!(
        "refresh = \"1s\"\n[sources.bad]\n{bad}\n[sources.good]\ntype = \"json\"\nurl = \"{good}\"\n\
         [[dashboards]]\nname = \"d\"\n{}{}",
        panel("bad", "view = \"stat\"\nsource = \"bad\"\nquery = \".n\""),
        panel("good", "view = \"stat\"\nsource = \"good\"\nquery = \".n\"")
    )
}

#[tokio::test]
async fn a_secret_file_that_becomes_a_pipe_or_a_device_is_a_fault_of_its_source() {
    let (server, folder) = (Server::start(), Folder::new());
    server.route("/bad", Reply::body("application/json", "{\"n\":1}"));
    let secret = folder.write("token", "s3cret\n");
    let keys =
        format!("type = \"json\"\nurl = \"{}\"\nauth = {{ bearer = {{ file = \"{secret}\" }} }}", server.url("/bad"));
    let mut running = Running::start(&beside_a_healthy_one(&server, &keys)).await;
    assert!(running.outcome("bad").await.answer.is_ok());
    assert!(server.requests().iter().any(|head| head.to_ascii_lowercase().contains("authorization: bearer s3cret")));
    std::fs::remove_file(&secret).unwrap();
    make_pipe(Path::new(&secret));
    running.ask_now();
    let fault = running.outcome("bad").await.answer.unwrap_err();
    assert_eq!(fault.reason, Reason::Auth(AuthFault::Secret));
    assert!(fault.detail.as_str().contains("token is not a regular file"), "{}", fault.detail);
    std::fs::remove_file(&secret).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &secret).unwrap();
    running.ask_now();
    assert_eq!(running.outcome("bad").await.answer.unwrap_err().reason, Reason::Auth(AuthFault::Secret));
    running.ask_now();
    assert!(running.outcome("good").await.answer.is_ok());
    std::fs::remove_file(&secret).unwrap();
    folder.write("token", "another\n");
    // Answers to the earlier asks may still be on their way.
    let mut was_read = false;
    for _ in 0..4 {
        running.ask_now();
        was_read = was_read || running.outcome("bad").await.answer.is_ok();
    }
    assert!(was_read, "it is read again");
    assert!(server.requests().iter().any(|head| head.to_ascii_lowercase().contains("authorization: bearer another")));
}

#[tokio::test]
async fn every_large_answer_is_read_on_a_worker_thread_and_a_small_one_is_not() {
    let server = Server::start();
    server.route("/small", Reply::body("application/json", "{}"));
    server.route("/large", Reply::body("application/json", &format!("\"{}\"", "x".repeat(100_000))));
    let network = Network::default();
    let worker = Worker::new(&Limits::default());
    let here = thread::current().id();
    for (path, moves) in [("/small", false), ("/large", true)] {
        let url = parse_url(&server.url(path)).unwrap();
        let http = Http::new(url.as_str(), &HttpOptions::default(), &network, Span::seconds(5)).unwrap();
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let asked = async move {
            let fetched = http.fetch(&url, Method::Get, "*/*", deadline).await.map(|_| thread::current().id());
            let known = http.fetch_unless_known(&url, "*/*", deadline).await.map(|_| thread::current().id());
            (fetched.unwrap(), known.unwrap())
        };
        let (fetched, known) = worker.drive(deadline, asked).await.unwrap();
        assert_eq!((fetched != here, known != here), (moves, moves), "{path}");
    }
}

#[tokio::test]
async fn a_feed_made_to_be_slow_is_refused_and_holds_nobody_up() {
    let server = Server::start();
    let feed: String = (0..20_000).map(|n| format!("<Projects xmlns:a{n}=\"b{n}\">")).collect();
    server.route("/cc.xml", Reply::body("application/xml", &feed));
    let text = format!(
        "refresh = \"1s\"\n[sources.ci]\ntype = \"cctray\"\nurl = \"{}\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"ci\"\ntitle = \"ci\"\nview = \"builds\"\nsource = \"ci\"\n",
        server.url("/cc.xml")
    );
    let fault = Running::start(&text).await.outcome("ci").await.answer.unwrap_err();
    assert_eq!(fault.reason, Reason::TooLarge);
}

#[tokio::test]
async fn certificate_files_that_are_pipes_are_a_fault_of_their_source() {
    let (server, folder) = (Server::start(), Folder::new());
    let authority = folder.path().join("ca.pem");
    make_pipe(&authority);
    let keys =
        format!("type = \"json\"\nurl = \"https://localhost:1/\"\ntls = {{ ca_file = \"{}\" }}", authority.display());
    let mut running = Running::start(&beside_a_healthy_one(&server, &keys)).await;
    let fault = running.outcome("bad").await.answer.unwrap_err();
    assert!(fault.detail.as_str().contains("ca.pem is not a regular file"), "{}", fault.detail);
    assert!(running.outcome("good").await.answer.is_ok());
}

/// A board with a title, and nothing to ask.
fn titled(title: &str) -> String {
    format!(
        "title = \"{title}\"\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\ntitle = \"Time\"\nview = \"clock\"\n"
    )
}

#[test]
fn a_config_that_is_a_pipe_for_a_moment_is_refused_and_the_next_one_is_taken() {
    let folder = Folder::new();
    let file = folder.write("board.toml", &titled("Before"));
    let mut session = Session::start(&["--config", &file], (100, 20));
    session.wait_for("the board", |text| text.contains("Before"));
    std::fs::remove_file(&file).unwrap();
    make_pipe(Path::new(&file));
    session.wait_for("a banner", |text| text.contains("is not a regular file") && text.contains("Before"));
    std::fs::remove_file(&file).unwrap();
    folder.write("board.toml", &titled("After"));
    session.wait_for("the next board", |text| text.contains("After") && !text.contains("config not used"));
    session.send("q");
    assert_eq!(session.exit_within(PATIENCE), Some(0));
}

#[test]
fn a_personal_file_or_a_theme_that_is_a_pipe_for_a_moment_does_no_lasting_harm() {
    let folder = Folder::new();
    let theme = folder.path().join("own.toml");
    std::fs::write(&theme, "inherits = \"andon\"\n").unwrap();
    let text = |title: &str| format!("theme = \"{}\"\n{}", theme.display(), titled(title));
    let file = folder.write("board.toml", &text("Before"));
    let personal = folder.path().join("andon");
    std::fs::create_dir(&personal).unwrap();
    let environment = [("XDG_CONFIG_HOME", folder.path().to_str().unwrap())];
    let session = Session::start_with(&["--config", &file], (100, 20), &environment);
    session.wait_for("the board", |text| text.contains("Before"));
    for pipe in [personal.join("config.toml"), theme.clone()] {
        let before = std::fs::read(&pipe).ok();
        let _not_there = std::fs::remove_file(&pipe);
        make_pipe(&pipe);
        session.wait_for("a banner", |text| text.contains("config not used"));
        std::fs::remove_file(&pipe).unwrap();
        if let Some(bytes) = before {
            std::fs::write(&pipe, bytes).unwrap();
        }
        session.wait_for("no banner", |text| !text.contains("config not used"));
    }
    folder.write("board.toml", &text("After"));
    session.wait_for("the next board", |text| text.contains("After"));
}

#[test]
fn a_config_may_come_through_a_pipe_at_the_start() {
    let folder = Folder::new();
    let pipe = folder.path().join("board.toml");
    make_pipe(&pipe);
    let path = pipe.clone();
    let writer = thread::spawn(move || std::fs::write(path, titled("Piped")).unwrap());
    let output = andon(&["validate", "--config", pipe.to_str().unwrap()], &[]);
    writer.join().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// A pipe that is full, and its reader.
fn full_pipe(path: &Path) -> File {
    make_pipe(path);
    let flags = OFlags::NONBLOCK.bits() as i32;
    let mut pipe = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path).unwrap();
    while pipe.write(&[b'\n'; 4096]).is_ok() {}
    while pipe.write(b"\n").is_ok() {}
    pipe
}

#[test]
fn with_the_log_stuck_polling_goes_on_and_every_end_is_one() {
    type End = fn(&mut Session);
    let ends: [(&str, End, u32); 3] = [
        ("q", |session| session.send("q"), 0),
        ("SIGTERM", |session| session.signal(Signal::TERM), 143),
        ("SIGHUP", |session| session.signal(Signal::HUP), 129),
    ];
    for (name, end, code) in ends {
        let (server, folder) = (Server::start(), Folder::new());
        server.route("/n", Reply::body("application/json", "{\"n\":1}"));
        let log = folder.path().join("log");
        let _reader = full_pipe(&log);
        let text = format!(
            "refresh = \"1s\"\n[sources.s]\ntype = \"json\"\nurl = \"{}\"\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\ntitle = \"N\"\nview = \"stat\"\nsource = \"s\"\nquery = \".n\"\n",
            server.url("/n")
        );
        let file = folder.write("board.toml", &text);
        let arguments = ["--config", &file, "--log", log.to_str().unwrap()];
        let mut session = Session::start_with(&arguments, (100, 20), &[("ANDON_LOG", "trace")]);
        session.wait_for("the board", |text| text.contains('N'));
        let begin = Instant::now();
        while server.requests().len() < 3 {
            assert!(begin.elapsed() < PATIENCE, "{name}: the source is not asked");
            thread::park_timeout(Duration::from_millis(20));
        }
        end(&mut session);
        assert_eq!(session.exit_within(PATIENCE), Some(code), "{name}");
    }
}

fn andon(arguments: &[&str], environment: &[(&str, &str)]) -> std::process::Output {
    let environment = environment.iter().copied();
    Command::new(env!("CARGO_BIN_EXE_andon")).args(arguments).envs(environment).output().unwrap()
}

#[test]
fn a_time_zone_that_is_a_device_or_a_pipe_is_none() {
    let folder = Folder::new();
    let (file, pipe) = (folder.write("board.toml", &titled("Zone")), folder.path().join("zone"));
    make_pipe(&pipe);
    for zone in ["/dev/zero", ":/dev/zero", pipe.to_str().unwrap()] {
        let picture = andon(&["snapshot", "--config", &file], &[("TZ", zone)]);
        assert!(picture.status.success(), "{zone}: {picture:?}");
    }
}

#[test]
fn of_many_problems_a_hundred_are_told_and_the_config_is_not_taken() {
    let folder = Folder::new();
    let keys: String = (0..16_000).map(|n| format!("unknown_{n} = 1\n")).collect();
    let file = folder.write("board.toml", &format!("{keys}{}", titled("Many")));
    let output = andon(&["validate", "--format", "json", "--config", &file], &[]);
    assert_eq!(output.status.code(), Some(2));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let codes: Vec<&str> =
        told["problems"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!((codes.len(), codes.iter().filter(|code| **code == "too-many").count()), (101, 1));
}
