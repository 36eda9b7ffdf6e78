//! Files by globs: those that are there, and those that come.

use std::collections::VecDeque;
use std::path::{Component, Path, PathBuf};

use wildmatch::WildMatch;

use super::follow::Followed;
use super::opened::{Begin, FileId};
use crate::model::fault::{FetchError, Reason};
use crate::model::time::{Span, Timestamp};

/// Most files that are followed at once.
const MAX_FILES: usize = 256;
/// Most names looked at for one glob.
const MAX_NAMES: usize = 10_000;
/// Most bytes that are read of all files in one pass.
const IN_ONE_PASS: u64 = 16 * 1024 * 1024;
/// How often new files are looked for.
const LOOK: Span = Span::seconds(1);
/// Files that were read, and are known again under another name.
const MAX_READ: usize = 512;
/// Files that are no text, in the manner of log rotation.
const PACKED: [&str; 5] = ["gz", "xz", "bz2", "zst", "zip"];

/// The files of a source.
#[derive(Debug, Default)]
pub(super) struct Files {
    globs: Vec<PathBuf>,
    followed: Vec<(u64, Followed)>,
    /// Files whose names are gone, and how far they were read.
    read: VecDeque<(FileId, u64)>,
    looked: Option<Timestamp>,
    newest: u64,
    /// Files that are not followed, because there are too many.
    too_many: usize,
}

/// What a look at the files led to.
#[derive(Debug, PartialEq)]
pub(super) enum Readable {
    /// All of them can be read.
    All,
    /// Some cannot, or there are too many.
    Some(String),
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
        let mut read = |followed: &mut [(u64, Followed)]| {
            for (number, file) in followed {
                file.read(&mut budget, now, |line, was_there| take(*number, line, was_there));
            }
        };
        // What is renamed is read to its end before it is found under its new name.
        read(&mut self.followed);
        if self.looked.is_none_or(|at| at.age_at(now) >= LOOK || at > now) {
            let (known, mut gone) = self.look();
            self.looked = Some(now);
            read(self.followed.get_mut(known..).unwrap_or_default());
            for (number, file) in &mut gone {
                file.end(now, |line, was_there| take(*number, line, was_there));
            }
        }
        let too_many =
            (self.too_many > 0).then(|| format!("{} files more than the {MAX_FILES} that are followed", self.too_many));
        let mut failures = self.followed.iter().filter_map(|(_, file)| file.failure());
        let trouble = failures.next().or(too_many);
        if self.globs.is_empty() || self.followed.iter().any(|(_, file)| file.failure().is_none()) {
            return Ok(trouble.map_or(Readable::All, Readable::Some));
        }
        let none = || {
            let globs: Vec<String> = self.globs.iter().map(|glob| glob.display().to_string()).collect();
            format!("there is no file {}", globs.join(", "))
        };
        Err(FetchError::new(Reason::File, trouble.unwrap_or_else(none)))
    }

    /// Looks for files: how many are known, before those that are new; and those whose names are gone.
    fn look(&mut self) -> (usize, Vec<(u64, Followed)>) {
        let is_first = self.looked.is_none();
        let mut found: Vec<PathBuf> = Vec::new();
        for glob in &self.globs {
            expand(glob, &mut found);
        }
        found.sort();
        found.dedup();
        self.too_many = found.len().saturating_sub(MAX_FILES);
        if self.too_many > 0 {
            // Those that were written last are those that are written now.
            let written = |path: &PathBuf| std::fs::metadata(path).and_then(|about| about.modified()).ok();
            found.sort_by_cached_key(|path| std::cmp::Reverse(written(path)));
            found.truncate(MAX_FILES);
            found.sort();
        }
        let names = found.clone();
        let gone: Vec<(u64, Followed)> =
            self.followed.extract_if(.., |(_, file)| !found.iter().any(|path| path == file.path())).collect();
        self.read.extend(gone.iter().filter_map(|(_, file)| file.position()));
        self.read.drain(..self.read.len().saturating_sub(MAX_READ));
        found.retain(|path| !self.followed.iter().any(|(_, file)| file.path() == path));
        let known = self.followed.len();
        for path in found {
            let is_rotated = names.iter().any(|of| is_rotated(&path, of));
            // "shop.log.1" is what was "shop.log" before: it was read as that.
            let replaced = if is_rotated { Begin::AtTheEnd } else { Begin::At(0) };
            let id = id(&path);
            // A link beside its target, or a name that has just been given: it is read as the other one.
            if self.followed.iter().any(|(_, file)| file.position().is_some_and(|(known, _)| Some(known) == id)) {
                continue;
            }
            let renamed = id.and_then(|id| self.followed.iter_mut().find_map(|(_, file)| file.take_leaving(id)));
            self.newest += 1;
            let followed = if let Some(open) = renamed {
                Followed::renamed(path, open, replaced)
            } else {
                Followed::new(path, self.begin(id, is_first, is_rotated), replaced)
            };
            self.followed.push((self.newest, followed));
        }
        (known, gone)
    }

    /// Where to begin with a file: one that was read under another name goes on.
    fn begin(&mut self, id: Option<FileId>, is_first: bool, is_rotated: bool) -> Begin {
        if is_first {
            return Begin::NearTheEnd;
        }
        let known = self.read.iter().rposition(|(known, _)| Some(*known) == id).and_then(|at| self.read.remove(at));
        match known {
            Some((_, position)) => Begin::At(position),
            None if is_rotated => Begin::AtTheEnd,
            None => Begin::At(0),
        }
    }
}

