//! Shows the past, on a thread of its own: what the hub remembers, else what the history knows and what sources with a
//! past of their own answer.

use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::own_thread::OwnThread;
use super::polling::Polling;
use super::wiring::Wiring;
use crate::config::Board;
use crate::config::board::{QuerySpec, SourceSpec};
use crate::history::Past;
use crate::history::read::Reader;
use crate::hub::Hub;
use crate::hub::rewinding::{Rewinding, Rewound, seen};
use crate::model::audience::Audience;
use crate::model::poll::Outcome;
use crate::model::time::{Span, Timestamp, Zone, now};
use crate::source::network::Network;
use crate::source::{Clock, PastAnswers};
use crate::view::audience::AudienceScene;

/// Looks at the past that wait; who comes then is told to try again.
const WAITING: usize = 32;
/// Moments that are known at a time; each costs the memory of a store.
const MOMENTS: usize = 8;
/// A graph that shows more time than the board is made of so many steps at most.
const COLUMNS: i64 = 360;
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
    let mut pasts = Pasts { history, network: Network::default(), known: VecDeque::new() };
    while let Some(rewinding) = asked.recv().await {
        if rewinding.rewind.answer.is_closed() {
            continue;
        }
        let rewound = pasts.rewound(&rewinding).await;
        // Who asked may have gone.
        let _gone = rewinding.rewind.answer.send(rewound);
    }
}

/// What is known of the moments that were asked for.
struct Pasts {
    history: Option<PathBuf>,
    network: Network,
    /// The last of them, the newest first: several viewers may look at one, or step there and back.
    known: VecDeque<KnownMoment>,
}

/// What is known of one moment.
struct KnownMoment {
    at: Timestamp,
    /// How much time its graphs show; none for as much as on the board.
    window: Option<Span>,
    /// The board that was looked at.
    board: Arc<Board>,
    hub: Hub,
    /// What each audience sees of it that has asked: viewers share it.
    seen: Vec<AudienceScene>,
    /// Whether every source that was asked has answered.
    is_whole: bool,
    /// The length of the steps in which it is known.
    step: Span,
}

impl KnownMoment {
    fn seen_by(&mut self, audience: &Arc<Audience>) -> AudienceScene {
        if let Some(seen) = self.seen.iter().find(|seen| seen.audience() == audience) {
            return seen.clone();
        }
        let seen = self.hub.seen_by(audience, self.at);
        self.seen.push(seen.clone());
        seen
    }
}

impl Pasts {
    async fn rewound(&mut self, rewinding: &Rewinding) -> Rewound {
        let Rewinding { rewind, board, zone, known } = rewinding;
        if let Some(state) = known {
            return Ok((seen((board, zone), state, rewind.at, &rewind.audience), Span(0)));
        }
        let is_it =
            |one: &KnownMoment| (one.at, one.window) == (rewind.at, rewind.window) && Arc::ptr_eq(&one.board, board);
        let mut moment = match self.known.iter().position(is_it).and_then(|index| self.known.remove(index)) {
            Some(moment) => moment,
            None => self.moment((rewind.at, rewind.window), board, zone).await?,
        };
        let rewound = (moment.seen_by(&rewind.audience), moment.step);
        // Where somebody did not answer, the next who asks has it asked again.
        if moment.is_whole {
            self.known.push_front(moment);
            self.known.truncate(MOMENTS);
        }
        Ok(rewound)
    }

    async fn moment(
        &self,
        (at, window): (Timestamp, Option<Span>),
        board: &Arc<Board>,
        zone: &Zone,
    ) -> Result<KnownMoment, String> {
        let shown = window.map_or_else(|| Arc::clone(board), |window| Arc::new(Board::clone(board).widened(window)));
        let (past, step) = remembered(&shown, (at, window), self.history.as_deref())?;
        let asked = answering_as_of_then(&shown);
        if past.queries.is_empty() && past.noted.is_empty() && asked.queries.is_empty() {
            return Err(format!("nothing is remembered of {}", at.date_time(zone)));
        }
        let clock = Clock::Standing(at);
        let mut hub = Hub::new(shown, zone.clone(), clock.clone());
        hub.recall(past);
        let outcomes = answers(&asked, clock, &self.network).await;
        let is_whole = outcomes.iter().filter(|outcome| outcome.error().is_none()).count() >= asked.queries.len();
        for outcome in outcomes {
            hub.apply(outcome);
        }
        hub.say_what_is_not_remembered(at);
        Ok(KnownMoment { at, window, board: Arc::clone(board), hub, seen: Vec::new(), is_whole, step })
    }
}

/// What the history knows of a moment; nothing, where there is no history.
fn remembered(
    board: &Board,
    (at, window): (Timestamp, Option<Span>),
    history: Option<&Path>,
) -> Result<(Past, Span), String> {
    let step = window.map_or(Span(0), |window| Span(window.0 / COLUMNS));
    match history {
        Some(path) if path.exists() => Reader::open(path)?.as_of(at, (board.longest_lookback(), step), now()),
        _ => Ok((Past::default(), Span(0))),
    }
}

/// The part of a board whose sources answer as of any moment.
fn answering_as_of_then(board: &Board) -> Board {
    let has_past = |source: &SourceSpec| match source.kind.past {
        PastAnswers::Everything => true,
        // The simulated shop knows its past.
        PastAnswers::Nothing => source.simulated,
        PastAnswers::Received => false,
    };
    let kept: Vec<usize> =
        (0..board.sources.len()).filter(|index| board.sources.get(*index).is_some_and(has_past)).collect();
    let sources = kept.iter().filter_map(|index| board.sources.get(*index)).cloned().collect();
    let queries = board.queries.iter().filter_map(|query| {
        let source = kept.iter().position(|index| *index == query.source)?;
        Some(QuerySpec { source, ..query.clone() })
    });
    Board { sources, queries: queries.collect(), dashboards: Vec::new(), ..board.clone() }
}

/// What the sources of a board answer by a clock that stands at a moment of the past.
async fn answers(board: &Board, clock: Clock, network: &Network) -> Vec<Outcome> {
    let mut silent: HashSet<_> = board.queries.iter().map(|query| query.id).collect();
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
    // Of who has not answered by then nothing is known of that moment.
    let _time_is_up = tokio::time::timeout(WAIT.duration(), heard).await;
    outcomes
}
