//! The socket that takes OTLP over HTTP.

use std::convert::Infallible;
use std::io::Cursor;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, interval, timeout, timeout_at};

use super::answer::{self, Answer, Encoding, Refusal};
use super::cors;
use super::exchange::{self, Accepted, Asked};
use super::heard::{Ears, GRPC};
use super::keys::Config;
use super::reading::Reading;
use crate::accept::{Accepting, Guest, Limits};
use crate::model::fault::{FetchError, Reason};
use crate::model::time::now;
use crate::source::listening::{ListenContext, Listener, Shutdown, Sink};
use crate::source::offload::Worker;

/// Connections at once: an exporter keeps one.
const LIMITS: Limits = Limits { most: 128, silence: Duration::from_secs(30), stay: None };
/// Bodies that are on their way at once, 64 MiB in all; who comes meanwhile is asked to come again.
const AT_ONCE: usize = 16;
/// How long a body may take.
const BODY: Duration = Duration::from_secs(10);
/// How long a head may take.
const HEAD: Duration = Duration::from_secs(10);
/// How often polls are told that something has come.
const CALLS: Duration = Duration::from_millis(250);
/// How HTTP/2 begins, and with it gRPC.
const HTTP2: &[u8] = b"PRI * HTTP/2.0";

/// The listener of a source.
pub(super) struct Endpoint {
    config: Arc<Config>,
    /// A socket that is open already.
    given: Option<Arc<std::net::TcpListener>>,
    ears: Arc<Ears>,
    worker: Worker,
    /// How long a body may be read on the worker.
    patience: Duration,
}

/// Where every request is answered.
struct Desk {
    reading: Reading,
    config: Arc<Config>,
    turns: Semaphore,
    sink: Sink,
}

impl Endpoint {
    pub(super) fn new(config: Arc<Config>, context: &ListenContext) -> Self {
        let (given, worker) = (context.sockets.tcp.clone(), context.worker.clone());
        Self { config, given, ears: context.shared.get(), worker, patience: context.pace.timeout.duration() }
    }

    fn deaf(&self, error: &std::io::Error) -> FetchError {
        let in_use = error.kind() == std::io::ErrorKind::AddrInUse;
        let help = if in_use { "; 'ss -ltnp' shows which program has it" } else { "" };
        let (listen, why) = (&self.config.listen, error.kind());
        FetchError::new(Reason::Listen, format!("the board cannot receive OTLP at {listen}: {why}{help}"))
    }

    async fn socket(&self) -> Result<TcpListener, FetchError> {
        if let Some(given) = &self.given {
            return given.try_clone().and_then(TcpListener::from_std).map_err(|error| self.deaf(&error));
        }
        // An address that is none is a problem of the config, and told there.
        let address = self.config.address().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 4318)));
        TcpListener::bind(address).await.map_err(|error| self.deaf(&error))
    }
}

impl Listener for Endpoint {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        let socket = self.socket().await?;
        self.ears.listen(socket.local_addr().ok(), now());
        let (ears, worker, config) = (Arc::clone(&self.ears), self.worker.clone(), Arc::clone(&self.config));
        let reading = Reading { ears, worker, patience: self.patience, most: config.max_body };
        let desk = Arc::new(Desk { reading, config, turns: Semaphore::new(AT_ONCE), sink: sink.clone() });
        let accepting = Accepting::serve(socket, LIMITS, move |stream, guest| attend(Arc::clone(&desk), stream, guest));
        sink.set_up();
        let mut ticks = interval(CALLS.max(Duration::from_secs(1)));
        loop {
            tokio::select! {
                () = shutdown.begun() => return Ok(()),
                _ = ticks.tick() => match accepting.trouble() {
                    None => sink.set_up(),
                    Some(why) => sink.set_down(self.deaf(&std::io::Error::other(why))),
                },
            }
        }
    }
}

/// Answers the requests of one connection, one after the other.
async fn attend(desk: Arc<Desk>, mut stream: TcpStream, guest: Guest) {
    let begin = begin(&mut stream).await;
    if begin == HTTP2 {
        if desk.reading.ears.grpc(now()) {
            tracing::warn!("{GRPC}");
        }
        desk.sink.written();
        return;
    }
    let service = service_fn(move |request| {
        let (desk, guest) = (Arc::clone(&desk), guest.clone());
        async move { Ok::<_, Infallible>(desk.answer(request, &guest).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let (read, write) = stream.into_split();
    let stream = tokio::io::join(Cursor::new(begin).chain(read), write);
    // A client that goes away in the middle is no error of ours.
    let _gone = server.serve_connection(TokioIo::new(stream), service).await;
}

/// What a connection begins with, up to where it is known whether that is HTTP/2; it may come in parts.
async fn begin(stream: &mut TcpStream) -> Vec<u8> {
    let (mut begin, late) = (Vec::new(), Instant::now() + HEAD);
    while begin.len() < HTTP2.len() && HTTP2.starts_with(&begin) {
        let mut more = (&mut *stream).take((HTTP2.len() - begin.len()) as u64);
        if !matches!(timeout_at(late, more.read_buf(&mut begin)).await, Ok(Ok(1..))) {
            break;
        }
    }
    begin
}

impl Desk {
    async fn answer(&self, request: Request<Incoming>, guest: &Guest) -> Answer {
        let (head, body) = request.into_parts();
        let encoding = Encoding::of(&head.headers).unwrap_or(Encoding::Json);
        let asked = exchange::accept((&head.method, head.uri.path()), &head.headers, &self.config.origins);
        let answer = match asked {
            Ok(Asked::Preflight) => Ok(cors::preflight(&head.headers)),
            Ok(Asked::Export(accepted)) => self.take(accepted, body, guest).await,
            Err(refusal) => Err(refusal),
        };
        let mut answer = answer.unwrap_or_else(|refusal| self.refuse(&refusal, encoding));
        cors::allow(&mut answer, &head.headers, &self.config.origins);
        answer
    }

    fn refuse(&self, refusal: &Refusal, encoding: Encoding) -> Answer {
        self.reading.ears.refused(refusal, now());
        self.sink.written();
        answer::refused(refusal, encoding)
    }

    async fn take(&self, accepted: Accepted, body: Incoming, guest: &Guest) -> Result<Answer, Refusal> {
        let Ok(_turn) = self.turns.try_acquire() else {
            let why = format!("{AT_ONCE} requests are under way already");
            return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, why));
        };
        let most = self.config.max_body;
        let read = timeout(BODY, Limited::new(body, most).collect()).await;
        let late = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the body took over 10 s");
        let body = match read.map_err(|_| late)? {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(exchange::too_large(most)),
            Err(error) => {
                let why = format!("the body did not come whole: {error}");
                return Err(Refusal::new(StatusCode::BAD_REQUEST, why));
            }
        };
        let outcome = self.reading.take(accepted, body, now()).await?;
        guest.has_proven();
        self.sink.written();
        Ok(accepted.success(&outcome))
    }
}
