//! How a viewer looks at the past: the whole board as of a moment.

use crate::model::time::{Span, Timestamp};

/// How many times as fast as time passes the past is played.
const SPEEDS: [i64; 2] = [10, 60];

/// A look at the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLook {
    /// The moment that is wanted.
    pub at: Timestamp,
    /// So many times as fast as time passes; none while it stands.
    pub speed: Option<i64>,
    /// What came of the wish.
    pub state: PastState,
}

/// What came of the wish to see a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PastState {
    /// It is asked for.
    Asked,
    /// It is seen, in steps of this length; zero where everything is known as it came.
    Seen(Span),
    /// It cannot be seen, and why.
    Refused(String),
}

impl PastLook {
    /// A look at a moment that is yet to be asked for.
    pub const fn new(at: Timestamp) -> Self {
        Self { at, speed: None, state: PastState::Asked }
    }

    /// Wants another moment.
    pub fn go_to(&mut self, at: Timestamp) {
        self.at = at;
        self.state = PastState::Asked;
    }

    /// Plays it, faster, or stops.
    pub fn change_speed(&mut self) {
        self.speed = match self.speed {
            None => Some(SPEEDS[0]),
            Some(speed) => SPEEDS.into_iter().find(|other| *other > speed),
        };
    }

    /// The length of the steps in which the past is known there; zero where everything is known as it came.
    pub const fn step(&self) -> Span {
        match self.state {
            PastState::Seen(step) => step,
            _ => Span(0),
        }
    }
}
