//! Logs: lines of files, of the journal, of a command or of standard input; shown, searched, and turned into metrics.
//!
//! Its listener reads on and on, a tenth of a second behind; polls pick what panels ask: the lines, or what a rule has
//! measured of them.

mod collected;
mod endpoint;
mod files;
pub mod format;
mod glob;
pub mod keys;
mod measuring;
mod merge;
mod opened;
pub mod rule;
mod split;
mod stream;

use std::sync::Arc;

use super::contract::{Context, KeyProblem, Moment, PastAnswers, QueryLanguage, Source};
use super::listening::{ListenContext, Listening};
use super::received::Selector;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use collected::Collected;
use endpoint::Endpoint;
pub use keys::Config;

/// The polls of a source of logs.
#[derive(Debug)]
pub struct Logs {
    collected: Arc<Collected>,
    rules: Vec<String>,
    /// What is asked, read at the first poll.
    wanted: Vec<Result<Wanted, FetchError>>,
    /// The number of the newest line that was told, and of the newest value.
    told: (u64, u64),
}

/// What a query asks for.
#[derive(Debug, Clone)]
enum Wanted {
    /// Nothing in particular: the lines.
    Lines,
    /// `rule{label="value"}`, and the names of the rules that it picks.
    Rules(Selector, Vec<String>),
}

impl Wanted {
    fn parse(query: &str, rules: &[String]) -> Result<Self, FetchError> {
        if query.trim().is_empty() {
            return Ok(Self::Lines);
        }
        let wrong = |why: String| FetchError::new(Reason::NoMatch, why);
        let selector = Selector::parse(query).map_err(wrong)?;
        let picked: Vec<String> = rules.iter().filter(|name| selector.picks_metric(name)).cloned().collect();
        if picked.is_empty() {
            let known =
                if rules.is_empty() { "it has none".to_owned() } else { format!("it has {}", rules.join(", ")) };
            return Err(wrong(format!("this source has no rule '{}'; {known}", query.trim())));
        }
        Ok(Self::Rules(selector, picked))
    }
}

impl Source for Logs {
    const TYPE: &'static str = "logs";
    const SUMMARY: &'static str =
        "lines of log files, the journal, a command or standard input, and metrics made of them";
    const QUERY: QueryLanguage =
        QueryLanguage::Optional("the name of a rule, or name{label=\"value\"} with *; without one the lines");
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    const PAST: PastAnswers = PastAnswers::Received;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        Selector::parse(query).map(|_| ())
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        config.problems()
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let rules = config.rules.keys().cloned().collect();
        Ok(Self { collected: context.shared.get(), rules, wanted: Vec::new(), told: (0, 0) })
    }

    fn listener(config: &Arc<Config>, context: &ListenContext) -> Option<Listening> {
        let (config, context) = (Arc::clone(config), context.clone());
        Some(Listening::new(move || Endpoint::new(Arc::clone(&config), &context)))
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        if self.wanted.len() != asks.len() {
            self.wanted = asks.iter().map(|ask| Wanted::parse(&ask.query, &self.rules)).collect();
        }
        self.collected.first(moment.deadline).await;
        let known = self.collected.known();
        let answers = self.wanted.iter().map(|wanted| {
            let answer = match wanted.as_ref().map_err(Clone::clone)? {
                Wanted::Lines => Telemetry::Logs(known.lines.since(self.told.0)),
                Wanted::Rules(selector, names) => {
                    let series = Telemetry::Series(known.measured.since(self.told.1, selector));
                    let never: Vec<&str> =
                        names.iter().filter(|name| known.unmatched.contains(name)).map(String::as_str).collect();
                    let said = format!("{} never matched", never.join(", "));
                    if never.is_empty() { series } else { series.with_caveat(SafeText::new(&said), false) }
                }
            };
            Ok(match &known.trouble {
                None => answer,
                Some(why) => answer.with_caveat(why.clone(), true),
            })
        });
        let answers = answers.collect();
        self.told = (known.lines.number(), known.measured.number());
        drop(known);
        Ok(answers)
    }
}
