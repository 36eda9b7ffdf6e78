//! The board for other programs: over a real socket, by whoever may and may not.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use andon::model::time::now;
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::prometheus::{Prometheus, free_port, is_here};
use crate::support::pty::{PATIENCE, Session};

/// A board with a panel that is critical, one that nothing judges, and one whose source does not answer.
fn board(port: u16, token: &str, events: &str) -> String {
    format!(
        "title = \"Test \\\"board\\\"\"\nrefresh = \"1s\"\n[api]\nlisten = \"127.0.0.1:{port}\"\n{token}\n\
         [sources.notes]\ntype = \"events\"\nfile = \"{events}\"\n[sources.five]\ntype = \"command\"\ncommand = [\"echo\", \"5\"]\n\
         [sources.gone]\ntype = \"json\"\nurl = \"http://127.0.0.1:9/x\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"high\"\nview = \"stat\"\nsource = \"five\"\ncritical = \"> 3\"\nunit = \"ms\"\n\
         [[dashboards.panels]]\nid = \"free\"\nview = \"stat\"\nsource = \"five\"\n\
         [[dashboards.panels]]\nid = \"gone\"\nview = \"stat\"\nsource = \"gone\"\nquery = \".x\"\ncritical = \"> 3\"\n"
    )
}

/// A board that is shown, and answers.
struct Answering {
    port: u16,
    _session: Session,
    _folder: Folder,
}

impl Answering {
    fn start() -> Self {
        Self::start_with("token = { env = \"ANDON_TEST_TOKEN\" }")
    }

    fn start_with(token: &str) -> Self {
        let (port, folder) = (free_port(), Folder::new());
        let deploy =
            format!("{{\"kind\":\"deploy\",\"service\":\"shop\",\"version\":\"v2\",\"at\":\"{}\"}}\n", now().rfc3339());
        let events = folder.write("events.jsonl", &deploy);
        let file = folder.write("b.toml", &board(port, token, &events));
        let session = Session::start_with(&["--config", &file], (100, 30), &[("ANDON_TEST_TOKEN", "secret")]);
        session.wait_for("the value", |text| text.contains("critical"));
        let answering = Self { port, _session: session, _folder: folder };
        let begin = Instant::now();
        // The sources answer one after the other.
        while !answering.get("/api/v1/events").1.contains("deploy") {
            assert!(begin.elapsed() < PATIENCE);
        }
        answering
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer secret\r\n", self.port))
    }

    fn ask(&self, head: &str) -> (u16, String) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return (0, String::new()) };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }
}

