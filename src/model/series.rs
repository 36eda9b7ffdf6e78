//! Numbers over time.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::{AnswerKind, Count};
use super::fault::{FetchError, Reason};
use super::labels::Labels;
use super::time::Timestamp;

/// Most series of one answer.
pub const MAX_SERIES: usize = 1000;
/// Most points of one series, as Prometheus has it.
const MAX_POINTS: usize = 11_000;

/// One measurement. A value that is not finite is a gap, never a zero.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Point {
    /// When it was measured.
    pub at: Timestamp,
    /// The measurement, in the panel's unit; NaN is a gap.
    pub value: f64,
}

/// Equal by bits, so that a gap (NaN) equals itself and a scene with gaps equals its copy.
impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && self.value.to_bits() == other.value.to_bits()
    }
}

/// Points in ascending time; of several of one moment the last one counts.
pub fn in_order(points: impl IntoIterator<Item = Point>) -> Vec<Point> {
    let by_time: BTreeMap<Timestamp, f64> = points.into_iter().map(|point| (point.at, point.value)).collect();
    by_time.into_iter().map(|(at, value)| Point { at, value }).collect()
}

/// A line of points, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What it is a measurement of: its identity, before any text is made safe.
    pub labels: Labels,
    /// Points in ascending time, at most one a moment.
    pub points: Vec<Point>,
}

impl Series {
    /// A series known by the name that its source gives it (a target, a disk, a key); empty where it is the
    /// only one.
    pub fn named(name: &str, points: Vec<Point>) -> Self {
        Self { labels: Labels::named(name), points }
    }

    /// The same with one point.
    pub fn single(name: &str, at: Timestamp, value: f64) -> Self {
        Self::named(name, vec![Point { at, value }])
    }

    /// The newest point's value, if it is a number.
    pub fn last(&self) -> Option<f64> {
        self.points.last().map(|p| p.value).filter(|v| v.is_finite())
    }
}

/// What a set of series stands for, so that the store knows how to keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// The whole window: replaces what was there from its first point on.
    Whole,
    /// New points behind those already kept.
    Extension,
    /// The value of this moment, between two points of a grid: replaced by the next answer.
    Head,
    /// The value of this moment from a source without a memory: kept.
    Sample,
    /// What was sent to us recently, each value of its own time: series that are not among it are still there.
    Pushed,
}

/// The series of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    /// The lines.
    pub series: Vec<Series>,
    /// How they extend what is already kept.
    pub coverage: Coverage,
}

impl SeriesSet {
    /// Series, and how they extend what is already kept.
    pub const fn new(series: Vec<Series>, coverage: Coverage) -> Self {
        Self { series, coverage }
    }

    /// Whether the board has measured or received it itself: nobody else can be asked for its past.
    pub const fn is_own(&self) -> bool {
        matches!(self.coverage, Coverage::Sample | Coverage::Pushed)
    }
}

impl AnswerKind for SeriesSet {
    fn counts(&self) -> Vec<Count> {
        let points = self.series.iter().map(|one| one.points.len()).max().unwrap_or(0);
        vec![
            Count { what: "series", is: self.series.len(), most: MAX_SERIES },
            Count { what: "points", is: points, most: MAX_POINTS },
        ]
    }

    fn is_empty(&self) -> bool {
        self.series.iter().all(|one| one.points.is_empty())
    }

    fn is_pushed(&self) -> bool {
        self.coverage == Coverage::Pushed
    }

    /// Refuses two series with one label set: which of them counts, nobody could tell.
    fn check(&self) -> Result<(), FetchError> {
        let mut labels: Vec<&Labels> = self.series.iter().map(|one| &one.labels).collect();
        labels.sort_unstable();
        match labels.array_windows().find(|[a, b]| a == b) {
            None => Ok(()),
            Some([double, _]) => {
                let detail = format!("two series with the same labels: {}", double.spelled());
                Err(FetchError::new(Reason::Parse, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::telemetry::Telemetry;

    #[test]
    fn points_are_put_in_order_and_of_one_moment_the_last_counts() {
        let point = |(at, value): (i64, f64)| Point { at: Timestamp(at), value };
        let all = in_order([(2, 1.0), (1, 2.0), (2, 3.0)].map(point));
        assert_eq!(all, [(1, 2.0), (2, 3.0)].map(point));
    }

    #[test]
    fn two_series_with_the_same_labels_are_refused() {
        let answer = |names: [&str; 2]| {
            let series = names.iter().map(|name| Series::single(name, Timestamp(0), 1.0)).collect();
            Telemetry::Series(SeriesSet::new(series, Coverage::Sample)).within_limits()
        };
        assert!(answer(["a", "b"]).is_ok());
        let error = answer(["a", "a"]).unwrap_err();
        assert_eq!((error.reason, error.detail.as_str()), (Reason::Parse, "two series with the same labels: a"));
    }
}
