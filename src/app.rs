//! Composition: config, sources, hub. Everything behind the viewers runs on a thread of its own, so that
//! nothing it does can hold up a key or a frame.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::config::Board;
use crate::config::board::{SIMULATOR_SCHEME, SourceSpec};
use crate::hub::{Channels, Command, Hub};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Ask, Outcome, QueryId};
use crate::model::time::{Span, Zone};
use crate::simulator::Simulator;
use crate::source::http::Http;
use crate::source::limits::Limits;
use crate::source::supervisor::{Lines, Poll, Pulse};
use crate::source::{Clock, Context};
use crate::view::scene::Scene;

/// Outcomes on their way to the hub.
const OUTCOMES: usize = 256;
/// Commands on their way to the hub.
const COMMANDS: usize = 16;
/// Columns assumed for a panel before it has been drawn once.
const FIRST_WIDTH: u16 = 240;

/// A board that is being polled.
#[derive(Debug)]
pub struct Engine {
    /// The latest scene.
    pub scenes: watch::Receiver<Arc<Scene>>,
    /// What viewers may ask.
    pub commands: mpsc::Sender<Command>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // The engine may be gone already.
            let _gone = stop.send(());
        }
    }
}

/// Starts polling on a thread of its own. The error is a sentence.
pub fn start(board: Board, zone: Zone) -> Result<Engine, String> {
    let clock = Clock::Wall;
    let board = Arc::new(board);
    let hub = Hub::new(Arc::clone(&board), zone, clock);
    let (scene_sender, scenes) = watch::channel(Arc::new(hub.scene_at(clock.now())));
    let (commands, command_receiver) = mpsc::channel(COMMANDS);
    let (stop, stopped) = oneshot::channel::<()>();
    let runtime = runtime()?;
    std::thread::Builder::new()
        .name("andon-engine".to_owned())
        .spawn(move || {
            runtime.block_on(async move {
                let wiring = Wiring::start(&board, clock).await;
                let channels = Channels {
                    outcomes: wiring.outcomes,
                    commands: command_receiver,
                    scenes: scene_sender,
                    refresh_now: wiring.refresh_now,
                    resolutions: wiring.resolutions,
                };
                tokio::select! {
                    () = hub.run(channels) => {}
                    _ = stopped => {}
                }
            });
            // Look-ups and expressions on blocking threads are not waited for.
            runtime.shutdown_background();
        })
        .map_err(|error| format!("no thread for the engine: {error}"))?;
    Ok(Engine { scenes, commands, stop: Some(stop) })
}

/// Polls every query once, or until the time is up, and returns the scene of that moment.
pub fn poll_once(board: Board, zone: Zone, wait: Span) -> Result<Scene, String> {
    let runtime = runtime()?;
    let clock = Clock::Wall;
    let board = Arc::new(board);
    let scene = runtime.block_on(async {
        let mut hub = Hub::new(Arc::clone(&board), zone, clock);
        let mut wiring = Wiring::start(&board, clock).await;
        let heard = async {
            while !hub.has_heard_all() {
                let Some(outcome) = wiring.outcomes.recv().await else { break };
                hub.apply(outcome);
            }
        };
        // Time is up: what has not answered is shown as waiting.
        let _time_is_up = tokio::time::timeout(wait.duration(), heard).await;
        hub.scene_at(clock.now())
    });
    runtime.shutdown_background();
    Ok(scene)
}

fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| format!("no runtime: {error}"))
}

/// The supervisor's tasks, and the hub's ends of their channels.
#[derive(Debug)]
pub struct Wiring {
    /// From the tasks.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// To the tasks.
    pub refresh_now: watch::Sender<u64>,
    /// To each query's source.
    pub resolutions: Vec<watch::Sender<u16>>,
    /// Kept for as long as the tasks run.
    _simulator: Option<Simulator>,
}

