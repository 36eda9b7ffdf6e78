//! A canary in every place where a secret may stand; every fault; the most talkative log; a panic. None of
//! what comes out may hold it, as it is or encoded.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::folder::Folder;
use crate::support::pty::{PATIENCE, Session};
use crate::support::server::{Reply, Server};
use crate::support::{andon, stderr, stdout};

/// Every canary begins so; the rest tells which place has leaked.
const CANARY: &str = "CANARY-";
/// `me:CANARY-basic-literal` and `me:CANARY-basic-env` in base64, without the last letters, which depend on
/// what follows.
const ENCODED: [&str; 2] = ["bWU6Q0FOQVJZLWJhc2ljLWxpdGVyYW", "bWU6Q0FOQVJZLWJhc2ljLWVud"];

/// Sources with a secret each, by how it is given; every one of them is shown on a panel.
fn sources(folder: &Folder) -> Vec<(&'static str, String)> {
    let file = folder.write("token", "CANARY-file\n");
    let key = folder.write("key.pem", "-----BEGIN PRIVATE KEY-----\nCANARY-key\n-----END PRIVATE KEY-----\n");
    vec![
        ("bearer-literal", "auth = { bearer = \"CANARY-bearer-literal\" }".to_owned()),
        ("bearer-env", "auth = { bearer = { env = \"SECRET_A\" } }".to_owned()),
        ("bearer-file", format!("auth = {{ bearer = {{ file = \"{file}\" }} }}")),
        ("basic-literal", "auth = { basic = { username = \"me\", password = \"CANARY-basic-literal\" } }".to_owned()),
        ("basic-env", "auth = { basic = { username = \"me\", password = { env = \"SECRET_B\" } } }".to_owned()),
        (
            "header-literal",
            "auth = { header = { name = \"PRIVATE-TOKEN\", value = \"CANARY-header-literal\" } }".to_owned(),
        ),
        ("header-env", "auth = { header = { name = \"X-Api-Key\", value = { env = \"SECRET_C\" } } }".to_owned()),
        ("url-query", "QUERY".to_owned()),
        ("client-key", format!("tls = {{ client_cert = \"{key}\", client_key = \"{key}\" }}")),
    ]
}

const ENVIRONMENT: [(&str, &str); 4] = [
    ("SECRET_A", "CANARY-bearer-env"),
    ("SECRET_B", "CANARY-basic-env"),
    ("SECRET_C", "CANARY-header-env"),
    ("SECRET_D", "CANARY-command-env"),
];

fn board(server: &Server, folder: &Folder) -> String {
    let mut sources_text = String::from("title = \"Board\"\nrefresh = \"1s\"\n");
    let mut panels = String::new();
    for (name, keys) in sources(folder) {
        let (query, keys) = if keys == "QUERY" { ("?token=CANARY-url-query", "") } else { ("", keys.as_str()) };
        let scheme = if name == "client-key" { "https" } else { "http" };
        let url = format!("{scheme}://{}/x{query}", server.address);
        sources_text
            .push_str(&format!("[sources.{name}]\ntype = \"json\"\nurl = \"{url}\"\ntimeout = \"500ms\"\n{keys}\n"));
        panels.push_str(&format!(
            "[[dashboards.panels]]\nid = \"{name}\"\nview = \"stat\"\nsource = \"{name}\"\nquery = \".n\"\n"
        ));
    }
    // Its answers repeat what it was told, as some servers do.
    sources_text.push_str(&format!(
        "[sources.echo]\ntype = \"prometheus\"\nurl = \"{}\"\nauth = {{ bearer = \"CANARY-echo\" }}\n\
         [sources.probe]\ntype = \"probe\"\ntargets = [\"{}?token=CANARY-probe\"]\n\
         [sources.command]\ntype = \"command\"\ncommand = [\"/nowhere/at-all\", \"--token\", \"CANARY-argument\"]\nenvironment = [\"SECRET_D\"]\n\
         [sources.failing]\ntype = \"command\"\ncommand = [\"sh\", \"-c\", \"exit 3\", \"CANARY-argument\"]\nenvironment = [\"SECRET_D\"]\n",
        server.url("/echo"),
        server.url("/x")
    ));
    for (id, view, query) in
        [("echo", "stat", "up"), ("probe", "lamps", ""), ("command", "stat", ""), ("failing", "stat", "")]
    {
        let query = if query.is_empty() { String::new() } else { format!("query = \"{query}\"\n") };
        panels
            .push_str(&format!("[[dashboards.panels]]\nid = \"{id}\"\nview = \"{view}\"\nsource = \"{id}\"\n{query}"));
    }
    format!("{sources_text}[[dashboards]]\nname = \"d\"\n{panels}")
}

