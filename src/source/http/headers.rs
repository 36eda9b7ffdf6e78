//! Words of headers that several answers have.

use reqwest::header::{HeaderMap, RETRY_AFTER};

use crate::model::time::{Span, Timestamp, now};

/// Reads `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3); nonsense is ignored.
pub fn retry_after(headers: &HeaderMap) -> Option<Span> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Span::seconds(i64::from(seconds)));
    }
    Some(http_date(value)?.age_before(now()))
}

/// A moment as headers write it (RFC 9110, section 5.6.7); `None` for what is none.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp(date.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        headers
    }

    #[test]
    fn retry_after_takes_seconds_and_dates_and_ignores_nonsense() {
        assert_eq!(retry_after(&headers("120")), Some(Span::seconds(120)));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), Some(Span(0)));
        assert_eq!(retry_after(&headers("-1")), None);
        assert_eq!(retry_after(&headers("soon")), None);
    }
}
