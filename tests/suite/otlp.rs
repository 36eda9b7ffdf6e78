//! What programs send as OTLP: over real sockets, in every wrong way, and from the SDKs of the field.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use andon::model::labels::METRIC;
use andon::model::log::Level;
use andon::model::series::MAX_SERIES;
use andon::model::table::Cell;
use andon::model::telemetry::Telemetry;
use andon::source::otlp::messages::{
    Gauge, Metric, Metrics, NumberPoint, PartialSuccess, ResourceMetrics, Response, RpcStatus, ScopeMetrics,
};
use prost::Message as _;

use crate::support::andon;
use crate::support::folder::Folder;
use crate::support::installed::is_there;
use crate::support::prometheus::free_port;
use crate::support::pty::PATIENCE;
use crate::support::running::Running;

/// A board that listens, with all series, the lines, and the counts.
fn board(port: u16) -> String {
    format!(
        "refresh = \"1s\"\n[sources.app]\ntype = \"otlp\"\nlisten = \"127.0.0.1:{port}\"\nmax_body = 100000\n\
         origins = [\"https://shop.example.com\"]\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"all\"\nview = \"chart\"\nsource = \"app\"\n\
         [[dashboards.panels]]\nid = \"lines\"\nview = \"logs\"\nsource = \"app\"\nquery = \"logs()\"\n\
         [[dashboards.panels]]\nid = \"counts\"\nview = \"table\"\nsource = \"app\"\nquery = \"counts()\"\n"
    )
}

async fn listening(port: u16) -> Running {
    let mut running = Running::start(&board(port)).await;
    running.outcome("counts").await.answer.unwrap();
    running
}

/// Sends a request as it is; the status and the body of the answer.
fn raw(port: u16, request: &[u8]) -> (u16, Vec<u8>) {
    let (head, body) = exchange(port, request);
    (head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0), body)
}

/// Sends a request as it is; the head and the body of the answer.
fn exchange(port: u16, request: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    // Who is not understood may find the connection reset.
    let _reset = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    (String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase(), answer[end..].to_vec())
}

