//! Since when something is so, in words.

use crate::model::time::{Timestamp, Zone};

/// "since 20:55", or "since before 20:55" of what was so when andon first looked.
pub(super) fn since_words(at: Timestamp, open_start: bool, now: Timestamp, zone: &Zone) -> String {
    let before = if open_start { "before " } else { "" };
    format!("since {before}{}", at.since_at(now, zone))
}
