//! The address that takes events: `POST /events` with a token, on loopback only.

use std::convert::Infallible;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

use super::line::{Line, Time};
use crate::model::fault::{FetchError, Reason};
use crate::model::time::now;
use crate::source::auth::Secret;

/// Largest event taken, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// The answer to every method but POST.
const POSTED: &str = "andon: events are posted";
/// Connections at once.
const MOST_CONNECTIONS: usize = 16;
/// The longest a connection may last.
const LONGEST: Duration = Duration::from_secs(5);

/// A listener; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Endpoint(tokio::task::JoinHandle<()>);

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What every request is answered with.
pub(super) struct Desk {
    /// Read at each request, so that one that is rotated needs no restart.
    pub(super) token: Secret,
    pub(super) file: PathBuf,
    /// Whether names of people may be kept.
    pub(super) people: bool,
    pub(super) nudge: Arc<Notify>,
    /// One writes at a time: a disk that hangs holds one thread, not one for each event.
    pub(super) writing: tokio::sync::Mutex<()>,
}

/// Reads an address; only those of this machine itself are taken.
pub(super) fn address(listen: &str) -> Result<SocketAddr, FetchError> {
    let wrong = |detail: String| FetchError::new(Reason::Parse, detail);
    let address: SocketAddr = listen
        .parse()
        .map_err(|_| wrong(format!("listen = '{listen}' is no address; write it like 127.0.0.1:7667")))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(wrong(format!("listen = '{listen}' can be reached from elsewhere; use 127.0.0.1 or [::1]")))
    }
}

impl Endpoint {
    /// Listens from now on, on the current runtime.
    pub(super) async fn open(address: SocketAddr, desk: Desk) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self(tokio::spawn(serve(listener, Arc::new(desk)))))
    }
}

/// Whether who listens there is another andon: it has an answer of its own to a question that nobody asks.
pub(super) async fn is_andon(address: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        stream.write_all(b"GET /events HTTP/1.0\r\n\r\n").await.ok()?;
        let mut answer = Vec::new();
        stream.take(1024).read_to_end(&mut answer).await.ok()?;
        Some(String::from_utf8_lossy(&answer).contains(POSTED))
    };
    tokio::time::timeout(Duration::from_secs(1), asked).await.ok().flatten().unwrap_or(false)
}

async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of files, most likely: a little later there may be one again.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let desk = Arc::clone(&desk);
        tokio::spawn(async move {
            let answer = |request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(answer(request, &desk).await) }
            };
            let connection =
                http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service_fn(answer));
            // One that goes away, or dawdles, is its own affair.
            let _gone_or_late = tokio::time::timeout(LONGEST, connection).await;
            drop(place);
        });
    }
}

async fn answer(request: Request<Incoming>, desk: &Desk) -> Response<Full<Bytes>> {
    let (status, text) = match taken(request, desk).await {
        Ok(()) => (StatusCode::CREATED, "taken\n".to_owned()),
        Err((status, text)) => (status, format!("{text}\n")),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response
}

type Refusal = (StatusCode, String);

async fn taken(request: Request<Incoming>, desk: &Desk) -> Result<(), Refusal> {
    let no = |status: StatusCode, text: &str| Err((status, text.to_owned()));
    if request.uri().path() != "/events" {
        return no(StatusCode::NOT_FOUND, "events go to /events");
    }
    if request.method() != Method::POST {
        return no(StatusCode::METHOD_NOT_ALLOWED, POSTED);
    }
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let shown = shown.strip_prefix("Bearer ").unwrap_or_default();
    let Ok(token) = desk.token.read() else {
        return no(StatusCode::INTERNAL_SERVER_ERROR, "the board's own token cannot be read");
    };
    if !equal(shown.as_bytes(), token.expose_secret().as_bytes()) {
        return no(StatusCode::UNAUTHORIZED, "show the token: Authorization: Bearer ...");
    }
    let Ok(body) = Limited::new(request.into_body(), MOST_BYTES).collect().await else {
        return no(StatusCode::PAYLOAD_TOO_LARGE, "an event has at most 64 KiB");
    };
    let bytes = body.to_bytes();
    let text = std::str::from_utf8(&bytes).map_err(|_| (StatusCode::BAD_REQUEST, "not UTF-8".to_owned()))?;
    let mut line = Line::parse(text).map_err(|why| (StatusCode::BAD_REQUEST, why))?;
    line.at.get_or_insert(Time::from(now()));
    if !desk.people {
        line.who.clear();
    }
    let file = desk.file.clone();
    let _alone = desk.writing.lock().await;
    let written = tokio::task::spawn_blocking(move || append(&file, &line)).await;
    match written {
        Ok(Ok(())) => {
            desk.nudge.notify_one();
            Ok(())
        }
        Ok(Err(why)) => Err((StatusCode::INTERNAL_SERVER_ERROR, why)),
        Err(_) => no(StatusCode::INTERNAL_SERVER_ERROR, "a fault of andon"),
    }
}

/// Adds an event to a file in one write, so that two writers never mix their lines. A last line that nobody
/// ended is ended first. The error is a sentence.
pub fn append(file: &Path, line: &Line) -> Result<(), String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{} cannot be written: {error}", file.display());
    let text = serde_json::to_string(line).map_err(|error| wrong(&error))?;
    let mut open = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .read(true)
        // It may hold what not everybody is to read.
        .mode(0o640)
        .open(file)
        .map_err(|error| wrong(&error.kind()))?;
    let begin = if ends_in_a_line(&mut open).map_err(|error| wrong(&error.kind()))? { "" } else { "\n" };
    open.write_all(format!("{begin}{text}\n").as_bytes()).map_err(|error| wrong(&error.kind()))
}

fn ends_in_a_line(file: &mut std::fs::File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Whether two secrets are equal, in a time that does not tell how much of them is.
fn equal(a: &[u8], b: &[u8]) -> bool {
    let differs = a.iter().zip(b).fold(a.len() ^ b.len(), |differs, (x, y)| differs | usize::from(x ^ y));
    differs == 0 && !b.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_write() {
        assert!(address("127.0.0.1:7667").is_ok() && address("[::1]:7667").is_ok());
        for elsewhere in ["0.0.0.0:7667", "192.168.1.2:80", "localhost:1", "7667"] {
            assert!(address(elsewhere).is_err(), "{elsewhere}");
        }
    }

    #[test]
    fn an_empty_token_opens_nothing() {
        assert!(equal(b"abc", b"abc") && !equal(b"abc", b"abd") && !equal(b"", b"") && !equal(b"ab", b"abc"));
    }
}
