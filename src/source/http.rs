//! The one HTTP client: read-only, capped, and silent about secrets.
//!
//! GET, HEAD, and POST of a form to a path that only reads (Prometheus queries). Bodies are streamed
//! under a cap. Redirects are followed by hand, to the same origin only, so that no credential ever
//! reaches another one. Every failure becomes one of the closed list of reasons.

mod classify;
mod known;
mod limited;
mod pages;
mod refusal;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::auth::Auth;
use super::network::Network;
use super::tls::TlsOptions;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::Budget;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, now};
use classify::transport;
pub use known::Document;
use known::Known;
use limited::{budget, refused_for_a_while, spent};

/// Largest body taken, in bytes, unless the source says otherwise.
const DEFAULT_MAX_BODY: usize = 8 * 1024 * 1024;
const MAX_REDIRECTS: usize = 5;
/// The longest a connection may take to open, TLS included.
const LONGEST_CONNECT: Span = Span::seconds(5);
const USER_AGENT: &str = concat!("andon/", env!("CARGO_PKG_VERSION"));

/// The keys that every source speaking HTTP takes.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HttpOptions {
    /// Who we are: `{ bearer = ... }`, `{ basic = { username, password } }`, `{ header = { name, value } }`.
    pub auth: Option<Auth>,
    /// Whom we trust: `{ ca_file, client_cert, client_key }`.
    pub tls: TlsOptions,
    /// Largest answer taken, in bytes (default 8 MiB).
    pub max_body: Option<usize>,
}

/// A client for one source; shared by its polls, so that they share connections.
#[derive(Debug)]
pub struct Http {
    client: Client,
    auth: Option<Auth>,
    max_body: usize,
    network: Network,
    host: Arc<Semaphore>,
    seen: Mutex<Option<Exchange>>,
    known: Mutex<Known>,
    budget: Mutex<Option<Budget>>,
}

/// What was seen of an exchange: for `andon doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Who answered.
    pub peer: Option<SocketAddr>,
    /// The status code.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: usize,
    /// From the request to the last byte of the answer, look-up and connection included.
    pub took: Duration,
    /// By how much the server's clock is ahead of ours, in milliseconds, as far as its `Date` header
    /// tells: it has whole seconds (RFC 9110, section 6.6.1).
    pub clock_ahead: Option<i64>,
    /// The server's certificate in DER, on a TLS connection.
    pub certificate: Option<Vec<u8>>,
}

/// What to send. Nothing else can be sent: there is no word for it.
///
/// ```compile_fail
/// let method = andon::source::http::Method::Put;
/// ```
/// ```compile_fail
/// let method = andon::source::http::Method::Delete;
/// ```
/// ```
/// let method = andon::source::http::Method::Get;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method<'a> {
    /// Read it.
    Get,
    /// Read only its head.
    Head,
    /// A form to a path that only reads, for queries too long for an address.
    PostForm(&'a [(&'a str, String)]),
}

/// What to ask, and how.
#[derive(Clone, Copy)]
struct Request<'a> {
    method: Method<'a>,
    accept: &'a str,
    /// The validator of an answer that is known.
    validator: Option<&'a str>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, complete.
    pub body: Vec<u8>,
    /// The server's certificate in DER, on a TLS connection.
    pub certificate: Option<Vec<u8>>,
}

impl Http {
    /// Builds the client for a source's address. No network; reads certificate files.
    pub fn new(url: &str, options: &HttpOptions, network: &Network, timeout: Span) -> Result<Self, FetchError> {
        let url = parse_url(url)?;
        // A little before the poll's own deadline, so that it is known what took so long.
        let connect_timeout = timeout.times(0.9).min(LONGEST_CONNECT).duration();
        // Another provider may be installed already; any will do.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(connect_timeout)
            .pool_max_idle_per_host(6)
            .dns_resolver(Arc::clone(&network.names))
            .tls_info(true);
        if is_loopback(&url) {
            // A proxy elsewhere does not reach this machine: NO_PROXY often forgets it.
            builder = builder.no_proxy();
        }
        builder = if url.scheme() == "https" {
            options.tls.apply(builder)?
        } else {
            // Plain HTTP never becomes HTTPS here: no certificate store is loaded.
            builder.tls_certs_only([])
        };
        let client = builder.build().map_err(|e| transport(&e, Phase::Connect))?;
        Ok(Self {
            client,
            auth: options.auth.clone(),
            max_body: options.max_body.unwrap_or(DEFAULT_MAX_BODY),
            host: network.limits.host(&authority(&url)),
            network: network.clone(),
            seen: Mutex::new(None),
            known: Mutex::default(),
            budget: Mutex::new(None),
        })
    }

