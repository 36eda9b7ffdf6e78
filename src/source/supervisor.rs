//! Pace, deadline, back-off and isolation for every source alike.
//!
//! One task a poll. A poll is one query, or all queries of a source that answers them with one request.
//! It has one request in flight, never more; a panic in it is a failed poll. What may block or burn in it
//! is done aside (see [`super::offload`]); one that does not end there is a timeout, and no second one is
//! begun beside it.

mod pulse;

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll as Ready;

use tokio::sync::{mpsc, watch};
use tokio::time::{Duration, Instant, sleep_until, timeout_at};

use super::http::Heard;
use super::offload::Worker;
use super::{Clock, Context, Moment, Source, backoff};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::isolation::{message, tripwire};
use crate::model::poll::{Answer, Ask, Outcome, QueryId};
use crate::model::telemetry::Telemetry;
use crate::model::time::{Span, Timestamp};
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
    /// Its place among the polls of the board, which spreads those out that begin together.
    pub place: u32,
}

impl Poll {
    /// What tells it from all others of its source.
    fn id(&self) -> u64 {
        self.asks.first().map_or(0, |(query, _)| query.0 as u64)
    }

    /// How much later than others it begins when all are woken.
    fn stagger(&self) -> Duration {
        STAGGER * (self.place % 100)
    }
}

/// How often, and how long at most.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The pause between the begins of two polls.
    pub refresh: Span,
    /// The longest a poll may take.
    pub timeout: Span,
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
    /// Where the polls of a source do what may block.
    pub worker: Worker,
    /// The clock of the stamps.
    pub clock: Clock,
}

/// Polls until the outcomes are no longer wanted. Never fails, never ends by itself.
pub async fn supervise<S: Source>(
    config: Arc<S::Config>,
    mut context: Context,
    poll: Poll,
    pace: Pace,
    mut lines: Lines,
) {
    context.http = context.http.map(|http| Arc::new(http.of_one_poll()));
    let share = Share::of(&lines.pulse, poll.id());
    let asks = poll.asks.iter().map(|(_, ask)| ask.clone()).collect();
    let context = Arc::new(context);
    let mut asking = Asking::<S> {
        source: None,
        config,
        context: Arc::clone(&context),
        asks,
        pace,
        worker: lines.worker.clone(),
        at_work: Arc::default(),
    };
    let mut failures = 0_u32;
    let mut back = share.back();
    let mut next = Instant::now() + poll.stagger();
    sleep_until(next).await;
    let mut answers_seen = share.answers();
    loop {
        let begin = Instant::now();
        back.mark_unchanged();
        lines.refresh_now.mark_unchanged();
        let answers = context.scrub(asking.attempt(lines.clock.now()).await);
        let error = answers.as_ref().map_or_else(|e| Some(e.clone()), |all| whole_failure(all));
        let outage = error.as_ref().is_some_and(|e| e.reason.is_outage() && e.retry_after.is_none());
        let pause = match &error {
            None => {
                failures = 0;
                share.answered();
                pace.refresh
            }
            Some(error) => {
                failures = failures.saturating_add(1);
                let alone = failures > 1 && share.answers() != answers_seen;
                answers_seen = share.answers();
                if outage && !alone && share.is_sentinel() {
                    pace.refresh
                } else {
                    share.resign();
                    backoff::pause(pace.refresh, failures, error, fastrand::f64())
                }
            }
        };
        next = next_begin(next, begin, pause, failures);
        let wait = next.saturating_duration_since(Instant::now());
        let heard = context.http.as_ref().map(|http| http.heard()).unwrap_or_default();
        if !report(&lines, &poll, answers, failures, wait, heard).await {
            return;
        }
        let may_be_woken = error.as_ref().is_none_or(|e| e.retry_after.is_none());
        tokio::select! {
            () = sleep_until(next) => {}
            Ok(()) = lines.refresh_now.changed(), if may_be_woken => next = Instant::now() + poll.stagger(),
            () = context.nudge.notified() => next = Instant::now(),
            Ok(()) = back.changed(), if outage => next = Instant::now() + poll.stagger(),
            () = lines.outcomes.closed() => return,
        }
        sleep_until(next).await;
    }
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
    /// Held by a poll for as long as it is there, be it one that does not end on a worker thread.
    at_work: Arc<()>,
}

impl<S: Source> Asking<S> {
    async fn attempt(&mut self, now: Timestamp) -> Result<Vec<Answer>, FetchError> {
        if Arc::strong_count(&self.at_work) > 1 {
            return Err(FetchError::new(Reason::Timeout(Phase::Run), "the poll before this one does not end"));
        }
        let deadline = Instant::now() + self.pace.timeout.duration();
        let poll = self.poll(Moment { now, deadline });
        let driven = isolate(self.worker.drive(deadline + GRACE, poll)).await;
        let (open, answers) = driven.unwrap_or_else(|what| Err(FetchError::new(Reason::Internal, what)))??;
        self.source = Some(open);
        answers
    }

