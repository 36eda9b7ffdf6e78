//! Whom and how the page is answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
};
use hyper::header::{SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};

use super::access::Access;
use super::request::{self, Act, Asked, Refusal, refusal};
use super::stream::{self, Pictures, events};
use crate::accept::Guest;
use crate::model::hex::hex;
use crate::output::viewing::{Allowance, Moment, Sight, Viewing, Wanted, Way};
use crate::render::{Depth, Glyphs};
use crate::view::address::Address;
use crate::viewer::Screen;

/// How long a head may take.
const HEAD: Duration = Duration::from_secs(10);
/// The most that a head may have.
const MOST_BYTES: usize = 16 * 1024;
/// What somebody does on its way to their viewer; who does more is told to wait.
const ACTS: usize = 64;
/// Viewers from one address of another machine.
const MOST_OF_ONE: usize = 20;
/// The theme of a page that is read in the light.
const LIGHT: &str = "andon-light";

/// Sent with every answer: nothing from elsewhere, nothing inline, nothing around it, nothing kept.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
];

/// Where the page is answered.
pub(in crate::app::serving) struct Desk {
    pub(in crate::app::serving) hosts: Vec<String>,
    pub(in crate::app::serving) access: Access,
    pub(in crate::app::serving) viewing: Arc<Viewing>,
    /// What each audience sees.
    pub(in crate::app::serving) moments: HashMap<String, watch::Receiver<Moment>>,
    viewers: Mutex<HashMap<String, Looking>>,
    pictures: Pictures,
}

/// A viewer of this page.
struct Looking {
    from: IpAddr,
    acts: mpsc::Sender<Act>,
    inputs: Allowance,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Answers one connection.
pub(in crate::app::serving) async fn attend(desk: Arc<Desk>, stream: TcpStream, guest: Guest) {
    let Ok(peer) = stream.peer_addr().map(|peer| peer.ip().to_canonical()) else { return };
    let cut = Arc::new(Notify::new());
    let cutting = Arc::clone(&cut);
    let service = service_fn(move |request| {
        let (desk, guest, cut) = (Arc::clone(&desk), guest.clone(), Arc::clone(&cut));
        async move {
            desk.viewing.notice_who_has_left(Way::Page).await;
            Ok::<_, Infallible>(desk.answer(&request, peer, &guest, &cut))
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(64).max_buf_size(MOST_BYTES);
    tokio::select! {
        // Who goes away in the middle is no concern of ours.
        _gone = server.serve_connection(TokioIo::new(stream), service) => {}
        () = cutting.notified() => {}
    }
}

impl Desk {
    pub(in crate::app::serving) fn new(
        hosts: Vec<String>,
        access: Access,
        viewing: Arc<Viewing>,
        moments: HashMap<String, watch::Receiver<Moment>>,
    ) -> Self {
        Self { hosts, access, viewing, moments, viewers: Mutex::default(), pictures: Pictures::default() }
    }

    fn answer(self: &Arc<Self>, request: &Request<Incoming>, peer: IpAddr, guest: &Guest, cut: &Arc<Notify>) -> Answer {
        let asked = request::read(request, &self.hosts, &self.access);
        let mut answer = asked.and_then(|asked| self.give(asked, peer, guest, cut)).unwrap_or_else(|why| refused(&why));
        let headers = HEADERS.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        answer.headers_mut().extend(headers);
        answer
    }

    fn give(self: &Arc<Self>, asked: Asked, peer: IpAddr, guest: &Guest, cut: &Arc<Notify>) -> Result<Answer, Refusal> {
        Ok(match asked {
            Asked::Page(kind, text) => text_of(StatusCode::OK, kind, text.to_owned()),
            Asked::Session { audience, login } => {
                text_of(StatusCode::OK, JSON, json!({ "audience": audience, "login": login }).to_string())
            }
            Asked::Login { cookie } => with_cookie(&cookie),
            Asked::Logout => with_cookie(&Access::no_cookie()),
            Asked::Act { viewer, act } => {
                let mut all = self.all();
                let looking = all.get_mut(&viewer);
                let looking = looking.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "there is no such viewer"))?;
                if !looking.inputs.try_take() || looking.acts.try_send(act).is_err() {
                    return Err(refusal(StatusCode::TOO_MANY_REQUESTS, "too much at once"));
                }
                text_of(StatusCode::NO_CONTENT, JSON, String::new())
            }
            Asked::Stream { audience, size, light, address } => {
                let answer = self.stream(&audience, size, light, address, peer, cut)?;
                guest.has_proven();
                answer
            }
        })
    }

    /// A viewer of its own, whose frames are the body.
    fn stream(
        self: &Arc<Self>,
        audience: &str,
        size: (u16, u16),
        light: bool,
        address: Address,
        peer: IpAddr,
        cut: &Arc<Notify>,
    ) -> Result<Answer, Refusal> {
        let unavailable = |why: String| refusal(StatusCode::SERVICE_UNAVAILABLE, why);
        let moments =
            self.moments.get(audience).ok_or_else(|| unavailable(format!("there is no audience '{audience}'")))?;
        // Behind a proxy all come from this machine.
        let of_one = self.all().values().filter(|looking| looking.from == peer).count();
        if !peer.is_loopback() && of_one >= MOST_OF_ONE {
            return Err(refusal(StatusCode::TOO_MANY_REQUESTS, format!("{of_one} pages of this address look already")));
        }
        let wanted = Wanted {
            way: Way::Page,
            screen: Screen { glyphs: Glyphs::Full, depth: Depth::True, kiosk: false },
            size,
            theme: if light { LIGHT.to_owned() } else { String::new() },
            address,
            // A page is left as pages are.
            without: "rq",
        };
        let sight = Sight::new(&self.viewing, moments, wanted).map_err(|why| unavailable(why.to_string()))?;
        let id = random().ok_or_else(|| unavailable("this machine gives no random numbers".to_owned()))?;
        let ((acts, acting), (to, body)) = (mpsc::channel(ACTS), events());
        self.all().insert(id.clone(), Looking { from: peer, acts, inputs: Allowance::of_inputs() });
        let (desk, cut) = (Arc::clone(self), Arc::clone(cut));
        tokio::spawn(async move {
            stream::serve(sight, &id, acting, to, &desk.pictures).await;
            desk.all().remove(&id);
            cut.notify_one();
        });
        let mut answer = Response::new(body.boxed());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        // It has a connection of its own, which ends with it.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        // nginx would gather events.
        answer.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
        Ok(answer)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Looking>> {
        self.viewers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const JSON: &str = "application/json";

/// A name that nobody can guess.
fn random() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(hex(&bytes))
}

fn refused(refusal: &Refusal) -> Answer {
    text_of(refusal.status, JSON, json!({ "error": refusal.why }).to_string())
}

fn with_cookie(cookie: &str) -> Answer {
    let mut answer = text_of(StatusCode::NO_CONTENT, JSON, String::new());
    answer.headers_mut().extend(HeaderValue::from_str(cookie).ok().map(|cookie| (SET_COOKIE, cookie)));
    answer
}

fn text_of(status: StatusCode, kind: &'static str, text: String) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(text)).boxed());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
