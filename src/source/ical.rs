//! A calendar of changes: releases, maintenance, freezes; over HTTP or from a file.
//!
//! `calendar/` reads what it holds; here is where it comes from, and what its entries mean to a team.

#[cfg(test)]
mod calendars;
mod keys;
mod meaning;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::Url;

use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use super::file::{self, Unreadable};
use super::http::{Http, parse_url};
use super::offload;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
pub use keys::Config;
pub use meaning::{Rules, parse};

/// Largest file taken, in bytes.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// One open calendar.
#[derive(Debug)]
pub struct Ical {
    origin: Origin,
    rules: Rules,
}

/// Where a calendar is.
#[derive(Debug)]
enum Origin {
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

    fn check(config: &Config) -> Vec<KeyProblem> {
        match (&config.url, &config.file) {
            (None, None) => {
                let help = "add url = \"https://...\", or file = \"/path/of/it.ics\"";
                vec![KeyProblem::new("url", "a calendar needs a url or a file", help)]
            }
            (Some(_), Some(_)) => {
                vec![KeyProblem::new("file", "a calendar has a url or a file, not both", "take one of the two away")]
            }
            _ => Vec::new(),
        }
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let origin = match (&config.url, &config.file) {
            (Some(url), None) => Origin::Server(context.http()?, parse_url(url)?),
            (None, Some(file)) => Origin::File(file.clone()),
            _ => return Err(FetchError::new(Reason::Internal, "opened without a url or a file of its own")),
        };
        Ok(Self { origin, rules: Rules::from_config(config, context.answer_filter.people) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let body: Arc<[u8]> = match &self.origin {
            Origin::Server(http, url) => {
                let accept = "text/calendar, */*;q=0.1";
                let document = http.fetch_unless_known(url, accept, moment.deadline).await?;
                refuse_web_page(&document.body)?;
                document.body
            }
            Origin::File(path) => {
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
