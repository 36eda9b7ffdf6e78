//! Why nothing is kept just now, for whoever shows it.

use std::sync::{Arc, Mutex, PoisonError};

/// Why nothing is kept just now.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    pub(super) fn set(&self, why: Option<String>) {
        let mut trouble = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
