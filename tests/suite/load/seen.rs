//! What all viewers have seen.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// Shared by all viewers.
pub struct Seen {
    tally: Mutex<Tally>,
    /// How many viewers have had a picture.
    pub here: watch::Sender<usize>,
}

#[derive(Default)]
pub struct Tally {
    pub pictures: u64,
    pub bytes: u64,
    /// When whom of the steady ones the picture of a second of the board's clock has reached.
    pub seconds: BTreeMap<i64, Second>,
    /// The longest time between two pictures of a steady viewer.
    pub longest_pause: Duration,
    /// How long it took until those that come again had a picture.
    pub comings: Vec<Duration>,
    /// Why steady viewers were sent away.
    pub lost: Vec<String>,
    /// Stuck ones that were sent away.
    pub given_up: u64,
    /// Pictures that were sent to somebody who has not shown the one before.
    pub unasked: u64,
    /// How often somebody was not let in, by the reason.
    pub refused: BTreeMap<String, u64>,
}

/// The pictures of one second.
pub struct Second {
    first: Instant,
    /// From the first viewer to each of the others.
    pub delays: Vec<Duration>,
}

impl Seen {
    pub fn new() -> Self {
        Self { tally: Mutex::default(), here: watch::Sender::new(0) }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap()
    }

    /// All that was seen since the last time.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut self.tally())
    }

    pub fn arrived(&self) {
        self.here.send_modify(|here| *here += 1);
    }

    pub fn picture(&self, bytes: usize) {
        let mut tally = self.tally();
        tally.pictures += 1;
        tally.bytes += bytes as u64;
    }

    /// A steady viewer has a picture; it may be the first one of a second.
    pub fn steady(&self, second: i64, is_first: bool, pause: Duration) {
        let (now, mut tally) = (Instant::now(), self.tally());
        tally.longest_pause = tally.longest_pause.max(pause);
        if is_first {
            let second = tally.seconds.entry(second).or_insert_with(|| Second { first: now, delays: Vec::new() });
            let delay = now.duration_since(second.first);
            second.delays.push(delay);
        }
    }

    pub fn came_again(&self, after: Duration) {
        self.tally().comings.push(after);
    }

    pub fn lost(&self, why: String) {
        self.tally().lost.push(why);
    }

    pub fn given_up(&self) {
        self.tally().given_up += 1;
    }

    pub fn unasked(&self) {
        self.tally().unasked += 1;
    }

    pub fn refused(&self, why: &io::Error) {
        *self.tally().refused.entry(why.to_string()).or_default() += 1;
    }
}

impl Tally {
    /// The seconds that were seen from their begin to their end.
    fn whole_seconds(&self) -> impl Iterator<Item = &Second> {
        self.seconds.values().skip(1).take(self.seconds.len().saturating_sub(2))
    }

    /// From the first steady viewer to the last one, for each second; the shortest first.
    pub fn spreads(&self) -> Vec<Duration> {
        let mut all: Vec<Duration> =
            self.whole_seconds().filter_map(|second| second.delays.iter().max().copied()).collect();
        all.sort_unstable();
        all
    }

    /// How often one of so many steady viewers had no picture in a second in which others had one.
    pub fn missed(&self, steady: usize) -> usize {
        self.whole_seconds().map(|second| steady - second.delays.len()).sum()
    }
}

/// The value below which so many hundredths of sorted ones are.
pub fn percentile(sorted: &[Duration], hundredths: usize) -> Duration {
    let at = (sorted.len() * hundredths).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}
