//! A thousand viewers of ten sizes on one board, a hundred of them stuck, a hundred that leave and come each second: the
//! server of the telemetry is asked as often as by one, and nobody else notices.
//!
//! `tests/load` does it for ten minutes with a release build; its result is in docs/viewers.md.

mod seen;
mod taken;
mod telemetry;
mod viewers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{sleep, timeout};

use crate::support::serving::Serving;
use seen::{Seen, Tally, percentile};
use taken::Taken;
use telemetry::Telemetry;
use viewers::{Board, restless, steady, stuck};

const SIZES: [(u16, u16); 10] =
    [(80, 24), (90, 26), (100, 30), (110, 33), (120, 34), (132, 35), (140, 43), (160, 45), (180, 48), (200, 50)];
const VIEWERS: usize = 1000;
const STUCK: usize = 100;
const RESTLESS: usize = 100;
const STEADY: usize = VIEWERS - STUCK - RESTLESS;
const PANELS: usize = 12;
/// Files that this process needs, and that the server needs.
const FILES: u64 = VIEWERS as u64 + 200;
/// For a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// What a viewer may take beyond its frame, in KiB.
const MEMORY: f64 = 64.0;
/// From the first viewer to the last one.
const SPREAD: Duration = Duration::from_millis(500);

#[test]
fn a_thousand_viewers_ask_for_as_much_as_one_and_nobody_notices_who_is_stuck_or_leaves() {
    crate::support::alone("load::viewers_alone");
}

/// What was measured in some seconds.
struct Measured {
    seconds: f64,
    requests: f64,
    cpu: f64,
    /// At the begin and at the end.
    memory: [f64; 2],
    tally: Tally,
}

/// Everything there is to measure.
struct Measuring<'a> {
    telemetry: &'a Telemetry,
    server: u32,
    seen: &'a Seen,
}

impl Measuring<'_> {
    async fn measure(&self, length: Duration) -> Measured {
        let (begin, before, asked) = (Instant::now(), Taken::by(self.server), self.telemetry.count());
        drop(self.seen.take());
        sleep(length).await;
        let (after, asked) = (Taken::by(self.server), self.telemetry.count() - asked);
        Measured {
            seconds: begin.elapsed().as_secs_f64(),
            requests: asked as f64,
            cpu: after.cpu - before.cpu,
            memory: [before.memory, after.memory],
            tally: self.seen.take(),
        }
    }
}

#[tokio::test]
#[ignore = "run by the test above, and by tests/load, in a process of its own"]
async fn viewers_alone() {
    if !may_open(FILES) {
        println!("SKIPPED load: a process may not open {FILES} files here");
        return;
    }
    let seconds: u64 = std::env::var("ANDON_LOAD_SECONDS").ok().map_or(12, |text| text.parse().unwrap());
    let is_long = seconds >= 60 && !cfg!(debug_assertions);
    let telemetry = Telemetry::start();
    let serving = Serving::with(&board_text(&telemetry));
    let board = Board { socket: serving.socket(), seen: Arc::new(Seen::new()) };
    let measuring = Measuring { telemetry: &telemetry, server: serving.id(), seen: &board.seen };

    let mut steady_ones = vec![tokio::spawn(steady(board.clone(), SIZES[9]))];
    let mut requests = telemetry.requests.clone();
    let warm = timeout(PATIENCE, requests.wait_for(|count| *count > 5 * PANELS as u64));
    assert!(warm.await.is_ok_and(|warm| warm.is_ok()), "the board asks for nothing");
    let one = measuring.measure(Duration::from_secs(seconds.min(60) / 2)).await;

    for n in 1..VIEWERS {
        let (board, size) = (board.clone(), SIZES[n % SIZES.len()]);
        match n {
            _ if n < STEADY => steady_ones.push(tokio::spawn(steady(board, size))),
            _ if n < STEADY + STUCK => drop(tokio::spawn(stuck(board, size))),
            _ => drop(tokio::spawn(restless(board, size))),
        }
    }
    let mut here = board.seen.here.subscribe();
    let all = timeout(PATIENCE, here.wait_for(|here| *here == VIEWERS)).await;
    assert!(all.is_ok(), "{} of {VIEWERS} have a picture; {:?}", *board.seen.here.borrow(), board.seen.take().refused);
    let crowd = measuring.measure(Duration::from_secs(seconds)).await;
    report(&one, &crowd);
    let ended = steady_ones.iter().filter(|one| one.is_finished()).count();
    assert_eq!(ended, 0, "steady viewers were sent away, or have seen nonsense: {:?}", crowd.tally.lost);
    judge(&one, &crowd);
    if is_long {
        judge_all(&one, &crowd);
    }
}

/// Whether this process and those that it starts may open so many files.
fn may_open(files: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|now| now >= files) {
        return true;
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(files), ..limit }).is_ok()
}

