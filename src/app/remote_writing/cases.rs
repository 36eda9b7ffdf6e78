//! Requests to a server that answers as it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::queue::Queue;
use super::standing::Standing;
use super::{Wires, run, sending};
use crate::config::board::RemoteWrite;
use crate::export::remote_write::message::decoded;
use crate::model::measured::{Measured, Origin};
use crate::model::series::Series;
use crate::model::time::{Span, Timestamp};
use crate::source::Clock;
use crate::source::http::HttpOptions;
use crate::source::network::Network;

const NOW: Timestamp = Timestamp(1_795_267_800_000);

/// An engine on a port of its own, and what is sent to it.
struct Scripted {
    listener: TcpListener,
    queue: Arc<Queue>,
    sending_task: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.sending_task.abort();
    }
}

impl Scripted {
    async fn start(keys: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: reqwest::Url =
            format!("http://127.0.0.1:{}/api/v1/write", listener.local_addr().unwrap().port()).parse().unwrap();
        let http: HttpOptions = toml_edit::de::from_str(keys).unwrap();
        let target = RemoteWrite { url: url.clone(), http, labels: BTreeMap::new(), fingerprint: 0 };
        let queue = Arc::new(Queue::new(url.as_str().into(), Vec::new(), None));
        let clock = Clock::Standing(NOW);
        let sending = tokio::spawn(sending::run(Arc::clone(&queue), target, Network::default(), clock));
        Self { listener, queue, sending_task: sending }
    }

    async fn answer(&self, status: &str) -> (String, Vec<u8>) {
        answer(&self.listener, status).await
    }

    /// How it stands, once that is as expected.
    async fn standing(&self, holds: impl Fn(&Standing) -> bool) -> Standing {
        for _ in 0..10_000 {
            let standing = self.queue.standing();
            if holds(&standing) {
                return standing;
            }
            // What was answered is read by the runtime: it has to look at its sockets.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        panic!("{:?}", self.queue.standing())
    }
}

/// Answers the next request, and gives its head and body.
async fn answer(listener: &TcpListener, status: &str) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nwhy");
    stream.write_all(answer.as_bytes()).await.unwrap();
    (head, body)
}

/// Nothing waits, and nothing was lost.
fn is_well(standing: &Standing) -> bool {
    *standing == Standing::default()
}

