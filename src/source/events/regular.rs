//! Files that can be read and written without waiting for somebody: regular ones.

use std::fs::{File, Metadata};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{Access, OFlags, access};

/// Opens a file for reading. Only a regular one: a pipe would keep us waiting, a device has no end.
pub(super) fn open(path: &Path) -> std::io::Result<(File, Metadata)> {
    let regular = |meta: Metadata| {
        if meta.is_file() { Ok(meta) } else { Err(std::io::Error::other("it is not a regular file")) }
    };
    regular(std::fs::metadata(path)?)?;
    // Something else may have taken its place by now: opening that must not wait, either.
    let options = OFlags::NONBLOCK.bits() as i32;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(options).open(path)?;
    let meta = regular(file.metadata()?)?;
    Ok((file, meta))
}

/// Whether this process may write a file, or make it.
fn writable(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let may =
        if path.exists() { access(path, Access::WRITE_OK) } else { access(folder, Access::WRITE_OK | Access::EXEC_OK) };
    Ok(may?)
}

/// Why this process can neither write a file nor make it. May take as long as the disk takes.
pub(super) fn unwritable(path: &Path) -> Option<String> {
    let error = writable(path).err()?;
    Some(format!("{} cannot be written: {}", path.display(), reason(&error)))
}

/// Why, in the words for its kind, or in our own.
pub(super) fn reason(error: &std::io::Error) -> String {
    error.get_ref().map_or_else(|| error.kind().to_string(), ToString::to_string)
}
