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
    zero: f64,
    positive: BTreeMap<i32, f64>,
    negative: BTreeMap<i32, f64>,
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
            let counted = buckets.bucket_counts.iter().enumerate().filter(|(_, count)| **count > 0);
            Ok(counted.map(|(n, count)| (buckets.offset.saturating_add(n as i32), *count as f64)).collect())
        };
        Ok(Self {
            scale: point.scale,
            zero: point.zero_count as f64,
            positive: side(&point.positive)?,
            negative: side(&point.negative)?,
        })
    }

    /// What was added to an earlier one; none where something is less than it was: it began anew.
    pub(super) fn since(&self, before: &Self) -> Option<Self> {
        let scale = self.scale.min(before.scale);
        let (now, before) = (self.at_scale(scale), before.at_scale(scale));
        let side = |now: &BTreeMap<i32, f64>, before: &BTreeMap<i32, f64>| {
            let mut all = now.clone();
            for (index, count) in before {
                let left = all.get_mut(index).map(|now| {
                    *now -= count;
                    *now
                });
                left.filter(|left| *left >= 0.0)?;
            }
            Some(all)
        };
        let zero = Some(now.zero - before.zero).filter(|zero| *zero >= 0.0)?;
        Some(Self {
            scale,
            zero,
            positive: side(&now.positive, &before.positive)?,
            negative: side(&now.negative, &before.negative)?,
        })
    }

    /// The same with fewer, larger buckets.
    fn at_scale(&self, scale: i32) -> Self {
        let by = u32::try_from(self.scale - scale).unwrap_or(0);
        let side = |of: &BTreeMap<i32, f64>| {
            let mut all: BTreeMap<i32, f64> = BTreeMap::new();
            for (index, count) in of {
                *all.entry(index >> by.min(31)).or_default() += count;
            }
            all
        };
        Self { scale, zero: self.zero, positive: side(&self.positive), negative: side(&self.negative) }
    }

    /// Its buckets, ascending.
    pub(super) fn buckets(&self) -> Vec<Bucket> {
        // The bound of a bucket is base^index, and base is 2^(2^-scale).
        let bound = |index: i32| (f64::from(index) * f64::from(-self.scale).exp2()).exp2();
        let negative = self.negative.iter().rev();
        let negative = negative.map(|(n, count)| Bucket { low: -bound(n + 1), high: -bound(*n), count: *count });
        let zero = Bucket { low: 0.0, high: 0.0, count: self.zero };
        let positive = self.positive.iter();
        let positive =
            positive.map(|(n, count)| Bucket { low: bound(*n), high: bound(n.saturating_add(1)), count: *count });
        negative.chain([zero]).chain(positive).collect()
    }
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
        let positive = Some(Buckets { offset: i32::MAX, bucket_counts: vec![1; 5] });
        let point = ExponentialPoint { positive, ..ExponentialPoint::default() };
        assert!(Exponential::new(&point).unwrap().buckets().iter().all(|one| one.count > 0.0 || one.low == 0.0));
    }
}
