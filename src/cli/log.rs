//! The log: a file, never the screen. And panics: the terminal first, then the report.
//!
//! The file is written by a thread of its own. A disk that hangs, or a pipe that nobody reads, holds up that
//! thread only: what does not fit into its queue is lost, and the log says how much.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use tracing::level_filters::LevelFilter;

use super::out::Failure;
use crate::model::isolation::{is_isolated, message};
use crate::model::text::SafeText;

/// A new file is started at this size; the one before is kept as FILE.1.
const MAX_FILE: u64 = 5 * 1024 * 1024;
/// Lines that may wait for the disk.
const WAITING: usize = 1024;
/// Longest line, in bytes.
const LONGEST_LINE: usize = 8 * 1024;
/// How long the end of the program waits for what is still to be written.
const LONGEST_END: Duration = Duration::from_millis(300);

/// Logs to a file from now on: what `ANDON_LOG` asks for (error, warn, info, debug or trace), else info.
pub(super) fn to_file(path: &Path) -> Result<Log, Failure> {
    let log = Rotating::open(path);
    begin(log).map_err(|why| match why {
        Refused::Log(error) => Failure::Message(format!("cannot write the log {}: {error}", path.display())),
        Refused::Other(failure) => failure,
    })
}

/// The same to standard error, for a service: its manager keeps it.
pub(super) fn to_standard_error() -> Result<Log, Failure> {
    begin(Rotating::standard_error()).map_err(|why| match why {
        Refused::Log(error) => Failure::Message(format!("cannot write the log to standard error: {error}")),
        Refused::Other(failure) => failure,
    })
}

/// Why there is no log.
enum Refused {
    Log(io::Error),
    Other(Failure),
}

fn begin(log: io::Result<Rotating>) -> Result<Log, Refused> {
    let level = match std::env::var("ANDON_LOG") {
        Err(_) => LevelFilter::INFO,
        Ok(word) => word.parse().map_err(|_| {
            let why = format!("ANDON_LOG={word} is no level; write error, warn, info, debug or trace");
            Refused::Other(Failure::Message(why))
        })?,
    };
    let queue = log.and_then(Queue::start).map_err(Refused::Log)?;
    let lines = queue.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || lines.clone())
        .with_ansi(false)
        .with_target(false)
        .with_max_level(level)
        // Nothing may be printed onto the board, not even that nothing can be logged.
        .log_internal_errors(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|_| Refused::Other(Failure::Message("a log is open already".to_owned())))?;
    Ok(Log(queue))
}

/// The open log. When it is dropped, what still waits is written, if that does not take long.
#[derive(Debug)]
#[must_use = "without it the last lines may be missing"]
pub(super) struct Log(Queue);

impl Drop for Log {
    fn drop(&mut self) {
        let (written, wait) = channel();
        if self.0.lines.try_send(Item::End(written)).is_ok() {
            // A disk that hangs must not keep the program from ending.
            let _hangs = wait.recv_timeout(LONGEST_END);
        }
    }
}

/// The way to the thread that writes. Nobody waits on it.
#[derive(Debug, Clone)]
struct Queue {
    lines: SyncSender<Item>,
    /// Lines that found no room since the last that did.
    lost: Arc<AtomicU64>,
}

/// What is to be written.
#[derive(Debug)]
enum Item {
    /// A line, and how many were lost before it.
    Line(u64, Vec<u8>),
    /// No more; somebody waits for what came before.
    End(Sender<()>),
}

impl Queue {
    fn start(log: Rotating) -> io::Result<Self> {
        let (lines, items) = sync_channel(WAITING);
        let queue = Self { lines, lost: Arc::default() };
        let lost = Arc::clone(&queue.lost);
        std::thread::Builder::new().name("andon-log".to_owned()).spawn(move || write_all(log, &items, &lost))?;
        Ok(queue)
    }
}

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = bytes.get(..LONGEST_LINE).unwrap_or(bytes).to_vec();
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if self.lines.try_send(Item::Line(lost, line)).is_err() {
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes what comes, until nobody can send any more. What cannot be written (the disk is full) is lost too.
fn write_all(mut log: Rotating, items: &Receiver<Item>, lost: &AtomicU64) {
    for item in items {
        match item {
            Item::Line(before, line) => {
                let said = if before > 0 { log.write(format!("{before} lines lost").as_bytes()) } else { Ok(()) };
                let unsaid = if said.is_err() { before } else { 0 };
                let unwritten = u64::from(log.write(&line).is_err());
                lost.fetch_add(unsaid + unwritten, Ordering::Relaxed);
            }
            Item::End(written) => {
                // Whoever waited may have gone.
                let _gone = written.send(());
            }
        }
    }
}

#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    /// Whether it grows: a pipe or a device does not, and is not moved away.
    grows: bool,
}

impl Rotating {
    /// Opens it, for its owner only: the log tells who asks whom. A pipe without a reader is an error: it
    /// would be waited for.
    fn open(path: &Path) -> io::Result<Self> {
        let waits_for_nobody = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits() as i32;
        let file =
            OpenOptions::new().create(true).append(true).mode(0o600).custom_flags(waits_for_nobody).open(path)?;
        // From now on it may block: there is a thread for it.
        fcntl_setfl(&file, fcntl_getfl(&file)?.difference(OFlags::NONBLOCK))?;
        let meta = file.metadata()?;
        // A symbolic link stays what it is: the file behind it is what is moved away.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Ok(Self { path, size: meta.len(), grows: meta.is_file(), file })
    }

