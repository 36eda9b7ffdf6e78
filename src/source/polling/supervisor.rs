//! Pace, deadline, back-off and isolation for every source alike.
//!
//! One task a poll. A poll is one query, or all queries of a source that answers them with one request.
//! It has one request in flight, never more; a panic in it is a failed poll. What may block or burn in it
//! is done aside (see [`super::offload`]); one that does not end there is a timeout, and no second one is
//! started while it runs.

mod pulse;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll as Ready;

use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep_until, timeout_at};

use super::backoff;
use super::offload::Worker;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::isolation::{message, tripwire};
use crate::model::poll::{Answer, Ask, Outcome, QueryId};
use crate::model::telemetry::Telemetry;
use crate::model::time::{Span, Timestamp};
use crate::source::clock::Clock;
use crate::source::contract::{Context, Moment, Pace, Source};
use crate::source::http::Heard;
use crate::source::listening::Ear;
pub use pulse::Pulse;
use pulse::Share;

/// Between the first polls of two queries, so that they do not start in one instant.
const STAGGER: Duration = Duration::from_millis(2);
/// What a source may take beyond its own deadline before it is cut off.
const GRACE: Duration = Duration::from_millis(50);

/// What one task polls.
#[derive(Debug, Clone)]
pub struct Poll {
    /// The queries, each with its question.
    pub asks: Vec<(QueryId, Ask)>,
    /// Its index among the polls of the board, which spreads those out that begin together.
    pub index: u32,
}

impl Poll {
    /// What tells it from all others of its source.
    fn id(&self) -> u64 {
        self.asks.first().map_or(0, |(query, _)| query.0 as u64)
    }

    /// How much later than others it begins when all are woken.
    fn stagger(&self) -> Duration {
        STAGGER * (self.index % 100)
    }
}

/// The channels of a poll.
#[derive(Debug, Clone)]
pub struct PollChannels {
    /// Where outcomes go.
    pub outcomes: mpsc::Sender<Outcome>,
    /// Counts up when somebody asks for fresh data now.
    pub refresh_now: watch::Receiver<u64>,
    /// Shared by the polls of a source.
    pub pulse: Arc<Pulse>,
    /// Where the polls of a source do what may block.
    pub worker: Worker,
    /// The clock of the stamps.
    pub clock: Clock,
    /// What the listener of the source has to tell.
    pub ear: Ear,
}

/// Polls until the outcomes are no longer wanted. Never fails, never ends by itself.
pub async fn supervise<S: Source>(
    config: Arc<S::Config>,
    mut context: Context,
    poll: Poll,
    pace: Pace,
    mut channels: PollChannels,
) {
    context.http = context.http.map(|http| Arc::new(http.of_one_poll()));
    let context = Arc::new(context);
    let share = Share::new(&channels.pulse, poll.id());
    let mut asking = Asking::<S>::new(config, Arc::clone(&context), &poll, pace, channels.worker.clone());
    let mut back = share.back();
    let first = Instant::now() + poll.stagger();
    sleep_until(first).await;
    let mut rhythm = Rhythm { refresh: pace.refresh, next: first, failures: 0, answers_seen: share.answers() };
    loop {
        let begin = Instant::now();
        back.mark_unchanged();
        channels.refresh_now.mark_unchanged();
        channels.ear.begins();
        let answers = context.scrub(asking.attempt(channels.clock.now()).await);
        let error = answers.as_ref().map_or_else(|e| Some(e.clone()), |all| whole_failure(all));
        rhythm.plan(begin, error.as_ref(), &share);
        let wait = rhythm.next.saturating_duration_since(Instant::now());
        let heard = context.http.as_ref().map(|http| http.heard()).unwrap_or_default();
        if !report(&mut channels, &poll, answers, rhythm.failures, wait, heard).await {
            return;
        }
        let may_be_woken = error.as_ref().is_none_or(|e| e.retry_after.is_none());
        tokio::select! {
            () = sleep_until(rhythm.next) => {}
            Ok(()) = channels.refresh_now.changed(), if may_be_woken => rhythm.next = Instant::now() + poll.stagger(),
            () = channels.ear.calls() => rhythm.next = Instant::now(),
            Ok(()) = back.changed(), if error.as_ref().is_some_and(is_outage) => {
                rhythm.next = Instant::now() + poll.stagger();
            }
            () = channels.outcomes.closed() => return,
        }
        sleep_until(rhythm.next).await;
    }
}

/// When the next poll begins, after how those before went.
struct Rhythm {
    /// The usual pause between the starts of two polls.
    refresh: Span,
    next: Instant,
    /// Failed polls in a row.
    failures: u32,
    /// How many polls of the source had been answered when this one failed last.
    answers_seen: u64,
}

impl Rhythm {
    /// Plans the next poll after one that began at `begin`.
    fn plan(&mut self, begin: Instant, error: Option<&FetchError>, share: &Share) {
        let pause = match error {
            None => {
                self.failures = 0;
                share.answered();
                self.refresh
            }
            Some(error) => self.after_failure(error, share),
        };
        self.next = next_begin(self.next, begin, pause, self.failures);
    }

    /// The pause after a failed poll: the usual one for the poll that keeps asking a source that is out, else longer.
    fn after_failure(&mut self, error: &FetchError, share: &Share) -> Span {
        self.failures = self.failures.saturating_add(1);
        let alone = self.failures > 1 && share.answers() != self.answers_seen;
        self.answers_seen = share.answers();
        if is_outage(error) && !alone && share.is_sentinel() {
            return self.refresh;
        }
        share.resign();
        backoff::pause(self.refresh, self.failures, error, fastrand::f64())
    }
}

