//! What comes back from a source.

use super::build::Build;
use super::event::Event;
use super::fault::{FetchError, Reason};
use super::labels::Labels;
use super::review::Review;
use super::series::{Coverage, Series};
use super::table::Table;
use super::text::SafeText;

/// Most series of one answer.
pub const MAX_SERIES: usize = 1000;
/// Most points of one series, as Prometheus has it.
const MAX_POINTS: usize = 11_000;
/// Most rows of one table.
const MAX_ROWS: usize = 10_000;
/// Most columns of one table.
pub const MAX_COLUMNS: usize = 200;
/// Most cells of one table: rows times columns, however few of them hold something.
pub const MAX_CELLS: usize = 100_000;
/// Most builds of one answer.
const MAX_BUILDS: usize = 20_000;
/// Most events of one answer.
pub const MAX_EVENTS: usize = 10_000;
/// Most reviews of one answer.
pub const MAX_REVIEWS: usize = 2000;
/// Most lines of one text.
pub const MAX_LINES: usize = 10_000;

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub enum Telemetry {
    /// Numbers over time.
    Series {
        /// The lines.
        series: Vec<Series>,
        /// How they extend what is already kept.
        coverage: Coverage,
    },
    /// Rows and columns.
    Table(Table),
    /// Builds of a CI server.
    Builds(Vec<Build>),
    /// What happened, and what is planned.
    Events(Vec<Event>),
    /// Reviews, open ones and those merged lately.
    Reviews(Vec<Review>),
    /// Free text, line by line.
    Text(Vec<SafeText>),
    /// Any of these, with what its source says about the answer itself.
    Caveat {
        /// The answer.
        telemetry: Box<Self>,
        /// What to know about it.
        caveat: Caveat,
    },
}

/// What a source says about its own answer: a warning of the server, or a part that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caveat {
    /// In a few words: "partial: no store matched", "acme/web: no access (403)".
    pub text: SafeText,
    /// Whether a part of the answer is missing: then nobody knows that all is well.
    pub partial: bool,
}

impl Telemetry {
    /// The word for this shape in messages.
    pub const fn shape(&self) -> &'static str {
        match self {
            Self::Series { .. } => "series",
            Self::Table(_) => "table",
            Self::Builds(_) => "builds",
            Self::Events(_) => "events",
            Self::Reviews(_) => "reviews",
            Self::Text(_) => "text",
            Self::Caveat { telemetry, .. } => telemetry.shape(),
        }
    }

    /// Refuses an answer that is too much to show: all of it, never a part that would look like the whole.
    pub fn within_limits(self) -> Result<Self, FetchError> {
        match self.counts().iter().find(|(_, count, most)| count > most) {
            None => self.without_doubles(),
            Some((what, count, most)) => {
                let detail = format!("{count} {what}, more than {most}; narrow the query");
                Err(FetchError::new(Reason::TooLarge, detail))
            }
        }
    }

    /// Refuses two series with one label set: which of them counts, nobody could tell.
    fn without_doubles(self) -> Result<Self, FetchError> {
        if let Self::Series { series, .. } = &self {
            let mut labels: Vec<&Labels> = series.iter().map(|one| &one.labels).collect();
            labels.sort_unstable();
            if let Some([double, _]) = labels.array_windows().find(|[a, b]| a == b) {
                let detail = format!("two series with the same labels: {}", double.spelled());
                return Err(FetchError::new(Reason::Parse, detail));
            }
        }
        Ok(self)
    }

    /// What is limited, how much of it there is, and how much there may be.
    fn counts(&self) -> Vec<(&'static str, usize, usize)> {
        match self {
            Self::Series { series, .. } => vec![
                ("series", series.len(), MAX_SERIES),
                ("points", series.iter().map(|one| one.points.len()).max().unwrap_or(0), MAX_POINTS),
            ],
            Self::Table(table) => {
                let (rows, columns) = (table.rows.len(), table.columns.len());
                vec![("rows", rows, MAX_ROWS), ("columns", columns, MAX_COLUMNS), ("cells", rows * columns, MAX_CELLS)]
            }
            Self::Builds(builds) => vec![("builds", builds.len(), MAX_BUILDS)],
            Self::Events(events) => vec![("events", events.len(), MAX_EVENTS)],
            Self::Reviews(reviews) => vec![("reviews", reviews.len(), MAX_REVIEWS)],
            Self::Text(lines) => vec![("lines", lines.len(), MAX_LINES)],
            Self::Caveat { telemetry, .. } => telemetry.counts(),
        }
    }

    /// The same, with what its source says about it.
    #[must_use]
    pub fn with_caveat(self, text: SafeText, partial: bool) -> Self {
        Self::Caveat { telemetry: Box::new(self), caveat: Caveat { text, partial } }
    }

    /// The answer itself, and what its source says about it; of several caveats the outermost.
    pub fn split(self) -> (Self, Option<Caveat>) {
        match self {
            Self::Caveat { telemetry, caveat } => (telemetry.split().0, Some(caveat)),
            plain => (plain, None),
        }
    }

    /// The same without names of people: on a wall they are off unless the board asks for them.
    #[must_use]
    pub fn without_people(self) -> Self {
        match self {
            Self::Builds(builds) => Self::Builds(builds.into_iter().map(Build::without_people).collect()),
            Self::Events(events) => Self::Events(events.into_iter().map(Event::without_people).collect()),
            Self::Reviews(reviews) => Self::Reviews(reviews.into_iter().map(Review::without_people).collect()),
            Self::Caveat { telemetry, caveat } => {
                Self::Caveat { telemetry: Box::new(telemetry.without_people()), caveat }
            }
            other => other,
        }
    }

    /// Whether the source answered, but with nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Series { series, .. } => series.iter().all(|s| s.points.is_empty()),
            Self::Table(table) => table.rows.is_empty(),
            Self::Builds(builds) => builds.is_empty(),
            Self::Events(events) => events.is_empty(),
            Self::Reviews(reviews) => reviews.is_empty(),
            Self::Text(lines) => lines.is_empty(),
            Self::Caveat { telemetry, .. } => telemetry.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn two_series_with_the_same_labels_are_refused() {
        let answer = |names: [&str; 2]| {
            let series = names.iter().map(|name| Series::single(name, Timestamp(0), 1.0)).collect();
            Telemetry::Series { series, coverage: Coverage::Sample }.within_limits()
        };
        assert!(answer(["a", "b"]).is_ok());
        let error = answer(["a", "a"]).unwrap_err();
        assert_eq!((error.reason, error.detail.as_str()), (Reason::Parse, "two series with the same labels: a"));
    }
}
