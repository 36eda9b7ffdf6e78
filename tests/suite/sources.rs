//! Each source against a server that answers as real ones do, and as broken ones do; through the whole
//! program (`andon status`).

use andon::model::labels::names;
use andon::model::poll::Answer;
use andon::model::series::SeriesSet;
use andon::model::telemetry::{Caveat, Telemetry};
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::running::Running;
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
    assert!(line("● b ").contains("running"), "{screen}");
    assert!(line("✖ c ").contains("error"), "{screen}");
    assert!(line("◌ d ").contains("unknown: Paused"), "{screen}");
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

/// The values of an answer by drawn name, and what its source says about it.
fn readings(answer: Answer) -> (Vec<(String, f64)>, Option<Caveat>) {
    let (telemetry, caveat) = answer.unwrap().split();
    let Telemetry::Series(SeriesSet { series, .. }) = telemetry else { panic!("{telemetry:?}") };
    let names = names(&series.iter().map(|one| &one.labels).collect::<Vec<_>>());
    let value = |at: usize| series[at].points.last().unwrap().value;
    (names.iter().enumerate().map(|(at, name)| (name.to_string(), value(at))).collect(), caveat)
}

/// What a probe of these targets reads.
async fn probed(targets: &[String], query: &str) -> (Vec<(String, f64)>, String) {
    let source = format!("type = \"probe\"\ntargets = {targets:?}");
    let mut running = Running::start(&board(&source, &format!("view = \"table\"\nquery = \"{query}\""))).await;
    let (values, caveat) = readings(running.outcome("p").await.answer);
    assert!(caveat.as_ref().is_none_or(|caveat| !caveat.partial), "what is down is told, not missing");
    (values, caveat.map(|caveat| caveat.text.to_string()).unwrap_or_default())
}

