//! What a panel has to show: its part of the answers to its queries, judged part by part.

use super::kinds;
use super::look::{Asked, Look, prefix};
use super::rule::Subject;
use crate::model::event::Event;
use crate::model::judgement::Content;
use crate::store::{Entry, Stored};

/// What a panel has to show, and what is not as it should be besides the verdicts on its parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selection<'a> {
    /// What is shown.
    pub content: Content<'a>,
    /// What is missing, in words: then nobody knows that all is well.
    pub gaps: Vec<String>,
}

impl<'a> Look<'a, '_> {
    pub(super) fn selection(self) -> Selection<'a> {
        let entries = self.entries();
        if let Subject::Events { set, noticed, .. } = self.rule.subject {
            return what_happened(&entries, |entries| kinds::events::those_of(self, entries, set, noticed));
        }
        if entries.iter().all(|(_, _, entry)| entry.stored == Stored::Nothing) {
            return Selection::default();
        }
        let mut selection = match &self.rule.value {
            Some(_) => Selection { content: Content::Series(kinds::series::computed(self)), gaps: Vec::new() },
            None => self.first_kind(&entries),
        };
        selection.gaps.extend(self.too_few(&selection.content));
        if let Content::Series(series) = &selection.content {
            selection.gaps.extend(kinds::series::gaps(self, &entries, series));
        }
        selection
    }

    /// All answers of the kind that comes first; those of another kind are named.
    fn first_kind(self, entries: &[Asked<'a>]) -> Selection<'a> {
        let answered: Vec<Asked<'a>> =
            entries.iter().copied().filter(|(_, _, entry)| entry.stored != Stored::Nothing).collect();
        let Some((_, _, first)) = answered.first().copied() else { return Selection::default() };
        let kind = std::mem::discriminant(&first.stored);
        let (alike, others): (Vec<Asked<'a>>, Vec<Asked<'a>>) =
            answered.into_iter().partition(|(_, _, entry)| std::mem::discriminant(&entry.stored) == kind);
        let (content, gaps) = kinds::select(self, &alike);
        let named = |(_, query, _): &Asked<'a>| {
            format!("{}answers with another kind of data than the other queries", prefix(query))
        };
        Selection { content, gaps: others.iter().map(named).chain(gaps).collect() }
    }

    /// "3 of 8 missing", where a number is expected.
    fn too_few(self, content: &Content<'_>) -> Option<String> {
        let (expected, there) = (self.rule.expect?, kinds::count(content)?);
        (there < expected).then(|| format!("{} of {expected} missing", expected - there))
    }
}

/// What happened, of all answers that can tell of it; those that cannot are named.
fn what_happened<'a>(entries: &[Asked<'a>], those_of: impl Fn(&[Asked<'a>]) -> Vec<&'a Event>) -> Selection<'a> {
    let is_other = |entry: &Entry| !matches!(entry.stored, Stored::Nothing | Stored::Events(_) | Stored::Builds(..));
    let others = entries.iter().filter(|(_, _, entry)| is_other(entry));
    let gaps = others.map(|(_, query, _)| format!("{}answers with no events", prefix(query))).collect();
    let is_answered = entries.iter().any(|(_, _, entry)| entry.stored != Stored::Nothing);
    let content = if is_answered { Content::Events(those_of(entries)) } else { Content::Nothing };
    Selection { content, gaps }
}
