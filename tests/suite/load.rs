//! A thousand viewers of ten sizes at the socket of one board and a thousand more in browsers; of each a hundred stuck, and a
//! hundred that leave and come each second: the server of the telemetry is asked as often as by one, and nobody else notices.
//!
//! `tests/load` does it for ten minutes with a release build; its result is in docs/viewers.md.

mod clock;
mod pages;
mod report;
mod seen;
mod taken;
mod telemetry;
mod viewers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{sleep, timeout};

use crate::support::prometheus::free_port;
use crate::support::serving::{Serving, wait_for_page};
use pages::Site;
use report::{judge, judge_all, report};
use seen::{Seen, Tally};
use taken::Taken;
use telemetry::Telemetry;
use viewers::{Board, restless, steady, stuck};

const SIZES: [(u16, u16); 10] =
    [(80, 24), (90, 26), (100, 30), (110, 33), (120, 34), (132, 35), (140, 43), (160, 45), (180, 48), (200, 50)];
/// Of each ten viewers one is stuck, one restless.
#[derive(Clone, Copy)]
struct Crowd {
    viewers: usize,
    stuck: usize,
    restless: usize,
}
/// Those at the socket, and those in browsers: a debug build of this test cannot read for more of them.
const CROWDS: [Crowd; 2] = [Crowd::of(1000), Crowd::of(if cfg!(debug_assertions) { 200 } else { 1000 })];
const PANELS: usize = 12;
/// Files that this process needs, and that the server needs.
const FILES: u64 = (CROWDS[0].viewers + CROWDS[1].viewers) as u64 + 200;
/// For a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// What a viewer does.
enum Kind {
    Steady,
    Stuck,
    Restless,
}

impl Crowd {
    const fn of(viewers: usize) -> Self {
        Self { viewers, stuck: viewers / 10, restless: viewers / 10 }
    }

    const fn steady(self) -> usize {
        self.viewers - self.stuck - self.restless
    }

    /// What each does, and its size.
    fn all(self) -> impl Iterator<Item = (Kind, (u16, u16))> {
        (0..self.viewers).map(move |n| {
            let kind = match n {
                _ if n < self.steady() => Kind::Steady,
                _ if n < self.steady() + self.stuck => Kind::Stuck,
                _ => Kind::Restless,
            };
            (kind, SIZES[n % SIZES.len()])
        })
    }
}

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
    /// Of those at the socket, and of those in browsers.
    tallies: [Tally; 2],
}

/// Everything there is to measure.
struct Measuring<'a> {
    telemetry: &'a Telemetry,
    server: u32,
    seen: [&'a Seen; 2],
}

impl Measuring<'_> {
    async fn measure(&self, length: Duration) -> Measured {
        let (begin, before, asked) = (Instant::now(), Taken::by(self.server), self.telemetry.count());
        drop(self.seen.map(Seen::take));
        sleep(length).await;
        let (after, asked) = (Taken::by(self.server), self.telemetry.count() - asked);
        Measured {
            seconds: begin.elapsed().as_secs_f64(),
            requests: asked as f64,
            cpu: after.cpu - before.cpu,
            memory: [before.memory, after.memory],
            tallies: self.seen.map(Seen::take),
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
    let (telemetry, port) = (Telemetry::start(), free_port());
    let serving = Serving::with(&format!("{}[web]\nlisten = \"127.0.0.1:{port}\"\n", board_text(&telemetry)));
    wait_for_page(port);
    let board = Board { socket: serving.socket(), seen: Arc::new(Seen::new()) };
    let site = Site { address: ([127, 0, 0, 1], port).into(), seen: Arc::new(Seen::new()) };
    let measuring = Measuring { telemetry: &telemetry, server: serving.id(), seen: [&board.seen, &site.seen] };

    let mut steady_ones = vec![tokio::spawn(steady(board.clone(), SIZES[9]))];
    let mut requests = telemetry.requests.clone();
    let warm = timeout(PATIENCE, requests.wait_for(|count| *count > 5 * PANELS as u64));
    assert!(warm.await.is_ok_and(|warm| warm.is_ok()), "the board asks for nothing");
    let one = measuring.measure(Duration::from_secs(seconds.min(60) / 2)).await;

    // The first one is here.
    for (kind, size) in CROWDS[0].all().skip(1) {
        match kind {
            Kind::Steady => steady_ones.push(tokio::spawn(steady(board.clone(), size))),
            Kind::Stuck => drop(tokio::spawn(stuck(board.clone(), size))),
            Kind::Restless => drop(tokio::spawn(restless(board.clone(), size))),
        }
    }
    for (kind, size) in CROWDS[1].all() {
        match kind {
            Kind::Steady => steady_ones.push(tokio::spawn(pages::steady(site.clone(), size))),
            Kind::Stuck => drop(tokio::spawn(pages::stuck(site.clone(), size))),
            Kind::Restless => drop(tokio::spawn(pages::restless(site.clone(), size))),
        }
    }
    for (seen, Crowd { viewers, .. }) in measuring.seen.into_iter().zip(CROWDS) {
        let mut here = seen.here.subscribe();
        let all = timeout(PATIENCE, here.wait_for(|here| *here == viewers)).await;
        assert!(all.is_ok(), "{} of {viewers} have a picture; {:?}", *seen.here.borrow(), seen.take().refused);
    }
    let crowd = measuring.measure(Duration::from_secs(seconds)).await;
    report(&one, &crowd);
    let ended = steady_ones.iter().filter(|one| one.is_finished()).count();
    let lost = crowd.tallies.each_ref().map(|tally| &tally.lost);
    assert_eq!(ended, 0, "steady viewers were sent away, or have seen nonsense: {lost:?}");
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
