//! The jq processes of a board: few, started when they are needed, and used again.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::protocol::{self, DOCUMENT, DONE, LATE, QUERY};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::source::process;

/// Processes at once: an expression that does not end takes one of them until its time is up.
const MOST: usize = 4;
/// Processes kept while nobody asks.
const KEPT: usize = 2;
/// The process ends itself when the time is up; one that does not is ended this much later.
const GRACE: Duration = Duration::from_millis(500);
/// Longest error output of a process that ended that is read.
const LAST_WORDS: u64 = 4096;

/// The jq processes of a board. Cheap to clone; the clones share them.
#[derive(Debug, Clone)]
pub struct Workers {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Worker>>>,
}

impl Default for Workers {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(MOST)), idle: Arc::default() }
    }
}

/// Why an expression has no results.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// It says so itself.
    Fault(FetchError),
    /// Its process had to be ended, or ended.
    Ended(FetchError),
}

impl Workers {
    /// A permit to run expressions over one document.
    pub(super) async fn session<'a>(&self, body: &'a [u8], deadline: Instant) -> Result<Session<'a>, FetchError> {
        let permit = timeout_at(deadline, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Queue)))?;
        Ok(Session { workers: self.clone(), worker: None, body, deadline, _permit: permit.ok() })
    }

    fn idle(&self) -> Option<Worker> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, worker: Worker) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(worker);
        }
    }
}

/// Runs expressions over one document, one after the other.
pub(super) struct Session<'a> {
    workers: Workers,
    /// One that has read the document.
    worker: Option<Worker>,
    body: &'a [u8],
    deadline: Instant,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Session<'_> {
    /// Has the document read. Its faults are those of the whole poll.
    pub(super) async fn read(&mut self) -> Result<(), FetchError> {
        // One that waited may be gone: that is no fault of the document.
        while let Some(worker) = self.workers.idle() {
            if let Ok(ready) = self.reads(worker).await {
                return ready;
            }
        }
        let worker = Worker::start()?;
        match self.reads(worker).await {
            Ok(ready) => ready,
            Err(Gone::Late) => Err(Reason::Timeout(Phase::Run).into()),
            Err(Gone::Dead(why)) => Err(FetchError::new(Reason::TooLarge, format!("reading the document {why}"))),
        }
    }

    async fn reads(&mut self, mut worker: Worker) -> Result<Result<(), FetchError>, Gone> {
        let longest = self.deadline.saturating_duration_since(Instant::now());
        let (tag, bytes) = worker.exchange(DOCUMENT, &[self.body], longest).await?;
        if tag != DONE {
            self.workers.keep(worker);
            return Ok(Err(protocol::fault(tag, &bytes)));
        }
        self.worker = Some(worker);
        Ok(Ok(()))
    }

    /// All results of an expression, as one JSON array.
    pub(super) async fn run(&mut self, expression: &str, longest: Duration) -> Result<Vec<u8>, Unanswered> {
        loop {
            if self.worker.is_none() {
                self.read().await.map_err(Unanswered::Fault)?;
            }
            let Some(worker) = &mut self.worker else { return Err(Unanswered::Fault(Reason::Internal.into())) };
            let is_fresh = worker.answered == 0;
            let limit = u32::try_from(longest.as_millis()).unwrap_or(u32::MAX).to_le_bytes();
            let gone = match worker.exchange(QUERY, &[&limit, expression.as_bytes()], longest + GRACE).await {
                Ok((DONE, bytes)) => {
                    worker.answered += 1;
                    return Ok(bytes);
                }
                Ok((LATE, _)) => Gone::Late,
                Ok((tag, bytes)) => {
                    worker.answered += 1;
                    return Err(Unanswered::Fault(protocol::fault(tag, &bytes)));
                }
                Err(gone) => gone,
            };
            self.worker = None;
            match gone {
                Gone::Late => return Err(ended("did not end in time")),
                // What others before it left behind may be to blame: it gets a process of its own.
                Gone::Dead(_) if !is_fresh => {}
                Gone::Dead(why) => return Err(ended(why)),
            }
        }
    }

    /// Leaves the process for others.
    pub(super) fn end(self) {
        if let Some(worker) = self.worker {
            self.workers.keep(worker);
        }
    }
}

fn ended(why: &str) -> Unanswered {
    Unanswered::Ended(FetchError::new(Reason::NoMatch, format!("the jq expression {why}, and was stopped")))
}

/// Why a process does not answer.
enum Gone {
    /// Its time was up.
    Late,
    /// It ended; said as what its expression did.
    Dead(&'static str),
}

/// One process; it ends when this is dropped.
#[derive(Debug)]
struct Worker {
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    complaints: ChildStderr,
    /// Expressions answered.
    answered: u64,
}

impl Worker {
    fn start() -> Result<Self, FetchError> {
        let wrong = |what: &str| FetchError::new(Reason::Internal, format!("no process for jq: {what}"));
        let mut command = process::own(process::JQ);
        // What jq's `localtime` goes by.
        command.envs(std::env::var_os("TZ").map(|zone| ("TZ", zone)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.current_dir("/").spawn().map_err(|error| wrong(&error.kind().to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(complaints)) = pipes else { return Err(wrong("no pipes")) };
        Ok(Self { _child: child, input, output, complaints, answered: 0 })
    }

    async fn exchange(&mut self, tag: u8, parts: &[&[u8]], longest: Duration) -> Result<(u8, Vec<u8>), Gone> {
        match timeout(longest, self.say_and_hear(tag, parts)).await {
            Err(_) => Err(Gone::Late),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Gone::Dead(self.last_words().await)),
        }
    }

    async fn say_and_hear(&mut self, tag: u8, parts: &[&[u8]]) -> std::io::Result<(u8, Vec<u8>)> {
        let too_long = std::io::ErrorKind::InvalidInput;
        let head = protocol::head(tag, parts.iter().map(|part| part.len()).sum()).ok_or(too_long)?;
        self.input.write_all(&head).await?;
        for part in parts {
            self.input.write_all(part).await?;
        }
        self.input.flush().await?;
        let mut head = [0; protocol::HEAD];
        self.output.read_exact(&mut head).await?;
        let (tag, length) = protocol::read_head(head);
        if length > protocol::MAX_REPLY {
            return Err(std::io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).await?;
        Ok((tag, bytes))
    }

    /// What Rust's runtime said when it gave up.
    async fn last_words(&mut self) -> &'static str {
        let mut words = Vec::new();
        let _cut_short = timeout(GRACE, (&mut self.complaints).take(LAST_WORDS).read_to_end(&mut words)).await;
        let words = String::from_utf8_lossy(&words);
        let meanings = [
            ("memory allocation", "needs too much memory"),
            ("overflowed its stack", "nests too deeply"),
            ("panicked", "is one that jq cannot cope with"),
        ];
        meanings.iter().find(|(part, _)| words.contains(part)).map_or("ended its process", |(_, meaning)| meaning)
    }
}