impl Wiring {
    /// Spawns one task for each poll of a board on the current runtime.
    pub async fn start(board: &Board, clock: Clock) -> Self {
        let (sender, outcomes) = mpsc::channel(OUTCOMES);
        let refresh_now = watch::Sender::new(0);
        let resolutions: Vec<_> = board.queries.iter().map(|_| watch::Sender::new(FIRST_WIDTH)).collect();
        let simulator =
            if board.sources.iter().any(|source| source.simulated) { Simulator::start().await } else { None };
        let limits = Limits::default();
        for (place, source) in board.sources.iter().enumerate() {
            let lines = Lines {
                outcomes: sender.clone(),
                refresh_now: refresh_now.subscribe(),
                pulse: Arc::new(Pulse::default()),
                clock,
            };
            let source = addressed(source, simulator.as_ref());
            spawn_source(&source, &asks(board, place), &limits, &resolutions, &lines);
        }
        Self { outcomes, refresh_now, resolutions, _simulator: simulator }
    }
}

fn addressed(source: &SourceSpec, simulator: Option<&Simulator>) -> SourceSpec {
    match simulator {
        Some(simulator) if source.simulated => source.readdressed(|text| {
            let at = text.find(SIMULATOR_SCHEME)?;
            let (before, address) = text.split_at(at);
            Some(format!("{before}{}", simulator.address(address)))
        }),
        _ => source.clone(),
    }
}

/// The queries of one source.
fn asks(board: &Board, source: usize) -> Vec<(QueryId, Ask)> {
    let of_source = |(_, query): &(usize, &crate::config::board::QuerySpec)| query.source == source;
    board.queries.iter().enumerate().filter(of_source).map(|(id, query)| (QueryId(id), query.ask.clone())).collect()
}

fn spawn_source(
    source: &SourceSpec,
    asks: &[(QueryId, Ask)],
    limits: &Limits,
    resolutions: &[watch::Sender<u16>],
    lines: &Lines,
) {
    let http = match source.config.url().filter(|_| source.kind.http) {
        None => None,
        Some(url) => match Http::new(url, &source.http, limits) {
            Ok(http) => Some(Arc::new(http)),
            Err(error) => {
                tokio::spawn(report_unusable(asks.to_vec(), error, lines.clone(), source.pace.refresh));
                return;
            }
        },
    };
    let groups: Vec<Vec<(QueryId, Ask)>> = if source.kind.one_request {
        if asks.is_empty() { Vec::new() } else { vec![asks.to_vec()] }
    } else {
        asks.iter().map(|ask| vec![ask.clone()]).collect()
    };
    for (place, asks) in groups.into_iter().enumerate() {
        let resolution = asks.first().and_then(|(id, _)| resolutions.get(id.0)).map(watch::Sender::subscribe);
        let Some(resolution) = resolution else { continue };
        let context = Context { http: http.clone(), resolution, refresh: source.pace.refresh };
        let poll = Poll { asks, place: place as u32 };
        tokio::spawn(source.config.poll(context, poll, source.pace, lines.clone()));
    }
}

/// A source that cannot even be opened (a certificate file that is not there) says so, again and again,
/// so that it does not look like one that is waiting.
async fn report_unusable(asks: Vec<(QueryId, Ask)>, error: FetchError, lines: Lines, refresh: Span) {
    let mut failures = 0;
    loop {
        failures += 1;
        let at = lines.clock.now();
        let next_try = at.plus(refresh);
        for (query, _) in &asks {
            let outcome = Outcome { query: *query, at, answer: Err(error.clone()), failures, next_try };
            if lines.outcomes.send(outcome).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(refresh.duration()).await;
    }
}

/// Every source of a board that cannot be opened, with the reason; no network.
pub fn unusable_sources(board: &Board) -> BTreeMap<String, FetchError> {
    let limits = Limits::default();
    let resolution = watch::Sender::new(FIRST_WIDTH);
    board
        .sources
        .iter()
        .filter(|source| !source.simulated)
        .filter_map(|source| {
            let opened = (|| {
                let http = match source.config.url().filter(|_| source.kind.http) {
                    Some(url) => Some(Arc::new(Http::new(url, &source.http, &limits)?)),
                    None => None,
                };
                source.config.try_open(&Context {
                    http,
                    resolution: resolution.subscribe(),
                    refresh: source.pace.refresh,
                })
            })();
            // A missing secret has a warning of its own.
            let error = opened.err().filter(|error| error.reason != Reason::Auth)?;
            Some((source.name.to_string(), error))
        })
        .collect()
}
