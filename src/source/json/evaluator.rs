//! Runs expressions where they can hold up nobody but themselves.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::pick::Picker;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::source::Moment;

/// The expressions of one source. jq can be told to run for ever, and cannot be stopped: what still runs
/// after its deadline is a timeout, and is not started a second time beside itself.
#[derive(Debug, Default)]
pub struct Evaluator(Arc<Mutex<Picker>>);

impl Evaluator {
    /// Reads the document once and runs every expression over it, on a thread that may block.
    pub async fn all(&self, body: Vec<u8>, asks: Vec<Ask>, moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let Ok(mut picker) = Arc::clone(&self.0).try_lock_owned() else {
            return Err(FetchError::new(Reason::NoMatch, "a jq expression of an earlier poll still runs"));
        };
        let evaluation = tokio::task::spawn_blocking(move || picker.all(&body, &asks, moment.now));
        match tokio::time::timeout_at(moment.deadline, evaluation).await {
            Err(_) => Err(FetchError::new(Reason::Timeout(Phase::Run), "a jq expression takes too long")),
            Ok(Err(_)) => Err(FetchError::new(Reason::Internal, "a jq expression panicked")),
            Ok(Ok(answers)) => answers,
        }
    }
}
