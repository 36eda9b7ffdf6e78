//! What the hub is told, and what it has told.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::demands::ViewerId;
use super::rewinding::Rewind;
use crate::config::Board;
use crate::config::board::Webhook;
use crate::eval::transitions::Transition;
use crate::model::demands::Demands;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// What a viewer may ask of the hub: nothing that changes what others see.
#[derive(Debug)]
pub enum Command {
    /// Ask all sources now. Only the local terminal may.
    RefreshNow,
    /// All that a viewer needs, instead of what it needed before.
    Demand(ViewerId, Demands),
    /// A viewer wants to see the past.
    Rewind(Rewind),
    /// A viewer has left: what only it needed is not needed any more.
    Gone(ViewerId),
}

/// What a reload of the config brings.
#[derive(Debug)]
pub enum Reload {
    /// Another board, and who waits until it is the one that is shown.
    Board(Arc<Board>, oneshot::Sender<()>),
    /// A config that cannot be used, in a sentence: the previous board stays.
    Refused(String),
}

/// A message of one rule of the board.
#[derive(Debug, Clone)]
pub struct Notification {
    /// Which rule, by its index on the board.
    pub rule: usize,
    /// The board's name.
    pub board: SafeText,
    /// When it turned.
    pub at: Timestamp,
    /// What turned.
    pub what: Transition,
    /// How many were held back before.
    pub held_back: usize,
    /// How many were lost before.
    pub lost: usize,
    /// A program and its arguments; empty for none.
    pub command: Vec<String>,
    /// An address that is told.
    pub webhook: Option<Webhook>,
}
