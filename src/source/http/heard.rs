//! What the answers of one poll tell beside their bodies: how old they were, what time the server has.
//!
//! Sources: RFC 9111, section 5.1 (`Age`: seconds since the answer was made or proved right); RFC 9110,
//! section 6.6.1 (`Date`: when it was made, in whole seconds).

use reqwest::header::{AGE, DATE, HeaderMap};

use super::headers::http_date;
use crate::model::poll::Budget;
use crate::model::time::{Span, Timestamp};

/// Two clocks that differ by no more than this agree: `Date` has whole seconds.
const AGREES: Span = Span::seconds(1);
/// The greatest age; RFC 9111 (section 1.2.2) has it for whatever is more.
const GREATEST_AGE: u64 = 1 << 31;

/// What the answers of one poll have told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heard {
    /// What the server lets us ask.
    pub budget: Option<Budget>,
    /// How old the oldest answer was when it came.
    pub age: Span,
    /// By how much the server's clock is ahead of ours, in the last answer, where it is over a second.
    pub clock_skew: Option<Span>,
}

impl Heard {
    /// Takes in the headers of an answer that came at `now`.
    pub(super) fn hear(&mut self, headers: &HeaderMap, now: Timestamp) {
        self.age = self.age.max(age(headers));
        self.clock_skew = clock_ahead(headers, now).filter(|ahead| ahead.0.abs() > AGREES.0);
    }
}

/// How long ago the answer was made, as a cache on the way tells; of several caches the nearest.
fn age(headers: &HeaderMap) -> Span {
    let text = headers.get(AGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = text.split(',').next().unwrap_or_default().trim();
    let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    // A number too long to be read is a great one.
    let seconds = if is_number { first.parse().unwrap_or(GREATEST_AGE).min(GREATEST_AGE) } else { 0 };
    Span::seconds(seconds as i64)
}

/// By how much the server's clock is ahead of ours. Half a second is added to whole seconds. A cache sends
/// the `Date` of when the answer was made, some the one of now: what is nearer to our clock is taken.
pub(super) fn clock_ahead(headers: &HeaderMap, now: Timestamp) -> Option<Span> {
    let date = http_date(headers.get(DATE)?.to_str().ok()?)?;
    let as_told = Span(date.0 + 500 - now.0);
    let when_made = Span(as_told.0 + age(headers).0);
    Some(if when_made.0.abs() < as_told.0.abs() { when_made } else { as_told })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wed, 21 Oct 2015 07:28:00 GMT
    const DATED: Timestamp = Timestamp(1_445_412_480_000);

    fn headers(pairs: &[(reqwest::header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_greatest_age_of_a_poll_counts_and_nonsense_is_none() {
        let mut heard = Heard::default();
        for (text, most) in [("7", 7), ("86400", 86_400), ("3", 86_400), ("old", 86_400), ("-9", 86_400)] {
            heard.hear(&headers(&[(AGE, text)]), DATED);
            assert_eq!(heard.age, Span::seconds(most), "{text}");
        }
        assert_eq!(age(&headers(&[(AGE, "10, 20")])), Span::seconds(10));
        assert_eq!(age(&headers(&[(AGE, "99999999999999999999999")])), Span::seconds(1 << 31));
    }

    #[test]
    fn a_clock_that_differs_by_more_than_a_second_is_told() {
        let skew = |age: &str, seconds: i64| {
            let mut heard = Heard::default();
            let both = headers(&[(DATE, "Wed, 21 Oct 2015 07:28:00 GMT"), (AGE, age)]);
            heard.hear(&both, DATED.plus(Span::seconds(seconds)));
            heard.clock_skew
        };
        assert_eq!(skew("0", 0), None);
        assert_eq!(skew("0", 1), None, "whole seconds");
        assert_eq!(skew("0", 300), Some(Span(-299_500)), "the server is behind");
        assert_eq!(skew("0", -300), Some(Span(300_500)), "the server is ahead");
        assert_eq!(skew("86400", 86_400), None, "the date of a cached answer is when it was made");
        assert_eq!(skew("86400", 0), None, "some caches send a date of their own");
    }
}
