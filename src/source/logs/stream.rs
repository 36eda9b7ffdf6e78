//! Streams of lines: the journal, a command, standard input.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, OnceLock, PoisonError};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep};

use super::collected::Piece;
use super::keys::Config;
use super::opened::AT_THE_START;
use super::split::Split;
use crate::model::fault::{FetchError, Reason};
use crate::model::time::{Span, Timestamp};
use crate::source::backoff;
use crate::source::process::{Task, follow};

/// What is asked of `journalctl`: the last lines, then what comes; nothing is read that is older than an hour, because
/// it looks through years of files otherwise (systemd#27140).
const JOURNAL: [&str; 7] = [
    "journalctl",
    "--output=json",
    "--follow",
    "--no-pager",
    "--since=-1h",
    "--all",
    "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT,_PID",
];
/// The pauses before a stream that has ended is begun again.
const FIRST_PAUSE: Span = Span::seconds(1);
const LONGEST_PAUSE: Span = Span::seconds(30);
/// A stream that has gone on for so long is not one that cannot be had.
const ALIVE: Duration = Duration::from_secs(1);
/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;

/// Streams are numbered behind all files.
const FIRST: u64 = 1 << 32;

/// A part of what a stream has printed.
pub(super) struct Chunk {
    stream: u64,
    bytes: Vec<u8>,
}

/// Streams that have ended, and why. They are begun again, standard input excepted.
#[derive(Debug, Clone, Default)]
pub(super) struct Ended(Arc<std::sync::Mutex<BTreeMap<u64, FetchError>>>);

impl Ended {
    fn set(&self, stream: u64, why: Option<FetchError>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => drop(all.insert(stream, why)),
            None => drop(all.remove(&stream)),
        }
    }

    /// How many have ended, and why the first of them.
    pub(super) fn first(&self) -> Option<(usize, FetchError)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Some((all.len(), all.values().next()?.clone()))
    }
}

/// The streams of a source, each with the line that has not ended.
#[derive(Debug, Default)]
pub(super) struct Splits {
    lines: BTreeMap<u64, Split>,
    /// Those that have ended.
    pub(super) ended: Ended,
}

/// Begins to read all streams that the config names, until the tasks are dropped.
pub(super) fn streams(config: &Config, chunks: &mpsc::Sender<Chunk>, running: &mut JoinSet<()>) -> Splits {
    let lines = format!("--lines={AT_THE_START}");
    let journal = JOURNAL.iter().map(|word| (*word).to_owned()).chain([lines]).chain(config.journal_arguments.clone());
    let commands = [config.journal.then(|| journal.collect()), Some(config.command.clone())];
    let (mut stream, ended) = (FIRST, Ended::default());
    for words in commands.into_iter().flatten().filter(|words: &Vec<String>| !words.is_empty()) {
        running.spawn(keep(words, stream, chunks.clone(), ended.clone()));
        stream += 1;
    }
    if config.stdin {
        running.spawn(standard_input(stream, chunks.clone(), ended.clone()));
        stream += 1;
    }
    Splits { lines: (FIRST..stream).map(|stream| (stream, Split::default())).collect(), ended }
}

impl Splits {
    /// How many streams there are.
    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// The lines that a chunk ends.
    pub(super) fn take(&mut self, chunk: &Chunk, now: Timestamp) -> Option<Piece> {
        let split = self.lines.get_mut(&chunk.stream)?;
        Some(lines(chunk.stream, |take| split.take(&chunk.bytes, now, take)))
    }

    /// Lines whose end has not come for a while.
    pub(super) fn rest(&mut self, now: Timestamp) -> impl Iterator<Item = Piece> {
        let all = self.lines.iter_mut().map(move |(stream, split)| lines(*stream, |take| split.rest(now, take)));
        all.filter(|(_, lines)| !lines.is_empty())
    }
}

