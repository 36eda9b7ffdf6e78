//! The process that runs jq expressions for a board: this program, started by itself.
//!
//! An expression can be made to run forever, to take any memory and to overflow the stack. Here it can do
//! none of that to the board: the process has limits on its memory, says when the time is up, and ends. It has
//! no terminal, no environment, and nothing open but the pipes to the board, which is gone when they are.

use std::io::{self, Read as _};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::jq::Interpreter;
use super::protocol::{self, DOCUMENT, DONE, LATE, QUERY};

/// Address space, in bytes, without that of the document: the program itself takes about a third of it.
const MEMORY: u64 = 384 * 1024 * 1024;
/// Address space more for each byte of a document: the tree of a document is many times as large as its text.
const MEMORY_PER_BYTE: u64 = 32;
/// Stack of the thread that runs expressions: jq recurses, and so do deep values.
const STACK: usize = 16 * 1024 * 1024;
/// The longest that reading a document may take.
const READING: Duration = Duration::from_mins(1);

type Message = (u8, Vec<u8>);

/// Serves the board at the other end of standard input and output until it is gone, or the time is up.
pub fn run() -> io::Result<()> {
    confine()?;
    let (jobs, todo) = sync_channel(1);
    let (done, answers) = sync_channel(1);
    std::thread::Builder::new().name("jq".to_owned()).stack_size(STACK).spawn(move || work(&todo, &done))?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some((tag, length)) = protocol::next(&mut input)? {
        if tag == DOCUMENT {
            limit(Resource::As, MEMORY + length as u64 * MEMORY_PER_BYTE)?;
        }
        let mut bytes = vec![0; length];
        input.read_exact(&mut bytes)?;
        let longest = if tag == QUERY { longest(&mut bytes)? } else { READING };
        jobs.send((tag, bytes)).map_err(io::Error::other)?;
        match answers.recv_timeout(longest) {
            Ok((tag, bytes)) => protocol::send(&mut output, tag, &bytes)?,
            // The thread cannot be stopped; the process can.
            Err(RecvTimeoutError::Timeout) => return protocol::send(&mut output, LATE, &[]),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
    Ok(())
}

/// A process for itself: no terminal, no core dump, and the first to go when the machine runs out of memory.
fn confine() -> io::Result<()> {
    // Fails only where it leads a session already: then it has no terminal either.
    let _leads_one = rustix::process::setsid();
    let _not_on_this_system = std::fs::write("/proc/self/oom_score_adj", "1000");
    limit(Resource::Core, 0)?;
    limit(Resource::As, MEMORY)
}

/// Lowers a limit, or raises it again up to what the process was started with.
fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let maximum = getrlimit(resource).maximum;
    let current = Some(maximum.map_or(most, |maximum| maximum.min(most)));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}

/// Takes the time limit off the start of a query.
fn longest(bytes: &mut Vec<u8>) -> io::Result<Duration> {
    let (limit, expression) = bytes.split_first_chunk::<4>().ok_or(io::ErrorKind::InvalidData)?;
    let limit = Duration::from_millis(u32::from_le_bytes(*limit).into());
    *bytes = expression.to_vec();
    Ok(limit)
}

fn work(todo: &Receiver<Message>, done: &SyncSender<Message>) {
    let mut jq = Interpreter::default();
    while let Ok((tag, bytes)) = todo.recv() {
        // What a query made is dropped before its answer is sent: the time that takes counts for this query.
        let result = match tag {
            DOCUMENT => jq.read(&bytes).map(|()| Vec::new()),
            _ => jq.run(&String::from_utf8_lossy(&bytes)),
        };
        let answer = result.map_or_else(|error| protocol::of_fault(&error), |bytes| (DONE, bytes));
        if done.send(answer).is_err() {
            return;
        }
    }
}
