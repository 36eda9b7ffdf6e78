//! How servers say how much may be asked of them.
//!
//! Sources: GitHub, "Rate limits for the REST API" (`x-ratelimit-*`, `retry-after`, 403 as well as 429);
//! GitLab, "Rate limits" (`RateLimit-*`).

use reqwest::header::HeaderMap;

use super::headers::retry_after;
use super::types::Response;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::Budget;
use crate::model::time::{Span, Timestamp, Zone, now};

/// How long to wait when a server says that it is too much, and not for how long (GitHub asks for a
/// minute at least).
const WITHOUT_A_TIME: Span = Span::seconds(60);

/// A window of the rate limit has an hour; a longer one is a wrong clock, ours or theirs.
const LONGEST_WINDOW: Span = Span::seconds(65 * 60);

/// What is left, in the headers of either manner.
pub(super) fn budget(headers: &HeaderMap) -> Option<Budget> {
    let number = |names: [&str; 2]| {
        let value = names.into_iter().find_map(|name| headers.get(name))?;
        value.to_str().ok()?.trim().parse::<u64>().ok()
    };
    let resets = number(["x-ratelimit-reset", "ratelimit-reset"]);
    Some(Budget {
        remaining: number(["x-ratelimit-remaining", "ratelimit-remaining"])?,
        limit: number(["x-ratelimit-limit", "ratelimit-limit"]),
        resets_at: resets.and_then(|seconds| Timestamp::from_seconds(seconds as f64)),
    })
}

/// The refusal of a server that wants us to wait, whatever status code it uses for it.
pub(super) fn refused_for_a_while(response: &Response) -> Option<FetchError> {
    let code = response.status.as_u16();
    if !matches!(code, 403 | 429) {
        return None;
    }
    let left = budget(&response.headers);
    let used_up = left.filter(|left| left.remaining == 0);
    let asked = retry_after(&response.headers);
    let text = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
    let secondary = text.contains("secondary rate limit") || text.contains("abuse detection");
    if code == 403 && used_up.is_none() && asked.is_none() && !secondary {
        return None;
    }
    // A reset in the past is a clock that differs: then nobody knows for how long.
    let reset = used_up.and_then(|left| left.resets_at).map(|at| at.age_before(now())).filter(|wait| *wait > Span(0));
    let wait = asked.or(reset);
    let detail = match used_up.and_then(|left| left.limit) {
        Some(limit) => format!("all {limit} requests are used up"),
        None if secondary => "too many requests at once".to_owned(),
        None => String::new(),
    };
    let mut error = FetchError::new(Reason::RateLimited, detail);
    // A plain 429 backs off as any refusal does.
    error.retry_after = wait.or((code == 403 || used_up.is_some()).then_some(WITHOUT_A_TIME));
    Some(error)
}

/// The refusal of our own, while (nearly) nothing is left: others may want to ask with the same token.
pub(super) fn spent(left: Budget, now: Timestamp) -> Option<FetchError> {
    let wait = left.resets_at?.age_before(now);
    let is_little = left.remaining == 0 || left.limit.is_some_and(|limit| left.remaining.saturating_mul(100) < limit);
    if !is_little || wait == Span(0) || wait > LONGEST_WINDOW {
        return None;
    }
    let total = left.limit.map_or_else(String::new, |limit| format!(" of {limit}"));
    let until = now.plus(wait).hour_minute(&Zone::utc());
    let detail = format!("{}{total} requests left until {until} UTC", left.remaining);
    let mut error = FetchError::new(Reason::RateLimited, detail);
    error.retry_after = Some(wait);
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_for_while_nearly_nothing_is_left() {
        let now = Timestamp(1_795_262_400_000);
        let left = |remaining, limit, wait| Budget { remaining, limit, resets_at: Some(now.plus(Span::seconds(wait))) };
        let error = spent(left(12, Some(5000), 1800), now).unwrap();
        assert_eq!(error.to_string(), "rate limited: 12 of 5000 requests left until 12:30 UTC");
        assert_eq!(error.retry_after, Some(Span::seconds(1800)));
        assert!(spent(left(0, Some(60), 60), now).is_some() && spent(left(0, None, 60), now).is_some());
        assert!(spent(left(1, Some(60), 60), now).is_none(), "a small budget is used to its end");
        assert!(spent(left(50, Some(5000), 60), now).is_none());
        assert!(spent(left(0, Some(60), -60), now).is_none(), "it has been filled up since");
        assert!(spent(left(0, Some(60), 86_400), now).is_none(), "a wrong clock does not silence us for a day");
        assert!(spent(Budget { remaining: 0, limit: None, resets_at: None }, now).is_none());
    }
}
