//! Restart, back-off, isolation, batches and bounds for every listener alike.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::batch::Batch;
use super::{Counts, Down, Ear, Heard, Listening, Sample, Shutdown, Sink, State, WAITING, with_caveat};
use crate::model::fault::{FetchError, Reason};
use crate::model::isolation::tripwire;
use crate::model::poll::{Answer, Outcome, QueryId};
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::pace::Pace;
use crate::source::supervisor::isolate;
use crate::source::{Clock, backoff};

/// How long what comes is gathered.
const GATHER: Duration = Duration::from_millis(100);
/// The pause after the first failure.
const FIRST_PAUSE: Span = Span::seconds(1);
/// The longest pause: nobody else tries to reach whoever should listen.
const LONGEST_PAUSE: Span = Span::seconds(30);
/// How long a listener may take to end.
const END: Duration = Duration::from_secs(1);
/// How long a loss is reported: in a single batch nobody would see it.
const SPOKEN_OF: Duration = Duration::from_mins(1);

/// A listener that is kept running. It is shut down when this is dropped.
#[derive(Debug)]
pub struct Listened {
    /// For the polls of the same source.
    pub ear: Ear,
    /// The queries that are answered with what comes; none where polls answer them.
    pub queries: watch::Sender<Vec<QueryId>>,
    _shutdown: watch::Sender<()>,
}

/// Keeps a listener running from now on. It runs on a runtime of its own kind, its supervisor on the current one.
pub fn start(
    listening: Listening,
    runtime: Handle,
    pace: Pace,
    outcomes: mpsc::Sender<Outcome>,
    clock: Clock,
) -> Listened {
    let (shutdown, ends) = watch::channel(());
    let (state, batches) = (Arc::new(watch::Sender::default()), watch::Sender::default());
    let heard = Heard { state: state.subscribe(), batches: batches.subscribe(), patience: pace.timeout.duration() };
    let queries = watch::Sender::default();
    let supervisor = Supervisor {
        listening,
        runtime,
        pace,
        outcomes,
        clock,
        queries: queries.subscribe(),
        state,
        batches,
        shutdown: Shutdown(ends),
        outgoing: VecDeque::new(),
        loss: None,
    };
    tokio::spawn(supervisor.run());
    Listened { ear: Ear(Some(heard)), queries, _shutdown: shutdown }
}

struct Supervisor {
    listening: Listening,
    runtime: Handle,
    pace: Pace,
    outcomes: mpsc::Sender<Outcome>,
    clock: Clock,
    queries: watch::Receiver<Vec<QueryId>>,
    state: Arc<watch::Sender<State>>,
    batches: watch::Sender<u64>,
    shutdown: Shutdown,
    /// What waits for room among the outcomes: a listener that ends meanwhile loses nothing of it.
    outgoing: VecDeque<Outcome>,
    /// How many samples were dropped recently, and when the last of them.
    loss: Option<(u64, Instant)>,
}

