//! What is known now, and what was known at any moment of the last while.

use std::collections::BTreeMap;

use super::checks::Checks;
use super::past::{Limits, Past};
use super::rule::Rule;
use super::state::{State, Step};
use crate::model::event::Event;
use crate::model::poll::{Outcome, QueryId};
use crate::model::time::{Span, Timestamp};
use crate::store::facts::Fact;
use crate::store::{Lookbacks, Store};

/// What is known now, and the last facts that it was made of.
#[derive(Debug)]
pub struct Live {
    now: State,
    past: Past,
}

impl Live {
    /// Nothing is known yet of these queries; these rules are followed. `past` bounds what is kept of it.
    pub fn new<'a>(
        checks: Checks,
        (queries, window): (impl Iterator<Item = QueryId>, Span),
        rules: impl Iterator<Item = &'a Rule> + Clone,
        past: Limits,
    ) -> Self {
        let mut now = State { store: Store::new(std::iter::empty(), window), checks };
        let (at, lookbacks) = (Timestamp::default(), lookbacks(rules.clone()));
        now.store.take(&Fact::Held { at, queries: queries.collect(), window, lookbacks });
        now.checks.hold(rules, &now.store);
        Self { past: Past::new(now.clone(), past), now }
    }

    /// What is known now.
    pub const fn state(&self) -> &State {
        &self.now
    }

    /// Takes the outcome of a poll in; `learned` sees each fact before it is.
    pub fn apply(&mut self, outcome: Outcome, mut learned: impl FnMut(&Fact)) {
        for fact in self.now.store.facts(outcome) {
            learned(&fact);
            self.take(Step::Fact(fact));
        }
    }

    /// Takes facts in that were learned before, oldest first.
    pub fn remember(&mut self, facts: impl IntoIterator<Item = Fact>) {
        facts.into_iter().for_each(|fact| self.take(Step::Fact(fact)));
    }

    /// Keeps something that the board itself has noticed.
    pub fn note(&mut self, event: Event) {
        self.take(Step::Fact(Fact::Noted(Box::new(event))));
    }

    /// The clock was set back: what was stamped by it goes back as far.
    pub fn set_back(&mut self, by: Span) {
        self.take(Step::Fact(Fact::SetBack(by)));
    }

    /// Asks these queries and follows these rules from now on: what is known of other queries is forgotten.
    pub fn hold<'a>(
        &mut self,
        (queries, window): (impl Iterator<Item = QueryId>, Span),
        rules: impl Iterator<Item = &'a Rule> + Clone,
        now: Timestamp,
    ) {
        let lookbacks = lookbacks(rules.clone());
        self.take(Step::Fact(Fact::Held { at: now, queries: queries.collect(), window, lookbacks }));
        self.take(Step::Rules(rules.cloned().collect()));
    }

    fn take(&mut self, step: Step) {
        self.now.take(&step);
        self.past.keep(step);
    }

    /// The facts that are still held, oldest first, each with its number and the moment of its taking by today's clock.
    /// Numbers count up by one or more: who reads them from time to time sees which are new, and whether some are gone.
    pub fn facts(&self) -> impl DoubleEndedIterator<Item = (u64, Timestamp, &Fact)> {
        self.past.facts()
    }

    /// What was known at a moment, by today's clock, for the queries and the rules of today. None where nobody
    /// remembers: it is too long ago.
    ///
    /// The same facts are folded by the same functions, so that it is what was known then, to the last bit.
    pub fn as_of(&self, moment: Timestamp) -> Option<State> {
        let (mut then, is_of_today) = self.past.as_of(moment)?;
        if !is_of_today {
            self.now.held(moment).iter().for_each(|step| then.take(step));
        }
        Some(then)
    }
}

/// How far back beyond the window the rules look.
fn lookbacks<'a>(rules: impl Iterator<Item = &'a Rule>) -> Lookbacks {
    let mut all: BTreeMap<QueryId, Span> = BTreeMap::new();
    for rule in rules.filter(|rule| rule.lookback() > Span(0)) {
        for query in rule.computed_from() {
            let own = all.entry(query.id).or_default();
            *own = rule.lookback().max(*own);
        }
    }
    Lookbacks::new(all)
}

#[cfg(test)]
mod cases;
