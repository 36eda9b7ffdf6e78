//! Facts: what was learned, one thing at a time. A store is what its facts have made of it, and nothing else: the
//! same facts taken in again make the same store.

use std::sync::Arc;

use super::{Entry, Lookbacks, News, Store, events};
use crate::model::event::Event;
use crate::model::fault::FetchError;
use crate::model::poll::{Budget, Outcome, QueryId};
use crate::model::telemetry::Caveat;
use crate::model::time::{Span, Timestamp};

/// Something that was learned at a moment, and that can be taken in again.
///
/// A query is known by its handle, which holds for one run of the program. Whoever keeps facts for longer writes the
/// [`QueryKey`](crate::model::poll::QueryKey) of the query instead of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// What an answer has added to what was known: points, or a whole state, and that only if it has changed.
    News {
        /// Which query was answered.
        query: QueryId,
        /// When the answer was complete.
        at: Timestamp,
        /// What is new.
        news: News,
    },
    /// How a poll ended: the last fact of its outcome.
    Poll(Poll),
    /// Something that the board itself has noticed.
    Noted(Box<Event>),
    /// The clock was set back by so much: what was stamped by it goes back as far.
    SetBack(Span),
    /// Which queries are asked from now on, and how much past is kept.
    Held {
        /// Since when.
        at: Timestamp,
        /// All of them; what is known of others is forgotten.
        queries: Arc<[QueryId]>,
        /// The past that is kept.
        window: Span,
        /// How much more of some.
        lookbacks: Lookbacks,
    },
}

/// How a poll of one query ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// Which query.
    pub query: QueryId,
    /// When the answer was complete, or the poll had failed.
    pub at: Timestamp,
    /// When the next poll begins.
    pub next_try: Timestamp,
    /// How many polls in a row have failed, as whoever polls counts them; 0 after a success.
    pub failures: u32,
    /// How it ended.
    pub ended: Ended,
    /// What the server lets us ask, where it tells.
    pub budget: Option<Box<Budget>>,
    /// By how much the server's clock is ahead of ours (below zero: behind), where it is more than a second.
    pub clock_skew: Option<Span>,
}

/// How a poll ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// With an answer.
    Answered {
        /// How old the answer was already when it came.
        age: Span,
        /// What its source said about it.
        caveat: Option<Box<Caveat>>,
        /// Whether it was sent to us: that somebody listens is no datum.
        is_pushed: bool,
        /// Why nobody listens, of a source that listens.
        listener_error: Option<Box<FetchError>>,
    },
    /// Without one, and why.
    Failed(Box<FetchError>),
}

impl Fact {
    /// The moment that it is of, where it has one of its own.
    pub fn moment(&self) -> Option<Timestamp> {
        match self {
            Self::News { at, .. } | Self::Held { at, .. } => Some(*at),
            Self::Poll(poll) => Some(poll.at),
            Self::Noted(event) => Some(event.at),
            Self::SetBack(_) => None,
        }
    }

    /// The memory that it takes besides its own size, about, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::News { news, .. } => news.bytes(),
            Self::Poll(poll) => poll.bytes(),
            Self::Noted(event) => events::bytes(event),
            Self::SetBack(_) => 0,
            Self::Held { queries, .. } => size_of_val(&**queries),
        }
    }
}

impl Poll {
    fn bytes(&self) -> usize {
        let ended = match &self.ended {
            Ended::Answered { caveat, listener_error, .. } => {
                let caveat = caveat.as_ref().map_or(0, |caveat| size_of::<Caveat>() + caveat.text.as_str().len());
                caveat + listener_error.as_deref().map_or(0, error_bytes)
            }
            Ended::Failed(error) => error_bytes(error),
        };
        ended + self.budget.as_ref().map_or(0, |_| size_of::<Budget>())
    }
}

fn error_bytes(error: &FetchError) -> usize {
    size_of::<FetchError>() + error.detail.as_str().len()
}

