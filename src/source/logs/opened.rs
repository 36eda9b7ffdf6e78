//! A file that is open, and how far it was read.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use super::split::Split;
use crate::model::time::Timestamp;

/// Lines that are read of a file that was there at the start.
pub(super) const AT_THE_START: usize = 200;
/// The part of a file that is looked at for its last lines, step by step.
const STEP: u64 = 64 * 1024;
/// Bytes before the place that was read to, by which a file is known again.
const BEFORE: usize = 64;
/// Most bytes that are looked at for the last lines.
const FARTHEST: u64 = 16 * 1024 * 1024;

/// What tells a file from another one of the same name.
pub(super) type FileId = (u64, u64);

/// Where the reading of a file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// With its last lines.
    NearTheEnd,
    /// With what is written from now on.
    AtTheEnd,
    /// From a byte.
    At(u64),
}

/// A file, open.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    id: FileId,
    position: u64,
    /// What is before this byte was there before the board was.
    old_until: u64,
    /// What stands just before the position.
    before: Vec<u8>,
    /// The size and the moment of the last change, when it was looked at last.
    seen: (u64, i64, i64),
    lines: Split,
}

impl Opened {
    pub(super) fn new(path: &Path, begin: Begin) -> std::io::Result<Self> {
        // A pipe must not keep us waiting.
        let mut file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        let (position, old_until) = match begin {
            Begin::NearTheEnd => (near_the_end(&mut file)?, about.len()),
            Begin::AtTheEnd => (about.len(), 0),
            Begin::At(position) => (position, 0),
        };
        let (id, lines) = ((about.dev(), about.ino()), Split::default());
        Ok(Self { file, id, position, old_until, before: Vec::new(), seen: (0, 0, 0), lines })
    }

    pub(super) const fn id(&self) -> FileId {
        self.id
    }

    /// The lines that have been written since, of at most so many bytes; how many bytes there were. The flag of a line says
    /// whether it was there before the board was.
    pub(super) fn read(
        &mut self,
        most: u64,
        now: Timestamp,
        take: &mut impl FnMut(&[u8], bool),
    ) -> std::io::Result<u64> {
        let about = self.file.metadata()?;
        let seen = (about.len(), about.mtime(), about.mtime_nsec());
        let is_changed = std::mem::replace(&mut self.seen, seen) != seen;
        let is_old = self.position < self.old_until;
        let mut take = |line: &[u8]| take(line, is_old);
        if is_changed && (about.len() < self.position || !self.goes_on()?) {
            // It was cut to nothing after it was copied, and perhaps written again.
            self.lines.end(&mut take);
            (self.position, self.old_until) = (0, 0);
            self.before.clear();
        }
        if about.len() == self.position {
            self.lines.rest(now, &mut take);
            return Ok(0);
        }
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.position))?;
        let read = (&mut self.file).take(most).read_to_end(&mut bytes)?;
        self.position += read as u64;
        self.before.extend_from_slice(bytes.get(read.saturating_sub(BEFORE)..).unwrap_or_default());
        self.before.drain(..self.before.len().saturating_sub(BEFORE));
        self.lines.take(&bytes, now, &mut take);
        Ok(read as u64)
    }

    /// The byte that reading goes on from, should it be opened again: the beginning of a line that has not ended.
    pub(super) const fn resumption(&self) -> u64 {
        self.position.saturating_sub(self.lines.pending() as u64)
    }

    /// Nothing will come any more.
    pub(super) fn end(&mut self, take: &mut impl FnMut(&[u8], bool)) {
        self.lines.end(&mut |line| take(line, false));
    }

    /// Whether what was read last still stands where it stood.
    fn goes_on(&mut self) -> std::io::Result<bool> {
        let mut stands = vec![0; self.before.len()];
        self.file.seek(SeekFrom::Start(self.position.saturating_sub(stands.len() as u64)))?;
        self.file.read_exact(&mut stands)?;
        Ok(stands == self.before)
    }
}

/// Where the last lines of a file begin. Only its end is read, however long it is.
fn near_the_end(file: &mut File) -> std::io::Result<u64> {
    let size = file.seek(SeekFrom::End(0))?;
    let (mut begin, mut lines) = (size, 0);
    let farthest = size.saturating_sub(FARTHEST);
    while begin > farthest {
        let from = begin.saturating_sub(STEP).max(farthest);
        let mut bytes = vec![0; usize::try_from(begin - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut bytes)?;
        for (at, _) in bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            let end = from + at as u64 + 1;
            // The end of the last line begins none.
            if end < size {
                lines += 1;
            }
            if lines == AT_THE_START {
                return Ok(end);
            }
        }
        begin = from;
    }
    Ok(begin)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;

    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("andon-opened-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    fn append(path: &Path, text: &str) {
        File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn read(opened: &mut Opened, at: i64) -> Vec<String> {
        let mut lines = Vec::new();
        opened
            .read(u64::MAX, Timestamp(at), &mut |line, _| lines.push(String::from_utf8_lossy(line).into_owned()))
            .unwrap();
        lines
    }

    #[test]
    fn each_line_is_read_once_and_a_last_one_waits_for_its_end() {
        let path = file("lines", "a\r\n\nb\nc");
        let mut opened = Opened::new(&path, Begin::At(0)).unwrap();
        assert_eq!((read(&mut opened, 0), opened.resumption()), (vec!["a".to_owned(), "b".to_owned()], 6));
        append(&path, "d\n");
        assert_eq!(read(&mut opened, 1000), ["cd"]);
        append(&path, "no end");
        assert_eq!(read(&mut opened, 2000), [""; 0]);
        assert_eq!(read(&mut opened, 5000), ["no end"]);
    }

    #[test]
    fn a_file_that_was_there_is_read_from_near_its_end() {
        let text = (0..100_000).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        let mut opened = Opened::new(&file("end", &text), Begin::NearTheEnd).unwrap();
        let lines = read(&mut opened, 0);
        assert_eq!((lines.len(), lines[0].as_str(), lines[199].as_str()), (200, "line 99800", "line 99999"));
        let mut short = Opened::new(&file("short", "only\n"), Begin::NearTheEnd).unwrap();
        assert_eq!(read(&mut short, 0), ["only"]);
    }

    #[test]
    fn a_file_that_was_cut_is_read_anew_however_long_it_is_by_then() {
        let path = file("cut", "first\n");
        let mut opened = Opened::new(&path, Begin::At(0)).unwrap();
        assert_eq!(read(&mut opened, 0), ["first"]);
        for text in ["short\n", "longer than it was\n"] {
            // Cut and written again between two looks.
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&mut opened, 0), [text.trim_end()]);
        }
    }
}