/// Whether the source is out, and has not said for how long.
fn is_outage(error: &FetchError) -> bool {
    error.reason.is_outage() && error.retry_after.is_none()
}

/// When every answer failed, the poll as a whole did.
fn whole_failure(answers: &[Answer]) -> Option<FetchError> {
    let first = answers.first()?.as_ref().err()?;
    answers.iter().all(Result::is_err).then(|| first.clone())
}

/// Keeps the beat while all is well; a poll that overran its interval skips beats instead of rushing.
fn next_begin(planned: Instant, begin: Instant, pause: Span, failures: u32) -> Instant {
    let pause = pause.duration();
    let now = Instant::now();
    if failures == 0 && planned + pause > now {
        return planned + pause;
    }
    (begin + pause).max(now)
}

/// What is left open after a poll, and what it was told.
type Polled<S> = (S, Result<Vec<Answer>, FetchError>);

/// What a poll asks, and whom.
struct Asking<S: Source> {
    /// What the last poll left open; gone with one that panicked or does not end.
    source: Option<S>,
    config: Arc<S::Config>,
    context: Arc<Context>,
    asks: Arc<[Ask]>,
    pace: Pace,
    worker: Worker,
    /// Held by a poll for as long as it is there, even one that does not end on a worker thread.
    at_work: Arc<()>,
}

impl<S: Source> Asking<S> {
    fn new(config: Arc<S::Config>, context: Arc<Context>, poll: &Poll, pace: Pace, worker: Worker) -> Self {
        let asks = poll.asks.iter().map(|(_, ask)| ask.clone()).collect();
        Self { source: None, config, context, asks, pace, worker, at_work: Arc::default() }
    }

    async fn attempt(&mut self, now: Timestamp) -> Result<Vec<Answer>, FetchError> {
        if Arc::strong_count(&self.at_work) > 1 {
            return Err(FetchError::new(Reason::Timeout(Phase::Run), "the previous poll is still running"));
        }
        let deadline = Instant::now() + self.pace.timeout.duration();
        let poll = self.poll(Moment { now, deadline });
        let driven = isolate(self.worker.drive(deadline + GRACE, poll)).await;
        let (open, answers) = driven.unwrap_or_else(|what| Err(FetchError::new(Reason::Internal, what)))??;
        self.source = Some(open);
        answers
    }

    /// One poll, on its own: it may be handed from thread to thread. What panics in it is thrown away; the
    /// next poll opens again.
    fn poll(&mut self, moment: Moment) -> impl Future<Output = Result<Polled<S>, FetchError>> + Send + use<S> {
        let (former, at_work) = (self.source.take(), Arc::clone(&self.at_work));
        let (config, context, asks) = (Arc::clone(&self.config), Arc::clone(&self.context), Arc::clone(&self.asks));
        async move {
            tripwire::pass("source");
            let mut open = match former {
                Some(open) => open,
                None => S::open(&config, &context)?,
            };
            let answers = timeout_at(moment.deadline + GRACE, open.fetch(&asks, moment)).await;
            let answers = answers.unwrap_or_else(|_| Err(Reason::Timeout(Phase::Run).into()));
            let answers = answers.and_then(|answers| treated(answers, asks.len(), &context));
            drop(at_work);
            Ok((open, answers))
        }
    }
}

/// One answer for each question, within the limits, and as the board wants them.
fn treated(answers: Vec<Answer>, wanted: usize, context: &Context) -> Result<Vec<Answer>, FetchError> {
    if answers.len() != wanted {
        return Err(Reason::Internal.into());
    }
    let treat = |answer: Answer| answer.and_then(Telemetry::within_limits).map(|one| context.answer_filter.apply(one));
    Ok(answers.into_iter().map(treat).collect())
}

/// Runs a future; a panic in it comes back as its message.
pub(in crate::source) async fn isolate<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Ready::Pending) => Ready::Pending,
        Ok(Ready::Ready(output)) => Ready::Ready(Ok(output)),
        Err(panic) => Ready::Ready(Err(message(panic.as_ref()))),
    })
    .await
}

/// Sends one outcome a query; false when nobody listens any more.
async fn report(
    channels: &mut PollChannels,
    poll: &Poll,
    answers: Result<Vec<Answer>, FetchError>,
    failures: u32,
    wait: Duration,
    heard: Heard,
) -> bool {
    let down = channels.ear.down().await;
    let at = channels.clock.now();
    let next_try = at.plus(Span(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
    let next_try = down.as_ref().and_then(|down| down.next_try).map_or(next_try, |listens| listens.min(next_try));
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); poll.asks.len()],
    };
    for ((query, _), answer) in poll.asks.iter().zip(answers) {
        let failures = if answer.is_err() { failures.max(1) } else { 0 };
        let answer = answer.map(|answer| match &down {
            Some(down) => down.said_of(answer),
            None => answer,
        });
        let listener_error = down.as_ref().map(|down| down.error.clone());
        let Heard { budget, age, clock_skew } = heard;
        let query = *query;
        let outcome = Outcome { query, at, answer, failures, next_try, listener_error, budget, age, clock_skew };
        if channels.outcomes.send(outcome).await.is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests;
