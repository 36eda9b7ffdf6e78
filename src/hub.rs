//! The only owner of state: folds outcomes into the store, evaluates, publishes scenes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::config::Board;
use crate::model::isolation::tripwire;
use crate::model::poll::{Outcome, QueryId};
use crate::model::time::{Span, Timestamp, Zone};
use crate::source::{Clock, Widths};
use crate::store::Store;
use crate::view::build;
use crate::view::scene::Scene;

/// How long answers are gathered before a scene is made of them.
const GATHER: Duration = Duration::from_millis(100);
/// The same while somebody waits for the first data.
const GATHER_FIRST: Duration = Duration::from_millis(10);
/// Without news, ages and the clock move on this often.
const TICK: Duration = Duration::from_millis(1050);
/// The wall clock and the steady one may drift apart by this much between two looks.
const DRIFT: Span = Span::seconds(2);

/// What a viewer may ask of the hub: nothing that changes what others see.
#[derive(Debug, Clone)]
pub enum Command {
    /// Ask all sources now.
    RefreshNow,
    /// How many columns each query is drawn in, on the widest panel that shows it.
    Widths(Widths),
}

/// What a reload of the config brings.
#[derive(Debug)]
pub enum Reload {
    /// Another board, and who waits until it is the one that is shown.
    Board(Arc<Board>, oneshot::Sender<()>),
    /// A config that cannot be used, in a sentence: the board of before stays.
    Refused(String),
}

/// The hub's ends of its channels.
#[derive(Debug)]
pub struct Channels {
    /// From the supervisor.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// From the viewers.
    pub commands: mpsc::Receiver<Command>,
    /// From the watch over the config's files.
    pub reloads: mpsc::Receiver<Reload>,
    /// To the viewers: the latest wins.
    pub scenes: watch::Sender<Arc<Scene>>,
    /// To the supervisor: counts up for "ask now".
    pub refresh_now: watch::Sender<u64>,
    /// To the sources: how many points each query is wanted in.
    pub widths: watch::Sender<Widths>,
}

/// The state, and the functions from it.
#[derive(Debug)]
pub struct Hub {
    board: Arc<Board>,
    store: Store,
    zone: Zone,
    clock: Clock,
    banner: Option<String>,
    /// The wall clock at a moment of the steady one.
    looked: (Timestamp, Instant),
}

impl Hub {
    /// A hub that knows nothing yet.
    pub fn new(board: Arc<Board>, zone: Zone, clock: Clock) -> Self {
        let store = Store::new(board.queries.iter().map(|query| query.id), board.longest_window());
        let looked = (clock.now(), Instant::now());
        Self { store, board, zone, clock, banner: None, looked }
    }

    /// The scene as of a moment.
    pub fn scene_at(&self, now: Timestamp) -> Scene {
        let scene = build::scene(&self.board, &self.store, now, &self.zone);
        Scene { banner: self.banner.clone(), ..scene }
    }

    /// Takes one outcome in, and logs what changed for its source.
    pub fn apply(&mut self, outcome: Outcome) {
        let before = self.store.entry(outcome.query).map(|entry| (entry.error.is_some(), entry.last_success.is_some()));
        let query = outcome.query;
        tracing::trace!(query = query.0, failures = outcome.failures, "{}", said(&outcome));
        match (&outcome.answer, before) {
            (Err(error), Some((false, _))) => {
                tracing::warn!(source = %self.source_name(query), query = query.0, "failing: {error}");
            }
            (Ok(_), Some((true, _))) => {
                tracing::info!(source = %self.source_name(query), query = query.0, "answering again");
            }
            _ => {}
        }
        self.store.apply(outcome);
    }

    /// Takes what a reload brings. What both boards ask keeps its history.
    pub fn reload(&mut self, reload: Reload) {
        match reload {
            Reload::Refused(why) => {
                tracing::warn!("{why}");
                self.banner = Some(why);
            }
            Reload::Board(board, taken) => {
                tracing::info!(sources = board.sources.len(), "another config");
                self.store.hold(board.queries.iter().map(|query| query.id), board.longest_window());
                self.board = board;
                self.banner = None;
                // Who waits for it may have gone.
                let _gone = taken.send(());
            }
        }
    }

