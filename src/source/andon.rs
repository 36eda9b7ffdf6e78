//! Another board: what its own andon says of its panels, their numbers, and what happened there.
//!
//! Each site is polled by its own andon, and a wall asks those: one request for all panels of a site, one for the
//! numbers of a panel, one for the events. The verdict of a panel is the site's own (its limits, its freshness); how old
//! the answer itself is, is found here (`andon/clock.rs`).
//!
//! Source: docs/api.md and docs/api.schema.json. Read tolerantly: keys that are not known are skipped, words that are not
//! known are unknown.

mod clock;
mod happened;
mod numbers;
mod panels;
mod reading;
mod wanted;

use std::sync::Arc;

use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use super::http::{Document, Http, parse_url};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::time::Timestamp;
use reading::Reader;
use wanted::Wanted;

/// The keys of an andon source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address of the site's API (its `[api]` table), such as `http://berlin.example:7668`.
    pub url: String,
    /// The environment of its events that name none, such as `berlin`: then they mark only graphs of that environment.
    #[serde(default)]
    pub environment: String,
}

/// One open query of a site.
#[derive(Debug)]
pub struct Andon {
    http: Arc<Http>,
    /// The address that the paths of the API are joined to.
    base: Url,
    reader: Reader,
}

impl Source for Andon {
    const TYPE: &'static str = "andon";
    const SUMMARY: &'static str = "another board: how its panels are, their numbers, and what happened there";
    const QUERY: QueryLanguage = QueryLanguage::Optional(
        "none for all panels, DASHBOARD or DASHBOARD/PANEL for some; series(DASHBOARD/PANEL), events()",
    );
    const HTTP: bool = true;
    const ONE_REQUEST: bool = false;
    const EMITS: Emits = Emits::MeasurementsAndEvents;
    const EVENTS_QUERY: &'static str = "events()";
    type Config = Config;

    fn url(config: &Config) -> Option<&str> {
        Some(&config.url)
    }

    fn check_query(query: &str) -> Result<(), String> {
        Wanted::parse(query).map(drop)
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        if parse_url(&config.url).is_ok_and(|url| url.path().contains("/api/v1")) {
            let message = "the url holds /api/v1, which andon adds itself";
            return vec![KeyProblem::new("url", message, "write it without /api/v1")];
        }
        Vec::new()
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let mut base = parse_url(&config.url)?;
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { http: context.http()?, base, reader: Reader::new(&config.environment) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let mut answers = Vec::with_capacity(asks.len());
        for ask in asks {
            answers.push(self.answer(&ask.query, moment).await);
        }
        Ok(answers)
    }
}

impl Andon {
    async fn answer(&mut self, query: &str, moment: Moment) -> Answer {
        let wanted = Wanted::parse(query).map_err(|wrong| FetchError::new(Reason::NoMatch, wrong))?;
        let (path, parameters) = self.reader.request(&wanted);
        let mut url = self.base.join(path).map_err(|_| FetchError::from(Reason::Internal))?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let document = self.http.fetch_unless_known(&url, "application/json", moment.deadline).await;
        let document = document.map_err(|error| match (&wanted, error.reason) {
            // The board is there, and has no such panel.
            (Wanted::Series(_), Reason::Http(404)) => FetchError { reason: Reason::NoMatch, ..error },
            _ => error,
        })?;
        self.reader.hear(self.http.clock_skew());
        let (telemetry, age) = self.reader.read(&wanted, &document, (moment.now, Instant::now()))?;
        self.http.hear_age(age);
        Ok(telemetry)
    }
}

/// What a body answers to a query at a moment, of a site that is asked for the first time and whose clock is ours.
pub fn parse(query: &str, body: &[u8], now: Timestamp) -> Answer {
    let wanted = Wanted::parse(query).map_err(|wrong| FetchError::new(Reason::NoMatch, wrong))?;
    let document = Document::from_body(body);
    Reader::default().read(&wanted, &document, (now, Instant::now())).map(|(telemetry, _)| telemetry)
}
