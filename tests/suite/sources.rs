//! Each source against a server that answers as real ones do, and as broken ones do; through the whole
//! program (`andon status`).

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

/// One series whose value is of this moment.
fn vector() -> String {
    let now = andon::model::time::now().seconds();
    format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"job":"x"}},"value":[{now},"4.5"]}}]}}}}"#
    )
}

#[test]
fn prometheus_values_reach_the_panel() {
    let server = Server::start();
    server.route("/api/v1/query", Reply::body("application/json", &vector()));
    let panel = panel(&prometheus(&server), "view = \"gauge\"\nquery = \"up\"\nunit = \"seconds\"\ncritical = \"> 4\"");
    assert_eq!((panel["value"].as_f64(), panel["status"].as_str()), (Some(4.5), Some("critical")));
    let reason = panel["reason"].as_str().unwrap();
    assert!(reason.starts_with("4.5 s > 4 s since before "), "{reason}");
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
    server.route("/api/v1/query", Reply::body("application/json", &vector()));
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
fn a_build_that_deploys_is_a_deploy() {
    let server = Server::start();
    let feed = r#"<Projects>
        <Project name="shop/release" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12" lastBuildTime="2026-11-20T08:00:00Z" webUrl="http://ci/12"/>
        <Project name="shop/main" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="99" lastBuildTime="2026-11-20T09:00:00Z" webUrl="http://ci/99"/>
        </Projects>"#;
    server.route("/cc.xml", Reply::body("application/xml", feed));
    let source = format!(
        "type = \"cctray\"\nurl = \"{}\"\ndeploys = \"*/release\"\ndeploys_to = \"live\"",
        server.url("/cc.xml")
    );
    let folder = Folder::new();
    let file = folder.write("board.toml", &board(&source, "view = \"environments\""));
    let screen = stdout(&run(&["snapshot", "--size", "100x20", "--config", &file]));
    assert!(screen.contains("live") && screen.contains("shop") && screen.contains("#12"), "{screen}");
    assert!(!screen.contains("#99"), "{screen}");
    assert!(screen.contains("last deploy shop #12 live"), "{screen}");
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
#[cfg(feature = "host")]
fn this_machine_tells_of_itself() {
    for (query, unit) in [("cpu", "percent"), ("memory", "percent"), ("disk", "percent"), ("uptime", "seconds")] {
        let panel = panel("type = \"host\"", &format!("view = \"gauge\"\nquery = \"{query}\"\nunit = \"{unit}\""));
        let value = panel["value"].as_f64().unwrap_or_else(|| panic!("{query}: {panel}"));
        assert!(value >= 0.0 && (unit == "seconds" || value <= 1.0), "{query}: {value}");
    }
}
