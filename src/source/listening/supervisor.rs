//! Restart, back-off and isolation for every listener alike.

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, sleep};

use super::{Down, Ear, Heard, Listening, Shutdown, Sink, State};
use crate::model::fault::{FetchError, Reason};
use crate::model::isolation::tripwire;
use crate::model::time::Span;
use crate::source::supervisor::isolate;
use crate::source::{Clock, backoff};

/// The pause after the first failure.
const FIRST_PAUSE: Span = Span::seconds(1);
/// The longest pause: nobody else tries to reach whoever should listen.
const LONGEST_PAUSE: Span = Span::seconds(30);
/// How long a listener may take to end.
const END: Duration = Duration::from_secs(1);

/// A listener that is kept running. It is shut down when this is dropped.
#[derive(Debug)]
pub struct Listened {
    /// For the polls of the same source.
    pub ear: Ear,
    _shutdown: watch::Sender<()>,
}

/// Keeps a listener running from now on. It runs on a runtime of its own kind, its supervisor on the current one.
/// `patience` is how long a poll waits for one that has not come up yet.
pub fn start(listening: Listening, runtime: Handle, patience: Span, clock: Clock) -> Listened {
    let (shutdown, ends) = watch::channel(());
    let sink = Sink::default();
    let heard =
        Heard { state: sink.state.subscribe(), written: sink.written.subscribe(), patience: patience.duration() };
    tokio::spawn(Supervisor { listening, runtime, clock, sink, shutdown: Shutdown(ends) }.run());
    Listened { ear: Ear(Some(heard)), _shutdown: shutdown }
}

struct Supervisor {
    listening: Listening,
    runtime: Handle,
    clock: Clock,
    sink: Sink,
    shutdown: Shutdown,
}

impl Supervisor {
    async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            let begin = Instant::now();
            let ended = self.listen().await;
            if self.shutdown.is_begun() {
                return;
            }
            let error = ended.err().unwrap_or_else(|| FetchError::new(Reason::Internal, "the listener has ended"));
            let was_well = *self.sink.state.borrow() == State::Up && begin.elapsed() > LONGEST_PAUSE.duration();
            failures = if was_well { 1 } else { failures.saturating_add(1) };
            let pause = backoff::pause(FIRST_PAUSE, failures, &error, fastrand::f64()).min(LONGEST_PAUSE);
            tracing::warn!(failures, "a listener is down: {error}");
            let next_try = Some(self.clock.now().plus(pause));
            self.sink.state.send_replace(State::Down(Down { error, next_try }));
            tokio::select! {
                () = sleep(pause.duration()) => {}
                () = self.shutdown.begun() => return,
            }
        }
    }

    /// Runs it once, until it ends.
    async fn listen(&self) -> Result<(), FetchError> {
        let (begin, sink, shutdown) = (self.listening.clone(), self.sink.clone(), self.shutdown.clone());
        let task = self.runtime.spawn(isolate(async move {
            tripwire::pass("listener");
            (begin.0)(sink, shutdown).await
        }));
        let _ends_with_this = Ending(task.abort_handle());
        let ended = tokio::select! {
            ended = task => ended,
            () = late(self.shutdown.clone()) => return Ok(()),
        };
        // What it runs on may have ended with the program.
        let ended = ended.unwrap_or_else(|gone| Err(gone.to_string()));
        ended.unwrap_or_else(|what| Err(FetchError::new(Reason::Internal, what)))
    }
}

/// A task that is not left running.
struct Ending(AbortHandle);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until a listener that is to end has had the time for it.
async fn late(mut shutdown: Shutdown) {
    shutdown.begun().await;
    sleep(END).await;
}
