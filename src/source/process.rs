//! The processes that a board starts. All begin as this program itself, in a session of their own: so none
//! of them has a terminal to write on or to ask for a password at.
//!
//! A command is started by its supervisor ([`supervise`]), which is this program as well: it alone can end
//! all that a command has started, whatever sessions that makes for itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::polling::Turn;
use crate::model::fault::{FetchError, Reason};

pub mod supervise;

/// The first argument of this program as the supervisor of a command.
pub const SUPERVISE: &str = "supervise-command";
/// The first argument of this program as a process that runs jq expressions.
pub const JQ: &str = "run-jq";
/// Passed on without being asked for: without them few programs run.
pub const ALWAYS: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];
/// Most output taken, in bytes.
const MAX_OUTPUT: u64 = 1024 * 1024;
/// Most bytes handed over at once.
const PIECE: usize = 64 * 1024;
/// Most bytes kept of what a command complains of.
const MAX_COMPLAINT: usize = 4096;
/// Longest report of a supervisor.
const MAX_REPORT: u64 = 256;

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();

/// Says where this program is, for whoever uses this library from another one (tests): the first call counts.
pub fn program_is(path: PathBuf) {
    let _first_counts = PROGRAM.set(path);
}

/// This program, with a cleared environment. On Linux it is the very file that runs, also when another one
/// has taken its name since (an update).
pub(super) fn own(task: &str) -> Command {
    let running = || {
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().unwrap_or_default() }
    };
    let mut command = Command::new(PROGRAM.get_or_init(running));
    command.arg0("andon").arg(task).env_clear();
    command
}

/// A command to run.
#[derive(Debug, Default)]
pub struct Task {
    /// The program, then its arguments; there is no shell.
    pub words: Vec<String>,
    /// Variables of this process that it gets, in addition to those in [`ALWAYS`].
    pub pass_on: Vec<String>,
    /// Variables that it gets, with their values.
    pub values: Vec<(String, String)>,
    /// Where it runs; otherwise where the board runs.
    pub directory: Option<PathBuf>,
}

/// Runs a command that goes on, and hands over what it prints, as far as somebody takes it. Ends with the reason why it
/// does not go on any more; when this is dropped the command ends, with all that it has started.
pub async fn follow(task: &Task, printed: mpsc::Sender<Vec<u8>>) -> FetchError {
    let Some(program) = task.words.first() else { return FetchError::new(Reason::Exec, "no program") };
    let mut running = match Running::start(task, None) {
        Ok(running) => running,
        Err(error) => return unstartable(program, error.kind()),
    };
    let (stdout, stderr) =
        running.supervisor.as_mut().map_or((None, None), |one| (one.stdout.take(), one.stderr.take()));
    let output = async {
        let Some(mut stdout) = stdout else { return };
        let mut buffer = vec![0; PIECE];
        while let Ok(count) = stdout.read(&mut buffer).await {
            let read = buffer.get(..count).unwrap_or_default();
            if read.is_empty() || printed.send(read.to_vec()).await.is_err() {
                return;
            }
        }
    };
    let (complaints, ()) = tokio::join!(last_complaint(stderr), output);
    drop(printed);
    let report = report(running.line.as_mut()).await;
    let how = match how_it_ended(&report, task) {
        Err(error) => return error,
        Ok(how) => how.unwrap_or_else(|| "it has ended".to_owned()),
    };
    let why = if complaints.is_empty() { how } else { format!("{how}: {complaints}") };
    FetchError::new(Reason::Exec, format!("{program}: {why}"))
}

/// What a command complains of last; it is read to its end, because a full pipe would stop the command.
async fn last_complaint(stderr: Option<impl AsyncRead + Unpin>) -> String {
    let (mut last, mut buffer) = (Vec::new(), vec![0; PIECE]);
    let Some(mut stderr) = stderr else { return String::new() };
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        last.extend_from_slice(buffer.get(..count).unwrap_or_default());
        last.drain(..last.len().saturating_sub(MAX_COMPLAINT));
    }
    let text = String::from_utf8_lossy(&last);
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
}

