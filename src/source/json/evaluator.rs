//! Answers the queries of one poll: plain paths here, other jq expressions in a process that can be ended.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::workers::{Unanswered, Workers};
use super::{path, pick};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::source::contract::Moment;
use crate::source::limits::Limits;

/// The longest that one expression may run.
const LONGEST: Duration = Duration::from_secs(1);
/// What every expression may run, however many there are.
const SHORTEST: Duration = Duration::from_millis(100);
/// How long one that had to be ended is not run again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_mins(5));

/// The expressions of one source.
#[derive(Debug)]
pub struct Evaluator {
    workers: Workers,
    /// Held while the document is read: one reading at a time, also when a poll gave up on it.
    turn: Arc<Semaphore>,
    /// Expressions that had to be ended.
    paused: HashMap<Arc<str>, Pause>,
}

/// Why an expression is not run for a while.
#[derive(Debug)]
struct Pause {
    fault: FetchError,
    length: Duration,
    end: Instant,
}

impl Evaluator {
    /// Expressions that share their processes with those of other sources of the board.
    pub fn new(limits: &Limits) -> Self {
        Self { workers: limits.jq.clone(), turn: Arc::new(Semaphore::new(1)), paused: HashMap::new() }
    }

    /// One answer for each query over the document. A query that fails, or has to be ended, is a fault of its
    /// own; a document that cannot be read is one of all.
    pub async fn evaluate(&mut self, body: Vec<u8>, asks: Vec<Ask>, moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let late = |phase| move |_| FetchError::from(Reason::Timeout(phase));
        let runs = self.runs(&body, &asks, moment.deadline).await;
        let turn =
            timeout_at(moment.deadline, Arc::clone(&self.turn).acquire_owned()).await.map_err(late(Phase::Queue))?;
        let reading = tokio::task::spawn_blocking(move || {
            let _held_to_the_end = turn;
            pick::answers(&body, &asks, runs, moment.now)
        });
        let answers = timeout_at(moment.deadline, reading).await.map_err(late(Phase::Run))?;
        answers.map_err(|_| FetchError::new(Reason::Internal, "reading the document panicked"))?
    }

    /// What jq yields for each query that needs it.
    async fn runs(&mut self, body: &[u8], asks: &[Ask], deadline: Instant) -> Vec<pick::Run> {
        let now = Instant::now();
        self.paused.retain(|query, _| asks.iter().any(|ask| ask.query == *query));
        let mut runs: Vec<pick::Run> = asks
            .iter()
            .map(|ask| {
                let paused = self.paused.get(&ask.query).filter(|pause| now < pause.end);
                paused.map(|pause| Err(pause.fault.clone()))
            })
            .collect();
        let to_run = |at: &usize| runs.get(*at).is_some_and(Option::is_none) && path::parse(&asks[*at].query).is_none();
        let wanted: Vec<usize> = (0..asks.len()).filter(to_run).collect();
        if wanted.is_empty() {
            return runs;
        }
        let begun = async {
            let mut session = self.workers.session(body, deadline).await?;
            session.read().await?;
            Ok(session)
        };
        let mut session = match begun.await {
            Ok(session) => session,
            Err(error) => {
                // Paths are answered all the same; where the document is at fault, they will say so.
                for at in wanted {
                    runs[at] = Some(Err(FetchError::clone(&error)));
                }
                return runs;
            }
        };
        for (done, at) in wanted.iter().enumerate() {
            let query = &asks[*at].query;
            let result = session.run(query, share(deadline, wanted.len() - done)).await;
            runs[*at] = Some(self.settled(query, result));
        }
        session.end();
        runs
    }

    /// Remembers which expressions had to be ended: each time for twice as long.
    fn settled(&mut self, query: &Arc<str>, result: Result<Vec<u8>, Unanswered>) -> Result<Vec<u8>, FetchError> {
        let fault = match result {
            Err(Unanswered::Ended(fault)) => fault,
            other => {
                self.paused.remove(query);
                return other.map_err(|unanswered| match unanswered {
                    Unanswered::Fault(fault) | Unanswered::Ended(fault) => fault,
                });
            }
        };
        let length = self.paused.get(query).map_or(PAUSE.0, |pause| (pause.length * 2).min(PAUSE.1));
        let pause = Pause { fault: fault.clone(), length, end: Instant::now() + length };
        self.paused.insert(Arc::clone(query), pause);
        Err(fault)
    }
}

/// The time of one of so many expressions: what is left is divided evenly, with a part kept for the answers.
fn share(deadline: Instant, left: usize) -> Duration {
    let rest = deadline.saturating_duration_since(Instant::now()).mul_f64(0.8);
    (rest / u32::try_from(left).unwrap_or(u32::MAX).max(1)).clamp(SHORTEST, LONGEST)
}
