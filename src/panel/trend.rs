//! A series as a view keeps it: thinned points, window, name and current value. Used by every panel that
//! shows the past.

use super::Reading;
use super::marks::scale::Range;
use crate::model::judgement::JudgedSeries;
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::ring::thin;

/// Points kept in a view: more than the widest screen has columns.
pub const VIEW_POINTS: usize = 1000;

/// A line over time, as a view keeps it.
#[derive(Debug, Clone, PartialEq)]
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
    pub fn of(series: &JudgedSeries<'_>, reading: &Reading<'_>) -> Self {
        // The window ends at the newest grid of the refresh, not at every tick of the clock: between
        // two polls nothing moves.
        let last = series.points.last().map_or(reading.now, |point| point.at);
        let to = if last.age_at(reading.now) <= reading.refresh.times(2.0) { last } else { reading.now };
        Self {
            points: thin(&series.points, VIEW_POINTS),
            from: to.minus(reading.window),
            to,
            reach: reach(&series.points, reading.refresh),
        }
    }

    /// The range that shows its shape: from a little below the least value to the greatest. A line that
    /// hardly moves is not blown up: the range is at least a fifth of the value.
    pub fn range(&self) -> Option<Range> {
        let Range { low, high } = Range::of(self.points.iter().map(|point| point.value))?;
        let span = (high - low).max(high.abs().max(low.abs()) * 0.2);
        let floor = low - span * 0.25;
        Some(Range { low: if low >= 0.0 { floor.max(0.0) } else { floor }, high: low + span })
    }
}

/// Two and a half times the usual distance of points: a longer pause is a gap.
pub fn reach(points: &[Point], refresh: Span) -> Span {
    let mut distances: Vec<i64> = points.windows(2).map(|pair| pair[1].at.0 - pair[0].at.0).collect();
    distances.sort_unstable();
    let usual = distances.get(distances.len() / 2).copied().unwrap_or(0);
    Span(usual.max(refresh.0)).times(2.5)
}

/// A line with what stands beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What tells it from its siblings.
    pub name: SafeText,
    /// Its current value as a text.
    pub value: String,
    /// How it is.
    pub status: Status,
    /// Its past.
    pub trend: Trend,
}

impl Line {
    /// From a judged series.
    pub fn of(series: &JudgedSeries<'_>, reading: &Reading<'_>) -> Self {
        Self {
            name: series.name.clone(),
            value: reading.text(series.value),
            status: series.judgement.status,
            trend: Trend::of(series, reading),
        }
    }
}

/// The first lines in half a line: "p50 210 ms  p99 1.8 s".
pub fn strip(lines: &[Line]) -> String {
    let words: Vec<String> = lines.iter().take(3).map(|line| format!("{} {}", line.name, line.value)).collect();
    words.join("  ").trim().to_owned()
}
