//! Words that several kinds share.

use super::super::evidence::Evidence;

/// "1 row", "12 rows".
pub(super) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// Why there is no data in an answer that is there, and what to do where that is normal.
pub(super) fn nothing_returned(evidence: &Evidence<'_>) -> String {
    const REMEDY: &str = "if an empty answer is normal for this query, add empty = \"ok\" or empty = 0";
    // The source itself says why.
    if let Some(caveat) = evidence.caveat {
        return format!("no data: {}", caveat.text);
    }
    if evidence.rule.thresholds.is_some() {
        format!("no data: the query returned nothing ({REMEDY})")
    } else {
        "no data: the query returned nothing".to_owned()
    }
}
