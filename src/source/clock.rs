//! The clock of the stamps, which a script may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::time::Instant;

use crate::model::time::{Span, Timestamp};

/// Reads the clock for the supervisor; on a paused tokio clock time stands with it.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The wall clock.
    Wall,
    /// Follows tokio's clock from a fixed start, for tests.
    Scripted {
        /// The moment at `since`.
        start: Timestamp,
        /// When the script began.
        since: Instant,
        /// By how many milliseconds it has been set forward since (or back, below zero).
        moved: Arc<AtomicI64>,
    },
    /// Stands, for pictures of one moment.
    Standing(Timestamp),
}

impl Clock {
    /// This moment.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Wall => crate::model::time::now(),
            Self::Standing(at) => *at,
            Self::Scripted { start, since, moved } => {
                let passed = i64::try_from(since.elapsed().as_millis()).unwrap_or(i64::MAX);
                start.plus(Span(passed.saturating_add(moved.load(Ordering::Relaxed))))
            }
        }
    }
}
