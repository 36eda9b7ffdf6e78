//! How servers say how much may be asked of them.
//!
//! Sources: GitHub, "Rate limits for the REST API" (`x-ratelimit-*`, `retry-after`, 403 as well as 429);
//! GitLab, "Rate limits" (`RateLimit-*`).

use reqwest::header::HeaderMap;

use super::{Response, retry_after};
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::Budget;
use crate::model::time::{Span, Timestamp, now};

/// How long to wait when a server says that it is too much, and not for how long (GitHub asks for a
/// minute at least).
const WITHOUT_A_TIME: Span = Span::seconds(60);

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
    let reset = used_up.and_then(|left| left.resets_at).map(|at| at.age_before(now()));
    let wait = asked.or(reset);
    let detail = match used_up.and_then(|left| left.limit) {
        Some(limit) => format!("all {limit} requests are used up"),
        None if secondary => "too many requests at once".to_owned(),
        None => String::new(),
    };
    let mut error = FetchError::new(Reason::RateLimited, detail);
    // A plain 429 backs off as any refusal does.
    error.retry_after = wait.or((code == 403).then_some(WITHOUT_A_TIME));
    Some(error)
}
