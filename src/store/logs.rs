//! Lines of logs: the last of them.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::kind::Kind;
use crate::model::log::{Level, LogEntry, LogLine, LogLines, MAX_BYTES, MAX_LINES, NUMBERS_OF_A_RUN};
use crate::model::log_pattern::{LogPatterns, PatternId};
use crate::model::redact::redacted;
use crate::model::time::{Span, Timestamp};

/// What is known of one query.
pub type State = Lines;

/// The last lines, the oldest first, each with the pattern of its message.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lines {
    kept: VecDeque<(Arc<LogLine>, PatternId)>,
    bytes: usize,
    patterns: LogPatterns,
}

impl Lines {
    /// The lines, the oldest first. One whose pattern has made room for others is of none.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = LogEntry<'_>> + ExactSizeIterator {
        self.kept.iter().map(|(line, id)| LogEntry { line, pattern: self.patterns.text(*id).unwrap_or_default() })
    }
}

impl Lines {
    /// A source that was made anew tells the last lines of its files once more: they are the same ones.
    fn forget_told_again(&mut self, news: &LogLines) {
        let run = |number: u64| number / NUMBERS_OF_A_RUN;
        let is_anew = |(last, _): &(Arc<LogLine>, PatternId)| {
            news.first().is_some_and(|first| run(first.number) != run(last.number))
        };
        if !self.kept.back().is_some_and(is_anew) {
            return;
        }
        let mut again: HashMap<Said<'_>, usize> = HashMap::new();
        for line in news {
            *again.entry(said(line)).or_default() += 1;
        }
        let mut told_again = Vec::with_capacity(self.kept.len());
        for (line, _) in &self.kept {
            let count = again.get_mut(&said(line)).filter(|count| **count > 0);
            told_again.push(count.map(|count| *count -= 1).is_some());
        }
        let mut told_again = told_again.into_iter();
        self.kept.retain(|_| !told_again.next().unwrap_or_default());
        self.bytes = self.kept.iter().map(|(line, _)| line.bytes()).sum();
    }
}

/// By what a line is known again.
type Said<'a> = (Timestamp, Option<Level>, &'a str, Cow<'a, str>);

fn said(line: &LogLine) -> Said<'_> {
    // Those that are remembered are without secrets.
    (line.at, line.level, line.category.as_str(), redacted(line.message.as_str()))
}

impl Kind for Lines {
    type Answer = LogLines;
    type News = LogLines;

    /// Only lines that are not known yet: a source that was opened again tells all that it has.
    fn news(before: Option<&Self>, mut answer: LogLines, _: Timestamp) -> Option<LogLines> {
        let last = before.and_then(|before| before.kept.back()).map_or(0, |(last, _)| last.number);
        answer.retain(|line| line.number > last);
        (!answer.is_empty() || before.is_none()).then_some(answer)
    }

    fn merge(&mut self, news: &LogLines, _: Timestamp, _: Span) {
        self.forget_told_again(news);
        for line in news {
            self.bytes += line.bytes();
            let pattern = self.patterns.add(line.message.as_str());
            self.kept.push_back((Arc::clone(line), pattern));
        }
        while self.kept.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some((oldest, _)) = self.kept.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
    }

    fn bytes(news: &LogLines) -> usize {
        // The lines themselves are shared with what is known.
        size_of_val(news.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u64, text: &str) -> Arc<LogLine> {
        Arc::new(LogLine { number, message: text.into(), ..LogLine::default() })
    }

    #[test]
    fn only_new_lines_are_taken_and_the_oldest_make_room() {
        let (mut lines, at) = (Lines::default(), Timestamp(0));
        for begin in [1, 5000, 9000] {
            let answer: LogLines = (begin..begin + 6000).map(|number| line(number, "x")).collect();
            let news = Lines::news(Some(&lines), answer, at).unwrap();
            lines.merge(&news, at, Span(0));
        }
        let numbers: Vec<u64> = lines.lines().map(|entry| entry.line.number).collect();
        assert_eq!((numbers.len(), numbers[0], numbers.last()), (MAX_LINES, 5000, Some(&14_999)));
        assert_eq!(Lines::news(Some(&lines), vec![line(9000, "x")], at), None);
        let long = "y".repeat(4000);
        let answer: LogLines = (20_000..25_000).map(|number| line(number, &long)).collect();
        lines.merge(&answer, at, Span(0));
        assert!(lines.bytes <= MAX_BYTES && lines.lines().len() < 5000);
    }

    #[test]
    fn a_source_that_was_made_anew_replaces_the_lines_that_it_tells_again() {
        let (mut lines, at) = (Lines::default(), Timestamp(0));
        let known = ["a", "same", "same", "same", "b"].into_iter().zip(1..).map(|(text, number)| line(number, text));
        lines.merge(&known.collect(), at, Span(0));
        let again =
            ["same", "same", "new"].into_iter().zip(NUMBERS_OF_A_RUN + 1..).map(|(text, number)| line(number, text));
        let news = Lines::news(Some(&lines), again.collect(), at).unwrap();
        lines.merge(&news, at, Span(0));
        let messages: Vec<&str> = lines.lines().map(|entry| entry.line.message.as_str()).collect();
        assert_eq!(messages, ["a", "same", "b", "same", "same", "new"]);
        assert_eq!(lines.bytes, lines.lines().map(|entry| entry.line.bytes()).sum::<usize>());
    }
}
