//! The hub's ends of its channels.

use std::sync::Arc;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use super::demands::ViewerDemands;
use super::looking::Looks;
use super::messages::{Command, Notification, Reload};
use super::rewinding::{Rewind, Rewinding};
use crate::model::poll::Outcome;
use crate::source::Widths;
use crate::store::Store;
use crate::view::audience::Cuts;
use crate::view::scene::Scene;

/// The hub's ends of its channels.
#[derive(Debug)]
pub struct Channels {
    /// From the supervisor.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// From the viewers.
    pub commands: mpsc::Receiver<Command>,
    /// From other programs.
    pub looks: Looks,
    /// From the watch over the config's files.
    pub reloads: mpsc::Receiver<Reload>,
    /// To whatever sends notifications: all messages of one look.
    pub notices: mpsc::Sender<Vec<Notification>>,
    /// To the viewers: the latest wins.
    pub scenes: watch::Sender<Arc<Scene>>,
    /// The same for those who look from elsewhere, cut for each audience of the board.
    pub cuts: watch::Sender<Cuts>,
    /// To the supervisor: counts up for "ask now".
    pub refresh_now: watch::Sender<u64>,
    /// To who shows the past.
    pub rewinds: mpsc::Sender<Rewinding>,
    /// To the sources: how many points each query is wanted in.
    pub widths: watch::Sender<Widths>,
}

impl Channels {
    /// After a sleep everything is old: it is asked for at once, not when its turn comes.
    pub(super) fn ask_again_if(&self, jumped: bool) {
        if jumped {
            self.refresh();
        }
    }

    pub(super) fn refresh(&self) {
        self.refresh_now.send_modify(|count| *count += 1);
    }

    /// Hands on who wants to see the past, with what it takes; where too many wait, they are told so.
    pub(super) fn rewind(&self, rewind: Rewind, with: impl FnOnce(Rewind) -> Rewinding) {
        let why = match self.rewinds.try_reserve() {
            Ok(place) => return place.send(with(rewind)),
            Err(TrySendError::Full(())) => "too many look at the past just now; try again",
            Err(TrySendError::Closed(())) => "the past cannot be shown until andon is started again: a fault of andon",
        };
        // Who asked may have gone.
        let _gone = rewind.answer.send(Err(why.to_owned()));
    }

    /// Tells the sources in how many columns their queries are drawn. What the board does not ask is not needed.
    pub(super) fn tell_widths(&self, demands: &mut ViewerDemands, store: &Store) {
        demands.retain(|query| store.entry(query).is_some());
        let widths = demands.widths();
        self.widths.send_if_modified(|told| {
            let differs = *told != widths;
            *told = widths;
            differs
        });
    }
}
