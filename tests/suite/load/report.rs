//! What was measured, as the rows of docs/viewers.md, and what has to hold.

use std::time::Duration;

use super::seen::{Tally, percentile};
use super::{CROWDS, Measured, PANELS, PATIENCE};

/// What a viewer may take beyond its frame, in KiB.
const MEMORY: f64 = 64.0;
/// From the first viewer to the last one.
const SPREAD: Duration = Duration::from_millis(500);
/// In so many seconds those that are stuck in browsers are given up, and known to be.
const LONG: f64 = 120.0;

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
    (crowd.memory[1] - one.memory[1]) / (CROWDS[0].viewers + CROWDS[1].viewers - 1) as f64
}

/// Of the server, and of those at the socket and those in browsers.
pub fn report(one: &Measured, crowd: &Measured) {
    let row = |what: &str, one: String, crowd: String| println!("| {what} | {one} | {crowd} |");
    let mebibytes = |memory: [f64; 2]| memory.map(|kibibytes| format!("{:.1} MiB", kibibytes / 1024.0)).join(", ");
    println!("{} s, {} and {} viewers", crowd.seconds.round(), CROWDS[0].viewers, CROWDS[1].viewers);
    println!("| | 1 viewer | all |\n|---|---|---|");
    let both = |what: &str, of: fn(&Measured) -> String| row(what, of(one), of(crowd));
    both("requests to the telemetry server a second", |at| format!("{:.2}", at.requests_a_second()));
    both("CPU of the server a minute", |at| format!("{:.2} s", at.cpu_a_minute()));
    row("memory of the server, at the begin and at the end", mebibytes(one.memory), mebibytes(crowd.memory));
    row("memory a viewer, its frame included", String::new(), format!("{:.1} KiB", a_viewer(one, crowd)));
    println!("| | at the socket | in browsers |\n|---|---|---|");
    let [socket, pages] = &crowd.tallies;
    let each = |what: &str, of: &dyn Fn(&Tally) -> String| row(what, of(socket), of(pages));
    each("pictures a second", &|tally| format!("{:.1}", tally.pictures as f64 / crowd.seconds));
    each("bytes a second", &|tally| format!("{:.0}", tally.bytes as f64 / crowd.seconds));
    each("from the first viewer to the last one: median, p99, longest", &|tally| points(&tally.spreads()));
    let missed = [(socket, 0), (pages, 1)].map(|(tally, n)| tally.missed(CROWDS[n].steady()).to_string());
    let [at_socket, on_pages] = missed;
    row("seconds without a picture, of all steady viewers", at_socket, on_pages);
    each("longest time between two pictures", &|tally| millis(tally.longest_pause));
    each("comings; until the first picture: median, p99, longest", &|tally| {
        let mut comings = tally.comings.clone();
        comings.sort_unstable();
        format!("{}; {}", comings.len(), points(&comings))
    });
    each("stuck viewers given up", &|tally| tally.given_up.to_string());
    each("not let in", &|tally| format!("{:?}", tally.refused));
}

fn points(sorted: &[Duration]) -> String {
    [50, 99, 100].map(|hundredths| millis(percentile(sorted, hundredths))).join(", ")
}

fn millis(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

/// What holds on any machine, in any build.
pub fn judge(one: &Measured, crowd: &Measured) {
    let (before, with_all) = (one.requests_a_second(), crowd.requests_a_second());
    // On a busy machine even one viewer gets less than each panel once a second; and one poll of each panel may lie on
    // either side of the edge.
    let most = before.max(PANELS as f64) * 1.1 + PANELS as f64 / crowd.seconds;
    assert!(with_all <= most, "{with_all} requests a second, and {before} of one viewer");
    assert!(a_viewer(one, crowd) < MEMORY, "{:.1} KiB a viewer", a_viewer(one, crowd));
    for (tally, of) in crowd.tallies.iter().zip(CROWDS) {
        assert_eq!(tally.unasked, 0, "who has not taken a picture is sent none, and is given up");
        assert!(tally.comings.len() >= of.restless, "they could not come again: {:?}", tally.refused);
        let pictures = tally.seconds.values().map(|second| second.delays.len()).sum::<usize>();
        assert!(pictures >= of.steady() * 3, "the board stands still: {pictures} pictures of {} viewers", of.steady());
    }
    let [socket, pages] = &crowd.tallies;
    assert!(socket.given_up >= CROWDS[0].stuck as u64 / 2, "the stuck ones are never given up");
    let is_known = crowd.seconds < LONG || pages.given_up >= CROWDS[1].stuck as u64;
    assert!(is_known, "the stuck ones in browsers are never given up");
}

/// What holds in a release build on a machine that does nothing else.
pub fn judge_all(one: &Measured, crowd: &Measured) {
    let (before, with_all) = (one.requests_a_second(), crowd.requests_a_second());
    assert!((with_all - before).abs() <= before * 0.1, "{with_all} requests a second, and {before} of one viewer");
    for (tally, of) in crowd.tallies.iter().zip(CROWDS) {
        let slowest = tally.spreads().last().copied().unwrap_or(PATIENCE);
        assert!(slowest < SPREAD, "{slowest:?} from the first viewer to the last one");
        assert_eq!(tally.missed(of.steady()), 0, "steady viewers have missed a second");
        assert!(tally.refused.is_empty(), "{:?}", tally.refused);
    }
}
