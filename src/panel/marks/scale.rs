//! From values and moments to rows and columns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};

/// A closed range of values, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Range {
    /// The range of finite values; zero belongs to it when all are on one side of it and near enough,
    /// so that a bar's length means its value.
    pub fn around(values: impl Iterator<Item = f64>) -> Option<Self> {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        (low <= high).then_some(Self { low, high })
    }

    /// With zero in it.
    #[must_use]
    pub const fn with_zero(self) -> Self {
        Self { low: self.low.min(0.0), high: self.high.max(0.0) }
    }

    /// Where a value is, 0 at the lower end, 1 at the upper.
    pub fn ratio(self, value: f64) -> f64 {
        let span = self.high - self.low;
        if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// The row of a value, of so many, from the top: 0 for the upper end. Lines, limits and the labels of
    /// an axis all stand where this says.
    pub fn row(self, value: f64, count: u16) -> u16 {
        ((1.0 - self.ratio(value)) * f64::from(count.saturating_sub(1))).round() as u16
    }
}

/// How values are laid out along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// Equal differences are equally far apart.
    #[default]
    Linear,
    /// Equal ratios are: each power of ten has as much room. What is not above zero stands at the lower end.
    Log,
}

impl Scale {
    /// Where a value stands: the value itself, or its power of ten.
    pub fn place(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log if value > 0.0 => value.log10(),
            Self::Log => f64::NEG_INFINITY,
        }
    }
}

/// The column of a moment, of so many between two moments; none before the first.
pub fn column(at: Timestamp, from: Timestamp, to: Timestamp, count: u16) -> Option<u16> {
    let width_of_one = (to.0 - from.0).max(1) as f64 / f64::from(count.max(1));
    let column = ((at.0 - from.0) as f64 / width_of_one).floor();
    (column >= 0.0 && count > 0).then(|| (column as u64).min(u64::from(count) - 1) as u16)
}

/// The least and the greatest value of a column of the screen; `None` is a gap.
pub type Column = Option<(f64, f64)>;

/// Lays points out over columns of equal time. A column without a point is a gap, unless the next point
/// on either side is within `reach`: then the older value still holds.
pub fn columns(points: &[Point], from: Timestamp, to: Timestamp, count: u16, reach: Span) -> Vec<Column> {
    let mut columns: Vec<Column> = vec![None; usize::from(count)];
    let span = (to.0 - from.0).max(1) as f64;
    let width = span / f64::from(count.max(1));
    let mut before: Option<(usize, Point)> = None;
    for point in points.iter().filter(|point| point.at <= to) {
        let index = (((point.at.0 - from.0) as f64 / width).floor() as i64).min(i64::from(count) - 1);
        let Ok(index) = usize::try_from(index) else {
            // Left of the first column: it may still hold at the edge.
            before = Some((0, *point));
            continue;
        };
        if !point.value.is_finite() {
            before = None;
            continue;
        }
        if let Some((last, old)) = before
            && old.value.is_finite()
            && point.at.0 - old.at.0 <= reach.0.max(width as i64 * 2)
        {
            let hold = if columns.get(last).is_some_and(Option::is_some) { last + 1 } else { last };
            for column in columns.get_mut(hold..index).unwrap_or_default() {
                *column = Some((old.value, old.value));
            }
        }
        if let Some(column) = columns.get_mut(index) {
            *column = Some(
                column.map_or((point.value, point.value), |(low, high)| (low.min(point.value), high.max(point.value))),
            );
        }
        before = Some((index, *point));
    }
    if let Some((last, old)) = before
        && old.value.is_finite()
        && to.0 - old.at.0 <= reach.0.max(width as i64 * 2)
    {
        for column in columns.get_mut(last + 1..).unwrap_or_default() {
            *column = Some((old.value, old.value));
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(pairs: &[(i64, f64)]) -> Vec<Point> {
        pairs.iter().map(|&(at, value)| Point { at: Timestamp(at), value }).collect()
    }

    #[test]
    fn a_column_keeps_minimum_and_maximum() {
        let all = points(&[(0, 1.0), (1, 9.0), (2, 4.0), (10, 5.0)]);
        let columns = columns(&all, Timestamp(0), Timestamp(20), 2, Span(100));
        assert_eq!(columns, [Some((1.0, 9.0)), Some((5.0, 5.0))]);
    }

    #[test]
    fn what_is_missing_for_long_is_a_gap() {
        let all = points(&[(0, 1.0), (90, 2.0)]);
        let columns = columns(&all, Timestamp(0), Timestamp(100), 10, Span(15));
        assert_eq!(columns[0], Some((1.0, 1.0)));
        assert!(columns[2..9].iter().all(Option::is_none), "{columns:?}");
        let all = points(&[(0, 1.0), (10, f64::NAN), (20, 3.0)]);
        assert_eq!(super::columns(&all, Timestamp(0), Timestamp(30), 3, Span(50))[1], None);
    }

    #[test]
    fn a_sparse_line_holds_between_its_points() {
        let all = points(&[(0, 1.0), (30, 2.0)]);
        let columns = columns(&all, Timestamp(0), Timestamp(40), 4, Span(45));
        assert_eq!(columns.iter().flatten().map(|c| c.1).collect::<Vec<_>>(), [1.0, 1.0, 1.0, 2.0]);
    }
}
