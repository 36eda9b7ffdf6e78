//! What is sent to us, in addition to what we ask for.
//!
//! A [`Listener`] keeps what others send where the polls of its source read it: in [`Shared`], or in a file. It tells its
//! [`Sink`] when it has written there, and when nothing reaches it; the polls learn both by their [`Ear`]. It never
//! restarts itself: its supervisor does, with back-off.

mod supervisor;
mod thread;

use std::future::{Future, pending};
use std::net::{TcpListener, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::sync::watch::error::RecvError;
use tokio::time::{Duration, sleep, timeout};

use super::answer_filter::AnswerFilter;
use super::offload::Worker;
use super::pace::Pace;
use super::shared::Shared;
use crate::model::fault::{FetchError, Reason};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
pub use supervisor::{Listened, start};
pub use thread::ListenerThread;

/// How long a poll that is called waits for more, so that a burst is few calls.
const GATHER: Duration = Duration::from_millis(100);

/// Somebody who listens.
pub trait Listener: Send + Sized + 'static {
    /// Takes what is sent until it is shut down (`Ok`), or cannot listen any more, and why. It says to the sink when
    /// it is up, and when it has written. It may look around while it listens; what may block it does on a worker.
    fn listen(self, sink: Sink, shutdown: Shutdown) -> impl Future<Output = Result<(), FetchError>> + Send;
}

/// What a listener gets when it is made.
#[derive(Debug, Clone)]
pub struct ListenContext {
    /// How often the source is polled, and how long a step may take.
    pub pace: Pace,
    /// What is done to what comes.
    pub answer_filter: AnswerFilter,
    /// Where it does what may block.
    pub worker: Worker,
    /// Where it keeps what comes for the polls of the source.
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

/// Where a listener tells how it goes. Never waits.
#[derive(Debug, Clone, Default)]
pub struct Sink {
    state: watch::Sender<State>,
    written: watch::Sender<()>,
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

    /// What came was written where the polls of the source read: they look soon.
    pub fn written(&self) {
        self.written.send_replace(());
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
    /// The answer of a poll, with one more caveat before those that it has: a part of it is missing.
    pub(super) fn said_of(&self, answer: Telemetry) -> Telemetry {
        let (text, (answer, other)) = (&self.error.detail, answer.split());
        let text = other.map_or_else(|| text.clone(), |other| SafeText::new(&format!("{text}; {}", other.text)));
        answer.with_caveat(text, true)
    }
}

/// What the polls of a source know of its listener. A source without one has an ear that hears nothing.
#[derive(Debug, Clone, Default)]
pub struct Ear(Option<Heard>);

#[derive(Debug, Clone)]
struct Heard {
    state: watch::Receiver<State>,
    /// Changes when something was written where the polls read.
    written: watch::Receiver<()>,
    /// How long a poll waits for a listener that has not said yet whether it is up.
    patience: Duration,
}

impl Ear {
    /// A poll begins: it reads all that was written until now.
    pub(super) fn begins(&mut self) {
        if let Some(heard) = &mut self.0 {
            heard.written.mark_unchanged();
        }
    }

    /// Waits until there is something to read, or the listener goes up or down.
    pub(super) async fn calls(&mut self) {
        let Some(Heard { state, written, .. }) = &mut self.0 else { return pending().await };
        let called = tokio::select! {
            called = state.changed() => called,
            called = gathered(written) => called,
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

/// Waits until something is written, and then a little for more.
async fn gathered(written: &mut watch::Receiver<()>) -> Result<(), RecvError> {
    written.changed().await?;
    sleep(GATHER).await;
    Ok(())
}

#[cfg(test)]
mod tests;
