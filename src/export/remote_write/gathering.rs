//! Samples on their way to an engine: in order, none twice, and a series that goes silent ends with a stale marker.
//!
//! Engines refuse a request for one sample that is older than another of its series, or that is there already with another
//! value (prometheus#9214): such a sample is never sent.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::message::Sample;
use super::naming::{Identity, identity};
use crate::model::freshness::longest_age;
use crate::model::labels::{Labels, METRIC};
use crate::model::measured::{Measured, Origin};
use crate::model::series::{Point, Series};
use crate::model::time::{Span, Timestamp};

/// Most samples of one request.
const MOST: usize = 2_000;
/// A series that has been silent for so long is forgotten.
const FORGOTTEN: Span = Span::seconds(3600);
/// Most series; samples of more are left out.
const MOST_SERIES: usize = 20_000;

/// Samples that wait to be put into a request.
#[derive(Debug, Default)]
pub struct Gathering {
    /// The labels on everything.
    own: BTreeMap<String, String>,
    series: HashMap<Identity, Known>,
    /// Of a series that is not known, samples up to this moment were sent before, or are of before the board.
    known_until: Timestamp,
    waiting: VecDeque<Sample>,
    left_out: LeftOut,
}

/// What is known of a series that is sent.
#[derive(Debug)]
struct Known {
    /// The labels that it has on the board.
    labels: Labels,
    /// By which its last sample came.
    origin: Arc<Origin>,
    last: Timestamp,
    /// When the last one came: its sender may go by another clock.
    heard: Timestamp,
    /// Between the last two.
    spacing: Span,
    /// Whether its last sample was a stale marker.
    is_stale: bool,
}

impl Known {
    /// Whether this is the series that is known. (Two queries may ask for one metric; without a name of its own a series is
    /// known by its query.)
    fn is_same(&self, origin: &Origin, labels: &Labels) -> bool {
        self.labels == *labels && (labels.get(METRIC).is_some() || self.origin.query == origin.query)
    }

    /// How long it may be silent: no longer than the board judges it.
    fn patience(&self) -> Span {
        longest_age(self.origin.stale_after, self.origin.is_given, self.spacing)
    }
}

/// Ends a series just behind its last sample: what comes later is never older than that. Returns when.
fn end(waiting: &mut VecDeque<Sample>, series: Identity, last: Timestamp) -> Timestamp {
    let at = last.plus(Span(1));
    waiting.push_back(Sample { series, at, value: None });
    at
}

/// How many samples were not taken, and why.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// Older than what was taken of the same series before: the clock was set back, or they came late.
    pub late: u64,
    /// Of a series that would have the labels of another one.
    pub clashing: u64,
    /// Of more series than can be followed.
    pub over_limit: u64,
    /// Came faster than they could be gathered.
    pub missed: u64,
}

impl LeftOut {
    /// In a sentence's half; empty where all is taken.
    pub fn said(&self) -> String {
        let parts = [
            (self.late, "older than what was sent"),
            (self.clashing, "of series with the labels of others"),
            (self.over_limit, "of more than 20,000 series"),
            (self.missed, "too many at once"),
        ];
        let said = parts.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}"));
        said.collect::<Vec<_>>().join(", ")
    }
}

impl Gathering {
    /// With the labels that are put on everything, and the moment up to which all was sent before.
    pub fn new(own: BTreeMap<String, String>, known_until: Timestamp) -> Self {
        Self { own, known_until, ..Self::default() }
    }

    /// Goes on with other labels on everything: with them all series are new, and those with the old ones end.
    #[must_use]
    pub fn relabelled(mut self, own: BTreeMap<String, String>, now: Timestamp) -> Self {
        if own != self.own {
            for (identity, known) in self.series.extract_if(|_, known| !known.is_stale) {
                end(&mut self.waiting, identity, known.last);
            }
            (self.own, self.known_until) = (own, now);
            self.series.clear();
        }
        self
    }

    /// Somebody else writes the same just now: nothing of it is taken, later either.
    pub fn leave_out(&mut self, now: Timestamp) {
        self.known_until = now;
        self.series.clear();
        self.waiting.clear();
    }

    /// Takes what an answer has brought.
    pub fn take(&mut self, Measured { origin, series }: &Measured, now: Timestamp) {
        for one in series {
            let identity = identity(origin, &one.labels, &self.own);
            self.count_late(origin, &identity, one);
            for point in &one.points {
                self.take_one(origin, &identity, &one.labels, *point, now);
            }
        }
    }

    /// All of it is older than what was taken. (A source that is opened anew tells once more what it knows, its newest sample
    /// included: that is not late.)
    fn count_late(&mut self, origin: &Origin, identity: &Identity, series: &Series) {
        let Some(known) = self.series.get(identity).filter(|known| known.labels == series.labels) else { return };
        // Two queries may ask for one series, and one of them has heard less.
        if known.origin.query == origin.query && series.points.last().is_some_and(|newest| newest.at < known.last) {
            self.left_out.late += series.points.len() as u64;
        }
    }

