//! How old an answer may be before it is late, and before it is too old to be judged.

use crate::model::freshness::{Freshness, longest_age};
use crate::model::time::{Span, Timestamp};
use crate::store::Entry;

/// The least age at which data is stale, however short the interval.
const STALE_FLOOR: Span = Span::seconds(30);

/// From which age data is late or stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshnessLimits {
    /// The pause between two polls.
    pub refresh: Span,
    /// When data is too old to be judged.
    pub stale_after: Span,
    /// Whether the board says so itself. Otherwise data that comes less often than it is asked for may be as
    /// old as its own interval allows.
    pub is_given: bool,
}

impl FreshnessLimits {
    /// Three intervals, but at least half a minute.
    pub fn for_refresh(refresh: Span) -> Self {
        Self { refresh, stale_after: refresh.times(3.0).max(STALE_FLOOR), is_given: false }
    }
}

/// Whether a datum of a moment is too old to be judged, in a series whose data come so far apart.
pub fn data_is_old(at: Timestamp, limits: FreshnessLimits, spacing: Span, now: Timestamp) -> bool {
    at.age_at(now) > longest_age(limits.stale_after, limits.is_given, spacing)
}

/// The freshness of an entry at a moment.
///
/// Late begins at one and a half intervals, or with the first failed poll: a value behind which the
/// source has gone is never shown like one that was just measured. Stale begins with the age of the newest
/// datum, whenever the answer came that it is in.
pub fn freshness(entry: &Entry, limits: FreshnessLimits, now: Timestamp) -> Freshness {
    let Some(success) = entry.last_success else {
        return if entry.error.is_some() { Freshness::Failed } else { Freshness::Waiting };
    };
    let age = success.age_at(now);
    let data = entry.as_of.unwrap_or(success);
    if age > limits.stale_after || data_is_old(data, limits, entry.spacing(), now) {
        Freshness::Stale
    } else if entry.error.is_some() || age > limits.refresh.times(1.5).max(Span::seconds(2)) {
        Freshness::Late
    } else {
        Freshness::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::Reason;

    #[test]
    fn data_grows_old_in_steps() {
        let limits = FreshnessLimits::for_refresh(Span::seconds(5));
        let mut entry = Entry { last_success: Some(Timestamp(0)), ..Entry::default() };
        let at = |entry: &Entry, seconds: i64| freshness(entry, limits, Timestamp(seconds * 1000));
        assert_eq!(at(&entry, 5), Freshness::Fresh);
        assert_eq!(at(&entry, 8), Freshness::Late);
        assert_eq!(at(&entry, 31), Freshness::Stale);
        entry.error = Some(Reason::Refused.into());
        assert_eq!(at(&entry, 1), Freshness::Late, "a failed poll shows at once");
    }

    #[test]
    fn what_never_answered_is_waiting_then_failed() {
        let limits = FreshnessLimits::for_refresh(Span::seconds(5));
        let mut entry = Entry::default();
        assert_eq!(freshness(&entry, limits, Timestamp(0)), Freshness::Waiting);
        entry.error = Some(Reason::Refused.into());
        assert_eq!(freshness(&entry, limits, Timestamp(0)), Freshness::Failed);
    }
}
