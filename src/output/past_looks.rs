//! A viewer's looks at the past: each is asked of the hub, one at a time.

use tokio::sync::{mpsc, oneshot};

use crate::hub::Command;
use crate::hub::rewinding::{Rewind, Rewound};
use crate::viewer::{PastWish, Viewer};

/// What one viewer has asked.
#[derive(Debug)]
pub(super) struct PastLooks {
    commands: mpsc::Sender<Command>,
    answer: Option<oneshot::Receiver<Rewound>>,
}

impl PastLooks {
    /// Nothing is asked yet.
    pub(super) const fn new(commands: mpsc::Sender<Command>) -> Self {
        Self { commands, answer: None }
    }

    /// Asks for the moment that the viewer wants to see, if it wants another than it sees.
    pub(super) fn ask(&mut self, viewer: &mut Viewer) {
        let Some(PastWish { at, window, audience }) = viewer.asks_for_past() else { return };
        let (answer, waits) = oneshot::channel();
        // Where the mailbox is full nobody answers, and the viewer is told so.
        let _full = self.commands.try_send(Command::Rewind(Rewind { at, window, audience, answer }));
        self.answer = Some(waits);
    }

    /// What comes of it; for ever while nothing is asked. Nothing is lost when this is dropped before it ends.
    pub(super) async fn answered(&mut self) -> Rewound {
        let Some(waits) = &mut self.answer else { return std::future::pending().await };
        let rewound = waits.await;
        self.answer = None;
        rewound.unwrap_or_else(|_| Err("the past cannot be shown just now; try again".to_owned()))
    }
}
