//! Samples on their way to an engine: in order, none twice, and a series that goes silent ends with a stale marker.
//!
//! Engines refuse a request for one sample that is older than another of its series, or that is there already with another
//! value (prometheus#9214): such a sample is never sent.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::message::Sample;
use super::naming::{Identity, identity};
use crate::model::labels::Labels;
use crate::model::measured::{Measured, Origin};
use crate::model::series::{Point, Series};
use crate::model::time::{Span, Timestamp};

/// Most samples of one request.
pub const MOST: usize = 2_000;
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
    waiting: VecDeque<Sample>,
    left_out: LeftOut,
}

/// What is known of a series that is sent.
#[derive(Debug)]
struct Known {
    /// The labels that it has on the board.
    labels: Labels,
    /// The query by which its last sample came.
    query: String,
    last: Timestamp,
    stale_after: Span,
    /// Whether its last sample was a stale marker.
    is_stale: bool,
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
}

impl LeftOut {
    /// In a sentence's half; empty where all is taken.
    pub fn said(&self) -> String {
        let parts = [
            (self.late, "older than what was sent"),
            (self.clashing, "of series with the labels of others"),
            (self.over_limit, "of more than 20,000 series"),
        ];
        let said = parts.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}"));
        said.collect::<Vec<_>>().join(", ")
    }
}

impl Gathering {
    /// With the labels that are put on everything.
    pub fn new(own: BTreeMap<String, String>) -> Self {
        Self { own, ..Self::default() }
    }

    /// Takes what an answer has brought.
    pub fn take(&mut self, Measured { origin, series }: &Measured) {
        for one in series {
            let identity = identity(origin, &one.labels, &self.own);
            self.count_late(origin, &identity, one);
            for point in &one.points {
                self.take_one(origin, &identity, &one.labels, *point);
            }
        }
    }

    /// All of it is older than what was taken. (A source that is opened anew tells once more what it knows, its newest sample
    /// included: that is not late.)
    fn count_late(&mut self, origin: &Origin, identity: &Identity, series: &Series) {
        let Some(known) = self.series.get(identity).filter(|known| known.labels == series.labels) else { return };
        // Two queries may ask for one series, and one of them has heard less.
        if known.query == origin.query && series.points.last().is_some_and(|newest| newest.at < known.last) {
            self.left_out.late += series.points.len() as u64;
        }
    }

    fn take_one(&mut self, origin: &Origin, identity: &Identity, labels: &Labels, point: Point) {
        let value = point.value.is_finite().then_some(point.value);
        let is_full = self.series.len() >= MOST_SERIES;
        match self.series.get_mut(identity) {
            // A series that has no value yet has nothing that could grow stale.
            None if value.is_none() => return,
            None if is_full => {
                self.left_out.over_limit += 1;
                return;
            }
            None => {
                let known = Known {
                    labels: labels.clone(),
                    query: origin.query.clone(),
                    last: point.at,
                    stale_after: origin.stale_after,
                    is_stale: false,
                };
                self.series.insert(Identity::clone(identity), known);
            }
            Some(known) if known.labels != *labels => {
                self.left_out.clashing += 1;
                return;
            }
            Some(known) if point.at <= known.last => return,
            Some(known) => {
                if value.is_none() && known.is_stale {
                    return;
                }
                known.last = point.at;
                known.query.clone_from(&origin.query);
                known.stale_after = origin.stale_after;
                known.is_stale = value.is_none();
            }
        }
        self.waiting.push_back(Sample { series: Identity::clone(identity), at: point.at, value });
    }

