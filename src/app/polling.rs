//! The supervisor's tasks of a board, and what a change of the board does to them.
//!
//! A task belongs to a source as it is written and to the queries it asks. What another board has too
//! goes on undisturbed; the rest ends or begins.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::Board;
use crate::config::board::{SIMULATOR_SCHEME, SourceSpec};
use crate::model::fault::FetchError;
use crate::model::poll::{Ask, Outcome, QueryId};
use crate::model::time::Span;
use crate::simulator::Simulator;
use crate::source::http::{Http, parse_url};
use crate::source::listening::{ListenContext, Listened, ListenerThread, Sockets, start};
use crate::source::network::Network;
use crate::source::offload::Worker;
use crate::source::shared::Shared;
use crate::source::supervisor::{Poll, PollChannels, Pulse};
use crate::source::tls::TlsOptions;
use crate::source::{Clock, Context, Resolution, Widths};

/// What every task is given.
#[derive(Debug)]
pub struct Wires {
    /// Where outcomes go.
    pub outcomes: mpsc::Sender<Outcome>,
    /// Counts up for "ask now".
    pub refresh_now: watch::Receiver<u64>,
    /// How many points each query is wanted in.
    pub widths: watch::Receiver<Widths>,
    /// The clock of the stamps.
    pub clock: Clock,
    /// What connections share.
    pub network: Network,
}

/// All tasks that poll. They end when this is dropped.
#[derive(Debug)]
pub struct Polling {
    wires: Wires,
    simulator: Option<Simulator>,
    listeners: ListenerThread,
    sources: HashMap<u64, Running>,
}

/// A source with its tasks, each by what it asks.
#[derive(Debug)]
struct Running {
    client: Client,
    pulse: Arc<Pulse>,
    worker: Worker,
    shared: Shared,
    listener: Option<Listened>,
    tasks: HashMap<Vec<(QueryId, Ask)>, Task>,
}

/// The client of a source, if it speaks HTTP; made by the first of its polls that can.
type Client = Arc<OnceLock<Option<Arc<Http>>>>;

/// A task that ends when it is dropped.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Polling {
    /// Polls nothing yet.
    pub fn new(wires: Wires) -> Self {
        Self { wires, simulator: None, listeners: ListenerThread::default(), sources: HashMap::new() }
    }

    /// Polls a board from now on, on the current runtime.
    pub async fn poll(&mut self, board: &Board) {
        let simulated = board.sources.iter().any(|source| source.simulated);
        if simulated && self.simulator.is_none() {
            let clock = self.wires.clock.clone();
            self.simulator = Simulator::start(move || clock.now()).await;
        }
        let wanted: HashSet<u64> = board.sources.iter().map(|source| source.fingerprint).collect();
        self.sources.retain(|fingerprint, _| wanted.contains(fingerprint));
        // Those that begin together begin one after the other, whatever source they are of.
        let mut begun = 0;
        for (index, source) in board.sources.iter().enumerate() {
            let groups = groups(board, index, source.kind.one_request);
            begun += self.source(source, groups, begun);
        }
        if !simulated {
            self.simulator = None;
        }
    }

    /// The client of a source that is polled, if it speaks HTTP.
    pub fn client(&self, source: &SourceSpec) -> Option<Arc<Http>> {
        self.sources.get(&source.fingerprint)?.client.get()?.clone()
    }

    /// Polls a source from now on; `begun` others begin at the same time. Returns how many it adds.
    fn source(&mut self, spec: &SourceSpec, groups: Vec<Vec<(QueryId, Ask)>>, begun: u32) -> u32 {
        let spec = addressed(spec, self.simulator.as_ref());
        let wires = &self.wires;
        let (listeners, simulator) = (&self.listeners, self.simulator.as_ref());
        let running =
            self.sources.entry(spec.fingerprint).or_insert_with(|| Running::new(&spec, wires, listeners, simulator));
        let keys: HashSet<Vec<(QueryId, Ask)>> = groups.iter().map(|group| key(group)).collect();
        running.tasks.retain(|queries, _| keys.contains(queries));
        let new = groups.into_iter().filter(|group| !running.tasks.contains_key(&key(group))).collect::<Vec<_>>();
        let added = new.len() as u32;
        for (index, asks) in (begun..).zip(new) {
            let key = key(&asks);
            let Some((first, _)) = key.first() else { continue };
            let begin = Begin {
                spec: spec.clone(),
                client: Arc::clone(&running.client),
                poll: Poll { asks, index },
                resolution: Resolution::new(*first, wires.widths.clone()),
                shared: running.shared.clone(),
                network: wires.network.clone(),
                channels: PollChannels {
                    outcomes: wires.outcomes.clone(),
                    refresh_now: wires.refresh_now.clone(),
                    pulse: Arc::clone(&running.pulse),
                    worker: running.worker.clone(),
                    clock: wires.clock.clone(),
                    ear: running.listener.as_ref().map(|listener| listener.ear.clone()).unwrap_or_default(),
                },
            };
            running.tasks.insert(key, Task(tokio::spawn(begin.poll())));
        }
        added
    }
}

impl Running {
    /// Of a source that nothing is asked of yet; what listens for it listens from now on.
    fn new(spec: &SourceSpec, wires: &Wires, listeners: &ListenerThread, simulator: Option<&Simulator>) -> Self {
        let shared = Shared::default();
        Self {
            client: Client::default(),
            pulse: Arc::default(),
            worker: Worker::new(&wires.network.limits),
            listener: listener(spec, &shared, wires, listeners, simulator),
            shared,
            tasks: HashMap::new(),
        }
    }
}

