//! Numbers over time.

use super::text::SafeText;
use super::time::Timestamp;

/// One measurement. A value that is not finite is a gap, never a zero.
#[derive(Debug, Clone, Copy)]
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

/// A named line of points, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What tells it from its siblings (a label value, a target, a disk); may be empty.
    pub name: SafeText,
    /// Points in ascending time, at most one a moment.
    pub points: Vec<Point>,
}

impl Series {
    /// A series of one point.
    pub fn single(name: SafeText, at: Timestamp, value: f64) -> Self {
        Self { name, points: vec![Point { at, value }] }
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
}
