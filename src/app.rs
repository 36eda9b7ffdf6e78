//! Composition: config, sources, hub. Everything behind the viewers runs on a thread of its own, so that
//! nothing it does can hold up a key or a frame.

mod api;
pub mod asked;
pub mod diagnosis;
mod guard;
pub mod notifying;
mod own_thread;
pub mod polling;
pub mod reloading;
mod remote_writing;
mod rewinding;
pub mod serving;
mod trouble;
mod wiring;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Board;
use crate::history::{self, History, OutgoingKeeper, Past, Unsent};
use crate::hub::exporting::Exporting;
use crate::hub::looking::Looks;
use crate::hub::{Channels, Command, Hub, Reload};
use crate::model::poll::{Outcome, QueryId};
use crate::model::time::{Span, Timestamp, Zone};
use crate::source::Clock;
use crate::source::network::Network;
use crate::view::scene::Scene;
use polling::Polling;
use reloading::Reloading;
pub use wiring::Wiring;

/// Answers on their way to those who write to engines; the samples of more are lost, and counted.
const MEASURED: usize = 4096;
/// Commands on their way to the hub.
const COMMANDS: usize = 16;
/// Looks of others on their way to the hub; who comes then waits.
const LOOKS: usize = 64;
/// Looks whose notifications are on their way out; those of more are lost, and counted.
const NOTIFICATIONS: usize = 16;
/// How long the first polls wait for what is remembered.
const LONGEST_RECALL: Duration = Duration::from_secs(5);
/// How long the end of the engine is waited for: longer than the history takes for its last flush, and less than the second
/// in which a program ends whose terminal has gone.
const LONGEST_END: Duration = Duration::from_millis(800);

/// A board that is being polled.
#[derive(Debug)]
pub struct Engine {
    /// The latest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// What viewers may ask.
    pub commands: mpsc::Sender<Command>,
    /// Signs that the thread goes on that serves viewers elsewhere; none where there is none.
    pub serving: Option<serving::Beats>,
    stop: Option<oneshot::Sender<()>>,
    ended: std::sync::mpsc::Receiver<()>,
}

impl Drop for Engine {
    /// Waits a little for the engine to end: its commands are its children, and end with it.
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The engine may be gone already, and one that hangs must not keep the program from ending.
            let _gone = stop.send(());
            let _hangs = self.ended.recv_timeout(LONGEST_END);
        }
    }
}

/// Starts polling on a thread of its own. The error is a sentence.
pub fn start(
    board: Board,
    zone: Zone,
    reloading: Reloading,
    history: Option<history::Settings>,
    serving: Option<serving::Settings>,
) -> Result<Engine, String> {
    let clock = Clock::Wall;
    let board = Arc::new(board);
    let mut hub = Hub::with_past(Arc::clone(&board), zone, clock.clone());
    let first = hub.seen_at(clock.now());
    let ((scene_sender, scenes), (cut_sender, cuts)) = (watch::channel(first.scene), watch::channel(first.cuts));
    let ((commands, command_receiver), (looks, asked)) = (mpsc::channel(COMMANDS), mpsc::channel(LOOKS));
    let senders = (commands.clone(), looks.clone());
    let (others_trouble, served, beats) = serving::start(serving, cuts, senders, history.as_ref());
    hub.hear_of(others_trouble);
    let (rewinds, past) = rewinding::start(history.as_ref().map(|kept| kept.path.clone()));
    let ((stop, stopped), (end, ended)) = (oneshot::channel::<()>(), std::sync::mpsc::channel());
    let runtime = runtime()?;
    std::thread::Builder::new()
        .name("andon-engine".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                let _others = (served, past);
                let network = Network::default();
                let wiring = Wiring::new(clock.clone(), network.clone());
                let (reload_sender, reloads) = mpsc::channel::<Reload>(1);
                let kept = remember(&mut hub, history, board.longest_lookback(), &clock).await;
                let writing = export(&mut hub, &board, kept);
                let mut polling = Polling::new(wiring.wires);
                polling.poll(&board).await;
                let (notices, notifications) = mpsc::channel(NOTIFICATIONS);
                let (trouble, _api) = api::start(board.api.clone(), looks, scene_sender.subscribe(), clock.clone());
                hub.hear_of(trouble);
                let channels = Channels {
                    notices,
                    rewinds,
                    outcomes: wiring.outcomes,
                    commands: command_receiver,
                    looks: Looks::new(asked),
                    reloads,
                    scenes: scene_sender,
                    cuts: cut_sender,
                    refresh_now: wiring.refresh_now,
                    widths: wiring.widths,
                };
                tokio::select! {
                    // The first of the list is the first to be dropped: what it has gathered gets into the history.
                    () = remote_writing::run(writing, network.clone(), clock) => {}
                    () = hub.run(channels) => {}
                    () = reloading.run(board, polling, reload_sender) => {}
                    () = notifying::run(notifications, network) => {}
                    _ = stopped => {}
                }
            });
            // Look-ups and expressions on blocking threads are not waited for.
            runtime.shutdown_background();
            // Nobody waits where the program goes on without it.
            let _nobody = end.send(());
        })
        .map_err(|error| format!("no thread for the engine: {error}"))?;
    Ok(Engine { scenes, commands, serving: beats, stop: Some(stop), ended })
}

