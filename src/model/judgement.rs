//! What evaluation says of one line of numbers, one build, one row.

use std::borrow::Cow;

use serde::Serialize;

use super::build::TrackedBuild;
use super::event::Event;
use super::log::LogEntry;
use super::review::Review;
use super::series::Point;
use super::status::Status;
use super::table::Table;
use super::text::SafeText;
use super::time::Timestamp;

/// The verdict on one subject.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Judgement {
    /// How it is.
    pub status: Status,
    /// Since when, as far as the history tells; none when ok.
    pub since: Option<Timestamp>,
    /// A limit is crossed, but not yet for long enough to count.
    pub pending: Option<Status>,
    /// It was like this at the first value that is known, and perhaps before: `since` is the latest moment
    /// at which it can have begun.
    pub open_start: bool,
    /// The same of what is pending: nobody knows whether it has not lasted long enough.
    pub pending_open: bool,
}

impl Judgement {
    /// A status without a history.
    pub const fn new(status: Status) -> Self {
        Self { status, since: None, pending: None, open_start: false, pending_open: false }
    }

    /// The worse of two; of two alike, since the earlier.
    #[must_use]
    pub fn or_worse(self, other: Self) -> Self {
        let pending = match (self.pending, other.pending) {
            (Some(x), Some(y)) => Some(x.or_worse(y)),
            (x, y) => x.or(y),
        };
        let mut worse = if other.status.severity() > self.status.severity() { other } else { self };
        if self.status == other.status {
            worse.since = match (self.since, other.since) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            };
            worse.open_start = self.open_start || other.open_start;
            worse.pending_open = self.pending_open || other.pending_open;
        }
        worse.pending = pending.filter(|pending| pending.severity() > worse.status.severity());
        worse
    }
}

/// A line of numbers within the window, with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedSeries<'a> {
    /// What tells it from its siblings; may be empty.
    pub name: SafeText,
    /// Points within the window, oldest first.
    pub points: Cow<'a, [Point]>,
    /// The current value; `None` when it has none at this moment.
    pub value: Option<f64>,
    /// The verdict.
    pub judgement: Judgement,
    /// Why it has no value, or none that can be judged.
    pub lack: Option<Lack>,
    /// The statuses it went through, oldest first; empty without a limit.
    pub past: &'a [StatusChange],
}

#[cfg(test)]
impl JudgedSeries<'static> {
    /// Values at moments that are so many milliseconds apart, from 0 on; nothing is judged of them. For tests.
    pub(crate) fn sampled(name: &str, step: i64, values: &[f64]) -> Self {
        let point = |(n, value): (usize, &f64)| Point { at: Timestamp(n as i64 * step), value: *value };
        Self {
            name: name.into(),
            points: values.iter().enumerate().map(point).collect(),
            value: values.last().copied(),
            judgement: Judgement::default(),
            lack: None,
            past: &[],
        }
    }
}

/// A status from a moment on, until the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StatusChange {
    /// Since when.
    pub at: Timestamp,
    /// Which.
    pub status: Status,
}

/// Rows and columns, with their verdicts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JudgedTable<'a> {
    /// The rows.
    pub table: Cow<'a, Table>,
    /// The status of each.
    pub rows: Vec<Status>,
}

/// Why a series cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The source answers, but this series is no longer in the answer.
    Vanished,
    /// The newest value is no number.
    NoNumber,
    /// The newest value is of this moment: too long ago.
    Old(Timestamp),
    /// The query of this name has no series with the same labels.
    NoPartner(String),
}

/// The values of a status, as a limit has them: all from `low` (or from below) up to `high` (or above).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LimitBand {
    /// Warning or critical.
    pub status: Status,
    /// Where it begins, in the panel's unit; none where it has no lower end.
    pub low: Option<f64>,
    /// Where it ends; none where it has no upper end.
    pub high: Option<f64>,
}

impl LimitBand {
    /// Where lines are drawn.
    pub fn edges(self) -> impl Iterator<Item = f64> {
        [self.low, self.high].into_iter().flatten()
    }

    /// Whether a value lies in it; on its edge it does.
    pub fn contains(self, value: f64) -> bool {
        self.low.is_none_or(|low| value >= low) && self.high.is_none_or(|high| value <= high)
    }
}

/// What a panel has to show, judged: one shape of telemetry.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Content<'a> {
    /// Nothing has come yet, or nothing is asked for.
    #[default]
    Nothing,
    /// Numbers over time.
    Series(Vec<JudgedSeries<'a>>),
    /// Rows and columns, with a status for each row.
    Table(JudgedTable<'a>),
    /// Builds, worst first, the oldest red first.
    Builds(Vec<&'a TrackedBuild>),
    /// What happened, oldest first.
    Events(Vec<&'a Event>),
    /// Reviews.
    Reviews(Vec<&'a Review>),
    /// Lines of logs, oldest first.
    Logs(Vec<LogEntry<'a>>),
    /// Free text.
    Text(Cow<'a, [SafeText]>),
}

/// Most names of what has a status that are kept.
const MOST_NAMED: usize = 20;

impl Content<'_> {
    /// The names of the series or builds that have a status, in order, the first so many of them; empty where they have
    /// none, or are not told apart.
    pub fn names_with(&self, status: Status) -> Vec<SafeText> {
        let names: Vec<&SafeText> = match self {
            Self::Series(series) => {
                series.iter().filter(|one| one.judgement.status == status).map(|one| &one.name).collect()
            }
            Self::Builds(builds) => {
                builds.iter().filter(|one| one.build.result.status() == status).map(|one| &one.name).collect()
            }
            _ => Vec::new(),
        };
        let mut names: Vec<SafeText> = names.into_iter().filter(|name| !name.is_empty()).cloned().collect();
        names.sort();
        names.truncate(MOST_NAMED);
        names
    }

    /// What it is, in a word for messages.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Series(_) => "series",
            Self::Table(_) => "rows",
            Self::Builds(_) => "builds",
            Self::Events(_) => "events",
            Self::Reviews(_) => "reviews",
            Self::Logs(_) => "lines",
            Self::Text(_) => "texts",
        }
    }
}
