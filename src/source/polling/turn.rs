//! A turn in a queue.

use tokio::sync::OwnedSemaphorePermit;

/// A turn, held for as long as the request or the command runs.
#[derive(Debug)]
pub struct Turn {
    _own: Option<OwnedSemaphorePermit>,
    _overall: Option<OwnedSemaphorePermit>,
}

impl Turn {
    /// One of the asker's own queue, where it has one, and one of the queue of all.
    pub(super) const fn new(own: Option<OwnedSemaphorePermit>, overall: Option<OwnedSemaphorePermit>) -> Self {
        Self { _own: own, _overall: overall }
    }
}
