//! The supervisor of listeners with scripted ones, and polls that read what these have written, on tokio's paused clock.

use std::sync::Mutex;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::*;
use crate::model::time::Span;
use crate::source::Clock;

/// What a scripted listener does when it is started; the last one repeats.
#[derive(Debug, Clone, Copy)]
enum Act {
    /// It cannot listen.
    Fail,
    Panic,
    /// It is up, as it says each second, and hears nothing.
    Silent,
    /// It hears something each millisecond, for a second.
    Burst,
    /// It does not end when it is to.
    Stay,
}

/// What has come, each with its number.
type Room = Arc<Mutex<Vec<u64>>>;

struct Scripted(Act, Room);

impl Listener for Scripted {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        match self.0 {
            Act::Fail => return Err(FetchError::new(Reason::Listen, "the address is taken")),
            Act::Panic => panic!("scripted"),
            Act::Silent => loop {
                sink.set_up();
                tokio::select! {
                    () = sleep(Duration::from_secs(1)) => {}
                    () = shutdown.begun() => return Ok(()),
                }
            },
            Act::Burst => {
                sink.set_up();
                for number in 0..1000 {
                    self.1.lock().unwrap().push(number);
                    sink.written();
                    sleep(Duration::from_millis(1)).await;
                }
            }
            Act::Stay => pending().await,
        }
        shutdown.begun().await;
        Ok(())
    }
}

/// What a poll has found.
struct Poll {
    read: Vec<u64>,
    down: Option<Down>,
}

struct Run {
    listened: Listened,
    room: Room,
    starts: Arc<Mutex<Vec<f64>>>,
}

fn run(acts: &'static [Act]) -> Run {
    let (begin, starts, room) = (Instant::now(), Arc::<Mutex<Vec<f64>>>::default(), Room::default());
    let clock = Clock::Scripted { start: Timestamp(0), since: begin, moved: Arc::default() };
    let (noted, written) = (Arc::clone(&starts), Arc::clone(&room));
    let listening = Listening::new(move || {
        let mut starts = noted.lock().unwrap();
        starts.push(begin.elapsed().as_secs_f64());
        Scripted(acts[(starts.len() - 1).min(acts.len() - 1)], Arc::clone(&written))
    });
    let listened = start(listening, Handle::current(), Span::seconds(4), clock);
    Run { listened, room, starts }
}

impl Run {
    /// Polls at first, and then whenever it is called.
    fn polls(&self) -> Arc<Mutex<Vec<Poll>>> {
        let (mut ear, room) = (self.listened.ear.clone(), Arc::clone(&self.room));
        let polls = Arc::<Mutex<Vec<Poll>>>::default();
        let found = Arc::clone(&polls);
        tokio::spawn(async move {
            loop {
                ear.begins();
                let read = std::mem::take(&mut *room.lock().unwrap());
                let down = ear.down().await;
                found.lock().unwrap().push(Poll { read, down });
                ear.calls().await;
            }
        });
        polls
    }
}

async fn wait(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_is_started_again_with_back_off_and_says_why() {
    let run = run(&[Act::Fail, Act::Panic, Act::Fail]);
    let polls = run.polls();
    wait(600).await;
    let starts = run.starts.lock().unwrap().clone();
    let pauses: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (n, pause) in pauses.iter().enumerate() {
        let full = 2_f64.powi(n as i32).min(64.0);
        assert!((1.0_f64.max((full / 2.0).min(30.0)) - 0.01..=full.min(30.0) + 0.01).contains(pause), "{n}: {pause}");
    }
    assert!((20..40).contains(&starts.len()), "{starts:?}");
    let polls = polls.lock().unwrap();
    let downs: Vec<&Down> = polls.iter().map(|poll| poll.down.as_ref().expect("nobody listens")).collect();
    assert_eq!(downs.len(), starts.len(), "each failure is told");
    let reasons: Vec<Reason> = downs.iter().map(|down| down.error.reason).collect();
    assert_eq!(reasons[..3], [Reason::Listen, Reason::Internal, Reason::Listen]);
    assert_eq!(downs[0].error.detail.as_str(), "the address is taken");
    for (down, start) in downs.iter().zip(&starts[1..]) {
        let next_try = down.next_try.unwrap().0 as f64 / 1000.0;
        assert!((next_try - start).abs() < 0.01, "told for {next_try}, tried at {start}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_up_is_told_at_once_and_calls_nobody_while_it_hears_nothing() {
    let run = run(&[Act::Fail, Act::Silent]);
    let polls = run.polls();
    wait(35).await;
    let downs: Vec<bool> = polls.lock().unwrap().iter().map(|poll| poll.down.is_some()).collect();
    assert_eq!(downs, [true, false], "down, then up");
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_few_polls_and_they_read_all_of_it() {
    let run = run(&[Act::Burst]);
    let polls = run.polls();
    wait(5).await;
    let polls = polls.lock().unwrap();
    assert!((5..=12).contains(&polls.len()), "a thousand words, and {} polls", polls.len());
    let read: Vec<u64> = polls.iter().flat_map(|poll| poll.read.clone()).collect();
    assert_eq!(read, (0..1000).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_long_to_come_up_is_said_to() {
    let mut run = run(&[Act::Stay]);
    let begin = Instant::now();
    let down = run.listened.ear.down().await.expect("it is up");
    assert!(down.error.detail.as_str().contains("takes long to come up"), "{}", down.error.detail);
    assert_eq!(begin.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn it_is_shut_down_when_nobody_wants_it_any_more() {
    for acts in [&[Act::Silent], &[Act::Fail], &[Act::Stay]] {
        let Run { listened, room, starts } = run(acts);
        wait(15).await;
        drop(listened);
        let before = starts.lock().unwrap().len();
        wait(100).await;
        assert_eq!(starts.lock().unwrap().len(), before, "it was started again");
        assert_eq!(Arc::strong_count(&room), 1, "it goes on");
    }
}