    /// Whether the wall clock has moved since the last look otherwise than time has passed: the machine
    /// slept, or somebody set the clock. What is known is stamped by the wall clock; when that goes back,
    /// the stamps go with it, so that nothing old looks new. (The steady clock of Linux stands still
    /// while the machine sleeps: a sleep and a clock set forward look alike, and both make data old.)
    pub fn has_jumped(&mut self, wall: Timestamp, steady: Instant) -> bool {
        let passed = steady.duration_since(self.looked.1).as_millis();
        let expected = self.looked.0.plus(Span(i64::try_from(passed).unwrap_or(i64::MAX)));
        self.looked = (wall, steady);
        let (ahead, behind) = (expected.age_at(wall), expected.age_before(wall));
        if behind > DRIFT {
            tracing::warn!("the clock was set back by {}", behind.brief());
            self.store.set_back(behind);
        }
        ahead.max(behind) > DRIFT
    }

    fn source_name(&self, query: QueryId) -> String {
        self.board.source_of(query).map(|source| source.name.to_string()).unwrap_or_default()
    }

    /// Whether every query has been answered or has failed at least once.
    pub fn has_heard_all(&self) -> bool {
        self.store.entries().all(|entry| entry.last_poll.is_some())
    }

    /// Runs until the supervisor is gone.
    pub async fn run(mut self, mut channels: Channels) {
        let mut publish_at = Instant::now() + TICK;
        loop {
            tokio::select! {
                outcome = channels.outcomes.recv() => {
                    let Some(mut outcome) = outcome else { return };
                    // The look at the clock comes first: an answer that was under way while the clock was
                    // set is stamped by another clock than what is known.
                    channels.ask_again_if(self.has_jumped(self.clock.now(), Instant::now()));
                    outcome.at = outcome.at.min(self.clock.now());
                    let first = self.is_first(outcome.query);
                    self.apply(outcome);
                    let gather = if first { GATHER_FIRST } else { GATHER };
                    publish_at = publish_at.min(Instant::now() + gather);
                }
                Some(command) = channels.commands.recv() => channels.obey(command),
                Some(reload) = channels.reloads.recv() => {
                    self.reload(reload);
                    channels.widths.send_modify(|widths| widths.retain(|query, _| self.store.entry(*query).is_some()));
                    publish_at = publish_at.min(Instant::now() + GATHER);
                }
                () = sleep_until(publish_at) => {
                    channels.ask_again_if(self.has_jumped(self.clock.now(), Instant::now()));
                    self.publish(&channels.scenes);
                    publish_at = Instant::now() + TICK;
                }
            }
        }
    }

    fn is_first(&self, query: QueryId) -> bool {
        self.store.entry(query).is_none_or(|entry| entry.last_poll.is_none())
    }

    fn publish(&self, scenes: &watch::Sender<Arc<Scene>>) {
        tripwire::pass("hub");
        let scene = Arc::new(self.scene_at(self.clock.now()));
        // Each scene carries the clock of the second it was made in: it proves that the hub lives.
        scenes.send_if_modified(|shown| {
            let differs = **shown != *scene;
            *shown = scene;
            differs
        });
    }
}

/// What came, in a word or two.
fn said(outcome: &Outcome) -> String {
    outcome.answer.as_ref().map_or_else(ToString::to_string, |telemetry| telemetry.shape().to_owned())
}

impl Channels {
    /// After a sleep everything is old: it is asked for at once, not when its turn comes.
    fn ask_again_if(&self, jumped: bool) {
        if jumped {
            self.obey(Command::RefreshNow);
        }
    }

    fn obey(&self, command: Command) {
        match command {
            Command::RefreshNow => self.refresh_now.send_modify(|count| *count += 1),
            Command::Widths(widths) => self.widths.send_modify(|known| known.extend(widths)),
        }
    }
}
