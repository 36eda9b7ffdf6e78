//! Files that grow, followed by their names: what is written to them, line by line.
//!
//! A file is rotated by another name (what is still written to the old one is read to its end), by being copied and cut to
//! nothing, or by being replaced. A file that was there at the start is read from near its end, one that comes later from
//! its beginning. A last line without an end waits a while for it.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::split::Split;
use crate::model::time::Timestamp;

/// Lines that are read of a file that was there at the start.
pub(super) const AT_THE_START: usize = 200;
/// Most bytes that are read of a file in one go, so that others have their turn.
const IN_ONE_GO: u64 = 4 * 1024 * 1024;
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

/// One file.
#[derive(Debug)]
pub(super) struct Followed {
    path: PathBuf,
    open: Option<Open>,
    begin: Begin,
    /// Where to begin with a file that takes the name.
    replaced: Begin,
    /// The file that had the name before, and how far it was read.
    former: Option<(FileId, u64)>,
    /// Why it could not be read the last time.
    failure: Option<String>,
}

#[derive(Debug)]
struct Open {
    file: File,
    id: FileId,
    position: u64,
    /// What stands just before that.
    before: Vec<u8>,
    /// The size and the moment of the last change, when it was looked at last.
    seen: (u64, i64, i64),
    lines: Split,
}

impl Followed {
    /// A file by its name.
    pub(super) const fn new(path: PathBuf, begin: Begin, replaced: Begin) -> Self {
        Self { path, open: None, begin, replaced, former: None, failure: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Which file it is, and how far it was read.
    pub(super) fn position(&self) -> Option<(FileId, u64)> {
        self.open.as_ref().map(|open| (open.id, open.position))
    }

    /// The file that had the name before, once: which one, and how far it was read.
    pub(super) const fn take_former(&mut self) -> Option<(FileId, u64)> {
        self.former.take()
    }

    /// Why it could not be read the last time, in a sentence.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.as_ref().map(|why| format!("{} cannot be read: {why}", self.path.display()))
    }

    /// The lines that have been written since, each without its end. The flag says whether they were there before.
    pub(super) fn read(&mut self, now: Timestamp, take: impl FnMut(&[u8], bool)) {
        let failed = self.try_read(now, take).err();
        self.failure =
            failed.map(|error| error.get_ref().map_or_else(|| error.kind().to_string(), ToString::to_string));
    }

    fn try_read(&mut self, now: Timestamp, mut take: impl FnMut(&[u8], bool)) -> std::io::Result<()> {
        let found = std::fs::metadata(&self.path);
        let is_same = |open: &Open| found.as_ref().is_ok_and(|found| (found.dev(), found.ino()) == open.id);
        if let Some(open) = self.open.as_mut().filter(|open| !is_same(open)) {
            // It has another name by now, or is gone: what it still had to say comes first.
            open.read(now, &mut |line| take(line, false))?;
            open.lines.end(&mut |line| take(line, false));
            self.former = Some((open.id, open.position));
            self.open = None;
            self.begin = self.replaced;
        }
        if let Some(open) = &mut self.open {
            return open.read(now, &mut |line| take(line, false));
        }
        let mut open = Open::new(&self.path)?;
        let begin = std::mem::replace(&mut self.begin, self.replaced);
        open.position = match begin {
            Begin::NearTheEnd => near_the_end(&mut open.file)?,
            Begin::AtTheEnd => open.file.metadata()?.len(),
            Begin::At(position) => position,
        };
        let was_there = begin == Begin::NearTheEnd;
        let read = open.read(now, &mut |line| take(line, was_there));
        self.open = Some(open);
        read
    }
}

impl Open {
    fn new(path: &Path) -> std::io::Result<Self> {
        // A pipe must not keep us waiting.
        let file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(std::io::Error::other("it is not a regular file"));
        }
        let (id, lines) = ((about.dev(), about.ino()), Split::default());
        Ok(Self { file, id, position: 0, before: Vec::new(), seen: (0, 0, 0), lines })
    }

