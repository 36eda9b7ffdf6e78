//! The last steps that were taken, and what was known before them: from these, what was known at any moment between.

use std::collections::VecDeque;

use super::state::{State, Step};
use crate::model::time::{Span, Timestamp};
use crate::store::facts::Fact;

/// How much is kept of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most steps.
    pub steps: usize,
    /// Most room that they take in memory, about, in bytes.
    pub bytes: usize,
}

impl Limits {
    /// Nothing of the past is kept.
    pub const NOTHING: Self = Self { steps: 0, bytes: 0 };

    /// For a board of so many queries.
    ///
    /// Half a MiB of steps is about 2,000 polls that bring a number: half an hour of a board of twelve panels that
    /// is asked every ten seconds, less of one that is asked more often. What was known before them takes as much
    /// room again as the store itself, which is little on such a board. On a board of very many queries it is much,
    /// and the steps would hold some seconds only: nothing is kept there.
    pub const fn for_queries(queries: usize) -> Self {
        if queries > 256 { Self::NOTHING } else { Self { steps: 8192, bytes: 512 * 1024 } }
    }
}

/// A step, and when it was taken.
#[derive(Debug, Clone)]
struct Taken {
    /// Counts all steps: two may be of one moment, and a clock may be set back.
    number: u64,
    /// When, by today's clock. Never before the step before it.
    at: Timestamp,
    step: Step,
}

impl Taken {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.step.bytes()
    }
}

/// The last steps, and what was known before them.
#[derive(Debug)]
pub(super) struct Past {
    /// What was known before the oldest step that is kept.
    before: State,
    /// When the newest of the steps was taken that are no longer kept, by today's clock.
    forgotten: Option<Timestamp>,
    steps: VecDeque<Taken>,
    /// The room that the steps take in memory, about.
    bytes: usize,
    /// The number of the next step.
    next: u64,
    limits: Limits,
}

impl Past {
    /// Nothing has been learned yet besides this.
    pub(super) const fn new(before: State, limits: Limits) -> Self {
        Self { before, forgotten: None, steps: VecDeque::new(), bytes: 0, next: 0, limits }
    }

    /// Keeps a step; the oldest ones that are too many by now become part of what was known before.
    pub(super) fn keep(&mut self, step: Step) {
        if self.limits == Limits::NOTHING {
            return;
        }
        if let Step::Fact(Fact::SetBack(by)) = step {
            self.set_back(by);
        }
        let last = self.steps.back().map(|last| last.at).or(self.forgotten);
        let moment = if let Step::Fact(fact) = &step { fact.moment() } else { None };
        let Some(at) = moment.max(last) else {
            // Before the first fact: what was known at the start.
            self.before.take(&step);
            return;
        };
        let taken = Taken { number: self.next, at, step };
        self.next += 1;
        self.bytes += taken.bytes();
        self.steps.push_back(taken);
        while self.steps.len() > self.limits.steps || self.bytes > self.limits.bytes {
            self.forget_oldest();
        }
    }

    /// The room that the steps take in memory, about.
    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The facts among the steps, each with its number and its moment.
    pub(super) fn facts(&self) -> impl DoubleEndedIterator<Item = (u64, Timestamp, &Fact)> {
        self.steps.iter().filter_map(|taken| match &taken.step {
            Step::Fact(fact) => Some((taken.number, taken.at, fact)),
            Step::Rules(_) => None,
        })
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.steps.pop_front() else { return };
        self.bytes = self.bytes.saturating_sub(oldest.bytes());
        self.forgotten = Some(oldest.at);
        self.before.take(&oldest.step);
    }

    /// The steps were taken by a clock that was set back since: by today's clock they were taken earlier.
    fn set_back(&mut self, by: Span) {
        let moments = self.steps.iter_mut().map(|taken| &mut taken.at).chain(self.forgotten.as_mut());
        moments.for_each(|at| *at = at.minus(by));
    }

    /// What was known at a moment, by today's clock; and whether the queries and the rules of then are still those of
    /// today. None where it is too long ago.
    pub(super) fn as_of(&self, moment: Timestamp) -> Option<(State, bool)> {
        if self.limits == Limits::NOTHING || self.forgotten.is_some_and(|forgotten| moment < forgotten) {
            return None;
        }
        let count = self.steps.partition_point(|taken| taken.at <= moment);
        let mut then = self.before.clone();
        self.steps.range(..count).for_each(|taken| then.take(&taken.step));
        let mut is_of_today = true;
        for taken in self.steps.range(count..) {
            match &taken.step {
                Step::Fact(Fact::SetBack(by)) => then.set_back(*by),
                Step::Rules(_) => is_of_today = false,
                Step::Fact(_) => {}
            }
        }
        Some((then, is_of_today))
    }
}