/// Runs a command to its end and returns what it printed; what it complains of is the error. When this is
/// dropped the command ends, with all that it has started: TERM, two seconds, KILL. Its turn is held until
/// nothing of it is left.
pub async fn run(task: &Task, turn: Turn) -> Result<Vec<u8>, FetchError> {
    let exec = |detail: String| FetchError::new(Reason::Exec, detail);
    let program = task.words.first().ok_or_else(|| exec("no program".to_owned()))?;
    let ended = Running::start(task, Some(turn)).map_err(|e| unstartable(program, e.kind()))?.end().await;
    let too_much = || FetchError::new(Reason::TooLarge, format!("over {MAX_OUTPUT} bytes of output"));
    let output = ended.output.ok_or_else(too_much)?;
    let how = match how_it_ended(&ended.report, task) {
        Ok(None) => return Ok(output),
        Ok(Some(how)) => how,
        Err(error) => return Err(error),
    };
    let complaints = String::from_utf8_lossy(&ended.complaints.unwrap_or_default()).into_owned();
    let first = complaints.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(exec(if first.is_empty() { how } else { format!("{how}: {first}") }))
}

/// How a command ended, as its supervisor reports it: None where well, else in words. An error where it has not run.
fn how_it_ended(report: &str, task: &Task) -> Result<Option<String>, FetchError> {
    let program = task.words.first().map_or("", String::as_str);
    Ok(Some(match report.trim().split_once(' ').unwrap_or_default() {
        ("exit", "0") => return Ok(None),
        ("exit", code) => format!("exit code {code}"),
        ("signal", _) => "ended by a signal".to_owned(),
        ("unstartable", why) => return Err(unstartable(program, why)),
        ("nowhere", why) => {
            let folder = task.directory.as_deref().unwrap_or(Path::new("")).display();
            return Err(FetchError::new(Reason::Exec, format!("{program} cannot run in {folder}: {why}")));
        }
        _ => "its supervisor was ended".to_owned(),
    }))
}

fn unstartable(program: &str, why: impl std::fmt::Display) -> FetchError {
    FetchError::new(Reason::Exec, format!("{program} cannot be started: {why}"))
}

/// What a command left.
struct Ended {
    report: String,
    output: Option<Vec<u8>>,
    complaints: Option<Vec<u8>>,
}

/// A command that runs, behind its supervisor.
struct Running {
    supervisor: Option<Child>,
    /// Its end is the supervisor's word to end the command; it reports here how the command ended.
    line: Option<UnixStream>,
    turn: Option<Turn>,
}

impl Running {
    fn start(task: &Task, turn: Option<Turn>) -> std::io::Result<Self> {
        let (line, theirs) = std::os::unix::net::UnixStream::pair()?;
        line.set_nonblocking(true)?;
        let mut supervisor = own(SUPERVISE);
        supervisor.arg(task.directory.as_deref().unwrap_or(Path::new(""))).args(&task.words);
        for name in ALWAYS.iter().copied().chain(task.pass_on.iter().map(String::as_str)) {
            supervisor.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        supervisor.envs(task.values.iter().map(|(name, value)| (name, value)));
        supervisor.stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
        supervisor.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (line, supervisor) = (UnixStream::from_std(line)?, supervisor.spawn()?);
        Ok(Self { supervisor: Some(supervisor), line: Some(line), turn })
    }

    async fn end(mut self) -> Ended {
        let supervisor = self.supervisor.as_mut();
        let (stdout, stderr) = supervisor.map_or((None, None), |one| (one.stdout.take(), one.stderr.take()));
        // Standard error is read as well: a full pipe would stop the command.
        let (output, complaints, report) = tokio::join!(capped(stdout), capped(stderr), report(self.line.as_mut()));
        Ended { report, output, complaints }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.line.take());
        let (supervisor, turn) = (self.supervisor.take(), self.turn.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Some(mut supervisor) = supervisor {
                    let _reaped = supervisor.wait().await;
                }
                drop(turn);
            });
        }
    }
}

/// How the command ended, as its supervisor says it; empty when the supervisor is gone without a word.
async fn report(line: Option<&mut UnixStream>) -> String {
    let mut report = String::new();
    if let Some(line) = line {
        let _gone = BufReader::new(line.take(MAX_REPORT)).read_line(&mut report).await;
    }
    report
}

/// Reads to the end, or to the cap: then `None`, and the reader is dropped, which ends the writer.
async fn capped(reader: Option<impl AsyncRead + Unpin>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    reader?.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await.ok()?;
    (bytes.len() as u64 <= MAX_OUTPUT).then_some(bytes)
}
