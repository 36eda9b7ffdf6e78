//! What can go wrong between andon and a server, one by one, against servers that do just that.
//!
//! Each case begins with a good answer. Then the fault: the last good value stays, with its age and a
//! reason of the closed list; nothing partial is ever shown; the next try comes when it should.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use andon::model::freshness::Freshness;
use andon::model::status::Status;
use andon::model::time::Span;

use crate::support::folder::Folder;
use crate::support::names::{Lookup, Names};
use crate::support::running::Running;
use crate::support::server::{Reply, Server};
use crate::support::tls::{Certificate, TlsServer};

const GOOD: &str = "{\"n\":41}";

fn board(url: &str, more: &str) -> String {
    format!(
        "refresh = \"2s\"\n[sources.s]\ntype = \"json\"\nurl = \"{url}\"\ntimeout = \"900ms\"\n{more}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nview = \"stat\"\nsource = \"s\"\nquery = \".n\"\n"
    )
}

/// What a fault must look like.
struct Expected {
    reason: &'static str,
    /// Seconds until the next try.
    wait: RangeInclusive<f64>,
}

/// An interval of two seconds from the begin of the poll, however long that took: the first step of the
/// back-off is the interval itself.
const USUAL: RangeInclusive<f64> = 0.0..=2.01;
const CEILING: RangeInclusive<f64> = 265.0..=300.0;

#[track_caller]
fn is_honest(running: &Running, name: &str, expected: &Expected, pause: f64) {
    let panel = running.panel("p");
    assert!(panel.reason.starts_with(expected.reason), "{name}: {} is not {}", panel.reason, expected.reason);
    assert_eq!(panel.value, Some(41.0), "{name}: the last good value is gone");
    assert_eq!(panel.freshness, Freshness::Late, "{name}");
    assert!(panel.note.starts_with("late "), "{name}: no age: {}", panel.note);
    assert!(expected.wait.contains(&pause), "{name}: next try in {pause} s, not {:?}", expected.wait);
    let frame = running.frame_time();
    assert!(frame < Duration::from_millis(50), "{name}: a frame takes {frame:?}");
}

async fn case(name: &str, fault: Reply, more: &str, expected: Expected) {
    let server = Server::start();
    server.route("/x", Reply::body("application/json", GOOD));
    let mut running = Running::start(&board(&server.url("/x"), more)).await;
    assert!(running.outcome("p").await.answer.is_ok(), "{name}: the good answer is not taken");
    server.route("/x", fault);
    running.ask_now();
    let begin = Instant::now();
    let outcome = running.outcome("p").await;
    // The deadline is 0.9 s; the rest is for a busy machine.
    assert!(begin.elapsed() < Duration::from_secs(4), "{name}: it took {:?}", begin.elapsed());
    assert!(outcome.answer.is_err(), "{name}: {:?}", outcome.answer);
    let pause = (outcome.next_try.0 - outcome.at.0) as f64 / 1000.0;
    is_honest(&running, name, &expected, pause);
}

/// Writes a byte, and again after a pause, until the other side has gone.
fn drip(stream: &mut TcpStream, text: &str) {
    for byte in text.bytes().cycle() {
        if stream.write_all(&[byte]).is_err() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(30));
    }
}

fn with_reset(stream: &mut TcpStream, text: &str) {
    let _sent = stream.write_all(text.as_bytes());
    // Nothing lingers: what closes is a reset.
    socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO)).unwrap();
}

fn endless_chunks(stream: &mut TcpStream) {
    let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
    while stream.write_all(chunk.as_bytes()).is_ok() {}
}

/// A body of one byte a chunk.
fn tiny_chunks(stream: &mut TcpStream) {
    let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunks = "1\r\n \r\n".repeat(1000);
    while stream.write_all(chunks.as_bytes()).is_ok() {}
}

/// Informational answers, and never the answer itself.
fn informational(stream: &mut TcpStream) {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(1000);
    while stream.write_all(hints.as_bytes()).is_ok() {}
}

