//! Free text.

use std::borrow::Cow;

use super::super::evidence::Evidence;
use super::super::look::{Asked, Look, prefix};
use crate::model::format::Format;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::store::Stored;

/// The lines of all queries, one after the other.
pub(super) fn select<'a>(_: Look<'a, '_>, alike: &[Asked<'a>]) -> (Cow<'a, [SafeText]>, Vec<String>) {
    let mut whole: Option<Cow<'a, [SafeText]>> = None;
    let mut gaps = Vec::new();
    for (_, query, entry) in alike {
        let Stored::Text(lines) = &entry.stored else { continue };
        if lines.is_empty() && alike.len() > 1 {
            gaps.push(format!("{}nothing was printed", prefix(query)));
        }
        match &mut whole {
            None => whole = Some(Cow::Borrowed(lines)),
            Some(whole) => whole.to_mut().extend(lines.iter().cloned()),
        }
    }
    (whole.unwrap_or_default(), gaps)
}

pub(super) const fn answered_nothing(_: &Stored) -> bool {
    false
}

pub(super) fn nothing_to_judge(lines: &[SafeText], _: &Evidence<'_>) -> Option<String> {
    lines.is_empty().then(|| "nothing was printed".to_owned())
}

pub(super) const fn count(_: &[SafeText]) -> Option<usize> {
    None
}

pub(super) fn headline(lines: &[SafeText], _: &Format, _: Timestamp) -> String {
    lines.first().map(SafeText::to_string).unwrap_or_default()
}