    /// The same client, asking its server for one thing at a time, together with all others that do.
    #[must_use]
    pub fn one_at_a_time(mut self, url: &Url) -> Self {
        self.host = self.network.limits.one_at_a_time(&authority(url));
        self
    }

    /// The error without our own secret, should a server have put it into what it says.
    pub fn scrub(&self, mut error: FetchError) -> FetchError {
        if let Some(secret) = self.auth.as_ref().and_then(|auth| auth.secret().read().ok()) {
            error.detail = scrubbed(&error.detail, secret.expose_secret());
        }
        error
    }

    /// What was seen of the last answer.
    pub fn last_exchange(&self) -> Option<Exchange> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the server lets us ask, as far as it has told.
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
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = known().validator(url.as_str());
        let request = Request { method: Method::Get, accept, validator: validator.as_deref() };
        let response = self.exchange_one(url, request, deadline).await?;
        if response.status == StatusCode::NOT_MODIFIED {
            let again = known().again(url.as_str());
            return again.ok_or_else(|| FetchError::new(Reason::Parse, "not modified, but nothing was known"));
        }
        check_status(&response).map_err(|error| self.scrub(error))?;
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
        check_status(&response).map_err(|error| self.scrub(error))?;
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
        self.exchange_one(url, Request { method, accept, validator: None }, deadline).await
    }

    async fn exchange_one(&self, url: &Url, request: Request<'_>, deadline: Instant) -> Result<Response, FetchError> {
        let _place = tokio::time::timeout_at(deadline, self.network.limits.place(&self.host))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Queue)))?;
        let mut url = url.clone();
        let begin = Instant::now();
        for _ in 0..=MAX_REDIRECTS {
            let mut sent = self.send(&url, request, deadline).await;
            if sent.as_ref().is_err_and(|error| error.reason == Reason::Reset) {
                // A server that was restarted has closed the connection that was kept: it never saw this.
                sent = self.send(&url, request, deadline).await;
            }
            let response = self.read(sent?, begin, deadline).await?;
            if !response.status.is_redirection() || response.status == StatusCode::NOT_MODIFIED {
                return Ok(response);
            }
            if matches!(request.method, Method::PostForm(_)) {
                // It may be sent to a path that only reads, and nobody knows what the other one does.
                return Err(FetchError::new(Reason::RedirectBlocked, "a form is not sent on"));
            }
            url = redirect_target(&url, &response.headers)?;
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
        if let Some(auth) = &self.auth {
            request = auth.apply(request)?;
        }
        tokio::time::timeout_at(deadline, request.send())
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Headers)))?
            .map_err(|e| transport(&e, Phase::Headers))
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        begin: Instant,
        deadline: Instant,
    ) -> Result<Response, FetchError> {
        // Now, and not when the body has come: that may take seconds.
        let clock_ahead = clock_ahead(response.headers());
        if let Some(left) = budget(response.headers()) {
            *self.budget.lock().unwrap_or_else(PoisonError::into_inner) = Some(left);
        }
        let too_large = || FetchError::new(Reason::TooLarge, format!("over {} bytes", self.max_body));
        let certificate = response
            .extensions()
            .get::<reqwest::tls::TlsInfo>()
            .and_then(|info| info.peer_certificate().map(<[u8]>::to_vec));
        if response.content_length().is_some_and(|length| length > self.max_body as u64) {
            return Err(too_large());
        }
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
            && encoding != "identity"
        {
            return Err(FetchError::new(Reason::Encoding, format!("{encoding:?}")));
        }
        let mut body = Vec::new();
        while let Some(chunk) = tokio::time::timeout_at(deadline, response.chunk())
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Body)))?
            .map_err(|e| transport(&e, Phase::Body))?
        {
            if body.len() + chunk.len() > self.max_body {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Exchange {
            peer: response.remote_addr(),
            status: response.status().as_u16(),
            bytes: body.len(),
            took: begin.elapsed(),
            clock_ahead,
            certificate: certificate.clone(),
        });
        Ok(Response { status: response.status(), headers: response.headers().clone(), body, certificate })
    }
}

/// Host and port of an address.
fn authority(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0))
}

