//! Pace, deadline, back-off and isolation for every source alike.
//!
//! One task a poll. A poll is one query, or all queries of a source that answers them with one request.
//! It has one request in flight, never more; a panic in it is a failed poll.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll as Ready;

use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep_until, timeout_at};

use super::{Clock, Context, Moment, Source, backoff};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Ask, Outcome, QueryId};
use crate::model::time::Span;

/// Between the first polls of two queries, so that they do not start in one instant.
const STAGGER: Duration = Duration::from_millis(2);
/// What a source may take beyond its own deadline before it is cut off.
const GRACE: Duration = Duration::from_millis(50);

/// What one task polls.
#[derive(Debug, Clone)]
pub struct Poll {
    /// The queries, each with its question.
    pub asks: Vec<(QueryId, Ask)>,
    /// Its place among all polls, which spreads the first ones out.
    pub place: u32,
}

/// How often, and how long at most.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The pause between the begins of two polls.
    pub refresh: Span,
    /// The longest a poll may take.
    pub timeout: Span,
}

/// What all polls of one source share: who keeps asking while it is out, and that it is back.
///
/// While a source does not answer, its polls back off, all but one: the sentinel asks at the usual pace
/// and wakes the others when it gets an answer. So an outage costs one request an interval, and its end
/// is seen within one. A poll that fails while its siblings get answers (a query that is too slow) is
/// no sentinel: it backs off like any other failure.
#[derive(Debug)]
pub struct Pulse {
    /// 0, or the sentinel's place plus one.
    sentinel: AtomicU64,
    answers: AtomicU64,
    back: watch::Sender<u64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { sentinel: AtomicU64::new(0), answers: AtomicU64::new(0), back: watch::Sender::new(0) }
    }
}

impl Pulse {
    fn answers(&self) -> u64 {
        self.answers.load(Ordering::Acquire)
    }

    /// Whether this poll is the one that keeps asking; the place is free for the first that comes.
    fn is_sentinel(&self, place: u32) -> bool {
        let me = u64::from(place) + 1;
        match self.sentinel.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(holder) => holder == me,
        }
    }

    fn answered(&self, place: u32) {
        self.answers.fetch_add(1, Ordering::AcqRel);
        let holder = self.sentinel.swap(0, Ordering::AcqRel);
        if holder == u64::from(place) + 1 {
            self.back.send_modify(|count| *count += 1);
        }
    }
}

/// The channels of a poll.
#[derive(Debug, Clone)]
pub struct Lines {
    /// Where outcomes go.
    pub outcomes: mpsc::Sender<Outcome>,
    /// Counts up when somebody asks for fresh data now.
    pub refresh_now: watch::Receiver<u64>,
    /// Shared by the polls of a source.
    pub pulse: Arc<Pulse>,
    /// The clock of the stamps.
    pub clock: Clock,
}

/// Polls until the outcomes are no longer wanted. Never fails, never ends by itself.
pub async fn supervise<S: Source>(config: Arc<S::Config>, context: Context, poll: Poll, pace: Pace, mut lines: Lines) {
    let asks: Vec<Ask> = poll.asks.iter().map(|(_, ask)| ask.clone()).collect();
    let mut source: Option<S> = None;
    let mut failures = 0_u32;
    let mut back = lines.pulse.back.subscribe();
    let mut next = Instant::now() + STAGGER * poll.place;
    sleep_until(next).await;
    let mut answers_seen = lines.pulse.answers();
    loop {
        let begin = Instant::now();
        back.mark_unchanged();
        lines.refresh_now.mark_unchanged();
        let answers = attempt(&mut source, &config, &context, &asks, pace, lines.clock).await;
        let error = answers.as_ref().map_or_else(|e| Some(e.clone()), |all| whole_failure(all));
        let outage = error.as_ref().is_some_and(|e| e.reason.is_outage() && e.retry_after.is_none());
        let pause = match &error {
            None => {
                failures = 0;
                lines.pulse.answered(poll.place);
                pace.refresh
            }
            Some(error) => {
                failures = failures.saturating_add(1);
                let alone = failures > 1 && lines.pulse.answers() != answers_seen;
                answers_seen = lines.pulse.answers();
                if outage && !alone && lines.pulse.is_sentinel(poll.place) {
                    pace.refresh
                } else {
                    backoff::pause(pace.refresh, failures, error, fastrand::f64())
                }
            }
        };
        next = next_begin(next, begin, pause, failures);
        let wait = next.saturating_duration_since(Instant::now());
        if !report(&lines, &poll, answers, failures, wait).await {
            return;
        }
        let may_be_woken = error.as_ref().is_none_or(|e| e.retry_after.is_none());
        tokio::select! {
            () = sleep_until(next) => {}
            Ok(()) = lines.refresh_now.changed(), if may_be_woken => next = Instant::now(),
            Ok(()) = back.changed(), if outage => next = Instant::now() + STAGGER * (poll.place % 100),
            () = lines.outcomes.closed() => return,
        }
        sleep_until(next).await;
    }
}

/// When every answer failed, the poll as a whole did.
fn whole_failure(answers: &[crate::model::poll::Answer]) -> Option<FetchError> {
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

async fn attempt<S: Source>(
    source: &mut Option<S>,
    config: &S::Config,
    context: &Context,
    asks: &[Ask],
    pace: Pace,
    clock: Clock,
) -> Result<Vec<crate::model::poll::Answer>, FetchError> {
    let deadline = Instant::now() + pace.timeout.duration();
    let moment = Moment { now: clock.now(), deadline };
    let mut open = match source.take() {
        Some(open) => open,
        None => S::open(config, context)?,
    };
    let fetched = isolate(async {
        timeout_at(deadline + GRACE, open.fetch(asks, moment))
            .await
            .unwrap_or_else(|_| Err(FetchError::from(Reason::Timeout(Phase::Run))))
    })
    .await;
    match fetched {
        Ok(answers) => {
            *source = Some(open);
            answers.and_then(|all| {
                if all.len() == asks.len() { Ok(all) } else { Err(Reason::Internal.into()) }
            })
        }
        // What panicked is thrown away; the next poll opens it anew.
        Err(what) => Err(FetchError::new(Reason::Internal, what)),
    }
}

/// Runs a future; a panic in it comes back as its message.
async fn isolate<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(Ready::Pending) => Ready::Pending,
        Ok(Ready::Ready(output)) => Ready::Ready(Ok(output)),
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .map(|s| (*s).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "it panicked".to_owned());
            Ready::Ready(Err(message))
        }
    })
    .await
}

/// Sends one outcome a query; false when nobody listens any more.
async fn report(
    lines: &Lines,
    poll: &Poll,
    answers: Result<Vec<crate::model::poll::Answer>, FetchError>,
    failures: u32,
    wait: Duration,
) -> bool {
    let at = lines.clock.now();
    let next_try = at.plus(Span(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); poll.asks.len()],
    };
    for ((query, _), answer) in poll.asks.iter().zip(answers) {
        let failures = if answer.is_err() { failures.max(1) } else { 0 };
        let outcome = Outcome { query: *query, at, answer, failures, next_try };
        if lines.outcomes.send(outcome).await.is_err() {
            return false;
        }
    }
    true
}
