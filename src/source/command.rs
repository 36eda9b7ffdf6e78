//! The output of a command: a number, JSON, or lines.
//!
//! An argument vector and no shell; a cleared environment with an allow-list; a time limit after which
//! the whole process group is ended (TERM, two seconds, KILL); output under a cap; no standard input.

use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command as Process};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::json::evaluator::Evaluator;
use super::json::pick;
use super::limits::{Limits, Place};
use super::{Context, Moment, QueryLanguage, Source};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::series::{Coverage, Series};
use crate::model::telemetry::{MAX_LINES, Telemetry};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Most output taken, in bytes.
const MAX_OUTPUT: u64 = 1024 * 1024;
/// From TERM to KILL.
const MERCY: Duration = Duration::from_secs(2);
/// Passed on without being asked for: without them few programs run.
const ALWAYS: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// The keys of a command.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The program and its arguments; no shell is involved.
    pub command: Vec<String>,
    /// Environment variables passed on, beside PATH, HOME, LANG, `LC_ALL`, TZ and TMPDIR.
    #[serde(default)]
    pub environment: Vec<String>,
    /// The folder to run it in.
    pub directory: Option<std::path::PathBuf>,
}

/// One command, ready to run.
#[derive(Debug)]
pub struct Command {
    config: Config,
    evaluator: Evaluator,
    limits: Limits,
    /// Held for as long as a run of this command is there, be it dying.
    turn: Arc<Semaphore>,
}

impl Source for Command {
    const TYPE: &'static str = "command";
    const SUMMARY: &'static str = "a command's output: a number, JSON (queries pick with jq), or lines";
    const QUERY: QueryLanguage = QueryLanguage::Optional("a jq expression when the output is JSON");
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(query: &str) -> Result<(), String> {
        if query.is_empty() { Ok(()) } else { pick::compile(query).map(drop) }
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        if config.command.is_empty() {
            return Err(FetchError::new(Reason::Exec, "command is empty; name a program"));
        }
        Ok(Self {
            config: config.clone(),
            evaluator: Evaluator::default(),
            limits: context.network.limits.clone(),
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let queue = async { (Arc::clone(&self.turn).acquire_owned().await.ok(), self.limits.command().await) };
        let turn = tokio::time::timeout_at(moment.deadline, queue)
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Queue)))?;
        let output = tokio::time::timeout_at(moment.deadline, run(&self.config, &[], turn))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Run)))??;
        Ok(self.read(output, asks, moment).await)
    }
}

impl Command {
    /// JSON where it begins like JSON or a query asks for it, else a number alone, else lines.
    async fn read(&self, output: Vec<u8>, asks: &[Ask], moment: Moment) -> Vec<Answer> {
        let is_json = String::from_utf8_lossy(&output).trim_start().starts_with(['{', '[']);
        let plain = text(&output, moment.now);
        let picks: Vec<Ask> = asks.iter().filter(|ask| is_json || !ask.query.is_empty()).map(whole_or_part).collect();
        let wanted = picks.len();
        let picked = if picks.is_empty() { Ok(Vec::new()) } else { self.evaluator.all(output, picks, moment).await };
        // What cannot be picked from still has its lines.
        let mut picked = picked.unwrap_or_else(|error| vec![Err(error); wanted]).into_iter();
        let answer = |ask: &Ask| if is_json || !ask.query.is_empty() { picked.next() } else { Some(plain.clone()) };
        asks.iter().map_while(answer).collect()
    }
}

fn whole_or_part(ask: &Ask) -> Ask {
    if ask.query.is_empty() { Ask { query: ".".into(), ..ask.clone() } } else { ask.clone() }
}

/// A command that runs, in a process group of its own.
struct Running {
    child: Option<Child>,
    group: Group,
    turn: Option<Turn>,
}

/// What lets a command run: its own turn, and a place among all commands.
pub type Turn = (Option<OwnedSemaphorePermit>, Place);

/// What a command left.
struct Ended {
    status: ExitStatus,
    output: Option<Vec<u8>>,
    complaints: Option<Vec<u8>>,
}

