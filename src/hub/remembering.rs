//! What the history is told, and what it tells a board that comes back.

use std::collections::HashMap;

use crate::config::Board;
use crate::history::{History, Past, Record, Remembered};
use crate::model::event::{Event, EventKind};
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

    /// Hands a fact over, if it is worth keeping.
    pub(super) fn keep(&self, fact: &Fact) {
        let query = match fact {
            Fact::News { query, .. } => Some(query),
            Fact::Poll(poll) => Some(&poll.query),
            _ => None,
        };
        if let Some(record) = Record::of(fact, query.and_then(|query| self.keys.get(query))) {
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
    let is_pushed = remembered.news.iter().any(|(_, news)| matches!(news, News::Series(_)));
    // A clock that was ahead then must not make it look new: what is of later than now is not known any more.
    let past = remembered.news.into_iter().map(|(at, news)| (at.min(now), until(news, now)));
    let mut facts: Vec<Fact> = past.map(|(at, news)| Fact::News { query, at, news }).collect();
    facts.extend(remembered.answered.map(|at| {
        let ended = Ended::Answered { age: Span(0), caveat: None, is_pushed, listener_error: None };
        Fact::Poll(Poll { query, at: at.min(now), next_try: now, failures: 0, ended, budget: None, clock_skew: None })
    }));
    facts
}
