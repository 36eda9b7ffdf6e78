//! How every check stands, followed from answer to answer.
//!
//! A check looks at each new value once, when it comes. So its verdict does not hang on the window, on the
//! width of a panel or on the number of viewers, and a second costs the same however long the past is.

use std::collections::{BTreeMap, HashMap};

use super::matching::{Computed, Operand, compute, value_at};
use super::panel::{PanelQuery, Rule};
use super::selection::{Empty, tracks};
use super::threshold::Levels;
use crate::model::judgement::Judgement;
use crate::model::labels::Labels;
use crate::model::poll::QueryId;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store, Track};

/// The newest points of a line that a computed value is made of: enough to find the one nearest to a moment.
const NEWEST: usize = 4;

/// A series of a panel: which of its queries, and its labels. What is computed belongs to query 0.
pub type LineKey = (usize, Labels);

/// The checks of a board.
#[derive(Debug, Default)]
pub struct Checks {
    all: Vec<Check>,
    by_query: HashMap<QueryId, Vec<usize>>,
    /// Whether there is one look only, and no later one that would see whether a limit stays crossed.
    one_look: bool,
}

/// One rule, and how its series stand.
#[derive(Debug)]
struct Check {
    rule: Rule,
    lines: BTreeMap<LineKey, Line>,
}

/// How one series stands.
#[derive(Debug, Clone, Default, PartialEq)]
struct Line {
    levels: Levels,
    /// The newest value that was looked at.
    value: Option<Point>,
}

impl Checks {
    /// Checks that will be looked at once: what may have lasted long enough counts.
    pub fn one_look() -> Self {
        Self { one_look: true, ..Self::default() }
    }

    /// Follows these rules from now on. One that was followed before goes on; a new one begins with the past
    /// that the store has.
    pub fn hold<'a>(&mut self, rules: impl Iterator<Item = &'a Rule>, store: &Store) {
        let mut former = std::mem::take(&mut self.all);
        self.by_query.clear();
        for rule in rules.filter(|rule| rule.is_followed()) {
            if self.find(rule).is_some() {
                continue;
            }
            let known = former.iter().position(|check| check.rule == *rule).map(|index| former.swap_remove(index));
            let check = known.unwrap_or_else(|| {
                let mut check = Check { rule: rule.clone(), lines: BTreeMap::new() };
                check.follow(store);
                check
            });
            for query in &rule.queries {
                let of_query = self.by_query.entry(query.id).or_default();
                if of_query.last() != Some(&self.all.len()) {
                    of_query.push(self.all.len());
                }
            }
            self.all.push(check);
        }
    }

    /// Looks at what the last answer to a query has brought.
    pub fn follow(&mut self, query: QueryId, store: &Store) {
        for index in self.by_query.get(&query).into_iter().flatten() {
            if let Some(check) = self.all.get_mut(*index) {
                check.follow(store);
            }
        }
    }

    /// The clock by which values were stamped was set back.
    pub fn set_back(&mut self, by: Span) {
        for line in self.all.iter_mut().flat_map(|check| check.lines.values_mut()) {
            line.levels.set_back(by);
            if let Some(value) = &mut line.value {
                value.at = value.at.minus(by);
            }
        }
    }

    /// How a series of a rule stands; none where it was never followed.
    pub fn judgement(&self, rule: &Rule, key: &LineKey) -> Option<Judgement> {
        let line = self.find(rule)?.lines.get(key)?;
        let judgement = rule.thresholds.judgement(&line.levels);
        match judgement.pending {
            // Nobody will look again, and nothing shows that it has not lasted.
            Some(pending) if self.one_look && judgement.open_start => Some(Judgement { status: pending, ..judgement }),
            _ => Some(judgement),
        }
    }

    /// The newest value that was looked at, of a rule that computes one.
    pub fn value(&self, rule: &Rule, labels: &Labels) -> Option<Point> {
        self.find(rule)?.lines.get(&(0, labels.clone()))?.value
    }

    fn find(&self, rule: &Rule) -> Option<&Check> {
        let of_query = self.by_query.get(&rule.queries.first()?.id)?;
        of_query.iter().filter_map(|index| self.all.get(*index)).find(|check| check.rule == *rule)
    }
}