impl Supervisor {
    async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            let begin = Instant::now();
            let ended = self.listen().await;
            if self.shutdown.is_begun() || self.outcomes.is_closed() {
                return;
            }
            let error = ended.err().unwrap_or_else(|| FetchError::new(Reason::Internal, "the listener has ended"));
            let was_well = *self.state.borrow() == State::Up && begin.elapsed() > LONGEST_PAUSE.duration();
            failures = if was_well { 1 } else { failures.saturating_add(1) };
            let pause = backoff::pause(FIRST_PAUSE, failures, &error, fastrand::f64()).min(LONGEST_PAUSE);
            tracing::warn!(failures, "a listener is down: {error}");
            self.is_down(error, failures, pause).await;
            tokio::select! {
                () = sleep(pause.duration()) => {}
                () = self.shutdown.begun() => return,
                () = self.outcomes.closed() => return,
            }
        }
    }

    /// Runs it once, until it ends, and takes in what it hands over.
    async fn listen(&mut self) -> Result<(), FetchError> {
        let (samples, waiting) = mpsc::channel(WAITING);
        let counts = Arc::<Counts>::default();
        let sink = Sink { samples, state: Arc::clone(&self.state), counts: Arc::clone(&counts) };
        let mut intake = Intake { waiting, counts, batch: Batch::default(), is_written: false, due: None };
        let (begin, shutdown) = (self.listening.clone(), self.shutdown.clone());
        let end = late(shutdown.clone());
        let task = self.runtime.spawn(isolate(async move {
            tripwire::pass("listener");
            (begin.0)(sink, shutdown).await
        }));
        let _ends_with_this = Ending(task.abort_handle());
        let mut listening = pin!(task);
        let ended = tokio::select! {
            ended = &mut listening => ended,
            () = self.take_in(&mut intake) => return Ok(()),
            () = end => return Ok(()),
        };
        intake.drain();
        self.hand_over(&mut intake).await;
        // What it runs on may have ended with the program.
        let ended = ended.unwrap_or_else(|gone| Err(gone.to_string()));
        ended.unwrap_or_else(|what| Err(FetchError::new(Reason::Internal, what)))
    }

    /// Hands over what comes, batch by batch, and a sign of life at the usual pace; ends when nobody wants it any more.
    async fn take_in(&mut self, intake: &mut Intake) {
        let mut state = self.state.subscribe();
        // It may have come up before anybody has looked.
        state.mark_changed();
        let mut queries = self.queries.clone();
        queries.mark_unchanged();
        let mut sign_of_life = Instant::now() + self.pace.refresh.duration();
        loop {
            tokio::select! {
                () = intake.gather() => {}
                Ok(()) = state.changed() => {}
                // Without a query there is nobody to send a sign of life to.
                () = sleep_until(sign_of_life), if !self.queries.borrow().is_empty() => {}
                Ok(()) = queries.changed() => {}
                () = self.outcomes.closed() => return,
            }
            sign_of_life = Instant::now() + self.pace.refresh.duration();
            self.hand_over(intake).await;
        }
    }

    /// Hands one batch over; an empty one says that somebody listens.
    async fn hand_over(&mut self, intake: &mut Intake) {
        if std::mem::take(&mut intake.is_written) {
            self.batches.send_modify(|count| *count += 1);
        }
        intake.due = None;
        let has_come = !intake.batch.is_empty();
        let answer = intake.batch.take(self.clock.now());
        if has_come || *self.state.borrow() == State::Up {
            let answer = match self.lost(&intake.counts) {
                0 => answer,
                lost => {
                    with_caveat(answer, &SafeText::new(&format!("{lost} samples were lost: too many came at once")))
                }
            };
            self.send_answer(&Ok(answer), 0, self.pace.refresh).await;
        }
    }

    /// How many samples were dropped recently.
    fn lost(&mut self, counts: &Counts) -> u64 {
        let (now, new) = (Instant::now(), counts.dropped.swap(0, Ordering::Relaxed));
        let before = self.loss.filter(|(_, last)| now.duration_since(*last) < SPOKEN_OF);
        self.loss = if new > 0 { Some((before.map_or(0, |(lost, _)| lost) + new, now)) } else { before };
        self.loss.map_or(0, |(lost, _)| lost)
    }

    async fn is_down(&mut self, error: FetchError, failures: u32, pause: Span) {
        let next_try = Some(self.clock.now().plus(pause));
        self.send_answer(&Err(error.clone()), failures, pause).await;
        self.state.send_replace(State::Down(Down { error, next_try }));
    }

    /// One outcome for each query. When nobody takes them any more they stay; that is noticed elsewhere.
    async fn send_answer(&mut self, answer: &Answer, failures: u32, pause: Span) {
        let at = self.clock.now();
        self.outgoing.extend(self.queries.borrow().iter().map(|query| Outcome {
            query: *query,
            at,
            answer: answer.clone(),
            failures,
            next_try: at.plus(pause),
            listener_error: None,
            budget: None,
            age: Span(0),
            clock_skew: None,
        }));
        while !self.outgoing.is_empty()
            && let Ok(permit) = self.outcomes.reserve().await
            && let Some(outcome) = self.outgoing.pop_front()
        {
            permit.send(outcome);
        }
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

/// What a listener has handed over.
struct Intake {
    waiting: mpsc::Receiver<Sample>,
    counts: Arc<Counts>,
    batch: Batch,
    /// Something was written where the polls of the source read.
    is_written: bool,
    /// When the batch is to be handed over.
    due: Option<Instant>,
}

impl Intake {
    /// Waits for something, and then a little for more. What it has stays where it is when this is dropped.
    async fn gather(&mut self) {
        loop {
            let due = self.due;
            tokio::select! {
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => return,
                Some(sample) = self.waiting.recv(), if self.batch.has_room() => self.add(sample),
                () = self.counts.written.notified() => self.is_written = true,
            }
            self.due.get_or_insert_with(|| Instant::now() + GATHER);
        }
    }

    /// What came last, of a listener that has ended.
    fn drain(&mut self) {
        while let Ok(sample) = self.waiting.try_recv() {
            self.add(sample);
        }
    }

    fn add(&mut self, sample: Sample) {
        if !self.batch.add(sample) {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}
