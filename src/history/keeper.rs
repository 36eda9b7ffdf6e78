//! How those who send to engines have the history keep what waits.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};

use super::message::Message;
use super::outgoing::{Change, Outgoing};
use super::trouble::Trouble;

/// Changes that wait because the thread has too much to do; more are lost.
const MOST: usize = 10_000;

/// The end of those who send: what is handed over here is known again after a restart, until it is gone.
#[derive(Debug, Clone)]
pub struct OutgoingKeeper {
    sender: SyncSender<Message>,
    trouble: Trouble,
    /// What could not be handed over yet, in order.
    late: Arc<Mutex<Vec<Change>>>,
}

impl OutgoingKeeper {
    pub(super) fn new(sender: SyncSender<Message>, trouble: Trouble) -> Self {
        Self { sender, trouble, late: Arc::default() }
    }

    /// Keeps a request. Never waits.
    pub fn keep(&self, one: Outgoing) {
        self.hand_over(Change::Waits(one));
    }

    /// Forgets a request.
    pub fn forget(&self, one: &Outgoing) {
        self.hand_over(Change::Gone(Arc::clone(&one.target), one.number));
    }

    /// Forgets all that waited before this run.
    pub fn forget_all(&self) {
        self.hand_over(Change::AllGone);
    }

    /// Whether another andon keeps this history: it writes the same to the same engines.
    pub fn is_taken(&self) -> bool {
        self.trouble.is_taken()
    }

    fn hand_over(&self, change: Change) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if late.len() < MOST {
            late.push(change);
        }
        let mut waiting = std::mem::take(&mut *late).into_iter();
        while let Some(change) = waiting.next() {
            if let Err(TrySendError::Full(Message::Outgoing(change))) = self.sender.try_send(Message::Outgoing(change))
            {
                late.push(change);
                late.extend(waiting);
                return;
            }
        }
    }
}