/// What waits for engines, in the history.
#[derive(Default)]
struct Kept {
    keeper: Option<OutgoingKeeper>,
    unsent: Unsent,
}

/// Has the hub hand on what it learns, and gives the other end.
fn export(hub: &mut Hub, board: &Board, kept: Kept) -> remote_writing::Wires {
    let (sender, measured) = mpsc::channel(MEASURED);
    let (targets, trouble) = (watch::Sender::new(Arc::default()), watch::Sender::new(None));
    let missed: Arc<AtomicU64> = Arc::default();
    hub.hear_of(trouble.subscribe());
    let wires = remote_writing::Wires {
        measured,
        missed: Arc::clone(&missed),
        targets: targets.subscribe(),
        trouble,
        keeper: kept.keeper,
        unsent: kept.unsent,
    };
    hub.export(Exporting::new(sender, targets, missed, board));
    wires
}

/// Starts the history, and has the hub know what it remembers. A disk that is slow holds up the first polls for a
/// moment only: then they are the first to tell something.
async fn remember(hub: &mut Hub, settings: Option<history::Settings>, window: Span, clock: &Clock) -> Kept {
    let Some(settings) = settings else { return Kept::default() };
    let patience = if settings.path.exists() { LONGEST_RECALL } else { Duration::ZERO };
    let (since, told) = (clock.now().minus(window), clock.clone());
    match History::start(settings, since, move || told.now()) {
        Err(why) => {
            tracing::warn!("{why}");
            Kept::default()
        }
        Ok((history, past)) => {
            let past = tokio::time::timeout(patience, past).await.ok().and_then(Result::ok);
            if past.is_none() && !patience.is_zero() {
                tracing::warn!("the history takes too long to read: the board begins without its past");
            }
            let keeper = history.outgoing();
            if past.is_none() {
                keeper.forget_all();
            }
            let mut past = past.unwrap_or_default();
            let kept = Kept { keeper: Some(keeper), unsent: std::mem::take(&mut past.unsent) };
            hub.remember(history, past);
            kept
        }
    }
}

/// A board that was polled once.
#[derive(Debug)]
pub struct Polled {
    /// What is known of it.
    pub hub: Hub,
    /// The moment at which it was looked at.
    pub now: Timestamp,
    /// Everything that came, in the order it came.
    pub outcomes: Vec<Outcome>,
    /// The tasks, with what they saw of their servers.
    pub polling: Polling,
}

impl Polled {
    /// The scene of that moment.
    pub fn scene(&self) -> Scene {
        self.hub.scene_at(self.now)
    }
}

/// Polls every query once, or until the time is up.
pub fn poll_once(board: Board, zone: Zone, wait: Span) -> Result<Polled, String> {
    poll_once_by(Clock::Wall, board, zone, wait)
}

/// The same, with what is remembered.
pub fn poll_once_after(past: Option<Past>, board: Board, zone: Zone, wait: Span) -> Result<Polled, String> {
    once(past, Clock::Wall, board, zone, wait)
}

/// The same by another clock, which the simulator goes by, too: with one that stands equal boards give equal scenes.
pub fn poll_once_by(clock: Clock, board: Board, zone: Zone, wait: Span) -> Result<Polled, String> {
    once(None, clock, board, zone, wait)
}

fn once(past: Option<Past>, clock: Clock, board: Board, zone: Zone, wait: Span) -> Result<Polled, String> {
    let runtime = runtime()?;
    let polled = runtime.block_on(polled(past, clock, Arc::new(board), zone, wait));
    runtime.shutdown_background();
    Ok(polled)
}

async fn polled(past: Option<Past>, clock: Clock, board: Arc<Board>, zone: Zone, wait: Span) -> Polled {
    let mut hub = Hub::for_one_look(Arc::clone(&board), zone, clock.clone());
    hub.recall(past.unwrap_or_default());
    let mut wiring = Wiring::new(clock.clone(), Network::default());
    let mut polling = Polling::new(wiring.wires);
    polling.poll(&board).await;
    let mut outcomes = Vec::new();
    // What is remembered is no answer.
    let mut silent: HashSet<QueryId> = board.queries.iter().map(|query| query.id).collect();
    let heard = async {
        while !silent.is_empty() {
            let Some(outcome) = wiring.outcomes.recv().await else { break };
            silent.remove(&outcome.query);
            outcomes.push(outcome.clone());
            hub.apply(outcome);
        }
    };
    // Time is up: what has not answered is shown as waiting.
    let _time_is_up = tokio::time::timeout(wait.duration(), heard).await;
    Polled { hub, now: clock.now(), outcomes, polling }
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| format!("no runtime: {error}"))
}
