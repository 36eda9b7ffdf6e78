//! Each source against a server that answers as real ones do, and as broken ones do; through the whole
//! program (`andon status`).

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::server::{Reply, Server};
use crate::support::{run, stderr, stdout};

/// Polls a board once and returns its status document.
fn status(toml: &str) -> Value {
    let folder = Folder::new();
    let file = folder.write("board.toml", toml);
    let output = run(&["status", "--format", "json", "--wait", "5s", "--config", &file]);
    assert!(output.status.code().is_some_and(|code| code <= 3), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

/// A board with one source and one panel.
fn board(source: &str, panel: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\n{source}\n[[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"p\"\nsource = \"s\"\n{panel}\n"
    )
}

/// Polls one panel once.
fn panel(source: &str, panel: &str) -> Value {
    status(&board(source, panel))["dashboards"][0]["panels"][0].clone()
}

fn prometheus(server: &Server) -> String {
    format!("type = \"prometheus\"\nurl = \"{}\"", server.url(""))
}

const VECTOR: &str =
    r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"x"},"value":[1,"4.5"]}]}}"#;

#[test]
fn prometheus_values_reach_the_panel() {
    let server = Server::start();
    server.route("/api/v1/query", Reply::body("application/json", VECTOR));
    let panel = panel(&prometheus(&server), "view = \"gauge\"\nquery = \"up\"\nunit = \"seconds\"\ncritical = \"> 4\"");
    assert_eq!((panel["value"].as_f64(), panel["status"].as_str()), (Some(4.5), Some("critical")));
    assert_eq!(panel["reason"], "4.5 s > 4 s since Thu 1 Jan 00:00");
}

#[test]
fn prometheus_explains_a_bad_query_in_its_own_words() {
    let server = Server::start();
    let body = r#"{"status":"error","errorType":"bad_data","error":"1:8: parse error: unclosed left parenthesis"}"#;
    server.route("/api/v1/query", Reply::status("400 Bad Request", "application/json", body));
    let panel = panel(&prometheus(&server), "view = \"gauge\"\nquery = \"sum(up\"");
    assert_eq!((panel["status"].as_str(), panel["freshness"].as_str()), (Some("unknown"), Some("failed")));
    assert!(
        panel["reason"].as_str().unwrap().starts_with("query failed: 1:8: parse error: unclosed left parenthesis"),
        "{panel}"
    );
}

#[test]
fn an_equal_query_is_fetched_once_and_a_long_one_is_posted() {
    let server = Server::start();
    server.route("/api/v1/query", Reply::body("application/json", VECTOR));
    let long = format!("up{{job=~\\\"{}\\\"}}", "a".repeat(2000));
    let panels: String = ["up", "up", "up", &long]
        .iter()
        .enumerate()
        .map(|(n, query)| {
            format!("[[dashboards.panels]]\nid = \"p{n}\"\nview = \"gauge\"\nsource = \"s\"\nquery = \"{query}\"\n")
        })
        .collect();
    let document = status(&format!(
        "refresh = \"2s\"\n[sources.s]\n{}\n[[dashboards]]\nname = \"d\"\n{panels}",
        prometheus(&server)
    ));
    assert!(
        document["dashboards"][0]["panels"].as_array().unwrap().iter().all(|panel| panel["value"] == 4.5),
        "{document}"
    );
    let requests = server.requests();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert_eq!(requests.iter().filter(|head| head.starts_with("POST /api/v1/query ")).count(), 1);
}

