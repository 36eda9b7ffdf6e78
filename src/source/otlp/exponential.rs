//! Exponential histograms: buckets that grow by a factor of 2^(2^-scale).
//!
//! Source: OpenTelemetry, "Metrics Data Model", `ExponentialHistogram`.

use std::collections::BTreeMap;

use super::messages::{Buckets, ExponentialPoint};
use super::quantile::Bucket;

/// Most buckets of one side that are kept; SDKs use 160.
const MAX_BUCKETS: usize = 1000;
/// The scales that the data model has room for.
const SCALES: std::ops::RangeInclusive<i32> = -10..=20;

/// What an exponential histogram has counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Exponential {
    scale: i32,
    /// Up to which distance of zero values are counted as zero, and how many.
    threshold: f64,
    zero: u64,
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
}

impl Exponential {
    /// The error is why it cannot be read.
    pub(super) fn new(point: &ExponentialPoint) -> Result<Self, &'static str> {
        if !SCALES.contains(&point.scale) {
            return Err("the scale of an exponential histogram is from -10 to 20");
        }
        let side = |buckets: &Option<Buckets>| {
            let Some(buckets) = buckets else { return Ok(BTreeMap::new()) };
            if buckets.bucket_counts.len() > MAX_BUCKETS {
                return Err("an exponential histogram has over 1,000 buckets");
            }
            let counted = buckets.bucket_counts.iter().zip(0..).filter(|(count, _)| **count > 0);
            Ok(added_up(counted.map(|(count, n)| (buckets.offset.saturating_add(n), *count))))
        };
        Ok(Self {
            scale: point.scale,
            threshold: Some(point.zero_threshold).filter(|one| one.is_finite() && *one > 0.0).unwrap_or(0.0),
            zero: point.zero_count,
            positive: side(&point.positive)?,
            negative: side(&point.negative)?,
        })
    }

    /// How many numbers it holds.
    pub(super) fn size(&self) -> usize {
        3 + 2 * (self.positive.len() + self.negative.len())
    }

    /// How many values.
    pub(super) fn count(&self) -> f64 {
        let sides = self.positive.values().chain(self.negative.values());
        sides.chain([&self.zero]).map(|count| *count as f64).sum()
    }

    /// What was added to an earlier one; none where something is less than it was: it began anew.
    pub(super) fn since(&self, before: &Self) -> Option<Self> {
        let (scale, threshold) = (self.scale.min(before.scale), self.threshold.max(before.threshold));
        let (mut now, before) = (self.coarser(scale, threshold), before.coarser(scale, threshold));
        now.zero = now.zero.checked_sub(before.zero)?;
        for (now, before) in [(&mut now.positive, &before.positive), (&mut now.negative, &before.negative)] {
            for (index, count) in before {
                let left = now.get_mut(index)?;
                *left = left.checked_sub(*count)?;
            }
        }
        Some(now)
    }

    /// The same with fewer, larger buckets, and more that counts as zero.
    fn coarser(&self, scale: i32, threshold: f64) -> Self {
        let by = u32::try_from(self.scale - scale).unwrap_or(0).min(31);
        let mut coarser = Self { scale, threshold, zero: self.zero, ..Self::default() };
        let side = |of: &BTreeMap<i32, u64>| added_up(of.iter().map(|(index, count)| (index >> by, *count)));
        for (to, from) in [(&mut coarser.positive, side(&self.positive)), (&mut coarser.negative, side(&self.negative))]
        {
            for (index, count) in from {
                if bound(index, scale) < threshold {
                    coarser.zero = coarser.zero.saturating_add(count);
                    // A bucket that only begins there counts as zero as a whole.
                    coarser.threshold = coarser.threshold.max(bound(index.saturating_add(1), scale));
                } else {
                    to.insert(index, count);
                }
            }
        }
        coarser
    }

    /// Its buckets, ascending.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        // What is near zero ends at zero where all else is on one side of it.
        let (low, high) = match (self.negative.is_empty(), self.positive.is_empty()) {
            (true, false) => (0.0, self.threshold),
            (false, true) => (-self.threshold, 0.0),
            _ => (-self.threshold, self.threshold),
        };
        let end = |index: &i32| bound(*index, self.scale).max(self.threshold);
        let ends = |(index, count): (&i32, &u64)| (end(index), end(&index.saturating_add(1)), *count as f64);
        let negative = self.negative.iter().rev().map(ends);
        let negative = negative.map(|(near, far, count)| Bucket { low: -far, high: -near, count });
        let positive = self.positive.iter().map(ends).map(|(low, high, count)| Bucket { low, high, count });
        negative.chain([Bucket { low, high, count: self.zero as f64 }]).chain(positive).collect()
    }
}

