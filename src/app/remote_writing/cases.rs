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
use crate::history::{History, Outgoing, OutgoingKeeper, Settings, Unsent};
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
        let queue = Arc::new(Queue::new(url.as_str().into(), String::new(), Vec::new(), None));
        let clock = Clock::Standing(NOW);
        let sending = tokio::spawn(sending::run(Arc::clone(&queue), target, Network::default(), clock));
        Self { listener, queue, sending_task: sending }
    }

    async fn answer(&self, status: &str) -> (String, Vec<u8>) {
        answer(&self.listener, status).await
    }

    /// How it stands, once that is as expected.
    async fn standing(&self, holds: impl Fn(&Standing, usize) -> bool) -> Standing {
        let settled = async {
            loop {
                let (standing, waiting) = (self.queue.standing(), self.queue.waiting());
                if holds(&standing, waiting) {
                    return standing;
                }
                tokio::task::yield_now().await;
            }
        };
        let settled = tokio::time::timeout(std::time::Duration::from_secs(20), settled).await;
        settled.unwrap_or_else(|_| panic!("{:?}", self.queue.standing()))
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
fn is_well(standing: &Standing, waiting: usize) -> bool {
    *standing == Standing::default() && waiting == 0
}

fn body(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

#[tokio::test]
async fn requests_are_sent_in_order_with_the_headers_of_the_specification_and_who_we_are() {
    let engine = Scripted::start("auth = { bearer = \"s3cret\" }\nheaders = { \"X-Scope-OrgID\" = \"shop\" }").await;
    engine.queue.put((3, NOW), body("first"), NOW);
    engine.queue.put((2, NOW), body("second"), NOW);
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
    engine.queue.put((3, NOW), body("poisoned"), NOW);
    engine.queue.put((2, NOW), body("good"), NOW);
    assert_eq!(engine.answer("400 Bad Request").await.1, b"poisoned");
    assert_eq!(engine.answer("204 No Content").await.1, b"good");
    let (samples, why) = engine.standing(|_, waiting| waiting == 0).await.refused.unwrap();
    assert_eq!((samples, why.to_string().as_str()), (3, "HTTP 400: Bad Request: why"));
}

#[tokio::test]
async fn what_may_be_taken_later_is_sent_again_before_all_else() {
    let engine = Scripted::start("").await;
    engine.queue.put((3, NOW), body("first"), NOW);
    engine.queue.put((2, NOW), body("second"), NOW);
    assert_eq!(engine.answer("503 Service Unavailable").await.1, b"first");
    let standing = engine.standing(|one, _| one.failing.is_some()).await;
    let why = standing.failing.unwrap().1.to_string();
    assert_eq!((engine.queue.waiting(), why.as_str()), (5, "HTTP 503: Service Unavailable: why"));
    assert_eq!(engine.answer("429 Too Many Requests\r\nRetry-After: 2").await.1, b"first");
    assert_eq!(engine.answer("204 No Content").await.1, b"first");
    assert_eq!(engine.answer("204 No Content").await.1, b"second");
    engine.standing(is_well).await;
}

#[tokio::test]
async fn a_redirect_leads_no_sample_elsewhere_and_loses_none() {
    let engine = Scripted::start("").await;
    engine.queue.put((1, NOW), body("first"), NOW);
    engine.answer("308 Permanent Redirect\r\nLocation: http://127.0.0.1:9/").await;
    let why = engine.standing(|one, _| one.failing.is_some()).await.failing.unwrap().1.to_string();
    assert_eq!(why, "redirect blocked: HTTP 308: write the address that it leads to into url");
    assert_eq!(engine.answer("204 No Content").await.1, b"first");
}

#[tokio::test]
async fn what_waits_is_bounded_in_time_and_in_bytes_and_what_is_lost_is_counted() {
    let engine = Scripted::start("").await;
    // Nobody runs in between: the queue is filled before the first is sent.
    let late = NOW.plus(crate::history::outgoing::KEPT);
    engine.queue.put((1, NOW), body("oldest"), NOW.minus(Span(1)));
    engine.queue.put((1, NOW), body("old"), NOW);
    engine.queue.put((1, NOW), body("new"), late);
    assert_eq!(engine.answer("204 No Content").await.1, b"old");
    assert_eq!(engine.answer("204 No Content").await.1, b"new");
    let engine = Scripted::start("").await;
    let large: Arc<[u8]> = vec![7; 9 * 1024 * 1024].into();
    engine.queue.put((10, NOW), Arc::clone(&large), late);
    engine.queue.put((20, NOW), large, late);
    assert_eq!(engine.queue.standing().lost, 10);
}

fn target(listener: &TcpListener, token: &str) -> RemoteWrite {
    let url = format!("http://127.0.0.1:{}/api/v1/write", listener.local_addr().unwrap().port());
    let http = toml_edit::de::from_str(&format!("auth = {{ bearer = \"{token}\" }}")).unwrap();
    let fingerprint = token.len() as u64;
    RemoteWrite { url: url.parse().unwrap(), http, labels: BTreeMap::new(), fingerprint }
}

/// Those who write, run in this process.
struct Run {
    listener: TcpListener,
    measured: mpsc::Sender<Measured>,
    targets: watch::Sender<Arc<[RemoteWrite]>>,
    running: tokio::task::JoinHandle<()>,
}

impl Run {
    async fn start(keeper: Option<OutgoingKeeper>, unsent: impl FnOnce(Arc<str>) -> Unsent) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (sender, measured) = mpsc::channel(8);
        let first = target(&listener, "old");
        let unsent = unsent(super::target::name(&first.url));
        let targets = watch::Sender::new(Arc::from([first]));
        let (missed, trouble) = (Arc::default(), watch::Sender::new(None));
        let wires = Wires { measured, missed, targets: targets.subscribe(), trouble, keeper, unsent };
        let running = tokio::spawn(run(wires, Network::default(), Clock::Standing(NOW)));
        Self { listener, measured: sender, targets, running }
    }

    async fn measure(&self, at: i64, value: f64) {
        let stale_after = Span::seconds(30);
        let (source, query) = ("m".to_owned(), "cpu".to_owned());
        let origin = Arc::new(Origin { kind: "host", source, query, stale_after, is_given: true });
        let series = vec![Series::single("", Timestamp(NOW.0 + at), value)];
        self.measured.send(Measured { origin, series }).await.unwrap();
        while self.measured.capacity() < 8 {
            tokio::task::yield_now().await;
        }
    }

    async fn answer(&self, status: &str) -> (String, Vec<u8>) {
        answer(&self.listener, status).await
    }
}

#[tokio::test]
async fn another_token_loses_nothing_and_sends_nothing_again() {
    let run = Run::start(None, |_| Unsent::default()).await;
    run.measure(0, 1.5).await;
    run.measure(1, 2.5).await;
    run.targets.send(Arc::from([target(&run.listener, "newer")])).unwrap();
    // A source that is opened anew tells once more what it knows.
    run.measure(1, 2.5).await;
    run.measure(2, 3.5).await;
    let (head, body) = run.answer("204 No Content").await;
    assert!(head.contains("authorization: bearer newer"), "{head}");
    let [(labels, samples)] = decoded(&body).try_into().unwrap();
    assert!(labels.starts_with("__name__=andon_host_cpu instance="), "{labels}");
    assert!(labels.ends_with(" job=andon source=m"), "{labels}");
    // What is of the moment at which the board began, or before it, is not written.
    assert_eq!(samples, [(NOW.0 + 1, 2.5f64.to_bits()), (NOW.0 + 2, 3.5f64.to_bits())]);
}

#[tokio::test]
async fn what_waited_before_a_restart_comes_first_and_what_was_handed_over_does_not_come_again() {
    let run = Run::start(None, |name| Unsent {
        waiting: vec![Outgoing {
            target: Arc::clone(&name),
            number: NOW.0 - 1000,
            samples: 1,
            newest: Timestamp(NOW.0 - 1000),
            body: body("waited"),
        }],
        newest: [(name.to_string(), Timestamp(NOW.0 - 1000))].into(),
    })
    .await;
    assert_eq!(run.answer("204 No Content").await.1, b"waited");
    run.measure(-1000, 1.5).await;
    run.measure(-500, 2.5).await;
    let (_, body) = run.answer("204 No Content").await;
    assert_eq!(decoded(&body)[0].1, [(NOW.0 - 500, 2.5f64.to_bits())]);
}

#[tokio::test]
async fn at_the_end_all_that_was_handed_over_is_in_the_history() {
    let folder = std::env::temp_dir().join(format!("andon-remote-writing-{}", std::process::id()));
    let settings =
        || Settings { path: folder.join("h.sqlite"), max_bytes: 8 << 20, flush: Span::seconds(3600), logs: false };
    let start = || History::start(settings(), Timestamp(0), || NOW).unwrap();
    let (history, past) = start();
    past.await.unwrap();
    let run = Run::start(Some(history.outgoing()), |_| Unsent::default()).await;
    run.measure(1, 1.5).await;
    run.running.abort();
    assert!(run.running.await.unwrap_err().is_cancelled());
    drop(history);
    let unsent = start().1.await.unwrap().unsent;
    let [one] = unsent.waiting.try_into().unwrap();
    assert_eq!(decoded(&one.body)[0].1, [(NOW.0 + 1, 1.5f64.to_bits())]);
    assert_eq!(unsent.newest, [(one.target.to_string(), Timestamp(NOW.0 + 1))].into());
    std::fs::remove_dir_all(folder).unwrap();
}
