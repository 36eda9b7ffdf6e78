//! How those who send to engines have the history keep what waits.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::message::Message;
use super::outgoing::{Change, Outgoing};

/// The end of those who send: what is handed over here is known again after a restart, until it is gone.
#[derive(Debug, Clone)]
pub struct OutgoingKeeper(pub(super) SyncSender<Message>);

impl OutgoingKeeper {
    /// Keeps a request. Never waits: where the history cannot take it, a restart loses it.
    pub fn keep(&self, one: Outgoing) {
        let _full = self.0.try_send(Message::Outgoing(Change::Waits(one)));
    }

    /// Forgets a request.
    pub fn forget(&self, target: &Arc<str>, number: i64) {
        let _full = self.0.try_send(Message::Outgoing(Change::Gone(Arc::clone(target), number)));
    }
}
