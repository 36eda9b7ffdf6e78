//! A viewer's looks at the past: each is asked of the hub, one at a time.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::hub::Command;
use crate::hub::rewinding::{Rewind, Rewound};
use crate::viewer::{PastWish, Viewer};

/// How long a viewer waits for a moment.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one viewer has asked.
#[derive(Debug)]
pub(super) struct PastLooks {
    commands: mpsc::Sender<Command>,
    answer: Option<oneshot::Receiver<Rewound>>,
    /// Until when it is waited for.
    deadline: Instant,
}

impl PastLooks {
    /// Nothing is asked yet.
    pub(super) fn new(commands: mpsc::Sender<Command>) -> Self {
        Self { commands, answer: None, deadline: Instant::now() }
    }

    /// Asks for the moment that the viewer wants to see, if it wants another than it sees.
    pub(super) fn ask(&mut self, viewer: &mut Viewer) {
        let Some(PastWish { at, window, audience }) = viewer.asks_for_past() else { return };
        let (answer, waits) = oneshot::channel();
        // Where the mailbox is full nobody answers, and the viewer is told so.
        let _full = self.commands.try_send(Command::Rewind(Rewind { at, window, audience, answer }));
        (self.answer, self.deadline) = (Some(waits), Instant::now() + PATIENCE);
    }

    /// What comes of it; for ever while nothing is asked. Nothing is lost when this is dropped before it ends.
    pub(super) async fn answered(&mut self) -> Rewound {
        let Some(waits) = &mut self.answer else { return std::future::pending().await };
        let rewound = timeout_at(self.deadline, waits).await;
        self.answer = None;
        match rewound {
            Ok(Ok(rewound)) => rewound,
            Ok(Err(_)) => Err("the past cannot be shown just now; try again".to_owned()),
            Err(_) => Err("no answer in time: a source or the disk is slow; try again".to_owned()),
        }
    }
}
