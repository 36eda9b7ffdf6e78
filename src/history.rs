//! What was learned, kept on disk, so that a board that comes back knows its past.
//!
//! One thread owns one SQLite file: it gathers what the hub has learned, writes it in one transaction a flush, thins it
//! out as it grows old, and never holds anybody up. Where the disk does not take it, the board goes on without, and says
//! so. Numbers of sources that have a past of their own are not kept: they are asked for it again.

mod as_of;
pub mod codec;
mod compact;
mod file;
mod flush;
mod keeper;
mod lines;
mod load;
mod message;
pub mod outgoing;
pub mod read;
mod record;
mod settings;
mod tiers;
mod trouble;
mod writer;

use std::sync::mpsc::{SyncSender, TrySendError};

use crate::model::time::Timestamp;
pub use keeper::OutgoingKeeper;
pub use load::{Past, Remembered};
use message::Message;
pub use outgoing::{Outgoing, Unsent};
pub use record::Record;
pub use settings::Settings;
use trouble::Trouble;

/// Records that wait for the thread; more are lost, and that is said.
const WAITING: usize = 4096;
/// How long the last flush is waited for at the end.
const LONGEST_END: std::time::Duration = std::time::Duration::from_millis(600);

/// The end of the hub: what is handed over here is kept. When it is dropped, what waits is written.
#[derive(Debug)]
pub struct History {
    sender: SyncSender<Message>,
    trouble: Trouble,
    keeps_logs: bool,
}

impl History {
    /// Starts the thread. What is remembered since a moment comes through the receiver, once. The error is a sentence.
    pub fn start(
        settings: Settings,
        since: Timestamp,
        clock: impl Fn() -> Timestamp + Send + 'static,
    ) -> Result<(Self, tokio::sync::oneshot::Receiver<Past>), String> {
        let (sender, messages) = std::sync::mpsc::sync_channel(WAITING);
        let (tell, past) = tokio::sync::oneshot::channel();
        let (trouble, keeps_logs) = (Trouble::default(), settings.logs);
        let writer = writer::Writer::new(settings, trouble.clone(), clock);
        std::thread::Builder::new()
            .name("andon-history".to_owned())
            .spawn(move || writer.run(&messages, since, tell))
            .map_err(|error| format!("no thread for the history: {error}"))?;
        Ok((Self { sender, trouble, keeps_logs }, past))
    }

    /// Keeps something. Never waits.
    pub fn keep(&self, record: Record) {
        match self.sender.try_send(Message::Record(record)) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                self.trouble.set(Some("the history loses what comes: its disk is too slow".to_owned()));
            }
            Err(TrySendError::Disconnected(_)) => {
                self.trouble.set(Some("no history is kept: a fault of andon".to_owned()));
            }
        }
    }

    /// Whether lines of logs are kept.
    pub const fn keeps_logs(&self) -> bool {
        self.keeps_logs
    }

    /// Keeps what waits for an engine.
    pub fn outgoing(&self) -> OutgoingKeeper {
        OutgoingKeeper::new(self.sender.clone(), self.trouble.clone())
    }

    /// Why nothing is kept just now, in a sentence.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.get()
    }
}

impl Drop for History {
    /// What waits is written, but a disk that hangs keeps nobody from ending.
    fn drop(&mut self) {
        let (done, written) = std::sync::mpsc::channel();
        if self.sender.try_send(Message::End(done)).is_ok() {
            let _hangs = written.recv_timeout(LONGEST_END);
        }
    }
}

#[cfg(test)]
mod cases;