/// A server whose answers are every fault in turn.
fn faulty() -> Server {
    let server = Server::start();
    let faults = [
        Reply::body("application/json", "{\"n\":1}"),
        Reply::status("401 Unauthorized", "text/plain", "no"),
        Reply::status("403 Forbidden", "text/plain", "no"),
        Reply::status("404 Not Found", "text/plain", "no"),
        Reply::header("429 Too Many Requests", "Retry-After: 1"),
        Reply::status("500 Oops", "text/plain", "no"),
        Reply::status("503 Service Unavailable", "text/plain", "no"),
        Reply::header("302 Found", "Location: http://127.0.0.1:1/elsewhere"),
        Reply::header("302 Found", "Location: /x"),
        Reply::Close,
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nx"),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
        Reply::raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        Reply::body("text/html", "<html>log in</html>"),
        Reply::body("application/json", "{\"n\":"),
        Reply::body("application/json", "{\"m\":1}"),
        Reply::Silence,
    ];
    let turn = AtomicUsize::new(0);
    let shared = server.clone();
    // A reply takes the next fault for whoever asks next.
    let first = faults[0].clone();
    server.route(
        "/x",
        Reply::play(move |stream| {
            use std::io::Write as _;
            let at = turn.fetch_add(1, Ordering::Relaxed) % faults.len();
            match &faults[at] {
                Reply::Raw(bytes) => drop(stream.write_all(bytes)),
                Reply::Silence => drop(std::io::Read::read(stream, &mut [0])),
                _ => {}
            }
        }),
    );
    drop((shared, first));
    let said =
        "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"the token CANARY-echo may not read this\"}";
    server.route("/echo/api/v1/query", Reply::status("400 Bad Request", "application/json", said));
    server
}

#[track_caller]
fn is_silent(what: &str, text: &str) {
    for word in std::iter::once(CANARY).chain(ENCODED) {
        let at = text.find(word);
        let around = at.map(|at| text[at.saturating_sub(200)..(at + 60).min(text.len())].to_owned());
        assert_eq!(around, None, "{what} holds {word}");
    }
}

#[test]
fn no_output_holds_a_secret() {
    let (server, folder) = (faulty(), Folder::new());
    let file = folder.write("b.toml", &board(&server, &folder));
    let commands: [&[&str]; 11] = [
        &["status"],
        &["status", "--format", "json"],
        &["snapshot", "--size", "200x60"],
        &["snapshot", "--format", "ansi"],
        &["snapshot", "--format", "svg"],
        &["snapshot", "--format", "html"],
        &["snapshot", "--format", "json"],
        &["doctor"],
        &["validate"],
        &["validate", "--format", "json"],
        &["run"],
    ];
    for command in commands {
        // Often enough that every source has met several faults.
        for _ in 0..2 {
            let mut all = command.to_vec();
            all.extend(["--config", &file]);
            let output = andon().args(&all).envs(ENVIRONMENT).env("ANDON_LOG", "trace").output().unwrap();
            assert!(!stdout(&output).is_empty(), "{command:?}: {}", stderr(&output));
            is_silent(&format!("{command:?}"), &stdout(&output));
            is_silent(&format!("{command:?}, stderr"), &stderr(&output));
        }
    }
}