impl Running {
    fn start(config: &Config, values: &[(String, String)], turn: Turn) -> Result<Self, FetchError> {
        let exec = |detail: String| FetchError::new(Reason::Exec, detail);
        let (program, arguments) = config.command.split_first().ok_or_else(|| exec("no program".to_owned()))?;
        let mut process = Process::new(program);
        process.args(arguments).env_clear().process_group(0).kill_on_drop(true);
        process.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ALWAYS.iter().copied().chain(config.environment.iter().map(String::as_str)) {
            if let Some(value) = std::env::var_os(name) {
                process.env(name, value);
            }
        }
        process.envs(values.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &config.directory {
            process.current_dir(directory);
        }
        let child = process.spawn().map_err(|e| exec(format!("{program} cannot be started: {}", e.kind())))?;
        let group = Group::of(&child);
        Ok(Self { child: Some(child), group, turn: Some(turn) })
    }

    async fn end(mut self) -> Result<Ended, FetchError> {
        let child = self.child.as_mut().ok_or(FetchError::from(Reason::Internal))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let ended = async {
            let status = child.wait().await;
            // Children that it left behind would hold its output open.
            self.group.signal(Signal::KILL);
            status
        };
        // Standard error is read as well: a full pipe would stop the command.
        let (output, complaints, status) = tokio::join!(capped(stdout), capped(stderr), ended);
        self.child = None;
        let status = status.map_err(|e| FetchError::new(Reason::Exec, e.kind().to_string()))?;
        Ok(Ended { status, output, complaints })
    }
}

impl Drop for Running {
    /// Its time is up: TERM to all of the group, two seconds, KILL. When the program itself ends in
    /// between, KILL comes at once.
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        self.group.signal(Signal::TERM);
        let (last_resort, turn) = (KillOnDrop(self.group), self.turn.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                // Whether it ended by itself makes no difference: its children may still be there.
                let _in_time = tokio::time::timeout(MERCY, child.wait()).await;
                drop(last_resort);
                let _reaped = child.wait().await;
                drop(turn);
            });
        }
    }
}

/// A process group; none when the command was gone before it could be told.
#[derive(Clone, Copy)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    fn signal(self, signal: Signal) {
        if let Some(group) = self.0 {
            // Nobody left in the group is what we hope for.
            let _nobody_left = kill_process_group(group, signal);
        }
    }
}

struct KillOnDrop(Group);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}

/// Runs a command to its end, with these values in its environment, and returns what it printed; what it
/// complains of is the error. When this is dropped the command ends, with all that it has started.
pub async fn run(config: &Config, values: &[(String, String)], turn: Turn) -> Result<Vec<u8>, FetchError> {
    let exec = |detail: String| FetchError::new(Reason::Exec, detail);
    let ended = Running::start(config, values, turn)?.end().await?;
    let output =
        ended.output.ok_or_else(|| FetchError::new(Reason::TooLarge, format!("over {MAX_OUTPUT} bytes of output")))?;
    if ended.status.success() {
        return Ok(output);
    }
    let complaints = String::from_utf8_lossy(&ended.complaints.unwrap_or_default()).into_owned();
    let first = complaints.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let how = ended.status.code().map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit code {code}"));
    Err(exec(if first.is_empty() { how } else { format!("{how}: {first}") }))
}

/// Reads to the end, or to the cap: then `None`, and the reader is dropped, which ends the writer.
async fn capped(reader: Option<impl AsyncRead + Unpin>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    reader?.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await.ok()?;
    (bytes.len() as u64 <= MAX_OUTPUT).then_some(bytes)
}

/// A number alone, else lines.
fn text(output: &[u8], now: Timestamp) -> Answer {
    let text = String::from_utf8_lossy(output);
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(FetchError::new(Reason::Parse, "the command printed nothing"));
    }
    if let Some(number) = trimmed.parse::<f64>().ok().filter(|n| n.is_finite()) {
        let series = vec![Series::single("", now, number)];
        return Ok(Telemetry::Series { series, coverage: Coverage::Sample });
    }
    Ok(Telemetry::Lines(SafeText::lines(&text, MAX_LINES + 1)))
}
