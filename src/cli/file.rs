//! Writing to a file that a user named.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::out::{Failure, print};

/// Whether a path stands for standard output, as it does in other programs.
pub(super) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

/// Writes a whole file; `-` is standard output.
///
/// A regular file is replaced in one step, so that a reader never sees half of it; it keeps its permissions,
/// and links to it stay links. What is no regular file (a device, a FIFO) is written to as it is.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if is_stdout(path) {
        return print(text).map(drop);
    }
    let bytes = text.as_bytes();
    let written = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            let message = format!("cannot write {}: it is a folder; name a file in it", path.display());
            return Err(Failure::Message(message));
        }
        Ok(found) if found.is_file() => {
            path.canonicalize().and_then(|target| replace_or_overwrite(&target, bytes, Some(&found)))
        }
        Ok(_) => overwrite(path, bytes),
        // A link to a file that is not there yet.
        Err(_) if path.is_symlink() => overwrite(path, bytes),
        Err(_) => replace_or_overwrite(path, bytes, None),
    };
    written.map_err(|error| Failure::Message(format!("cannot write {}: {error}", path.display())))
}

/// Some files can be written but not replaced: in a folder of others, or mounted on their own.
fn replace_or_overwrite(path: &Path, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
    match replace(path, bytes, before) {
        Err(error) if before.is_some() && cannot_be_replaced(error.kind()) => overwrite(path, bytes),
        done => done,
    }
}

const fn cannot_be_replaced(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::ResourceBusy)
}

/// Writes beside the file and renames.
fn replace(path: &Path, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
    let beside = beside(path);
    // One that was left behind is in the way; usually there is none. A link that somebody put there is not followed.
    let _none = std::fs::remove_file(&beside);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| before.map_or(Ok(()), |before| keep(&file, before)))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // Nothing half-written is left behind; what cannot be removed either is explained by the first error.
        let _first_error_is_told = std::fs::remove_file(&beside);
    }
    written
}

/// Mode, owner and group as before. An owner that cannot be kept is an error: the file is overwritten then.
fn keep(file: &File, before: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let now = file.metadata()?;
    let owner = (now.uid() != before.uid()).then_some(before.uid());
    let group = (now.gid() != before.gid()).then_some(before.gid());
    if owner.is_some() || group.is_some() {
        std::os::unix::fs::fchown(file, owner, group)?;
    }
    file.set_permissions(before.permissions())
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    beside.into()
}

/// Writes to what is there, following links.
fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    // A terminal that is written to does not become ours.
    let flags = rustix::fs::OFlags::NOCTTY.bits() as i32;
    OpenOptions::new().write(true).create(true).truncate(true).custom_flags(flags).open(path)?.write_all(bytes)
}
