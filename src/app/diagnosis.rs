//! Every source probed step by step, and what its queries got: for `andon doctor`.
//!
//! The queries are polled exactly as the board polls them; name look-up and connection are tried once
//! more in addition, so that a poll that fails can be told apart at its first broken step.

mod engines;
mod reach;
mod step;

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::Url;
use tokio::time::Instant;

use super::{Polled, polled, runtime};
use crate::config::Board;
use crate::config::board::SourceSpec;
use crate::model::event::Event;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::format;
use crate::model::labels::names;
use crate::model::poll::{Budget, Outcome, QueryId};
use crate::model::series::{Series, SeriesSet};
use crate::model::table::{Cell, Table};
use crate::model::telemetry::Telemetry;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::{Span, Timestamp, Zone, now};
use crate::model::unit::Unit;
use crate::source::http::{Exchange, origin, parse_url, shown_path};
use crate::source::network::Network;
use crate::source::prometheus::{Prometheus, metrics};
use crate::source::tls::Certificate;
use crate::source::{Clock, Emits, Source as _};
use crate::view::scene::Scene;
use reach::reach;
use step::milliseconds;
pub use step::{Probe, Step, Verdict};

/// Two clocks that differ by less agree: the header has whole seconds, and the answer took its time.
const SKEW: i64 = 2000;
/// A certificate that ends within this many days is pointed out.
const SOON: f64 = 14.0;
/// Columns of a query or a sample that are shown.
const SHOWN: usize = 60;

/// What was found out.
#[derive(Debug)]
pub struct Diagnosis {
    /// Source by source.
    pub probes: Vec<Probe>,
    /// The board with what came.
    pub scene: Scene,
}

/// Probes all sources of a board, at the same time.
pub fn diagnose(board: Board, zone: Zone, wait: Span) -> Result<Diagnosis, String> {
    let runtime = runtime()?;
    let board = Arc::new(board);
    let diagnosis = runtime.block_on(async {
        let network = Network::default();
        let reached: Vec<_> = board
            .sources
            .iter()
            .map(|source| {
                let (url, network) = (address(source), network.clone());
                let patience = source.pace.timeout.duration();
                tokio::spawn(async move {
                    match url {
                        Some(url) => reach(&url, &network, patience).await,
                        None => Vec::new(),
                    }
                })
            })
            .collect();
        let polled = polled(None, Clock::Wall, Arc::clone(&board), zone, wait).await;
        let mut probes = Vec::with_capacity(board.sources.len());
        for (source, reached) in board.sources.iter().zip(reached) {
            let steps = reached.await.unwrap_or_default();
            let unknown = unknown_metrics(source, &board, &polled).await;
            probes.push(probe(source, &board, &polled, steps, &unknown));
        }
        for engine in &board.remote_write {
            probes.push(engines::probe(engine, &network).await);
        }
        Diagnosis { probes, scene: polled.scene() }
    });
    runtime.shutdown_background();
    Ok(diagnosis)
}

/// The address of a source that is somewhere else than in andon itself.
fn address(source: &SourceSpec) -> Option<Url> {
    let url = source.config.url().filter(|_| source.kind.http && !source.simulated)?;
    parse_url(url).ok()
}

fn probe(
    source: &SourceSpec,
    board: &Board,
    polled: &Polled,
    reached: Vec<Step>,
    unknown: &HashMap<QueryId, String>,
) -> Probe {
    let outcomes: Vec<&Outcome> = polled
        .outcomes
        .iter()
        .filter(|outcome| board.source_of(outcome.query).is_some_and(|one| one.fingerprint == source.fingerprint))
        .collect();
    let errors: Vec<&FetchError> = outcomes.iter().filter_map(|outcome| outcome.answer.as_ref().err()).collect();
    let exchange = polled.polling.client(source).and_then(|client| client.last_exchange());
    let mut steps = reached;
    if let Some(url) = address(source) {
        if url.scheme() == "https" {
            steps.extend(tls(&errors, exchange.as_ref(), now()));
        }
        steps.extend(authorisation(source, &errors, exchange.as_ref(), outcomes.len()));
        steps.extend(exchange.iter().flat_map(answer));
        steps.extend(polled.polling.client(source).and_then(|client| client.budget()).map(budget));
    }
    steps.extend(queries(source, board, &outcomes, unknown));
    // What to do is said once, at the first step that is broken.
    let mut said = Vec::new();
    for step in &mut steps {
        if said.contains(&step.remedy) {
            step.remedy = "";
        }
        said.push(step.remedy);
    }
    let address = match address(source) {
        // The address of a private calendar is its secret.
        Some(url) if source.kind.emits == Emits::Plans => origin(&url),
        Some(url) => format!("{}{}", origin(&url), shown_path(&url)),
        None if source.simulated => "the built-in simulator".to_owned(),
        None => String::new(),
    };
    Probe { name: source.name.clone(), kind: source.kind.word, address, steps }
}

