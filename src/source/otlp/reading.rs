//! Where bodies are read: small ones at once, large ones where they hold up no other listener.

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use tokio::time::Instant;

use super::answer::Refusal;
use super::exchange::{self, Accepted};
use super::heard::Ears;
use super::points::Outcome;
use crate::model::fault::Reason;
use crate::model::time::Timestamp;
use crate::source::offload::Worker;

/// Bodies of more bytes, and those that are packed, are read on a worker.
const LARGE: usize = 64 * 1024;

/// Reads bodies.
pub(super) struct Reading {
    pub(super) ears: Arc<Ears>,
    pub(super) worker: Worker,
    /// How long a large one may wait and take.
    pub(super) patience: Duration,
    /// Their most bytes.
    pub(super) most: usize,
}

impl Reading {
    pub(super) async fn take(&self, accepted: Accepted, body: Bytes, now: Timestamp) -> Result<Outcome, Refusal> {
        let most = self.most;
        if !accepted.is_gzip && body.len() <= LARGE {
            return exchange::take(accepted, &body, most, &self.ears, now);
        }
        let ears = Arc::clone(&self.ears);
        let work = move || exchange::take(accepted, &body, most, &ears, now);
        let taken = self.worker.run(Instant::now() + self.patience, work).await;
        taken.map_err(|error| match error.reason {
            // The same would happen again.
            Reason::Internal => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.detail.as_str()),
            _ => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the bodies before it take long"),
        })?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::answer::Encoding;
    use super::super::exchange::Signal;
    use super::*;
    use crate::source::limits::Limits;

    #[tokio::test]
    async fn while_a_large_body_is_read_small_ones_are_taken() {
        let worker = Worker::new(&Limits::default());
        let (release, hold) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let other = worker.clone();
        let busy = tokio::spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                hold.recv()
            };
            other.run(Instant::now() + Duration::from_mins(1), work).await
        });
        begins.await.unwrap();
        let patience = Duration::from_millis(50);
        let reading = Reading { ears: Arc::default(), worker, patience, most: 1_000_000 };
        let json = Accepted { signal: Signal::Traces, encoding: Encoding::Json, is_gzip: false };
        let take = |body: Bytes| reading.take(json, body, Timestamp(0));
        assert_eq!(take(Bytes::from_static(b"{}")).await, Ok(Outcome::default()));
        let large = Bytes::from(format!("{{{}}}", " ".repeat(LARGE)));
        assert_eq!(take(large.clone()).await.unwrap_err().status, StatusCode::SERVICE_UNAVAILABLE);
        release.send(()).unwrap();
        assert!(busy.await.unwrap().unwrap().is_ok());
        assert_eq!(take(large).await, Ok(Outcome::default()));
    }
}
