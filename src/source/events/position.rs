//! How far a file of lines was read, and what of it is whole.

use std::fs::{File, Metadata};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;

use super::line::Line;

/// Most bytes read at once: of a file that is longer at the first look, its end counts.
pub(super) const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes by which a position in a file is known again.
const MARK: usize = 64;

/// How far a file was read.
#[derive(Debug, Clone)]
pub(super) struct Position {
    inode: u64,
    pub(super) read: u64,
    before: Vec<u8>,
    /// What comes next goes on in a line whose start was read already, or is not to be read.
    pub(super) within: Within,
    /// Bytes after it that are no whole line yet, at the last look.
    pub(super) rest: usize,
}

/// Where in a line a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// At its start.
    Nothing,
    /// After an event that nobody has ended with a line end yet.
    Taken,
    /// Somewhere in a line that cannot be read as a whole.
    Lost,
}

impl Position {
    /// Where the first look at a file begins: of one that is too long its end counts. What stands there first is
    /// then a part of a line.
    pub(super) fn first_in(meta: &Metadata) -> Self {
        let read = meta.len().saturating_sub(MOST_BYTES);
        let within = if read > 0 { Within::Lost } else { Within::Nothing };
        Self { inode: meta.ino(), read, before: Vec::new(), within, rest: 0 }
    }

    /// These bytes were read on from here.
    pub(super) fn has_read(&mut self, bytes: &[u8]) {
        self.read += bytes.len() as u64;
        self.before.extend_from_slice(bytes);
        self.before.drain(..self.before.len().saturating_sub(MARK));
    }

    /// Whether this is the same file, only longer. (A new file may have the inode of an old one.)
    pub(super) fn goes_on_in(&self, file: &mut File, meta: &Metadata) -> std::io::Result<bool> {
        if self.inode != meta.ino() || self.read > meta.len() {
            return Ok(false);
        }
        let mut there = vec![0; self.before.len()];
        file.seek(SeekFrom::Start(self.read - self.before.len() as u64))?;
        file.read_exact(&mut there)?;
        Ok(there == self.before)
    }
}

/// How many of these bytes are whole lines, and where in a line the next begins. A last line without its end is
/// still being written, unless it is an event as it stands.
pub(super) fn until_where(bytes: &[u8], within: Within) -> (usize, Within) {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let rest = bytes.get(whole..).unwrap_or_default();
    if whole == 0 && bytes.len() as u64 == MOST_BYTES {
        return (bytes.len(), Within::Lost);
    }
    let is_event = std::str::from_utf8(rest).is_ok_and(|rest| Line::parse(rest).is_ok());
    match (whole, within) {
        (0, Within::Lost) => (bytes.len(), Within::Lost),
        _ if is_event => (bytes.len(), Within::Taken),
        (0, within) => (0, within),
        _ => (whole, Within::Nothing),
    }
}
