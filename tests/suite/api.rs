//! The board for other programs: over a real socket, by whoever may and may not.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use andon::hub::Hub;
use andon::model::poll::{Outcome, QueryId};
use andon::model::series::{Coverage, Series, SeriesSet};
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone, now};
use andon::output::openmetrics;
use andon::source::Clock;
use serde_json::Value;

use crate::support::folder::Folder;
use crate::support::prometheus::{Prometheus, free_port, is_here};
use crate::support::pty::{PATIENCE, Session};
use crate::support::running;

/// A board with a panel that is critical, one that nothing judges, and one whose source does not answer.
fn board(port: u16, token: &str, folder: &Folder) -> String {
    let folder = folder.path().display();
    format!(
        "title = \"Test \\\"board\\\"\"\nrefresh = \"1s\"\n[api]\nlisten = \"127.0.0.1:{port}\"\n{token}\n\
         [sources.notes]\ntype = \"events\"\nfile = \"{folder}/events.jsonl\"\n\
         [sources.five]\ntype = \"command\"\ncommand = [\"cat\", \"{folder}/number\"]\n\
         [sources.gone]\ntype = \"json\"\nurl = \"http://127.0.0.1:9/x\"\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"high\"\nview = \"stat\"\nsource = \"five\"\ncritical = \"> 3\"\nunit = \"ms\"\n\
         [[dashboards.panels]]\nid = \"free\"\nview = \"stat\"\nsource = \"five\"\n\
         [[dashboards.panels]]\nid = \"gone\"\nview = \"stat\"\nsource = \"gone\"\nquery = \".x\"\ncritical = \"> 3\"\n"
    )
}

/// An incident that goes on for half an hour, and a deploy of now.
fn events() -> String {
    let (now, before) = (now().rfc3339(), now().minus(Span::seconds(1800)).rfc3339());
    format!(
        "{{\"kind\":\"incident\",\"title\":\"slow\",\"at\":\"{before}\"}}\n\
         {{\"kind\":\"deploy\",\"service\":\"shop\",\"version\":\"v2\",\"at\":\"{now}\"}}\n"
    )
}

/// A board that is shown, and answers.
struct Answering {
    port: u16,
    session: Session,
    folder: Folder,
}

impl Answering {
    fn start() -> Self {
        Self::start_with("token = { env = \"ANDON_TEST_TOKEN\" }")
    }

    fn start_with(token: &str) -> Self {
        let answering = Self::begin(free_port(), token);
        let begin = Instant::now();
        // The sources answer one after the other.
        while !answering.get("/api/v1/events").1.contains("deploy") {
            assert!(begin.elapsed() < PATIENCE);
        }
        answering
    }

    /// Shows it, whether or not it answers.
    fn begin(port: u16, token: &str) -> Self {
        let folder = Folder::new();
        folder.write("events.jsonl", &events());
        folder.write("number", "5");
        let file = folder.write("b.toml", &board(port, token, &folder));
        let session = Session::start_with(&["--config", &file], (100, 30), &[("ANDON_TEST_TOKEN", "secret")]);
        session.wait_for("the value", |text| text.contains("critical"));
        Self { port, session, folder }
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer secret\r\n", self.port))
    }

    fn ask(&self, head: &str) -> (u16, String) {
        let (status, _, body) = self.ask_for_all(head);
        (status, body)
    }

    /// The status, the head and the body of an answer.
    fn ask_for_all(&self, head: &str) -> (u16, String, String) {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return Default::default() };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }

    fn json(&self, path: &str) -> Value {
        let (status, body) = self.get(path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

/// Asks on a connection that stays.
fn ask_on(stream: &mut TcpStream, path: &str) -> std::io::Result<()> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer secret\r\n\r\n")
}

/// Whether a connection that stays is answered with 200 and a text that ends so.
fn is_answered(stream: &mut TcpStream, end: &str) -> bool {
    let (mut answer, mut buffer) = (String::new(), vec![0; 65536]);
    while !answer.ends_with(end) {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => answer.push_str(std::str::from_utf8(&buffer[..count]).unwrap()),
            _ => return false,
        }
    }
    answer.starts_with("HTTP/1.1 200")
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
    let later = now().plus(Span::seconds(3600)).rfc3339();
    let none = board.json(&format!("/api/v1/series?name=high&from={later}"));
    assert_eq!((&none[0]["of"], &none[0]["points"]), (&"high".into(), &Value::Array(Vec::new())));
    // What goes on is of the last minutes, too. The offset of a time may stand as it is.
    let from = now().minus(Span::seconds(600)).rfc3339().replace('Z', "+00:00");
    let events = board.json(&format!("/api/v1/events?from={from}"));
    assert_eq!((&events[0]["kind"], &events[0]["state"]), (&"incident".into(), &"goes on".into()), "{events}");
    assert_eq!((&events[1]["kind"], &events[1]["version"]), (&"deploy".into(), &"v2".into()), "{events}");
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
    let (_, head, _) = board.ask_for_all(&format!("PUT /metrics HTTP/1.1\r\n{host}Content-Length: 0\r\n"));
    assert!(head.contains("allow: GET\r\n"), "{head}");
    board.folder.write("number", "77");
    board.session.wait_for("the next value", |text| text.contains("77"));
}

