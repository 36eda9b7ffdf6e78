//! Thinning out: points become buckets of a minute, of ten minutes, of a day. No least and no greatest value is lost.

use std::collections::BTreeMap;

use super::codec::Bucket;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};

/// One resolution: how long a bucket is, how long it is kept, and how much time one block of it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tier {
    /// Seconds of a bucket; 0 are points as they came.
    pub(super) step: i64,
    pub(super) kept: Span,
    pub(super) block: Span,
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Points as they came.
pub(super) const RAW: Tier = Tier { step: 0, kept: Span::seconds(DAY), block: Span::seconds(2 * HOUR) };
/// What becomes of them, the finest first.
pub(super) const COARSER: [Tier; 3] = [
    Tier { step: 60, kept: Span::seconds(7 * DAY), block: Span::seconds(2 * HOUR) },
    Tier { step: 600, kept: Span::seconds(30 * DAY), block: Span::seconds(2 * HOUR) },
    Tier { step: DAY, kept: Span::seconds(400 * DAY), block: Span::seconds(DAY) },
];

impl Tier {
    /// The start of the block that a moment is in.
    pub(super) const fn block_of(self, at: Timestamp) -> i64 {
        at.0.div_euclid(self.block.0) * self.block.0
    }
}

/// The finest tier that reaches back so far and is no coarser than it has to be; none for values as they came.
pub(super) fn tier(from: Timestamp, step: Span, now: Timestamp) -> Option<Tier> {
    let age = from.age_at(now);
    if step.0 < COARSER[0].step * 1000 && age <= RAW.kept {
        return None;
    }
    let fits = |tier: &&Tier| age <= tier.kept;
    COARSER.iter().find(fits).or_else(|| COARSER.last()).copied()
}

/// Buckets of at least the length that is wanted.
pub(super) fn coarsened(all: Vec<Bucket>, step: Span, tier: Option<Tier>) -> Vec<Bucket> {
    let finest = tier.map_or(1, |tier| tier.step * 1000);
    if step.0 <= finest {
        return all;
    }
    let mut wide: BTreeMap<i64, Bucket> = BTreeMap::new();
    for one in all {
        let at = one.at.0.div_euclid(step.0) * step.0;
        let one = Bucket { at: Timestamp(at), ..one };
        wide.entry(at).and_modify(|before| *before = joined(*before, one, step.0)).or_insert(one);
    }
    wide.into_values().collect()
}

/// How long a status holds that nobody has confirmed since: it is noted each minute.
const STATUS_REACH: Span = Span::seconds(65);

/// Buckets of statuses, with how long each of them held.
pub(super) fn status_buckets(points: &[Point], step: i64) -> Vec<Bucket> {
    let seconds_in = |value: f64, covered: u32| {
        let mut statuses = [0; 4];
        // The codes are 0 to 3.
        if let Some(one) = statuses.get_mut(value as usize) {
            *one = covered;
        }
        statuses
    };
    all_buckets(points, step, STATUS_REACH, seconds_in)
}

/// Buckets of so many seconds, ascending in time. `reach` is how long a value holds.
pub(super) fn buckets(points: &[Point], step: i64, reach: Span) -> Vec<Bucket> {
    all_buckets(points, step, reach, |_, _| [0; 4])
}

fn all_buckets(points: &[Point], step: i64, reach: Span, statuses: impl Fn(f64, u32) -> [u32; 4]) -> Vec<Bucket> {
    let step = step * 1000;
    let mut all: Vec<Bucket> = Vec::new();
    for (n, point) in points.iter().enumerate().filter(|(_, point)| point.value.is_finite()) {
        let at = Timestamp(point.at.0.div_euclid(step) * step);
        let next = points.get(n + 1).map_or(at.0 + step, |next| next.at.0);
        // What a value covers beyond its bucket is not counted for the next one: a bucket has gaps of its own.
        let until = next.min(at.0 + step).min(point.at.0.saturating_add(reach.0)).max(point.at.0);
        // Whole seconds that begin in it: what follows one another adds up to all of it.
        let covered = until.div_euclid(1000) - point.at.0.div_euclid(1000);
        let covered = u32::try_from(covered).unwrap_or(u32::MAX);
        let one = Bucket {
            at,
            min: point.value,
            max: point.value,
            sum: point.value,
            count: 1,
            last: point.value,
            gap: u32::try_from(step / 1000).unwrap_or(u32::MAX).saturating_sub(covered),
            statuses: statuses(point.value, covered),
            ..Bucket::default()
        };
        match all.last_mut() {
            Some(last) if last.at == at => *last = joined(*last, one, step),
            _ => all.push(one),
        }
    }
    all
}

