//! A calendar of changes: releases, maintenance, freezes; over HTTP or from a file.
//!
//! Source: RFC 5545 (iCalendar), as Google, Outlook, Nextcloud, Radicale and others export it. Read
//! tolerantly: what is not known is passed over, and an entry that cannot be read does not take the others
//! with it, but is told as what it is: one of which nobody knows when it takes place. A file that ends early is
//! refused as a whole: what is missing may be a freeze.

mod begin;
mod calendar;
#[cfg(test)]
mod calendars;
mod changes;
mod days;
mod doubt;
#[cfg(test)]
mod examples;
mod lines;
mod meaning;
mod moments;
mod observances;
mod occurrences;
mod parts;
mod recurrence;
mod rule;
mod times;
mod transitions;
mod versions;
mod windows;
mod zones;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;

use super::http::{Http, parse_url};
use super::{Context, Moment, QueryLanguage, Source, Tells};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
pub use meaning::{Rules, parse};

/// Largest file taken, in bytes.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// The keys of a calendar.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the calendar; `webcal://` is read as `https://`.
    #[serde(default, deserialize_with = "address")]
    pub url: Option<String>,
    /// Path of a calendar file, instead of `url`.
    pub file: Option<PathBuf>,
    /// Time zone of whole days, and of times that name none, such as `Europe/Berlin` (default: the calendar's
    /// own, else this machine's).
    pub timezone: Option<String>,
    /// Globs, in any case: an entry with such a title or category is a change freeze (default `*freeze*`).
    #[serde(default = "freezes")]
    pub freezes: Vec<String>,
    /// Globs, in any case: an entry with such a title or category is a release (default `*release*`).
    #[serde(default = "releases")]
    pub releases: Vec<String>,
    /// The service that its entries are about (default: all).
    pub service: Option<String>,
}

fn freezes() -> Vec<String> {
    vec!["*freeze*".to_owned()]
}

fn releases() -> Vec<String> {
    vec!["*release*".to_owned()]
}

/// `webcal` says "subscribe to this", and no more: there is no such protocol.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let url = Option::<String>::deserialize(deserializer)?;
    Ok(url.map(|url| {
        let subscription = url.strip_prefix("webcal://").or_else(|| url.strip_prefix("webcals://"));
        let https = subscription.map(|rest| format!("https://{rest}"));
        https.unwrap_or(url)
    }))
}

/// One open calendar.
#[derive(Debug)]
pub struct Ical {
    place: Place,
    rules: Arc<Rules>,
}

/// Where a calendar is.
#[derive(Debug)]
enum Place {
    Server(Arc<Http>, Url),
    File(PathBuf),
}

impl Source for Ical {
    const TYPE: &'static str = "ical";
    const SUMMARY: &'static str = "a calendar (iCalendar, webcal): freezes, releases and what else is planned";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = true;
    const ONE_REQUEST: bool = true;
    const TELLS: Tells = Tells::Plans;
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        config.url.as_deref()
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("a calendar takes no query; say with freezes = [...] and releases = [...] which entries are which"
            .to_owned())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let place = match (&config.url, &config.file) {
            (Some(url), None) => Place::Server(context.http()?, parse_url(url)?),
            (None, Some(file)) => Place::File(file.clone()),
            _ => return Err(FetchError::new(Reason::Parse, "a calendar needs a url or a file, and not both")),
        };
        Ok(Self { place, rules: Arc::new(Rules::of(config, context.treatment.people)?) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let body: Arc<[u8]> = match &self.place {
            Place::Server(http, url) => {
                let accept = "text/calendar, */*;q=0.1";
                let document = http.fetch_unless_known(url, accept, moment.deadline).await?;
                refuse_web_page(&document.body)?;
                document.body
            }
            Place::File(path) => {
                let path = path.clone();
                aside(moment.deadline, move || read_file(&path)).await?.into()
            }
        };
        let rules = Arc::clone(&self.rules);
        let told = aside(moment.deadline, move || parse(&body, &rules, moment.now)).await?;
        Ok(vec![Ok(told); asks.len()])
    }
}

/// Works on a thread that may block: neither a large calendar nor a disk that does not answer may hold up
/// anybody else.
async fn aside<T: Send + 'static>(
    deadline: Instant,
    work: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<T, FetchError> {
    match tokio::time::timeout_at(deadline, tokio::task::spawn_blocking(work)).await {
        Err(_) => Err(FetchError::new(Reason::Timeout(Phase::Run), "the calendar takes too long to read")),
        Ok(Err(_)) => Err(FetchError::new(Reason::Internal, "reading the calendar panicked")),
        Ok(Ok(done)) => done,
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, FetchError> {
    let place = path.display();
    let unreadable =
        |error: std::io::Error| FetchError::new(Reason::Parse, format!("{place} cannot be read: {}", error.kind()));
    // A pipe would keep us waiting for ever.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(FetchError::new(Reason::Parse, format!("{place} is not a file")));
    }
    let mut body = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut body).map_err(unreadable)?;
    if body.len() as u64 > MAX_FILE {
        return Err(FetchError::new(Reason::TooLarge, format!("{place} is over {MAX_FILE} bytes")));
    }
    Ok(body)
}

/// The commonest "broken calendar" is a log-in form.
fn refuse_web_page(body: &[u8]) -> Result<(), FetchError> {
    if body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"<") {
        let detail = "the server answered with a web page, perhaps a log-in form; check the url and auth";
        return Err(FetchError::new(Reason::Parse, detail));
    }
    Ok(())
}