fn lines(stream: u64, split: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Piece {
    let mut lines = Vec::new();
    split(&mut |line: &[u8]| lines.push(line.to_vec()));
    (stream, lines)
}

/// Runs a command for as long as it goes on, and begins it again when it has ended.
async fn keep(words: Vec<String>, stream: u64, chunks: mpsc::Sender<Chunk>, ended: Ended) {
    let is_journal = words.first().is_some_and(|program| program == "journalctl");
    let (mut failures, mut cursor) = (0_u32, None::<String>);
    loop {
        let mut words = words.clone();
        if let Some(cursor) = &cursor {
            // What was told is not told again.
            words.retain(|word| !word.starts_with("--since=") && !word.starts_with("--lines="));
            words.push(format!("--after-cursor={cursor}"));
        }
        let task = Task { words, ..Task::default() };
        let (bytes, mut printed) = mpsc::channel::<Vec<u8>>(1);
        let passing_on = async {
            while let Some(bytes) = printed.recv().await {
                if is_journal {
                    cursor = last_cursor(&bytes).or(cursor.take());
                }
                if chunks.send(Chunk { stream, bytes }).await.is_err() {
                    return;
                }
            }
        };
        let begin = Instant::now();
        let running = async { tokio::join!(follow(&task, bytes), passing_on).0 };
        // One that has said nothing yet lives all the same.
        let living = async {
            sleep(ALIVE).await;
            ended.set(stream, None);
            std::future::pending::<FetchError>().await
        };
        let why = tokio::select! {
            why = running => why,
            never = living => never,
        };
        let was_well = begin.elapsed() > LONGEST_PAUSE.duration();
        failures = if was_well { 1 } else { failures.saturating_add(1) };
        let pause = backoff::pause(FIRST_PAUSE, failures, &why, fastrand::f64()).min(LONGEST_PAUSE);
        ended.set(stream, Some(why));
        sleep(pause.duration()).await;
    }
}

/// Where the last whole line of the journal stands in it.
fn last_cursor(bytes: &[u8]) -> Option<String> {
    const KEY: &str = "\"__CURSOR\":\"";
    let text = String::from_utf8_lossy(bytes);
    let text = text.get(..text.rfind('\n')?)?;
    let text = text.get(text.rfind(KEY)? + KEY.len()..)?;
    text.split('"').next().map(str::to_owned)
}

/// What comes on standard input: it is one for the whole program, and read by one thread for good.
static STANDARD_INPUT: OnceLock<Arc<Mutex<mpsc::Receiver<Vec<u8>>>>> = OnceLock::new();

async fn standard_input(stream: u64, chunks: mpsc::Sender<Chunk>, ended: Ended) {
    if rustix::termios::isatty(rustix::stdio::stdin()) {
        let why = "standard input is a terminal: start the board as in 'app | andon'";
        return ended.set(stream, Some(FetchError::new(Reason::File, why)));
    }
    let input = Arc::clone(STANDARD_INPUT.get_or_init(|| {
        let (bytes, read) = mpsc::channel(CHUNKS_OF_STDIN);
        let _ends_with_the_program = std::thread::Builder::new().name("stdin".into()).spawn(move || read_all(&bytes));
        Arc::new(Mutex::new(read))
    }));
    // A source that was there before a reload reads it yet, for a moment; or another one does for good.
    ended.set(stream, Some(FetchError::new(Reason::File, "another source reads standard input")));
    let mut input = input.lock().await;
    ended.set(stream, None);
    while let Some(bytes) = input.recv().await {
        if chunks.send(Chunk { stream, bytes }).await.is_err() {
            return;
        }
    }
    let why = "standard input has ended: the program that wrote it is gone";
    ended.set(stream, Some(FetchError::new(Reason::File, why)));
}

const CHUNKS_OF_STDIN: usize = 4;

fn read_all(bytes: &mpsc::Sender<Vec<u8>>) {
    let mut input = std::io::stdin().lock();
    let mut buffer = vec![0; CHUNK];
    while let Ok(count) = input.read(&mut buffer) {
        let read = buffer.get(..count).unwrap_or_default();
        if read.is_empty() || bytes.blocking_send(read.to_vec()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_goes_on_where_it_was_read_to() {
        let bytes =
            b"{\"__CURSOR\":\"s=1;i=a\",\"MESSAGE\":\"x\"}\n{\"__CURSOR\":\"s=1;i=b\"}\n{\"__CURSOR\":\"s=1;i=c";
        assert_eq!(last_cursor(bytes).as_deref(), Some("s=1;i=b"));
        assert_eq!(last_cursor(b"no line"), None);
    }
}
