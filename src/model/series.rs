//! Numbers over time.

use serde::Serialize;

use super::labels::Labels;
use super::time::Timestamp;

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
    /// The whole window: replaces what was there.
    Whole,
    /// New points behind those already kept.
    Extension,
    /// The value of this moment, between two points of a grid: replaced by the next answer.
    Head,
    /// The value of this moment from a source without a memory: kept.
    Sample,
    /// What was sent to us of late, each value of its own time: series that are not among it are still there.
    Pushed,
}