fn tls(errors: &[&FetchError], exchange: Option<&Exchange>, now: Timestamp) -> Option<Step> {
    if let Some(error) = errors.iter().find(|error| matches!(error.reason, Reason::Tls(_))) {
        return Some(Step::bad("TLS", error));
    }
    let certificate = Certificate::read(exchange?.certificate.as_ref()?)?;
    let days = certificate.days_left(now);
    let who = if certificate.subject.is_empty() { String::new() } else { format!(", {}", certificate.subject) };
    let found = format!("trusted, and for this name; {days:.0} days left{who}, signed by {}", certificate.issuer);
    Some(if days < SOON {
        Step::doubtful("TLS", found, Reason::Tls(crate::model::fault::TlsFault::Expired).remedy())
    } else {
        Step::good("TLS", found)
    })
}

fn authorisation(
    source: &SourceSpec,
    errors: &[&FetchError],
    exchange: Option<&Exchange>,
    polls: usize,
) -> Option<Step> {
    const WHAT: &str = "authorisation";
    if let Some(error) = errors.iter().find(|error| matches!(error.reason, Reason::Auth(_))) {
        return Some(Step::bad(WHAT, error));
    }
    // A log-in form is a page like any other: only an answer that was understood proves that we are known.
    let understood = (200..300).contains(&exchange?.status) && errors.len() < polls;
    Some(match &source.http.auth {
        Some(auth) if understood => Step::good(WHAT, format!("accepted: {}", auth.describe())),
        Some(auth) => Step::good(WHAT, format!("sent, and not refused: {}", auth.describe())),
        None => Step::good(WHAT, "none sent, none asked for"),
    })
}

/// What the server lets us ask, where its headers tell.
fn budget(left: Budget) -> Step {
    if left.is_low() {
        Step::doubtful("budget", left.to_string(), Reason::RateLimited.remedy())
    } else {
        Step::good("budget", left.to_string())
    }
}

fn answer(exchange: &Exchange) -> Vec<Step> {
    let size = format::text(exchange.bytes as f64, &Unit::from_word("bytes"), now());
    let found = format!("HTTP {}, {size} in {}", exchange.status, milliseconds(exchange.took));
    let status = if exchange.status < 400 {
        Step::good("answer", found)
    } else {
        Step {
            verdict: Verdict::Bad,
            remedy: Reason::of_status(exchange.status).remedy(),
            ..Step::good("answer", found)
        }
    };
    let clock = exchange.clock_ahead.map(|ahead| {
        let by = Span(ahead.abs()).brief();
        if ahead.abs() <= SKEW {
            return Step::good("clock", "agrees with this machine's");
        }
        let which = if ahead > 0 { "ahead of" } else { "behind" };
        let remedy =
            "ages and time ranges are wrong by this much: correct the clock (NTP) of this machine or of the server";
        Step::doubtful("clock", format!("{by} {which} this machine's"), remedy)
    });
    std::iter::once(status).chain(clock).collect()
}

/// What the queries of a source are.
fn asked<'a>(source: &SourceSpec, board: &'a Board) -> Vec<(QueryId, &'a str)> {
    board
        .queries
        .iter()
        .filter(|query| board.sources.get(query.source).is_some_and(|one| one.fingerprint == source.fingerprint))
        .map(|query| (query.id, query.ask.query.as_ref()))
        .collect()
}

/// Why queries of a Prometheus server got nothing: a name that it does not have, with near ones.
async fn unknown_metrics(source: &SourceSpec, board: &Board, polled: &Polled) -> HashMap<QueryId, String> {
    let empty = |query: &QueryId| {
        let is_empty = |outcome: &Outcome| outcome.answer.as_ref().is_ok_and(Telemetry::is_empty);
        polled.outcomes.iter().any(|outcome| outcome.query == *query && is_empty(outcome))
    };
    let mut asked = asked(source, board);
    asked.retain(|(query, _)| source.kind.word == Prometheus::TYPE && empty(query));
    let (Some(client), Some(url), false) = (polled.polling.client(source), address(source), asked.is_empty()) else {
        return HashMap::new();
    };
    let deadline = Instant::now() + source.pace.timeout.duration();
    let known = metrics::names(&client, url.as_str(), deadline).await.unwrap_or_default();
    if known.is_empty() {
        return HashMap::new();
    }
    asked.into_iter().filter_map(|(id, query)| Some((id, metrics::unknown(query, &known)?))).collect()
}

