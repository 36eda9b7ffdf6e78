//! What came in a tenth of a second, as one answer.

use std::collections::BTreeMap;

use super::Sample;
use crate::model::labels::Labels;
use crate::model::series::{Coverage, MAX_SERIES, Point, Series, SeriesSet, in_order};
use crate::model::telemetry::Telemetry;
use crate::model::time::Timestamp;

/// Most samples of one batch.
const MOST: usize = 10_000;

/// Samples by what they are measurements of.
#[derive(Debug, Default)]
pub(super) struct Batch {
    series: BTreeMap<Labels, Vec<Point>>,
    samples: usize,
}

impl Batch {
    pub(super) const fn is_empty(&self) -> bool {
        self.samples == 0
    }

    /// Whether one more sample may come in.
    pub(super) const fn has_room(&self) -> bool {
        self.samples < MOST
    }

    /// Adds a sample; false when it would be of one series more than an answer may have.
    pub(super) fn add(&mut self, sample: Sample) -> bool {
        let is_new = !self.series.contains_key(&sample.labels);
        if is_new && self.series.len() == MAX_SERIES {
            return false;
        }
        self.samples += 1;
        self.series.entry(sample.labels).or_default().push(sample.point);
        true
    }

    /// All of it, each value at its own time; none is of later than `now`, whatever clock has stamped it.
    pub(super) fn take(&mut self, now: Timestamp) -> Telemetry {
        let Self { series, .. } = std::mem::take(self);
        let past = |point: Point| Point { at: point.at.min(now), ..point };
        let series = series
            .into_iter()
            .map(|(labels, points)| Series { labels, points: in_order(points.into_iter().map(past)) });
        Telemetry::Series(SeriesSet::new(series.collect(), Coverage::Pushed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str, at: i64, value: f64) -> Sample {
        Sample { labels: Labels::named(name), point: Point { at: Timestamp(at), value } }
    }

    #[test]
    fn each_value_keeps_its_time_and_none_is_of_the_future() {
        let mut batch = Batch::default();
        for one in [sample("a", 20, 2.0), sample("b", 5, 9.0), sample("a", 10, 1.0), sample("a", 20, 3.0)] {
            assert!(batch.add(one));
        }
        assert!(batch.add(sample("b", 9000, 8.0)));
        let points =
            |pairs: &[(i64, f64)]| pairs.iter().map(|&(at, value)| Point { at: Timestamp(at), value }).collect();
        let expected = vec![
            Series::named("a", points(&[(10, 1.0), (20, 3.0)])),
            Series::named("b", points(&[(5, 9.0), (100, 8.0)])),
        ];
        assert_eq!(batch.take(Timestamp(100)), Telemetry::Series(SeriesSet::new(expected, Coverage::Pushed)));
        assert!(batch.take(Timestamp(200)).is_empty(), "it begins anew");
    }

    #[test]
    fn it_is_bounded() {
        let mut batch = Batch::default();
        let taken = (0..2 * MAX_SERIES).filter(|n| batch.add(sample(&n.to_string(), 1, 1.0))).count();
        assert_eq!(taken, MAX_SERIES);
        while batch.has_room() {
            assert!(batch.add(sample("0", 1, 1.0)), "a series that is there is taken");
        }
        assert!(batch.take(Timestamp(9)).within_limits().is_ok());
    }
}
