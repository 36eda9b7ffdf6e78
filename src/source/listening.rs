//! What is sent to us, in addition to what we ask for.
//!
//! A [`Listener`] takes what others send, each datum with its own time, and hands it to its [`Sink`]. It never
//! retries, batches or judges: its supervisor starts it again with back-off, gathers what comes for a tenth of a
//! second, and counts what is more than there is room for. A source may be polled, listen, or do both: then what
//! comes is written where its polls read, and they are told with each batch.

mod batch;
mod supervisor;
mod thread;

use std::future::{Future, pending};
use std::net::{TcpListener, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Duration, timeout};

use super::answer_filter::AnswerFilter;
use super::offload::Worker;
use super::pace::Pace;
use super::shared::Shared;
use crate::model::fault::{FetchError, Reason};
use crate::model::labels::Labels;
use crate::model::series::Point;
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
pub use supervisor::{Listened, start};
pub use thread::ListenerThread;

/// Samples that wait to be taken in; more are dropped, and counted.
const WAITING: usize = 10_000;

/// Somebody who listens.
pub trait Listener: Send + Sized + 'static {
    /// Takes what is sent until it is shut down (`Ok`), or cannot listen any more, and why. It says to the sink when
    /// it is up, and hands over what comes. It may look around while it listens; what may block it does on a worker.
    fn listen(self, sink: Sink, shutdown: Shutdown) -> impl Future<Output = Result<(), FetchError>> + Send;
}

/// What a listener gets when it is made.
#[derive(Debug, Clone)]
pub struct ListenContext {
    /// How often the source is polled, or a sign of life of its listener is wanted; how long a step may take.
    pub pace: Pace,
    /// What is done to what comes.
    pub answer_filter: AnswerFilter,
    /// Where it does what may block.
    pub worker: Worker,
    /// What the polls of the source see as well.
    pub shared: Shared,
    /// Sockets that are open already; it takes them instead of its address.
    pub sockets: Sockets,
}

/// Sockets that are open already.
#[derive(Debug, Clone, Default)]
pub struct Sockets {
    /// For UDP.
    pub udp: Option<Arc<UdpSocket>>,
    /// For TCP.
    pub tcp: Option<Arc<TcpListener>>,
}

type Begun = Pin<Box<dyn Future<Output = Result<(), FetchError>> + Send>>;

/// A listener that can be started again and again.
#[derive(Clone)]
pub struct Listening(Arc<dyn Fn(Sink, Shutdown) -> Begun + Send + Sync>);

impl std::fmt::Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listening")
    }
}

impl Listening {
    /// The listener; a new one is made for each start.
    pub fn new<L: Listener>(make: impl Fn() -> L + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |sink, shutdown| Box::pin(make().listen(sink, shutdown))))
    }
}

/// Tells a listener that it is to end.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<()>);

impl Shutdown {
    /// Waits until it is to end.
    pub async fn begun(&mut self) {
        while self.0.changed().await.is_ok() {}
    }

    fn is_begun(&self) -> bool {
        self.0.has_changed().is_err()
    }
}

/// One measurement that somebody has sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What it is a measurement of.
    pub labels: Labels,
    /// Its value, and the moment that it is of.
    pub point: Point,
}

/// Where a listener hands over what comes. Never waits: what there is no room for is dropped, and counted.
#[derive(Debug, Clone)]
pub struct Sink {
    samples: mpsc::Sender<Sample>,
    state: Arc<watch::Sender<State>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    dropped: AtomicU64,
    /// Something was written where the polls of the source read.
    written: Notify,
}

impl Sink {
    /// It listens: what is sent reaches it from now on.
    pub fn set_up(&self) {
        self.state.send_if_modified(|state| std::mem::replace(state, State::Up) != State::Up);
    }

    /// For now nothing reaches it, and why; it goes on by itself.
    pub fn set_down(&self, error: FetchError) {
        self.state.send_replace(State::Down(Down { error, next_try: None }));
    }

    /// Hands a sample over; false when it is dropped.
    pub fn send(&self, sample: Sample) -> bool {
        let is_taken = self.samples.try_send(sample).is_ok();
        if !is_taken {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
        is_taken
    }

    /// What came was written where the polls of the source read: they look with the next batch.
    pub fn written(&self) {
        self.counts.written.notify_one();
    }
}

/// How it goes with a listener.
#[derive(Debug, Clone, PartialEq, Default)]
enum State {
    /// It has been started, and has not said yet that it is up.
    #[default]
    Starting,
    Up,
    Down(Down),
}

/// Why nobody listens.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Down {
    /// Why not.
    pub error: FetchError,
    /// When it is started again.
    pub next_try: Option<Timestamp>,
}

impl Down {
    /// The answer of a poll, with what is missing in it.
    pub(super) fn said_of(&self, answer: Telemetry) -> Telemetry {
        with_caveat(answer, &self.error.detail)
    }
}

/// An answer with one more caveat, before those that it has: a part of it is missing.
fn with_caveat(answer: Telemetry, text: &SafeText) -> Telemetry {
    let (answer, other) = answer.split();
    let text = other.map_or_else(|| text.clone(), |other| SafeText::new(&format!("{text}; {}", other.text)));
    answer.with_caveat(text, true)
}

/// What the polls of a source know of its listener. A source without one has an ear that hears nothing.
#[derive(Debug, Clone, Default)]
pub struct Ear(Option<Heard>);

#[derive(Debug, Clone)]
struct Heard {
    state: watch::Receiver<State>,
    /// Counts the batches that were written where the polls read.
    batches: watch::Receiver<u64>,
    /// How long a poll waits for a listener that has not said yet whether it is up.
    patience: Duration,
}

impl Ear {
    /// A poll begins: it reads all that was written until now.
    pub(super) fn begins(&mut self) {
        if let Some(heard) = &mut self.0 {
            heard.batches.mark_unchanged();
        }
    }

    /// Waits until there is something to read, or the listener goes up or down.
    pub(super) async fn calls(&mut self) {
        let Some(heard) = &mut self.0 else { return pending().await };
        let called = tokio::select! {
            called = heard.state.changed() => called,
            called = heard.batches.changed() => called,
        };
        // The listener has been shut down: it calls no more.
        if called.is_err() {
            pending::<()>().await;
        }
    }

    /// Why nobody listens, where somebody should.
    pub(super) async fn down(&mut self) -> Option<Down> {
        let heard = self.0.as_mut()?;
        let _settled = timeout(heard.patience, heard.state.wait_for(|state| *state != State::Starting)).await.is_ok();
        let state = heard.state.borrow_and_update().clone();
        match state {
            State::Up => None,
            State::Down(down) => Some(down),
            State::Starting => {
                let error = FetchError::new(Reason::Listen, "the listener of this source takes long to come up");
                Some(Down { error, next_try: None })
            }
        }
    }
}

#[cfg(test)]
mod tests;