/// One step a query; those that failed for one reason are one.
fn queries(source: &SourceSpec, board: &Board, outcomes: &[&Outcome], unknown: &HashMap<QueryId, String>) -> Vec<Step> {
    let asked = asked(source, board);
    if asked.is_empty() {
        return vec![Step::doubtful("query", "no panel asks it anything", "show it on a panel, or take it away")];
    }
    let mut steps: Vec<Step> = Vec::new();
    for (id, query) in asked {
        let query = if query.is_empty() {
            String::new()
        } else {
            format!("{}: ", ellipsis(&SafeText::new(query).to_string(), SHOWN))
        };
        let step = match outcomes.iter().find(|outcome| outcome.query == id).map(|outcome| &outcome.answer) {
            None => Step::bad("query", &FetchError::new(Reason::Timeout(Phase::Run), format!("{query}no answer yet"))),
            Some(Err(error)) => Step::bad("query", error),
            // That nothing has happened is an answer.
            Some(Ok(Telemetry::Events(events))) if events.is_empty() => {
                Step::good("query", format!("{query}no events yet"))
            }
            Some(Ok(Telemetry::Caveat { telemetry, caveat })) => {
                let verdict = if caveat.partial { Verdict::Bad } else { Verdict::Doubtful };
                let got = if telemetry.is_empty() { String::new() } else { format!("; {}", sample(telemetry)) };
                Step { verdict, ..Step::good("query", format!("{query}{}{got}", caveat.text)) }
            }
            Some(Ok(telemetry)) if telemetry.is_empty() => Step {
                verdict: Verdict::Bad,
                remedy: Reason::NoMatch.remedy(),
                ..Step::good("query", format!("{query}{}", unknown.get(&id).map_or("nothing", String::as_str)))
            },
            Some(Ok(telemetry)) => Step::good("query", format!("{query}{}", sample(telemetry))),
        };
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps
}

/// How much came, and the start of it.
fn sample(telemetry: &Telemetry) -> String {
    let count = |number: usize, word: &str| if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") };
    let (much, begin) = match telemetry {
        Telemetry::Series(SeriesSet { series, .. }) => (
            if series.len() == 1 { "1 series".to_owned() } else { format!("{} series", series.len()) },
            series.iter().map(last).collect::<Vec<_>>().join(", "),
        ),
        Telemetry::Table(table) => (count(table.rows.len(), "row"), first_row(table)),
        Telemetry::Builds(builds) => (
            count(builds.len(), "build"),
            builds.iter().map(|one| format!("{} {}", one.name, one.result.word())).collect::<Vec<_>>().join(", "),
        ),
        Telemetry::Events(events) => {
            (count(events.len(), "event"), events.iter().rev().map(Event::brief).collect::<Vec<_>>().join(", "))
        }
        Telemetry::Reviews(reviews) => (
            count(reviews.len(), "review"),
            reviews.iter().map(|one| format!("{} {}", one.repository, one.label)).collect::<Vec<_>>().join(", "),
        ),
        Telemetry::Caveat { telemetry, caveat } => return format!("{} ({})", sample(telemetry), caveat.text),
        Telemetry::Logs(lines) => {
            (count(lines.len(), "line"), lines.last().map(|line| line.message.to_string()).unwrap_or_default())
        }
        Telemetry::Text(lines) => {
            (count(lines.len(), "line"), lines.first().map(ToString::to_string).unwrap_or_default())
        }
    };
    format!("{much}: {}", ellipsis(&begin, SHOWN))
}

fn last(series: &Series) -> String {
    let value =
        series.last().map_or_else(|| format::MISSING.to_owned(), |value| format::text(value, &Unit::None, now()));
    let name = names(&[&series.labels]).remove(0);
    if name.is_empty() { value } else { format!("{name} {value}") }
}

fn first_row(table: &Table) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Number(number) => format::text(*number, &Unit::None, now()),
        Cell::Text(text) => text.to_string(),
    };
    let row = table.rows.first().map(Vec::as_slice).unwrap_or_default();
    table.columns.iter().zip(row).map(|(name, value)| format!("{name} {}", cell(value))).collect::<Vec<_>>().join(", ")
}
