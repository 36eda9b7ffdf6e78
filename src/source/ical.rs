//! A calendar of changes: releases, maintenance, freezes; over HTTP or from a file.
//!
//! `calendar/` reads what it holds; here is where it comes from, and what its entries mean to a team.

#[cfg(test)]
mod calendars;
mod meaning;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::contract::{Context, Emits, Moment, QueryLanguage, Source};
use super::file::{self, Unreadable};
use super::http::{Http, parse_url};
use super::offload;
use crate::model::fault::{FetchError, Reason};
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
    rules: Rules,
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
    const EMITS: Emits = Emits::Plans;
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
        Ok(Self { place, rules: Rules::of(config, context.answer_filter.people)? })
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
                offload::aside().await;
                read_file(path)?.into()
            }
        };
        // A few bytes may say "every second for a hundred years".
        offload::aside().await;
        let telemetry = parse(&body, &self.rules, moment.now)?;
        Ok(vec![Ok(telemetry); asks.len()])
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, FetchError> {
    file::read(path, MAX_FILE).map_err(|why| {
        let reason = if matches!(why, Unreadable::TooLarge(_)) { Reason::TooLarge } else { Reason::Parse };
        FetchError::new(reason, format!("{} {why}", path.display()))
    })
}

/// The commonest "broken calendar" is a log-in form.
fn refuse_web_page(body: &[u8]) -> Result<(), FetchError> {
    if body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start().starts_with(b"<") {
        let detail = "the server answered with a web page, perhaps a log-in form; check the url and auth";
        return Err(FetchError::new(Reason::Parse, detail));
    }
    Ok(())
}
