//! Bytes as lines.

use crate::model::time::{Span, Timestamp};

/// Longest line; what is longer is cut, and the rest left out.
const LONGEST: usize = 64 * 1024;
/// A last line without an end is taken as it is after so long.
const PATIENCE: Span = Span::seconds(2);

/// Takes bytes as they come, and gives lines.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    /// When something came the last time.
    last: Timestamp,
}

impl Split {
    /// Takes bytes in; each line that ends is handed over without its end.
    pub(super) fn take(&mut self, bytes: &[u8], now: Timestamp, take: &mut (impl FnMut(&[u8]) + ?Sized)) {
        self.last = now;
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (line, is_whole) = part.strip_suffix(b"\n").map_or((part, false), |line| (line, true));
            if is_whole && self.partial.is_empty() {
                hand_over(line.get(..LONGEST).unwrap_or(line), take);
                continue;
            }
            let room = LONGEST - self.partial.len();
            self.partial.extend_from_slice(line.get(..room).unwrap_or(line));
            if is_whole {
                self.end(take);
            }
        }
    }

    /// Nothing has come: a line whose end does not come is taken as it is.
    pub(super) fn rest(&mut self, now: Timestamp, take: &mut (impl FnMut(&[u8]) + ?Sized)) {
        // Also where the clock was set back.
        if self.last.age_at(now) > PATIENCE || self.last > now {
            self.end(take);
        }
    }

    /// How many bytes wait for the end of their line.
    pub(super) const fn pending(&self) -> usize {
        self.partial.len()
    }

    /// Nothing will come any more.
    pub(super) fn end(&mut self, take: &mut (impl FnMut(&[u8]) + ?Sized)) {
        hand_over(&self.partial, take);
        self.partial.clear();
    }
}

/// An empty line says nothing.
fn hand_over(line: &[u8], take: &mut (impl FnMut(&[u8]) + ?Sized)) {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.is_empty() {
        take(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(split: &mut Split, bytes: &[u8], at: i64) -> Vec<String> {
        let mut lines = Vec::new();
        let mut take = |line: &[u8]| lines.push(String::from_utf8_lossy(line).into_owned());
        if bytes.is_empty() {
            split.rest(Timestamp(at), &mut take);
        } else {
            split.take(bytes, Timestamp(at), &mut take);
        }
        lines
    }

    #[test]
    fn lines_come_whole_and_a_last_one_waits_for_its_end() {
        let mut split = Split::default();
        assert_eq!(taken(&mut split, b"a\r\n\nb\nc", 0), ["a", "b"]);
        assert_eq!(taken(&mut split, b"d\ne", 1000), ["cd"]);
        assert_eq!(taken(&mut split, b"", 2000), [""; 0]);
        assert_eq!(taken(&mut split, b"", 4000), ["e"]);
        assert_eq!(taken(&mut split, b"", 9000), [""; 0]);
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut split = Split::default();
        let long = "x".repeat(3 * LONGEST);
        for bytes in [format!("{long}\nnext\n").into_bytes(), [long.as_bytes(), b"y\nnext\n"].concat()] {
            let (first, rest) = bytes.split_at(LONGEST / 2);
            let mut lines = taken(&mut split, first, 0);
            lines.extend(taken(&mut split, rest, 0));
            assert_eq!((lines[0].len(), lines[1].as_str()), (LONGEST, "next"));
        }
    }
}