    /// One poll, on its own: it may be handed from thread to thread. What panics in it is thrown away; the
    /// next poll opens anew.
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
    let treat = |answer: Answer| answer.and_then(Telemetry::within_limits).map(|one| context.treatment.of(one));
    Ok(answers.into_iter().map(treat).collect())
}

/// Runs a future; a panic in it comes back as its message.
async fn isolate<F: Future>(future: F) -> Result<F::Output, String> {
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
    lines: &Lines,
    poll: &Poll,
    answers: Result<Vec<Answer>, FetchError>,
    failures: u32,
    wait: Duration,
    heard: Heard,
) -> bool {
    let at = lines.clock.now();
    let next_try = at.plus(Span(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)));
    let answers = match answers {
        Ok(answers) => answers,
        Err(error) => vec![Err(error); poll.asks.len()],
    };
    for ((query, _), answer) in poll.asks.iter().zip(answers) {
        let failures = if answer.is_err() { failures.max(1) } else { 0 };
        let Heard { budget, age, clock_skew } = heard;
        let outcome = Outcome { query: *query, at, answer, failures, next_try, budget, age, clock_skew };
        if lines.outcomes.send(outcome).await.is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::source::limits::Limits;
    use crate::source::network::Network;
    use crate::source::offload::aside;
    use crate::source::treatment::Treatment;
    use crate::source::{QueryLanguage, Resolution};

    /// What the scripted source does at each poll; the last one repeats.
    #[derive(Debug, Clone)]
    enum Act {
        Answer,
        Fail(Reason),
        RefusedUntil(Instant),
        RetryAfter(i64),
        Hang,
        Panic,
        /// Blocks its thread until the script is dropped or says so.
        Block,
    }

    #[derive(Debug, Default)]
    struct Script {
        acts: Mutex<VecDeque<Act>>,
        polls: Mutex<Vec<Duration>>,
        begin: Mutex<Option<Instant>>,
        blocks: Mutex<Option<std::sync::mpsc::Receiver<()>>>,
    }

    #[derive(Debug)]
    struct Scripted(Arc<Script>);

    #[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
    struct Config {
        #[serde(skip)]
        script: Arc<Script>,
    }

    impl schemars::JsonSchema for Script {
        fn schema_name() -> std::borrow::Cow<'static, str> {
            "Script".into()
        }
        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            schemars::json_schema!({})
        }
    }

    impl Source for Scripted {
        const TYPE: &'static str = "scripted";
        const SUMMARY: &'static str = "";
        const QUERY: QueryLanguage = QueryLanguage::None;
        const HTTP: bool = false;
        const ONE_REQUEST: bool = false;
        type Config = Config;

        fn url(_: &Config) -> Option<&str> {
            None
        }
        fn check_query(_: &str) -> Result<(), String> {
            Ok(())
        }
        fn open(config: &Config, _: &Context) -> Result<Self, FetchError> {
            Ok(Self(Arc::clone(&config.script)))
        }
        async fn fetch(&mut self, asks: &[Ask], _: Moment) -> Result<Vec<Answer>, FetchError> {
            let begin = *self.0.begin.lock().unwrap().get_or_insert_with(Instant::now);
            self.0.polls.lock().unwrap().push(begin.elapsed());
            let act = {
                let mut acts = self.0.acts.lock().unwrap();
                if acts.len() > 1 { acts.pop_front() } else { acts.front().cloned() }
            };
            match act.unwrap() {
                Act::Answer => Ok(vec![Ok(Telemetry::Lines(vec!["ok".into()])); asks.len()]),
                Act::Fail(reason) => Err(reason.into()),
                Act::RefusedUntil(end) if Instant::now() < end => Err(Reason::Refused.into()),
                Act::RefusedUntil(_) => Ok(vec![Ok(Telemetry::Lines(vec!["back".into()])); asks.len()]),
                Act::RetryAfter(seconds) => {
                    let mut error = FetchError::from(Reason::RateLimited);
                    error.retry_after = Some(Span::seconds(seconds));
                    Err(error)
                }
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("scripted"),
                Act::Block => {
                    aside().await;
                    let blocks = self.0.blocks.lock().unwrap().take().unwrap();
                    let _released = blocks.recv();
                    Ok(vec![Ok(Telemetry::Lines(vec!["late".into()])); asks.len()])
                }
            }
        }
    }

    struct Run {
        script: Arc<Script>,
        outcomes: mpsc::Receiver<Outcome>,
        refresh_now: watch::Sender<u64>,
    }

    fn start(acts: &[Act], pulse: &Arc<Pulse>, place: u32) -> Run {
        let script = Script { acts: Mutex::new(acts.iter().cloned().collect()), ..Script::default() };
        let pace = Pace { refresh: Span::seconds(10), timeout: Span::seconds(4) };
        start_script(script, pace, pulse, place)
    }

    fn start_script(script: Script, pace: Pace, pulse: &Arc<Pulse>, place: u32) -> Run {
        let script = Arc::new(script);
        let (sender, outcomes) = mpsc::channel(1000);
        let refresh_now = watch::Sender::new(0);
        let query = QueryId(place as usize);
        let context = Context {
            http: None,
            network: Network::default(),
            resolution: Resolution::of(query, watch::Sender::default().subscribe()),
            pace,
            treatment: Treatment::default(),
            nudge: Arc::default(),
        };
        let ask = Ask { query: "".into(), history: None };
        let poll = Poll { asks: vec![(query, ask)], place };
        let clock = Clock::Scripted { start: Timestamp(0), since: Instant::now(), moved: Arc::default() };
        let lines = Lines {
            outcomes: sender,
            refresh_now: refresh_now.subscribe(),
            pulse: Arc::clone(pulse),
            worker: Worker::new(&Limits::default()),
            clock,
        };
        let config = Arc::new(Config { script: Arc::clone(&script) });
        tokio::spawn(supervise::<Scripted>(config, context, poll, pace, lines));
        Run { script, outcomes, refresh_now }
    }

    fn polls(run: &Run) -> Vec<f64> {
        run.script.polls.lock().unwrap().iter().map(Duration::as_secs_f64).collect()
    }

    async fn wait(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_keeps_its_beat() {
        let run = start(&[Act::Answer], &Arc::default(), 0);
        wait(35).await;
        assert_eq!(polls(&run), [0.0, 10.0, 20.0, 30.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hang_ends_at_the_deadline_and_is_a_timeout() {
        let mut run = start(&[Act::Hang], &Arc::default(), 0);
        let outcome = run.outcomes.recv().await.unwrap();
        assert_eq!(outcome.answer.unwrap_err().reason, Reason::Timeout(Phase::Run));
        assert!((4000..4200).contains(&outcome.at.0), "{:?}", outcome.at);
    }

    // In real time: tokio's paused clock stands still while a thread of it works.
    #[tokio::test]
    async fn a_poll_that_blocks_is_a_timeout_and_no_second_one_begins_beside_it() {
        let pace = Pace { refresh: Span(20), timeout: Span(20) };
        let (release, blocks) = std::sync::mpsc::channel();
        let acts = Mutex::new([Act::Block, Act::Answer].into());
        let script = Script { acts, blocks: Mutex::new(Some(blocks)), ..Script::default() };
        let mut stuck = start_script(script, pace, &Arc::default(), 0);
        let answers = Script { acts: Mutex::new([Act::Answer].into()), ..Script::default() };
        let mut healthy = start_script(answers, pace, &Arc::default(), 1);
        for _ in 0..3 {
            let outcome = stuck.outcomes.recv().await.unwrap();
            assert_eq!(outcome.answer.unwrap_err().reason, Reason::Timeout(Phase::Run));
            assert!(healthy.outcomes.recv().await.unwrap().answer.is_ok());
        }
        assert_eq!(polls(&stuck).len(), 1, "a second one was begun beside the one that does not end");
        release.send(()).unwrap();
        let heard = async { while stuck.outcomes.recv().await.unwrap().answer.is_err() {} };
        tokio::time::timeout(Duration::from_secs(20), heard).await.expect("it is asked again once it has ended");
        assert_eq!(polls(&stuck).len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_failed_poll_and_the_next_one_is_made() {
        let mut run = start(&[Act::Panic, Act::Answer], &Arc::default(), 0);
        let first = run.outcomes.recv().await.unwrap();
        assert_eq!(first.answer.unwrap_err().reason, Reason::Internal);
        assert!(run.outcomes.recv().await.unwrap().answer.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn refused_answers_back_off_to_the_ceiling_with_jitter() {
        let run = start(&[Act::Fail(Reason::Http(500))], &Arc::default(), 0);
        wait(3600).await;
        let at = polls(&run);
        let pauses: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        for (n, pause) in pauses.iter().enumerate() {
            let full = (10.0 * 2_f64.powi(n as i32)).min(300.0);
            assert!((10.0_f64.max(full / 2.0) - 0.01..=full + 0.01).contains(pause), "{n}: {pause}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_waited_for_even_when_somebody_asks_for_a_refresh() {
        let run = start(&[Act::RetryAfter(120), Act::Answer], &Arc::default(), 0);
        wait(60).await;
        run.refresh_now.send_modify(|n| *n += 1);
        wait(90).await;
        let second = polls(&run)[1];
        assert!((120.0..=132.1).contains(&second), "{second}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_is_done_at_once() {
        let run = start(&[Act::Answer], &Arc::default(), 0);
        wait(3).await;
        run.refresh_now.send_modify(|n| *n += 1);
        wait(1).await;
        assert_eq!(polls(&run), [0.0, 3.0]);
    }

    #[tokio::test(start_paused = true)]
    async fn in_an_outage_one_asks_on_and_wakes_the_others() {
        let pulse = Arc::default();
        let mut acts = vec![Act::Fail(Reason::Refused); 30];
        acts.push(Act::Answer);
        let runs: Vec<Run> = (0..4).map(|place| start(&acts, &pulse, place)).collect();
        wait(305).await;
        let mut counts: Vec<usize> = runs.iter().map(|run| polls(run).len()).collect();
        counts.sort_unstable();
        assert_eq!(counts[3], 31, "the sentinel keeps its beat");
        assert!(counts[2] <= 16, "the others back off: {counts:?}");
        // The 31st poll of the sentinel is answered, at 300 s: all have been asked again by then.
        let late = runs.iter().filter(|run| polls(run).last().is_some_and(|at| *at > 299.0)).count();
        assert_eq!(late, 4);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_answered_first_wakes_the_others() {
        // It comes back just after the sentinel has asked: somebody else is the first to hear of it.
        for back in [300, 303, 306, 309] {
            let end = Instant::now() + Duration::from_secs(back);
            let pulse = Arc::default();
            let runs: Vec<Run> = (0..50).map(|place| start(&[Act::RefusedUntil(end)], &pulse, place)).collect();
            wait(back + 11).await;
            let heard = |run: &&Run| polls(run).last().is_some_and(|at| *at >= back as f64 - 0.2);
            assert_eq!(runs.iter().filter(heard).count(), 50, "back at {back} s, and some have not asked since");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_query_that_fails_alone_backs_off() {
        let pulse = Arc::default();
        let slow = start(&[Act::Hang], &pulse, 0);
        let _healthy = start(&[Act::Answer], &pulse, 1);
        wait(600).await;
        assert!(polls(&slow).len() < 12, "{:?}", polls(&slow));
    }

    #[tokio::test(start_paused = true)]
    async fn a_healthy_poll_keeps_its_beat_beside_every_kind_of_trouble() {
        let troubles = [
            Act::Fail(Reason::Refused),
            Act::Fail(Reason::Http(500)),
            Act::Fail(Reason::Auth),
            Act::Fail(Reason::TooLarge),
            Act::RetryAfter(60),
            Act::Hang,
            Act::Panic,
        ];
        let all: Vec<Run> =
            troubles.iter().cycle().take(70).map(|act| start(std::slice::from_ref(act), &Arc::default(), 0)).collect();
        let healthy = start(&[Act::Answer], &Arc::default(), 0);
        wait(1005).await;
        let at = polls(&healthy);
        assert_eq!(at.len(), 101);
        for pause in at.windows(2).map(|pair| pair[1] - pair[0]) {
            assert!((9.0..=11.0).contains(&pause), "{pause}");
        }
        assert!(all.iter().all(|run| polls(run).len() <= 102), "trouble is never polled faster than health");
    }

    #[tokio::test(start_paused = true)]
    async fn all_are_asked_soon_after_a_refresh_but_not_in_one_instant() {
        let pulse = Arc::default();
        let mut runs: Vec<Run> = (0..50).map(|place| start(&[Act::Answer], &pulse, place)).collect();
        wait(5).await;
        for run in &runs {
            run.refresh_now.send_modify(|n| *n += 1);
        }
        wait(2).await;
        let mut second: Vec<i64> = Vec::new();
        for run in &mut runs {
            run.outcomes.recv().await.unwrap();
            second.push(run.outcomes.recv().await.unwrap().at.0);
        }
        second.dedup();
        assert!(second.len() > 25, "in lockstep: {second:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sentinel_that_goes_is_followed_by_another() {
        let pulse: Arc<Pulse> = Arc::default();
        let first = start(&[Act::Fail(Reason::Refused)], &pulse, 0);
        wait(60).await;
        let second = start(&[Act::Fail(Reason::Refused)], &pulse, 1);
        wait(300).await;
        assert!(polls(&second).len() < 12, "it backs off behind the sentinel");
        drop(first);
        let before = polls(&second).len();
        wait(120).await;
        assert!(polls(&second).len() >= before + 11, "nobody keeps asking");
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_nobody_listens() {
        let run = start(&[Act::Answer], &Arc::default(), 0);
        wait(1).await;
        let script = Arc::clone(&run.script);
        drop(run);
        wait(100).await;
        assert_eq!(script.polls.lock().unwrap().len(), 1);
    }
}
