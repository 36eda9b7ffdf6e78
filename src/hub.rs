//! The only owner of state: folds outcomes into the store, evaluates, publishes scenes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::config::Board;
use crate::model::poll::{Outcome, QueryId};
use crate::model::time::{Timestamp, Zone};
use crate::source::Clock;
use crate::store::Store;
use crate::view::build;
use crate::view::scene::Scene;

/// How long answers are gathered before a scene is made of them.
const GATHER: Duration = Duration::from_millis(100);
/// The same while somebody waits for the first data.
const GATHER_FIRST: Duration = Duration::from_millis(10);
/// Without news, ages and the clock move on this often.
const TICK: Duration = Duration::from_millis(1050);

/// What a viewer may ask of the hub: nothing that changes what others see.
#[derive(Debug, Clone)]
pub enum Command {
    /// Ask all sources now.
    RefreshNow,
    /// How many columns each query is drawn in, on the widest panel that shows it.
    Widths(HashMap<QueryId, u16>),
}

/// The hub's ends of its channels.
#[derive(Debug)]
pub struct Channels {
    /// From the supervisor.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// From the viewers.
    pub commands: mpsc::Receiver<Command>,
    /// To the viewers: the latest wins.
    pub scenes: watch::Sender<Arc<Scene>>,
    /// To the supervisor: counts up for "ask now".
    pub refresh_now: watch::Sender<u64>,
    /// To each query's source: how many points it is wanted in.
    pub resolutions: Vec<watch::Sender<u16>>,
}

/// The state, and the functions from it.
#[derive(Debug)]
pub struct Hub {
    board: Arc<Board>,
    store: Store,
    zone: Zone,
    clock: Clock,
}

impl Hub {
    /// A hub that knows nothing yet.
    pub fn new(board: Arc<Board>, zone: Zone, clock: Clock) -> Self {
        let window = board
            .dashboards
            .iter()
            .flat_map(|dashboard| &dashboard.panels)
            .map(|panel| panel.rule.window)
            .fold(board.window, std::cmp::Ord::max);
        Self { store: Store::new(board.queries.len(), window), board, zone, clock }
    }

    /// The scene as of a moment.
    pub fn scene_at(&self, now: Timestamp) -> Scene {
        build::scene(&self.board, &self.store, now, &self.zone)
    }

    /// Takes one outcome in, and logs what changed for its source.
    pub fn apply(&mut self, outcome: Outcome) {
        let before = self.store.entry(outcome.query).map(|entry| (entry.error.is_some(), entry.last_success.is_some()));
        let name = self.source_name(outcome.query);
        match (&outcome.answer, before) {
            (Err(error), Some((false, _))) => {
                tracing::warn!(source = %name, query = outcome.query.0, "failing: {error}");
            }
            (Ok(_), Some((true, _))) => tracing::info!(source = %name, query = outcome.query.0, "answering again"),
            _ => {}
        }
        self.store.apply(outcome);
    }

    fn source_name(&self, query: QueryId) -> String {
        let source = self.board.queries.get(query.0).and_then(|query| self.board.sources.get(query.source));
        source.map(|source| source.name.to_string()).unwrap_or_default()
    }

    /// Whether every query has been answered or has failed at least once.
    pub fn has_heard_all(&self) -> bool {
        self.store.entries().iter().all(|entry| entry.last_poll.is_some())
    }

    /// Runs until the supervisor is gone.
    pub async fn run(mut self, mut channels: Channels) {
        let mut publish_at = Instant::now() + TICK;
        loop {
            tokio::select! {
                outcome = channels.outcomes.recv() => {
                    let Some(outcome) = outcome else { return };
                    let first = self.is_first(outcome.query);
                    self.apply(outcome);
                    let gather = if first { GATHER_FIRST } else { GATHER };
                    publish_at = publish_at.min(Instant::now() + gather);
                }
                Some(command) = channels.commands.recv() => channels.obey(command),
                () = sleep_until(publish_at) => {
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
        let scene = Arc::new(self.scene_at(self.clock.now()));
        // Each scene carries the clock of the second it was made in: it proves that the hub lives.
        scenes.send_if_modified(|shown| {
            let differs = **shown != *scene;
            *shown = scene;
            differs
        });
    }
}

impl Channels {
    fn obey(&self, command: Command) {
        match command {
            Command::RefreshNow => self.refresh_now.send_modify(|count| *count += 1),
            Command::Widths(widths) => {
                for (query, columns) in widths {
                    if let Some(resolution) = self.resolutions.get(query.0) {
                        resolution.send_if_modified(|current| std::mem::replace(current, columns) != columns);
                    }
                }
            }
        }
    }
}
