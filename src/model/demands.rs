//! What a viewer needs of the data behind the scene. Plain data: a viewer says it, the hub joins what all of them say.

use std::collections::{BTreeMap, BTreeSet};

use super::poll::QueryId;
use super::time::{Span, Timestamp};

/// Past ranges that are wanted at one time, at most.
pub const MAX_PAST_RANGES: usize = 16;

/// How finely and how far back one query is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Detail {
    /// Columns of dots, on the widest panel that shows it.
    pub columns: u16,
    /// So much past at least; zero where the window that the board gives will do.
    pub window: Span,
}

impl Detail {
    /// What serves both.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self { columns: self.columns.max(other.columns), window: self.window.max(other.window) }
    }
}

/// A stretch of the past of one query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PastRange {
    /// Of which query.
    pub query: QueryId,
    /// Its begin.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
}

/// All that is needed, by one viewer or by several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Demands {
    details: BTreeMap<QueryId, Detail>,
    past: BTreeSet<PastRange>,
}

impl Demands {
    /// Adds the need of one panel: of two that show one query the greater counts.
    pub fn need(&mut self, query: QueryId, detail: Detail) {
        let known = self.details.entry(query).or_default();
        *known = known.joined(detail);
    }

    /// Adds a stretch of the past, unless too many are wanted already. The same one twice is one.
    pub fn need_past(&mut self, range: PastRange) -> bool {
        let has_room = self.past.len() < MAX_PAST_RANGES || self.past.contains(&range);
        if has_room {
            self.past.insert(range);
        }
        has_room
    }

    /// Adds all that others need; of their past ranges as many as there is room for.
    pub fn join(&mut self, other: &Self) {
        for (query, detail) in &other.details {
            self.need(*query, *detail);
        }
        for range in &other.past {
            self.need_past(*range);
        }
    }

    /// Forgets what concerns other queries than these.
    pub fn retain(&mut self, is_known: impl Fn(QueryId) -> bool) {
        self.details.retain(|query, _| is_known(*query));
        self.past.retain(|range| is_known(range.query));
    }

    /// How one query is drawn; `None` where nobody draws it.
    pub fn detail(&self, query: QueryId) -> Option<Detail> {
        self.details.get(&query).copied()
    }

    /// Every query that is drawn, and how.
    pub fn details(&self) -> impl Iterator<Item = (QueryId, Detail)> {
        self.details.iter().map(|(query, detail)| (*query, *detail))
    }

    /// The stretches of the past that are wanted.
    pub fn past(&self) -> impl Iterator<Item = PastRange> {
        self.past.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(columns: u16, window: i64) -> Detail {
        Detail { columns, window: Span::seconds(window) }
    }

    fn range(from: i64) -> PastRange {
        PastRange { query: QueryId(1), from: Timestamp(from), to: Timestamp(from + 1) }
    }

    #[test]
    fn widths_and_windows_are_joined_by_maximum() {
        let (mut one, mut other) = (Demands::default(), Demands::default());
        one.need(QueryId(1), detail(100, 0));
        one.need(QueryId(1), detail(60, 0));
        other.need(QueryId(1), detail(80, 3600));
        other.need(QueryId(2), detail(40, 0));
        one.join(&other);
        assert_eq!(one.details().collect::<Vec<_>>(), [(QueryId(1), detail(100, 3600)), (QueryId(2), detail(40, 0))]);
    }

    #[test]
    fn past_ranges_are_a_bounded_set() {
        let mut one = Demands::default();
        for from in 0..MAX_PAST_RANGES as i64 {
            assert!(one.need_past(range(from)));
        }
        assert!(!one.need_past(range(1000)), "there is no room");
        assert!(one.need_past(range(0)), "the same one needs no room");
        let mut other = Demands::default();
        other.need_past(range(2000));
        one.join(&other);
        assert_eq!(one.past().collect::<Vec<_>>(), (0..MAX_PAST_RANGES as i64).map(range).collect::<Vec<_>>());
        one.retain(|query| query != QueryId(1));
        assert_eq!(one, Demands::default());
    }
}
