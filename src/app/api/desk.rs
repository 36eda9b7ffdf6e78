//! Whom and how the server answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::answers;
use super::request::{self, Asked, Refusal, Wanted};
use crate::accept::Guest;
use crate::config::board::Api;
use crate::hub::looking::Look;
use crate::source::Clock;
use crate::view::scene::Scene;

/// How long a head may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long the hub may take to answer: it looks ten times a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where requests are answered.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) api: Api,
    pub(super) token: Option<SecretString>,
    /// To the hub.
    pub(super) looks: mpsc::Sender<Look>,
    /// The last one shows that the hub lives.
    pub(super) scenes: watch::Receiver<Arc<Scene>>,
    pub(super) clock: Clock,
}

type Answer = Response<Full<Bytes>>;

/// Answers one connection.
pub(super) async fn attend(desk: Arc<Desk>, stream: TcpStream, guest: Guest) {
    let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    let service = service_fn(move |request| {
        let (desk, guest) = (Arc::clone(&desk), guest.clone());
        async move { Ok::<_, Infallible>(desk.answer(&request, is_local, &guest).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    // Who goes away in the middle is no concern of ours.
    let _gone = server.serve_connection(TokioIo::new(stream), service).await;
}

impl Desk {
    async fn answer(&self, request: &Request<Incoming>, is_local: bool, guest: &Guest) -> Answer {
        let token = self.token.as_ref().map(SecretString::expose_secret);
        let mut answer = match request::read(request, is_local, &self.api, token) {
            Err(refusal) => refused(&refusal),
            Ok(Asked::Health) => said(answers::health(self.scenes.borrow().now, self.clock.now())),
            Ok(Asked::Look(wanted)) => {
                // Its token was looked at. Whoever asks for `/healthz`, or a board without one, has shown none.
                if token.is_some() {
                    guest.has_proven();
                }
                self.look(wanted).await
            }
        };
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }

    /// Has the hub look: what is answered is of one moment. The text is made of it here, not by the hub.
    async fn look(&self, wanted: Wanted) -> Answer {
        let (sender, answer) = oneshot::channel();
        let look = Look::new(sender, move |verdicts, scene, store, board| {
            answers::seen(&wanted, verdicts, scene, store, board)
        });
        let asking = async {
            self.looks.send(look).await.ok()?;
            answer.await.ok()
        };
        match timeout(PATIENCE, asking).await {
            Ok(Some(seen)) => said(seen.map(answers::text)),
            Ok(None) | Err(_) => refused(&answers::silence()),
        }
    }
}

fn said(answer: answers::Said) -> Answer {
    match answer {
        Ok((kind, text)) => text_of(StatusCode::OK, kind, text),
        Err(refusal) => refused(&refusal),
    }
}

fn refused(refusal: &Refusal) -> Answer {
    let body = serde_json::json!({ "error": refusal.why }).to_string() + "\n";
    let mut answer = text_of(refusal.status, answers::JSON, body);
    let says = match refusal.status {
        StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, "Bearer")),
        StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "GET")),
        _ => None,
    };
    answer.headers_mut().extend(says.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

fn text_of(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