/// Reads an address; only http and https are taken, and no credentials inside it.
pub fn parse_url(url: &str) -> Result<Url, FetchError> {
    let wrong = |detail: &str| FetchError::new(Reason::Parse, detail);
    let parsed = Url::parse(url).map_err(|e| wrong(&format!("not a URL: {e}")))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(wrong("not an http or https URL"));
    }
    if parsed.host_str().is_none_or(str::is_empty) {
        return Err(wrong("the URL has no host"));
    }
    Ok(parsed)
}

/// A text without a secret; one of a letter or two is no secret, and would take away every such letter.
fn scrubbed(text: &SafeText, secret: &str) -> SafeText {
    if secret.len() < 4 || !text.as_str().contains(secret) {
        return text.clone();
    }
    SafeText::new(&text.as_str().replace(secret, "***"))
}

/// A link that may be shown: http or https.
pub fn link(text: Option<&str>) -> Option<SafeText> {
    parse_url(text?).ok().map(|url| SafeText::new(url.as_str()))
}

/// Whether an address is of this machine itself: then no proxy is asked.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The next address, if it is of the same origin.
fn redirect_target(from: &Url, headers: &HeaderMap) -> Result<Url, FetchError> {
    let blocked = |detail: &str| FetchError::new(Reason::RedirectBlocked, detail);
    let location = headers
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| blocked("a redirect without an address"))?;
    let target = from.join(location).map_err(|_| blocked("a redirect to no address"))?;
    if target.origin() == from.origin() {
        Ok(target)
    } else {
        Err(blocked(&format!("to {}; set the source's url to where it should ask", origin(&target))))
    }
}

/// Scheme, host and port of an address: what may be shown of it.
pub fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn check_status(response: &Response) -> Result<(), FetchError> {
    let status = response.status;
    if status.is_success() {
        return Ok(());
    }
    if let Some(error) = refused_for_a_while(response) {
        return Err(error);
    }
    let reason = Reason::of_status(status.as_u16());
    let detail = match status.as_u16() {
        code @ (401 | 403) => {
            let said = refusal::said(&response.body).map_or_else(String::new, |words| format!(": {words}"));
            format!("HTTP {code}{said}; check the source's auth")
        }
        _ => status.canonical_reason().unwrap_or_default().to_owned(),
    };
    let mut error = FetchError::new(reason, detail);
    error.retry_after = retry_after(&response.headers);
    Err(error)
}

/// Reads `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3); nonsense is ignored.
pub fn retry_after(headers: &HeaderMap) -> Option<Span> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Span::seconds(i64::from(seconds)));
    }
    Some(http_date(value)?.age_before(now()))
}

/// By how much the server's clock is ahead of ours; whole seconds, so half a second is added.
fn clock_ahead(headers: &HeaderMap) -> Option<i64> {
    let date = http_date(headers.get(DATE)?.to_str().ok()?)?;
    Some(date.0 + 500 - now().0)
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp(date.as_millisecond()))
}

/// Refuses a web page where data was expected: the commonest "malformed feed" is a log-in form.
pub fn refuse_html(response: &Response) -> Result<(), FetchError> {
    let is_html = response
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"));
    let begin: String =
        String::from_utf8_lossy(response.body.get(..64).unwrap_or(&response.body)).trim_start().to_ascii_lowercase();
    if is_html || begin.starts_with("<!doctype html") || begin.starts_with("<html") {
        return Err(FetchError::new(
            Reason::Parse,
            "the server answered with a web page, perhaps a log-in form; check the url and auth",
        ));
    }
    if response.body.iter().all(u8::is_ascii_whitespace) {
        return Err(FetchError::new(Reason::Parse, "the answer is empty"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        headers
    }

    #[test]
    fn retry_after_takes_seconds_and_dates_and_ignores_nonsense() {
        assert_eq!(retry_after(&headers("120")), Some(Span::seconds(120)));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Span(0)));
        assert_eq!(retry_after(&headers("-1")), None);
        assert_eq!(retry_after(&headers("soon")), None);
    }

    #[test]
    fn only_the_same_origin_is_followed() {
        let from = Url::parse("http://a.test:8080/x").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, "/y".parse().unwrap());
        assert_eq!(redirect_target(&from, &headers).unwrap().as_str(), "http://a.test:8080/y");
        for elsewhere in ["http://a.test/y", "https://a.test:8080/y", "http://b.test:8080/", "file:///etc/passwd"] {
            headers.insert(LOCATION, elsewhere.parse().unwrap());
            assert_eq!(redirect_target(&from, &headers).unwrap_err().reason, Reason::RedirectBlocked);
        }
    }
}
