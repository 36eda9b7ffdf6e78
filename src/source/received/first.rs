//! The first poll of a source that listens waits a little for what is sent.

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Tells polls that something has come.
#[derive(Debug, Default)]
pub struct FirstNews(Notify);

impl FirstNews {
    /// Something has come.
    pub fn came(&self) {
        self.0.notify_waiters();
    }

    /// Waits until there is something, but for a part of the time only: that nothing comes is an answer, too.
    pub async fn wait(&self, deadline: Instant, is_there: impl FnOnce() -> bool) {
        let patience = deadline.saturating_duration_since(Instant::now()) / 2;
        let came = self.0.notified();
        if !is_there() {
            let _nothing = timeout(patience, came).await;
        }
    }
}
