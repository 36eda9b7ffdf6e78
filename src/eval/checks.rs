//! How every check stands, followed from answer to answer.
//!
//! A check looks at each new value once, when it comes. So its verdict does not depend on the window, on the
//! width of a panel or on the number of viewers, and a second costs the same however long the past is.

use std::collections::{BTreeMap, HashMap};

use super::freshness::{FreshnessLimits, data_is_old};
use super::lines::{empty_labels, newest, operands, tracks, up_to, within};
use super::matching::matches;
use super::rule::{Empty, PanelQuery, Rule};
use super::status_history::StatusHistory;
use super::threshold::Levels;
use crate::model::judgement::{Judgement, StatusChange};
use crate::model::labels::Labels;
use crate::model::poll::QueryId;
use crate::model::series::Point;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store};

/// A series of a panel: which of its queries, and its labels. What is computed belongs to query 0.
pub type LineKey = (usize, Labels);

/// The checks of a board.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checks {
    all: Vec<Followed>,
    by_query: HashMap<QueryId, Vec<usize>>,
    /// Whether there is one look only, and no later one that would see whether a limit stays crossed.
    one_look: bool,
}

/// One rule, and how its series stand.
#[derive(Debug, Clone, PartialEq)]
struct Followed {
    rule: Rule,
    /// Its series, for each of its queries.
    lines: Vec<BTreeMap<Labels, Line>>,
}

/// How one series stands.
#[derive(Debug, Clone, Default, PartialEq)]
struct Line {
    levels: Levels,
    /// The newest value that was looked at.
    value: Option<Point>,
    past: StatusHistory,
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
                let lines = vec![BTreeMap::new(); rule.queries.len().max(1)];
                let mut check = Followed { rule: rule.clone(), lines };
                rule.queries.iter().for_each(|query| check.follow(query.id, store));
                check
            });
            for query in &rule.queries {
                let of_query = self.by_query.entry(query.id).or_default();
                if !of_query.contains(&self.all.len()) {
                    of_query.push(self.all.len());
                }
            }
            self.all.push(check);
        }
    }

    /// The rules that are followed.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.all.iter().map(|check| &check.rule)
    }

    /// Looks at what the last answer to a query has brought.
    pub fn follow(&mut self, query: QueryId, store: &Store) {
        for index in self.by_query.get(&query).into_iter().flatten() {
            if let Some(check) = self.all.get_mut(*index) {
                check.follow(query, store);
            }
        }
    }

    /// The clock by which values were stamped was set back.
    pub fn set_back(&mut self, by: Span) {
        for line in self.all.iter_mut().flat_map(|check| &mut check.lines).flat_map(BTreeMap::values_mut) {
            line.levels.set_back(by);
            line.past.set_back(by);
            if let Some(value) = &mut line.value {
                value.at = value.at.minus(by);
            }
        }
    }

    /// How a series of a rule stands; none where it was never followed.
    pub fn judgement(&self, rule: &Rule, key: &LineKey) -> Option<Judgement> {
        let line = self.find(rule)?.lines.get(key.0)?.get(&key.1)?;
        let judgement = rule.thresholds.judgement(&line.levels);
        match judgement.pending {
            // Nobody will look again, and nothing shows that it has not lasted.
            Some(pending) if self.one_look && judgement.pending_open => {
                Some(Judgement { status: pending, ..judgement })
            }
            _ => Some(judgement),
        }
    }

    /// The statuses that a series of a rule went through.
    pub fn past(&self, rule: &Rule, key: &LineKey) -> &[StatusChange] {
        // Without a limit there is none to look for.
        let followed = if rule.thresholds.is_some() { self.find(rule) } else { None };
        let line = followed.and_then(|check| check.lines.get(key.0)?.get(&key.1));
        line.map_or(&[], |line| line.past.changes())
    }

    /// The newest value that was looked at, of a rule that computes one.
    pub fn value(&self, rule: &Rule, labels: &Labels) -> Option<Point> {
        self.find(rule)?.lines.first()?.get(labels)?.value
    }

    fn find(&self, rule: &Rule) -> Option<&Followed> {
        let of_query = self.by_query.get(&rule.queries.first()?.id)?;
        of_query.iter().filter_map(|index| self.all.get(*index)).find(|check| check.rule == *rule)
    }
}

impl Followed {
    fn follow(&mut self, query: QueryId, store: &Store) {
        match &self.rule.value {
            Some(_) => self.follow_computed(store),
            None => self.follow_series(query, store),
        }
    }

