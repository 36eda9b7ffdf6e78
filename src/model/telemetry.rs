//! What comes back from a source.

use super::build::Build;
use super::series::{Coverage, Series};
use super::table::Table;
use super::text::SafeText;

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
    /// Free text, line by line.
    Lines(Vec<SafeText>),
}

impl Telemetry {
    /// The word for this shape in messages.
    pub const fn shape(&self) -> &'static str {
        match self {
            Self::Series { .. } => "series",
            Self::Table(_) => "table",
            Self::Builds(_) => "builds",
            Self::Lines(_) => "text",
        }
    }

    /// Whether the source answered, but with nothing in it.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Series { series, .. } => series.iter().all(|s| s.points.is_empty()),
            Self::Table(table) => table.rows.is_empty(),
            Self::Builds(builds) => builds.is_empty(),
            Self::Lines(lines) => lines.is_empty(),
        }
    }
}
