//! Why nothing is kept just now, for whoever shows it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Why nothing is kept just now.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    why: Mutex<Option<String>>,
    /// Whether it is only that somebody else keeps it.
    is_taken: AtomicBool,
}

impl Trouble {
    pub(super) fn set(&self, why: Option<String>) {
        let mut trouble = self.0.why.lock().unwrap_or_else(PoisonError::into_inner);
        if *trouble != why {
            if let Some(why) = &why {
                tracing::warn!("{why}");
            } else {
                tracing::info!("the history is written again");
            }
            *trouble = why;
        }
    }

    pub(super) fn get(&self) -> Option<String> {
        self.0.why.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_taken(&self, is_taken: bool) {
        self.0.is_taken.store(is_taken, Ordering::Relaxed);
    }

    pub(super) fn is_taken(&self) -> bool {
        self.0.is_taken.load(Ordering::Relaxed)
    }
}
