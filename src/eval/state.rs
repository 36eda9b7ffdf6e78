//! What is known, and how the checks stand: facts are folded into both together, by one function.

use super::checks::Checks;
use super::rule::Rule;
use crate::model::time::{Span, Timestamp};
use crate::store::Store;
use crate::store::facts::Fact;

/// Everything that a scene is made of, besides the board and the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What is known of every query.
    pub store: Store,
    /// How the checks stand.
    pub checks: Checks,
}

/// One step from what was known to what is known.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Something was learned.
    Fact(Fact),
    /// Other rules are followed.
    Rules(Vec<Rule>),
}

impl Step {
    /// The memory that it takes besides its own size, about, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Fact(fact) => fact.bytes(),
            Self::Rules(rules) => size_of_val(rules.as_slice()),
        }
    }
}

impl State {
    /// Takes one step: the store and the checks together.
    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::Rules(rules) => self.checks.hold(rules.iter(), &self.store),
            Step::Fact(fact) => {
                self.store.take(fact);
                match fact {
                    // The last fact of an outcome: what it has brought is in the store by now.
                    Fact::Poll(poll) => self.checks.follow(poll.query, &self.store),
                    Fact::SetBack(by) => self.checks.set_back(*by),
                    Fact::News { .. } | Fact::Noted(_) | Fact::Held { .. } => {}
                }
            }
        }
    }

    /// Which queries and which rules it holds, as steps of a moment.
    pub(super) fn held(&self, at: Timestamp) -> [Step; 2] {
        [Step::Fact(self.store.held(at)), Step::Rules(self.checks.rules().cloned().collect())]
    }

    /// The clock was set back after all that is known here.
    pub(super) fn set_back(&mut self, by: Span) {
        self.take(&Step::Fact(Fact::SetBack(by)));
    }
}