#[tokio::test]
async fn targets_that_differ_in_their_query_only_hide_each_other_no_more() {
    let server = Server::start();
    let shared = server.clone();
    server.route(
        "/x",
        Reply::play(move |stream| {
            let down = shared.requests().last().is_some_and(|head| head.contains("token=two"));
            let status = if down { "500 Down" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _sent = std::io::Write::write_all(stream, answer.as_bytes());
            // One after the other: each looks at the last request.
        }),
    );
    let place = server.address;
    for order in [["one", "two"], ["two", "one"]] {
        let mut ups = Vec::new();
        for token in order {
            let (values, _) = probed(&[server.url(&format!("/x?token={token}"))], "up").await;
            ups.push(values[0].1);
        }
        assert_eq!(ups, order.map(|token| if token == "one" { 1.0 } else { 0.0 }));
    }
    let both = [server.url("/x?token=one"), server.url("/x?token=two"), format!("tcp://{place}")];
    let (values, _) = probed(&both, "up").await;
    let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
    let (first, second) = (format!("{place}/x #1"), format!("{place}/x #2"));
    assert_eq!(names, [first.as_str(), second.as_str(), place.to_string().as_str()]);
}

#[tokio::test]
async fn a_probe_says_why_a_target_is_down_and_drops_none() {
    let server = Server::start();
    server.route("/fine", Reply::body("text/plain", "x"));
    server.route("/loop", Reply::header("302 Found", "Location: /loop"));
    server.route("/nowhere", Reply::header("302 Found", "X: y"));
    server.route("/elsewhere", Reply::header("302 Found", "Location: https://127.0.0.1:1/"));
    server.route("/busy", Reply::status("503 Service Unavailable", "text/plain", "no"));
    let targets: Vec<String> = ["fine", "loop", "nowhere", "elsewhere", "busy"]
        .iter()
        .map(|name| format!("{name}={}", server.url(&format!("/{name}"))))
        .chain(["closed=tcp://127.0.0.1:1".to_owned()])
        .collect();
    let (ups, why) = probed(&targets, "up").await;
    assert_eq!(ups.iter().map(|(_, up)| *up).collect::<Vec<_>>(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(
        why,
        "loop: redirect blocked: more than 5 redirects, nowhere: redirect blocked: a redirect without an address, \
         busy: HTTP 503, and 1 more down"
    );
    let (latencies, why) = probed(&targets, "latency").await;
    assert_eq!(latencies.len(), targets.len());
    let known: Vec<bool> = latencies.iter().map(|(_, value)| value.is_finite()).collect();
    assert_eq!(known, [true, false, false, true, true, false]);
    assert!(why.starts_with("loop: redirect blocked"), "{why}");
}

#[tokio::test]
async fn a_probe_needs_no_body() {
    let server = Server::start();
    server.route(
        "/large",
        Reply::play(|stream| {
            let _head = std::io::Write::write_all(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
            let piece = vec![b'x'; 65_536];
            while std::io::Write::write_all(stream, &piece).is_ok() {}
        }),
    );
    server.route(
        "/packed",
        Reply::raw(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\u{1}x{",
        ),
    );
    server
        .route("/part", Reply::raw("HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"));
    server.route("/cut", Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\nx"));
    let targets = ["/large", "/packed", "/part", "/cut"].map(|path| server.url(path));
    let (ups, why) = probed(&targets, "up").await;
    assert_eq!(ups.iter().map(|(_, up)| *up).collect::<Vec<_>>(), [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(why, format!("{}/cut: answer cut short", server.address));
}

#[tokio::test]
async fn a_partial_answer_of_prometheus_says_so() {
    let server = Server::start();
    let body = vector().replacen('{', r#"{"isPartial":true,"warnings":["No StoreAPIs matched for this query"],"#, 1);
    server.route("/api/v1/query", Reply::body("application/json", &body));
    let text = board(&prometheus(&server), "view = \"gauge\"\nquery = \"up\"");
    let mut running = Running::start(&text).await;
    let (values, caveat) = readings(running.outcome("p").await.answer);
    let caveat = caveat.unwrap();
    assert_eq!((values[0].1, caveat.partial), (4.5, true));
    let said = "partial: a part of the server's storage did not answer; partial: No StoreAPIs matched for this query";
    assert_eq!(caveat.text.as_str(), said);
}

#[test]
fn a_server_that_wants_a_tenant_is_heard_and_is_told_it_by_a_second_header() {
    let server = Server::start();
    let shared = server.clone();
    server.route(
        "/api/v1/query",
        Reply::play(move |stream| {
            let requests = shared.requests();
            let head = requests.last().unwrap().to_ascii_lowercase();
            let known = head.contains("x-scope-orgid: team") && head.contains("authorization: bearer t0p-s3cret");
            let answer = if known {
                Reply::body("application/json", &vector())
            } else {
                Reply::status("401 Unauthorized", "text/plain; charset=utf-8", "no org id\n")
            };
            if let Reply::Raw(bytes) = answer {
                let _sent = std::io::Write::write_all(stream, &bytes);
            }
        }),
    );
    let plain = panel(&prometheus(&server), "view = \"gauge\"\nquery = \"up\"");
    let reason = plain["reason"].as_str().unwrap();
    assert!(reason.starts_with("not authorised: HTTP 401: no org id; check the source's auth"), "{reason}");
    let keys = "auth = { bearer = \"t0p-s3cret\" }\nheaders = { \"X-Scope-OrgID\" = \"team\" }";
    let known = panel(&format!("{}\n{keys}", prometheus(&server)), "view = \"gauge\"\nquery = \"up\"");
    assert_eq!(known["value"], 4.5, "{known}");
}

#[test]
fn json_is_read_with_a_byte_order_mark_and_as_a_page_of_text() {
    let server = Server::start();
    server.route("/marked", Reply::body("application/json", "\u{feff}{\"n\": 41}"));
    server.route("/page", Reply::body("text/html; charset=utf-8", "{\"n\": 41}"));
    for path in ["/marked", "/page"] {
        let source = format!("type = \"json\"\nurl = \"{}\"", server.url(path));
        assert_eq!(panel(&source, "view = \"stat\"\nquery = \".n\"")["value"], 41.0, "{path}");
    }
}

#[test]
fn doctor_tells_near_names_of_a_metric_that_is_not_there() {
    let (server, folder) = (Server::start(), Folder::new());
    let nothing = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    server.route("/api/v1/query", Reply::body("application/json", nothing));
    let names = r#"{"status":"success","data":["go_goroutines","http_requests_total","up"]}"#;
    server.route("/api/v1/label/__name__/values", Reply::body("application/json", names));
    let file =
        folder.write("b.toml", &board(&prometheus(&server), "view = \"gauge\"\nquery = \"sum(http_request_total)\""));
    let said = stdout(&run(&["doctor", "--config", &file]));
    assert!(said.contains("the server has no metric 'http_request_total'; near it: http_requests_total"), "{said}");
    let asked = |server: &Server| server.requests().iter().filter(|head| head.contains("__name__")).count();
    assert_eq!(asked(&server), 1);
    run(&["status", "--config", &file]);
    assert_eq!(asked(&server), 1, "only doctor asks for names");
}

#[test]
fn what_is_wrong_with_an_address_or_a_header_has_its_place() {
    let folder = Folder::new();
    for (keys, expected) in [
        ("url = \"http://127.0.0.1:9090/api/v1\"", "without /api/v1"),
        ("url = \"http://127.0.0.1:9090/\"\nheaders = { Host = \"x\" }", "andon sets the header 'Host' itself"),
        ("url = \"http://127.0.0.1:9090/\"\nheaders = { Authorization = \"x\" }", "this header belongs to auth"),
    ] {
        let file = folder
            .write("b.toml", &board(&format!("type = \"prometheus\"\n{keys}"), "view = \"stat\"\nquery = \"up\""));
        let output = run(&["validate", "--config", &file]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let line = 3 + keys.lines().count();
        assert!(said.contains(expected) && said.contains(&format!("b.toml:{line}:")), "{said}");
    }
}
