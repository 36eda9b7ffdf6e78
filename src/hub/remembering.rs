//! What the history is told, and what it tells a board that comes back.

use std::collections::HashMap;

use super::statuses::Statuses;
use crate::config::Board;
use crate::history::{History, Past, Record, Remembered};
use crate::model::event::{Event, EventKind};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{QueryId, QueryKey};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::News;
use crate::store::facts::{Ended, Fact, Poll};

/// A shorter pause between two runs is not spoken of.
const PAUSE: Span = Span::seconds(60);

/// A history, and the names by which it knows the queries of a board.
#[derive(Debug)]
pub(super) struct Keeping {
    history: History,
    keys: HashMap<QueryId, QueryKey>,
}

impl Keeping {
    pub(super) fn new(history: History, board: &Board) -> Self {
        Self { history, keys: keys(board) }
    }

    /// Another board is shown from now on.
    pub(super) fn hold(&mut self, board: &Board) {
        self.keys = keys(board);
    }

    /// The panels whose statuses are kept.
    pub(super) fn statuses(&self, board: &Board) -> Statuses {
        Statuses::of(board, |query| self.keys.contains_key(&query))
    }

    /// Keeps what a look has found.
    pub(super) fn keep_all(&self, records: Vec<Record>) {
        for record in records {
            self.history.keep(record);
        }
    }

    /// Hands a fact over, if it is worth keeping.
    pub(super) fn keep(&self, fact: &Fact) {
        let query = match fact {
            Fact::News { query, .. } => Some(query),
            Fact::Poll(poll) => Some(&poll.query),
            _ => None,
        };
        if let Some(record) = Record::of(fact, query.and_then(|query| self.keys.get(query)), self.history.keeps_logs())
        {
            self.history.keep(record);
        }
    }

    /// Why nothing is kept just now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.history.trouble()
    }
}

/// The names of the queries; those of simulated sources have none: nothing of them is kept.
fn keys(board: &Board) -> HashMap<QueryId, QueryKey> {
    let is_real = |source: usize| board.sources.get(source).is_some_and(|source| !source.simulated);
    board.queries.iter().filter(|one| is_real(one.source)).map(|one| (one.id, one.key.clone())).collect()
}

/// The facts that make a board know again what is remembered, and the pause in which it was not running.
pub(super) fn facts(mut past: Past, board: &Board, now: Timestamp) -> (Vec<Fact>, Option<Event>) {
    let mut facts: Vec<Fact> = Vec::new();
    for query in &board.queries {
        if let Some(remembered) = past.queries.remove(&query.key) {
            facts.extend(of_query(query.id, remembered, now));
        }
    }
    facts.extend(past.noted.into_iter().map(|event| Fact::Noted(Box::new(event))));
    let pause = past.last.filter(|last| last.age_at(now) > PAUSE).map(|last| Event {
        at: last,
        until: Some(now),
        kind: EventKind::Note,
        title: SafeText::new("andon was not running"),
        ..Event::default()
    });
    (facts, pause)
}

/// Without the points that are of later than a moment.
fn until(mut news: News, now: Timestamp) -> News {
    if let News::Series(set) = &mut news {
        for one in &mut set.series {
            one.points.retain(|point| point.at <= now);
        }
    }
    news
}

fn of_query(query: QueryId, remembered: Remembered, now: Timestamp) -> Vec<Fact> {
    // A source that is asked for its past is as if it had never been asked: that it once answered shows nothing.
    let failed = remembered.failed.map(|(since, why)| failed(query, since.min(now), &why));
    if remembered.news.is_empty() {
        return failed.into_iter().collect();
    }
    let is_pushed = remembered.news.iter().any(|(_, news)| matches!(news, News::Series(_)));
    // A clock that was ahead then must not make it look new: what is of later than now is not known any more.
    let past = remembered.news.into_iter().map(|(at, news)| (at.min(now), until(news, now)));
    let mut facts: Vec<Fact> = past.map(|(at, news)| Fact::News { query, at, news }).collect();
    facts.extend(remembered.answered.map(|at| {
        let ended = Ended::Answered { age: Span(0), caveat: None, is_pushed, listener_error: None };
        Fact::Poll(Poll { query, at: at.min(now), next_try: now, failures: 0, ended, budget: None, clock_skew: None })
    }));
    facts.extend(failed);
    facts
}

/// That nothing is known of a query as of a moment of the past.
pub(super) fn unknown(query: QueryId, at: Timestamp) -> Fact {
    failed(query, at, "nothing is remembered of it")
}

/// That a query had failed. How often is not known.
fn failed(query: QueryId, at: Timestamp, why: &str) -> Fact {
    let ended = Ended::Failed(Box::new(FetchError::new(Reason::Remembered, why)));
    Fact::Poll(Poll { query, at, next_try: at, failures: 1, ended, budget: None, clock_skew: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load_text};
    use crate::model::series::{Coverage, Point, Series, SeriesSet};

    const NOW: Timestamp = Timestamp(1_795_267_800_000);

    fn board() -> Board {
        let text = "[sources.c]\ntype = \"command\"\ncommand = [\"true\"]\n[[dashboards]]\nname = \"d\"\n\
                    [[dashboards.panels]]\nid = \"n\"\nview = \"stat\"\nsource = \"c\"\n";
        load_text("board", text, Overrides::default()).unwrap().board
    }

    fn past(board: &Board, news: Vec<(Timestamp, News)>, last: Timestamp) -> Past {
        let remembered = Remembered { news, answered: Some(last), ..Remembered::default() };
        Past { queries: [(board.queries[0].key.clone(), remembered)].into(), last: Some(last), ..Past::default() }
    }

    #[test]
    fn what_is_of_later_than_now_is_not_known_again_and_a_pause_is_marked() {
        let board = board();
        let at = |seconds: i64| NOW.plus(Span(seconds * 1000));
        let points = [-90, -80, 3600].map(|seconds| Point { at: at(seconds), value: 1.0 });
        let set = SeriesSet::new(vec![Series::named("", points.to_vec())], Coverage::Pushed);
        let past = past(&board, vec![(at(3600), News::Series(set))], at(-80));
        let (facts, pause) = facts(past, &board, NOW);
        let [Fact::News { at: told, news: News::Series(set), .. }, Fact::Poll(poll)] = facts.as_slice() else {
            panic!("{facts:?}")
        };
        assert_eq!((*told, set.series[0].points.len(), poll.at), (NOW, 2, at(-80)));
        let pause = pause.unwrap();
        assert_eq!((pause.at, pause.until), (at(-80), Some(NOW)));
    }

    #[test]
    fn that_a_source_once_answered_is_no_memory() {
        let board = board();
        let (facts, pause) = facts(past(&board, Vec::new(), NOW), &board, NOW);
        assert!(facts.is_empty() && pause.is_none(), "{facts:?}");
    }
}