    fn take_one(&mut self, origin: &Arc<Origin>, identity: &Identity, labels: &Labels, point: Point, now: Timestamp) {
        let value = point.value.is_finite().then_some(point.value);
        let is_full = self.series.len() >= MOST_SERIES;
        match self.series.get_mut(identity) {
            // A series that has no value yet has nothing that could grow stale.
            None if value.is_none() || point.at <= self.known_until => return,
            None if is_full => {
                self.left_out.over_limit += 1;
                return;
            }
            None => {
                let known = Known {
                    labels: labels.clone(),
                    origin: Arc::clone(origin),
                    last: point.at,
                    heard: now,
                    spacing: Span(0),
                    is_stale: false,
                };
                self.series.insert(Identity::clone(identity), known);
            }
            Some(known) if !known.is_same(origin, labels) => {
                self.left_out.clashing += 1;
                return;
            }
            Some(known) if point.at <= known.last || (value.is_none() && known.is_stale) => return,
            Some(known) => {
                known.spacing = known.last.age_at(point.at);
                (known.last, known.heard) = (point.at, now);
                known.origin = Arc::clone(origin);
                known.is_stale = value.is_none();
            }
        }
        self.waiting.push_back(Sample { series: Identity::clone(identity), at: point.at, value });
    }

    /// Ends every series of which nothing came for as long as its data take to grow stale on the board.
    pub fn end_stale(&mut self, now: Timestamp) {
        for (identity, known) in &mut self.series {
            if !known.is_stale && known.heard.age_at(now) > known.patience() {
                known.is_stale = true;
                known.last = end(&mut self.waiting, Identity::clone(identity), known.last);
            }
        }
        self.series.retain(|_, known| !known.is_stale || known.heard.age_at(now) <= FORGOTTEN);
    }

    /// The samples of the next request; none where none waits.
    pub fn request(&mut self) -> Option<Vec<Sample>> {
        let count = self.waiting.len().min(MOST);
        (count > 0).then(|| self.waiting.drain(..count).collect())
    }

