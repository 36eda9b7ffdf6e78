//! StatsD: a new metric is one line of code for anybody, `echo "orders:1|c" | nc -u -w0 127.0.0.1 8125`.
//!
//! What comes over UDP and TCP is joined between two flushes, and kept in memory; polls pick what panels ask. Events of
//! DogStatsD become events of the board, its service checks numbers: 0 ok, 1 warning, 2 critical, a gap for unknown.

mod aggregate;
mod endpoint;
mod heard;
mod kernel;
pub mod keys;
pub mod line;

use std::sync::Arc;

use super::contract::{Context, Emits, KeyProblem, Moment, PastAnswers, QueryLanguage, Source};
use super::listening::{ListenContext, Listening};
use super::received::Selector;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use endpoint::Endpoint;
use heard::Ears;
pub use keys::Config;

/// The polls of a StatsD listener.
#[derive(Debug)]
pub struct Statsd {
    /// Its name on the board.
    name: SafeText,
    ears: Arc<Ears>,
    /// What is asked, read at the first poll.
    wanted: Vec<Wanted>,
    /// The number of the newest point that was told.
    told: u64,
    /// The same of service checks.
    checks_told: u64,
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    /// `name{label="value"}`
    Series(Selector),
    /// `new()`: series that no other query of this source asks for.
    New,
    /// `checks()`
    Checks,
    /// `events()`
    Events,
    /// `counts()`: what came of what was sent.
    Counts,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, String> {
        match query.trim() {
            "new()" => Ok(Self::New),
            "checks()" => Ok(Self::Checks),
            "events()" => Ok(Self::Events),
            "counts()" => Ok(Self::Counts),
            other if other.ends_with("()") => {
                Err(format!("there is no {other}; there are new(), checks(), events() and counts()"))
            }
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

impl Source for Statsd {
    const TYPE: &'static str = "statsd";
    const SUMMARY: &'static str = "metrics, events and checks that programs send as StatsD or DogStatsD";
    const QUERY: QueryLanguage = QueryLanguage::Optional(
        "a metric, name{label=\"value\"} with * in names and values; checks(), events(), counts(), new()",
    );
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::MeasurementsAndEvents;
    const EVENTS_QUERY: &'static str = "events()";
    const NEW_QUERY: Option<&'static str> = Some("new()");
    const PAST: PastAnswers = PastAnswers::Received;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        Wanted::parse(query).map(|_| ())
    }

    fn default_limits(query: &str) -> Option<[&'static str; 2]> {
        // The codes of monitoring-plugins.
        (query.trim() == "checks()").then_some([">= 1", ">= 2"])
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        config.problems()
    }

    fn open(_: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self { name: context.name.clone(), ears: context.shared.get(), wanted: Vec::new(), told: 0, checks_told: 0 })
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
        if self.told == 0 {
            self.ears.first(moment.deadline).await;
        }
        let heard = self.ears.heard();
        let said = heard.counts.said(moment.now).map(|(text, is_too_low)| (SafeText::new(&text), is_too_low));
        let answers = self.wanted.iter().map(|wanted| {
            let answer = match wanted {
                Wanted::Series(selector) => Telemetry::Series(heard.received.since(self.told, selector)),
                Wanted::New => {
                    let claimed: Vec<&Selector> = self.wanted.iter().filter_map(Wanted::selector).collect();
                    Telemetry::Table(heard.received.unclaimed(&claimed, self.name.as_str(), moment.now))
                }
                Wanted::Checks => Telemetry::Series(heard.checks.since(self.checks_told, &Selector::default())),
                Wanted::Events => Telemetry::Events(heard.events.iter().cloned().collect()),
                Wanted::Counts => return Ok(Telemetry::Table(heard.table())),
            };
            Ok(said.iter().fold(answer, |answer, (text, is_too_low)| answer.with_caveat(text.clone(), *is_too_low)))
        });
        let answers = answers.collect();
        (self.told, self.checks_told) = (heard.received.number(), heard.checks.number());
        drop(heard);
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_or_refused() {
        assert_eq!(Wanted::parse("checks()"), Ok(Wanted::Checks));
        assert!(matches!(Wanted::parse("checks"), Ok(Wanted::Series(_))), "a metric may have that name");
        let wrong = "there is no alarms(); there are new(), checks(), events() and counts()";
        assert_eq!(Wanted::parse("alarms()"), Err(wrong.to_owned()));
    }
}