#[test]
fn values_statuses_and_freshness_can_be_scraped() {
    let board = Answering::start();
    let (status, text) = board.get("/metrics");
    assert_eq!(status, 200);
    let high = "{dashboard=\"d\",panel=\"high\",title=\"high\",layer=\"application\"";
    for line in [
        "andon_board_status{board=\"Test \\\"board\\\"\"} 2".to_owned(),
        format!("andon_panel_status{high}}} 2"),
        format!("andon_panel_value{high},unit=\"ms\"}} 5"),
        "andon_source_fresh{source=\"five\",type=\"command\"} 1".to_owned(),
        "andon_source_fresh{source=\"gone\",type=\"json\"} 0".to_owned(),
    ] {
        assert!(text.lines().any(|one| one == line), "{line} in\n{text}");
    }
    // Nothing judges it: nobody knows.
    assert!(!text.contains("andon_panel_status{dashboard=\"d\",panel=\"free\""), "{text}");
    assert!(text.contains("andon_panel_status{dashboard=\"d\",panel=\"gone\"") && text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn the_verdicts_the_numbers_and_what_happened_can_be_asked() {
    let board = Answering::start();
    let status = board.json("/api/v1/status");
    assert_eq!((&status["status"], &status["dashboards"][0]["panels"][0]["id"]), (&"critical".into(), &"high".into()));
    let series = board.json("/api/v1/series?name=high");
    assert_eq!((&series[0]["of"], &series[0]["points"][0]["value"]), (&"high".into(), &5.0.into()));
    assert_eq!(
        board.json("/api/v1/series?name=d%2Fhigh&to=1000"),
        Value::Array(vec![serde_json::json!({
            "of": "d/high", "labels": series[0]["labels"], "points": []
        })])
    );
    let events = board.json("/api/v1/events");
    assert_eq!((&events[0]["kind"], &events[0]["version"]), (&"deploy".into(), &"v2".into()), "{events}");
    assert_eq!(board.json("/api/v1/events?to=2020-01-01T00:00:00Z"), Value::Array(Vec::new()));
    assert_eq!(board.get("/api/v1/series?name=none").0, 404);
}

/// Where a value is not as the schema has it: the keywords of JSON Schema that docs/api.schema.json uses.
fn faults(value: &Value, schema: &Value, at: &str) -> Vec<String> {
    let mut all = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allows =
        |wanted: &Value| wanted == kind || wanted.as_array().is_some_and(|all| all.iter().any(|one| one == kind));
    if !schema["type"].is_null() && !allows(&schema["type"]) {
        all.push(format!("{at} is {kind}, and not {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        all.push(format!("{at} is {value}, and not of {}", schema["enum"]));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        all.extend(faults(item, &schema["items"], &format!("{at}[{index}]")));
    }
    let (fields, properties) = (value.as_object(), schema["properties"].as_object());
    if let (Some(fields), Some(properties)) = (fields, properties) {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        all.extend(required.filter(|key| !fields.contains_key(*key)).map(|key| format!("{at}.{key} is missing")));
        for (key, field) in fields {
            match properties.get(key) {
                Some(property) => all.extend(faults(field, property, &format!("{at}.{key}"))),
                None => all.push(format!("{at}.{key} is not in the schema")),
            }
        }
    }
    all
}

#[test]
fn answers_are_as_the_schema_has_them() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/api.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    // The test itself sees what is wrong.
    assert_eq!(faults(&serde_json::json!({ "alive": 1, "x": 2 }), &schema["$defs"]["health"], "health").len(), 3);
    let board = Answering::start();
    for (name, path) in [
        ("health", "/healthz"),
        ("status", "/api/v1/status"),
        ("series", "/api/v1/series?name=high"),
        ("events", "/api/v1/events"),
    ] {
        let answer = board.json(path);
        assert!(!schema["$defs"][name].is_null() && answer != Value::Array(Vec::new()), "{name}");
        assert_eq!(faults(&answer, &schema["$defs"][name], name), [""; 0]);
    }
    let error: Value = serde_json::from_str(&board.get("/nowhere").1).unwrap();
    assert_eq!(faults(&error, &schema["$defs"]["error"], "error"), [""; 0]);
}

#[test]
fn who_may_not_ask_is_refused_and_the_board_goes_on() {
    let board = Answering::start();
    let host = format!("Host: localhost:{}\r\n", board.port);
    for (status, head) in [
        (401, format!("GET /metrics HTTP/1.1\r\n{host}")),
        (403, "GET /metrics HTTP/1.1\r\nHost: evil.example.com\r\nAuthorization: Bearer secret\r\n".to_owned()),
        (403, format!("GET /metrics HTTP/1.1\r\n{host}Origin: http://localhost\r\nAuthorization: Bearer secret\r\n")),
        (405, format!("POST /metrics HTTP/1.1\r\n{host}Authorization: Bearer secret\r\nContent-Length: 0\r\n")),
        (404, format!("GET /secrets HTTP/1.1\r\n{host}Authorization: Bearer secret\r\n")),
        (200, format!("GET /healthz HTTP/1.1\r\n{host}")),
    ] {
        let (is, body) = board.ask(&head);
        assert_eq!(is, status, "{head}{body}");
        assert!(!body.contains("secret\""), "{body}");
    }
}

#[test]
fn live_a_prometheus_scrapes_the_board() {
    if !is_here("api::live_a_prometheus_scrapes_the_board") {
        return;
    }
    let board = Answering::start_with("");
    let mut prometheus = Prometheus::prepared();
    prometheus.scrapes(board.port);
    prometheus.start();
    prometheus.wait_until_it_has("andon_panel_value{panel=\"high\"}");
    assert_eq!(prometheus.value("andon_panel_value{panel=\"high\"}"), Some(5.0));
    assert_eq!(prometheus.value("andon_panel_status{panel=\"high\"}"), Some(2.0));
    assert_eq!(prometheus.value("up{job=\"other\"}"), Some(1.0));
}
