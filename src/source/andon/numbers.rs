//! The numbers behind a panel of a site, as series with their own times.

use std::collections::HashMap;

use serde::Deserialize;

use super::clock::SiteClock;
use crate::model::fault::{FetchError, Reason};
use crate::model::labels::Labels;
use crate::model::series::{Point, Series, in_order};
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::Timestamp;

/// The label that numbers series whose labels the site's queries do not tell apart.
const NUMBER: &str = "query";

/// An element of `/api/v1/series`.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    labels: Labels,
    points: Vec<Sample>,
}

#[derive(Debug, Deserialize)]
struct Sample {
    time: String,
    /// None is a gap.
    value: Option<f64>,
}

/// How far the numbers are known.
#[derive(Debug, Default)]
pub(super) struct Known(Option<Timestamp>);

impl Known {
    /// From when on to ask, by the site's clock; none for all that it has.
    pub(super) const fn from(&self) -> Option<Timestamp> {
        self.0
    }
}

/// The series of an answer, by our clock, and from when on to ask next. The newest value of a series may be replaced
/// by the next one (that of this moment, between two points of a grid): the next answer has to begin before it. And it has
/// to have the newest value of the slowest series, or that one would seem to be gone.
pub(super) fn series(lines: Vec<Line>, clock: &SiteClock, known: &mut Known) -> Result<Vec<Series>, FetchError> {
    let mut seen: HashMap<Labels, usize> = HashMap::new();
    let (mut all, mut from): (Vec<Series>, Option<Timestamp>) = (Vec::with_capacity(lines.len()), None);
    for line in lines {
        let theirs = in_order(line.points.iter().map(Sample::point).collect::<Result<Vec<_>, _>>()?);
        let begin = theirs.get(theirs.len().saturating_sub(2)).map(|point| point.at);
        from = [from, begin].into_iter().flatten().min();
        let points = theirs.iter().map(|point| Point { at: clock.ours(point.at), ..*point }).collect();
        let count = seen.entry(line.labels.clone()).or_default();
        *count += 1;
        let labels = if *count > 1 { line.labels.with(NUMBER, count.to_string()) } else { line.labels };
        all.push(Series { labels, points });
    }
    *known = Known(from);
    Ok(all)
}

impl Sample {
    fn point(&self) -> Result<Point, FetchError> {
        let at = Timestamp::of_rfc3339(Some(&self.time)).ok_or_else(|| {
            let is = ellipsis(SafeText::new(&self.time).as_str(), 40);
            FetchError::new(Reason::Parse, format!("/api/v1/series: time = \"{is}\" is no moment"))
        })?;
        Ok(Point { at, value: self.value.unwrap_or(f64::NAN) })
    }
}