/// The lower bound of a bucket: base^index, and base is 2^(2^-scale).
fn bound(index: i32, scale: i32) -> f64 {
    (f64::from(index) * f64::from(-scale).exp2()).exp2()
}

/// Counts by index; what has one index is one bucket.
fn added_up(counts: impl Iterator<Item = (i32, u64)>) -> BTreeMap<i32, u64> {
    let mut all: BTreeMap<i32, u64> = BTreeMap::new();
    for (index, count) in counts {
        let sum = all.entry(index).or_default();
        *sum = sum.saturating_add(count);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::quantile::quantile;
    use super::*;

    fn histogram(scale: i32, offset: i32, counts: &[u64]) -> Exponential {
        let positive = Some(Buckets { offset, bucket_counts: counts.to_vec() });
        Exponential::new(&ExponentialPoint { scale, positive, ..ExponentialPoint::default() }).unwrap()
    }

    #[test]
    fn buckets_are_powers_of_the_base() {
        // At scale 0 the base is 2: buckets (1, 2], (2, 4], (4, 8].
        let buckets = histogram(0, 0, &[1, 0, 3]).buckets();
        let bounds: Vec<(f64, f64, f64)> = buckets.iter().map(|one| (one.low, one.high, one.count)).collect();
        assert_eq!(bounds, [(0.0, 0.0, 0.0), (1.0, 2.0, 1.0), (4.0, 8.0, 3.0)]);
        assert_eq!(quantile(&buckets, 100.0), Some(8.0));
        // At scale 1 it is the root of 2.
        let high = histogram(1, 1, &[1]).buckets().last().unwrap().high;
        assert!((high - 2.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_added_is_the_difference_also_at_another_scale() {
        let (before, after) = (histogram(1, 0, &[1, 2]), histogram(0, 0, &[5, 1]));
        assert_eq!(after.since(&before), Some(histogram(0, 0, &[2, 1])));
        assert_eq!(before.since(&after), None, "it began anew");
        assert_eq!(histogram(0, 0, &[1]).since(&histogram(0, 3, &[1])), None);
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let point = ExponentialPoint { scale: 99, ..ExponentialPoint::default() };
        assert!(Exponential::new(&point).is_err());
    }

    #[test]
    fn buckets_at_the_end_of_all_numbers_are_one() {
        let side = || Some(Buckets { offset: i32::MAX, bucket_counts: vec![1; 5] });
        let point = ExponentialPoint { positive: side(), negative: side(), ..ExponentialPoint::default() };
        let histogram = Exponential::new(&point).unwrap();
        assert_eq!((histogram.positive.len(), histogram.count()), (1, 10.0));
        assert_eq!(histogram.buckets().len(), 3);
        assert_eq!(quantile(&histogram.buckets(), 99.0), None, "nobody knows how large");
    }

    #[test]
    fn negative_values_ascend_as_well() {
        // (-4, -2] twice and (-2, -1] once, zero once.
        let negative = Some(Buckets { offset: 0, bucket_counts: vec![1, 2] });
        let point = ExponentialPoint { negative, zero_count: 1, ..ExponentialPoint::default() };
        let buckets = Exponential::new(&point).unwrap().buckets();
        let bounds: Vec<(f64, f64, f64)> = buckets.iter().map(|one| (one.low, one.high, one.count)).collect();
        assert_eq!(bounds, [(-4.0, -2.0, 2.0), (-2.0, -1.0, 1.0), (0.0, 0.0, 1.0)]);
        assert_eq!((quantile(&buckets, 25.0), quantile(&buckets, 75.0)), (Some(-3.0), Some(-1.0)));
    }

    #[test]
    fn what_is_near_zero_is_between_its_bounds_and_takes_in_what_it_covers() {
        let with = |threshold: f64, zero: u64, counts: &[u64]| {
            let positive = Some(Buckets { offset: 0, bucket_counts: counts.to_vec() });
            let point =
                ExponentialPoint { zero_threshold: threshold, zero_count: zero, positive, ..Default::default() };
            Exponential::new(&point).unwrap()
        };
        assert_eq!(quantile(&with(1.0, 4, &[]).buckets(), 75.0), Some(0.5));
        assert_eq!(quantile(&with(1.0, 4, &[4]).buckets(), 25.0), Some(0.5));
        // (1, 2] was a bucket of its own, and now it is zero.
        let added = with(2.0, 9, &[0, 5]).since(&with(0.0, 3, &[4, 1])).unwrap();
        assert_eq!(added, with(2.0, 2, &[0, 4]));
        // It covers a part of (1, 2]: then it covers all of it.
        let added = with(1.5, 9, &[0, 5]).since(&with(0.0, 3, &[4, 1])).unwrap();
        assert_eq!((added.zero, added.positive.len()), (2, 1));
    }
}
