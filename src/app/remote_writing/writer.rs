//! One engine: what is gathered for it, what waits for it, and the task that sends it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::queue::Queue;
use super::standing::Losses;
use super::{sending, target};
use crate::config::board::RemoteWrite;
use crate::export::remote_write::gathering::{Gathering, LeftOut};
use crate::export::remote_write::message::encoded;
use crate::history::outgoing::KEPT;
use crate::history::{Outgoing, OutgoingKeeper, Unsent};
use crate::model::measured::Measured;
use crate::source::Clock;
use crate::source::http::origin;
use crate::source::network::Network;

/// What those who write share.
pub(super) struct Shared {
    pub(super) network: Network,
    pub(super) clock: Clock,
    pub(super) keeper: Option<OutgoingKeeper>,
}

/// One engine.
pub(super) struct Writer {
    target: RemoteWrite,
    gathering: Gathering,
    losses: Losses,
    queue: Arc<Queue>,
    clock: Clock,
    keeper: Option<OutgoingKeeper>,
    task: JoinHandle<()>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.put_all();
        self.task.abort();
    }
}

impl Writer {
    /// Goes on with what waited for this engine. What is of before the board is not written, but for what came since the last
    /// sample that was handed over.
    pub(super) fn start(target: RemoteWrite, shared: &Shared, unsent: &mut Unsent) -> Self {
        let (name, now) = (target::name(&target.url), shared.clock.now());
        let waiting: Vec<Outgoing> = unsent.waiting.extract_if(.., |one| one.target == name).collect();
        let newest = unsent.newest.remove(&*name).unwrap_or(now);
        let known_until = newest.max(now.minus(KEPT));
        let queue = Arc::new(Queue::new(name, origin(&target.url), waiting, shared.keeper.clone()));
        let gathering = Gathering::new(labels(&target), known_until);
        Self {
            task: task(&queue, &target, shared),
            gathering,
            losses: Losses::default(),
            target,
            queue,
            clock: shared.clock.clone(),
            keeper: shared.keeper.clone(),
        }
    }

    /// The same engine with another token, other labels, another authority.
    pub(super) fn with(mut self, target: RemoteWrite, shared: &Shared) -> Self {
        let gathering = std::mem::take(&mut self.gathering);
        self.gathering = gathering.relabelled(labels(&target), self.clock.now());
        self.task.abort();
        self.task = task(&self.queue, &target, shared);
        self.target = target;
        self
    }

    pub(super) const fn target(&self) -> &RemoteWrite {
        &self.target
    }

    /// Nobody writes to this engine any more: what waits is forgotten.
    pub(super) fn give_up(self) {
        self.task.abort();
        self.queue.forget_all();
    }

    /// Gathers what is measured; not while another andon writes the same.
    pub(super) fn take(&mut self, measured: &Measured) {
        let now = self.clock.now();
        if self.keeper.as_ref().is_some_and(OutgoingKeeper::is_taken) {
            self.gathering.leave_out(now);
            return;
        }
        self.gathering.take(measured, now);
        while self.gathering.is_full() {
            self.put();
        }
    }

    pub(super) fn beat(&mut self) {
        self.gathering.end_stale(self.clock.now());
        self.put_all();
    }

    fn put_all(&mut self) {
        while self.put() {}
    }

    /// Makes one request of what is gathered; false where nothing is.
    fn put(&mut self) -> bool {
        let Some(samples) = self.gathering.request() else { return false };
        let newest = samples.iter().map(|one| one.at).max().unwrap_or_default();
        match encoded(&samples) {
            Ok(body) => self.queue.put((samples.len(), newest), body.into(), self.clock.now()),
            // Snappy takes up to 4 GiB.
            Err(error) => tracing::error!("a request of {} samples cannot be made: {error}", samples.len()),
        }
        true
    }

    /// What is wrong, in a sentence. `missed` is how many samples did not get here.
    pub(super) fn trouble(&mut self, missed: u64) -> Option<String> {
        let left_out = LeftOut { missed, ..self.gathering.left_out() };
        let said = self.losses.said(&self.queue.standing(), left_out, self.clock.now());
        said.map(|said| format!("{}: {said}", self.queue.place()))
    }
}

fn task(queue: &Arc<Queue>, target: &RemoteWrite, shared: &Shared) -> JoinHandle<()> {
    tokio::spawn(sending::run(Arc::clone(queue), target.clone(), shared.network.clone(), shared.clock.clone()))
}

/// What tells this board from others that write to the same engine.
fn labels(target: &RemoteWrite) -> BTreeMap<String, String> {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut all = BTreeMap::from([("job".to_owned(), "andon".to_owned()), ("instance".to_owned(), machine)]);
    all.extend(target.labels.clone());
    all
}
