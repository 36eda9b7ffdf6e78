//! The one HTTP client: read-only, capped, and silent about secrets.
//!
//! GET, HEAD, and POST of a form to a path that only reads (Prometheus queries). Bodies are streamed
//! under a cap. Redirects are followed by hand, to the same origin only, so that no credential ever
//! reaches another one. Every failure becomes one of the closed list of reasons.

mod addresses;
mod classify;
mod client;
mod credentials;
mod document;
mod headers;
mod heard;
mod known;
mod limited;
mod link_header;
mod load;
mod options;
mod push;
mod read;
mod redirect;
mod refusal;
mod scrub;
mod shown;
mod types;

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header::{ACCEPT, CONTENT_TYPE, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, Url};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::network::Network;
use super::offload;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Budget};
use crate::model::telemetry::Telemetry;
use crate::model::time::{Span, Timestamp, now};
use addresses::authority;
pub use addresses::{is_loopback, link, origin, parse_url};
pub use classify::io_fault;
use classify::transport;
pub(crate) use client::{Connections, client};
use credentials::Credentials;
pub use headers::retry_after;
pub use heard::Heard;
use heard::clock_ahead;
pub use known::Document;
use known::Known;
use limited::{budget, spent};
use load::Load;
pub use options::HttpOptions;
pub use push::{Push, Sent};
use read::Wanted;
use redirect::{Target, leads_on};
use refusal::check_status;
pub use refusal::{refusal, refuse_html};
pub use shown::shown_path;
pub use types::{Exchange, Method, Response};

/// Largest body taken, in bytes, unless the source says otherwise.
const DEFAULT_MAX_BODY: usize = 8 * 1024 * 1024;
const MAX_REDIRECTS: usize = 5;
/// Connections of a source that are kept open: as many requests may be under way at one host.
const MOST_IDLE: usize = 6;

/// A client for one source; its polls share connections and what was learned of the server. Each has a
/// handle of its own ([`Http::of_one_poll`]), so that what one hears is not taken for what another does.
#[derive(Debug)]
pub struct Http {
    client: Client,
    credentials: Arc<Credentials>,
    max_body: usize,
    network: Network,
    host: Arc<Semaphore>,
    seen: Arc<Mutex<Option<Exchange>>>,
    known: Arc<Mutex<Known>>,
    budget: Arc<Mutex<Option<Budget>>>,
    heard: Mutex<Heard>,
}

/// What to ask, and how.
#[derive(Clone, Copy)]
struct Request<'a> {
    method: Method<'a>,
    accept: &'a str,
    /// The validator of an answer that is known.
    validator: Option<&'a str>,
    wanted: Wanted,
}

impl Http {
    /// Builds the client for a source's address. No network; reads certificate files.
    pub fn new(url: &str, options: &HttpOptions, network: &Network, timeout: Span) -> Result<Self, FetchError> {
        let url = parse_url(url)?;
        let connections = Connections { timeout, idle: MOST_IDLE };
        let client = client(&url, &options.tls, connections, network)?;
        Ok(Self {
            client,
            credentials: Arc::new(Credentials::new(&url, options)),
            max_body: options.max_body.unwrap_or(DEFAULT_MAX_BODY),
            host: network.limits.host(&authority(&url)),
            network: network.clone(),
            seen: Arc::default(),
            known: Arc::default(),
            budget: Arc::default(),
            heard: Mutex::default(),
        })
    }

    /// The same client for one poll.
    #[must_use]
    pub fn of_one_poll(&self) -> Self {
        Self {
            client: self.client.clone(),
            credentials: Arc::clone(&self.credentials),
            max_body: self.max_body,
            network: self.network.clone(),
            host: Arc::clone(&self.host),
            seen: Arc::clone(&self.seen),
            known: Arc::clone(&self.known),
            budget: Arc::clone(&self.budget),
            heard: Mutex::default(),
        }
    }

