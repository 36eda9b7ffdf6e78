//! What one poll may spend: its time, and the requests that the rate limit of the server leaves.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::time::Span;
use crate::source::contract::Moment;
use crate::source::http::Http;

/// The part of a poll's time that is kept back, for the last request to be answered.
const KEPT_BACK: f64 = 0.15;
/// The part of a poll's time that is left for the stages of builds.
const FOR_STAGES: f64 = 0.3;

/// The budget of a source's polls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PollBudget {
    timeout: Span,
}

impl PollBudget {
    /// That of polls that may take so long.
    pub(crate) const fn of_polls(timeout: Span) -> Self {
        Self { timeout }
    }

    /// Whether another request may be made: the server would answer it, and there is time left for it.
    pub(crate) fn permit(self, http: &Http, moment: Moment) -> Result<(), FetchError> {
        http.permit(moment.now)?;
        if self.has_time(moment.deadline.saturating_duration_since(Instant::now())) {
            return Ok(());
        }
        Err(FetchError::new(Reason::Timeout(Phase::Run), "a longer refresh or timeout helps"))
    }

    fn has_time(self, left: Duration) -> bool {
        left > self.timeout.times(KEPT_BACK).duration()
    }

    /// The same moment with a nearer deadline: time is left for the stages of builds.
    pub(crate) fn before_stages(self, moment: Moment) -> Moment {
        let for_stages = self.timeout.times(FOR_STAGES).duration();
        Moment { deadline: moment.deadline.checked_sub(for_stages).unwrap_or(moment.deadline), ..moment }
    }
}

/// Whether a request was not made, because the time of the poll has nearly run out.
pub(crate) fn is_out_of_time(error: &FetchError) -> bool {
    error.reason == Reason::Timeout(Phase::Run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn the_last_part_of_the_time_is_kept_back() {
        let budget = PollBudget::of_polls(Span::seconds(10));
        assert!(budget.has_time(Duration::from_millis(1600)));
        assert!(!budget.has_time(Duration::from_millis(1400)));
        assert!(!budget.has_time(Duration::ZERO));
    }

    #[test]
    fn stages_have_a_part_of_the_time() {
        let moment = Moment { now: Timestamp(0), deadline: Instant::now() + Duration::from_secs(100) };
        let before = PollBudget::of_polls(Span::seconds(10)).before_stages(moment);
        assert_eq!(moment.deadline - before.deadline, Duration::from_secs(3));
    }
}
