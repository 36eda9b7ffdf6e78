//! Shows the past, on a thread of its own: what the hub remembers, else what the history knows and what sources with a
//! past of their own answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Wiring, own_thread::OwnThread};
use crate::app::polling::Polling;
use crate::config::Board;
use crate::config::board::SourceSpec;
use crate::history::Past;
use crate::history::read::Reader;
use crate::hub::Hub;
use crate::hub::rewinding::{Rewinding, Rewound, seen};
use crate::model::poll::Outcome;
use crate::model::time::{Span, Timestamp, now};
use crate::source::Clock;
use crate::source::network::Network;

/// Looks at the past that wait; who comes then is told to try again.
const WAITING: usize = 32;
/// How long sources may take to tell of their past.
const WAIT: Span = Span::seconds(8);

/// Begins to show the past; `history` is the file of the board's history.
pub(super) fn start(history: Option<PathBuf>) -> (mpsc::Sender<Rewinding>, Option<OwnThread>) {
    let (sender, asked) = mpsc::channel(WAITING);
    let thread = OwnThread::start("andon-past", move || run(asked, history));
    let thread = thread.inspect_err(|error| tracing::warn!("nobody can look at the past: {error}")).ok();
    (sender, thread)
}

async fn run(mut asked: mpsc::Receiver<Rewinding>, history: Option<PathBuf>) {
    let network = Network::default();
    while let Some(rewinding) = asked.recv().await {
        if rewinding.rewind.answer.is_closed() {
            continue;
        }
        let rewound = rewound(&rewinding, history.as_deref(), &network).await;
        // Who asked may have gone.
        let _gone = rewinding.rewind.answer.send(rewound);
    }
}

async fn rewound(rewinding: &Rewinding, history: Option<&Path>, network: &Network) -> Rewound {
    let Rewinding { rewind, board, zone, known } = rewinding;
    if let Some(state) = known {
        return Ok((seen((board, zone), state, rewind.at, &rewind.audience), Span(0)));
    }
    let (past, step) = remembered(board, rewind.at, history)?;
    let asked = with_past(board);
    if past.queries.is_empty() && past.noted.is_empty() && asked.queries.is_empty() {
        return Err(format!("nothing is remembered of {}", rewind.at.date_time(zone)));
    }
    let clock = Clock::Standing(rewind.at);
    let mut hub = Hub::new(Arc::clone(board), zone.clone(), clock.clone());
    hub.recall(past);
    for outcome in answers(&asked, clock, network).await {
        hub.apply(outcome);
    }
    Ok((hub.seen_by(&rewind.audience, rewind.at), step))
}

/// What the history knows of a moment; nothing, where there is no history.
fn remembered(board: &Board, at: Timestamp, history: Option<&Path>) -> Result<(Past, Span), String> {
    match history {
        Some(path) if path.exists() => Reader::open(path)?.as_of(at, board.longest_lookback(), now()),
        _ => Ok((Past::default(), Span(0))),
    }
}

/// The part of a board whose sources answer as of any moment.
fn with_past(board: &Board) -> Board {
    let has_past = |source: &SourceSpec| source.kind.has_past || source.simulated;
    let kept: Vec<usize> =
        (0..board.sources.len()).filter(|index| board.sources.get(*index).is_some_and(has_past)).collect();
    let sources = kept.iter().filter_map(|index| board.sources.get(*index)).cloned().collect();
    let queries = board.queries.iter().filter_map(|query| {
        let source = kept.iter().position(|index| *index == query.source)?;
        Some(crate::config::board::QuerySpec { source, ..query.clone() })
    });
    Board { sources, queries: queries.collect(), dashboards: Vec::new(), ..board.clone() }
}

/// What the sources of a board answer by a clock that stands at a moment of the past.
async fn answers(board: &Board, clock: Clock, network: &Network) -> Vec<Outcome> {
    let mut silent: std::collections::HashSet<_> = board.queries.iter().map(|query| query.id).collect();
    let mut outcomes = Vec::new();
    if silent.is_empty() {
        return outcomes;
    }
    let mut wiring = Wiring::new(clock, network.clone());
    let mut polling = Polling::new(wiring.wires);
    polling.poll(board).await;
    let heard = async {
        while !silent.is_empty() {
            let Some(outcome) = wiring.outcomes.recv().await else { break };
            silent.remove(&outcome.query);
            outcomes.push(outcome);
        }
    };
    // Who has not answered by then is shown as waiting.
    let _time_is_up = tokio::time::timeout(WAIT.duration(), heard).await;
    outcomes
}
