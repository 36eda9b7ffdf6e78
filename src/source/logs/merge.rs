//! Lines of several origins as one stream, in the order they were written, inside of a tenth of a second.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::tz::TimeZone;

use super::format::{Parser, continues};
use crate::model::log::{LogLine, MAX_LINES};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// How long a line waits for what belongs to it, and for earlier lines of others.
pub(super) const WINDOW: Span = Span(100);
/// Most lines that belong to one.
const MAX_MORE: usize = 100;

/// Lines that wait.
#[derive(Debug)]
pub(super) struct Merge {
    parser: Parser,
    /// The category of lines that name none.
    category: String,
    zone: TimeZone,
    began: Timestamp,
    waiting: Vec<Arrived>,
}

/// When a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Before the board was there.
    Before,
    /// Since.
    Now,
    /// As its time says.
    Unknown,
}

/// A line that was read.
#[derive(Debug)]
pub(super) struct Arrived {
    /// Which file or stream it is of.
    pub(super) origin: u64,
    came: Timestamp,
    /// Whether it was there before the board was.
    pub(super) was_there: bool,
    /// Whether it says when it was written.
    pub(super) has_time: bool,
    pub(super) line: LogLine,
}

impl Merge {
    /// Reading begins now.
    pub(super) const fn new(parser: Parser, category: String, zone: TimeZone, began: Timestamp) -> Self {
        Self { parser, category, zone, began, waiting: Vec::new() }
    }

    /// Takes a line of an origin in. What belongs to the line before it, such as a stack trace, becomes a part of that.
    pub(super) fn take(&mut self, origin: u64, line: &[u8], written: Written, now: Timestamp) {
        let text = without_escapes(String::from_utf8_lossy(line));
        if continues(&text) {
            match self.waiting.iter_mut().rev().find(|one| one.origin == origin) {
                Some(before) if before.line.more.len() < MAX_MORE => {
                    before.line.more.push(SafeText::new(text.trim_end()));
                    return;
                }
                Some(_) => return,
                // The last lines of a file may begin in the middle of a stack trace.
                None if written == Written::Before => return,
                None => {}
            }
        }
        // The clock may have been set back.
        self.began = self.began.min(now);
        let parsed = self.parser.parse(&text, now, &self.zone);
        let category = if parsed.category.is_empty() { &self.category } else { &parsed.category };
        let line = LogLine {
            number: 0,
            // A clock that is ahead does not reach into the future.
            at: parsed.at.unwrap_or(now).min(now),
            level: parsed.level,
            category: SafeText::new(category),
            message: SafeText::new(&parsed.message),
            fields: parsed.safe_fields(),
            more: Vec::new(),
        };
        // A stream says what it has of before, and does not say where that ends.
        let was_there = match written {
            Written::Before => true,
            Written::Now => false,
            Written::Unknown => parsed.at.is_some_and(|at| at < self.began),
        };
        self.waiting.push(Arrived { origin, came: now, was_there, has_time: parsed.at.is_some(), line });
    }

    /// Whether so many wait that they cannot wait any longer.
    pub(super) const fn is_full(&self) -> bool {
        self.waiting.len() > MAX_LINES
    }

    /// The lines that have waited long enough, in their order.
    pub(super) fn ready(&mut self, now: Timestamp) -> Vec<Arrived> {
        let is_full = self.is_full();
        let waits = |one: &Arrived| !is_full && one.came <= now && one.came.age_at(now) < WINDOW;
        let count = self.waiting.iter().position(waits).unwrap_or(self.waiting.len());
        let mut ready: Vec<Arrived> = self.waiting.drain(..count).collect();
        // The lines of one origin stay in their order, whatever times they say.
        let mut latest: HashMap<u64, Timestamp> = HashMap::new();
        let mut order = Vec::with_capacity(ready.len());
        for one in &ready {
            let latest = latest.entry(one.origin).or_default();
            *latest = one.line.at.max(*latest);
            order.push(*latest);
        }
        if latest.len() > 1 {
            let mut keyed: Vec<(Timestamp, Arrived)> = order.into_iter().zip(ready).collect();
            keyed.sort_by_key(|(at, _)| *at);
            ready = keyed.into_iter().map(|(_, one)| one).collect();
        }
        ready
    }

    /// Whether lines wait.
    pub(super) const fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

/// A text without the colours that programs write for a terminal.
fn without_escapes(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text;
    }
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.strip_prefix('[').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        // The last letter of a sequence is the one that says what it does.
        plain.push_str(rest.and_then(|rest| rest.get(1..)).unwrap_or(part));
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge() -> Merge {
        Merge::new(Parser::default(), "shop".to_owned(), TimeZone::UTC, Timestamp(0))
    }

    fn texts(merge: &mut Merge, at: i64) -> Vec<String> {
        merge.ready(Timestamp(at)).into_iter().map(|one| one.line.message.to_string()).collect()
    }

    #[test]
    fn lines_of_several_files_are_in_the_order_of_their_times() {
        let (mut merge, at) = (merge(), 1_795_275_000_000);
        let line = |second: i64, text: &str| format!("2026-11-21T15:29:{second:02}Z INFO {text}").into_bytes();
        merge.take(1, &line(10, "a"), Written::Now, Timestamp(at));
        merge.take(1, &line(30, "c"), Written::Now, Timestamp(at));
        merge.take(1, &line(20, "c2"), Written::Now, Timestamp(at));
        merge.take(2, &line(20, "b"), Written::Now, Timestamp(at + 50));
        assert_eq!(texts(&mut merge, at + 99), [""; 0]);
        assert_eq!(texts(&mut merge, at + 150), ["a", "b", "c", "c2"]);
        assert!(!merge.is_waiting());
    }

    #[test]
    fn a_stack_trace_belongs_to_its_line() {
        let mut merge = merge();
        merge.take(1, b"ERROR boom", Written::Now, Timestamp(0));
        merge.take(2, b"INFO other", Written::Now, Timestamp(0));
        for line in ["\tat com.acme.Shop.pay(Shop.java:7)", "Caused by: java.io.IOException", "  ... 7 more"] {
            merge.take(1, line.as_bytes(), Written::Now, Timestamp(1));
        }
        let lines = merge.ready(Timestamp(200));
        let boom = &lines.iter().find(|one| one.line.message.as_str() == "boom").unwrap().line;
        assert_eq!((lines.len(), boom.more.len(), boom.category.as_str()), (2, 3, "shop"));
    }

    #[test]
    fn colours_are_taken_out_and_half_a_stack_trace_is_left_out() {
        let mut merge = merge();
        merge.take(1, b"\tat com.acme.Shop", Written::Before, Timestamp(0));
        merge.take(1, b"\x1b[2m2026-11-21T14:03:20Z\x1b[0m \x1b[32m INFO\x1b[0m app: up", Written::Now, Timestamp(0));
        let lines = merge.ready(Timestamp(200));
        assert_eq!((lines.len(), lines[0].line.category.as_str(), lines[0].line.message.as_str()), (1, "app", "up"));
    }

    #[test]
    fn lines_without_end_do_not_wait() {
        let mut merge = merge();
        (0..=MAX_LINES).for_each(|_| merge.take(1, b"x", Written::Now, Timestamp(0)));
        assert_eq!(merge.ready(Timestamp(0)).len(), MAX_LINES + 1);
    }
}
