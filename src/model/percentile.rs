//! Percentiles of values, by nearest rank: always one of the values.

/// The value that so many per cent (above 0, at most 100) of all do not exceed; none of nothing. The values ascend.
pub fn nearest_rank(sorted: &[f64], percent: f64) -> Option<f64> {
    // Without the last bit of the product: 99.9 per cent of 1,000 is 999, and not a little more.
    let rank = (percent * sorted.len() as f64 / 100.0 - 1e-9).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

/// The name of one, as a part of the name of a metric: `p99`, and `p99_9` where it has decimals.
pub fn name(percent: f64) -> String {
    format!("p{percent}").replace('.', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_one_of_the_values() {
        let all: Vec<f64> = (1..=1000).map(f64::from).collect();
        for (percent, value) in [(0.01, 1.0), (50.0, 500.0), (55.0, 550.0), (99.9, 999.0), (100.0, 1000.0)] {
            assert_eq!(nearest_rank(&all, percent), Some(value), "{percent}");
        }
        assert_eq!((nearest_rank(&[7.0], 99.0), nearest_rank(&[], 50.0)), (Some(7.0), None));
    }
}
