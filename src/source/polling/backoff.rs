//! How long to wait before asking again. Pure; its state is shown on the panel.
//!
//! Exponential with jitter over the upper half, as in Vector's retry policy and "Exponential Backoff
//! And Jitter" (AWS Architecture Blog), but never below the usual interval.

use crate::model::fault::{FetchError, Reason};
use crate::model::time::Span;

/// The longest pause a server may ask for.
const RETRY_AFTER_CEILING: Span = Span::seconds(3600);

/// The longest pause for an interval: five minutes, or the interval itself.
pub const fn ceiling(interval: Span) -> Span {
    let five_minutes = Span::seconds(300);
    if interval.0 > five_minutes.0 { interval } else { five_minutes }
}

/// The pause after `failures` failed polls in a row (1 after the first), `jitter` in 0..1.
///
/// - `Retry-After` is obeyed, up to an hour, and spread over a tenth more.
/// - A refusal (401, 403) goes to the ceiling at once: asking more often will not help.
/// - Everything else doubles from the interval to the ceiling.
pub fn pause(interval: Span, failures: u32, error: &FetchError, jitter: f64) -> Span {
    if let Some(asked) = error.retry_after {
        let asked = asked.min(RETRY_AFTER_CEILING).max(interval);
        return asked.times(1.0 + 0.1 * jitter);
    }
    let ceiling = ceiling(interval);
    if matches!(error.reason, Reason::Auth(_)) {
        return ceiling.times(0.9 + 0.1 * jitter);
    }
    let doublings = failures.saturating_sub(1).min(20);
    let full = interval.0.saturating_mul(1 << doublings).min(ceiling.0);
    Span(full).times(0.5 + 0.5 * jitter).max(interval)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::fault::{AuthFault, Phase};

    const INTERVAL: Span = Span::seconds(10);

    #[test]
    fn it_doubles_to_the_ceiling() {
        let error = FetchError::from(Reason::Timeout(Phase::Headers));
        let full: Vec<i64> = (1..8).map(|n| pause(INTERVAL, n, &error, 1.0).0 / 1000).collect();
        assert_eq!(full, [10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn retry_after_is_obeyed_and_capped() {
        let mut error = FetchError::from(Reason::RateLimited);
        error.retry_after = Some(Span::seconds(120));
        assert_eq!(pause(INTERVAL, 1, &error, 0.0), Span::seconds(120));
        assert_eq!(pause(INTERVAL, 1, &error, 1.0), Span::seconds(132));
        error.retry_after = Some(Span::seconds(999_999_999));
        assert_eq!(pause(INTERVAL, 1, &error, 0.0), RETRY_AFTER_CEILING);
        error.retry_after = Some(Span(0));
        assert_eq!(pause(INTERVAL, 1, &error, 0.0), INTERVAL);
    }

    #[test]
    fn a_refusal_goes_to_the_ceiling_at_once() {
        for fault in [AuthFault::Secret, AuthFault::Unauthorised, AuthFault::Forbidden] {
            let pause = pause(INTERVAL, 1, &Reason::Auth(fault).into(), 0.0);
            assert!(pause >= Span::seconds(270) && pause <= Span::seconds(300), "{fault:?}");
        }
    }

    proptest! {
        #[test]
        fn never_faster_than_the_interval_never_slower_than_the_ceiling(
            interval in 1_000i64..900_000, failures in 1u32..200, jitter in 0.0f64..1.0
        ) {
            let interval = Span(interval);
            let pause = pause(interval, failures, &Reason::Http(500).into(), jitter);
            prop_assert!(pause >= interval && pause <= ceiling(interval));
        }
    }
}