impl Check {
    fn follow(&mut self, store: &Store) {
        match &self.rule.value {
            Some(_) => self.follow_computed(store),
            None => self.follow_series(store),
        }
    }

    fn follow_series(&mut self, store: &Store) {
        let Self { rule, lines } = self;
        for (index, query) in rule.queries.iter().enumerate() {
            let Some(entry) = store.entry(query.id) else { continue };
            let all = tracks(entry);
            for track in all {
                let line = lines.entry((index, track.labels.clone())).or_default();
                let points = track.ring.points();
                let seen = line.levels.last();
                let new = points.partition_point(|point| seen.is_some_and(|seen| point.at <= seen));
                line.levels.follow(&rule.thresholds, points.get(new..).unwrap_or_default());
            }
            if let (Some(Empty::Value(value)), Some(labels), Some(at)) = (rule.empty, empty_labels(entry), entry.as_of)
            {
                let line = lines.entry((index, labels)).or_default();
                line.levels.follow(&rule.thresholds, &[Point { at, value }]);
            }
            if lines.len() > 2 * all.len() + rule.queries.len() {
                // What the store has forgotten is forgotten here, too.
                lines.retain(|(of, labels), _| *of != index || all.iter().any(|track| track.labels == *labels));
            }
        }
    }

    /// A computed value is looked at when each of its parts is of the same round of polls: while one is new
    /// and another still of before, the result would be of no moment at all.
    fn follow_computed(&mut self, store: &Store) {
        let Some(expression) = &self.rule.value else { return };
        let Some(at) = round(&self.rule, store) else { return };
        // The first look has the whole past to follow; later ones have one value each.
        let most = if self.lines.is_empty() { usize::MAX } else { NEWEST };
        let (operands, tolerance) =
            operands(&self.rule, store, |track| if track.present { newest(track.ring.points(), most) } else { &[] });
        let computed = compute(expression, &operands, tolerance);
        self.lines.retain(|(_, labels), _| computed.iter().any(|one| one.labels == *labels));
        for Computed { labels, points, .. } in computed {
            let value = value_at(&points, at, tolerance);
            let line = self.lines.entry((0, labels)).or_default();
            if most == usize::MAX {
                line.levels
                    .follow(&self.rule.thresholds, points.get(..points.len().saturating_sub(1)).unwrap_or_default());
            }
            line.levels.follow(&self.rule.thresholds, &[Point { at, value }]);
            line.value = Some(Point { at, value });
        }
    }
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

/// The moment for which every query of a rule has an answer.
fn round(rule: &Rule, store: &Store) -> Option<Timestamp> {
    let newest_of = |query: &PanelQuery| {
        let points = tracks(store.entry(query.id)?).iter().filter(|track| track.present);
        points.filter_map(|track| track.ring.points().last()).map(|point| point.at).max()
    };
    let used = || rule.computed_from();
    let quickest = used().map(|query| query.limits.refresh).min()?;
    let at = used().filter_map(newest_of).max()?;
    let is_of_this_round = |query: &PanelQuery| {
        let refresh = query.limits.refresh;
        let slack = if refresh == quickest { refresh.times(0.5) } else { refresh.times(1.5) };
        // A query that answers nothing has no part in any round.
        newest_of(query).is_none_or(|newest| newest.age_at(at) <= slack)
    };
    used().all(is_of_this_round).then_some(at)
}

/// The queries of a rule as an expression sees them, each line cut by `cut`; and the tolerance in milliseconds.
pub(super) fn operands<'a>(
    rule: &'a Rule,
    store: &'a Store,
    cut: impl Fn(&'a Track) -> &'a [Point],
) -> (BTreeMap<&'a str, Operand<'a>>, i64) {
    let mut tolerance = 0;
    let mut operands = BTreeMap::new();
    for query in &rule.queries {
        let Some(entry) = store.entry(query.id) else { continue };
        tolerance = tolerance.max(query.limits.refresh.0);
        let lines = tracks(entry).iter().map(|track| (&track.labels, cut(track))).collect();
        operands.insert(query.name.as_str(), Operand { lines, scalar: query.scalar });
    }
    (operands, tolerance)
}

fn newest(points: &[Point], most: usize) -> &[Point] {
    points.get(points.len().saturating_sub(most)..).unwrap_or_default()
}
