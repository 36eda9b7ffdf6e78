//! Whom and how the page is answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, VARY};
use hyper::header::{SET_COOKIE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use super::access::Access;
use super::refusal::{Refusal, refusal};
use super::request::{self, Act, Asked};
use super::status::{Status, StatusPart};
use super::stream::{self, Pictures, events};
use crate::accept::Guest;
use crate::model::hex::hex;
use crate::output::status_page::html;
use crate::output::viewing::{Allowance, Moment, Sight, Viewing, Wanted, Way};
use crate::render::{Depth, Glyphs};
use crate::view::address::Address;
use crate::viewer::Screen;

/// How long a head may take.
const HEAD: Duration = Duration::from_secs(10);
/// What a page may take for the last that it is sent.
const FAREWELL: Duration = Duration::from_secs(2);
/// The most that a head may have.
const MOST_BYTES: usize = 16 * 1024;
/// What somebody does on its way to their viewer; who does more is told to wait.
const ACTS: usize = 64;
/// Viewers from one address of another machine.
const MOST_OF_ONE: usize = 20;
/// The theme of a page that is read in the light.
const LIGHT: &str = "andon-light";

/// Sent with every answer that does not say otherwise: nothing from elsewhere, nothing inline, nothing around it, nothing kept.
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
    status: Status,
    viewers: Mutex<HashMap<String, Looking>>,
    pictures: Pictures,
}

/// A viewer of this page.
struct Looking {
    from: IpAddr,
    acts: mpsc::Sender<Act>,
    inputs: Allowance,
}

/// Who asks on one connection.
#[derive(Clone)]
struct Asking {
    peer: IpAddr,
    guest: Guest,
    /// Told when the frames on it are at an end.
    ended: Arc<Notify>,
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// Answers one connection.
pub(in crate::app::serving) async fn attend(desk: Arc<Desk>, stream: TcpStream, guest: Guest) {
    let Ok(peer) = stream.peer_addr().map(|peer| peer.ip().to_canonical()) else { return };
    let ended: Arc<Notify> = Arc::default();
    let asking = Asking { peer, guest, ended: Arc::clone(&ended) };
    let service = service_fn(move |request| {
        let (desk, asking) = (Arc::clone(&desk), asking.clone());
        async move {
            desk.viewing.notice_who_has_left(Way::Page).await;
            Ok::<_, Infallible>(desk.answer(&request, &asking).await)
        }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(64).max_buf_size(MOST_BYTES);
    let mut connection = pin!(server.serve_connection(TokioIo::new(stream), service));
    // Who goes away in the middle is no concern of ours.
    tokio::select! {
        _gone = &mut connection => {}
        () = ended.notified() => {
            // Who has taken nothing for long will not take the rest either, and would keep its place among the connections.
            let _stuck = timeout(FAREWELL, connection).await;
        }
    }
}

impl Desk {
    pub(in crate::app::serving) fn new(
        hosts: Vec<String>,
        access: Access,
        viewing: Arc<Viewing>,
        moments: HashMap<String, watch::Receiver<Moment>>,
        status: Status,
    ) -> Self {
        Self { hosts, access, viewing, moments, status, viewers: Mutex::default(), pictures: Pictures::default() }
    }

    async fn answer(self: &Arc<Self>, request: &Request<Incoming>, asking: &Asking) -> Answer {
        let given = match request::read(request, &self.hosts, &self.access) {
            Ok(Asked::Status { wanted, url }) => Ok(for_everybody(wanted, self.status.give(wanted, &url).await)),
            Ok(asked) => self.give(asked, asking),
            Err(why) => Err(why),
        };
        let mut answer = given.unwrap_or_else(|why| refused(&why));
        for (name, value) in HEADERS {
            answer.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
        }
        answer
    }

    fn give(self: &Arc<Self>, asked: Asked, asking: &Asking) -> Result<Answer, Refusal> {
        Ok(match asked {
            // It is not ours to give.
            Asked::Status { .. } => return Err(refusal(StatusCode::NOT_FOUND, "there is nothing of this name")),
            Asked::StatusInstead => {
                let mut answer = text_of(StatusCode::SEE_OTHER, JSON, String::new());
                answer.headers_mut().insert(LOCATION, HeaderValue::from_static("/status"));
                answer
            }
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
                let answer = self.stream(&audience, size, light, address, asking)?;
                asking.guest.has_proven();
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
        asking: &Asking,
    ) -> Result<Answer, Refusal> {
        let unavailable = |why: String| refusal(StatusCode::SERVICE_UNAVAILABLE, why);
        let moments =
            self.moments.get(audience).ok_or_else(|| unavailable(format!("there is no audience '{audience}'")))?;
        let peer = asking.peer;
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
        let (desk, ended) = (Arc::clone(self), Arc::clone(&asking.ended));
        tokio::spawn(async move {
            stream::serve(sight, &id, acting, to, &desk.pictures).await;
            desk.all().remove(&id);
            ended.notify_one();
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
    let mut answer = text_of(refusal.status, JSON, json!({ "error": refusal.why }).to_string());
    let says = match refusal.status {
        StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "GET")),
        // Whatever else has been sent is not read as another request.
        StatusCode::BAD_REQUEST => Some((CONNECTION, "close")),
        _ => None,
    };
    answer.headers_mut().extend(says.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}

/// What anybody may have: other pages, too, and for a moment whoever stands between.
fn for_everybody(wanted: StatusPart, given: Result<(&'static str, String), Refusal>) -> Answer {
    let mut answer = match given {
        Ok((kind, text)) => {
            let mut answer = text_of(StatusCode::OK, kind, text);
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=10"));
            answer
        }
        // A browser asks again by itself.
        Err(why) if wanted == StatusPart::Page => text_of(why.status, html::CONTENT_TYPE, html::draw_nothing(&why.why)),
        Err(why) => refused(&why),
    };
    answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    answer.headers_mut().insert(VARY, HeaderValue::from_static("Host, X-Forwarded-Proto"));
    answer
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