fn request(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

const PROTOBUF: &str = "Content-Type: application/x-protobuf\r\n";
const JSON: &str = "Content-Type: application/json; charset=utf-8\r\n";

/// A gauge, with as many series as there are names.
fn gauges(names: &[String]) -> Vec<u8> {
    let metric = |name: &String| {
        let point = NumberPoint { as_double: Some(7.0), ..NumberPoint::default() };
        Metric { name: name.clone(), gauge: Some(Gauge { data_points: vec![point] }), ..Metric::default() }
    };
    let scope_metrics = vec![ScopeMetrics { scope: None, metrics: names.iter().map(metric).collect() }];
    Metrics { resource_metrics: vec![ResourceMetrics { resource: None, scope_metrics }] }.encode_to_vec()
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Waits for series of this name.
async fn comes(running: &mut Running, names: &[&str]) -> Vec<f64> {
    let begin = Instant::now();
    let mut found: Vec<Option<f64>> = vec![None; names.len()];
    while found.iter().any(Option::is_none) {
        assert!(begin.elapsed() < PATIENCE, "{names:?}: {found:?}");
        if let Telemetry::Series(set) = running.outcome("all").await.answer.unwrap().split().0 {
            for (name, value) in names.iter().zip(&mut found) {
                let one = set.series.iter().find(|one| one.labels.get(METRIC) == Some(name));
                *value = one.and_then(|one| one.points.last()).map(|point| point.value).or(*value);
            }
        }
    }
    found.into_iter().flatten().collect()
}

#[tokio::test]
async fn both_encodings_and_gzip_are_taken_and_answered_in_kind() {
    let port = free_port();
    let mut running = listening(port).await;
    let json =
        br#"{"resourceMetrics":[{"resource":null,"scopeMetrics":[{"metrics":[{"name":"by.json","unknown":1,"gauge":
        {"dataPoints":[{"timeUnixNano":"1795262400000000000","asInt":"12"}]}}]}]}]}"#;
    let body = gauges(&["by.protobuf".to_owned()]);
    for (headers, body) in [
        (PROTOBUF.to_owned(), body.clone()),
        (format!("{PROTOBUF}Content-Encoding: gzip\r\n"), gzip(&gauges(&["by.gzip".to_owned()]))),
        (format!("{JSON}Origin: https://shop.example.com\r\n"), json.to_vec()),
        (PROTOBUF.to_owned(), Vec::new()),
    ] {
        let (status, answer) = raw(port, &request("/v1/metrics", &headers, &body));
        assert_eq!(status, 200, "{headers}");
        let expected: &[u8] = if headers.contains("json") { b"{}" } else { b"" };
        assert_eq!(answer, expected);
    }
    assert_eq!(comes(&mut running, &["by.protobuf", "by.gzip", "by.json"]).await, [7.0, 7.0, 12.0]);
    assert_eq!(raw(port, &request("/v1/traces", JSON, b"{\"resourceSpans\":[]}")).0, 200);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_the_status_of_the_specification() {
    let port = free_port();
    let mut running = listening(port).await;
    let big = vec![0; 100_001];
    for (status, name, request) in [
        (400, "no protobuf", request("/v1/metrics", PROTOBUF, b"\xff\xff\xff")),
        (400, "no JSON", request("/v1/logs", JSON, b"{")),
        (400, "JSON of another form", request("/v1/metrics", JSON, b"{\"resourceMetrics\":7}")),
        (400, "no gzip", request("/v1/metrics", &format!("{PROTOBUF}Content-Encoding: gzip\r\n"), b"plain")),
        (403, "a web page", request("/v1/metrics", &format!("{JSON}Origin: https://evil.example.com\r\n"), b"{}")),
        (404, "another path", request("/v1/profiles", PROTOBUF, b"")),
        (405, "GET", b"GET /v1/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec()),
        (413, "too large", request("/v1/metrics", PROTOBUF, &big)),
        (
            413,
            "too large, packed",
            request("/v1/metrics", &format!("{PROTOBUF}Content-Encoding: gzip\r\n"), &gzip(&big)),
        ),
        (415, "another type", request("/v1/metrics", "Content-Type: text/plain\r\n", b"x")),
        (415, "another packing", request("/v1/metrics", &format!("{PROTOBUF}Content-Encoding: zstd\r\n"), b"x")),
    ] {
        assert_eq!(raw(port, &request).0, status, "{name}");
    }
    // A request that is cut is no request, wherever it is cut; who comes next is served.
    let cut = request("/v1/metrics", PROTOBUF, &gauges(&["cut".to_owned()]));
    for end in 0..cut.len() {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(&cut[..end]).unwrap();
    }
    let whole = request("/v1/metrics", PROTOBUF, &gauges(&["whole".to_owned()]));
    // Until it is seen that they are cut they are under way.
    let begin = Instant::now();
    while raw(port, &whole).0 == 429 {
        assert!(begin.elapsed() < PATIENCE);
    }
    let begin = Instant::now();
    let mut seen = BTreeSet::new();
    while !seen.contains("whole") {
        assert!(begin.elapsed() < PATIENCE, "{seen:?}");
        if let Telemetry::Series(set) = running.outcome("all").await.answer.unwrap().split().0 {
            seen.extend(set.series.iter().filter_map(|one| one.labels.get(METRIC)).map(str::to_owned));
        }
    }
    assert_eq!(seen.len(), 1, "of what was cut something was taken: {seen:?}");
}

#[tokio::test]
async fn a_refusal_is_in_the_encoding_of_the_request() {
    let port = free_port();
    let _running = listening(port).await;
    let packed = format!("{PROTOBUF}Content-Encoding: zstd\r\n");
    for (headers, path, code, why) in [
        (PROTOBUF, "/v1/profiles", 12, "there are /v1/metrics, /v1/logs and /v1/traces"),
        (packed.as_str(), "/v1/metrics", 3, "Content-Encoding 'zstd' is not gzip"),
        (JSON, "/v1/profiles", 12, "there are /v1/metrics, /v1/logs and /v1/traces"),
        ("Content-Type: text/plain\r\n", "/v1/profiles", 12, "there are /v1/metrics, /v1/logs and /v1/traces"),
    ] {
        let (head, body) = exchange(port, &request(path, headers, b""));
        let status = if headers.contains("protobuf") {
            assert!(head.contains("content-type: application/x-protobuf\r\n"), "{head}");
            RpcStatus::decode(body.as_slice()).unwrap()
        } else {
            assert!(head.contains("content-type: application/json\r\n"), "{head}");
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let code = i32::try_from(body["code"].as_i64().unwrap()).unwrap();
            RpcStatus { code, message: body["message"].as_str().unwrap().to_owned() }
        };
        assert_eq!(status, RpcStatus { code, message: why.to_owned() }, "{headers}");
    }
    let (head, _) = exchange(port, b"GET /v1/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(head.starts_with("http/1.1 405") && head.contains("\r\nallow: post, options\r\n"), "{head}");
}

#[tokio::test]
async fn a_web_page_that_is_listed_can_send() {
    let port = free_port();
    let mut running = listening(port).await;
    let ask = |method: &str, headers: &str| {
        let head = format!("{method} /v1/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        exchange(port, head.as_bytes()).0
    };
    let origin = "Origin: https://shop.example.com\r\n";
    let wanted = "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type,x-key\r\n";
    let allowed = "\r\naccess-control-allow-origin: https://shop.example.com\r\n";
    let head = ask("OPTIONS", &format!("{origin}{wanted}Access-Control-Request-Private-Network: true\r\n"));
    assert!(head.starts_with("http/1.1 204"), "{head}");
    for line in [
        allowed,
        "\r\naccess-control-allow-methods: post\r\n",
        "\r\naccess-control-allow-headers: content-type,x-key\r\n",
        "\r\naccess-control-allow-private-network: true\r\n",
        "\r\nvary: origin\r\n",
    ] {
        assert!(head.contains(line), "{line:?}: {head}");
    }
    let body = gauges(&["by.page".to_owned()]);
    let (head, _) = exchange(port, &request("/v1/metrics", &format!("{PROTOBUF}{origin}"), &body));
    assert!(head.starts_with("http/1.1 200") && head.contains(allowed), "{head}");
    // It can read why it is refused, too.
    let (head, _) = exchange(port, &request("/v1/other", &format!("{PROTOBUF}{origin}"), &body));
    assert!(head.starts_with("http/1.1 404") && head.contains(allowed), "{head}");
    let head = ask("OPTIONS", &format!("Origin: https://evil.example.com\r\n{wanted}"));
    assert!(head.starts_with("http/1.1 403") && !head.contains("access-control"), "{head}");
    assert!(ask("OPTIONS", "").starts_with("http/1.1 405"));
    assert_eq!(comes(&mut running, &["by.page"]).await, [7.0]);
}

#[tokio::test]
async fn who_comes_while_too_many_are_under_way_is_asked_to_come_again() {
    let port = free_port();
    let mut running = listening(port).await;
    let whole = request("/v1/metrics", PROTOBUF, &gauges(&["late".to_owned()]));
    let slow: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
            stream.write_all(&whole[..whole.len() - 1]).unwrap();
            stream
        })
        .collect();
    let begin = Instant::now();
    let head = loop {
        let (head, _) = exchange(port, &whole);
        if head.starts_with("http/1.1 429") {
            break head;
        }
        assert!(begin.elapsed() < PATIENCE);
    };
    assert!(head.contains("\r\nretry-after: 1\r\n"), "{head}");
    drop(slow);
    while raw(port, &whole).0 != 200 {
        assert!(begin.elapsed() < PATIENCE);
    }
    comes(&mut running, &["late"]).await;
    // Who is asked to come again has sent nothing bad; those that were cut have.
    let begin = Instant::now();
    while counted(&mut running, "requests asked to come again").await < 5.0 {
        assert!(begin.elapsed() < PATIENCE);
    }
    assert!(counted(&mut running, "bad").await <= 16.0);
}

/// A row of the counts.
async fn counted(running: &mut Running, what: &str) -> f64 {
    let Telemetry::Table(table) = running.outcome("counts").await.answer.unwrap().split().0 else { return 0.0 };
    let row = table.rows.iter().find(|row| row[0] == Cell::Text(what.into())).unwrap();
    let Cell::Number(count) = row[2] else { panic!("{row:?}") };
    count
}

#[tokio::test]
async fn a_client_that_speaks_grpc_is_told_of_on_the_board() {
    let port = free_port();
    let mut running = listening(port).await;
    // Its beginning comes in two parts: the second when the first has been acknowledged.
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"PRI * HT").unwrap();
    running.outcome("counts").await.answer.unwrap();
    stream.write_all(b"TP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    assert!(answer.is_empty(), "it was answered as HTTP/1.1");
    let begin = Instant::now();
    while !running.panel("all").reason.contains("set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf") {
        assert!(begin.elapsed() < PATIENCE, "{}", running.panel("all").reason);
        running.next().await;
    }
    assert!(!running.panel("all").reason.contains("4318"), "it is not known where the client sends");
}

#[test]
fn the_doctor_says_that_a_client_speaks_grpc() {
    let (folder, port) = (Folder::new(), free_port());
    let board = board(port).replace("type = \"otlp\"", "type = \"otlp\"\ntimeout = \"4s\"");
    let file = folder.write("board.toml", &board);
    let doctor = andon().args(["doctor", "--config", &file]).stdout(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    // It listens while it looks, and waits for two seconds for what is sent.
    let mut stream = loop {
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)) {
            break stream;
        }
        assert!(begin.elapsed() < PATIENCE);
    };
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    let said = String::from_utf8(doctor.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"), "{said}");
}

#[tokio::test]
async fn names_without_end_are_refused_in_part_and_said() {
    let port = free_port();
    let mut running = listening(port).await;
    let mut rejected = 0;
    for hundred in 0..15 {
        let names: Vec<String> = (0..100).map(|n| format!("name.{}", hundred * 100 + n)).collect();
        let (status, answer) = raw(port, &request("/v1/metrics", PROTOBUF, &gauges(&names)));
        assert_eq!(status, 200);
        let partial = Response::decode(answer.as_slice()).unwrap().partial_success;
        if let Some(PartialSuccess { rejected: count, error_message }) = partial {
            rejected += count;
            assert_eq!(error_message, "the limit of 1000 series is reached");
        }
    }
    assert_eq!(rejected, 1500 - MAX_SERIES as i64);
    let begin = Instant::now();
    while !running.panel("all").reason.contains("500 over the limit") {
        assert!(begin.elapsed() < PATIENCE, "{}", running.panel("all").reason);
        running.next().await;
    }
}

/// Counts, measures and logs with the SDK, twice, as an application does.
const PYTHON: &str = r#"
import logging, sys, time
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
base = "http://127.0.0.1:" + sys.argv[1]
resource = Resource.create({"service.name": "shop", "deployment.environment": "test"})
exporter = OTLPMetricExporter(endpoint=base + "/v1/metrics", compression=Compression.Gzip)
reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3600000)
meter = MeterProvider(resource=resource, metric_readers=[reader]).get_meter("m")
orders, took = meter.create_counter("orders"), meter.create_histogram("took")
orders.add(3); took.record(30); took.record(700)
reader.force_flush()
orders.add(4)
reader.force_flush()
provider = LoggerProvider(resource=resource)
provider.add_log_record_processor(SimpleLogRecordProcessor(OTLPLogExporter(endpoint=base + "/v1/logs")))
logger = logging.getLogger("shop.pay")
logger.addHandler(LoggingHandler(logger_provider=provider))
logger.error("card of %s refused", "ann")
"#;

