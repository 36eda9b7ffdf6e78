//! The file: opened, locked, brought to the shape of this release, and moved aside where it is broken.

use std::fs::{DirBuilder, File};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use rustix::fs::{FlockOperation, flock, fstatfs};

use crate::model::time::Timestamp;

/// What marks a file as a history of andon: "andn".
const APPLICATION: i32 = 0x616e_646e;
/// The steps from an empty file to one of this release; the number of those that were made is its version.
const MIGRATIONS: [&str; 4] = [
    include_str!("schema.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
];
/// The log beside the file is cut back to this size, in bytes.
const LARGEST_LOG: i64 = 4 * 1024 * 1024;
/// File systems on which locks and memory maps of SQLite are not sure, by their magic numbers (statfs(2)).
const NETWORK: [(u32, &str); 6] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x0102_1997, "9P"),
    (0x0073_7546, "AFS"),
];

/// An open history that nobody else writes.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Held as long as the file is open.
    _lock: File,
}

/// Why a file cannot be used, in a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(super) struct Unusable {
    why: String,
    /// Whether it is only that somebody else keeps it.
    pub(super) is_taken: bool,
}

fn other(path: &Path, why: impl std::fmt::Display) -> Unusable {
    Unusable { why: format!("no history is kept: {why} ({})", path.display()), is_taken: false }
}

/// Opens a file, makes it where there is none, and brings an older one up to date; a copy of that stays beside it.
pub(super) fn open(path: &Path, now: Timestamp) -> Result<Opened, Unusable> {
    open_with(path, now, &MIGRATIONS)
}

fn open_with(path: &Path, now: Timestamp, migrations: &[&str]) -> Result<Opened, Unusable> {
    let folder = path.parent().unwrap_or_else(|| Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| other(folder, error.kind()))?;
    let lock = lock(&beside(path, "lock"))?;
    let kind = fstatfs(lock.as_fd()).map_err(|error| other(folder, error))?.f_type as u32;
    if let Some((_, name)) = NETWORK.iter().find(|(magic, _)| *magic == kind) {
        let why = format!("it is on a network file system ({name}), where SQLite may lose data; set [history] path");
        return Err(other(path, why));
    }
    // What the board has shown is for its user; SQLite gives its other files the rights of this one.
    private(path).map_err(|error| other(path, error.kind()))?;
    match connect(path, migrations) {
        Ok(connection) => Ok(Opened { connection, _lock: lock }),
        Err(Failed::Sqlite(error)) if is_broken(&error) => {
            let aside = set_aside(path, now).map_err(|error| other(path, error.kind()))?;
            let connection = connect(path, migrations).map_err(|error| error.said_of(path))?;
            tracing::warn!("{} was broken ({error}) and is kept as {}", path.display(), aside.display());
            Ok(Opened { connection, _lock: lock })
        }
        Err(error) => Err(error.said_of(path)),
    }
}

/// Whether the content of the file is at fault, and not its place.
pub(super) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Moves a broken file aside, with what belongs to it: somebody may want to look at it.
pub(super) fn set_aside(path: &Path, now: Timestamp) -> std::io::Result<PathBuf> {
    let aside = beside(path, &format!("broken-{}", now.0 / 1000));
    std::fs::rename(path, &aside)?;
    for suffix in ["-wal", "-shm"] {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&aside, suffix));
        if from.exists() {
            std::fs::rename(from, to)?;
        }
    }
    Ok(aside)
}

/// `x.sqlite.lock` of `x.sqlite`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    with_suffix(path, &format!(".{ending}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A file that only its user can read; made where there is none.
fn private(path: &Path) -> std::io::Result<File> {
    File::options().create(true).append(true).mode(0o600).open(path)
}

/// The lock of a history; the file stays, the lock goes with the process.
fn lock(path: &Path) -> Result<File, Unusable> {
    let file = private(path).map_err(|error| other(path, error.kind()))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let why = "another andon keeps that of this board; give one of them another [history] path";
            Err(Unusable { is_taken: true, ..other(path, why) })
        }
        Err(error) => Err(other(path, error)),
    }
}