fn board_text(telemetry: &Telemetry) -> String {
    let views = ["stat", "chart", "sparkline", "gauge", "chart", "stat"];
    let mut text = format!(
        "title = \"Load\"\nrefresh = \"1s\"\nwindow = \"15m\"\n[sources.p]\ntype = \"prometheus\"\nurl = \"http://{}\"\n\
         [[dashboards]]\nname = \"d\"\n",
        telemetry.address
    );
    for (n, view) in views.iter().cycle().take(PANELS).enumerate() {
        text.push_str(&format!(
            "[[dashboards.panels]]\nid = \"p{n}\"\nview = \"{view}\"\nsource = \"p\"\nquery = \"panel_{n}\"\nwarning = \"> 90\"\n"
        ));
    }
    text
}

impl Measured {
    fn requests_a_second(&self) -> f64 {
        self.requests / self.seconds
    }

    fn cpu_a_minute(&self) -> f64 {
        self.cpu / self.seconds * 60.0
    }
}

/// What one more viewer takes, in KiB.
fn a_viewer(one: &Measured, crowd: &Measured) -> f64 {
    (crowd.memory[1] - one.memory[1]) / (VIEWERS - 1) as f64
}

/// The rows of docs/viewers.md.
fn report(one: &Measured, crowd: &Measured) {
    let row = |what: &str, one: String, crowd: String| println!("| {what} | {one} | {crowd} |");
    let both = |what: &str, figure: fn(&Measured) -> String| row(what, figure(one), figure(crowd));
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1000.0);
    let mebibytes = |kib: f64| format!("{:.1} MiB", kib / 1024.0);
    println!("\n| | 1 viewer | {VIEWERS} viewers |\n|---|---|---|");
    both("seconds", |at| format!("{:.0}", at.seconds));
    both("requests to the telemetry server a second", |at| format!("{:.2}", at.requests_a_second()));
    both("CPU of the server a minute", |at| format!("{:.2} s", at.cpu_a_minute()));
    both("pictures sent a second", |at| format!("{:.1}", at.tally.pictures as f64 / at.seconds));
    both("bytes sent a second", |at| format!("{:.0}", at.tally.bytes as f64 / at.seconds));
    row(
        "memory of the server, at the begin and at the end",
        one.memory.map(mebibytes).join(", "),
        crowd.memory.map(mebibytes).join(", "),
    );
    row("memory a viewer, its frame included", String::new(), format!("{:.1} KiB", a_viewer(one, crowd)));
    let spreads = crowd.tally.spreads();
    let all = [50, 99, 100].map(|hundredths| millis(percentile(&spreads, hundredths)));
    row(
        "from the first viewer of a second's picture to the last one: median, p99, longest",
        String::new(),
        all.join(", "),
    );
    row("seconds without a picture, of all steady viewers", String::new(), crowd.tally.missed(STEADY).to_string());
    row("longest time between two pictures", millis(one.tally.longest_pause), millis(crowd.tally.longest_pause));
    let mut comings = crowd.tally.comings.clone();
    comings.sort_unstable();
    row(
        "comings and goings; until the first picture: median, p99, longest",
        String::new(),
        format!("{}; {}", comings.len(), [50, 99, 100].map(|at| millis(percentile(&comings, at))).join(", ")),
    );
    row("stuck viewers given up", String::new(), crowd.tally.given_up.to_string());
    row("not let in", String::new(), format!("{:?}", crowd.tally.refused));
}

/// What holds on any machine, in any build.
fn judge(one: &Measured, crowd: &Measured) {
    let tally = &crowd.tally;
    let (before, with_all) = (one.requests_a_second(), crowd.requests_a_second());
    // On a busy machine even one viewer gets less than each panel once a second; and one poll of each panel may lie on
    // either side of the edge.
    let most = before.max(PANELS as f64) * 1.1 + PANELS as f64 / crowd.seconds;
    assert!(with_all <= most, "{with_all} requests a second, and {before} of one viewer");
    assert_eq!(tally.unasked, 0, "who has not shown a picture is sent none");
    assert!(a_viewer(one, crowd) < MEMORY, "{:.1} KiB a viewer", a_viewer(one, crowd));
    assert!(tally.comings.len() >= RESTLESS, "they could not come again: {:?}", tally.refused);
    assert!(tally.given_up >= STUCK as u64 / 2, "the stuck ones are never given up");
    let pictures = tally.seconds.values().map(|second| second.delays.len()).sum::<usize>();
    assert!(pictures >= STEADY * 3, "the board stands still: {pictures} pictures of {STEADY} viewers");
}

/// What holds in a release build on a machine that does nothing else.
fn judge_all(one: &Measured, crowd: &Measured) {
    let (before, with_all) = (one.requests_a_second(), crowd.requests_a_second());
    assert!((with_all - before).abs() <= before * 0.1, "{with_all} requests a second, and {before} of one viewer");
    let tally = &crowd.tally;
    let slowest = tally.spreads().last().copied().unwrap_or(PATIENCE);
    assert!(slowest < SPREAD, "{slowest:?} from the first viewer to the last one");
    assert_eq!(tally.missed(STEADY), 0, "steady viewers have missed a second");
    assert!(tally.refused.is_empty(), "{:?}", tally.refused);
}
