//! What the thread of the history is told.

use super::outgoing::Change;
use super::record::Record;

/// What the thread is told.
pub(super) enum Message {
    Record(Record),
    /// Of what waits for engines.
    Outgoing(Change),
    /// Writes what it has; for whoever ends.
    End(std::sync::mpsc::Sender<()>),
}
