//! Writes what the board has measured or received to engines, by Prometheus remote write.
//!
//! Each engine has a queue of its own and one request under way, so that one that is away delays nobody. What waits is in the
//! history, too: a restart loses none of it.

mod queue;
mod sending;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::board::RemoteWrite;
use crate::export::remote_write::gathering::Gathering;
use crate::export::remote_write::message::encoded;
use crate::history::{Outgoing, OutgoingKeeper};
use crate::model::measured::Measured;
use crate::source::Clock;
use crate::source::limits::Limits;
use crate::source::network::Network;
use queue::Queue;
use standing::Losses;

/// Samples wait no longer than this for their request to be full.
const GATHER: Duration = Duration::from_secs(5);

/// The ends of those who write.
#[derive(Debug)]
pub(super) struct Wires {
    /// From the hub.
    pub(super) measured: mpsc::Receiver<Measured>,
    /// From the hub: whom to write to.
    pub(super) targets: watch::Receiver<Arc<[RemoteWrite]>>,
    /// To the hub: what is wrong, in a sentence.
    pub(super) trouble: watch::Sender<Option<String>>,
    /// Where what waits outlives a restart.
    pub(super) keeper: Option<OutgoingKeeper>,
    /// What waited when the board ended, oldest first.
    pub(super) waiting: Vec<Outgoing>,
}

/// Writes until it is dropped; what is gathered then waits in the history.
pub(super) async fn run(mut wires: Wires, network: Network, clock: Clock) {
    // Places of their own: sources that hang keep nothing back.
    let network = Network { limits: Limits::default(), ..network };
    let mut writers: Vec<Writer> = Vec::new();
    let mut waiting = std::mem::take(&mut wires.waiting);
    let mut beats = interval(GATHER);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    wires.targets.mark_changed();
    loop {
        tokio::select! {
            // Who is written to is known before anything is gathered for them.
            biased;
            changed = wires.targets.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                let targets = Arc::clone(&wires.targets.borrow_and_update());
                // One with another token goes on with what waits.
                for gone in writers.extract_if(.., |writer| !targets.contains(&writer.target)) {
                    waiting.extend(gone.end());
                }
                waiting.retain(|one| !one.is_too_old(clock.now()));
                for target in targets.iter() {
                    if !writers.iter().any(|one| one.target == *target) {
                        writers.push(Writer::start(target.clone(), &wires, &mut waiting, (&network, &clock)));
                    }
                }
                say(&mut writers, &wires.trouble);
            }
            _ = beats.tick(), if !writers.is_empty() => {
                writers.iter_mut().for_each(Writer::beat);
                say(&mut writers, &wires.trouble);
            }
            Some(measured) = wires.measured.recv() => writers.iter_mut().for_each(|one| one.take(&measured)),
        }
    }
}

/// Says all troubles in one sentence.
fn say(writers: &mut [Writer], trouble: &watch::Sender<Option<String>>) {
    let said: Vec<String> = writers.iter_mut().filter_map(Writer::trouble).collect();
    let why = (!said.is_empty()).then(|| said.join(" · "));
    trouble.send_if_modified(|told| {
        let differs = *told != why;
        *told = why;
        differs
    });
}

/// One engine.
struct Writer {
    target: RemoteWrite,
    gathering: Gathering,
    losses: Losses,
    queue: Arc<Queue>,
    clock: Clock,
    task: JoinHandle<()>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.put_all();
        self.task.abort();
    }
}

impl Writer {
    /// Goes on with what waited for this engine.
    fn start(
        target: RemoteWrite,
        wires: &Wires,
        waiting: &mut Vec<Outgoing>,
        (network, clock): (&Network, &Clock),
    ) -> Self {
        let address: Arc<str> = target.url.as_str().into();
        let own: Vec<Outgoing> = waiting.extract_if(.., |one| one.target == address).collect();
        let queue = Arc::new(Queue::new(address, own, wires.keeper.clone()));
        let task = tokio::spawn(sending::run(Arc::clone(&queue), target.clone(), network.clone(), clock.clone()));
        Self {
            gathering: Gathering::new(labels(&target)),
            losses: Losses::default(),
            target,
            queue,
            clock: clock.clone(),
            task,
        }
    }

    fn take(&mut self, measured: &Measured) {
        self.gathering.take(measured);
        while self.gathering.is_full() {
            self.put();
        }
    }

    fn beat(&mut self) {
        self.gathering.end_stale(self.clock.now());
        self.put_all();
    }

    fn put_all(&mut self) {
        while self.put() {}
    }

    /// Makes one request of what is gathered; false where nothing is.
    fn put(&mut self) -> bool {
        let Some(samples) = self.gathering.request() else { return false };
        match encoded(&samples) {
            Ok(body) => self.queue.put(samples.len(), body.into(), self.clock.now()),
            // Snappy takes up to 4 GiB.
            Err(error) => tracing::error!("a request of {} samples cannot be made: {error}", samples.len()),
        }
        true
    }

    /// Ends it; what waits is for whoever comes after it.
    fn end(mut self) -> Vec<Outgoing> {
        self.put_all();
        self.task.abort();
        self.queue.take_all()
    }

    /// What is wrong, in a sentence.
    fn trouble(&mut self) -> Option<String> {
        let said = self.losses.said(&self.queue.standing(), self.gathering.left_out(), self.clock.now());
        said.map(|said| format!("{}: {said}", self.queue.place()))
    }
}

/// What tells this board from others that write to the same engine.
fn labels(target: &RemoteWrite) -> BTreeMap<String, String> {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut all = BTreeMap::from([("job".to_owned(), "andon".to_owned()), ("instance".to_owned(), machine)]);
    all.extend(target.labels.clone());
    all
}

#[cfg(test)]
mod cases;
