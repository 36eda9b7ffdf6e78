//! Lines of real programs, with the time, level, category and message that each must give.

use super::*;
use crate::model::log::Level;

/// Saturday, 21 November 2026, 15:30 UTC.
const NOW: Timestamp = Timestamp(1_795_275_000_000);

/// "time level category | message".
fn read(line: &str) -> String {
    let parsed = Parser::default().parse(line, NOW, &TimeZone::UTC);
    let time = parsed.at.map_or_else(|| "-".to_owned(), Timestamp::rfc3339);
    let level = parsed.level.map_or("-", Level::word);
    let category = if parsed.category.is_empty() { "-" } else { &parsed.category };
    format!("{time} {level} {category} | {}", parsed.message)
}

/// A line, and what it has to give.
const LINES: &[(&str, &str)] = &[
    // JSON: Bunyan, pino, winston, zap, logrus, slog, Serilog, Logback, Elastic, Python, Docker, journald.
    (
        r#"{"name":"shop","hostname":"h","pid":1,"level":50,"msg":"timed out","time":"2026-11-21T14:03:20.123Z","v":0}"#,
        "2026-11-21T14:03:20.123Z ERROR shop | timed out",
    ),
    (r#"{"level":30,"time":1795269800000,"pid":1,"hostname":"h","msg":"up"}"#, "2026-11-21T14:03:20Z INFO - | up"),
    (r#"{"level":"warn","message":"slow","timestamp":"2026-11-21 14:03:20"}"#, "2026-11-21T14:03:20Z WARN - | slow"),
    (
        r#"{"level":"info","ts":1795269800.5,"logger":"shop.mail","caller":"a.go:7","msg":"sent"}"#,
        "2026-11-21T14:03:20.5Z INFO shop.mail | sent",
    ),
    (
        r#"{"level":"fatal","msg":"no disk","time":"2026-11-21T14:03:20+01:00"}"#,
        "2026-11-21T13:03:20Z FATAL - | no disk",
    ),
    (
        r#"{"time":"2026-11-21T14:03:20.1Z","level":"DEBUG","msg":"cache","key":"a"}"#,
        "2026-11-21T14:03:20.1Z DEBUG - | cache",
    ),
    (
        r#"{"@t":"2026-11-21T14:03:20Z","@l":"Error","@m":"failed","SourceContext":"Shop.Pay"}"#,
        "2026-11-21T14:03:20Z ERROR Shop.Pay | failed",
    ),
    (
        r#"{"@timestamp":"2026-11-21T14:03:20.000Z","logger_name":"com.acme.Shop","level":"ERROR","message":"x"}"#,
        "2026-11-21T14:03:20Z ERROR com.acme.Shop | x",
    ),
    (
        r#"{"@timestamp":"2026-11-21T14:03:20Z","log.level":"info","log.logger":"ecs","message":"y"}"#,
        "2026-11-21T14:03:20Z INFO ecs | y",
    ),
    (
        r#"{"severity":"CRITICAL","message":"gone","timestamp":"2026-11-21T14:03:20Z","component":"gcp"}"#,
        "2026-11-21T14:03:20Z FATAL gcp | gone",
    ),
    (
        r#"{"log":"hello\n","stream":"stdout","time":"2026-11-21T14:03:20.000000001Z"}"#,
        "2026-11-21T14:03:20Z - - | hello",
    ),
    (
        r#"{"__REALTIME_TIMESTAMP":"1795269800000000","PRIORITY":"3","SYSLOG_IDENTIFIER":"sshd","MESSAGE":"refused"}"#,
        "2026-11-21T14:03:20Z ERROR sshd | refused",
    ),
    (r#"{"a":1,"b":"c"}"#, "- - - | a=1 b=c"),
    // logfmt: Go kit, logrus, Heroku, Grafana, Prometheus.
    (
        r#"level=error ts=2026-11-21T14:03:20Z logger=shop.mail msg="timed \"out\"" took=3s"#,
        "2026-11-21T14:03:20Z ERROR shop.mail | timed \"out\"",
    ),
    (
        "ts=2026-11-21T14:03:20.123Z caller=main.go:42 level=info msg=started",
        "2026-11-21T14:03:20.123Z INFO main.go:42 | started",
    ),
    (r#"time="2026-11-21T14:03:20Z" level=warning msg="no config""#, "2026-11-21T14:03:20Z WARN - | no config"),
    ("at=info method=GET path=/ status=200", "- INFO - | method=GET path=/ status=200"),
    (
        r#"logger=context traceID= t=2026-11-21T14:03:20Z level=info msg="Request Completed""#,
        "2026-11-21T14:03:20Z INFO context | Request Completed",
    ),
    // Access logs: Apache, nginx, with a user, with a bad request.
    (
        r#"127.0.0.1 - frank [21/Nov/2026:14:03:20 +0000] "GET /a.gif HTTP/1.0" 200 2326"#,
        "2026-11-21T14:03:20Z INFO - | GET /a.gif 200",
    ),
    (
        r#"10.0.0.1 - - [21/Nov/2026:15:03:20 +0100] "POST /pay HTTP/1.1" 502 12 "http://x/" "Mozilla/5.0 (X; y)""#,
        "2026-11-21T14:03:20Z ERROR - | POST /pay 502",
    ),
    (r#"::1 - - [21/Nov/2026:14:03:20 +0000] "GET /no HTTP/1.1" 404 -"#, "2026-11-21T14:03:20Z WARN - | GET /no 404"),
    (r#"1.2.3.4 - - [21/Nov/2026:14:03:20 +0000] "\x16\x03" 400 0"#, "2026-11-21T14:03:20Z WARN - | \\x16\\x03  400"),
    // Syslog.
    (
        "<34>1 2026-11-21T14:03:20.003Z web su - ID47 - failed for lonvick",
        "2026-11-21T14:03:20.003Z FATAL su | failed for lonvick",
    ),
    (
        r#"<165>1 2026-11-21T14:03:20Z web evntslog - ID47 [a@1 iut="3" eventSource="App\"x"] started"#,
        "2026-11-21T14:03:20Z INFO evntslog | started",
    ),
    ("<13>Nov 21 14:03:20 web shop[42]: order 7 taken", "2026-11-21T14:03:20Z INFO shop | order 7 taken"),
    ("Nov 21 14:03:20 web kernel: oom", "2026-11-21T14:03:20Z - kernel | oom"),
    ("Nov  1 14:03:20 web CRON[1]: (root) CMD (x)", "2026-11-01T14:03:20Z - CRON | (root) CMD (x)"),
    ("Dec 24 14:03:20 web shop: last year", "2025-12-24T14:03:20Z - shop | last year"),
    ("2026-11-21T14:03:20.123456+00:00 web systemd[1]: Started x.", "2026-11-21T14:03:20.123Z - systemd | Started x."),
    // What most others write: log4j, Logback, Spring, Python, Rails, Rust, nginx, PostgreSQL, Go, MySQL, Kubernetes.
    (
        "2026-11-21 14:03:20,123 ERROR [main] com.acme.Shop - timed out",
        "2026-11-21T14:03:20.123Z ERROR com.acme.Shop | timed out",
    ),
    ("14:03:20.123 [main] INFO  com.acme.Shop - no date", "2026-11-21T14:03:20.123Z INFO com.acme.Shop | no date"),
    (
        "2026-11-21T14:03:20.123Z  WARN 42 --- [nio-8080] o.s.web : slow",
        "2026-11-21T14:03:20.123Z WARN - | 42 --- [nio-8080] o.s.web : slow",
    ),
    (
        "2026-11-21 14:03:20,123 - shop.checkout - ERROR - failed: 7",
        "2026-11-21T14:03:20.123Z ERROR shop.checkout | failed: 7",
    ),
    ("ERROR:root:no such file: a", "- ERROR root | no such file: a"),
    ("2026-11-21 14:03:20 [WARNING] shop.stock: low", "2026-11-21T14:03:20Z WARN shop.stock | low"),
    ("[2026-11-21 14:03:20] production.ERROR: boom", "2026-11-21T14:03:20Z ERROR production | boom"),
    ("2026-11-21T14:03:20.123456Z ERROR shop::mail: no relay", "2026-11-21T14:03:20.123Z ERROR shop::mail | no relay"),
    ("2026/11/21 14:03:20 [error] 7#7: *1 connect() failed", "2026-11-21T14:03:20Z ERROR - | 7#7: *1 connect() failed"),
    ("2026-11-21 14:03:20.123 UTC [42] ERROR:  duplicate key", "2026-11-21T14:03:20.123Z ERROR - | duplicate key"),
    ("2026/11/21 14:03:20 listening on :8080", "2026-11-21T14:03:20Z - - | listening on :8080"),
    ("INFO: started", "- INFO - | started"),
    ("[info] started", "- INFO - | started"),
    ("WARN  retry 3", "- WARN - | retry 3"),
    ("an error in a sentence is a word", "- - - | an error in a sentence is a word"),
    ("a=b", "- - - | a=b"),
    ("[2026-11-21T14:03:20Z INFO  shop::mail] started", "2026-11-21T14:03:20Z INFO shop::mail | started"),
    ("14:03:20 INFO shop: up", "2026-11-21T14:03:20Z INFO shop | up"),
    ("2026-11-21 14:03:20.123 UTC [42] LOG:  listening", "2026-11-21T14:03:20.123Z INFO - | listening"),
    ("2026-11-21 14:03:20 UTC ERROR:  relation x", "2026-11-21T14:03:20Z ERROR - | relation x"),
    ("2026-11-21 14:03:20+02 WARN x", "2026-11-21T12:03:20Z WARN - | x"),
    (
        "2026/11/21 14:03:20 http: proxy error: context canceled",
        "2026-11-21T14:03:20Z - - | http: proxy error: context canceled",
    ),
    ("Could not open the log: permission denied", "- - - | Could not open the log: permission denied"),
    ("GET /x FAILED with ERROR 500", "- ERROR - | GET /x FAILED with ERROR 500"),
    ("-5 degrees", "- - - | -5 degrees"),
    ("fail: Shop.Pay[0]", "- ERROR - | Shop.Pay[0]"),
    (r#"{"version":"1.1","short_message":"refused","level":3}"#, "- ERROR - | refused"),
    (r#"{"MESSAGE":[104,105],"PRIORITY":"6","_PID":"7"}"#, "- INFO - | hi"),
    (
        r#"{"log":"{\"level\":\"error\",\"msg\":\"x\"}\n","stream":"stderr","time":"2026-11-21T14:03:20Z"}"#,
        "2026-11-21T14:03:20Z ERROR - | x",
    ),
    ("2026-11-21T14:03:20.1Z stdout F WARN shop: low", "2026-11-21T14:03:20.1Z WARN shop | low"),
    (
        r#"{"t":{"$date":"2026-11-21T14:03:20.000+00:00"},"s":"E","c":"NETWORK","msg":"closed"}"#,
        "2026-11-21T14:03:20Z ERROR NETWORK | closed",
    ),
    ("[production.ERROR] boom", "- ERROR production | boom"),
    ("", "- - - | "),
];

#[test]
fn lines_of_real_programs() {
    for (line, expected) in LINES {
        assert_eq!(read(line), *expected, "{line}");
    }
}

#[test]
fn fields_are_kept_by_name() {
    let fields = |line: &str, format| {
        let parsed = Parser::new(format, None).unwrap().parse(line, NOW, &TimeZone::UTC);
        parsed.fields.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    };
    let access = r#"10.0.0.1 - - [21/Nov/2026:15:03:20 +0100] "POST /pay HTTP/1.1" 502 12 "http://x/" "curl""#;
    let expected = "host=10.0.0.1 method=POST path=/pay status=502 size=12 referrer=http://x/ agent=curl";
    assert_eq!(fields(access, Format::Auto), expected);
    assert_eq!(fields(r#"{"msg":"x","took":1.5,"user":{"id":7}}"#, Format::Json), r#"took=1.5 user={"id":7}"#);
    assert_eq!(fields("level=info msg=x took=3s", Format::Logfmt), "took=3s");
    let syslog = r#"<165>1 2026-11-21T14:03:20Z web app 7 ID47 [a@1 iut="3" s="A\"x"] started"#;
    assert_eq!(fields(syslog, Format::Syslog), "host=web pid=7 iut=3 s=A\"x");
}

#[test]
fn a_format_that_is_named_holds_and_what_is_not_in_it_is_a_message() {
    let read = |line: &str, format| Parser::new(format, None).unwrap().parse(line, NOW, &TimeZone::UTC);
    assert_eq!(read("{\"msg\":\"x\"}", Format::Plain).message, "{\"msg\":\"x\"}");
    assert_eq!(read("no json", Format::Json).message, "no json");
}

#[test]
fn what_is_below_a_line_belongs_to_it() {
    for line in [
        "    at com.acme.Shop.pay(Shop.java:7)",
        "\tat x",
        "Caused by: java.io.IOException",
        "Traceback (most recent call last):",
        "... 7 more",
    ] {
        assert!(continues(line), "{line}");
    }
    for line in ["2026-11-21 14:03:20 ERROR x", "attack", " INFO shop: up", "at checkout: orders", "... retrying"] {
        assert!(!continues(line), "{line}");
    }
}
