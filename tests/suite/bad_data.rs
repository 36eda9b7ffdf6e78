//! Answers that are not what they should be, for each source that could get them: refused with a reason,
//! or taken with gaps where there is no number. Nothing partial, nothing infinite, no zero for nothing,
//! and no panel that cannot draw it.

use std::sync::Arc;

use andon::hub::Hub;
use andon::model::fault::FetchError;
use andon::model::poll::{Ask, Outcome, QueryId};
use andon::model::series::{Series, SeriesSet};
use andon::model::status::Status;
use andon::model::telemetry::Telemetry;
use andon::model::time::{Span, Timestamp, Zone};
use andon::panel::ink::Glyphs;
use andon::render::render;
use andon::render::theme::{Theme, embedded};
use andon::source::http::Response;
use andon::source::json::jq::Interpreter;
use andon::source::json::{path, pick};
use andon::source::{Clock, cctray, prometheus};
use andon::view::lens::Lens;
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

use crate::support::running::board;

/// Saturday, 21 November 2026, 12:00 UTC.
const NOW: Timestamp = Timestamp(1_795_262_400_000);

/// What must come of an input.
#[derive(Debug, Clone, Copy)]
enum Comes {
    /// The values of the first series, gaps as NaN.
    Values(&'static [f64]),
    /// So many series, rows, builds or lines.
    Count(usize),
    /// Nothing, and the reason begins so.
    Refused(&'static str),
}
use Comes::{Count, Refused, Values};

const GAP: f64 = f64::NAN;

#[track_caller]
fn check(name: &str, answer: Result<Telemetry, FetchError>, comes: Comes) {
    let answer = answer.and_then(Telemetry::within_limits);
    match (&answer, comes) {
        (Err(error), Refused(reason)) => {
            assert!(error.to_string().starts_with(reason), "{name}: {error}, expected {reason}");
        }
        (Ok(Telemetry::Series(SeriesSet { series, .. })), Values(wanted)) => {
            let values: Vec<f64> =
                series.first().map(|one| one.points.iter().map(|p| p.value).collect()).unwrap_or_default();
            let same = |(a, b): (&f64, &f64)| a == b || (a.is_nan() && b.is_nan());
            assert!(
                values.len() == wanted.len() && values.iter().zip(wanted).all(same),
                "{name}: {values:?}, expected {wanted:?}"
            );
        }
        (Ok(telemetry), Count(wanted)) => {
            let count = match telemetry.clone().split().0 {
                Telemetry::Series(SeriesSet { series, .. }) => series.len(),
                Telemetry::Table(table) => table.rows.len(),
                Telemetry::Builds(builds) => builds.len(),
                Telemetry::Events(events) => events.len(),
                Telemetry::Reviews(reviews) => reviews.len(),
                Telemetry::Logs(lines) => lines.len(),
                Telemetry::Text(lines) => lines.len(),
                Telemetry::Caveat { .. } => unreachable!("it was split off"),
            };
            assert_eq!(count, wanted, "{name}");
        }
        (answer, comes) => panic!("{name}: {answer:?}, expected {comes:?}"),
    }
    draw_in_every_view(name, &answer);
}

/// Every view draws it, small and large, and none of them calls it infinite.
fn draw_in_every_view(name: &str, answer: &Result<Telemetry, FetchError>) {
    let views = ["stat", "chart", "sparkline", "gauge", "bars", "table", "lamps", "builds", "text"];
    let panels: String =
        views.map(|view| format!("[[dashboards.panels]]\nview = \"{view}\"\nsource = \"s\"\n")).concat();
    let board = board(&format!(
        "[sources.s]\ntype = \"command\"\ncommand = [\"true\"]\n[[dashboards]]\nname = \"d\"\n{panels}"
    ));
    let queries: Vec<QueryId> = board.queries.iter().map(|query| query.id).collect();
    let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
    let mut hub = Hub::new(Arc::new(board), Zone::utc(), Clock::Wall);
    for query in queries {
        let failures = u32::from(answer.is_err());
        hub.apply(Outcome {
            query,
            at: NOW,
            answer: answer.clone(),
            failures,
            next_try: NOW.plus(Span::seconds(10)),
            budget: None,
            age: Span(0),
            clock_skew: None,
            listener_error: None,
        });
    }
    let scene = hub.scene_at(NOW);
    for panel in &scene.pages[0].panels {
        assert!(panel.value.is_none_or(f64::is_finite), "{name}: {:?}", panel.value);
        assert!(answer.is_ok() || panel.status == Status::Unknown, "{name}: {} is {:?}", panel.id, panel.status);
    }
    for (width, height) in [(200, 50), (80, 24), (20, 9), (3, 3)] {
        let text = andon::output::text::plain(&render(&scene, &Lens::default(), &ink, width, height).buffer);
        assert!(!text.contains("inf") && !text.contains("NaN"), "{name} at {width}x{height}:\n{text}");
    }
}

fn json(body: &[u8], query: &str) -> Result<Telemetry, FetchError> {
    let mut jq = Interpreter::default();
    let run = path::parse(query).is_none().then(|| jq.read(body).and_then(|()| jq.run(query)));
    pick::answers(body, &[Ask { query: query.into(), history: None }], vec![run], NOW)?.remove(0)
}

#[test]
fn bad_json() {
    let million = format!("[{}0]", "0,".repeat(999_999));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let label = format!("{{\"{}\":1}}", "x".repeat(1 << 20));
    let crowd = format!("{{{}\"z\":1}}", (0..100_000).map(|n| format!("\"k{n}\":{n},")).collect::<String>());
    let wide = format!("[{{{}\"z\":1}}]", (0..500).map(|n| format!("\"k{n}\":{n},")).collect::<String>());
    let lines = format!("[{}\"x\"]", "\"x\",".repeat(9_999));
    let sparse = format!("[{}{{}}]", (0..9_998).map(|n| format!("{{\"k{}\":1}},", n % 200)).collect::<String>());
    let pairs = |pairs: &str| format!("[{pairs}]");
    let cases: Vec<(&str, Vec<u8>, &str, Comes)> = vec![
        ("NaN", b"{\"a\":NaN}".to_vec(), ".a", Refused("answer not understood: not JSON")),
        ("Infinity", b"{\"a\":Infinity}".to_vec(), ".a", Refused("answer not understood: not JSON")),
        ("minus Infinity", b"{\"a\":-Infinity}".to_vec(), ".a", Refused("answer not understood: not JSON")),
        ("1e999", b"{\"a\":1e999}".to_vec(), ".a", Refused("answer not understood: a number that is too large")),
        ("minus 1e999", b"{\"a\":-1e999}".to_vec(), ".a", Refused("answer not understood: a number that is too large")),
        ("minus zero", b"-0".to_vec(), ".", Values(&[-0.0])),
        ("2^53 + 1", b"9007199254740993".to_vec(), ".", Values(&[9_007_199_254_740_992.0])),
        ("thirty digits", b"123456789012345678901234567890".to_vec(), ".", Values(&[1.234_567_890_123_456_8e29])),
        ("a leading zero", b"012".to_vec(), ".", Refused("answer not understood")),
        ("a plus", b"+1".to_vec(), ".", Refused("answer not understood")),
        ("hexadecimal", b"0x10".to_vec(), ".", Refused("answer not understood")),
        ("null", b"null".to_vec(), ".", Refused("query failed")),
        ("a null inside", b"{\"a\":null}".to_vec(), ".a", Refused("query failed: .a is null or missing")),
        ("no such path", b"{\"a\":1}".to_vec(), ".b.c", Refused("query failed: .b.c is null or missing")),
        ("a path into a number", b"{\"a\":1}".to_vec(), ".a.b", Refused("query failed")),
        ("a number as text", b"{\"a\":\"5\"}".to_vec(), ".a", Values(&[5.0])),
        ("per cent as text", b"{\"a\":\" 95 %\"}".to_vec(), ".a", Values(&[95.0])),
        ("NaN as text", b"{\"a\":\"nan\"}".to_vec(), ".a", Values(&[GAP])),
        ("a null among numbers", b"{\"db\":null,\"web\":1}".to_vec(), ".", Count(2)),
        ("a text among numbers", b"{\"db\":\"down\",\"web\":1}".to_vec(), ".", Values(&[GAP])),
        ("an object among numbers", b"{\"db\":{\"up\":0},\"web\":1}".to_vec(), ".", Values(&[GAP])),
        ("numbers as texts", b"{\"db\":\"0\",\"web\":1}".to_vec(), ".", Values(&[0.0])),
        ("a few keys in many rows", sparse.into_bytes(), ".", Refused("answer too large: 9999 rows")),
        ("halt", b"{\"a\":1}".to_vec(), "halt", Refused("query failed")),
        ("not a number, worked out", b"1".to_vec(), "nan", Refused("query failed")),
        ("true", b"true".to_vec(), ".", Values(&[1.0])),
        ("an empty array", b"[]".to_vec(), ".", Count(0)),
        ("an empty object", b"{}".to_vec(), ".", Refused("query failed")),
        ("a million items", million.into_bytes(), ".", Refused("answer too large")),
        ("a million results", format!("[{}0]", "0,".repeat(999_999)).into_bytes(), ".[]", Refused("answer too large")),
        ("a hundred thousand deep", deep.into_bytes(), ".", Refused("answer not understood: nested too deeply")),
        ("a hundred thousand keys", crowd.into_bytes(), ".", Refused("answer too large: 100001 series")),
        ("five hundred columns", wide.into_bytes(), ".", Refused("answer too large")),
        ("ten thousand lines", lines.into_bytes(), ".", Count(10_000)),
        ("a key of a megabyte", label.into_bytes(), ".", Values(&[1.0])),
        ("an empty key", b"{\"\":1}".to_vec(), ".", Values(&[1.0])),
        ("a key twice", b"{\"a\":1,\"a\":2}".to_vec(), ".a", Values(&[2.0])),
        ("a byte order mark", b"\xef\xbb\xbf{\"a\":1}".to_vec(), ".a", Values(&[1.0])),
        ("UTF-16", b"\xff\xfe{\0".to_vec(), ".", Refused("answer not understood")),
        ("bytes that are no UTF-8", b"{\"a\":\"\xff\"}".to_vec(), ".a", Refused("answer not understood")),
        ("half of a pair", b"{\"a\":\"\\ud800\"}".to_vec(), ".a", Refused("answer not understood")),
        ("a NUL inside", b"{\"a\":\"x\\u0000y\"}".to_vec(), ".a", Count(1)),
        ("something behind it", b"{\"a\":1} x".to_vec(), ".a", Refused("answer not understood")),
        ("two documents", b"{\"a\":1}{\"a\":2}".to_vec(), ".a", Refused("answer not understood")),
        ("a trailing comma", b"[1,]".to_vec(), ".", Refused("answer not understood")),
        ("CR and LF", b"{\r\n\"a\":\r\n1}\r\n".to_vec(), ".a", Values(&[1.0])),
        ("cut in a key", b"{\"a".to_vec(), ".a", Refused("answer cut short")),
        ("cut in a number", b"{\"a\":12".to_vec(), ".a", Refused("answer cut short")),
        ("nothing", b"".to_vec(), ".", Refused("answer cut short")),
        ("blanks", b"  \n ".to_vec(), ".", Refused("answer cut short")),
        ("pairs", pairs("[1795262300,1],[1795262360,2]").into_bytes(), ".", Values(&[1.0, 2.0])),
        (
            "pairs with null",
            pairs("[1795262300,1],[1795262330,null],[1795262360,2]").into_bytes(),
            ".",
            Values(&[1.0, GAP, 2.0]),
        ),
        ("a moment twice, the same", pairs("[1795262300,1],[1795262300,1]").into_bytes(), ".", Values(&[1.0])),
        ("a moment twice, another value", pairs("[1795262300,1],[1795262300,9]").into_bytes(), ".", Values(&[1.0])),
        ("out of order by one", pairs("[1795262360,2],[1795262300,1]").into_bytes(), ".", Values(&[1.0, 2.0])),
        (
            "out of order by a thousand",
            format!(
                "[{}[1795262400,7]]",
                (0..1000).rev().map(|n| format!("[{},{n}],", 1_795_261_000 + n)).collect::<String>()
            )
            .into_bytes(),
            ".",
            Count(1),
        ),
        ("an hour ahead", pairs("[1795266000,1]").into_bytes(), ".", Values(&[1.0])),
        ("at the epoch", pairs("[0,1]").into_bytes(), ".", Values(&[1.0])),
        ("nanoseconds by mistake", pairs("[1795262300000000000,1]").into_bytes(), ".", Refused("query failed")),
        ("a time without end", pairs("[1e300,1]").into_bytes(), ".", Refused("query failed")),
        ("a time before all", pairs("[-1e300,1]").into_bytes(), ".", Refused("query failed")),
        ("milliseconds", pairs("[1795262300000,1]").into_bytes(), ".", Values(&[1.0])),
        (
            "times in words",
            pairs("[\"2026-11-21T11:00:00Z\",1],[\"2026-11-21T13:30:00+02:00\",2]").into_bytes(),
            ".",
            Values(&[1.0, 2.0]),
        ),
        ("a time that is none", pairs("[\"yesterday\",1]").into_bytes(), ".", Refused("query failed")),
        ("pairs of three", pairs("[1795262300,1,2]").into_bytes(), ".", Refused("query failed")),
        (
            "always the same",
            pairs("[1795262300,5],[1795262330,5],[1795262360,5]").into_bytes(),
            ".",
            Values(&[5.0, 5.0, 5.0]),
        ),
        ("a single point", pairs("[1795262300,5]").into_bytes(), ".", Values(&[5.0])),
        ("kinds mixed", b"[1,{\"a\":2}]".to_vec(), ".", Refused("query failed")),
        ("rows of different keys", b"[{\"a\":1},{\"b\":2},{}]".to_vec(), ".", Count(3)),
        ("rows in rows", b"[{\"a\":{\"b\":[1]}}]".to_vec(), ".", Count(1)),
        ("huge and tiny", b"{\"a\":1e308,\"b\":1e-308,\"c\":-1e308}".to_vec(), ".", Count(3)),
    ];
    assert!(cases.len() >= 40);
    for (name, body, query, comes) in cases {
        check(name, json(&body, query), comes);
    }
}

fn prometheus(code: StatusCode, body: &[u8]) -> Result<Telemetry, FetchError> {
    let response = Response { status: code, headers: HeaderMap::new(), body: body.to_vec(), certificate: None };
    let series: Vec<Series> = prometheus::parse(&response, NOW)?.series;
    Ok(Telemetry::Series(SeriesSet::new(series, andon::model::series::Coverage::Whole)))
}

#[test]
fn bad_prometheus_answers() {
    let whole = |kind: &str, result: &str| {
        format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"{kind}\",\"result\":{result}}}}}")
    };
    let vector =
        |value: &str| whole("vector", &format!("[{{\"metric\":{{\"job\":\"x\"}},\"value\":[1795262300,{value}]}}]"));
    let matrix = |values: &str| whole("matrix", &format!("[{{\"metric\":{{}},\"values\":[{values}]}}]"));
    let crowd = |count: usize| {
        let one = |n: usize| format!("{{\"metric\":{{\"n\":\"{n}\"}},\"value\":[1,\"1\"]}}");
        whole("vector", &format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(",")))
    };
    let label = |name: &str, value: &str| {
        whole(
            "vector",
            &format!("[{{\"metric\":{{{name}:{value}}},\"value\":[1,\"1\"]}},{{\"metric\":{{}},\"value\":[1,\"2\"]}}]"),
        )
    };
    let points =
        |count: usize| (0..count).map(|n| format!("[{},\"1\"]", 1_795_000_000 + n)).collect::<Vec<_>>().join(",");
    let cases: Vec<(&str, String, Comes)> = vec![
        ("NaN", vector("\"NaN\""), Values(&[GAP])),
        ("plus infinite", vector("\"+Inf\""), Values(&[GAP])),
        ("minus infinite", vector("\"-Inf\""), Values(&[GAP])),
        ("the stale marker", vector("\"NaN\""), Values(&[GAP])),
        ("1e999", vector("\"1e999\""), Values(&[GAP])),
        ("minus zero", vector("\"-0\""), Values(&[-0.0])),
        ("2^53 + 1", vector("\"9007199254740993\""), Values(&[9_007_199_254_740_992.0])),
        ("thirty digits", vector("\"123456789012345678901234567890\""), Values(&[1.234_567_890_123_456_8e29])),
        ("a text for a number", vector("\"many\""), Refused("answer not understood: 'many' is not a number")),
        ("an empty text", vector("\"\""), Refused("answer not understood")),
        ("a number that is no text", vector("5"), Refused("answer not understood")),
        ("null", vector("null"), Refused("answer not understood")),
        ("blanks around it", vector("\" 5 \""), Refused("answer not understood")),
        ("hexadecimal", vector("\"0x10\""), Refused("answer not understood")),
        ("nothing found", whole("vector", "[]"), Count(0)),
        ("no data", "{\"status\":\"success\"}".to_owned(), Refused("answer not understood")),
        ("another status", "{\"status\":\"maybe\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}".to_owned(), Refused("answer not understood")),
        ("another type", whole("cube", "[]"), Refused("answer not understood")),
        ("a text", whole("string", "[1,\"x\"]"), Refused("query failed: the query yields a text")),
        ("a scalar", whole("scalar", "[1795262300,\"4.5\"]"), Values(&[4.5])),
        ("a scalar that is none", whole("scalar", "[1795262300,\"NaN\"]"), Values(&[GAP])),
        ("a native histogram only", whole("vector", "[{\"metric\":{},\"histogram\":[1,{\"count\":\"1\"}]}]"), Refused("query failed: the query yields native histograms")),
        ("native histograms over time", whole("matrix", "[{\"metric\":{},\"histograms\":[[1,{\"count\":\"1\"}]]}]"), Refused("query failed: the query yields native histograms")),
        ("a field nobody knows", "{\"status\":\"success\",\"warnings\":[\"x\"],\"infos\":[],\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}".to_owned(), Values(&[2.0])),
        ("a thousand series", crowd(1000), Count(1000)),
        ("one too many", crowd(1001), Refused("answer too large: 1001 series, more than 1000")),
        ("a hundred thousand series", crowd(100_000), Refused("answer too large")),
        ("eleven thousand points", matrix(&points(11_000)), Count(1)),
        ("one point too many", matrix(&points(11_001)), Refused("answer too large: 11001 points")),
        ("a label of a megabyte", label("\"a\"", &format!("\"{}\"", "x".repeat(1 << 20))), Count(2)),
        ("a label without a name", label("\"\"", "\"x\""), Count(2)),
        ("a name with a colon", label("\"job:rate:5m\"", "\"x\""), Count(2)),
        ("a name in another script", label("\"größe\"", "\"日本\""), Count(2)),
        ("a quote inside", label("\"a\"", "\"x\\\"y\""), Count(2)),
        ("a quote unescaped", label("\"a\"", "\"x\"y\""), Refused("answer not understood")),
        ("a label that is a number", label("\"a\"", "5"), Refused("answer not understood")),
        ("a label twice", whole("vector", "[{\"metric\":{\"a\":\"x\",\"a\":\"y\"},\"value\":[1,\"1\"]}]"), Count(1)),
        ("two series of one name", whole("vector", "[{\"metric\":{},\"value\":[1,\"1\"]},{\"metric\":{},\"value\":[1,\"2\"]}]"), Refused("answer not understood: two series with the same labels")),
        ("a counter that was reset", matrix("[1795262300,\"100\"],[1795262330,\"3\"],[1795262360,\"9\"]"), Values(&[100.0, 3.0, 9.0])),
        ("a moment twice, the same", matrix("[1795262300,\"1\"],[1795262300,\"1\"]"), Values(&[1.0])),
        ("a moment twice, another value", matrix("[1795262300,\"1\"],[1795262300,\"9\"]"), Values(&[1.0])),
        ("out of order", matrix("[1795262360,\"2\"],[1795262300,\"1\"]"), Values(&[1.0, 2.0])),
        ("an hour ahead", matrix("[1795262300,\"1\"],[1795266000,\"9\"]"), Values(&[1.0])),
        ("at the epoch", matrix("[0,\"1\"]"), Values(&[1.0])),
        ("nanoseconds by mistake", matrix("[1795262300000000000,\"1\"]"), Refused("answer not understood: a sample without a time")),
        ("a time that is none", matrix("[\"now\",\"1\"]"), Refused("answer not understood")),
        ("gaps within", matrix("[1795262300,\"1\"],[1795262330,\"NaN\"],[1795262360,\"3\"]"), Values(&[1.0, GAP, 3.0])),
        ("always the same", matrix("[1795262300,\"5\"],[1795262330,\"5\"]"), Values(&[5.0, 5.0])),
        ("a byte order mark", format!("\u{feff}{}", vector("\"1\"")), Refused("answer not understood")),
        ("two documents", vector("\"1\"").repeat(2), Refused("answer not understood")),
        ("CR and LF", vector("\"1\"").replace(',', ",\r\n"), Values(&[1.0])),
        ("cut", vector("\"1\"")[..60].to_owned(), Refused("answer cut short")),
        ("nothing", String::new(), Refused("answer not understood: the answer is empty")),
        ("a web page", "<!doctype html><html>".to_owned(), Refused("answer not understood: the server answered with a web page")),
        ("an array", "[]".to_owned(), Refused("answer not understood")),
        ("depth", "[".repeat(100_000), Refused("answer not understood")),
    ];
    assert!(cases.len() >= 40);
    for (name, body, comes) in cases {
        check(name, prometheus(StatusCode::OK, body.as_bytes()), comes);
    }
    for (code, body, reason) in [
        (
            400,
            "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"1:8: parse error\"}",
            "query failed: 1:8: parse error",
        ),
        (
            422,
            "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"too many\"}",
            "query failed: execution: too many",
        ),
        (
            503,
            "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"query timed out\"}",
            "HTTP 503: timeout: query timed out",
        ),
        (200, "{\"status\":\"error\",\"errorType\":\"internal\",\"error\":\"x\"}", "HTTP 200: internal: x"),
        (500, "oops", "HTTP 500"),
        (401, "", "not authorised"),
    ] {
        check(reason, prometheus(StatusCode::from_u16(code).unwrap(), body.as_bytes()), Refused(reason));
    }
}

