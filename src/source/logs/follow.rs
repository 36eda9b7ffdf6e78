//! Files that grow, followed by their names: what is written to them, line by line.
//!
//! A file is rotated by another name (what is still written to the old one is read, until nothing comes any more), by being
//! copied and cut to nothing, or by being replaced. A file that was there at the start is read from near its end, one that
//! comes later from its beginning. A last line without an end waits a while for it.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::opened::{Begin, FileId, Opened};
use crate::model::time::{Span, Timestamp};

/// Most bytes that are read of a file in one go, so that others have their turn.
const IN_ONE_GO: u64 = 4 * 1024 * 1024;
/// A file that has lost its name is read until nothing has come for so long: programs are told of it with a delay.
const QUIET: Span = Span::seconds(30);

/// One file.
#[derive(Debug)]
pub(super) struct Followed {
    path: PathBuf,
    open: Option<Opened>,
    begin: Begin,
    /// Where to begin with a file that takes the name.
    replaced: Begin,
    /// The file that had the name before, and when something came of it the last time.
    leaving: Option<(Opened, Timestamp)>,
    /// Why it could not be read the last time.
    failure: Option<String>,
}

impl Followed {
    /// A file by its name.
    pub(super) const fn new(path: PathBuf, begin: Begin, replaced: Begin) -> Self {
        Self { path, open: None, begin, replaced, leaving: None, failure: None }
    }

    /// A file that is open already, and has got this name.
    pub(super) const fn renamed(path: PathBuf, open: Opened, replaced: Begin) -> Self {
        Self { path, open: Some(open), begin: replaced, replaced, leaving: None, failure: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Which file it is, and how far it was read.
    pub(super) fn position(&self) -> Option<(FileId, u64)> {
        self.open.as_ref().map(|open| (open.id(), open.position()))
    }

    /// The file that had the name before, if it is this one.
    pub(super) fn take_leaving(&mut self, id: FileId) -> Option<Opened> {
        let (open, since) = self.leaving.take()?;
        if open.id() == id {
            return Some(open);
        }
        self.leaving = Some((open, since));
        None
    }

    /// Why it could not be read the last time, in a sentence.
    pub(super) fn failure(&self) -> Option<String> {
        self.failure.as_ref().map(|why| format!("{} cannot be read: {why}", self.path.display()))
    }

    /// The lines that have been written since, each without its end, of no more bytes than the budget has left. The flag says
    /// whether they were there before.
    pub(super) fn read(&mut self, budget: &mut u64, now: Timestamp, mut take: impl FnMut(&[u8], bool)) {
        self.leave(budget, now, &mut take);
        let failed = self.try_read(budget, now, &mut take).err();
        if failed.is_some() {
            // What is open may be of no use any more (a file system that has been away): the name counts.
            if let Some(open) = self.open.take() {
                self.begin = Begin::At(open.position());
            }
        }
        self.failure =
            failed.map(|error| error.get_ref().map_or_else(|| error.kind().to_string(), ToString::to_string));
    }

    /// What is left of it, when nobody looks at it any more.
    pub(super) fn end(&mut self, now: Timestamp, mut take: impl FnMut(&[u8], bool)) {
        for mut open in self.open.take().into_iter().chain(self.leaving.take().map(|(open, _)| open)) {
            let _unreadable = open.read(IN_ONE_GO, now, &mut take);
            open.end(&mut take);
        }
    }

    /// Reads what comes of the file that had the name before.
    fn leave(&mut self, budget: &mut u64, now: Timestamp, take: &mut impl FnMut(&[u8], bool)) {
        let Some((open, last)) = &mut self.leaving else { return };
        let read = open.read(IN_ONE_GO.min(*budget), now, take);
        match read {
            Ok(1..) => *last = now,
            Ok(0) if last.age_at(now) < QUIET => {}
            _ => {
                open.end(take);
                self.leaving = None;
            }
        }
        *budget = budget.saturating_sub(read.unwrap_or(0));
    }

    fn try_read(
        &mut self,
        budget: &mut u64,
        now: Timestamp,
        take: &mut impl FnMut(&[u8], bool),
    ) -> std::io::Result<()> {
        let found = std::fs::metadata(&self.path);
        let is_same = |open: &Opened| found.as_ref().is_ok_and(|found| (found.dev(), found.ino()) == open.id());
        if self.open.as_ref().is_some_and(|open| !is_same(open)) {
            // It has another name by now, or is gone: what it still has to say comes first.
            if let Some((mut before, _)) = self.leaving.take() {
                before.end(take);
            }
            self.leaving = self.open.take().map(|open| (open, now));
            self.begin = self.replaced;
            self.leave(budget, now, take);
        }
        if self.open.is_none() {
            let opened = Opened::new(&self.path, self.begin);
            // What is not there yet is new when it comes.
            if opened.as_ref().is_ok() || opened.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
                self.begin = self.replaced;
            }
            self.open = Some(opened?);
        }
        let Some(open) = &mut self.open else { return Ok(()) };
        let read = open.read(IN_ONE_GO.min(*budget), now, take)?;
        *budget = budget.saturating_sub(read);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
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
        let (mut lines, mut budget) = (Vec::new(), u64::MAX);
        followed.read(&mut budget, Timestamp(at), |line, _| lines.push(String::from_utf8_lossy(line).into_owned()));
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
        // What the program writes before it opens the new one is not lost.
        folder.write("log.1", "3b\n");
        assert_eq!(read(&mut followed, 500), ["3b"]);
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
