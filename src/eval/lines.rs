//! The lines of numbers behind a panel: of an answer, up to a moment, within a window, as an expression sees them.

use std::collections::BTreeMap;

use super::matching::{Line, Operand, Reach};
use super::rule::Rule;
use crate::model::labels::Labels;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store, Stored, Track};

/// The series of an answer; none where it is of another kind.
pub(super) fn tracks(entry: &Entry) -> &[Track] {
    match &entry.stored {
        Stored::Series(tracks) => tracks,
        _ => &[],
    }
}

/// Without what is stamped later than the answer it came in: its time has not come.
pub(super) fn up_to(points: &[Point], now: Timestamp) -> &[Point] {
    points.get(..points.partition_point(|point| point.at <= now)).unwrap_or_default()
}

pub(super) fn newest(points: &[Point]) -> &[Point] {
    points.get(points.len().saturating_sub(1)..).unwrap_or_default()
}

/// Those within a window up to a moment.
pub(super) fn within(points: &[Point], now: Timestamp, window: Span) -> &[Point] {
    let from = now.minus(window);
    let first = points.partition_point(|point| point.at < from);
    let last = points.partition_point(|point| point.at <= now);
    points.get(first.min(last)..last).unwrap_or_default()
}

/// The labels under which an answer with nothing in it is judged as a number: those of the only series that
/// was ever there, or none. `None` while something is there.
pub(super) fn empty_labels(entry: &Entry) -> Option<Labels> {
    let all = tracks(entry);
    let is_empty = entry.last_success.is_some() && entry.is_series() && all.iter().all(|track| !track.present);
    is_empty.then(|| match all {
        [only] => only.labels.clone(),
        _ => Labels::default(),
    })
}

/// The queries of a rule as an expression sees them, each line cut by `cut`; and how far its values reach.
pub(super) fn operands<'a>(
    rule: &'a Rule,
    store: &'a Store,
    cut: impl Fn(&'a Track) -> &'a [Point],
) -> (BTreeMap<&'a str, Operand<'a>>, Reach) {
    let mut tolerance = 0;
    let mut operands = BTreeMap::new();
    for query in &rule.queries {
        let Some(entry) = store.entry(query.id) else { continue };
        tolerance = tolerance.max(query.limits.refresh.0);
        // Where a number is expected, it is the number that counts, and not who was there before.
        let counts = |track: &&Track| track.present || rule.expect.is_none();
        let line = |track: &'a Track| Line {
            labels: &track.labels,
            points: cut(track),
            present: track.present,
            thinned: track.ring.thinned(),
        };
        let lines = tracks(entry).iter().filter(counts).map(line).collect();
        operands.insert(query.name.as_str(), Operand { lines, scalar: query.scalar });
    }
    (operands, Reach { tolerance, window: rule.window })
}
