//! Writes what the board has measured or received to engines, by Prometheus remote write.
//!
//! Each engine has a queue of its own and one request under way, so that one that is away delays nobody. What waits is in the
//! history, too: a restart loses none of it.

mod queue;
mod sending;
mod standing;
mod target;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::config::board::RemoteWrite;
use crate::history::{OutgoingKeeper, Unsent};
use crate::model::measured::Measured;
use crate::source::Clock;
use crate::source::limits::Limits;
use crate::source::network::Network;
use writer::{Shared, Writer};

/// Samples wait no longer than this for their request to be full.
const GATHER: Duration = Duration::from_secs(5);

/// The ends of those who write.
#[derive(Debug)]
pub(super) struct Wires {
    /// From the hub.
    pub(super) measured: mpsc::Receiver<Measured>,
    /// From the hub: how many samples did not fit into that.
    pub(super) missed: Arc<AtomicU64>,
    /// From the hub: whom to write to.
    pub(super) targets: watch::Receiver<Arc<[RemoteWrite]>>,
    /// To the hub: what is wrong, in a sentence.
    pub(super) trouble: watch::Sender<Option<String>>,
    /// Where what waits outlives a restart.
    pub(super) keeper: Option<OutgoingKeeper>,
    /// What was not sent when the board ended.
    pub(super) unsent: Unsent,
}

/// Writes until it is dropped; what is gathered then waits in the history.
pub(super) async fn run(mut wires: Wires, network: Network, clock: Clock) {
    // Places of their own: sources that hang keep nothing back.
    let network = Network { limits: Limits::default(), ..network };
    let unsent = std::mem::take(&mut wires.unsent);
    let shared = Shared { network, clock, keeper: wires.keeper.clone() };
    wires.targets.mark_changed();
    let mut running = Running { wires, shared, unsent, writers: Vec::new() };
    let mut beats = interval_at(Instant::now() + GATHER, GATHER);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            // Who is written to is known before anything is gathered for them.
            biased;
            changed = running.wires.targets.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                running.change_targets();
                running.say();
            }
            _ = beats.tick(), if !running.writers.is_empty() => {
                running.writers.iter_mut().for_each(Writer::beat);
                running.say();
            }
            Some(measured) = running.wires.measured.recv() => running.take(&measured),
        }
    }
}

/// Those who write, and what they share.
struct Running {
    wires: Wires,
    shared: Shared,
    unsent: Unsent,
    writers: Vec<Writer>,
}

impl Drop for Running {
    /// What was handed over before the end is written, too.
    fn drop(&mut self) {
        while let Ok(measured) = self.wires.measured.try_recv() {
            self.take(&measured);
        }
    }
}

impl Running {
    fn take(&mut self, measured: &Measured) {
        self.writers.iter_mut().for_each(|one| one.take(measured));
    }

    /// One with another token goes on with what waits and with what is known.
    fn change_targets(&mut self) {
        let targets = Arc::clone(&self.wires.targets.borrow_and_update());
        let mut before: Vec<Writer> = std::mem::take(&mut self.writers);
        for target in targets.iter() {
            let same = before.iter().position(|one| one.target().url == target.url);
            self.writers.push(match same.map(|at| before.swap_remove(at)) {
                Some(same) if same.target() == target => same,
                Some(other) => other.with(target.clone(), &self.shared),
                None => Writer::start(target.clone(), &self.shared, &mut self.unsent),
            });
        }
        before.into_iter().for_each(Writer::give_up);
    }

    /// Says all troubles in one sentence.
    fn say(&mut self) {
        let missed = self.wires.missed.load(Ordering::Relaxed);
        let said: Vec<String> = self.writers.iter_mut().filter_map(|one| one.trouble(missed)).collect();
        let why = (!said.is_empty()).then(|| said.join(" · "));
        self.wires.trouble.send_if_modified(|told| {
            let differs = *told != why;
            *told = why;
            differs
        });
    }
}

#[cfg(test)]
mod cases;