fn id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).map(|about| (about.dev(), about.ino())).ok()
}

/// Whether a file has the name of another one, with a number or a date behind it.
fn is_rotated(path: &Path, of: &Path) -> bool {
    let rest = path.to_str().zip(of.to_str()).and_then(|(path, of)| path.strip_prefix(of));
    let rest = rest.and_then(|rest| rest.strip_prefix(['.', '-', '_']));
    rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()) || ["old", "bak"].contains(&rest))
}

/// The files that a glob picks. A name without a `*` or a `?` picks itself, whether or not it is there.
fn expand(glob: &Path, found: &mut Vec<PathBuf>) {
    let mut folders = vec![PathBuf::new()];
    let parts: Vec<Component<'_>> = glob.components().collect();
    for (index, part) in parts.iter().enumerate() {
        let name = part.as_os_str();
        let text = name.to_string_lossy();
        if !text.contains(['*', '?']) {
            for folder in &mut folders {
                folder.push(name);
            }
            continue;
        }
        let (is_last, pattern) = (index + 1 == parts.len(), WildMatch::new(&text));
        let picked = folders.iter().flat_map(|folder| names(folder, &pattern, is_last)).collect();
        folders = picked;
    }
    found.extend(folders);
}

fn names(folder: &Path, pattern: &WildMatch, is_last: bool) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let picked = entries.take(MAX_NAMES).filter_map(Result::ok).filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // As in a shell: what is hidden has to be named.
        !name.starts_with('.') && pattern.matches(&name)
    });
    let is_wanted = |path: &PathBuf| {
        let is_packed = path.extension().is_some_and(|end| PACKED.iter().any(|packed| end == *packed));
        if is_last { path.is_file() && !is_packed } else { path.is_dir() }
    };
    picked.map(|entry| entry.path()).filter(is_wanted).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{File, copy, create_dir_all, remove_dir_all, rename, write};
    use std::io::Write as _;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("andon-files-{}-{name}", std::process::id()));
            create_dir_all(path.join("a")).unwrap();
            create_dir_all(path.join("b")).unwrap();
            Self(path)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn append(&self, name: &str, text: &str) {
            File::options()
                .append(true)
                .create(true)
                .open(self.path(name))
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = remove_dir_all(&self.0);
        }
    }

    fn read(files: &mut Files, at: i64) -> Vec<String> {
        let mut lines = Vec::new();
        let read = files.read(Timestamp(at), |_, line, _| lines.push(String::from_utf8_lossy(line).into_owned()));
        assert!(read.is_ok(), "{read:?}");
        lines
    }

    #[test]
    fn files_are_found_in_folders_and_those_that_come_later_are_read_from_their_beginning() {
        let folder = Folder::new("globs");
        for (name, text) in [("a/1.log", "1\n"), ("b/2.log", "2\n"), ("b/3.log.gz", "3\n"), ("b/.4.log", "4\n")] {
            write(folder.path(name), text).unwrap();
        }
        let mut files = Files::new(&[folder.path("*/*.log*")]);
        assert_eq!(read(&mut files, 0), ["1", "2"]);
        folder.append("a/5.log", "5\n");
        assert_eq!(read(&mut files, 500), [""; 0]);
        assert_eq!(read(&mut files, 1500), ["5"]);
    }

    #[test]
    fn what_is_rotated_within_the_glob_is_read_once() {
        let folder = Folder::new("rotated");
        folder.append("a/x.log", "1\n");
        let mut files = Files::new(&[folder.path("a/*")]);
        assert_eq!(read(&mut files, 0), ["1"]);
        // By another name.
        folder.append("a/x.log", "2\n");
        rename(folder.path("a/x.log"), folder.path("a/x.log.1")).unwrap();
        folder.append("a/x.log", "3\n");
        assert_eq!(read(&mut files, 2000), ["2", "3"]);
        folder.append("a/x.log", "4\n");
        // Copied and cut.
        assert_eq!(read(&mut files, 4000), ["4"]);
        copy(folder.path("a/x.log"), folder.path("a/x.log-2")).unwrap();
        File::options().write(true).open(folder.path("a/x.log")).unwrap().set_len(0).unwrap();
        assert_eq!(read(&mut files, 6000), [""; 0]);
        folder.append("a/x.log", "5\n");
        assert_eq!(read(&mut files, 8000), ["5"]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let folder = Folder::new("trouble");
        let mut files = Files::new(&[folder.path("a/none.log")]);
        let error = files.read(Timestamp(0), |_, _, _| {}).unwrap_err();
        assert!(error.detail.as_str().ends_with("a/none.log cannot be read: entity not found"), "{}", error.detail);
        let mut files = Files::new(&[folder.path("a/*.log")]);
        let error = files.read(Timestamp(0), |_, _, _| {}).unwrap_err();
        assert!(error.detail.as_str().ends_with("a/*.log"), "{}", error.detail);
        folder.append("a/some.log", "x\n");
        let mut files = Files::new(&[folder.path("a"), folder.path("a/*.log")]);
        let said = files.read(Timestamp(0), |_, _, _| {}).unwrap();
        assert!(matches!(&said, Readable::Some(why) if why.ends_with("it is not a regular file")), "{said:?}");
    }
}