#[test]
fn one_json_document_answers_all_its_queries() {
    let server = Server::start();
    server.route("/stats.json", Reply::body("application/json", r#"{"orders":12,"up":true,"rows":[{"a":1}]}"#));
    let toml = format!(
        "[sources.s]\ntype = \"json\"\nurl = \"{}\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"a\"\nview = \"stat\"\nsource = \"s\"\nquery = \".orders\"\n\
         [[dashboards.panels]]\nid = \"b\"\nview = \"lamps\"\nsource = \"s\"\nquery = \".up\"\n\
         [[dashboards.panels]]\nid = \"c\"\nview = \"table\"\nsource = \"s\"\nquery = \".rows\"\n\
         [[dashboards.panels]]\nid = \"d\"\nview = \"stat\"\nsource = \"s\"\nquery = \".nothing\"\n",
        server.url("/stats.json")
    );
    let document = status(&toml);
    let panels = &document["dashboards"][0]["panels"];
    assert_eq!((panels[0]["value"].as_f64(), panels[1]["status"].as_str()), (Some(12.0), Some("ok")));
    assert_eq!(panels[2]["text"], "1");
    assert_eq!(panels[3]["status"], "unknown");
    assert!(panels[3]["reason"].as_str().unwrap().contains(".nothing is null or missing"), "{panels}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn cctray_keeps_building_from_red_apart_from_building_from_green() {
    let server = Server::start();
    let feed = r#"<?xml version="1.0"?><Projects>
        <Project name="a :: one" activity="Building" lastBuildStatus="Failure" lastBuildLabel="12" lastBuildTime="2026-11-21T08:00:00Z" webUrl="http://ci/a"/>
        <Project name="b" activity="building" lastBuildStatus="success" lastBuildLabel="3" lastBuildTime="2026-11-21T08:00:00.1234567+01:00" webUrl="b"/>
        <Project name="c" activity="Sleeping" lastBuildStatus="Exception" lastBuildTime="2026-11-21T08:00:00" extra="x"><messages/></Project>
        <Project name="d" activity="Sleeping" lastBuildStatus="Paused" lastBuildTime=""/>
        </Projects>"#;
    server.route("/cc.xml", Reply::body("application/xml", feed));
    let source = format!("type = \"cctray\"\nurl = \"{}\"", server.url("/cc.xml"));
    let folder = Folder::new();
    let file =
        folder.write("board.toml", &board(&source, "view = \"builds\"\nlayer = \"pipeline\"\ntitle = \"Builds\""));
    let output = run(&["snapshot", "--size", "100x20", "--config", &file]);
    let screen = stdout(&output);
    let line = |name: &str| {
        screen.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}:\n{screen}")).to_owned()
    };
    assert!(line("a :: one ").contains("✖") && line("a :: one ").contains("running"), "{screen}");
    assert!(line("│● b ").contains("running"), "{screen}");
    assert!(line("│✖ c ").contains("error"), "{screen}");
    assert!(line("│◌ d ").contains("unknown: Paused"), "{screen}");
}

#[test]
fn broken_feeds_are_explained() {
    let bomb = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">]><Projects/>";
    for (kind, body, part) in [
        ("text/html", "<html><form>log in</form></html>", "web page"),
        ("application/xml", bomb, "DTD"),
        ("application/xml", "<Projects><Project name=\"x\"", "not understood"),
        ("application/xml", "<feed/>", "not a CCTray feed"),
        ("application/xml", "  ", "empty"),
    ] {
        let server = Server::start();
        server.route("/cc.xml", Reply::body(kind, body));
        let panel = panel(&format!("type = \"cctray\"\nurl = \"{}\"", server.url("/cc.xml")), "view = \"builds\"");
        let reason = panel["reason"].as_str().unwrap();
        assert!(reason.contains(part) || reason.contains("cut short"), "{body}: {reason}");
        assert_eq!(panel["status"], "unknown");
    }
}

#[test]
fn http_faults_have_a_reason_each() {
    let whole = |text: &str| Reply::Raw(text.as_bytes().to_vec());
    for (reply, part) in [
        (Reply::status("503 Service Unavailable", "text/plain", "no"), "HTTP 503"),
        (Reply::status("401 Unauthorized", "text/plain", ""), "not authorised"),
        (Reply::status("404 Not Found", "text/plain", ""), "HTTP 404"),
        (Reply::header("429 Too Many Requests", "Retry-After: 120"), "rate limited"),
        (Reply::header("302 Found", "Location: http://127.0.0.1:1/elsewhere"), "redirect blocked"),
        (Reply::header("302 Found", "Location: /x"), "redirect blocked"),
        (Reply::Close, "connection reset"),
        (Reply::Silence, "timeout (no answer)"),
        (whole("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"a\":1"), "answer cut short"),
        (whole("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{}"), "answer too large"),
        (whole("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\n{}"), "unknown encoding"),
        (whole("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "not HTTP"),
        (Reply::body("application/json", "{\"a\":"), "cut short"),
    ] {
        let server = Server::start();
        server.route("/x", reply);
        let panel = panel(
            &format!("type = \"json\"\nurl = \"{}\"\ntimeout = \"500ms\"", server.url("/x")),
            "view = \"stat\"\nquery = \".a\"",
        );
        let reason = panel["reason"].as_str().unwrap();
        assert!(reason.contains(part), "{part}: {reason}");
        assert_eq!(panel["status"], "unknown");
    }
    let panel = panel("type = \"json\"\nurl = \"http://127.0.0.1:1/x\"", "view = \"stat\"\nquery = \".a\"");
    assert!(panel["reason"].as_str().unwrap().starts_with("connection refused"), "{panel}");
}

#[test]
fn credentials_are_sent_and_never_follow_a_redirect_elsewhere() {
    let (server, other) = (Server::start(), Server::start());
    server.route("/ok", Reply::body("application/json", "{\"a\":1}"));
    server.route("/away", Reply::header("302 Found", &format!("Location: {}", other.url("/stolen"))));
    server.route("/near", Reply::header("302 Found", "Location: /ok"));
    let auth = "auth = { header = { name = \"PRIVATE-TOKEN\", value = \"canary-7\" } }";
    for (path, value) in [("/ok", Some(1.0)), ("/near", Some(1.0)), ("/away", None)] {
        let panel = panel(
            &format!("type = \"json\"\nurl = \"{}\"\n{auth}", server.url(path)),
            "view = \"stat\"\nquery = \".a\"",
        );
        assert_eq!(panel["value"].as_f64(), value, "{path}: {panel}");
        assert!(!panel.to_string().contains("canary"));
    }
    assert!(server.requests().iter().all(|head| head.to_lowercase().contains("private-token: canary-7")));
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[test]
fn a_probe_tells_up_from_down() {
    let server = Server::start();
    server.route("/up", Reply::body("text/plain", "ok"));
    server.route("/down", Reply::status("500 Oops", "text/plain", ""));
    let source = format!(
        "type = \"probe\"\ntargets = [\"good={}\", \"bad={}\", \"gone=tcp://127.0.0.1:1\", \"port=tcp://{}\"]",
        server.url("/up"),
        server.url("/down"),
        server.address
    );
    let up = panel(&source, "view = \"lamps\"");
    assert_eq!((up["status"].as_str(), up["text"].as_str()), (Some("critical"), Some("2 critical, 2 ok")), "{up}");
    let codes = panel(&source, "view = \"bars\"\nquery = \"status\"");
    assert!(codes["text"].as_str().unwrap().contains("bad 500"), "{codes}");
}

#[test]
fn commands_give_numbers_json_and_lines() {
    let value = |command: &str, rest: &str| panel(&format!("type = \"command\"\ncommand = {command}"), rest);
    assert_eq!(value(r#"["echo", "42.5"]"#, "view = \"stat\"")["value"], 42.5);
    assert_eq!(value(r#"["echo", "{\"a\":{\"b\":7}}"]"#, "view = \"stat\"\nquery = \".a.b\"")["value"], 7.0);
    assert_eq!(value(r#"["printf", "one\ntwo\n"]"#, "view = \"text\"")["text"], "one");
    // No shell: an argument is an argument.
    assert_eq!(value(r#"["echo", "$(id); `id`"]"#, "view = \"text\"")["text"], "$(id); `id`");
}

#[test]
fn commands_that_fail_say_how() {
    let reason = |command: &str, rest: &str| {
        let panel = panel(&format!("type = \"command\"\n{rest}\ncommand = {command}"), "view = \"stat\"");
        panel["reason"].as_str().unwrap().to_owned()
    };
    assert!(reason(r#"["/nowhere/at-all"]"#, "").contains("cannot be started"));
    assert!(reason(r#"["sh", "-c", "echo broken >&2; exit 3"]"#, "").contains("exit code 3: broken"));
    assert!(reason(r#"["sh", "-c", "kill -9 $$"]"#, "").contains("ended by a signal"));
    assert!(reason(r#"["true"]"#, "").contains("printed nothing"));
    assert!(reason(r#"["head", "-c", "3000000", "/dev/zero"]"#, "").contains("too large"));
    let begin = Instant::now();
    assert!(reason(r#"["sleep", "600"]"#, "timeout = \"300ms\"").contains("timeout"));
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_command_sees_only_the_environment_it_is_given() {
    let folder = Folder::new();
    let source = "type = \"command\"\ncommand = [\"env\"]\nenvironment = [\"GIVEN\"]";
    let file = folder.write("board.toml", &board(source, "view = \"text\""));
    let output = crate::support::andon()
        .args(["snapshot", "--size", "80x30", "--config", &file])
        .envs([("GIVEN", "yes-please"), ("SECRET_TOKEN", "canary")])
        .output()
        .unwrap();
    let screen = stdout(&output);
    assert!(screen.contains("GIVEN=yes-please") && !screen.contains("canary"), "{screen}");
}

#[test]
fn what_a_command_leaves_running_is_ended() {
    let folder = Folder::new();
    let marker = folder.path().join("pid");
    let source = format!(
        "type = \"command\"\ntimeout = \"400ms\"\ncommand = [\"sh\", \"-c\", \"sleep 600 & echo $! > {}; wait\"]",
        marker.display()
    );
    let panel = panel(&source, "view = \"stat\"");
    assert!(panel["reason"].as_str().unwrap().contains("timeout"), "{panel}");
    let pid = std::fs::read_to_string(marker).unwrap();
    let alive =
        || std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).is_ok_and(|stat| !stat.contains(") Z "));
    let begin = Instant::now();
    while alive() && begin.elapsed() < Duration::from_secs(10) {
        std::thread::park_timeout(Duration::from_millis(20));
    }
    assert!(!alive(), "the grandchild still runs");
}

#[test]
#[cfg(feature = "host")]
fn this_machine_tells_of_itself() {
    for (query, unit) in [("cpu", "percent"), ("memory", "percent"), ("disk", "percent"), ("uptime", "seconds")] {
        let panel = panel("type = \"host\"", &format!("view = \"gauge\"\nquery = \"{query}\"\nunit = \"{unit}\""));
        let value = panel["value"].as_f64().unwrap_or_else(|| panic!("{query}: {panel}"));
        assert!(value >= 0.0 && (unit == "seconds" || value <= 1.0), "{query}: {value}");
    }
}
