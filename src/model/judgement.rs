//! What evaluation says of one line of numbers, one build, one row.

use serde::Serialize;

use super::build::TrackedBuild;
use super::event::Event;
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
    pub const fn of(status: Status) -> Self {
        Self { status, since: None, pending: None, open_start: false, pending_open: false }
    }
}

/// A line of numbers within the window, with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct JudgedSeries<'a> {
    /// What tells it from its siblings; may be empty.
    pub name: SafeText,
    /// Points within the window, oldest first.
    pub points: std::borrow::Cow<'a, [Point]>,
    /// The current value; `None` when it has none at this moment.
    pub value: Option<f64>,
    /// The verdict.
    pub judgement: Judgement,
    /// Why it has no value, or none that can be judged.
    pub lack: Option<Lack>,
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

/// A limit as it is drawn over a chart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LimitLine {
    /// Warning or critical.
    pub status: Status,
    /// Where, in the panel's unit.
    pub value: f64,
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
    Table(&'a Table, Vec<Status>),
    /// Builds, worst first, the oldest red first.
    Builds(Vec<&'a TrackedBuild>),
    /// What happened, oldest first.
    Events(Vec<&'a Event>),
    /// Reviews.
    Reviews(Vec<&'a Review>),
    /// Free text.
    Text(&'a [SafeText]),
}
