//! The log: a file, never the screen. And panics: the terminal first, then the report.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tracing::level_filters::LevelFilter;

use super::Failure;
use crate::model::isolation::{is_isolated, message};
use crate::model::text::SafeText;

/// The file is begun anew at this size; the one before is kept as FILE.1.
const MAX_FILE: u64 = 5 * 1024 * 1024;

/// Logs to a file from now on: what `ANDON_LOG` asks for (error, warn, info, debug or trace), else info.
pub(super) fn to_file(path: &Path) -> Result<(), Failure> {
    let level = match std::env::var("ANDON_LOG") {
        Err(_) => LevelFilter::INFO,
        Ok(word) => word.parse().map_err(|_| {
            Failure::Message(format!("ANDON_LOG={word} is no level; write error, warn, info, debug or trace"))
        })?,
    };
    let log = Rotating::open(path)
        .map_err(|error| Failure::Message(format!("cannot write the log {}: {error}", path.display())))?;
    let subscriber = tracing_subscriber::fmt()
        .with_writer(Mutex::new(log))
        .with_ansi(false)
        .with_target(false)
        .with_max_level(level)
        // Nothing may be printed onto the board, not even that nothing can be logged.
        .log_internal_errors(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| Failure::Message("a log is open already".to_owned()))
}

#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Rotating {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { path: path.to_owned(), size: file.metadata()?.len(), file })
    }
}

impl Write for Rotating {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size > MAX_FILE {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            match std::fs::rename(&self.path, old).and_then(|()| Self::open(&self.path)) {
                Ok(new) => *self = new,
                // A folder that nobody may write to: the same file is begun anew.
                Err(_) => self.file.set_len(0)?,
            }
            self.size = 0;
        }
        // One line an event: whatever text came in from outside, it stays one line.
        let line = String::from_utf8_lossy(bytes);
        writeln!(self.file, "{}", SafeText::new(line.trim_end()))?;
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A panic in a source is a failed poll, and goes to the log. A panic of the main thread gives the
/// terminal back before anything is said.
pub(super) fn keep_panics_off_the_screen() {
    static SAID: Mutex<bool> = Mutex::new(false);
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = message(panic.payload());
        tracing::error!(place, "panic: {message}");
        let is_main = std::thread::current().name() == Some("main");
        if is_main && !is_isolated() {
            crate::output::terminal::screen::restore();
            let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::replace(&mut *said, true) {
                super::complain(&format!(
                    "andon: a fault of andon itself at {place}: {message}\nPlease report it with what was on the screen."
                ));
            }
        }
    }));
}