#[tokio::test]
async fn live_the_python_sdk_sends_metrics_and_logs() {
    let clients = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/clients");
    let python = clients.join("bin/python");
    let name = "otlp::live_the_python_sdk_sends_metrics_and_logs";
    if !is_there(name, std::slice::from_ref(&python)) {
        return;
    }
    let port = free_port();
    let mut running = listening(port).await;
    let output = Command::new(python).args(["-c", PYTHON, &port.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let begin = Instant::now();
    let (mut orders, mut count, mut lines) = (Vec::new(), 0.0, Vec::new());
    while orders.iter().sum::<f64>() < 7.0 || count < 2.0 || lines.is_empty() {
        assert!(begin.elapsed() < PATIENCE, "{orders:?} {count} {lines:?}");
        match running.next().await.unwrap().answer.unwrap().split().0 {
            Telemetry::Series(set) => {
                for one in &set.series {
                    let values = one.points.iter().map(|point| point.value);
                    match one.labels.get(METRIC) {
                        Some("orders") => {
                            assert_eq!(
                                (one.labels.get("service"), one.labels.get("environment")),
                                (Some("shop"), Some("test"))
                            );
                            orders.extend(values);
                        }
                        Some("took.count") => count += values.sum::<f64>(),
                        _ => {}
                    }
                }
            }
            Telemetry::Logs(new) => lines.extend(new.iter().map(|line| line.as_ref().clone())),
            _ => {}
        }
    }
    // At its end the SDK exports once more, in which nothing was added.
    assert_eq!((&orders[..2], count), (&[3.0, 4.0][..], 2.0));
    let line = &lines[0];
    assert_eq!((line.level, line.message.as_str()), (Some(Level::Error), "card of ann refused"));
    assert_eq!(line.category.as_str(), "shop.shop.pay");
}

/// The same in a second language, as JSON.
const NODE: &str = r#"
const { OTLPMetricExporter } = require("@opentelemetry/exporter-metrics-otlp-http");
const { MeterProvider, PeriodicExportingMetricReader } = require("@opentelemetry/sdk-metrics");
const exporter = new OTLPMetricExporter({ url: `http://127.0.0.1:${process.argv[1]}/v1/metrics` });
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3600000 });
const meter = new MeterProvider({ readers: [reader] }).getMeter("m");
meter.createCounter("node.orders").add(5);
meter.createHistogram("node.took").record(30);
// Its clock has milliseconds, and a point whose start is its own time says nothing of what was added.
for (const begun = Date.now(); Date.now() <= begun; );
reader.forceFlush().then(() => process.exit(0));
"#;

#[tokio::test]
async fn live_the_node_sdk_sends_json() {
    let clients = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/clients");
    let module = clients.join("node_modules/@opentelemetry/exporter-metrics-otlp-http");
    if !module.exists() {
        // tests/run installs it where there is npm: not on every machine. Past the capture of the test harness.
        let heard = writeln!(
            std::io::stderr(),
            "SKIPPED otlp::live_the_node_sdk_sends_json: {} not installed",
            module.display()
        );
        heard.unwrap();
        return;
    }
    let port = free_port();
    let mut running = listening(port).await;
    let output = Command::new("node").current_dir(&clients).args(["-e", NODE, &port.to_string()]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(comes(&mut running, &["node.orders", "node.took.count"]).await, [5.0, 1.0]);
}
