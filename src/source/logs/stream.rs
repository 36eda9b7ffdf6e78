//! Streams of lines: the journal, a command, standard input.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Arc, OnceLock};

use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::collected::Piece;
use super::follow::AT_THE_START;
use super::keys::Config;
use super::split::Split;
use crate::model::fault::{FetchError, Reason};
use crate::model::time::Timestamp;
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
/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;

/// Streams are numbered behind all files.
const FIRST: u64 = 1 << 32;

/// A part of what a stream has printed.
pub(super) struct Chunk {
    stream: u64,
    bytes: Vec<u8>,
}

/// The streams of a source, each with the line that has not ended.
#[derive(Debug, Default)]
pub(super) struct Splits(BTreeMap<u64, Split>);

/// Begins to read all streams that the config names. Each task ends with the reason why there is no more; none where
/// nobody wants it.
pub(super) fn streams(
    config: &Config,
    chunks: &mpsc::Sender<Chunk>,
    running: &mut JoinSet<Option<FetchError>>,
) -> Splits {
    let lines = format!("--lines={AT_THE_START}");
    let journal = JOURNAL.iter().map(|word| (*word).to_owned()).chain([lines]).chain(config.journal_arguments.clone());
    let commands = [config.journal.then(|| journal.collect()), Some(config.command.clone())];
    let mut stream = FIRST;
    for words in commands.into_iter().flatten().filter(|words: &Vec<String>| !words.is_empty()) {
        running.spawn(command(words, stream, chunks.clone()));
        stream += 1;
    }
    if config.stdin {
        running.spawn(standard_input(stream, chunks.clone()));
        stream += 1;
    }
    Splits((FIRST..stream).map(|stream| (stream, Split::default())).collect())
}

impl Splits {
    /// The lines that a chunk ends.
    pub(super) fn take(&mut self, chunk: &Chunk, now: Timestamp) -> Option<Piece> {
        let split = self.0.get_mut(&chunk.stream)?;
        Some(lines(chunk.stream, |take| split.take(&chunk.bytes, now, take)))
    }

    /// Lines whose end has not come for a while.
    pub(super) fn rest(&mut self, now: Timestamp) -> Vec<Piece> {
        self.0.iter_mut().map(|(stream, split)| lines(*stream, |take| split.rest(now, take))).collect()
    }

    /// Lines whose end will not come.
    pub(super) fn end(&mut self) -> Vec<Piece> {
        self.0.iter_mut().map(|(stream, split)| lines(*stream, |take| split.end(take))).collect()
    }
}

fn lines(stream: u64, split: impl FnOnce(&mut dyn FnMut(&[u8]))) -> Piece {
    let mut lines = Vec::new();
    split(&mut |line: &[u8]| lines.push(line.to_vec()));
    (stream, lines)
}

/// Runs a command for as long as it goes on.
async fn command(words: Vec<String>, stream: u64, chunks: mpsc::Sender<Chunk>) -> Option<FetchError> {
    let task = Task { words, ..Task::default() };
    let (bytes, mut printed) = mpsc::channel(1);
    let passing_on = async {
        while let Some(bytes) = printed.recv().await {
            if chunks.send(Chunk { stream, bytes }).await.is_err() {
                return;
            }
        }
    };
    let (ended, ()) = tokio::join!(follow(&task, bytes), passing_on);
    Some(ended)
}

/// What comes on standard input: it is one for the whole program, and read by one thread for good.
static STANDARD_INPUT: OnceLock<Arc<Mutex<mpsc::Receiver<Vec<u8>>>>> = OnceLock::new();

async fn standard_input(stream: u64, chunks: mpsc::Sender<Chunk>) -> Option<FetchError> {
    if rustix::termios::isatty(rustix::stdio::stdin()) {
        let why = "standard input is a terminal: start the board as in 'app | andon'";
        return Some(FetchError::new(Reason::File, why));
    }
    let input = Arc::clone(STANDARD_INPUT.get_or_init(|| {
        let (bytes, read) = mpsc::channel(CHUNKS_OF_STDIN);
        let _ends_with_the_program = std::thread::Builder::new().name("stdin".into()).spawn(move || read_all(&bytes));
        Arc::new(Mutex::new(read))
    }));
    // A source that was there before may read it yet.
    let mut input = input.lock().await;
    while let Some(bytes) = input.recv().await {
        if chunks.send(Chunk { stream, bytes }).await.is_err() {
            return None;
        }
    }
    Some(FetchError::new(Reason::File, "standard input has ended: the program that wrote it is gone"))
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
