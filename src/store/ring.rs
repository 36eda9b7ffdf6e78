//! A bounded line of points.

use crate::model::series::{Coverage, Point};
use crate::model::time::{Span, Timestamp};

/// Most points kept; above it they are thinned by half, to the minimum and the maximum of each stretch. Half of it is
/// two for each of the 1000 dots of the widest screen.
pub const CAPACITY: usize = 4096;

/// Points in ascending time. The newest may be provisional: the value of a moment between two points of
/// a grid, which the next answer replaces.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ring {
    points: Vec<Point>,
    provisional: bool,
    /// Up to here points were thinned out.
    thinned: Option<Timestamp>,
    /// Points that came out of order or twice, and were dropped.
    dropped: u64,
}

impl Ring {
    /// Oldest first.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Up to when points were thinned out: extremes are still there, but not every value.
    pub const fn thinned(&self) -> Option<Timestamp> {
        self.thinned
    }

    /// How many points came out of order or twice.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Adds an answer's points. Out of order and doubled ones are dropped and counted; a value that is
    /// not finite is kept as a gap.
    pub fn take_in(&mut self, points: &[Point], coverage: Coverage) {
        if coverage == Coverage::Whole {
            self.forget_from(points);
        }
        if self.provisional && !points.is_empty() {
            self.points.pop();
            self.provisional = false;
        }
        for point in points {
            if self.points.last().is_some_and(|last| last.at >= point.at) {
                self.dropped += 1;
                continue;
            }
            let value = if point.value.is_finite() { point.value } else { f64::NAN };
            self.points.push(Point { at: point.at, value });
        }
        self.provisional = coverage == Coverage::Head && !points.is_empty();
        if self.points.len() > CAPACITY {
            self.thinned = self.points.last().map(|last| last.at);
            self.points = thin(&self.points, CAPACITY / 2);
        }
    }

    /// Drops what these points replace: all from their first one on. What is older stays, for as long as the window
    /// goes: the source may have forgotten it. What lies between is not known: a gap.
    fn forget_from(&mut self, points: &[Point]) {
        let Some(first) = points.first() else { return };
        let keep = self.points.partition_point(|point| point.at < first.at);
        self.provisional = false;
        self.points.truncate(keep);
        let usual = usual_distance(points.get(..LOOKED_AT).unwrap_or(points));
        let is_far = |last: &&Point| usual > Span(0) && last.at.age_at(first.at) > usual.times(3.0);
        if let Some(last) = self.points.last().filter(|last| last.value.is_finite()).filter(is_far) {
            self.points.push(Point { at: last.at.plus(usual), value: f64::NAN });
        }
    }

    /// Drops what is later than a moment: it was stamped by a clock that has been set back since.
    pub fn forget_after(&mut self, now: Timestamp) {
        let keep = self.points.partition_point(|point| point.at <= now);
        self.provisional &= keep == self.points.len();
        self.points.truncate(keep);
    }

    /// Moves all points back: the clock by which they were stamped was set back.
    pub fn set_back(&mut self, by: Span) {
        for at in self.points.iter_mut().map(|point| &mut point.at).chain(self.thinned.as_mut()) {
            *at = at.minus(by);
        }
    }

    /// Drops what is older, but keeps one point before the edge, so that a line reaches it.
    pub fn forget_before(&mut self, oldest: Timestamp) {
        let first_inside = self.points.partition_point(|point| point.at < oldest);
        let keep_from = first_inside.saturating_sub(1);
        // In lumps: moving all points for each one that leaves would cost more than it saves.
        if keep_from > 64 || first_inside == self.points.len() {
            self.points.drain(..keep_from);
        }
    }
}

/// How many distances between points tell the usual one.
const LOOKED_AT: usize = 10;

/// The median distance of the newest points; zero of fewer than two.
pub fn usual_distance(points: &[Point]) -> Span {
    let newest = points.get(points.len().saturating_sub(LOOKED_AT)..).unwrap_or_default();
    let mut distances: Vec<i64> = newest.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0).collect();
    distances.sort_unstable();
    Span(distances.get(distances.len() / 2).copied().unwrap_or(0))
}

