//! The lines that a viewer wants to see.

use super::view::{Entry, View};
use crate::model::inspection::Inspection;
use crate::model::log::LogLine;
use crate::model::log_filter::LogFilter;
use crate::model::log_pattern::ANYTHING;

/// What is left of the lines, and what is marked in them.
pub(super) struct Found<'a> {
    pub(super) entries: Vec<&'a Entry>,
    pub(super) search: LogFilter,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
}

/// Whether a pattern is the one that was chosen, or what that has become: more and more words may be anything.
fn is_or_has_become(chosen: &str, pattern: &str) -> bool {
    let (mut chosen, mut words) = (chosen.split(' '), pattern.split(' '));
    loop {
        match (chosen.next(), words.next()) {
            (None, None) => return true,
            (Some(was), Some(is)) if was == is || is == ANYTHING => {}
            _ => return false,
        }
    }
}

impl<'a> Found<'a> {
    pub(super) fn new(view: &'a View, by: &Inspection) -> Self {
        let (filter, search) = (LogFilter::parse(&by.filter), LogFilter::parse(&by.search));
        // While something is typed it may not be a whole expression yet.
        let wrong = filter.as_ref().err().or_else(|| search.as_ref().err()).cloned();
        let (filter, search) = (filter.unwrap_or_default(), search.unwrap_or_default());
        let is_it = |pattern: &String| by.group.as_ref().is_some_and(|group| is_or_has_become(group, pattern));
        let group = by.group.as_ref().map(|_| view.patterns.iter().position(is_it));
        let wanted = |entry: &&Entry| {
            group.is_none_or(|group| group == Some(entry.pattern as usize)) && filter.picks(&entry.line)
        };
        Self { entries: view.entries.iter().filter(wanted).collect(), search, wrong }
    }

    /// Whether a line is one of those that are searched.
    pub(super) fn marks(&self, line: &LogLine) -> bool {
        !self.search.is_empty() && self.search.picks(line)
    }
}