#[test]
fn who_only_asks_whether_it_is_alive_makes_room_for_who_has_shown_a_token() {
    let board = Answering::start();
    let is_alive = |one: &mut TcpStream| ask_on(one, "/healthz").is_ok() && is_answered(one, "}\n");
    let has_metrics = |one: &mut TcpStream| ask_on(one, "/metrics").is_ok() && is_answered(one, "# EOF\n");
    let (mut proven, mut first) = (board.connect(), board.connect());
    assert!(has_metrics(&mut proven) && is_alive(&mut first));
    let mut more = Vec::new();
    for _ in 0..64 {
        more.push(board.connect());
        assert!(is_alive(more.last_mut().unwrap()));
    }
    assert!(!is_alive(&mut first), "it has shown nothing, and stays");
    assert!(has_metrics(&mut proven), "a token was shown, and it had to leave");
}

#[test]
fn many_who_ask_at_once_are_all_answered_and_the_board_goes_on() {
    let board = Answering::start();
    let ask_again_and_again =
        |mut one: TcpStream| (0..5).all(|_| ask_on(&mut one, "/metrics").is_ok() && is_answered(&mut one, "# EOF\n"));
    let all: Vec<TcpStream> = (0..40).map(|_| board.connect()).collect();
    std::thread::scope(|scope| {
        let asking: Vec<_> = all.into_iter().map(|one| scope.spawn(|| ask_again_and_again(one))).collect();
        board.folder.write("number", "77");
        board.session.wait_for("the next value", |text| text.contains("77"));
        assert!(asking.into_iter().all(|one| one.join().unwrap()));
    });
}

#[test]
fn a_port_that_is_taken_is_shown_until_it_is_free() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let board = Answering::begin(port, "");
    let trouble = format!("the API is not there: 127.0.0.1:{port}: address in use");
    board.session.wait_for("the trouble", |text| text.contains(&trouble));
    drop(taken);
    board.session.wait_for("its end", |text| !text.contains("the API is not there"));
    assert_eq!(board.get("/healthz").0, 200);
}

#[test]
fn a_token_that_is_missing_is_shown() {
    let board = Answering::begin(free_port(), "token = { env = \"ANDON_TEST_IS_NOT_SET\" }");
    board.session.wait_for("the trouble", |text| text.contains("the API is not there: "));
    assert!(board.session.text().contains("ANDON_TEST_IS_NOT_SET is not set"), "{}", board.session.text());
    assert_eq!(board.get("/healthz").0, 0, "nobody listens where nobody knows who may ask");
}

#[test]
fn a_value_that_is_too_old_is_not_exported_as_if_it_were_new() {
    const NOW: Timestamp = Timestamp(1_795_262_400_000);
    let text = "refresh = \"5s\"\n[sources.m]\ntype = \"prometheus\"\nurl = \"http://127.0.0.1:1\"\n\
                [[dashboards]]\nname = \"d\"\n[[dashboards.panels]]\nid = \"p\"\nview = \"stat\"\n\
                source = \"m\"\nquery = \"up\"\ncritical = \"> 9\"\n";
    let mut hub = Hub::new(Arc::new(running::board(text)), Zone::utc(), Clock::Wall);
    let series = SeriesSet::new(vec![Series::single("", NOW, 4.0)], Coverage::Sample);
    hub.apply(Outcome {
        query: QueryId(0),
        at: NOW,
        answer: Ok(Telemetry::Series(series)),
        failures: 0,
        next_try: NOW.plus(Span::seconds(5)),
        budget: None,
        age: Span(0),
        clock_skew: None,
        listener_error: None,
    });
    let panel = "{dashboard=\"d\",panel=\"p\",title=\"p\",layer=\"application\"";
    let lines_after = |seconds| -> Vec<String> {
        let at = NOW.plus(Span::seconds(seconds));
        let text = hub.judged_at(at, |verdicts, scene| openmetrics::text(verdicts, &scene));
        let of_panel = text.lines().filter(|line| line.contains(panel));
        of_panel.map(|line| line.replace(panel, "").replace("andon_panel_", "")).collect()
    };
    assert_eq!(lines_after(7), ["status} 0", "value,unit=\"\"} 4", "age_seconds} 7"]);
    assert_eq!(lines_after(3600), ["status} 3", "age_seconds} 3600"]);
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