#[test]
fn the_board_its_log_and_its_panic_hold_no_secret() {
    let (server, folder) = (faulty(), Folder::new());
    let file = folder.write("b.toml", &board(&server, &folder));
    let log = folder.path().join("log");
    for tripwire in ["", "source", "draw", "main"] {
        let mut environment = ENVIRONMENT.to_vec();
        environment.extend([("ANDON_LOG", "trace"), ("ANDON_TRIPWIRE", tripwire)]);
        let arguments = ["--config", &file, "--log", log.to_str().unwrap()];
        let mut session = Session::start_with(&arguments, (200, 60), &environment);
        if tripwire == "main" {
            assert_eq!(session.exit_within(PATIENCE), Some(101));
        } else {
            session.wait_for("the board", |text| text.contains("echo") && !text.contains("connecting"));
            let polls = server.requests().len() + if tripwire == "source" { 0 } else { 40 };
            let begin = std::time::Instant::now();
            while server.requests().len() < polls {
                assert!(begin.elapsed() < PATIENCE, "too few polls");
                // Whoever has been refused would wait for minutes.
                session.send("r");
                std::thread::park_timeout(std::time::Duration::from_millis(200));
            }
            let command_line = std::fs::read_to_string(format!("/proc/{}/cmdline", session.pid)).unwrap();
            is_silent("the process list", &command_line);
            session.send("\r?r");
            session.wait_for("the help", |text| text.contains("freeze the picture"));
            session.send("q");
            assert_eq!(session.exit_within(PATIENCE), Some(0));
        }
        session.wait_for_modes(false);
        is_silent("the terminal", &String::from_utf8_lossy(&session.raw()));
        let log = std::fs::read_to_string(&log).unwrap();
        assert!(log.contains("TRACE") || tripwire == "main", "the log says little:\n{log}");
        is_silent("the log", &log);
    }
    // They were sent, or this test proves nothing.
    let asked = server.requests().concat();
    for sent in [
        "CANARY-bearer-literal",
        "CANARY-bearer-env",
        "CANARY-file",
        "CANARY-header-env",
        "token=CANARY-url-query",
        ENCODED[0],
    ] {
        assert!(asked.contains(sent), "{sent} was never sent");
    }
}

#[test]
fn what_is_wrong_with_a_config_is_said_without_its_secrets() {
    let folder = Folder::new();
    let rest = "[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\nquery = \".a\"\n";
    for (n, source) in [
        "url = \"http://me:CANARY-user@127.0.0.1/\"",
        "url = \"http://127.0.0.1/\"\nauth = \"CANARY-text\"",
        "url = \"http://127.0.0.1/\"\nauth = { bearer = [\"CANARY-list\"] }",
        "url = \"http://127.0.0.1/\"\nauth = { beerer = \"CANARY-typo\" }",
        "url = \"http://127.0.0.1/\"\nauth = { basic = { username = \"me\", pasword = \"CANARY-typo\" } }",
        "url = \"http://127.0.0.1/\"\nauth = { bearer = \"CANARY-open",
        "url = \"http://127.0.0.1/?token=CANARY-query\"\nrefresh = 5",
        "url = \"ftp://127.0.0.1/?token=CANARY-query\"",
        "url = \"http://127.0.0.1/\"\nauth = { bearer = { value = \"CANARY-key\" } }",
        "url = \"http://127.0.0.1/\"\nbearer = \"CANARY-place\"",
        "url = \"http://127.0.0.1/\"\nauth.bearer = \"CANARY-twice\"\nauth = { bearer = \"CANARY-twice\" }",
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.write("b.toml", &format!("[sources.s]\ntype = \"json\"\n{source}\n{rest}"));
        for format in ["text", "json"] {
            let output = andon().args(["validate", "--format", format, "--config", &file]).output().unwrap();
            assert_eq!(output.status.code(), Some(2), "{n}: {}", stderr(&output));
            is_silent(&format!("file {n}"), &(stdout(&output) + &stderr(&output)));
        }
    }
}

#[test]
fn a_secret_in_a_file_that_others_may_read_is_a_warning_of_its_own() {
    let folder = Folder::new();
    let file = folder.write(
        "b.toml",
        "[sources.s]\ntype = \"json\"\nurl = \"http://127.0.0.1/\"\nauth = { bearer = \"CANARY\" }\n[[dashboards]]\nname = \"d\"\n",
    );
    for (mode, warned) in [(0o600, false), (0o640, true), (0o604, true), (0o644, true)] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let said = stderr(&andon().args(["validate", "--config", &file]).output().unwrap());
        assert!(said.contains("warning[literal-secret]"), "{said}");
        assert_eq!(said.contains("warning[readable-secret]"), warned, "{mode:o}: {said}");
        assert!(!warned || said.contains(&format!("chmod 600 {file}")), "{said}");
    }
}

