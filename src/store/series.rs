//! Numbers over time: a ring of points for each series.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::kind::Kind;
use super::ring::{Ring, usual_distance};
use super::{Entry, Stored};
use crate::model::labels::{Labels, names};
use crate::model::series::{Coverage, MAX_SERIES, Point, Series, SeriesSet};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// Most series kept of one query, those that vanished included: twice what one answer may have.
pub(super) const MAX_TRACKS: usize = 2 * MAX_SERIES;

/// What is known of one query.
pub type State = Vec<Track>;

/// One line of numbers with its history.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// Its identity.
    pub labels: Labels,
    /// What tells it from its siblings on a screen.
    pub name: SafeText,
    /// Its points.
    pub ring: Ring,
    /// Whether the last good answer had it; one that vanished has a past but no value.
    pub present: bool,
    /// The usual time between two of its newest points; zero while there are too few.
    pub spacing: Span,
}

impl Entry {
    /// Whether the last good answer was series.
    pub const fn is_series(&self) -> bool {
        matches!(self.stored, Stored::Series(_))
    }
}

impl Kind for Vec<Track> {
    type Answer = SeriesSet;
    type News = SeriesSet;

    fn news(before: Option<&Self>, mut answer: SeriesSet, _: Timestamp) -> Option<SeriesSet> {
        // The labels of a series that is known are shared with it, and not held once more for each answer.
        let known: HashMap<&Labels, &Labels> =
            before.into_iter().flatten().map(|track| (&track.labels, &track.labels)).collect();
        for one in &mut answer.series {
            if let Some(labels) = known.get(&one.labels) {
                one.labels = Labels::clone(labels);
            }
        }
        Some(answer)
    }

    fn merge(&mut self, news: &SeriesSet, at: Timestamp, window: Span) {
        let before = self.len();
        extend(self, news, at);
        // A series that vanished loses its past, but is not forgotten: nobody has said that it may be missing.
        for track in &mut *self {
            track.ring.forget_before(at.minus(window));
        }
        if self.len() != before {
            name_apart(self);
        }
    }

    fn bytes(news: &SeriesSet) -> usize {
        news.series.iter().map(|one| size_of::<Series>() + one.points.len() * size_of::<Point>()).sum()
    }

    fn set_back(&mut self, by: Span) {
        for track in self {
            track.ring.set_back(by);
        }
    }

    /// The newest moment at which a series had a value; none where none has a value.
    fn newest(&self) -> Option<Timestamp> {
        let last = |track: &Track| Some(track.ring.points().iter().rev().find(|point| point.value.is_finite())?.at);
        self.iter().filter(|track| track.present).filter_map(last).max()
    }

    /// Of the slowest series.
    fn spacing(&self) -> Span {
        self.iter().filter(|track| track.present).map(|track| track.spacing).max().unwrap_or_default()
    }

    fn forget_missing(&mut self) {
        self.retain(|track| track.present);
    }
}

/// Adds the points of an answer to the series that are known, and the series that are new.
fn extend(tracks: &mut Vec<Track>, news: &SeriesSet, at: Timestamp) {
    if news.coverage != Coverage::Pushed {
        for track in &mut *tracks {
            track.present = false;
        }
    }
    let known: HashMap<Labels, usize> =
        tracks.iter().enumerate().map(|(index, track)| (track.labels.clone(), index)).collect();
    for one in &news.series {
        let index = known.get(&one.labels).copied().unwrap_or_else(|| {
            tracks.push(Track {
                labels: one.labels.clone(),
                name: SafeText::default(),
                ring: Ring::default(),
                present: true,
                spacing: Span(0),
            });
            tracks.len() - 1
        });
        if let Some(track) = tracks.get_mut(index) {
            track.take(&one.points, news.coverage, at);
        }
    }
}

impl Track {
    fn take(&mut self, points: &[Point], coverage: Coverage, at: Timestamp) {
        self.present = !points.is_empty();
        if matches!(coverage, Coverage::Sample | Coverage::Head) {
            // The values of this moment: none of them, and none that is kept, is of a later one.
            self.ring.forget_after(at);
            let points: Vec<Point> = points.iter().map(|point| Point { at: point.at.min(at), ..*point }).collect();
            self.ring.take_in(&points, coverage);
        } else {
            self.ring.take_in(points, coverage);
        }
        self.spacing = usual_distance(self.ring.points());
    }
}

/// Renames the series: with others beside them, what tells them apart may be something else.
fn name_apart(tracks: &mut Vec<Track>) {
    if tracks.len() > MAX_TRACKS {
        // A source that invents names without end: what vanished first goes first, what is there stays.
        tracks.sort_by_key(|track| Reverse((track.present, track.ring.points().last().map(|last| last.at))));
        tracks.truncate(MAX_TRACKS);
    }
    let drawn = names(&tracks.iter().map(|track| &track.labels).collect::<Vec<_>>());
    for (track, name) in tracks.iter_mut().zip(drawn) {
        track.name = name;
    }
    tracks.sort_by(|a, b| a.name.cmp(&b.name));
}
