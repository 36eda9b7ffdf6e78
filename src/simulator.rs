//! A small shop that lives in andon, so that a newcomer sees a living board without any server.
//!
//! It answers over loopback HTTP in the formats of real systems (the Prometheus query API, JSON,
//! `CCTray`, Jenkins, Argo CD, GitLab, a calendar, plain health checks) and is polled by the same sources. Everything it tells is a function of
//! a seed and the time: [`shop`]. Addresses are written `simulator://shop/...`, or
//! `simulator://shop-SEED/...` for another shop.

mod log;
mod otlp;
pub mod pipeline;
pub mod prometheus;
pub mod shop;
mod statsd;

use std::convert::Infallible;
use std::fs::File;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::accept::{Accepting, Limits};
use crate::model::time::Timestamp;
use shop::Shop;

/// What connections to it may take. A board asks over few of them, and keeps them from poll to poll.
const LIMITS: Limits = Limits { most: 64, silence: Duration::from_secs(10), stay: None };

/// The running simulator; it ends when this is dropped.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    /// Where its programs send StatsD and OTLP, and the tasks that do, once somebody wants them; none where there is no port.
    statsd: OnceLock<Option<Talking>>,
    otlp: OnceLock<Option<Talking>>,
    /// What they write, once somebody wants to read it; none where no file can be had.
    log: OnceLock<Option<Log>>,
    clock: Clock,
    _accepting: Accepting,
}

/// Tells the moment.
#[derive(Clone)]
struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Programs that send, and the sockets that they send to.
#[derive(Debug)]
struct Talking {
    sockets: Sockets,
    address: SocketAddr,
    talks: JoinHandle<()>,
}

impl Drop for Talking {
    fn drop(&mut self) {
        self.talks.abort();
    }
}

/// A file in memory, and the task that writes it.
#[derive(Debug)]
struct Log {
    file: File,
    writes: JoinHandle<()>,
}

impl Drop for Log {
    fn drop(&mut self) {
        self.writes.abort();
    }
}

/// The sockets that a listener of the board is given: nobody else can take their port in between.
pub type Sockets = (Option<Arc<UdpSocket>>, Arc<std::net::TcpListener>);