#[test]
fn every_secret_of_every_table_is_looked_at() {
    let folder = Folder::new();
    let board = |secret: &str| {
        let events = folder.path().join("events.jsonl");
        let file = folder.write(
            "b.toml",
            &format!(
                "[sources.log]\ntype = \"events\"\nfile = \"{}\"\nlisten = \"127.0.0.1:7667\"\ntoken = {secret}\n\
                 [sources.api]\ntype = \"json\"\nurl = \"http://127.0.0.1/\"\n\
                 auth = {{ basic = {{ username = \"me\", password = {secret} }} }}\n\
                 headers = {{ \"X-Api-Key\" = {secret}, \"X-Scope-OrgID\" = {secret} }}\n\
                 [[notify]]\non = [\"broken\"]\nwebhook = \"http://127.0.0.1/\"\ntoken = {secret}\n[api]\ntoken = {secret}\n\
                 [[dashboards]]\nname = \"d\"\n",
                events.display()
            ),
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let output = andon().args(["validate", "--format", "json", "--config", &file]).output().unwrap();
        is_silent(secret, &(stdout(&output) + &stderr(&output)));
        let document: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let about = |code: &str| -> Vec<String> {
            let all = document["problems"].as_array().unwrap().iter();
            let mut paths: Vec<String> =
                all.filter(|one| one["code"] == code).map(|one| one["path"].as_str().unwrap().to_owned()).collect();
            paths.sort();
            paths
        };
        ["literal-secret", "readable-secret", "secret-missing", "empty-secret"].map(about)
    };
    let header = "sources.api.headers.X-Scope-OrgID";
    let secrets = [
        "api.token",
        "notify[0].token",
        "sources.api.auth.basic.password",
        "sources.api.headers.X-Api-Key",
        "sources.log.token",
    ];
    let all = [
        "api.token",
        "notify[0].token",
        "sources.api.auth.basic.password",
        "sources.api.headers.X-Api-Key",
        header,
        "sources.log.token",
    ];
    let none: [&str; 0] = [];
    let [literal, readable, missing, empty] = board("\"CANARY-literal\"");
    assert_eq!((literal, readable), (secrets.map(String::from).to_vec(), secrets.map(String::from).to_vec()));
    assert_eq!((missing, empty), (Vec::new(), Vec::new()));
    let [literal, readable, missing, empty] = board("{ env = \"ANDON_TEST_IS_NOT_SET\" }");
    assert_eq!(missing, all);
    assert!(literal == none && readable == none && empty == none);
    let [.., missing, empty] = board("\" \"");
    assert_eq!(empty, all);
    assert_eq!(missing, none);
}

/// What a server answers that repeats the header that it was shown, behind a text of some length.
fn repeating(server: &Server, header: &'static str, name: &str, before: usize) -> Reply {
    let (server, begin) = (server.clone(), format!("GET /{name}/"));
    Reply::play(move |stream| {
        let requests = server.requests();
        let head = requests.iter().rfind(|head| head.starts_with(&begin)).unwrap();
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(header)).unwrap();
        let value = line.split_once(": ").unwrap().1;
        let error = format!("{}bad header: {value}", "x".repeat(before));
        let body = serde_json::json!({ "status": "error", "errorType": "bad_data", "error": error }).to_string();
        let length = body.len();
        let head = format!("HTTP/1.1 400 Bad Request\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let _sent = std::io::Write::write_all(stream, (head + &body).as_bytes());
    })
}

#[test]
fn what_a_server_repeats_of_a_credential_is_shown_in_no_form_however_long_its_words_are() {
    let (server, folder) = (Server::start(), Folder::new());
    let sources = [
        ("basic", "authorization", "auth = { basic = { username = \"me\", password = { env = \"SECRET_B\" } } }"),
        ("bearer", "authorization", "auth = { bearer = { env = \"SECRET_A\" } }"),
        ("header", "private-token", "auth = { header = { name = \"PRIVATE-TOKEN\", value = { env = \"SECRET_C\" } } }"),
        ("second", "x-api-key", "headers = { \"X-Api-Key\" = { env = \"SECRET_C\" } }"),
    ];
    let (mut text, mut panels) = ("refresh = \"1s\"\n".to_owned(), String::from("[[dashboards]]\nname = \"d\"\n"));
    for (name, _, keys) in sources {
        text.push_str(&format!(
            "[sources.{name}]\ntype = \"prometheus\"\nurl = \"{}\"\n{keys}\n",
            server.url(&format!("/{name}"))
        ));
        panels.push_str(&format!(
            "[[dashboards.panels]]\nid = \"{name}\"\nview = \"gauge\"\nsource = \"{name}\"\nquery = \"up\"\n"
        ));
    }
    let file = folder.write("b.toml", &(text + &panels));
    // Whole, and cut at 4 KiB within the secret.
    for before in [0, 4096 - 24] {
        for (name, header, _) in sources {
            server.route(&format!("/{name}/api/v1/query"), repeating(&server, header, name, before));
        }
        for command in [&["status", "--format", "json"][..], &["snapshot", "--size", "300x40"], &["doctor"]] {
            let mut all = command.to_vec();
            all.extend(["--config", &file]);
            let output = andon().args(&all).envs(ENVIRONMENT).output().unwrap();
            let said = stdout(&output) + &stderr(&output);
            assert!(said.contains(if before == 0 { "bad header: " } else { "xxxx" }), "{command:?}: {said}");
            is_silent(&format!("{command:?} with {before} bytes before it"), &said);
            assert!(!said.contains("bWU6") && !said.contains("CANAR"), "{command:?}: a part of it: {said}");
        }
    }
    let asked = server.requests().concat();
    assert!(asked.contains(ENCODED[1]) && asked.to_lowercase().contains("x-api-key: canary-header-env"));
}

#[test]
fn an_empty_secret_is_never_sent() {
    let (server, folder) = (Server::start(), Folder::new());
    let (file, blank) = (folder.write("empty", "\n"), folder.write("blank", " \n"));
    let sources = [
        ("bearer", "auth = { bearer = { env = \"EMPTY\" } }".to_owned()),
        ("basic", format!("auth = {{ basic = {{ username = \"me\", password = {{ file = \"{file}\" }} }} }}")),
        ("header", format!("auth = {{ header = {{ name = \"X-Key\", value = {{ file = \"{blank}\" }} }} }}")),
        ("second", "headers = { \"X-Key\" = { env = \"EMPTY\" } }".to_owned()),
    ];
    for (name, keys) in sources {
        let text = format!(
            "refresh = \"1s\"\n[sources.s]\ntype = \"json\"\nurl = \"{}\"\n{keys}\n[[dashboards]]\nname = \"d\"\n\
             [[dashboards.panels]]\nview = \"stat\"\nsource = \"s\"\nquery = \".n\"\n",
            server.url("/x")
        );
        let file = folder.write("b.toml", &text);
        let run = |command: &[&str]| andon().args(command).args(["--config", &file]).env("EMPTY", "").output().unwrap();
        let said = stdout(&run(&["status", "--format", "json"]));
        assert!(said.contains("not authorised: the ") && said.contains(" is empty"), "{name}: {said}");
        assert!(stderr(&run(&["validate"])).contains("warning[secret-missing]"), "{name}");
    }
    assert_eq!(server.requests(), Vec::<String>::new(), "something was sent");
    let literal = "[sources.s]\ntype = \"json\"\nurl = \"http://127.0.0.1/\"\nauth = { bearer = \"\" }\n[[dashboards]]\nname = \"d\"\n";
    let file = folder.write("b.toml", literal);
    assert!(stderr(&andon().args(["validate", "--config", &file]).output().unwrap()).contains("error[empty-secret]"));
}

#[test]
fn a_token_in_the_path_of_an_address_is_shown_nowhere() {
    let (server, folder) = (Server::start(), Folder::new());
    let path = "/services/T02ABCDEF/aB3xY9zQ7wE1rT5yU8iO2pAs";
    server.route(path, Reply::body("application/json", "{\"n\":1}"));
    let text = format!(
        "refresh = \"1s\"\n[sources.j]\ntype = \"json\"\nurl = \"{0}\"\n[sources.p]\ntype = \"probe\"\ntargets = [\"{0}\"]\n\
         [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nview = \"stat\"\nsource = \"j\"\nquery = \".n\"\n\
         [[dashboards.panels]]\nview = \"table\"\nsource = \"p\"\n",
        server.url(path)
    );
    let file = folder.write("b.toml", &text);
    for command in [&["status", "--format", "json"][..], &["snapshot", "--size", "200x40"], &["doctor"]] {
        let output = andon().args(command).args(["--config", &file]).env("ANDON_LOG", "trace").output().unwrap();
        let said = stdout(&output) + &stderr(&output);
        assert!(!said.contains("aB3xY9"), "{command:?}: {said}");
        assert!(said.contains("T02ABCDEF/***") || command[0] == "status", "{command:?}: {said}");
    }
}
