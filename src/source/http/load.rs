//! Whether waiting for an answer has kept this thread busy.
//!
//! A server that sends informational answers (1xx) without end, or a handshake that never ends, is read
//! by the client library, out of our sight and uncounted. What it costs can be seen: a thread that only
//! waits is idle. So a wait that ran out of time and was mostly work is no outage, which is asked on at the
//! usual pace, but a fault that is backed off from.

use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::model::fault::{FetchError, Phase, Reason};

/// What of a wait may be work, in percent. A board has a few; a flood leaves nothing.
const MOST: u128 = 80;

/// The begin of a wait.
#[derive(Debug)]
pub(super) struct Load {
    begin: Instant,
    busy: Duration,
}

impl Load {
    /// From now on.
    pub(super) fn begin() -> Self {
        Self { begin: Instant::now(), busy: busy() }
    }

    /// The error, or another one if it was a timeout of a wait that was mostly work.
    pub(super) fn judge(&self, error: FetchError) -> FetchError {
        judge(error, share(self.begin.elapsed(), busy().saturating_sub(self.busy)))
    }
}

fn judge(error: FetchError, percent: u128) -> FetchError {
    let waited = matches!(error.reason, Reason::Timeout(Phase::Connect | Phase::Headers | Phase::Body));
    if !waited || percent <= MOST {
        return error;
    }
    let detail = format!("andon was busy for {percent} % of the wait, without an answer: a flood?");
    FetchError::new(Reason::TooLarge, detail)
}

/// For how long the threads of this runtime have worked. Without threads of its own it has one.
fn busy() -> Duration {
    let metrics = Handle::current().metrics();
    (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker)).sum()
}

/// How much of a time was work, in percent.
fn share(whole: Duration, busy: Duration) -> u128 {
    busy.as_micros() * 100 / whole.as_micros().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wait_that_was_work_is_no_timeout() {
        let late = || FetchError::from(Reason::Timeout(Phase::Headers));
        assert_eq!(judge(late(), 3), late());
        assert_eq!(judge(late(), 90).reason, Reason::TooLarge);
        let queued = || FetchError::from(Reason::Timeout(Phase::Queue));
        assert_eq!(judge(queued(), 90), queued(), "nothing was read yet");
        assert_eq!(judge(Reason::Refused.into(), 90), Reason::Refused.into());
        let second = Duration::from_secs(1);
        assert_eq!(
            (share(second, second / 4), share(second, second), share(Duration::ZERO, second / 1000)),
            (25, 100, 100_000)
        );
    }
}