/// Two buckets of the same stretch of time, the later one last.
pub(super) fn joined(first: Bucket, last: Bucket, step: i64) -> Bucket {
    let mut statuses = first.statuses;
    for (sum, more) in statuses.iter_mut().zip(last.statuses) {
        *sum = sum.saturating_add(more);
    }
    let whole = u32::try_from(step / 1000).unwrap_or(u32::MAX);
    let covered = |bucket: &Bucket| whole.saturating_sub(bucket.gap);
    Bucket {
        at: first.at,
        min: first.min.min(last.min),
        max: first.max.max(last.max),
        sum: first.sum + last.sum,
        count: first.count + last.count,
        last: last.last,
        gap: whole.saturating_sub(covered(&first).saturating_add(covered(&last))),
        statuses,
        score: first.score.max(last.score),
    }
}

/// Buckets joined to longer ones, of so many seconds; both ascending in time.
pub(super) fn widened(all: &[Bucket], step: i64) -> Vec<Bucket> {
    let mut wide: Vec<Bucket> = Vec::new();
    for one in all {
        let one = Bucket { at: Timestamp(one.at.0.div_euclid(step * 1000) * step * 1000), ..*one };
        match wide.last_mut() {
            Some(last) if last.at == one.at => *last = joined(*last, one, step * 1000),
            _ => wide.push(one),
        }
    }
    wide
}

/// The buckets of two lists, both ascending; those of the same moment joined, the second list's last.
pub(super) fn merged(first: Vec<Bucket>, second: Vec<Bucket>, step: i64) -> Vec<Bucket> {
    let mut all: BTreeMap<Timestamp, Bucket> = first.into_iter().map(|one| (one.at, one)).collect();
    for one in second {
        all.entry(one.at).and_modify(|before| *before = joined(*before, one, step * 1000)).or_insert(one);
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> impl Strategy<Value = Vec<Point>> {
        prop::collection::btree_map(0_i64..20_000_000, -1e6..1e6_f64, 1..200)
            .prop_map(|all| all.into_iter().map(|(at, value)| Point { at: Timestamp(at), value }).collect())
    }

    proptest! {
        #[test]
        fn no_least_and_no_greatest_value_is_lost(points in points(), cut in any::<prop::sample::Index>()) {
            let reach = Span::seconds(30);
            let (early, late) = points.split_at(cut.index(points.len() + 1));
            for tier in COARSER {
                // In one go, or in two: the second half comes when the first is on disk already.
                let whole = buckets(&points, tier.step, reach);
                let parts = merged(buckets(early, tier.step, reach), buckets(late, tier.step, reach), tier.step);
                for all in [&whole, &parts] {
                    for bucket in all {
                        let end = bucket.at.0 + tier.step * 1000;
                        let own = || points.iter().filter(|p| (bucket.at.0..end).contains(&p.at.0)).map(|p| p.value);
                        prop_assert!(own().all(|value| value >= bucket.min) && own().any(|value| value.to_bits() == bucket.min.to_bits()));
                        prop_assert!(own().all(|value| value <= bucket.max) && own().any(|value| value.to_bits() == bucket.max.to_bits()));
                        prop_assert_eq!(bucket.count, own().count() as u64);
                        prop_assert_eq!(Some(bucket.last), own().next_back());
                        prop_assert!((bucket.sum - own().sum::<f64>()).abs() < 1e-3);
                    }
                    prop_assert_eq!(all.iter().map(|one| one.count).sum::<u64>(), points.len() as u64);
                }
            }
        }
    }

    #[test]
    fn the_seconds_in_each_status_and_those_in_which_nobody_knew() {
        let at = |(seconds, value): (i64, f64)| Point { at: Timestamp(seconds * 1000), value };
        // Ok for 70 s, critical for 20, ok until the board ended; three minutes later it is unknown.
        let all = [(0, 0.0), (60, 0.0), (70, 2.0), (90, 0.0), (120, 0.0), (300, 3.0)].map(at);
        let all =
            all.map(|point| if point.value > 0.0 { Point { at: point.at.plus(Span(700)), ..point } } else { point });
        let said: Vec<([u32; 4], u32)> = status_buckets(&all, 60).iter().map(|one| (one.statuses, one.gap)).collect();
        assert_eq!(said, [([60, 0, 0, 0], 0), ([40, 0, 20, 0], 0), ([60, 0, 0, 0], 0), ([0, 0, 0, 60], 0)]);
        let [whole] = status_buckets(&all, 600)[..] else { panic!() };
        assert_eq!((whole.statuses, whole.gap), ([165, 0, 20, 65], 350));
    }

    #[test]
    fn the_seconds_without_a_value_are_a_gap() {
        let at = |seconds: i64| Point { at: Timestamp(seconds * 1000), value: 1.0 };
        let all: Vec<Point> = (0..6).map(|n| at(n * 10)).chain([at(60), at(130)]).collect();
        let gaps: Vec<u32> = buckets(&all, 60, Span::seconds(25)).iter().map(|bucket| bucket.gap).collect();
        assert_eq!(gaps, [0, 35, 35]);
    }
}
