//! The supervisor with a scripted source, mostly on tokio's paused clock.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::model::fault::AuthFault;
use crate::source::answer_filter::AnswerFilter;
use crate::source::contract::{QueryLanguage, Resolution};
use crate::source::limits::Limits;
use crate::source::network::Network;
use crate::source::offload::aside;
use crate::source::shared::Shared;

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
            Act::Answer => Ok(vec![Ok(Telemetry::Text(vec!["ok".into()])); asks.len()]),
            Act::Fail(reason) => Err(reason.into()),
            Act::RefusedUntil(end) if Instant::now() < end => Err(Reason::Refused.into()),
            Act::RefusedUntil(_) => Ok(vec![Ok(Telemetry::Text(vec!["back".into()])); asks.len()]),
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
                Ok(vec![Ok(Telemetry::Text(vec!["late".into()])); asks.len()])
            }
        }
    }
}

struct Run {
    script: Arc<Script>,
    outcomes: mpsc::Receiver<Outcome>,
    refresh_now: watch::Sender<u64>,
}

fn start(acts: &[Act], pulse: &Arc<Pulse>, index: u32) -> Run {
    let script = Script { acts: Mutex::new(acts.iter().cloned().collect()), ..Script::default() };
    let pace = Pace { refresh: Span::seconds(10), timeout: Span::seconds(4) };
    start_script(script, pace, pulse, index)
}

fn start_script(script: Script, pace: Pace, pulse: &Arc<Pulse>, index: u32) -> Run {
    let script = Arc::new(script);
    let (sender, outcomes) = mpsc::channel(1000);
    let refresh_now = watch::Sender::new(0);
    let query = QueryId(index as usize);
    let context = Context {
        http: None,
        network: Network::default(),
        resolution: Resolution::new(query, watch::Sender::default().subscribe()),
        pace,
        answer_filter: AnswerFilter::default(),
        name: crate::model::text::SafeText::default(),
        shared: Shared::default(),
    };
    let ask = Ask { query: "".into(), history: None };
    let poll = Poll { asks: vec![(query, ask)], index };
    let clock = Clock::Scripted { start: Timestamp(0), since: Instant::now(), moved: Arc::default() };
    let channels = PollChannels {
        outcomes: sender,
        refresh_now: refresh_now.subscribe(),
        pulse: Arc::clone(pulse),
        worker: Worker::new(&Limits::default()),
        clock,
        ear: Ear::default(),
    };
    let config = Arc::new(Config { script: Arc::clone(&script) });
    tokio::spawn(supervise::<Scripted>(config, context, poll, pace, channels));
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
    let runs: Vec<Run> = (0..4).map(|index| start(&acts, &pulse, index)).collect();
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
        let runs: Vec<Run> = (0..50).map(|index| start(&[Act::RefusedUntil(end)], &pulse, index)).collect();
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
        Act::Fail(Reason::Auth(AuthFault::Unauthorised)),
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
    let mut runs: Vec<Run> = (0..50).map(|index| start(&[Act::Answer], &pulse, index)).collect();
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