    /// Whether a request would be full.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MOST
    }

    /// What was not taken.
    pub const fn left_out(&self) -> LeftOut {
        self.left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(query: &str, is_given: bool) -> Arc<Origin> {
        let (source, query) = ("app".to_owned(), query.to_owned());
        Arc::new(Origin { kind: "statsd", source, query, stale_after: Span::seconds(30), is_given })
    }

    fn measured(query: &str, metric: &str, points: &[(i64, f64)]) -> Measured {
        let labels = Labels::new([(METRIC.to_owned(), metric.to_owned())].into());
        let points = points.iter().map(|(at, value)| Point { at: Timestamp(*at), value: *value }).collect();
        Measured { origin: origin(query, true), series: vec![Series { labels, points }] }
    }

    /// Takes points when the last of them is measured.
    fn take(all: &mut Gathering, query: &str, metric: &str, points: &[(i64, f64)]) {
        all.take(&measured(query, metric, points), Timestamp(points.last().unwrap().0));
    }

    fn sent(gathering: &mut Gathering) -> Vec<(i64, Option<f64>)> {
        gathering.request().unwrap_or_default().iter().map(|one| (one.at.0, one.value)).collect()
    }

    #[test]
    fn none_is_taken_twice_nor_out_of_order() {
        let mut all = Gathering::default();
        take(&mut all, "a", "a", &[(1000, 1.0), (2000, 2.0)]);
        // The same series by another query, which has heard a little more.
        take(&mut all, "*", "a", &[(1000, 1.0), (2000, 2.0), (3000, 3.0)]);
        take(&mut all, "a", "a", &[(3000, 3.0), (4000, 4.0)]);
        assert_eq!(sent(&mut all), [(1000, Some(1.0)), (2000, Some(2.0)), (3000, Some(3.0)), (4000, Some(4.0))]);
        // A source that is opened anew tells all that it knows.
        take(&mut all, "a", "a", &[(1000, 1.0), (4000, 4.0), (5000, 5.0)]);
        assert_eq!(sent(&mut all), [(5000, Some(5.0))]);
        assert_eq!(all.left_out().said(), "");
        // The clock was set back.
        take(&mut all, "a", "a", &[(3500, 9.0)]);
        assert_eq!(sent(&mut all), []);
        assert_eq!(all.left_out().said(), "1 older than what was sent");
    }

    #[test]
    fn what_was_sent_before_a_restart_is_not_sent_again() {
        let mut all = Gathering::new(BTreeMap::new(), Timestamp(2000));
        // Rules measure the lines anew that were in a log before.
        take(&mut all, "errors", "errors", &[(1000, 1.0), (2000, 2.0), (3000, 3.0)]);
        assert_eq!(sent(&mut all), [(3000, Some(3.0))]);
        all.leave_out(Timestamp(5000));
        take(&mut all, "errors", "errors", &[(5000, 1.0), (6000, 2.0)]);
        assert_eq!(sent(&mut all), [(6000, Some(2.0))], "another board has written the rest");
    }

    #[test]
    fn two_series_that_would_be_one_in_the_engine_are_not_mixed() {
        let mut all = Gathering::default();
        take(&mut all, "*", "a.b", &[(1000, 1.0)]);
        take(&mut all, "*", "a_b", &[(2000, 7.0)]);
        take(&mut all, "*", "a.b", &[(3000, 2.0)]);
        assert_eq!(sent(&mut all), [(1000, Some(1.0)), (3000, Some(2.0))]);
        assert_eq!(all.left_out(), LeftOut { clashing: 1, ..LeftOut::default() });
        // Two queries that differ only behind where a label is cut.
        let long = |end: &str| {
            let series = vec![Series::single("", Timestamp(4000), 1.0)];
            Measured { origin: origin(&format!(".{}{end}", "a".repeat(600)), true), series }
        };
        all.take(&long("1"), Timestamp(4000));
        all.take(&long("2"), Timestamp(4000));
        assert_eq!(all.left_out().clashing, 2);
    }

    #[test]
    fn a_series_that_goes_silent_or_has_a_gap_ends_once_and_comes_back() {
        let mut all = Gathering::default();
        take(&mut all, "a", "a", &[(1000, f64::NAN)]);
        assert_eq!(sent(&mut all), [], "of one that never had a value nothing is said");
        take(&mut all, "a", "a", &[(2000, 1.0)]);
        all.end_stale(Timestamp(32_000));
        assert_eq!(sent(&mut all), [(2000, Some(1.0))], "as old as may be");
        all.end_stale(Timestamp(32_001));
        all.end_stale(Timestamp(40_000));
        assert_eq!(sent(&mut all), [(2001, None)]);
        take(&mut all, "a", "a", &[(50_000, 2.0), (51_000, f64::NAN), (52_000, f64::INFINITY), (53_000, 3.0)]);
        assert_eq!(sent(&mut all), [(50_000, Some(2.0)), (51_000, None), (53_000, Some(3.0))]);
    }

    #[test]
    fn a_slow_series_and_one_of_a_slow_clock_are_not_ended() {
        let mut all = Gathering::default();
        let minutely = |at: i64| Measured { origin: origin("a", false), ..measured("a", "a", &[(at, 1.0)]) };
        // Its sender's clock is two minutes behind.
        let now = |at: i64| Timestamp(at + 120_000);
        all.take(&minutely(1000), now(1000));
        all.take(&minutely(61_000), now(61_000));
        assert_eq!(sent(&mut all).len(), 2);
        all.end_stale(now(61_000 + 180_000));
        assert_eq!(sent(&mut all), [], "three times its own pace");
        all.end_stale(now(61_000 + 180_001));
        assert_eq!(sent(&mut all), [(61_001, None)]);
        all.take(&minutely(242_000), now(242_000));
        assert_eq!(sent(&mut all), [(242_000, Some(1.0))]);
    }

    #[test]
    fn other_labels_end_the_series_of_before() {
        let labels = |team: &str| BTreeMap::from([("team".to_owned(), team.to_owned())]);
        let mut all = Gathering::new(labels("a"), Timestamp(0));
        take(&mut all, "a", "a", &[(1000, 1.0)]);
        let mut same = all.relabelled(labels("a"), Timestamp(1500));
        take(&mut same, "a", "a", &[(1000, 1.0)]);
        assert_eq!(sent(&mut same), [(1000, Some(1.0))]);
        let mut other = same.relabelled(labels("b"), Timestamp(1500));
        take(&mut other, "a", "a", &[(1000, 1.0), (2000, 2.0)]);
        let all = other.request().unwrap();
        let said: Vec<_> = all.iter().map(|one| (one.series[2].1.as_str(), one.at.0, one.value)).collect();
        assert_eq!(said, [("a", 1001, None), ("b", 2000, Some(2.0))]);
    }

    #[test]
    fn a_request_has_a_bound_and_so_have_the_series() {
        let mut all = Gathering::default();
        let points: Vec<(i64, f64)> = (1..=MOST as i64 + 1).map(|at| (at, 1.0)).collect();
        take(&mut all, "a", "a", &points);
        assert!(all.is_full());
        assert_eq!((all.request().unwrap().len(), all.request().unwrap().len(), all.request()), (MOST, 1, None));
        for number in 0..MOST_SERIES + 4 {
            take(&mut all, "*", &format!("m{number}"), &[(1, 1.0)]);
        }
        assert_eq!(all.left_out().said(), "5 of more than 20,000 series");
        // What was silent for an hour makes room.
        all.end_stale(Timestamp(100_000));
        all.end_stale(Timestamp(100_000 + FORGOTTEN.0 + 1));
        assert!(all.series.is_empty());
    }
}