    /// What the headers of the answers said since this was asked last.
    pub fn heard(&self) -> Heard {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        Heard { budget: self.budget(), ..heard }
    }

    /// By how much the server's clock is ahead of ours, as the last answer of this poll says, where it is over a second.
    pub fn clock_skew(&self) -> Option<Span> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clock_skew
    }

    /// Takes in how old an answer is by what is written in it: the data of this poll are no newer than that.
    pub fn hear_age(&self, age: Span) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.age = heard.age.max(age);
    }

    /// The same client, asking its server for one thing at a time, together with all others that do.
    #[must_use]
    pub fn one_at_a_time(mut self, url: &Url) -> Self {
        self.host = self.network.limits.one_at_a_time(&authority(url));
        self
    }

    /// The answer without our own secrets, should a server have put them into what it says of it.
    pub fn scrub(&self, answer: Answer) -> Answer {
        match answer {
            Ok(Telemetry::Caveat { telemetry, mut caveat }) => {
                caveat.text = self.credentials.scrub(&caveat.text).unwrap_or(caveat.text);
                Ok(Telemetry::Caveat { telemetry, caveat })
            }
            Ok(whole) => Ok(whole),
            Err(error) => Err(self.scrub_error(error)),
        }
    }

    /// The same of an error.
    pub fn scrub_error(&self, mut error: FetchError) -> FetchError {
        error.detail = self.credentials.scrub(&error.detail).unwrap_or(error.detail);
        error
    }

    /// What was seen of the last answer.
    pub fn last_exchange(&self) -> Option<Exchange> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the server lets us ask, as far as it has said.
    pub fn budget(&self) -> Option<Budget> {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses to ask while the server would refuse to answer: its budget is (nearly) used up.
    pub fn permit(&self, now: Timestamp) -> Result<(), FetchError> {
        self.budget().and_then(|left| spent(left, now)).map_or(Ok(()), Err)
    }

    /// Asks for what may have changed since it was asked for last (RFC 9110, `If-None-Match`): the same
    /// body as then costs the server next to nothing, and is not sent again.
    pub async fn fetch_unless_known(&self, url: &Url, accept: &str, deadline: Instant) -> Result<Document, FetchError> {
        let document = self.ask_unless_known(url, accept, deadline).await?;
        offload::aside_if_large(document.body.len()).await;
        Ok(document)
    }

    async fn ask_unless_known(&self, url: &Url, accept: &str, deadline: Instant) -> Result<Document, FetchError> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = known().validator(url.as_str());
        let request = Request { method: Method::Get, accept, validator: validator.as_deref(), wanted: Wanted::Whole };
        let response = self.exchange_one(url, request, deadline).await?;
        if response.status == StatusCode::NOT_MODIFIED {
            let again = known().again(url.as_str());
            return again.ok_or_else(|| {
                FetchError::new(
                    Reason::Parse,
                    "the server answered 304 (not modified), but andon has no earlier answer",
                )
            });
        }
        check_status(&response).map_err(|error| self.scrub_error(error))?;
        Ok(known().learn(url.as_str(), response))
    }

    /// Asks, and refuses every answer but a success.
    pub async fn fetch(
        &self,
        url: &Url,
        method: Method<'_>,
        accept: &str,
        deadline: Instant,
    ) -> Result<Response, FetchError> {
        let response = self.exchange(url, method, accept, deadline).await?;
        check_status(&response).map_err(|error| self.scrub_error(error))?;
        Ok(response)
    }

    /// Asks, and takes any status code for an answer.
    pub async fn exchange(
        &self,
        url: &Url,
        method: Method<'_>,
        accept: &str,
        deadline: Instant,
    ) -> Result<Response, FetchError> {
        let request = Request { method, accept, validator: None, wanted: Wanted::Whole };
        let response = self.exchange_one(url, request, deadline).await?;
        offload::aside_if_large(response.body.len()).await;
        Ok(response)
    }

    /// Asks whether anybody answers: any status code does, and a redirect to elsewhere. The body is read as
    /// far as the cap, and not kept.
    pub async fn look(&self, url: &Url, method: Method<'_>, deadline: Instant) -> Result<Response, FetchError> {
        let request = Request { method, accept: "*/*", validator: None, wanted: Wanted::Arrival };
        self.exchange_one(url, request, deadline).await
    }

    async fn exchange_one(&self, url: &Url, request: Request<'_>, deadline: Instant) -> Result<Response, FetchError> {
        let _turn = tokio::time::timeout_at(deadline, self.network.limits.turn(&self.host))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Queue)))?;
        let load = Load::begin();
        self.follow(url.clone(), request, deadline).await.map_err(|error| load.judge(error))
    }

    /// Asks at an address, and at where that leads.
    async fn follow(&self, mut url: Url, request: Request<'_>, deadline: Instant) -> Result<Response, FetchError> {
        let begin = Instant::now();
        for _ in 0..=MAX_REDIRECTS {
            let mut sent = self.send(&url, request, deadline).await;
            if sent.as_ref().is_err_and(|error| error.reason == Reason::Reset) {
                // A server that was restarted has closed the connection that was kept: it never saw this.
                sent = self.send(&url, request, deadline).await;
            }
            let response = self.read(sent?, request.wanted, begin, deadline).await?;
            if !leads_on(response.status) {
                return Ok(response);
            }
            if matches!(request.method, Method::PostForm(_)) {
                // It may be sent to a path that only reads, and nobody knows what the other one does.
                return Err(FetchError::new(
                    Reason::RedirectBlocked,
                    "andon does not repeat a POST at the address of a redirect",
                ));
            }
            match Target::of_redirect(&url, &response.headers) {
                Target::Elsewhere(_) if request.wanted == Wanted::Arrival => return Ok(response),
                target => url = target.follow()?,
            }
        }
        Err(FetchError::new(Reason::RedirectBlocked, format!("more than {MAX_REDIRECTS} redirects")))
    }

    async fn send(&self, url: &Url, asked: Request<'_>, deadline: Instant) -> Result<reqwest::Response, FetchError> {
        let mut request = match asked.method {
            Method::Get => self.client.get(url.clone()),
            Method::Head => self.client.head(url.clone()),
            Method::PostForm(form) => {
                let mut body = Url::parse("form:").map_err(|_| FetchError::from(Reason::Internal))?;
                body.query_pairs_mut().extend_pairs(form);
                self.client
                    .post(url.clone())
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(body.query().unwrap_or_default().to_owned())
            }
        };
        request = request.header(ACCEPT, asked.accept);
        if let Some(validator) = asked.validator {
            request = request.header(IF_NONE_MATCH, validator);
        }
        let request = self.credentials.put_on(request).await?;
        tokio::time::timeout_at(deadline, self.client.execute(request))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Headers)))?
            .map_err(|e| transport(&e, Phase::Headers))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        wanted: Wanted,
        begin: Instant,
        deadline: Instant,
    ) -> Result<Response, FetchError> {
        // Now, and not when the body has come: that may take seconds.
        let now = now();
        let clock_ahead = clock_ahead(response.headers(), now).map(|ahead| ahead.0);
        if !leads_on(response.status()) {
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).hear(response.headers(), now);
        }
        if let Some(left) = budget(response.headers()) {
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
        let certificate = response
            .extensions()
            .get::<reqwest::tls::TlsInfo>()
            .and_then(|info| info.peer_certificate().map(<[u8]>::to_vec));
        let (body, bytes) = read::body(&mut response, wanted, self.max_body, deadline).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Exchange {
            peer: response.remote_addr(),
            status: response.status().as_u16(),
            bytes,
            took: begin.elapsed(),
            clock_ahead,
            certificate: certificate.clone(),
        });
        Ok(Response { status: response.status(), headers: response.headers().clone(), body, certificate })
    }
}