/// Thins to at most `most` points, keeping the minimum, the maximum and the gaps of each stretch, and
/// the last point. Nothing is averaged away.
pub fn thin(points: &[Point], most: usize) -> Vec<Point> {
    if points.len() <= most || most < 4 {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(most / 2);
    let mut thinned = Vec::with_capacity(most + 1);
    for bucket in points.chunks(stretch) {
        let finite = || bucket.iter().filter(|p| p.value.is_finite());
        let least = finite().min_by(|a, b| a.value.total_cmp(&b.value));
        let most = finite().max_by(|a, b| a.value.total_cmp(&b.value));
        match (least, most, bucket.first()) {
            (Some(least), Some(most), _) => {
                let (first, second) = if least.at <= most.at { (least, most) } else { (most, least) };
                thinned.push(*first);
                if second.at > first.at {
                    thinned.push(*second);
                }
            }
            (_, _, Some(gap)) => thinned.push(*gap),
            _ => {}
        }
    }
    if let (Some(last), Some(kept)) = (points.last(), thinned.last())
        && last.at > kept.at
    {
        thinned.push(*last);
    }
    thinned
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "thinning picks values, it computes none")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(pairs: &[(i64, f64)]) -> Vec<Point> {
        pairs.iter().map(|&(at, value)| Point { at: Timestamp(at), value }).collect()
    }

    fn times(ring: &Ring) -> Vec<i64> {
        ring.points().iter().map(|p| p.at.0).collect()
    }

    #[test]
    fn a_head_is_replaced_by_what_follows() {
        let mut ring = Ring::default();
        ring.take_in(&points(&[(0, 1.0), (10, 2.0)]), Coverage::Whole);
        ring.take_in(&points(&[(13, 3.0)]), Coverage::Head);
        ring.take_in(&points(&[(16, 4.0)]), Coverage::Head);
        assert_eq!(times(&ring), [0, 10, 16]);
        ring.take_in(&points(&[(20, 5.0)]), Coverage::Extension);
        assert_eq!(times(&ring), [0, 10, 20]);
    }

    #[test]
    fn a_whole_window_replaces_what_it_covers_and_keeps_what_is_older() {
        let mut ring = Ring::default();
        ring.take_in(&points(&[(0, 1.0), (10, 2.0), (20, 3.0), (23, 4.0)]), Coverage::Whole);
        ring.take_in(&points(&[(20, 5.0), (30, 6.0)]), Coverage::Whole);
        assert_eq!(times(&ring), [0, 10, 20, 30]);
        assert_eq!(ring.points()[2].value, 5.0, "the newer answer counts");
        ring.take_in(&[], Coverage::Whole);
        assert_eq!(times(&ring), [0, 10, 20, 30], "an answer without points covers nothing");
        ring.take_in(&points(&[(100, 7.0), (110, 8.0)]), Coverage::Whole);
        assert_eq!(times(&ring), [0, 10, 20, 30, 40, 100, 110]);
        assert!(ring.points()[4].value.is_nan(), "nobody knows what was between");
    }

    #[test]
    fn out_of_order_and_doubled_points_are_dropped_and_counted() {
        let mut ring = Ring::default();
        for at in [10, 10, 5, 20] {
            ring.take_in(&points(&[(at, at as f64)]), Coverage::Sample);
        }
        assert_eq!(times(&ring), [10, 20]);
        assert_eq!(ring.dropped(), 2);
    }

    #[test]
    fn one_point_before_the_edge_stays() {
        let mut ring = Ring::default();
        ring.take_in(&points(&(0..200).map(|t| (t, 1.0)).collect::<Vec<_>>()), Coverage::Whole);
        ring.forget_before(Timestamp(100));
        assert_eq!(times(&ring).first(), Some(&99));
        ring.forget_before(Timestamp(1000));
        assert_eq!(times(&ring), [199]);
    }

    proptest! {
        #[test]
        fn the_ring_is_bounded_and_ascending(batches in prop::collection::vec((0i64..100_000, 1usize..3000), 1..12)) {
            let mut ring = Ring::default();
            for (from, count) in batches {
                let new: Vec<Point> = (0..count as i64)
                    .map(|i| Point { at: Timestamp(from + i), value: if i % 7 == 0 { f64::INFINITY } else { i as f64 } })
                    .collect();
                ring.take_in(&new, Coverage::Sample);
                prop_assert!(ring.points().len() <= CAPACITY);
                prop_assert!(ring.points().windows(2).all(|w| w[0].at < w[1].at));
                prop_assert!(ring.points().iter().all(|p| !p.value.is_infinite()));
            }
        }

        #[test]
        fn thinning_keeps_minimum_maximum_and_the_last(values in prop::collection::vec(-1e9f64..1e9, 10..4000), most in 8usize..300) {
            let all: Vec<Point> = values.iter().enumerate().map(|(i, &value)| Point { at: Timestamp(i as i64), value }).collect();
            let thinned = thin(&all, most);
            prop_assert!(thinned.len() <= most + 1);
            let extreme = |points: &[Point], pick: fn(f64, f64) -> f64| points.iter().map(|p| p.value).fold(f64::NAN, pick);
            prop_assert_eq!(extreme(&all, f64::min), extreme(&thinned, f64::min));
            prop_assert_eq!(extreme(&all, f64::max), extreme(&thinned, f64::max));
            prop_assert_eq!(all.last(), thinned.last());
        }
    }
}