#[tokio::test]
async fn a_flood_is_no_outage_and_is_backed_off_from() {
    for (name, flood, reason) in [
        ("one byte a chunk", Reply::play(tiny_chunks), "answer too large: 200"),
        ("answers without an end", Reply::play(informational), "answer too large: andon was busy for"),
    ] {
        let server = Server::start();
        server.route("/x", flood);
        let text = board(&server.url("/x"), "refresh = \"1s\"");
        let mut running = Running::start(&text).await;
        let mut waits = Vec::new();
        for _ in 0..4 {
            let outcome = running.outcome("p").await;
            let error = outcome.answer.unwrap_err().to_string();
            assert!(error.starts_with(reason), "{name}: {error}");
            waits.push(outcome.next_try.0 - outcome.at.0);
            running.ask_now();
        }
        // An outage is asked on at the interval; the fourth of these waits for half of eight of them at least.
        assert!(waits[3] > 2500, "{name}: {waits:?}");
    }
}

#[tokio::test]
async fn every_fault_of_an_answer_has_its_reason_and_takes_nothing_away() {
    let expect = |reason, wait| Expected { reason, wait };
    let whole = |text: &str| Reply::raw(text);
    let status = |line: &str| Reply::status(line, "text/plain", "no");
    let redirect = |to: &str| Reply::header("302 Found", &format!("Location: {to}"));
    let page = "<!DOCTYPE html><html><form>log in</form></html>";
    let many_headers: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let cases: Vec<(&str, Reply, Expected)> = vec![
        ("silence", Reply::Silence, expect("timeout (no answer)", USUAL)),
        (
            "slow head",
            Reply::play(|stream| drip(stream, "HTTP/1.1 200 OK\r\nX-Slow: yes")),
            expect("timeout (no answer)", USUAL),
        ),
        (
            "slow body",
            Reply::play(|stream| {
                let _head = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n");
                drip(stream, "1");
            }),
            expect("timeout (slow answer)", USUAL),
        ),
        ("closed before the head", Reply::Close, expect("connection reset", USUAL)),
        (
            "reset in the body",
            Reply::play(|stream| with_reset(stream, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"n\"")),
            expect("connection reset", USUAL),
        ),
        (
            "short body",
            whole("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"n\":1}"),
            expect("answer cut short", USUAL),
        ),
        ("cut, and no length", whole("HTTP/1.1 200 OK\r\n\r\n{\"n\":4"), expect("answer cut short", USUAL)),
        (
            "gzip",
            whole("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\u{1}x{"),
            expect("unknown encoding", USUAL),
        ),
        ("zstd", whole("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n\r\nx"), expect("unknown encoding", USUAL)),
        (
            "ten gigabytes",
            whole("HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n{"),
            expect("answer too large", USUAL),
        ),
        ("endless chunks", Reply::play(endless_chunks), expect("answer too large", USUAL)),
        (
            "a header of two megabytes",
            whole(&format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(2 << 20))),
            expect("answer too large: its headers", USUAL),
        ),
        (
            "two hundred headers",
            whole(&format!("HTTP/1.1 200 OK\r\n{many_headers}\r\n{{}}")),
            expect("answer too large: its headers", USUAL),
        ),
        (
            "a part of it",
            whole("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-6/99\r\nContent-Length: 7\r\n\r\n{\"n\":4}"),
            expect("answer cut short: HTTP 206", USUAL),
        ),
        ("204", whole("HTTP/1.1 204 No Content\r\n\r\n"), expect("answer not understood: the answer is empty", USUAL)),
        (
            "an empty 200",
            whole("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            expect("answer not understood: the answer is empty", USUAL),
        ),
        (
            "a log-in page",
            Reply::body("text/html", page),
            expect("answer not understood: the server answered with a web page", USUAL),
        ),
        (
            "a log-in page that says it is JSON",
            Reply::body("application/json", page),
            expect("answer not understood: the server answered with a web page", USUAL),
        ),
        (
            "another protocol",
            whole("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
            expect("answer not understood: this is not HTTP", USUAL),
        ),
        ("401", status("401 Unauthorized"), expect("not authorised: HTTP 401", CEILING)),
        ("403", status("403 Forbidden"), expect("not authorised: HTTP 403", CEILING)),
        ("404", status("404 Not Found"), expect("HTTP 404", USUAL)),
        ("500", status("500 Oops"), expect("HTTP 500", USUAL)),
        ("502", status("502 Bad Gateway"), expect("HTTP 502", USUAL)),
        ("503", status("503 Service Unavailable"), expect("HTTP 503", USUAL)),
        ("504", status("504 Gateway Timeout"), expect("HTTP 504", USUAL)),
        (
            "429 and how long",
            Reply::header("429 Too Many Requests", "Retry-After: 120"),
            expect("rate limited", 115.0..=132.1),
        ),
        (
            "429 for ever",
            Reply::header("429 Too Many Requests", "Retry-After: 999999999"),
            expect("rate limited", 3595.0..=3961.0),
        ),
        (
            "429 until the past",
            Reply::header("429 Too Many Requests", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
            expect("rate limited", 0.0..=2.21),
        ),
        (
            "429 until a date",
            Reply::header("429 Too Many Requests", "Retry-After: Thu, 31 Dec 2099 23:59:59 GMT"),
            expect("rate limited", 3595.0..=3961.0),
        ),
        (
            "429 and nonsense",
            Reply::header("429 Too Many Requests", "Retry-After: soon"),
            expect("rate limited", USUAL),
        ),
        (
            "429 and less than nothing",
            Reply::header("429 Too Many Requests", "Retry-After: -1"),
            expect("rate limited", USUAL),
        ),
        ("a redirect in a circle", redirect("/x"), expect("redirect blocked: more than 5", USUAL)),
        (
            "a redirect to another port",
            redirect("http://127.0.0.1:1/"),
            expect("redirect blocked: to http://127.0.0.1:1", USUAL),
        ),
        ("a redirect to a file", redirect("file:///etc/passwd"), expect("redirect blocked", USUAL)),
        (
            "a redirect to the cloud's own address",
            redirect("http://169.254.169.254/latest/"),
            expect("redirect blocked", USUAL),
        ),
        ("a redirect without a target", Reply::header("302 Found", "X: y"), expect("redirect blocked", USUAL)),
    ];
    let runs = cases.into_iter().map(|(name, fault, expected)| {
        tokio::spawn(async move { case(name, fault, "max_body = 100000", expected).await })
    });
    for run in runs.collect::<Vec<_>>() {
        run.await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_went_away_is_refused_and_found_again() {
    let server = Server::start();
    server.route("/x", Reply::body("application/json", GOOD));
    let mut running = Running::start(&board(&server.url("/x"), "")).await;
    assert!(running.outcome("p").await.answer.is_ok());
    server.close();
    running.ask_now();
    let outcome = running.outcome("p").await;
    let pause = (outcome.next_try.0 - outcome.at.0) as f64 / 1000.0;
    is_honest(&running, "refused", &Expected { reason: "connection refused", wait: USUAL }, pause);
    let again = Server::start_at(server.address);
    again.route("/x", Reply::body("application/json", "{\"n\":42}"));
    assert!(running.outcome("p").await.answer.is_ok(), "within one interval");
    assert_eq!((running.panel("p").value, running.panel("p").freshness), (Some(42.0), Freshness::Fresh));
}

#[tokio::test]
async fn a_kept_connection_that_died_between_two_polls_is_not_seen() {
    // Answers once on each connection, says that it stays open, and resets it at the second request.
    let server = Server::start();
    server.route(
        "/x",
        Reply::play(|stream| {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{GOOD}",
                GOOD.len()
            );
            let _sent = stream.write_all(answer.as_bytes());
            let _second = stream.read(&mut [0; 1]);
            with_reset(stream, "");
        }),
    );
    let mut running = Running::start(&board(&server.url("/x"), "")).await;
    for _ in 0..3 {
        let outcome = running.outcome("p").await;
        assert!(outcome.answer.is_ok(), "a red flash: {:?}", outcome.answer);
        running.ask_now();
    }
    assert!(server.requests().len() >= 3);
}

#[tokio::test]
async fn a_server_whose_queue_is_full_is_a_timeout_of_the_connection() {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    // The queue takes one: whoever comes later is not answered at all.
    let _first = TcpStream::connect(address).unwrap();
    let mut running = Running::start(&board(&format!("http://{address}/x"), "")).await;
    let outcome = running.outcome("p").await;
    assert_eq!(outcome.answer.unwrap_err().to_string(), "timeout (connect)");
    let panel = running.panel("p");
    assert_eq!((panel.freshness, panel.status), (Freshness::Failed, Status::Unknown));
}

#[tokio::test]
async fn each_fault_of_a_certificate_has_a_reason_of_its_own() {
    for (kind, reason) in [
        (Certificate::Good, ""),
        (Certificate::Expired, "certificate expired"),
        (Certificate::NotYetValid, "certificate not yet valid"),
        (Certificate::ForAnotherName, "certificate for another name"),
        (Certificate::FromAStranger, "certificate not trusted"),
    ] {
        let server = TlsServer::start(kind, GOOD).await;
        let folder = Folder::new();
        let authority = folder.write("ca.pem", &server.authority);
        let mut running =
            Running::start(&board(&server.url(), &format!("tls = {{ ca_file = \"{authority}\" }}"))).await;
        match running.outcome("p").await.answer {
            Ok(_) => assert_eq!(kind, Certificate::Good),
            Err(error) => assert_eq!(error.to_string(), reason, "{kind:?}"),
        }
    }
}

#[tokio::test]
async fn a_certificate_file_that_is_put_in_its_place_is_found() {
    let server = TlsServer::start(Certificate::Good, GOOD).await;
    let folder = Folder::new();
    let authority = folder.path().join("ca.pem");
    let text = board(&server.url(), &format!("tls = {{ ca_file = \"{}\" }}", authority.display()));
    let mut running = Running::start(&text).await;
    let said = running.outcome("p").await.answer.unwrap_err().to_string();
    assert!(said.starts_with("TLS files unusable: ") && said.contains("ca.pem cannot be read"), "{said}");
    folder.write("ca.pem", &server.authority);
    while running.outcome("p").await.answer.is_err() {}
    assert_eq!(running.panel("p").value, Some(41.0));
}

#[tokio::test]
async fn a_probe_counts_the_days_of_a_certificate() {
    let server = TlsServer::start(Certificate::Good, "ok").await;
    let folder = Folder::new();
    let authority = folder.write("ca.pem", &server.authority);
    let text = format!(
        "refresh = \"2s\"\n[sources.s]\ntype = \"probe\"\ntargets = [\"shop={}\"]\ntls = {{ ca_file = \"{authority}\" }}\n[[dashboards]]\nname = \"d\"\n\
         [[dashboards.panels]]\nid = \"p\"\nview = \"stat\"\nsource = \"s\"\nquery = \"certificate_days\"\n",
        server.url()
    );
    let mut running = Running::start(&text).await;
    running.outcome("p").await.answer.unwrap();
    // It ends on 1 January 2090.
    let left = (3_786_912_000.0 - andon::model::time::now().seconds()) / 86_400.0;
    let told = running.panel("p").value.unwrap();
    assert!((told - left).abs() < 0.01, "{told} days, {left} are left");
}

#[tokio::test]
async fn a_handshake_that_hangs_is_a_timeout_of_the_connection() {
    let server = Server::start();
    server.route("/x", Reply::Silence);
    let url = format!("https://{}/x", server.address);
    let mut running = Running::start(&board(&url, "")).await;
    assert_eq!(running.outcome("p").await.answer.unwrap_err().to_string(), "timeout (connect)");
}

#[tokio::test]
async fn names_that_are_not_found_or_not_told_are_their_own_reason_and_hold_up_nobody() {
    let (names, server) = (Names::default(), Server::start());
    server.route("/x", Reply::body("application/json", GOOD));
    names.tell("none.test", Lookup::Fault("Name or service not known"));
    names.tell("broken.test", Lookup::Fault("Temporary failure in name resolution"));
    names.tell("slow.test", Lookup::Nothing);
    names.tell("good.test", Lookup::Address(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let hosts = ["none", "broken", "slow", "good"];
    let source = |host: &str| {
        let port = server.address.port();
        format!("[sources.{host}]\ntype = \"json\"\nurl = \"http://{host}.test:{port}/x\"\ntimeout = \"900ms\"\n")
    };
    let panel = |host: &str| {
        format!("[[dashboards.panels]]\nid = \"{host}\"\nview = \"stat\"\nsource = \"{host}\"\nquery = \".n\"\n")
    };
    let text = format!(
        "refresh = \"1s\"\n{}[[dashboards]]\nname = \"d\"\n{}",
        hosts.map(source).concat(),
        hosts.map(panel).concat()
    );
    let mut running = Running::start_on(&text, names.network()).await;
    let begin = Instant::now();
    for _ in 0..3 {
        assert!(running.outcome("good").await.answer.is_ok());
    }
    assert!(begin.elapsed() < Duration::from_secs(4), "the good one was held up: {:?}", begin.elapsed());
    let reason = |host: &str| running.panel(host).reason;
    assert!(reason("none").starts_with("name not found: Name or service not known"), "{}", reason("none"));
    assert!(reason("broken").starts_with("name not found: Temporary failure"), "{}", reason("broken"));
    assert!(reason("slow").starts_with("timeout (connect)"), "{}", reason("slow"));
}

#[tokio::test]
async fn a_name_that_moves_is_followed() {
    let (names, old) = (Names::default(), Server::start());
    // The same port at another address of the loopback.
    let new = Server::start_at(std::net::SocketAddr::from(([127, 0, 0, 2], old.address.port())));
    old.route("/x", Reply::body("application/json", GOOD));
    new.route("/x", Reply::body("application/json", "{\"n\":42}"));
    names.tell("shop.test", Lookup::Address(old.address.ip()));
    let text = board(&format!("http://shop.test:{}/x", old.address.port()), "");
    let mut running = Running::start_on(&text, names.network()).await;
    running.outcome("p").await.answer.unwrap();
    names.tell("shop.test", Lookup::Address(new.address.ip()));
    old.close();
    running.ask_now();
    let mut polls = 0;
    while running.panel("p").value != Some(42.0) {
        running.outcome("p").await;
        polls += 1;
    }
    assert!(polls <= 2, "{polls} polls until the new address");
}

#[test]
fn an_expression_that_never_ends_holds_up_only_itself() {
    let (server, folder) = (Server::start(), Folder::new());
    server.route("/x", Reply::body("application/json", GOOD));
    let source = |name: &str| {
        format!("[sources.{name}]\ntype = \"json\"\nurl = \"{}?{name}\"\ntimeout = \"400ms\"\n", server.url("/x"))
    };
    let panel = |id: &str, query: &str| {
        format!(
            "[[dashboards.panels]]\nid = \"{id}\"\nview = \"stat\"\nsource = \"{id}\"\nquery = \"{query}\"\ncritical = \"< 0\"\n"
        )
    };
    let file = folder.write(
        "b.toml",
        &format!(
            "refresh = \"1s\"\n{}{}[[dashboards]]\nname = \"d\"\n{}{}",
            source("endless"),
            source("healthy"),
            panel("endless", "last(repeat(1))"),
            panel("healthy", ".n")
        ),
    );
    let mut session = crate::support::pty::Session::start(&["--config", &file], (120, 20));
    session.wait_for("its end", |text| text.contains("the jq expression did not end in time, and was stopped"));
    session.wait_for("health beside it", |text| text.contains("healthy") && text.contains("● ok"));
    let threads = std::fs::read_dir(format!("/proc/{}/task", session.pid)).unwrap().count();
    assert!(threads <= 10, "{threads} threads: it was started again and again");
    session.send("q");
    assert_eq!(session.exit_within(crate::support::pty::PATIENCE), Some(0));
}

#[tokio::test]
async fn how_old_an_answer_was_and_what_time_its_server_has_come_with_it() {
    let server = Server::start();
    let answer = |headers: &str| {
        Reply::raw(&format!(
            "HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{GOOD}",
            GOOD.len()
        ))
    };
    server.route("/x", answer("Age: 5220\r\n"));
    server.route("/y", answer("Date: Thu, 31 Dec 2099 23:59:59 GMT\r\n"));
    let source =
        |name: &str| format!("[sources.{name}]\ntype = \"json\"\nurl = \"{}\"\n", server.url(&format!("/{name}")));
    let panel = |id: &str| {
        format!("[[dashboards.panels]]\nid = \"{id}\"\nview = \"stat\"\nsource = \"{id}\"\nquery = \".n\"\n")
    };
    let text = format!(
        "refresh = \"1s\"\n{}{}[[dashboards]]\nname = \"d\"\n{}{}",
        source("x"),
        source("y"),
        panel("x"),
        panel("y")
    );
    let mut running = Running::start(&text).await;
    let cached = running.outcome("x").await;
    assert_eq!((cached.age, cached.clock_skew), (Span::seconds(5220), None));
    server.route("/x", answer(""));
    running.ask_now();
    assert_eq!(running.outcome("x").await.age, Span(0), "that of an earlier poll is forgotten");
    let ahead = running.outcome("y").await;
    assert_eq!(ahead.age, Span(0));
    assert!(ahead.clock_skew.unwrap() > Span::seconds(86_400), "{:?}", ahead.clock_skew);
}
