//! Lines of logs: the last of them.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::kind::Kind;
use crate::model::log::{LogEntry, LogLine, LogLines, MAX_BYTES, MAX_LINES};
use crate::model::log_pattern::{LogPatterns, PatternId};
use crate::model::time::{Span, Timestamp};

/// Numbers that one run of a source gives to its lines; those of the next one are greater.
const BUFFER: u64 = 1 << 40;

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
        let buffer = |number: u64| number / BUFFER;
        let is_anew = |(last, _): &(Arc<LogLine>, PatternId)| {
            news.first().is_some_and(|first| buffer(first.number) != buffer(last.number))
        };
        if !self.kept.back().is_some_and(is_anew) {
            return;
        }
        let again: HashSet<(Timestamp, &str)> = news.iter().map(|line| (line.at, line.message.as_str())).collect();
        let bytes = &mut self.bytes;
        self.kept.retain(|(line, _)| {
            let stays = !again.contains(&(line.at, line.message.as_str()));
            *bytes = bytes.saturating_sub(if stays { 0 } else { line.bytes() });
            stays
        });
    }
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
        // A source that was made anew tells its last lines again.
        let again: LogLines = vec![line(BUFFER + 1, "x"), line(BUFFER + 2, "z")];
        let news = Lines::news(Some(&lines), again, at).unwrap();
        lines.merge(&news, at, Span(0));
        assert_eq!(lines.lines().map(|entry| entry.line.message.as_str()).collect::<Vec<_>>(), ["x", "z"]);
        let long = "y".repeat(4000);
        let answer: LogLines = (20_000..25_000).map(|number| line(BUFFER + number, &long)).collect();
        lines.merge(&answer, at, Span(0));
        assert!(lines.bytes <= MAX_BYTES && lines.lines().len() < 5000);
    }
}
