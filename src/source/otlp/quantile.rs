//! Quantiles of histograms: between the bounds of a bucket values are taken to be spread evenly, as `histogram_quantile` of
//! Prometheus does; within an exponential bucket, too.

/// A bucket: its bounds, and how many values are in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) count: f64,
}

/// Buckets between explicit bounds: one more than bounds. The outer ones end at the least and the greatest value where these
/// are known, else at the bound that they have. None where nothing says how large any value is.
pub(super) fn explicit(bounds: &[f64], counts: &[u64], (min, max): (Option<f64>, Option<f64>)) -> Vec<Bucket> {
    if bounds.is_empty() && (min.is_none() || max.is_none()) {
        return Vec::new();
    }
    let first = bounds.first().copied().unwrap_or(0.0);
    let last = bounds.last().copied().unwrap_or(0.0);
    let lowest = min.unwrap_or(if first > 0.0 { 0.0 } else { first });
    let highest = max.unwrap_or(last).max(lowest);
    let bucket = |(index, count): (usize, &u64)| {
        let low = index.checked_sub(1).and_then(|before| bounds.get(before)).map_or(lowest, |low| low.max(lowest));
        let high = bounds.get(index).map_or(highest, |high| high.min(max.unwrap_or(*high))).max(low);
        Bucket { low, high, count: *count as f64 }
    };
    counts.iter().enumerate().map(bucket).collect()
}

/// The value below which so many per cent of all are; none where there are none. Buckets ascend.
pub(super) fn quantile(buckets: &[Bucket], percent: f64) -> Option<f64> {
    let all: f64 = buckets.iter().map(|bucket| bucket.count).sum();
    if all.is_nan() || all <= 0.0 {
        return None;
    }
    let wanted = all * percent / 100.0;
    let mut below = 0.0;
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0.0) {
        if below + bucket.count >= wanted {
            let part = ((wanted - below) / bucket.count).clamp(0.0, 1.0);
            return Some((bucket.high - bucket.low).mul_add(part, bucket.low)).filter(|value| value.is_finite());
        }
        below += bucket.count;
    }
    buckets.last().map(|bucket| bucket.high).filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_buckets_give_values_between_their_bounds() {
        let buckets = explicit(&[10.0, 20.0, 50.0], &[10, 10, 0, 0], (None, None));
        assert_eq!(quantile(&buckets, 50.0), Some(10.0));
        assert_eq!(quantile(&buckets, 25.0), Some(5.0));
        assert_eq!(quantile(&buckets, 75.0), Some(15.0));
        // Beyond the last bound nobody knows how far; with a greatest value one does.
        let above = explicit(&[10.0], &[0, 4], (None, None));
        assert_eq!(quantile(&above, 99.0), Some(10.0));
        let above = explicit(&[10.0], &[0, 4], (Some(12.0), Some(20.0)));
        assert_eq!(quantile(&above, 50.0), Some(16.0));
        assert_eq!(quantile(&[], 50.0), None);
        assert_eq!(quantile(&explicit(&[1.0], &[0, 0], (None, None)), 50.0), None);
        assert_eq!(quantile(&explicit(&[], &[3], (Some(1.0), Some(3.0))), 50.0), Some(2.0));
        assert_eq!(explicit(&[], &[3], (Some(1.0), None)), [], "of no bounds there is no percentile");
    }
}