enum Failed {
    Sqlite(rusqlite::Error),
    Newer(i64),
    Foreign,
    Copy(std::io::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failed {
    fn said_of(self, path: &Path) -> Unusable {
        match self {
            Self::Sqlite(error) => other(path, error),
            Self::Newer(version) => {
                other(path, format!("it was written by a newer andon (version {version}); set another [history] path"))
            }
            Self::Foreign => other(path, "it is a database of another program; set another [history] path"),
            Self::Copy(error) => other(path, format!("no copy can be made before it is changed: {}", error.kind())),
        }
    }
}

fn connect(path: &Path, migrations: &[&str]) -> Result<Connection, Failed> {
    let connection = Connection::open(path)?;
    // Whoever reads it at the same time (`andon query`) may hold it for a moment.
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    let number = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && number("application_id")? != i64::from(APPLICATION) {
        return Err(Failed::Foreign);
    }
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    let Some(missing) = migrations.get(done..) else { return Err(Failed::Newer(version)) };
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // A process that is killed loses nothing that was written; a machine that loses its power at most the last flushes.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", LARGEST_LOG)?;
    if missing.is_empty() {
        return Ok(connection);
    }
    if done > 0 {
        let copy = beside(path, &format!("version-{version}"));
        if copy.exists() {
            std::fs::remove_file(&copy).map_err(Failed::Copy)?;
        }
        connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    }
    let steps: String = missing.concat();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {steps} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {}; COMMIT;",
        migrations.len()
    ))?;
    Ok(connection)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("andon-history-{}-{name}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("board.sqlite")
        }

        fn names(&self) -> Vec<String> {
            let entries = std::fs::read_dir(&self.0).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _gone = std::fs::remove_dir_all(&self.0);
        }
    }

    const NOW: Timestamp = Timestamp(1_795_267_800_000);

    fn refused(path: &Path, migrations: &[&str]) -> String {
        open_with(path, NOW, migrations).unwrap_err().to_string()
    }

    #[test]
    fn one_andon_keeps_a_history_at_a_time() {
        let folder = Folder::new("lock");
        let first = open(&folder.file(), NOW).unwrap();
        for name in folder.names() {
            let mode = std::fs::metadata(folder.0.join(&name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name} can be read by others");
        }
        let why = refused(&folder.file(), &MIGRATIONS);
        assert!(
            why.starts_with("no history is kept: another andon keeps that of this board; give one of them another"),
            "{why}"
        );
        drop(first);
        open(&folder.file(), NOW).unwrap();
    }

    #[test]
    fn what_is_no_history_is_kept_and_a_new_one_begun() {
        let folder = Folder::new("broken");
        std::fs::write(folder.file(), "this is no database, and longer than its head of a hundred bytes".repeat(9))
            .unwrap();
        open(&folder.file(), NOW).unwrap();
        assert!(folder.names().contains(&"board.sqlite.broken-1795267800".to_owned()), "{:?}", folder.names());
    }

    #[test]
    fn that_of_another_program_is_not_touched() {
        let folder = Folder::new("foreign");
        Connection::open(folder.file()).unwrap().execute_batch("CREATE TABLE x(y)").unwrap();
        let before = std::fs::read(folder.file()).unwrap();
        assert!(refused(&folder.file(), &MIGRATIONS).contains("a database of another program"));
        assert_eq!(std::fs::read(folder.file()).unwrap(), before);
    }

    #[test]
    fn an_older_one_is_brought_up_to_date_and_kept_as_it_was_and_a_newer_one_is_not_touched() {
        let folder = Folder::new("versions");
        drop(open_with(&folder.file(), NOW, &MIGRATIONS[..1]).unwrap());
        drop(open(&folder.file(), NOW).unwrap());
        assert!(folder.names().contains(&"board.sqlite.version-1".to_owned()), "{:?}", folder.names());
        let later: Vec<&str> = MIGRATIONS.into_iter().chain(["CREATE TABLE later(x);"]).collect();
        let newer = open_with(&folder.file(), NOW, &later).unwrap();
        newer.connection.execute("INSERT INTO later VALUES (1)", []).unwrap();
        drop(newer);
        assert!(folder.names().contains(&"board.sqlite.version-4".to_owned()), "{:?}", folder.names());
        assert!(refused(&folder.file(), &MIGRATIONS).contains("written by a newer andon (version 5)"));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let why = refused(Path::new("/proc/andon/board.sqlite"), &MIGRATIONS);
        assert!(why.starts_with("no history is kept: ") && why.ends_with("(/proc/andon)"), "{why}");
    }
}
