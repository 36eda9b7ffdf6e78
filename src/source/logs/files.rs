//! Files that grow: those that are there, and those that come; each line is read once.
//!
//! A file is known by what it is (device and inode), and not by its name. So a file that gets another name is the same file,
//! and is read on; two names of one file are one; a file that has lost its name is read until nothing comes of it any more.

use std::collections::{BTreeMap, VecDeque};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::glob::expand;
use super::opened::{Begin, FileId, Opened};
use crate::model::fault::{FetchError, Reason};
use crate::model::time::{Span, Timestamp};

/// Most files that are followed at once.
const MAX_FILES: usize = 256;
/// Most bytes that are read of a file in one go, and of all files in one pass, so that others have their turn.
const IN_ONE_GO: u64 = 4 * 1024 * 1024;
const IN_ONE_PASS: u64 = 16 * 1024 * 1024;
/// How often new files are looked for.
const LOOK: Span = Span::seconds(1);
/// A file that has lost its name is read until nothing has come for so long: programs are told of it with a delay.
const QUIET: Span = Span::seconds(30);
/// Files that were read, and are known again.
const MAX_KNOWN: usize = 512;

/// The files of a source.
#[derive(Debug, Default)]
pub(super) struct Files {
    globs: Vec<PathBuf>,
    open: BTreeMap<FileId, Followed>,
    /// Which file had a name when it was looked at last.
    names: BTreeMap<PathBuf, FileId>,
    /// Files that are not open any more, and where to go on with them.
    known: VecDeque<(FileId, u64)>,
    looked: Option<Timestamp>,
    newest: u64,
    /// What cannot be read, as of the last look.
    trouble: Vec<String>,
}

#[derive(Debug)]
struct Followed {
    /// Tells its lines from those of others.
    number: u64,
    path: PathBuf,
    file: Opened,
    /// When something came of it the last time, or it had a name.
    last: Timestamp,
    is_named: bool,
}

/// What can be read.
#[derive(Debug, PartialEq)]
pub(super) enum Readable {
    /// All of it.
    All,
    /// A part, and why not the rest.
    Some(FetchError),
}

impl Files {
    pub(super) fn new(globs: &[PathBuf]) -> Self {
        Self { globs: globs.to_vec(), ..Self::default() }
    }

    /// The lines that have been written since the last time, each with the number of its file, and whether it was there
    /// before the board was. An error where no file can be read.
    pub(super) fn read(
        &mut self,
        now: Timestamp,
        mut take: impl FnMut(u64, &[u8], bool),
    ) -> Result<Readable, FetchError> {
        let mut budget = IN_ONE_PASS;
        // What a file still had to say comes before what is written to the one that has its name now.
        self.read_newer(0, &mut budget, now, &mut take);
        if self.looked.is_none_or(|at| at.age_at(now) >= LOOK || at > now) {
            let before = self.newest;
            self.look(now);
            self.looked = Some(now);
            self.read_newer(before, &mut budget, now, &mut take);
        }
        let why = self.trouble.first().map(|why| FetchError::new(Reason::File, why.clone()));
        match why {
            None => Ok(Readable::All),
            Some(why) if self.open.values().any(|one| one.is_named) => Ok(Readable::Some(why)),
            Some(why) => Err(why),
        }
    }

    /// Reads the files that were opened after the one of a number; those of which nothing comes any more are closed.
    fn read_newer(&mut self, number: u64, budget: &mut u64, now: Timestamp, take: &mut impl FnMut(u64, &[u8], bool)) {
        let (known, trouble) = (&mut self.known, &mut self.trouble);
        self.open.retain(|id, one| {
            if one.number <= number {
                return true;
            }
            let mut take = |line: &[u8], was_there: bool| take(one.number, line, was_there);
            match one.file.read(IN_ONE_GO.min(*budget), now, &mut take) {
                Ok(read) => {
                    let is_over = read == 0 && *budget > 0 && !one.is_named && one.last.age_at(now) >= QUIET;
                    if read > 0 || one.is_named {
                        one.last = now;
                    }
                    *budget = budget.saturating_sub(read);
                    if is_over {
                        one.file.end(&mut take);
                        known.push_back((*id, one.file.resumption()));
                    }
                    !is_over
                }
                Err(error) => {
                    // A file system that has been away: it is opened again where it was read to.
                    trouble.push(cannot(&one.path, &error));
                    known.push_back((*id, one.file.resumption()));
                    false
                }
            }
        });
        known.drain(..known.len().saturating_sub(MAX_KNOWN));
    }

