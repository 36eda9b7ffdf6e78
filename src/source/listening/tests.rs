//! The supervisor of listeners with scripted ones, on tokio's paused clock.

use std::sync::Mutex;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::*;
use crate::model::poll::{Outcome, QueryId};
use crate::model::telemetry::Caveat;
use crate::model::time::Span;
use crate::source::Clock;

const PACE: Pace = Pace { refresh: Span::seconds(10), timeout: Span::seconds(4) };

/// What a scripted listener does when it is started; the last one repeats.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// It cannot listen.
    Fail,
    Panic,
    /// It is up, and hears nothing.
    Silent,
    /// A value and a word to the polls each millisecond, for a second.
    Burst,
    /// More at once than there is room for.
    Flood,
}

struct Scripted(Act);

impl Listener for Scripted {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        match self.0 {
            Act::Fail => return Err(FetchError::new(Reason::Listen, "the address is taken")),
            Act::Panic => panic!("scripted"),
            Act::Silent => sink.set_up(),
            Act::Burst => {
                sink.set_up();
                for at in 0..1000 {
                    assert!(sink.send(sample(at)));
                    sink.written();
                    sleep(Duration::from_millis(1)).await;
                }
            }
            Act::Flood => {
                sink.set_up();
                let taken = (0..3 * WAITING as i64).filter(|at| sink.send(sample(*at))).count();
                assert_eq!(taken, WAITING);
            }
        }
        shutdown.begun().await;
        Ok(())
    }
}

fn sample(at: i64) -> Sample {
    Sample { labels: Labels::named("a"), point: Point { at: Timestamp(at), value: at as f64 } }
}

struct Run {
    listened: Listened,
    outcomes: mpsc::Receiver<Outcome>,
    starts: Arc<Mutex<Vec<f64>>>,
}

fn run(acts: &'static [Act]) -> Run {
    let (sender, outcomes) = mpsc::channel(1000);
    let (begin, starts) = (Instant::now(), Arc::<Mutex<Vec<f64>>>::default());
    let clock = Clock::Scripted { start: Timestamp(0), since: begin, moved: Arc::default() };
    let noted = Arc::clone(&starts);
    let listening = Listening::new(move || {
        let mut starts = noted.lock().unwrap();
        starts.push(begin.elapsed().as_secs_f64());
        Scripted(acts[(starts.len() - 1).min(acts.len() - 1)])
    });
    let listened = start(listening, Handle::current(), PACE, sender, clock);
    listened.queries.send_replace(vec![QueryId(0)]);
    Run { listened, outcomes, starts }
}

async fn wait(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

impl Run {
    /// All outcomes that have come.
    fn take_outcomes(&mut self) -> Vec<Outcome> {
        std::iter::from_fn(|| self.outcomes.try_recv().ok()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_is_started_again_with_back_off_and_says_why() {
    let mut run = run(&[Act::Fail, Act::Panic, Act::Fail]);
    wait(600).await;
    let starts = run.starts.lock().unwrap().clone();
    let pauses: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (n, pause) in pauses.iter().enumerate() {
        let full = 2_f64.powi(n as i32).min(64.0);
        assert!((1.0_f64.max((full / 2.0).min(30.0)) - 0.01..=full.min(30.0) + 0.01).contains(pause), "{n}: {pause}");
    }
    assert!((20..40).contains(&starts.len()), "{starts:?}");
    let all = run.take_outcomes();
    assert_eq!(all.len(), starts.len(), "each failure is told");
    let reasons: Vec<Reason> = all.iter().map(|one| one.answer.as_ref().unwrap_err().reason).collect();
    assert_eq!(reasons[..3], [Reason::Listen, Reason::Internal, Reason::Listen]);
    assert_eq!(all.iter().map(|one| one.failures).take(3).collect::<Vec<_>>(), [1, 2, 3]);
    let down = run.listened.ear.down().await.expect("nobody listens");
    assert_eq!(
        (down.error.detail.as_str(), down.next_try),
        ("the address is taken", Some(all.last().unwrap().next_try))
    );
}

#[tokio::test(start_paused = true)]
async fn one_that_hears_nothing_gives_a_sign_of_life_at_the_usual_pace() {
    let mut run = run(&[Act::Fail, Act::Silent]);
    wait(35).await;
    assert!(run.listened.ear.down().await.is_none());
    let all = run.take_outcomes();
    let signs: Vec<bool> = all.iter().map(|one| one.answer.as_ref().is_ok_and(Telemetry::is_empty)).collect();
    assert_eq!(signs, [false, true, true, true, true], "down, then up, and once an interval");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_few_batches_and_few_calls_to_the_polls() {
    let mut run = run(&[Act::Burst]);
    let mut ear = run.listened.ear.clone();
    let calls = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        loop {
            ear.calls().await;
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    wait(5).await;
    let called = calls.load(Ordering::Relaxed);
    assert!((5..=12).contains(&called), "a thousand words, and {called} calls");
    let batches: Vec<Telemetry> = run.take_outcomes().into_iter().map(|one| one.answer.unwrap()).collect();
    assert!(batches.len() <= 12, "{}", batches.len());
    let points = batches.iter().flat_map(|batch| match batch {
        Telemetry::Series(set) => set.series.iter().flat_map(|one| one.points.clone()).collect(),
        _ => Vec::new(),
    });
    let times: Vec<i64> = points.map(|point| point.at.0).collect();
    assert_eq!(times, (0..1000).collect::<Vec<_>>(), "each value has its own time, and none is missing");
}

#[tokio::test(start_paused = true)]
async fn what_there_is_no_room_for_is_dropped_counted_and_said() {
    let mut run = run(&[Act::Flood]);
    let said = |outcomes: Vec<Outcome>| -> Vec<Option<Caveat>> {
        outcomes.into_iter().map(|one| one.answer.unwrap().split().1).collect()
    };
    let lost = Caveat { text: "20000 samples were lost: too many came at once".into(), partial: true };
    wait(15).await;
    let all = said(run.take_outcomes());
    assert!(all.contains(&Some(lost.clone())) && all.last().unwrap() == &Some(lost), "{all:?}");
    wait(120).await;
    assert_eq!(said(run.take_outcomes()).last(), Some(&None), "it is spoken of for ever");
}

#[tokio::test(start_paused = true)]
async fn it_is_shut_down_when_nobody_wants_it_any_more() {
    for acts in [&[Act::Silent], &[Act::Fail]] {
        let Run { listened, mut outcomes, starts } = run(acts);
        wait(15).await;
        drop(listened);
        while outcomes.recv().await.is_some() {}
        let before = starts.lock().unwrap().len();
        wait(100).await;
        assert_eq!(starts.lock().unwrap().len(), before, "it was started again");
    }
}
