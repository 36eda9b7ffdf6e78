//! The output of a command: a number, JSON, or lines.
//!
//! An argument vector and no shell; a cleared environment with an allow-list; a time limit after which
//! the command is ended with all that it has started; output under a cap; no standard input, and no terminal.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::contract::{Context, KeyProblem, Moment, QueryLanguage, Source};
use super::json::evaluator::Evaluator;
use super::json::jq;
use super::limits::Limits;
use super::process::{Task, run};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::lines::MAX_LINES;
use crate::model::number;
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Series, SeriesSet};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// The keys of a command.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The program and its arguments; no shell is involved.
    pub command: Vec<String>,
    /// Environment variables passed on, in addition to PATH, HOME, LANG, `LC_ALL`, TZ and TMPDIR.
    #[serde(default)]
    pub environment: Vec<String>,
    /// The folder to run it in.
    pub directory: Option<std::path::PathBuf>,
}

/// One command, ready to run.
#[derive(Debug)]
pub struct Command {
    config: Config,
    evaluator: Evaluator,
    limits: Limits,
    /// Held for as long as a run of this command is there, also one that is being ended.
    turn: Arc<Semaphore>,
}

/// Whether the words are a line for a shell: a pipe or a redirection by itself, or all in one word.
fn wants_a_shell(words: &[String]) -> bool {
    const SIGNS: [&str; 8] = ["|", "||", "&&", ";", ">", ">>", "<", "2>&1"];
    let is_line = |word: &str| word.contains(' ') && word.split(' ').any(|part| SIGNS.contains(&part));
    words.iter().any(|word| SIGNS.contains(&word.as_str())) || matches!(words, [one] if is_line(one))
}

impl Source for Command {
    const TYPE: &'static str = "command";
    const SUMMARY: &'static str = "a command's output: a number, JSON (queries pick with jq), or lines";
    const QUERY: QueryLanguage = QueryLanguage::Optional("a jq expression when the output is JSON");
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        if query.is_empty() { Ok(()) } else { jq::compile(query).map(drop) }
    }

    fn check(config: &Config) -> Vec<KeyProblem> {
        let problem = |message: &str, help: &str| vec![KeyProblem::new("command", message, help)];
        if config.command.is_empty() {
            return problem("the command has no program", "write command = [\"PROGRAM\", \"ARGUMENT\"]");
        }
        if wants_a_shell(&config.command) {
            let message = "a command is run without a shell: there is no shell between the words";
            return problem(message, "write command = [\"sh\", \"-c\", \"...\"]");
        }
        Vec::new()
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        Ok(Self {
            config: config.clone(),
            evaluator: Evaluator::new(&context.network.limits),
            limits: context.network.limits.clone(),
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let permit = tokio::time::timeout_at(moment.deadline, self.limits.command(&self.turn))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Queue)))?;
        let task = Task {
            words: self.config.command.clone(),
            pass_on: self.config.environment.clone(),
            directory: self.config.directory.clone(),
            values: Vec::new(),
        };
        let output = tokio::time::timeout_at(moment.deadline, run(&task, permit))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Run)))??;
        Ok(self.read(output, asks, moment).await)
    }
}

impl Command {
    /// JSON where it begins like JSON or a query asks for it, else a number alone, else lines.
    async fn read(&mut self, output: Vec<u8>, asks: &[Ask], moment: Moment) -> Vec<Answer> {
        let is_json = String::from_utf8_lossy(&output).trim_start().starts_with(['{', '[']);
        let plain = text(&output, moment.now);
        let picks: Vec<Ask> = asks.iter().filter(|ask| is_json || !ask.query.is_empty()).map(whole_or_part).collect();
        let wanted = picks.len();
        let picked =
            if picks.is_empty() { Ok(Vec::new()) } else { self.evaluator.evaluate(output, picks, moment).await };
        // What cannot be picked from still has its lines.
        let mut picked = picked.unwrap_or_else(|error| vec![Err(error); wanted]).into_iter();
        let answer = |ask: &Ask| if is_json || !ask.query.is_empty() { picked.next() } else { Some(plain.clone()) };
        asks.iter().map_while(answer).collect()
    }
}

fn whole_or_part(ask: &Ask) -> Ask {
    if ask.query.is_empty() { Ask { query: ".".into(), ..ask.clone() } } else { ask.clone() }
}

/// A number alone, else lines.
fn text(output: &[u8], now: Timestamp) -> Answer {
    let text = String::from_utf8_lossy(output);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(FetchError::new(Reason::Parse, "the command printed nothing"));
    }
    if let Some(number) = number::read(trimmed) {
        let series = vec![Series::single("", now, number)];
        return Ok(Telemetry::Series(SeriesSet::new(series, Coverage::Sample)));
    }
    Ok(Telemetry::Text(SafeText::lines(&text, MAX_LINES + 1)))
}
