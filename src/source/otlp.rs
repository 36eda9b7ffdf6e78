//! OTLP: metrics and logs that programs with an OpenTelemetry SDK send, over HTTP as protobuf or JSON.
//!
//! What comes is kept in memory; polls pick what panels ask. Counters become what was added since the export before,
//! histograms a count and percentiles.

mod answer;
#[allow(missing_docs, reason = "the fields are those of the specification")]
pub mod attributes;
mod before;
mod cors;
mod elements;
mod endpoint;
mod exchange;
mod exponential;
mod heard;
mod identity;
pub mod json;
pub mod keys;
#[allow(missing_docs, reason = "the fields are those of the specification")]
pub mod log_messages;
#[allow(missing_docs, reason = "the fields are those of the specification")]
pub mod messages;
mod points;
mod quantile;
mod reading;
mod records;
mod sent;

use std::sync::Arc;

use super::contract::{Context, KeyProblem, Moment, PastAnswers, QueryLanguage, Source};
use super::listening::{ListenContext, Listening};
use super::received::Selector;
use crate::model::fault::{FetchError, Reason};
use crate::model::log::LogLines;
use crate::model::poll::{Answer, Ask};
use crate::model::series::SeriesSet;
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use endpoint::Endpoint;
use heard::Ears;
pub use keys::Config;

/// The polls of an OTLP listener.
#[derive(Debug)]
pub struct Otlp {
    /// Its name on the board.
    name: SafeText,
    ears: Arc<Ears>,
    /// What is asked, read at the first poll.
    wanted: Vec<Wanted>,
    /// The number of the newest point that was told, and of the newest line.
    told: (u64, u64),
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    /// `name{label="value"}`
    Series(Selector),
    /// `logs()`
    Logs,
    /// `new()`: series that no other query of this source asks for.
    New,
    /// `counts()`: what came of what was sent.
    Counts,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, String> {
        match query.trim() {
            "logs()" => Ok(Self::Logs),
            "new()" => Ok(Self::New),
            "counts()" => Ok(Self::Counts),
            other if other.ends_with("()") => Err(format!("there is no {other}; there are logs(), counts() and new()")),
            other => Selector::parse(other).map(Self::Series),
        }
    }

    const fn selector(&self) -> Option<&Selector> {
        match self {
            Self::Series(selector) => Some(selector),
            _ => None,
        }
    }
}

/// What one body becomes, of metrics and of logs: it is read as both. None where it is neither.
pub fn understood(body: &[u8], is_json: bool, now: Timestamp) -> Option<(SeriesSet, LogLines)> {
    let ears = Ears::default();
    let taken = exchange::try_both(body, is_json, &ears, now);
    let heard = ears.heard();
    taken.then(|| (heard.received.since(0, &Selector::default()), heard.lines.since(0)))
}

impl Source for Otlp {
    const TYPE: &'static str = "otlp";
    const SUMMARY: &'static str = "metrics and logs that programs send as OTLP (OpenTelemetry), over HTTP";
    const QUERY: QueryLanguage =
        QueryLanguage::Optional("a metric, name{label=\"value\"} with * in names and values; logs(), counts(), new()");
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    const NEW_QUERY: Option<&'static str> = Some("new()");
    const PAST: PastAnswers = PastAnswers::Received;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        Wanted::parse(query).map(|_| ())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        config.problems()
    }

    fn open(_: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self { name: context.name.clone(), ears: context.shared.get(), wanted: Vec::new(), told: (0, 0) })
    }

    fn listener(config: &Arc<Config>, context: &ListenContext) -> Option<Listening> {
        let (config, context) = (Arc::clone(config), context.clone());
        Some(Listening::new(move || Endpoint::new(Arc::clone(&config), &context)))
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        if self.wanted.len() != asks.len() {
            let wanted = asks.iter().map(|ask| Wanted::parse(&ask.query)).collect::<Result<_, _>>();
            self.wanted = wanted.map_err(|wrong| FetchError::new(Reason::NoMatch, wrong))?;
        }
        if self.told == (0, 0) {
            self.ears.first(moment.deadline).await;
        }
        let heard = self.ears.heard();
        let said = heard.said(moment.now);
        let answers = self.wanted.iter().map(|wanted| {
            let answer = match wanted {
                Wanted::Series(selector) => Telemetry::Series(heard.received.since(self.told.0, selector)),
                Wanted::Logs => Telemetry::Logs(heard.lines.since(self.told.1)),
                Wanted::New => {
                    let claimed: Vec<&Selector> = self.wanted.iter().filter_map(Wanted::selector).collect();
                    Telemetry::Table(heard.received.unclaimed(&claimed, self.name.as_str(), moment.now))
                }
                Wanted::Counts => return Ok(Telemetry::Table(heard.table())),
            };
            Ok(said.iter().fold(answer, |answer, (text, is_too_low)| answer.with_caveat(text.clone(), *is_too_low)))
        });
        let answers = answers.collect();
        self.told = (heard.received.number(), heard.lines.number());
        drop(heard);
        Ok(answers)
    }
}
