//! A series as a view keeps it: thinned points, window, name and current value. Used by every panel that
//! shows the past.

use serde::Serialize;

use super::PanelInput;
use super::marks::scale::Range;
use crate::model::format::{Format, Written};
use crate::model::judgement::JudgedSeries;
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::ring::thin;

/// Points kept in a view: more than the widest screen has columns.
pub const VIEW_POINTS: usize = 1000;

/// A line over time, as a view keeps it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trend {
    /// Thinned points; gaps are NaN.
    pub points: Vec<Point>,
    /// Left edge.
    pub from: Timestamp,
    /// Right edge.
    pub to: Timestamp,
    /// How long a value holds when no newer one comes.
    pub reach: Span,
}

impl Trend {
    /// From a judged series.
    pub fn from_series(series: &JudgedSeries<'_>, input: &PanelInput<'_>) -> Self {
        let to = right_edge(series.points.last().map(|point| point.at), input);
        Self {
            points: thin(&series.points, VIEW_POINTS),
            from: to.minus(input.window),
            to,
            reach: reach(&series.points, input.refresh),
        }
    }

    /// Its last part.
    #[must_use]
    pub fn since(&self, from: Timestamp) -> Self {
        let points = self.points.iter().filter(|point| point.at >= from).copied().collect();
        Self { points, from, ..*self }
    }

    /// The value at a moment, as far as one holds there.
    pub fn value_at(&self, at: Timestamp) -> Option<f64> {
        let before = self.points.iter().rev().find(|point| point.at <= at)?;
        (before.value.is_finite() && before.at.age_at(at) <= self.reach).then_some(before.value)
    }

    /// Its least and its greatest value.
    pub fn extremes(&self) -> Option<Range> {
        Range::around(self.points.iter().map(|point| point.value))
    }

    /// The range that shows its shape: from a little below the least value to the greatest. A line that
    /// hardly moves is not blown up: the range is at least a fifth of the value.
    pub fn range(&self) -> Option<Range> {
        let Range { low, high } = self.extremes()?;
        let span = (high - low).max(high.abs().max(low.abs()) * 0.2);
        if span <= 0.0 {
            // Nothing but zero lies at the floor, not in the middle of nothing.
            return Some(Range { low: 0.0, high: 1.0 });
        }
        let floor = low - span * 0.25;
        Some(Range { low: if low >= 0.0 { floor.max(0.0) } else { floor }, high: low + span })
    }
}

/// Where a graph ends: at its newest value while values come, not at every tick of the clock, so that between two polls
/// nothing moves.
pub fn right_edge(newest: Option<Timestamp>, input: &PanelInput<'_>) -> Timestamp {
    newest.filter(|newest| newest.age_at(input.now) <= input.refresh.times(2.0)).unwrap_or(input.now)
}

/// Two and a half times the usual distance of points: a longer pause is a gap.
pub fn reach(points: &[Point], refresh: Span) -> Span {
    let mut distances: Vec<i64> = points.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or(0);
    Span(usual.max(refresh.0)).times(2.5)
}

/// A line with its name and its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What tells it from its siblings.
    pub name: SafeText,
    /// Its current value.
    pub value: Option<f64>,
    /// The same as a text, in the precision of its siblings.
    pub text: Written,
    /// How it is.
    pub status: Status,
    /// Its past.
    pub trend: Trend,
}

impl Line {
    /// From judged series.
    pub fn for_each_series(series: &[JudgedSeries<'_>], input: &PanelInput<'_>) -> Vec<Self> {
        let line = |(one, text): (&JudgedSeries<'_>, Written)| Self {
            name: one.name.clone(),
            value: one.value,
            text,
            status: one.judgement.status,
            trend: Trend::from_series(one, input),
        };
        series.iter().zip(input.texts(series)).map(line).collect()
    }
}

/// The last part of lines.
pub fn since(lines: &[Line], from: Timestamp) -> Vec<Line> {
    lines.iter().map(|line| Line { trend: line.trend.since(from), ..line.clone() }).collect()
}

/// Where the last part of a time begins, if it is a part.
pub fn begin_of(window: Span, (from, to): (Timestamp, Timestamp)) -> Option<Timestamp> {
    Some(to.minus(window)).filter(|begin| *begin > from)
}

/// What lines say of a moment: their names with the values they had, in one precision.
pub fn said_at(lines: &[Line], at: Timestamp, format: &Format) -> Vec<(SafeText, String)> {
    let values: Vec<Option<f64>> = lines.iter().map(|line| line.trend.value_at(at)).collect();
    let texts = format.all_written(&values, at).into_iter().map(|text| text.short.text());
    lines.iter().map(|line| line.name.clone()).zip(texts).collect()
}

/// The first lines in half a line: "p50 210 ms  p99 1.8 s".
pub fn strip(lines: &[Line]) -> String {
    let words: Vec<String> =
        lines.iter().take(3).map(|line| format!("{} {}", line.name, line.text.short.text())).collect();
    words.join("  ").trim().to_owned()
}

/// The same in one line: "in 1.2 MB/s  out 0.4 MB/s".
pub fn words_at(lines: &[Line], at: Timestamp, format: &Format) -> String {
    let words: Vec<String> = said_at(lines, at, format).iter().map(|(name, text)| format!("{name} {text}")).collect();
    words.join("  ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(values: &[f64]) -> Range {
        let points = values.iter().enumerate().map(|(n, value)| Point { at: Timestamp(n as i64), value: *value });
        let trend = Trend { points: points.collect(), from: Timestamp(0), to: Timestamp(10), reach: Span(1) };
        trend.range().unwrap()
    }

    #[test]
    fn a_line_shows_its_shape_and_nothing_but_zero_lies_at_the_floor() {
        assert_eq!(range(&[10.0, 20.0]), Range { low: 7.5, high: 20.0 });
        assert_eq!(range(&[100.0, 101.0]), Range { low: 94.95, high: 120.2 }, "what hardly moves is not blown up");
        assert_eq!(range(&[0.0, 0.0]), Range { low: 0.0, high: 1.0 });
        assert_eq!(range(&[0.0, 8.0]), Range { low: 0.0, high: 8.0 }, "a count has no values below zero");
    }
}