impl Simulator {
    /// Listens on a free port of the loopback, and answers as of the moments that a clock tells. `None` when there is no
    /// port: its sources then say that nobody listens.
    pub async fn start(clock: impl Fn() -> Timestamp + Clone + Send + Sync + 'static) -> Option<Self> {
        let own = Clock(Arc::new(clock.clone()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.ok()?;
        let address = listener.local_addr().ok()?;
        let accepting = Accepting::serve(listener, LIMITS, move |stream, _| {
            let clock = clock.clone();
            async move {
                let service = service_fn(move |request| {
                    let answer = answer(&request, clock());
                    async { Ok::<_, Infallible>(answer) }
                });
                // Its own date would be that of another clock. A client that goes away in the middle is no error of ours.
                let connection =
                    http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
                let _gone = connection.await;
            }
        });
        Some(Self {
            address,
            statsd: OnceLock::new(),
            otlp: OnceLock::new(),
            log: OnceLock::new(),
            clock: own,
            _accepting: accepting,
        })
    }

    /// The loopback address behind a `simulator:` address.
    pub fn address(&self, simulated: &str) -> String {
        let rest = simulated.trim_start_matches("simulator:").trim_start_matches('/');
        let (shop, path) = rest.split_once('/').unwrap_or((rest, ""));
        let seed = shop.rsplit_once('-').map_or("1", |(_, seed)| seed);
        match path {
            "statsd" | "otlp" => self.talking(path).map_or_else(String::new, |talking| talking.address.to_string()),
            "log" => self.writing().map_or_else(String::new, |log| format!("/proc/self/fd/{}", log.file.as_raw_fd())),
            _ => format!("http://{}/{seed}/{path}", self.address),
        }
    }

    /// The sockets to which its programs send what a kind of source listens to.
    pub fn sockets(&self, kind: &str) -> Option<Sockets> {
        let talking = if kind == "otlp" { &self.otlp } else { &self.statsd };
        talking.get()?.as_ref().map(|talking| talking.sockets.clone())
    }

    /// Its log, which is written from when somebody wants to read it.
    fn writing(&self) -> Option<&Log> {
        self.log.get_or_init(|| log(self.clock.clone())).as_ref()
    }

    /// Its programs, which begin to send when somebody wants to hear them.
    fn talking(&self, kind: &str) -> Option<&Talking> {
        if kind == "otlp" {
            return self.otlp.get_or_init(|| otlp(self.clock.clone())).as_ref();
        }
        self.statsd.get_or_init(|| statsd(self.clock.clone())).as_ref()
    }
}

/// A file that nobody else sees, and what is written to it.
#[cfg(target_os = "linux")]
fn log(clock: Clock) -> Option<Log> {
    let memory = rustix::fs::memfd_create("shop.log", rustix::fs::MemfdFlags::CLOEXEC).ok()?;
    let file = File::from(memory);
    // Appended to, as a log is: after it was cut the next line stands at its beginning.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let written = File::options().append(true).open(path).ok()?;
    let writes = tokio::spawn(log::write(Shop::new(1), written, move || (clock.0)()));
    Some(Log { file, writes })
}

/// Elsewhere there is no such file.
#[cfg(not(target_os = "linux"))]
fn log(_: Clock) -> Option<Log> {
    None
}

/// The port that everybody knows, or another one where it is taken; and the shop's programs, which send to it.
fn statsd(clock: Clock) -> Option<Talking> {
    let bound = |port: u16| {
        let udp = UdpSocket::bind(("127.0.0.1", port)).ok()?;
        let address = udp.local_addr().ok()?;
        let tcp = std::net::TcpListener::bind(address).ok()?;
        (udp.set_nonblocking(true).is_ok() && tcp.set_nonblocking(true).is_ok()).then_some((udp, tcp, address))
    };
    let (udp, tcp, address) = bound(statsd::PORT).or_else(|| bound(0))?;
    let talks = tokio::spawn(statsd::talk(Shop::new(1), address, move || (clock.0)()));
    Some(Talking { sockets: (Some(Arc::new(udp)), Arc::new(tcp)), address, talks })
}

fn otlp(clock: Clock) -> Option<Talking> {
    let bound = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).ok();
    let tcp = bound(otlp::PORT).or_else(|| bound(0)).filter(|tcp| tcp.set_nonblocking(true).is_ok())?;
    let address = tcp.local_addr().ok()?;
    let talks = tokio::spawn(otlp::talk(Shop::new(1), address, move || (clock.0)()));
    Some(Talking { sockets: (None, Arc::new(tcp)), address, talks })
}

fn answer(request: &Request<Incoming>, now: Timestamp) -> Response<Full<Bytes>> {
    route(request.uri().path(), request.uri().query().unwrap_or_default(), now)
}

/// The answer to a GET at a moment.
fn route(path: &str, query: &str, now: Timestamp) -> Response<Full<Bytes>> {
    let mut parts = path.trim_start_matches('/').splitn(2, '/');
    let seed = parts.next().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let rest = parts.next().unwrap_or_default();
    let shop = Shop::new(seed);
    match rest {
        "cctray.xml" => reply(StatusCode::OK, "application/xml", shop.cctray(now)),
        "calendar.ics" => reply(StatusCode::OK, "text/calendar", Shop::calendar()),
        "jenkins/api/json" => json(&shop.jenkins(now)),
        "argocd/api/v1/applications" => json(&shop.argocd(now)),
        "gitlab/api/v4/projects/shop/merge_requests" => json(&shop.merge_requests(query.contains("state=merged"), now)),
        "stats.json" => reply(StatusCode::OK, "application/json", shop.stats(now).to_string()),
        "prometheus/api/v1/query" | "prometheus/api/v1/query_range" => {
            let (status, body) = prometheus::answer(shop, rest.ends_with("range"), query, now);
            reply(status, "application/json", body.to_string())
        }
        _ if rest.ends_with("/wfapi/describe") => {
            shop.stages(&job(rest), now).map_or_else(missing, |stages| json(&stages))
        }
        _ => match rest.strip_prefix("health/") {
            Some(service) if shop.is_up(service, now) => reply(StatusCode::OK, "text/plain", "ok\n".to_owned()),
            Some(_) => reply(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "down\n".to_owned()),
            None => missing(),
        },
    }
}

/// The name of a Jenkins job in the address of one of its runs: `jenkins/job/shop/job/main/7/...`.
fn job(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let names = parts.windows(2).filter_map(|pair| match pair {
        ["job", name] => Some(*name),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}

fn json(body: &serde_json::Value) -> Response<Full<Bytes>> {
    reply(StatusCode::OK, "application/json", body.to_string())
}

fn missing() -> Response<Full<Bytes>> {
    reply(StatusCode::NOT_FOUND, "text/plain", "the shop has no such page\n".to_owned())
}

fn reply(status: StatusCode, kind: &str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, kind);
    }
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn is_answered(stream: &mut TcpStream) -> bool {
        let asked = stream.write_all(b"GET /1/health/checkout HTTP/1.1\r\nHost: shop\r\n\r\n").await;
        let mut answer = [0; 9];
        asked.is_ok() && stream.read_exact(&mut answer).await.is_ok() && answer == *b"HTTP/1.1 "
    }

    #[tokio::test]
    async fn a_flood_of_connections_keeps_no_board_out_and_is_bounded() {
        let simulator = Simulator::start(crate::model::time::now).await.unwrap();
        let mut kept = TcpStream::connect(simulator.address).await.unwrap();
        assert!(is_answered(&mut kept).await);
        let mut idle = Vec::new();
        for _ in 0..4 * LIMITS.most {
            idle.push(TcpStream::connect(simulator.address).await.unwrap());
        }
        let mut late = TcpStream::connect(simulator.address).await.unwrap();
        assert!(is_answered(&mut late).await, "the idle ones have kept it out");
        assert_eq!(idle[0].read(&mut [0]).await.unwrap_or(0), 0, "there are more connections than there may be");
    }
}
