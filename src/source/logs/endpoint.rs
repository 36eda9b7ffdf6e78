//! The listener of logs: reads what has come, again and again.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep_until};

use super::collected::{Collected, Piece, Read};
use super::keys::Config;
use super::stream::{Chunk, streams};
use crate::model::fault::{FetchError, Reason};
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
    async fn read(&self, pieces: Vec<Piece>) -> Result<Read, FetchError> {
        let collected = Arc::clone(&self.collected);
        self.worker.run(Instant::now() + self.timeout, move || collected.read(&pieces, now())).await?
    }
}

impl Listener for Endpoint {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        self.collected.prepare(&self.config, now());
        let (chunks, mut waiting) = mpsc::channel::<Chunk>(CHUNKS);
        let mut running = JoinSet::new();
        let mut splits = streams(&self.config, &chunks, &mut running);
        drop(chunks);
        let (mut next, mut pieces): (Instant, Vec<Piece>) = (Instant::now(), Vec::new());
        let mut called = None;
        loop {
            tokio::select! {
                () = shutdown.begun() => return Ok(()),
                Some(ended) = running.join_next() => {
                    let ended = ended.unwrap_or_else(|gone| Some(FetchError::new(Reason::Internal, gone.to_string())));
                    if let Some(error) = ended {
                        // What it has said before it ended is not lost.
                        pieces.extend(std::iter::from_fn(|| waiting.try_recv().ok()).filter_map(|one| splits.take(&one, now())));
                        pieces.extend(splits.end());
                        let _readable = self.read(pieces).await;
                        sink.written();
                        return Err(error);
                    }
                }
                Some(chunk) = waiting.recv() => {
                    pieces.extend(splits.take(&chunk, now()));
                    // Line by line would cost a step on a worker each.
                    next = next.min(Instant::now() + WAITING);
                    if pieces.len() < CHUNKS {
                        continue;
                    }
                }
                () = sleep_until(next) => pieces.extend(splits.rest(now())),
            }
            let read = self.read(std::mem::take(&mut pieces)).await;
            match &read {
                Ok(_) => sink.set_up(),
                Err(error) => sink.set_down(error.clone()),
            }
            let read = read.unwrap_or_default();
            next = Instant::now() + if read.is_waiting { WAITING } else { LOOK };
            if read.is_new && called.is_none_or(|at: Instant| at.elapsed() >= CALLS) {
                called = Some(Instant::now());
                sink.written();
            }
        }
    }
}