    /// Whatever standard error leads to: a terminal, a pipe, the journal.
    fn standard_error() -> io::Result<Self> {
        let file = File::from(rustix::io::dup(rustix::stdio::stderr())?);
        Ok(Self { path: PathBuf::new(), size: 0, grows: false, file })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.grows && self.size > MAX_FILE {
            let mut old = self.path.clone().into_os_string();
            old.push(".1");
            match std::fs::rename(&self.path, &old).map(|()| Self::open(&self.path)) {
                Ok(Ok(new)) => *self = new,
                // No more files can be opened, perhaps: it goes on as it is, and is moved away later.
                Ok(Err(_)) => std::fs::rename(old, &self.path)?,
                // A folder that nobody may write to: the same file is emptied.
                Err(_) => self.file.set_len(0)?,
            }
            self.size = 0;
        }
        // One line an event: whatever text came in from outside, it stays one line.
        let line = String::from_utf8_lossy(bytes);
        self.size += bytes.len() as u64;
        self.file.write_all(format!("{}\n", SafeText::new(line.trim_end())).as_bytes())
    }
}

/// A panic in a source is a failed poll, and goes to the log. A panic of the main thread gives the
/// terminal back before anything is said.
pub(super) fn keep_panics_off_the_screen() {
    static SAID: Mutex<bool> = Mutex::new(false);
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = message(panic.payload());
        tracing::error!(location, "panic: {message}");
        let is_main = std::thread::current().name() == Some("main");
        if is_main && !is_isolated() {
            crate::output::terminal::screen::restore();
            let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::replace(&mut *said, true) {
                super::out::complain(&format!(
                    "andon: a fault of andon itself at {location}: {message}\nPlease report it with what was on the screen."
                ));
            }
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("andon-log-{}-{name}", std::process::id())))
        }

        /// A pipe, held open by a reader that does not read.
        fn pipe(name: &str) -> (Self, File) {
            let pipe = Self::new(name);
            rustix::fs::mknodat(rustix::fs::CWD, &pipe.0, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
            let reader = OpenOptions::new().read(true).write(true).open(&pipe.0).unwrap();
            (pipe, reader)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_pipe_that_nobody_reads_holds_nobody_up_and_what_is_lost_is_counted() {
        let (pipe, mut reader) = Scratch::pipe("full");
        let mut queue = Queue::start(Rotating::open(&pipe.0).unwrap()).unwrap();
        let all = WAITING * 4;
        for n in 0..all {
            queue.write_all(format!("{n:0100}\n").as_bytes()).unwrap();
        }
        // Ends all the same.
        drop(Log(queue.clone()));
        let (mut read, mut ends) = (String::new(), 0);
        let mut buffer = vec![0; 65536];
        // Room for one more line comes with reading.
        while !read.contains("end\n") {
            queue.write_all(b"end\n").unwrap();
            ends += 1;
            let count = reader.read(&mut buffer).unwrap();
            read.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
        assert!(read.contains(" lines lost\n"), "a pipe and a queue cannot hold so much");
        let before = read.lines().take_while(|line| *line != "end");
        let count = |line: &str| line.strip_suffix(" lines lost").map_or(1, |lost| lost.parse::<usize>().unwrap());
        let accounted: usize = before.map(count).sum();
        assert!((all..all + ends).contains(&accounted), "{accounted} of {all}, and {ends} more");
    }

    #[test]
    fn the_last_lines_are_written_when_it_ends() {
        let file = Scratch::new("end");
        let mut queue = Queue::start(Rotating::open(&file.0).unwrap()).unwrap();
        for n in 0..WAITING / 2 {
            queue.write_all(format!("line {n}\n").as_bytes()).unwrap();
        }
        drop(Log(queue));
        assert_eq!(std::fs::read_to_string(&file.0).unwrap().lines().count(), WAITING / 2);
    }

    #[test]
    fn only_its_owner_may_read_it() {
        let file = Scratch::new("mode");
        drop(Rotating::open(&file.0).unwrap());
        assert_eq!(std::fs::metadata(&file.0).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_link_stays_a_link_when_the_file_behind_it_is_begun_anew() {
        let (file, link, old) = (Scratch::new("real"), Scratch::new("link"), Scratch::new("real.1"));
        std::os::unix::fs::symlink(&file.0, &link.0).unwrap();
        let mut log = Rotating::open(&link.0).unwrap();
        log.size = MAX_FILE + 1;
        log.write(b"anew").unwrap();
        assert!(std::fs::symlink_metadata(&link.0).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file.0).unwrap(), "anew\n");
        assert!(old.0.exists());
    }

    #[test]
    fn what_is_no_file_is_never_moved_away() {
        let (pipe, mut reader) = Scratch::pipe("moved");
        let mut log = Rotating::open(&pipe.0).unwrap();
        log.size = MAX_FILE + 1;
        log.write(b"still here").unwrap();
        let mut buffer = [0; 64];
        let count = reader.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"still here\n");
        assert!(pipe.0.exists());
    }
}