    /// Looks which files there are, and opens those that are new.
    fn look(&mut self, now: Timestamp) {
        let is_first = self.looked.is_none();
        self.trouble.clear();
        let mut found: Vec<PathBuf> = Vec::new();
        for glob in &self.globs {
            expand(glob, &mut found);
        }
        if found.is_empty() && !self.globs.is_empty() {
            let globs: Vec<String> = self.globs.iter().map(|glob| glob.display().to_string()).collect();
            self.trouble.push(format!("there is no file {}", globs.join(", ")));
        }
        let there = self.there(found);
        for one in self.open.values_mut() {
            one.is_named = false;
        }
        let paths: Vec<PathBuf> = there.iter().map(|(path, _, _)| path.clone()).collect();
        for (path, id, _) in there {
            if let Some(one) = self.open.get_mut(&id) {
                (one.path, one.is_named) = (path, true);
                continue;
            }
            let is_copy = paths.iter().any(|of| is_rotated(&path, of));
            match Opened::new(&path, self.begin(id, is_first, is_copy)) {
                Ok(file) => {
                    self.newest += 1;
                    // Between the look and the opening another file may have got the name.
                    let one = Followed { number: self.newest, path, last: now, is_named: true, file };
                    self.open.insert(one.file.id(), one);
                }
                Err(error) => self.trouble.push(cannot(&path, &error)),
            }
        }
    }

    /// The files behind names, with when they were written. One that cannot be looked at now keeps the file it had.
    fn there(&mut self, mut found: Vec<PathBuf>) -> Vec<(PathBuf, FileId, Option<SystemTime>)> {
        found.sort();
        found.dedup();
        let mut there = Vec::new();
        for path in found {
            match std::fs::metadata(&path) {
                Ok(about) => {
                    let id = (about.dev(), about.ino());
                    self.names.insert(path.clone(), id);
                    there.push((path, id, about.modified().ok()));
                }
                Err(error) => {
                    self.trouble.push(cannot(&path, &error));
                    let had = self.names.get(&path).copied().filter(|_| error.kind() != ErrorKind::NotFound);
                    there.extend(had.filter(|id| self.open.contains_key(id)).map(|id| (path, id, None)));
                }
            }
        }
        let too_many = there.len().saturating_sub(MAX_FILES);
        if too_many > 0 {
            // Those that were written last are those that are written now.
            there.sort_by_key(|(_, _, written)| std::cmp::Reverse(*written));
            there.truncate(MAX_FILES);
            self.trouble.push(format!("{too_many} files more than the {MAX_FILES} that are followed"));
        }
        self.names.retain(|path, _| there.iter().any(|(one, ..)| one == path));
        there
    }

    /// Where to begin with a file.
    fn begin(&mut self, id: FileId, is_first: bool, is_copy: bool) -> Begin {
        let known = self.known.iter().rposition(|(known, _)| *known == id).and_then(|at| self.known.remove(at));
        match known {
            Some((_, position)) => Begin::At(position),
            None if is_first => Begin::NearTheEnd,
            None if is_copy => Begin::AtTheEnd,
            None => Begin::At(0),
        }
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> String {
    let why = error.get_ref().map_or_else(|| error.kind().to_string(), ToString::to_string);
    format!("{} cannot be read: {why}", path.display())
}

/// Whether a file that has just come has the name of another one, with a number or a date behind it: a copy of what was read
/// as that one.
fn is_rotated(path: &Path, of: &Path) -> bool {
    let rest = path.to_str().zip(of.to_str()).and_then(|(path, of)| path.strip_prefix(of));
    let rest = rest.and_then(|rest| rest.strip_prefix(['.', '-', '_']));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) || ["old", "bak"].contains(&rest))
}