    /// Ends every series of which nothing came for as long as its source takes to grow stale.
    pub fn end_stale(&mut self, now: Timestamp) {
        for (identity, known) in &mut self.series {
            if !known.is_stale && known.last.age_at(now) > known.stale_after {
                known.is_stale = true;
                known.last = now;
                self.waiting.push_back(Sample { series: Identity::clone(identity), at: now, value: None });
            }
        }
        self.series.retain(|_, known| !known.is_stale || known.last.age_at(now) <= FORGOTTEN);
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
    use std::sync::Arc;

    use super::*;
    use crate::model::labels::METRIC;

    fn origin(query: &str) -> Arc<Origin> {
        let stale_after = Span::seconds(30);
        Arc::new(Origin { kind: "statsd", source: "app".to_owned(), query: query.to_owned(), stale_after })
    }

    fn measured(query: &str, metric: &str, points: &[(i64, f64)]) -> Measured {
        let labels = Labels::new([(METRIC.to_owned(), metric.to_owned())].into());
        let points = points.iter().map(|(at, value)| Point { at: Timestamp(*at), value: *value }).collect();
        Measured { origin: origin(query), series: vec![Series { labels, points }] }
    }

    fn sent(gathering: &mut Gathering) -> Vec<(i64, Option<f64>)> {
        gathering.request().unwrap_or_default().iter().map(|one| (one.at.0, one.value)).collect()
    }

    #[test]
    fn none_is_taken_twice_nor_out_of_order() {
        let mut all = Gathering::default();
        all.take(&measured("a", "a", &[(1000, 1.0), (2000, 2.0)]));
        // The same series by another query, which has heard a little more.
        all.take(&measured("*", "a", &[(1000, 1.0), (2000, 2.0), (3000, 3.0)]));
        all.take(&measured("a", "a", &[(3000, 3.0), (4000, 4.0)]));
        assert_eq!(sent(&mut all), [(1000, Some(1.0)), (2000, Some(2.0)), (3000, Some(3.0)), (4000, Some(4.0))]);
        assert_eq!(all.left_out().said(), "");
        // A source that is opened anew tells all that it knows.
        all.take(&measured("a", "a", &[(1000, 1.0), (4000, 4.0), (5000, 5.0)]));
        assert_eq!(sent(&mut all), [(5000, Some(5.0))]);
        assert_eq!(all.left_out().said(), "");
        // The clock was set back.
        all.take(&measured("a", "a", &[(3500, 9.0)]));
        assert_eq!(sent(&mut all), []);
        assert_eq!(all.left_out().said(), "1 older than what was sent");
    }

    #[test]
    fn two_series_that_would_be_one_in_the_engine_are_not_mixed() {
        let mut all = Gathering::default();
        all.take(&measured("*", "a.b", &[(1000, 1.0)]));
        all.take(&measured("*", "a_b", &[(2000, 7.0)]));
        all.take(&measured("*", "a.b", &[(3000, 2.0)]));
        assert_eq!(sent(&mut all), [(1000, Some(1.0)), (3000, Some(2.0))]);
        assert_eq!(all.left_out(), LeftOut { clashing: 1, ..LeftOut::default() });
    }

    #[test]
    fn a_series_that_goes_silent_or_has_a_gap_ends_once_and_comes_back() {
        let mut all = Gathering::default();
        all.take(&measured("a", "a", &[(1000, f64::NAN)]));
        assert_eq!(sent(&mut all), [], "of one that never had a value nothing is said");
        all.take(&measured("a", "a", &[(2000, 1.0)]));
        all.end_stale(Timestamp(32_000));
        assert_eq!(sent(&mut all), [(2000, Some(1.0))], "as old as may be");
        all.end_stale(Timestamp(32_001));
        all.end_stale(Timestamp(40_000));
        assert_eq!(sent(&mut all), [(32_001, None)]);
        all.take(&measured("a", "a", &[(50_000, 2.0), (51_000, f64::NAN), (52_000, f64::INFINITY), (53_000, 3.0)]));
        assert_eq!(sent(&mut all), [(50_000, Some(2.0)), (51_000, None), (53_000, Some(3.0))]);
    }

    #[test]
    fn a_request_has_a_bound_and_so_have_the_series() {
        let mut all = Gathering::default();
        let points: Vec<(i64, f64)> = (1..=MOST as i64 + 1).map(|at| (at, 1.0)).collect();
        all.take(&measured("a", "a", &points));
        assert!(all.is_full());
        assert_eq!((all.request().unwrap().len(), all.request().unwrap().len(), all.request()), (MOST, 1, None));
        for number in 0..MOST_SERIES + 4 {
            all.take(&measured("*", &format!("m{number}"), &[(1, 1.0)]));
        }
        assert_eq!(all.left_out().said(), "5 of more than 20,000 series");
        // What was silent for an hour makes room.
        all.end_stale(Timestamp(100_000));
        all.end_stale(Timestamp(100_000 + FORGOTTEN.0 + 1));
        assert!(all.series.is_empty());
    }
}