    fn follow_series(&mut self, query: QueryId, store: &Store) {
        let Self { rule, lines } = self;
        let Some((entry, now)) = store.entry(query).and_then(|entry| Some((entry, entry.last_success?))) else {
            return;
        };
        let all = tracks(entry);
        let of_query = rule.queries.iter().zip(lines).filter(|(one, _)| one.id == query);
        for (_, lines) in of_query {
            for track in all.iter().filter(|track| track.present) {
                let line = lines.entry(track.labels.clone()).or_default();
                line.follow(rule, up_to(track.ring.points(), now), now);
            }
            let stand_in = empty_labels(entry);
            if let (Some(Empty::Value(value)), Some(labels), Some(at)) = (rule.empty, &stand_in, entry.as_of) {
                lines.entry(labels.clone()).or_default().follow(rule, &[Point { at, value }], now);
            }
            if lines.len() > 2 * all.len() + 1 {
                // What the store has forgotten is forgotten here, too.
                let is_known = |labels: &Labels| all.iter().any(|track| track.labels == *labels);
                lines.retain(|labels, _| Some(labels) == stand_in.as_ref() || is_known(labels));
            }
        }
    }

    /// A computed value is looked at when each of its parts is of the same round of polls: while one is new
    /// and another still of the round before, the result would be of no moment at all.
    fn follow_computed(&mut self, store: &Store) {
        let Some(expression) = &self.rule.value else { return };
        let Some(now) = round(&self.rule, store) else { return };
        // The first look has the whole past to follow; later ones have one value each.
        let Some(lines) = self.lines.first_mut() else { return };
        let is_first = lines.is_empty();
        let lookback = self.rule.lookback();
        let (operands, reach) = operands(&self.rule, store, |track| match (track.present, is_first) {
            (false, _) => &[],
            (true, true) => up_to(track.ring.points(), now),
            (true, false) if lookback == Span(0) => newest(up_to(track.ring.points(), now)),
            // From before the start of what is looked at, so that nobody takes it for unknown.
            (true, false) => within(track.ring.points(), now, Span(lookback.0.saturating_add(4 * track.spacing.0))),
        });
        let limits: BTreeMap<&str, (FreshnessLimits, Span)> = self
            .rule
            .queries
            .iter()
            .map(|query| {
                (query.name.as_str(), (query.limits, store.entry(query.id).map(Entry::spacing).unwrap_or_default()))
            })
            .collect();
        let all = matches(expression, &operands);
        lines.retain(|labels, _| all.iter().any(|one| one.labels == *labels));
        for one in all {
            let value = one.newest(expression, reach, |name, point| {
                limits.get(name).is_none_or(|(limits, spacing)| !data_is_old(point.at, *limits, *spacing, now))
            });
            let at =
                one.lines.values().filter_map(|line| line.points.last()).map(|point| point.at).max().unwrap_or(now);
            let past = if is_first { one.points(expression, Timestamp::default(), reach) } else { Vec::new() };
            let line = lines.entry(one.labels).or_default();
            line.follow(&self.rule, past.split_last().map_or(&[], |(_, past)| past), now);
            line.follow(&self.rule, &[Point { at, value }], now);
            line.value = Some(Point { at, value });
        }
    }
}

impl Line {
    /// Follows what is new. A clock that ran ahead may have left a moment behind that has not come yet: then all
    /// starts again, because nothing would be new for long.
    fn follow(&mut self, rule: &Rule, points: &[Point], now: Timestamp) {
        if self.levels.last().is_some_and(|last| last > now) {
            self.levels = Levels::default();
            self.past = StatusHistory::default();
        }
        let seen = self.levels.last();
        let new = points.partition_point(|point| seen.is_some_and(|seen| point.at < seen));
        for point in points.get(new..).unwrap_or_default() {
            self.levels.follow(&rule.thresholds, std::slice::from_ref(point));
            if let (true, Some(at)) = (rule.thresholds.is_some(), self.levels.last()) {
                self.past.note(at, rule.thresholds.judgement(&self.levels).status);
            }
        }
    }
}

/// When the last round of polls was complete: every query that the value is made of has been answered, those of the
/// quickest pace within half an interval of each other.
fn round(rule: &Rule, store: &Store) -> Option<Timestamp> {
    let used = || rule.computed_from();
    let answered = |query: &PanelQuery| store.entry(query.id)?.last_success;
    let quickest = used().map(|query| query.limits.refresh).min()?;
    let newest = used().filter_map(answered).max()?;
    let is_of_this_round = |query: &PanelQuery| match answered(query) {
        None => false,
        Some(at) => query.limits.refresh > quickest || at.age_at(newest) <= quickest.times(0.5),
    };
    used().all(is_of_this_round).then_some(newest)
}