#[cfg(test)]
mod tests {
    use std::fs::{File, copy, create_dir_all, remove_dir_all, remove_file, rename};
    use std::io::Write as _;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("andon-files-{}-{name}", std::process::id()));
            create_dir_all(&path).unwrap();
            Self(path)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn files(&self, glob: &str) -> Files {
            Files::new(&[self.path(glob)])
        }

        fn append(&self, name: &str, text: &str) {
            let file = File::options().append(true).create(true).open(self.path(name));
            file.unwrap().write_all(text.as_bytes()).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = remove_dir_all(&self.0);
        }
    }

    /// What is read so many seconds after the start.
    fn read(files: &mut Files, second: i64) -> Vec<String> {
        let mut lines = Vec::new();
        let take = |_, line: &[u8], _| lines.push(String::from_utf8_lossy(line).into_owned());
        let _trouble_is_for_others = files.read(Timestamp(second * 1000), take);
        lines
    }

    #[test]
    fn a_file_that_comes_is_read_from_its_beginning() {
        let folder = Folder::new("come");
        folder.append("1.log", "1\n");
        let mut files = folder.files("*.log");
        assert_eq!(read(&mut files, 0), ["1"]);
        folder.append("2.log", "2\n");
        assert_eq!(read(&mut files, 1), ["2"]);
    }

    #[test]
    fn a_file_with_another_name_is_read_on_within_the_glob_and_outside() {
        for glob in ["x.log*", "x.log"] {
            let folder = Folder::new(&format!("renamed{}", glob.len()));
            folder.append("x.log", "1\n");
            let mut files = folder.files(glob);
            assert_eq!(read(&mut files, 0), ["1"]);
            folder.append("x.log", "2\n");
            rename(folder.path("x.log"), folder.path("x.log.1")).unwrap();
            // Nobody has made it anew yet, and the program goes on writing.
            assert_eq!(read(&mut files, 2), ["2"], "{glob}");
            folder.append("x.log.1", "3\n");
            folder.append("x.log", "4\n");
            assert_eq!(read(&mut files, 4), ["3", "4"], "{glob}");
            // Once more, over the one that was rotated before.
            rename(folder.path("x.log"), folder.path("x.log.1")).unwrap();
            folder.append("x.log.1", "5\n");
            folder.append("x.log", "6\n");
            assert_eq!(read(&mut files, 6), ["5", "6"], "{glob}");
            assert_eq!(read(&mut files, 60), [""; 0], "{glob}");
        }
    }

    #[test]
    fn what_has_lost_its_name_is_closed_when_nothing_comes_of_it() {
        let folder = Folder::new("closed");
        folder.append("x.log", "1\n");
        let mut files = folder.files("x.log");
        read(&mut files, 0);
        remove_file(folder.path("x.log")).unwrap();
        folder.append("x.log", "2\n");
        assert_eq!(read(&mut files, 2), ["2"]);
        for second in [10, 20, 31, 32] {
            read(&mut files, second);
        }
        assert_eq!(files.open.len(), 1);
    }

    #[test]
    fn a_copy_of_what_was_read_and_a_second_name_tell_nothing_again() {
        let folder = Folder::new("copied");
        folder.append("x.log", "1\n");
        let mut files = folder.files("*");
        std::os::unix::fs::symlink(folder.path("x.log"), folder.path("current")).unwrap();
        assert_eq!(read(&mut files, 0), ["1"]);
        folder.append("x.log", "2\n");
        assert_eq!(read(&mut files, 2), ["2"]);
        copy(folder.path("x.log"), folder.path("x.log-20261130")).unwrap();
        File::options().write(true).open(folder.path("x.log")).unwrap().set_len(0).unwrap();
        assert_eq!(read(&mut files, 4), [""; 0]);
        folder.append("x.log", "3\n");
        assert_eq!(read(&mut files, 6), ["3"]);
    }

    #[test]
    fn a_folder_that_has_been_away_brings_nothing_twice() {
        let folder = Folder::new("away");
        create_dir_all(folder.path("a")).unwrap();
        folder.append("a/x.log", "1\n");
        let mut files = folder.files("a/x.log");
        assert_eq!(read(&mut files, 0), ["1"]);
        rename(folder.path("a"), folder.path("b")).unwrap();
        folder.append("a", "no folder");
        assert_eq!(read(&mut files, 2), [""; 0]);
        assert!(files.trouble[0].contains("a/x.log cannot be read"), "{:?}", files.trouble);
        remove_file(folder.path("a")).unwrap();
        rename(folder.path("b"), folder.path("a")).unwrap();
        folder.append("a/x.log", "2\n");
        assert_eq!(read(&mut files, 4), ["2"]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let folder = Folder::new("trouble");
        let wrong = |files: &mut Files| match files.read(Timestamp(0), |_, _, _| {}) {
            Ok(Readable::All) => String::new(),
            Ok(Readable::Some(why)) => format!("but {}", why.detail),
            Err(why) => why.detail.to_string(),
        };
        assert!(wrong(&mut folder.files("none.log")).ends_with("none.log cannot be read: entity not found"));
        let said = wrong(&mut folder.files("*.log"));
        assert!(said.starts_with("there is no file ") && said.ends_with("*.log"), "{said}");
        folder.append("some.log", "x\n");
        let said = wrong(&mut Files::new(&[folder.0.clone(), folder.path("*.log")]));
        assert!(said.starts_with("but ") && said.ends_with("it is not a regular file"), "{said}");
        assert_eq!(wrong(&mut folder.files("*.log")), "");
    }
}
