//! The lines that a viewer wants to see.

use super::view::{Entry, View};
use crate::model::inspection::Inspection;
use crate::model::log::LogLine;
use crate::model::log_filter::LogFilter;

/// What is left of the lines, and what is marked in them.
pub(super) struct Found<'a> {
    pub(super) entries: Vec<&'a Entry>,
    pub(super) search: LogFilter,
    /// What is wrong with what was typed.
    pub(super) wrong: Option<String>,
}

impl<'a> Found<'a> {
    pub(super) fn new(view: &'a View, by: &Inspection) -> Self {
        let (filter, search) = (LogFilter::parse(&by.filter), LogFilter::parse(&by.search));
        // While something is typed it may not be a whole expression yet.
        let wrong = filter.as_ref().err().or_else(|| search.as_ref().err()).cloned();
        let (filter, search) = (filter.unwrap_or_default(), search.unwrap_or_default());
        let group = by.group.as_ref().map(|group| view.patterns.iter().position(|pattern| pattern == group));
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
