//! The listener of logs: reads what has come, again and again.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep_until};

use super::collected::{Collected, Read};
use super::keys::Config;
use super::stream::{Chunk, streams};
use crate::model::fault::FetchError;
use crate::model::time::now;
use crate::source::listening::{ListenContext, Listener, Shutdown, Sink};
use crate::source::offload::Worker;

/// Between two looks at files, while nothing comes; and while lines wait for what belongs to them.
const LOOK: Duration = Duration::from_millis(250);
const WAITING: Duration = Duration::from_millis(100);
/// Most often polls are told that there is something new, so that a flood of lines costs no more than that.
const CALLS: Duration = Duration::from_millis(250);
/// Chunks of streams that wait to be read; while there are so many the program that writes them waits.
const CHUNKS: usize = 16;

/// Reads the logs of one source.
pub(super) struct Endpoint {
    config: Arc<Config>,
    collected: Arc<Collected>,
    worker: Worker,
    timeout: Duration,
}

impl Endpoint {
    pub(super) fn new(config: Arc<Config>, context: &ListenContext) -> Self {
        let timeout = context.pace.timeout.duration();
        Self { config, collected: context.shared.get(), worker: context.worker.clone(), timeout }
    }

    /// Reads files, and takes in what has come of streams, where it holds up nobody.
    async fn read(&self) -> Result<Read, FetchError> {
        let (collected, config) = (Arc::clone(&self.collected), Arc::clone(&self.config));
        self.worker.run(Instant::now() + self.timeout, move || collected.read(&config, now())).await?
    }
}

impl Listener for Endpoint {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        let (chunks, mut waiting) = mpsc::channel::<Chunk>(CHUNKS);
        let mut running = JoinSet::new();
        let mut splits = streams(&self.config, &chunks, &mut running);
        let (mut next, mut called) = (Instant::now(), None::<Instant>);
        let (mut is_new, mut down) = (false, None::<FetchError>);
        loop {
            tokio::select! {
                () = shutdown.begun() => return Ok(()),
                Some(chunk) = waiting.recv(), if self.collected.has_room() => {
                    self.collected.take(splits.take(&chunk, now()));
                    // Line by line would cost a step on a worker each.
                    next = next.min(Instant::now() + WAITING);
                    continue;
                }
                () = sleep_until(next) => self.collected.take(splits.rest(now())),
            }
            self.collected.streams_are((splits.count(), splits.ended.first()));
            let read = self.read().await;
            match read.as_ref().err() {
                None => sink.set_up(),
                // Once: polls look each time.
                Some(error) if down.as_ref() != Some(error) => sink.set_down(error.clone()),
                Some(_) => {}
            }
            down = read.as_ref().err().cloned();
            let read = read.unwrap_or_default();
            is_new |= read.is_new;
            next = Instant::now() + if read.is_waiting { WAITING } else { LOOK };
            if is_new && called.is_none_or(|at| at.elapsed() >= CALLS) {
                (called, is_new) = (Some(Instant::now()), false);
                sink.written();
            }
        }
    }
}
