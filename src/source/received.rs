//! Numbers that others have sent: the last of each series, bounded, and picked by what a panel asks.

mod counts;
mod first;
mod reservoir;
mod selector;
mod unclaimed;

use std::collections::{BTreeMap, VecDeque};

use crate::model::labels::Labels;
use crate::model::series::{Coverage, MAX_SERIES, Point, Series, SeriesSet, in_order};
use crate::model::time::{Span, Timestamp};
pub use counts::{Counts, Loss};
pub use first::FirstNews;
pub use reservoir::Reservoir;
pub use selector::Selector;

/// Most points kept of a series: a query that a reload adds begins with them.
const MAX_POINTS: usize = 720;
/// A series that nothing came for in so long makes room for others.
const FORGOTTEN: Span = Span::seconds(3600);

/// The series that have come.
#[derive(Debug, Default)]
pub struct Received {
    series: BTreeMap<Labels, Kept>,
    /// Counts the points that have come.
    number: u64,
}

#[derive(Debug, Default)]
struct Kept {
    /// Each point with its number, in the order they came.
    points: VecDeque<(u64, Point)>,
    /// When the first point came, and the last one.
    first: Timestamp,
    last: Timestamp,
    /// Of when the newest point is.
    newest: Option<Timestamp>,
}

impl Received {
    /// Keeps room for all of these, or for none of them: false.
    pub fn reserve(&mut self, all: &[Labels], now: Timestamp) -> bool {
        let new: Vec<&Labels> = all.iter().filter(|labels| !self.series.contains_key(labels)).collect();
        let has_room = self.series.len() + new.len() <= MAX_SERIES;
        if has_room {
            self.series.extend(
                new.into_iter().map(|labels| (labels.clone(), Kept { first: now, last: now, ..Kept::default() })),
            );
        }
        has_room
    }

    /// Takes a point in that came now; false when there is no room for another series.
    pub fn add(&mut self, labels: &Labels, point: Point, now: Timestamp) -> bool {
        if !self.reserve(std::slice::from_ref(labels), now) {
            return false;
        }
        self.number += 1;
        let kept = self.series.entry(labels.clone()).or_default();
        if kept.points.len() == MAX_POINTS {
            kept.points.pop_front();
        }
        kept.points.push_back((self.number, point));
        kept.last = kept.last.max(now);
        kept.newest = kept.newest.max(Some(point.at));
        true
    }

    /// The first moment from this one on that is after all points of a series. Who reads takes points in ascending time
    /// only: what is late would be missing in a sum.
    pub fn free(&self, labels: &Labels, at: Timestamp) -> Timestamp {
        let newest = self.series.get(labels).and_then(|kept| kept.newest);
        newest.map_or(at, |newest| at.max(Timestamp(newest.0.saturating_add(1))))
    }

    /// The series that are picked, whatever has come of them.
    pub fn those(&self, is_one: impl Fn(&Labels) -> bool) -> Vec<Labels> {
        self.series.keys().filter(|labels| is_one(labels)).cloned().collect()
    }

    /// Forgets the series that nothing has come for in a long time.
    pub fn forget(&mut self, now: Timestamp) {
        self.series.retain(|_, kept| kept.last.age_at(now) < FORGOTTEN);
    }

    /// The number of the newest point.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The series that a selector picks, each with the points that have come after the one of a number.
    pub fn since(&self, number: u64, selector: &Selector) -> SeriesSet {
        let picked = self.series.iter().filter(|(labels, _)| selector.picks(labels));
        let new = picked.filter_map(|(labels, kept)| {
            let after = kept.points.partition_point(|(one, _)| *one <= number);
            let points = in_order(kept.points.range(after..).map(|(_, point)| *point));
            (!points.is_empty()).then(|| Series { labels: labels.clone(), points })
        });
        SeriesSet::new(new.collect(), Coverage::Pushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(name: &str) -> Labels {
        Labels::new([("__name__".to_owned(), name.to_owned())].into())
    }

    fn point(at: i64) -> Point {
        Point { at: Timestamp(at), value: at as f64 }
    }

    #[test]
    fn whoever_reads_gets_each_point_once_and_a_newcomer_gets_the_past() {
        let (mut received, all) = (Received::default(), Selector::default());
        for at in [10, 30, 20, 30] {
            assert!(received.add(&labels("a"), point(at), Timestamp(at)));
        }
        let times = |set: &SeriesSet| set.series.iter().flat_map(|one| &one.points).map(|p| p.at.0).collect::<Vec<_>>();
        assert_eq!(times(&received.since(0, &all)), [10, 20, 30]);
        let read = received.number();
        assert_eq!(times(&received.since(read, &all)), [0; 0]);
        assert!(received.add(&labels("b"), point(40), Timestamp(40)));
        assert_eq!(times(&received.since(read, &all)), [40]);
        assert_eq!(times(&received.since(0, &all)), [10, 20, 30, 40]);
    }

    #[test]
    fn names_and_points_without_end_stay_bounded_and_what_is_silent_makes_room() {
        let mut received = Received::default();
        let taken =
            (0..2 * MAX_SERIES).filter(|n| received.add(&labels(&n.to_string()), point(1), Timestamp(1))).count();
        assert_eq!(taken, MAX_SERIES);
        for at in 0..2 * MAX_POINTS as i64 {
            assert!(received.add(&labels("0"), point(at), Timestamp(at)), "a series that is there is taken");
        }
        assert_eq!(received.series[&labels("0")].points.len(), MAX_POINTS);
        received.forget(Timestamp(0).plus(FORGOTTEN).plus(Span(1)));
        assert_eq!(received.series.len(), 1);
        assert!(received.add(&labels("new"), point(1), Timestamp(1)));
    }
}
