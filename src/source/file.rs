//! Files that andon reads while it runs: somebody may turn them into a pipe or a device at any time.
//!
//! A read never waits for a writer and never takes more than the caller allows. A dead network mount still
//! blocks it: the engine's thread reads no file but through [`super::offload`].

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// The system says no.
    Io(io::ErrorKind),
    /// It is a folder, a pipe, a device or a socket.
    NotAFile,
    /// It has more bytes than this.
    TooLarge(u64),
}

impl fmt::Display for Unreadable {
    /// What comes after the file's name: "cannot be read: permission denied".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "cannot be read: {kind}"),
            Self::NotAFile => f.write_str("is not a regular file"),
            Self::TooLarge(most) => write!(f, "is over {most} bytes"),
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error.kind())
    }
}

/// The whole content of a regular file of at most so many bytes; a symbolic link counts as what it leads to.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, Unreadable> {
    let refuse = |meta: &std::fs::Metadata| match meta {
        meta if !meta.is_file() => Err(Unreadable::NotAFile),
        meta if meta.len() > most => Err(Unreadable::TooLarge(most)),
        _ => Ok(()),
    };
    // Opening a device may do something already.
    refuse(&std::fs::metadata(path)?)?;
    // It may have become a pipe since: opening one without a writer would wait.
    let flags = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    refuse(&file.metadata()?)?;
    let mut bytes = Vec::new();
    // It may grow while it is read, and files of /proc have no length.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(Unreadable::TooLarge(most)) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("andon-file-{}-{name}", std::process::id())))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let pipe = Scratch::new("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe.0, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for path in [pipe.0.as_path(), Path::new("/dev/zero"), Path::new("/")] {
            assert_eq!(read(path, 10), Err(Unreadable::NotAFile), "{}", path.display());
        }
        assert_eq!(read(Path::new("/nonexistent"), 10), Err(Unreadable::Io(io::ErrorKind::NotFound)));
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let file = Scratch::new("size");
        std::fs::write(&file.0, "0123456789").unwrap();
        assert_eq!(read(&file.0, 10).unwrap(), b"0123456789");
        assert_eq!(read(&file.0, 9), Err(Unreadable::TooLarge(9)));
        // It says that it has no bytes.
        assert_eq!(read(Path::new("/proc/self/status"), 9), Err(Unreadable::TooLarge(9)));
    }
}
