//! The messages that wait for one recipient, bounded: what is lost is counted in the next one.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::hub::Notification;

/// Messages of one rule that may wait; of more the oldest are lost.
const WAITING: usize = 100;

/// What waits to be sent, and how many were lost since something was sent.
#[derive(Debug, Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Notification>,
    lost: usize,
    /// One is being sent.
    busy: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing waits, nothing is being sent, and no loss is still to be reported.
    pub(super) fn is_done(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && !state.busy && state.lost == 0
    }

    pub(super) fn put(&self, one: Notification) {
        let mut state = self.state();
        if state.waiting.len() == WAITING
            && let Some(oldest) = state.waiting.pop_front()
        {
            tracing::warn!(rule = oldest.rule, "a notification was lost: {WAITING} later ones wait");
            state.lost += counted(&oldest);
        }
        state.waiting.push_back(one);
        self.more.notify_one();
    }

    /// One that was not sent: the next one counts it.
    pub(super) fn lose(&self, one: &Notification) {
        self.state().lost += counted(one);
    }

    /// The oldest, with what was lost before it.
    pub(super) async fn next(&self) -> Notification {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.waiting.pop_front();
                state.busy = next.is_some();
                next.map(|one| Notification { lost: one.lost + std::mem::take(&mut state.lost), ..one })
            };
            match next {
                Some(one) => return one,
                None => self.more.notified().await,
            }
        }
    }
}

/// A message, and all that it speaks for.
const fn counted(one: &Notification) -> usize {
    1 + one.held_back + one.lost
}

#[cfg(test)]
mod tests {
    use super::super::message::{notification, text};
    use super::*;

    #[tokio::test]
    async fn an_outbox_with_something_to_send_is_not_done() {
        let queue = Queue::default();
        assert!(queue.is_done());
        queue.put(notification("1", 0));
        assert!(!queue.is_done(), "one waits");
        let first = queue.next().await;
        assert!(!queue.is_done(), "it is being sent");
        queue.lose(&first);
        queue.put(notification("2", 0));
        assert_eq!(text(&queue.next().await), "2 (1 more was lost)");
    }

    #[tokio::test]
    async fn every_loss_is_counted_by_the_next_message() {
        let queue = Queue::default();
        for number in 0..WAITING + 3 {
            queue.put(notification(&number.to_string(), usize::from(number == 1)));
        }
        // Three are lost, and one of those speaks for one more.
        let first = queue.next().await;
        assert_eq!(text(&first), "3 (4 more were lost)");
        let second = queue.next().await;
        assert_eq!(text(&second), "4");
        // The webhook did not answer, twice.
        queue.lose(&first);
        queue.lose(&second);
        assert_eq!(
            text(&Notification { held_back: 1, ..queue.next().await }),
            "5 (1 more was held back, 6 more were lost)"
        );
    }
}
