//! The board for other programs: a small server that only answers.
//!
//! ```text
//! /healthz           whether the board is alive
//! /metrics           OpenMetrics: values and statuses of panels, freshness of sources
//! /api/v1/status     the verdicts, as `andon status --format json`
//! /api/v1/series     the numbers of a panel or a source (?name=..., ?from=..., ?to=...)
//! /api/v1/events     what happened (?from=..., ?to=...)
//! ```

mod answers;
mod request;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::accept::{Accepting, Guest, Limits};
use crate::config::board::Api;
use crate::hub::{Command, Look};
use request::{Asked, Refusal};

/// Connections at once.
const LIMITS: Limits = Limits { most: 64, silence: Duration::from_secs(10), stay: None };
/// How long a head may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long the hub may take to answer: it looks ten times a second.
const PATIENCE: Duration = Duration::from_secs(2);
/// The pause before an address that is taken is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// Whom and how the server answers.
struct Desk {
    api: Api,
    token: Option<SecretString>,
    commands: mpsc::Sender<Command>,
}

type Answer = Response<Full<Bytes>>;

/// Serves until it is dropped. A board without `[api]` is asked by nobody.
pub(super) async fn serve(api: Option<Api>, commands: mpsc::Sender<Command>) {
    let Some(api) = api else {
        drop(commands);
        return std::future::pending().await;
    };
    loop {
        match listen(&api).await {
            Ok((socket, token)) => {
                let desk = Arc::new(Desk { api: api.clone(), token, commands: commands.clone() });
                let _accepting =
                    Accepting::serve(socket, LIMITS, move |stream, guest| attend(Arc::clone(&desk), stream, guest));
                return std::future::pending().await;
            }
            Err(why) => tracing::warn!("the API is not there: {why}; trying again"),
        }
        sleep(AGAIN).await;
    }
}

async fn listen(api: &Api) -> Result<(TcpListener, Option<SecretString>), String> {
    let token = match &api.token {
        None => None,
        Some(secret) => Some(secret.read().map_err(|error| error.to_string())?),
    };
    let socket = TcpListener::bind(api.listen).await;
    socket.map(|socket| (socket, token)).map_err(|error| format!("{}: {error}", api.listen))
}

async fn attend(desk: Arc<Desk>, stream: TcpStream, guest: Guest) {
    let service = service_fn(move |request| {
        let (desk, guest) = (Arc::clone(&desk), guest.clone());
        async move { Ok::<_, Infallible>(desk.answer(&request, &guest).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // Who goes away in the middle is no concern of ours.
    let _gone = server.serve_connection(TokioIo::new(stream), service).await;
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>, guest: &Guest) -> Answer {
        let token = self.token.as_ref().map(SecretString::expose_secret);
        let asked = request::read(request.method(), request.uri(), request.headers(), (&self.api, token));
        let mut answer = match asked {
            Err(refusal) => refused(&refusal),
            Ok(asked) => {
                guest.has_proven();
                self.look(asked).await
            }
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }

    /// Has the hub look: what is answered is of one moment.
    async fn look(&self, asked: Asked) -> Answer {
        let (sender, answer) = oneshot::channel();
        let look = Look::new(move |verdicts, scene, store, board| {
            // Who asked may be gone.
            let _gone = sender.send(answers::to(&asked, verdicts, scene, store, board));
        });
        let asking = async {
            self.commands.send(Command::Look(look)).await.ok()?;
            answer.await.ok()
        };
        match timeout(PATIENCE, asking).await {
            Ok(Some(Ok((kind, text)))) => text_of(StatusCode::OK, kind, text),
            Ok(Some(Err(refusal))) => refused(&refusal),
            Ok(None) | Err(_) => refused(&Refusal {
                status: StatusCode::SERVICE_UNAVAILABLE,
                why: "the board does not answer".to_owned(),
            }),
        }
    }
}

fn refused(refusal: &Refusal) -> Answer {
    let body = serde_json::json!({ "error": refusal.why }).to_string() + "\n";
    let mut answer = text_of(refusal.status, "application/json", body);
    if refusal.status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    answer
}

fn text_of(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