impl Store {
    /// Takes the outcome of a poll in. Returns what was learned by it, oldest first: none where nobody asks the
    /// query any more.
    pub fn apply(&mut self, outcome: Outcome) -> Vec<Fact> {
        let facts = self.facts(outcome);
        self.replay(&facts);
        facts
    }

    /// What the outcome of a poll would add to what is known.
    pub fn facts(&self, outcome: Outcome) -> Vec<Fact> {
        let Outcome { query, at, answer, failures, next_try, listener_error, budget, age, clock_skew } = outcome;
        let Some(entry) = self.entry(query) else { return Vec::new() };
        let mut facts = Vec::with_capacity(2);
        let ended = match answer {
            Err(error) => Ended::Failed(Box::new(error)),
            Ok(answer) => {
                let (telemetry, caveat) = answer.split();
                let is_pushed = telemetry.is_pushed();
                facts.extend(entry.stored.news(telemetry, at).map(|news| Fact::News { query, at, news }));
                Ended::Answered {
                    age,
                    caveat: caveat.map(Box::new),
                    is_pushed,
                    listener_error: listener_error.map(Box::new),
                }
            }
        };
        let budget = budget.map(Box::new);
        facts.push(Fact::Poll(Poll { query, at, next_try, failures, ended, budget, clock_skew }));
        facts
    }

    /// Which queries it holds, and for how long, as a fact of a moment.
    pub fn held(&self, at: Timestamp) -> Fact {
        Fact::Held {
            at,
            queries: self.entries.keys().copied().collect(),
            window: self.window,
            lookbacks: Lookbacks::clone(&self.lookbacks),
        }
    }

    /// Takes facts in, oldest first.
    pub fn replay<'a>(&mut self, facts: impl IntoIterator<Item = &'a Fact>) {
        facts.into_iter().for_each(|fact| self.take(fact));
    }

    /// Takes one fact in. Nothing else changes what is known.
    pub fn take(&mut self, fact: &Fact) {
        match fact {
            Fact::News { query, at, news } => {
                let window = self.window_of(*query);
                if let Some(entry) = self.entries.get_mut(query) {
                    entry.stored.merge(news, *at, window);
                }
            }
            Fact::Poll(poll) => {
                if let Some(entry) = self.entries.get_mut(&poll.query) {
                    entry.take(poll);
                }
            }
            Fact::Noted(event) => self.note(Event::clone(event)),
            Fact::SetBack(by) => self.set_back(*by),
            Fact::Held { queries, window, lookbacks, .. } => self.hold(queries.iter().copied(), *window, lookbacks),
        }
    }
}

impl Entry {
    fn take(&mut self, poll: &Poll) {
        self.last_poll = Some(poll.at);
        self.next_try = Some(poll.next_try);
        self.budget = poll.budget.as_deref().copied();
        self.clock_skew = poll.clock_skew;
        match &poll.ended {
            Ended::Failed(error) => {
                // Counted for each query: beside one that is answered, a poll that asks for several has not failed.
                self.failures = self.failures.saturating_add(1).max(poll.failures);
                self.error = Some(FetchError::clone(error));
            }
            Ended::Answered { age, caveat, is_pushed, listener_error } => {
                self.failures = 0;
                self.caveat = caveat.as_deref().cloned();
                self.error = listener_error.as_deref().cloned();
                // While nobody listens it grows old: nobody knows what is missing in it.
                if self.error.is_some() && self.last_success.is_some() {
                    return;
                }
                self.last_success = Some(poll.at);
                // What a cache has held is as old as the cache says, whatever time is written in it.
                let answered = poll.at.minus(*age);
                let newest = self.stored.newest().map(|newest| newest.min(answered));
                // That somebody listens is no datum.
                self.as_of = if *is_pushed { newest } else { newest.or(Some(answered)) };
            }
        }
    }
}
