//! The output of a command: a number, JSON, or lines.
//!
//! An argument vector and no shell; a cleared environment with an allow-list; a time limit after which
//! the whole process group is ended (TERM, two seconds, KILL); output under a cap; no standard input.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command as Process};

use super::json::pick;
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

    fn open(config: &Config, _: &Context) -> Result<Self, FetchError> {
        if config.command.is_empty() {
            return Err(FetchError::new(Reason::Exec, "command is empty; name a program"));
        }
        Ok(Self { config: config.clone() })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let run = run(&self.config);
        let output = tokio::time::timeout_at(moment.deadline, run)
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Run)))??;
        Ok(asks.iter().map(|ask| read(&output, ask, moment.now)).collect())
    }
}

async fn run(config: &Config) -> Result<Vec<u8>, FetchError> {
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
    if let Some(directory) = &config.directory {
        process.current_dir(directory);
    }
    let mut child = process.spawn().map_err(|e| exec(format!("{program} cannot be started: {}", e.kind())))?;
    let mut group = Group::of(&child);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    // Standard error is read as well: a full pipe would stop the command.
    let (output, complaints, status) = tokio::join!(capped(stdout), capped(stderr), child.wait());
    group.done();
    let status = status.map_err(|e| exec(format!("{}", e.kind())))?;
    let output =
        output.ok_or_else(|| FetchError::new(Reason::TooLarge, format!("over {MAX_OUTPUT} bytes of output")))?;
    if status.success() {
        return Ok(output);
    }
    let complaints = String::from_utf8_lossy(&complaints.unwrap_or_default()).into_owned();
    let first = complaints.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let how = status.code().map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit code {code}"));
    Err(exec(if first.is_empty() { how } else { format!("{how}: {first}") }))
}

/// Reads to the end, or to the cap: then `None`, and the reader is dropped, which ends the writer.
async fn capped(reader: Option<impl AsyncRead + Unpin>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    reader?.take(MAX_OUTPUT + 1).read_to_end(&mut bytes).await.ok()?;
    (bytes.len() as u64 <= MAX_OUTPUT).then_some(bytes)
}

/// The process group of a command; what is left of it is ended when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// The command ended by itself; children it left behind are ended at once.
    fn done(&mut self) {
        if let Some(group) = self.0.take() {
            // Nobody left in the group is what we hope for.
            let _nobody_left = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(group) = self.0.take() else { return };
        let _already_gone = kill_process_group(group, Signal::TERM);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(MERCY).await;
                let _already_gone = kill_process_group(group, Signal::KILL);
            });
        }
    }
}

/// A number alone, else JSON where it begins like JSON or a query asks for it, else lines.
fn read(output: &[u8], ask: &Ask, now: Timestamp) -> Answer {
    let text = String::from_utf8_lossy(output);
    let trimmed = text.trim();
    if !ask.query.is_empty() || trimmed.starts_with(['{', '[']) {
        let whole = Ask { query: ".".into(), history: None };
        let ask = if ask.query.is_empty() { whole } else { ask.clone() };
        return pick::all(output, &[ask], now)?.pop().unwrap_or_else(|| Err(Reason::Internal.into()));
    }
    if trimmed.is_empty() {
        return Err(FetchError::new(Reason::Parse, "the command printed nothing"));
    }
    if let Some(number) = trimmed.parse::<f64>().ok().filter(|n| n.is_finite()) {
        let series = vec![Series::single(SafeText::default(), now, number)];
        return Ok(Telemetry::Series { series, coverage: Coverage::Sample });
    }
    Ok(Telemetry::Lines(SafeText::lines(&text, MAX_LINES + 1)))
}