fn body(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

#[tokio::test]
async fn requests_are_sent_in_order_with_the_headers_of_the_specification_and_who_we_are() {
    let engine = Scripted::start("auth = { bearer = \"s3cret\" }\nheaders = { \"X-Scope-OrgID\" = \"shop\" }").await;
    engine.queue.put(3, body("first"), NOW);
    engine.queue.put(2, body("second"), NOW);
    let (head, sent) = engine.answer("204 No Content").await;
    assert_eq!(sent, b"first");
    for line in [
        "post /api/v1/write http/1.1",
        "content-type: application/x-protobuf",
        "content-encoding: snappy",
        "x-prometheus-remote-write-version: 0.1.0",
        concat!("user-agent: andon/", env!("CARGO_PKG_VERSION")),
        "authorization: bearer s3cret",
        "x-scope-orgid: shop",
    ] {
        assert!(head.lines().any(|one| one == line), "{line} in {head}");
    }
    assert_eq!(engine.answer("200 OK").await.1, b"second");
    engine.standing(is_well).await;
}

#[tokio::test]
async fn what_is_refused_for_good_holds_up_nothing_and_is_counted() {
    let engine = Scripted::start("").await;
    engine.queue.put(3, body("poisoned"), NOW);
    engine.queue.put(2, body("good"), NOW);
    assert_eq!(engine.answer("400 Bad Request").await.1, b"poisoned");
    assert_eq!(engine.answer("204 No Content").await.1, b"good");
    let (samples, why) = engine.standing(|one| one.waiting == 0).await.refused.unwrap();
    assert_eq!((samples, why.to_string().as_str()), (3, "HTTP 400: Bad Request: why"));
}

#[tokio::test]
async fn what_may_be_taken_later_is_sent_again_before_all_else() {
    let engine = Scripted::start("").await;
    engine.queue.put(3, body("first"), NOW);
    engine.queue.put(2, body("second"), NOW);
    assert_eq!(engine.answer("503 Service Unavailable").await.1, b"first");
    let standing = engine.standing(|one| one.failing.is_some()).await;
    let why = standing.failing.unwrap().1.to_string();
    assert_eq!((standing.waiting, why.as_str()), (5, "HTTP 503: Service Unavailable: why"));
    assert_eq!(engine.answer("429 Too Many Requests\r\nRetry-After: 2").await.1, b"first");
    assert_eq!(engine.answer("204 No Content").await.1, b"first");
    assert_eq!(engine.answer("204 No Content").await.1, b"second");
    engine.standing(is_well).await;
}

#[tokio::test]
async fn a_redirect_leads_no_sample_elsewhere_and_loses_none() {
    let engine = Scripted::start("").await;
    engine.queue.put(1, body("first"), NOW);
    engine.answer("308 Permanent Redirect\r\nLocation: http://127.0.0.1:9/").await;
    let why = engine.standing(|one| one.failing.is_some()).await.failing.unwrap().1.to_string();
    assert_eq!(why, "redirect blocked: HTTP 308: write the address that it leads to into url");
    assert_eq!(engine.answer("204 No Content").await.1, b"first");
}

#[tokio::test]
async fn what_waits_is_bounded_in_time_and_in_bytes_and_what_is_lost_is_counted() {
    let engine = Scripted::start("").await;
    // Nobody runs in between: the queue is filled before the first is sent.
    let late = NOW.plus(crate::history::outgoing::KEPT);
    engine.queue.put(1, body("oldest"), NOW.minus(Span(1)));
    engine.queue.put(1, body("old"), NOW);
    engine.queue.put(1, body("new"), late);
    assert_eq!(engine.answer("204 No Content").await.1, b"old");
    assert_eq!(engine.answer("204 No Content").await.1, b"new");
    let engine = Scripted::start("").await;
    let large: Arc<[u8]> = vec![7; 9 * 1024 * 1024].into();
    engine.queue.put(10, Arc::clone(&large), late);
    engine.queue.put(20, large, late);
    assert_eq!(engine.queue.standing().lost, 10);
}

fn target(listener: &TcpListener, token: &str) -> RemoteWrite {
    let url = format!("http://127.0.0.1:{}/api/v1/write", listener.local_addr().unwrap().port());
    let http = toml_edit::de::from_str(&format!("auth = {{ bearer = \"{token}\" }}")).unwrap();
    let fingerprint = token.len() as u64;
    RemoteWrite { url: url.parse().unwrap(), http, labels: BTreeMap::new(), fingerprint }
}

#[tokio::test]
async fn another_token_loses_nothing_of_what_was_gathered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (sender, measured) = mpsc::channel(8);
    let engines = |all: &[RemoteWrite]| -> Arc<[RemoteWrite]> { all.into() };
    let targets = watch::Sender::new(engines(&[target(&listener, "old")]));
    let wires = Wires {
        measured,
        targets: targets.subscribe(),
        trouble: watch::Sender::new(None),
        keeper: None,
        waiting: Vec::new(),
    };
    let running = tokio::spawn(run(wires, Network::default(), Clock::Standing(NOW)));
    let origin =
        Origin { kind: "host", source: "m".to_owned(), query: "cpu".to_owned(), stale_after: Span::seconds(30) };
    let series = vec![Series::single("", NOW, 1.5)];
    sender.send(Measured { origin: Arc::new(origin), series }).await.unwrap();
    while sender.capacity() < 8 {
        tokio::task::yield_now().await;
    }
    targets.send(engines(&[target(&listener, "newer")])).unwrap();
    let (head, body) = answer(&listener, "204 No Content").await;
    assert!(head.contains("authorization: bearer newer"), "{head}");
    let [(labels, samples)] = decoded(&body).try_into().unwrap();
    assert!(labels.starts_with("__name__=andon_host_cpu instance="), "{labels}");
    assert!(labels.ends_with(" job=andon source=m"), "{labels}");
    assert_eq!(samples, [(NOW.0, 1.5f64.to_bits())]);
    running.abort();
}