#[test]
fn bad_feeds() {
    let base = Url::parse("http://ci.example.com/cctray.xml").unwrap();
    let feed = |body: &[u8]| cctray::parse(body, &jiff::tz::TimeZone::UTC, &base).map(Telemetry::Builds);
    let projects = |inner: &str| format!("<Projects>{inner}</Projects>").into_bytes();
    let project = |attributes: &str| projects(&format!("<Project name=\"a\" {attributes}/>"));
    let crowd = |count: usize| projects(&(0..count).map(|n| format!("<Project name=\"p{n}\"/>")).collect::<String>());
    let cases: Vec<(&str, Vec<u8>, Comes)> = vec![
        ("no builds", b"<Projects/>".to_vec(), Count(0)),
        ("one build", project("activity=\"Sleeping\" lastBuildStatus=\"Success\""), Count(1)),
        ("no attributes but the name", project(""), Count(1)),
        ("no name", projects("<Project activity=\"Sleeping\"/>"), Count(0)),
        ("a blank name", projects("<Project name=\"  \"/>"), Count(0)),
        (
            "a name twice",
            projects(
                "<Project name=\"a\" lastBuildTime=\"2026-11-21T08:00:00Z\"/><Project name=\"a\" lastBuildTime=\"2026-11-21T09:00:00Z\"/>",
            ),
            Count(1),
        ),
        (
            "words in capitals",
            b"<PROJECTS><PROJECT name=\"a\" lastBuildStatus=\"SUCCESS\"/></PROJECTS>".to_vec(),
            Count(1),
        ),
        ("a status nobody knows", project("lastBuildStatus=\"Paused\""), Count(1)),
        ("an empty status", project("lastBuildStatus=\"\""), Count(1)),
        ("an activity nobody knows", project("activity=\"Dreaming\""), Count(1)),
        ("a label of a megabyte", project(&format!("lastBuildLabel=\"{}\"", "x".repeat(1 << 20))), Count(1)),
        ("an empty time", project("lastBuildTime=\"\""), Count(1)),
        ("a time that is none", project("lastBuildTime=\"yesterday\""), Count(1)),
        ("a time without a zone", project("lastBuildTime=\"2026-11-21T08:00:00\""), Count(1)),
        ("seven decimals", project("lastBuildTime=\"2026-11-21T08:00:00.1234567+01:00\""), Count(1)),
        ("the year one", project("lastBuildTime=\"0001-01-01T00:00:00Z\""), Count(1)),
        ("the epoch, for none", project("lastBuildTime=\"1970-01-01T00:00:00.000+0000\""), Count(1)),
        ("the year 9999", project("lastBuildTime=\"9999-12-31T23:59:59Z\""), Count(1)),
        ("the year 99999", project("lastBuildTime=\"99999-12-31T23:59:59Z\""), Count(1)),
        ("an hour ahead", project("lastBuildTime=\"2026-11-21T13:00:00Z\""), Count(1)),
        ("a link that runs code", project("webUrl=\"javascript:alert(1)\""), Count(1)),
        ("a relative link", project("webUrl=\"job/a\""), Count(1)),
        ("attributes nobody knows", project("category=\"x\" lastBuildDuration=\"5\""), Count(1)),
        (
            "messages inside",
            projects("<Project name=\"a\"><messages><message text=\"x\" kind=\"Breakers\"/></messages></Project>"),
            Count(1),
        ),
        ("text between", projects(" \n text <Project name=\"a\"/> "), Count(1)),
        ("a comment", projects("<!-- <Project name=\"b\"/> --><Project name=\"a\"/>"), Count(1)),
        ("CDATA", projects("<![CDATA[<Project name=\"b\"/>]]><Project name=\"a\"/>"), Count(1)),
        ("entities", projects("<Project name=\"a &amp; b &#x41;\"/>"), Count(1)),
        ("an entity nobody knows", projects("<Project name=\"&nbsp;\"/>"), Refused("answer not understood")),
        ("an attribute twice", project("name=\"b\""), Refused("answer not understood")),
        ("an attribute without quotes", projects("<Project name=a/>"), Refused("answer not understood")),
        ("a namespace", b"<x:Projects xmlns:x=\"urn:x\"><x:Project name=\"a\"/></x:Projects>".to_vec(), Count(1)),
        ("a byte order mark", [b"\xef\xbb\xbf".to_vec(), project("")].concat(), Count(1)),
        (
            "Latin-1 that says so",
            b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Projects><Project name=\"caf\xe9\"/></Projects>".to_vec(),
            Count(1),
        ),
        ("Latin-1 that does not", b"<Projects><Project name=\"caf\xe9\"/></Projects>".to_vec(), Count(1)),
        ("UTF-16", b"\xff\xfe<\0P\0".to_vec(), Refused("answer not understood")),
        ("a NUL", b"<Projects><Project name=\"a\0\"/></Projects>".to_vec(), Refused("answer not understood")),
        ("CR and LF", b"<Projects>\r\n<Project name=\"a\"/>\r\n</Projects>\r\n".to_vec(), Count(1)),
        (
            "a DTD",
            b"<!DOCTYPE x [<!ENTITY a \"b\">]><Projects/>".to_vec(),
            Refused("answer not understood: the feed has a DTD"),
        ),
        ("another root", b"<feed/>".to_vec(), Refused("answer not understood: not a CCTray feed")),
        ("JSON", b"{\"projects\":[]}".to_vec(), Refused("answer not understood")),
        ("nothing", Vec::new(), Refused("answer")),
        ("cut in a tag", b"<Projects><Project name=\"a\"".to_vec(), Refused("answer cut short")),
        ("cut between two builds", b"<Projects><Project name=\"a\"/>".to_vec(), Refused("answer cut short")),
        ("two roots", b"<Projects/><Projects/>".to_vec(), Refused("answer not understood")),
        ("something behind it", b"<Projects/>x".to_vec(), Refused("answer not understood")),
        ("depth", format!("<Projects>{}", "<a>".repeat(100_000)).into_bytes(), Refused("answer")),
        ("twenty thousand builds", crowd(20_000), Count(20_000)),
        ("one too many", crowd(20_001), Refused("answer too large: 20001 builds")),
    ];
    assert!(cases.len() >= 40);
    for (name, body, comes) in cases {
        check(name, feed(&body), comes);
    }
}