    fn read(&mut self, now: Timestamp, take: &mut impl FnMut(&[u8])) -> std::io::Result<()> {
        let about = self.file.metadata()?;
        let seen = (about.len(), about.mtime(), about.mtime_nsec());
        let is_changed = std::mem::replace(&mut self.seen, seen) != seen;
        if is_changed && (about.len() < self.position || !self.goes_on()?) {
            // It was cut to nothing after it was copied, and perhaps written again.
            self.lines.end(take);
            self.position = 0;
            self.before.clear();
        }
        if about.len() == self.position {
            self.lines.rest(now, take);
            return Ok(());
        }
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(self.position))?;
        let read = (&mut self.file).take(IN_ONE_GO).read_to_end(&mut bytes)?;
        self.position += read as u64;
        self.before.extend_from_slice(bytes.get(read.saturating_sub(BEFORE)..).unwrap_or_default());
        self.before.drain(..self.before.len().saturating_sub(BEFORE));
        self.lines.take(&bytes, now, take);
        Ok(())
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

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("andon-follow-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) {
            let mut file = File::options().create(true).append(true).open(self.0.join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn follow(&self, name: &str, begin: Begin) -> Followed {
            Followed::new(self.0.join(name), begin, Begin::At(0))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = std::fs::remove_dir_all(&self.0);
        }
    }

    fn read(followed: &mut Followed, at: i64) -> Vec<String> {
        let mut lines = Vec::new();
        followed.read(Timestamp(at), |line, _| lines.push(String::from_utf8_lossy(line).into_owned()));
        assert_eq!(followed.failure(), None);
        lines
    }

    #[test]
    fn each_line_is_read_once_and_a_last_one_waits_for_its_end() {
        let folder = Folder::new("lines");
        folder.write("log", "a\r\n\nb\nc");
        let mut followed = folder.follow("log", Begin::At(0));
        assert_eq!(read(&mut followed, 0), ["a", "b"]);
        folder.write("log", "d\n");
        assert_eq!(read(&mut followed, 1000), ["cd"]);
        folder.write("log", "no end");
        assert_eq!(read(&mut followed, 2000), [""; 0]);
        assert_eq!(read(&mut followed, 5000), ["no end"]);
    }

    #[test]
    fn a_file_that_was_there_is_read_from_near_its_end() {
        let folder = Folder::new("end");
        let text = (0..100_000).fold(String::new(), |text, n| text + &format!("line {n}\n"));
        folder.write("log", &text);
        let lines = read(&mut folder.follow("log", Begin::NearTheEnd), 0);
        assert_eq!((lines.len(), lines[0].as_str(), lines[199].as_str()), (200, "line 99800", "line 99999"));
        folder.write("short", "only\n");
        assert_eq!(read(&mut folder.follow("short", Begin::NearTheEnd), 0), ["only"]);
    }

    #[test]
    fn rotation_loses_no_line() {
        let folder = Folder::new("rotation");
        let path = |name: &str| folder.0.join(name);
        folder.write("log", "1\n");
        let mut followed = folder.follow("log", Begin::At(0));
        assert_eq!(read(&mut followed, 0), ["1"]);
        // By another name; the program writes on into the old one until it is told.
        folder.write("log", "2\n");
        std::fs::rename(path("log"), path("log.1")).unwrap();
        folder.write("log.1", "3\n");
        folder.write("log", "4\n");
        assert_eq!(read(&mut followed, 0), ["2", "3", "4"]);
        // Copied and cut.
        File::options().write(true).open(path("log")).unwrap().set_len(0).unwrap();
        folder.write("log", "5\n");
        assert_eq!(read(&mut followed, 0), ["5"]);
        // Replaced.
        folder.write("new", "6\n");
        std::fs::rename(path("new"), path("log")).unwrap();
        assert_eq!(read(&mut followed, 0), ["6"]);
    }
}