/// What listens for a source, whether or not a panel shows it.
fn listener(
    spec: &SourceSpec,
    shared: &Shared,
    wires: &Wires,
    listeners: &ListenerThread,
    simulator: Option<&Simulator>,
) -> Option<Listened> {
    let sockets = simulator.filter(|_| spec.simulated).and_then(|simulator| simulator.sockets(spec.kind.word));
    let context = ListenContext {
        pace: spec.pace,
        answer_filter: spec.answer_filter.clone(),
        worker: Worker::new(&wires.network.limits),
        shared: shared.clone(),
        sockets: sockets.map_or_else(Sockets::default, |(udp, tcp)| Sockets { udp, tcp: Some(tcp) }),
    };
    let listening = spec.config.listener(&context)?;
    Some(start(listening, listeners.handle(), spec.pace.timeout, wires.clock.clone()))
}

/// Everything that a task begins with.
struct Begin {
    spec: SourceSpec,
    client: Client,
    poll: Poll,
    resolution: Resolution,
    shared: Shared,
    network: Network,
    channels: PollChannels,
}

impl Begin {
    /// Polls with the source's client. Where there is none (a certificate file that is not there) it says so,
    /// again and again, so that it does not look like one that is waiting, and tries again each time.
    async fn poll(self) {
        let mut failures = 0;
        let http = loop {
            let error = match self.made().await {
                Ok(http) => break http,
                Err(error) => error,
            };
            failures += 1;
            if !self.send_error(&error, failures).await {
                return;
            }
            tokio::time::sleep(self.spec.pace.refresh.duration()).await;
        };
        let context = Context {
            http,
            network: self.network,
            resolution: self.resolution,
            pace: self.spec.pace,
            answer_filter: self.spec.answer_filter,
            name: self.spec.name,
            shared: self.shared,
        };
        self.spec.config.poll(context, self.poll, self.spec.pace, self.channels).await;
    }

    /// The client that all polls of the source share. Certificates are read on a worker thread, its own and
    /// the system's: there are hundreds, and their disk may not answer.
    async fn made(&self) -> Result<Option<Arc<Http>>, FetchError> {
        if let Some(made) = self.client.get() {
            return Ok(made.clone());
        }
        let (spec, network, shared) = (self.spec.clone(), self.network.clone(), Arc::clone(&self.client));
        let on_a_worker = is_https(&spec);
        let make = move || match shared.get() {
            // Another poll was first.
            Some(made) => Ok(made.clone()),
            None => client(&spec, &network).map(|made| shared.get_or_init(|| made).clone()),
        };
        if on_a_worker {
            let deadline = Instant::now() + self.spec.pace.timeout.duration();
            self.channels.worker.run(deadline, make).await?
        } else {
            make()
        }
    }

    /// One failed poll for each query; false when nobody listens.
    async fn send_error(&self, error: &FetchError, failures: u32) -> bool {
        let at = self.channels.clock.now();
        let next_try = at.plus(self.spec.pace.refresh);
        for (query, _) in &self.poll.asks {
            let outcome = Outcome {
                query: *query,
                at,
                answer: Err(error.clone()),
                failures,
                next_try,
                budget: None,
                age: Span(0),
                clock_skew: None,
                listener_error: None,
            };
            if self.channels.outcomes.send(outcome).await.is_err() {
                return false;
            }
        }
        true
    }
}

/// Whether a client for it needs certificates.
fn is_https(source: &SourceSpec) -> bool {
    let url = source.config.url().and_then(|url| parse_url(url).ok());
    source.kind.http && url.is_some_and(|url| url.scheme() == "https")
}

/// The queries of one source, as they are asked: all in one request, or each in its own.
fn groups(board: &Board, source: usize, one_request: bool) -> Vec<Vec<(QueryId, Ask)>> {
    let of_source = board.queries.iter().filter(|query| query.source == source);
    let asks: Vec<(QueryId, Ask)> = of_source.map(|query| (query.id, query.ask.clone())).collect();
    match (asks.is_empty(), one_request) {
        (true, _) => Vec::new(),
        (false, true) => vec![asks],
        (false, false) => asks.into_iter().map(|ask| vec![ask]).collect(),
    }
}

/// What tells one task of a source from another, in whatever order its panels stand.
fn key(group: &[(QueryId, Ask)]) -> Vec<(QueryId, Ask)> {
    let mut asks = group.to_vec();
    asks.sort_unstable_by_key(|(query, _)| *query);
    asks
}

fn client(source: &SourceSpec, network: &Network) -> Result<Option<Arc<Http>>, FetchError> {
    match source.config.url().filter(|_| source.kind.http) {
        None => Ok(None),
        Some(url) => {
            let http = Http::new(url, &source.http, network, source.pace.timeout)?;
            let http = if source.kind.serial { http.one_at_a_time(&parse_url(url)?) } else { http };
            Ok(Some(Arc::new(http)))
        }
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

/// Every source of a board that names files which this machine cannot use, with the reason; no network.
pub fn unusable_sources(board: &Board) -> BTreeMap<String, FetchError> {
    let network = Network::default();
    let error = |source: &SourceSpec| {
        let own_files = source.config.tls().map_or(Ok(()), TlsOptions::check_files);
        client(source, &network).err().or(own_files.err())
    };
    let real = board.sources.iter().filter(|source| !source.simulated);
    real.filter_map(|source| Some((source.name.to_string(), error(source)?))).collect()
}
