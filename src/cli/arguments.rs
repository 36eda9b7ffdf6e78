//! Flags and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::de::DeserializeOwned;

use crate::model::event::{ChangeReason, EventKind, EventState};
use crate::model::time::Span;

/// The board over your line: business, application, client, infrastructure and pipeline health.
#[derive(Debug, Parser)]
#[command(name = "andon", version, about, long_about = None)]
#[command(after_help = "Without a command: the board of ./dashboards.toml, full screen. New here? Try 'andon demo'.\n\
    Keys: ? help, Tab next, Enter zoom, p pause, r refresh, q quit.")]
pub struct Arguments {
    /// What to do; without one, `run`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `run`.
    #[command(flatten)]
    pub run: RunFlags,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The board, full screen (the default); one text snapshot when stdout is no terminal
    Run(RunFlags),
    /// A board of a simulated shop, full screen: needs no config and no network
    Demo(DemoFlags),
    /// The board for others: polls, and lets them look with `andon view`; no screen of its own
    Serve(ServeFlags),
    /// A board that another andon serves, full screen: needs no config, no token and no network
    View(ViewFlags),
    /// Check the config without polling; exit 2 when it is invalid
    Validate(ValidateFlags),
    /// Poll once, print every panel's status; exit 0 ok, 1 warning, 2 critical, 3 unknown
    Status(StatusFlags),
    /// Poll once, draw one frame
    Snapshot(SnapshotFlags),
    /// Probe every source, step by step, and say which panel gets nothing and why; exit 0, or 1
    Doctor(DoctorFlags),
    /// Tell the board what happened: a deploy, an incident, a note
    Event(Box<EventFlags>),
    /// The numbers behind a panel or a source: from the history, or with --live from one poll
    Query(QueryFlags),
    /// The whole window of a board as CSV files, one a panel
    Export(ExportFlags),
    /// Write a starter dashboards.toml from what answers on this machine
    Init(InitFlags),
    /// The kinds of sources, with the keys each takes
    Sources,
    /// The kinds of panels, with the keys each takes
    Panels,
    /// The themes
    Themes,
    /// JSON Schema of the config file, for editors
    Schema,
    /// Completions for a shell
    Completions {
        /// bash, elvish, fish, powershell or zsh
        shell: clap_complete::Shell,
    },
    /// The manual page (roff)
    Man,
}

/// Flags of every command that reads a config.
#[derive(Debug, Clone, Default, Args)]
pub struct BoardFlags {
    /// The board's file (default: ./dashboards.toml, then ~/.config/andon/dashboards.toml)
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A theme's name (see `andon themes`), or a theme file
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// Poll all sources this often, whatever the config says
    #[arg(long, value_name = "TIME")]
    pub refresh: Option<String>,
    /// Pick a variable's value: --var env=staging
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub variables: Vec<(String, String)>,
}

/// Flags of `run`.
#[derive(Debug, Clone, Default, Args)]
pub struct RunFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// Begin with this dashboard
    #[arg(long, value_name = "NAME")]
    pub dashboard: Option<String>,
    /// For walls: no key hints, no mouse; keys leave (q, Ctrl-C) or turn the page (1 to 9, brackets), no more
    #[arg(long)]
    pub kiosk: bool,
    /// Instead of the board print one sentence a change: for screen readers and logs
    #[arg(long, conflicts_with = "kiosk")]
    pub plain: bool,
    /// Without a config: the board of this log, as often as there are logs; - is standard input: app | andon --logs -
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub logs: Vec<PathBuf>,
    /// Write a log to this file (kept under 10 MiB; `ANDON_LOG=debug` says more)
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// Flags of `demo`.
#[derive(Debug, Clone, Default, Args)]
pub struct DemoFlags {
    /// A theme's name (see `andon themes`), or a theme file
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,
    /// For walls: no key hints, no mouse; keys leave (q, Ctrl-C) or turn the page (1 to 9, brackets), no more
    #[arg(long)]
    pub kiosk: bool,
    /// Instead of the board print one sentence a change: for screen readers and logs
    #[arg(long, conflicts_with = "kiosk")]
    pub plain: bool,
}

impl BoardFlags {
    const fn is_given(&self) -> bool {
        self.config.is_some() || self.theme.is_some() || self.refresh.is_some() || !self.variables.is_empty()
    }

    /// Flags that were given before the command stand in for those that were not given after it.
    fn or(&mut self, before: &Self) {
        self.config = self.config.take().or_else(|| before.config.clone());
        self.theme = self.theme.take().or_else(|| before.theme.clone());
        self.refresh = self.refresh.take().or_else(|| before.refresh.clone());
        self.variables.splice(0..0, before.variables.iter().cloned());
    }
}

impl Arguments {
    /// The command, with the flags that were given before it: `andon --config FILE status` is
    /// `andon status --config FILE`. A flag that the command does not take is an error.
    pub fn into_command(self) -> Result<Command, String> {
        let (before, Some(mut command)) = (self.run.clone(), self.command) else { return Ok(Command::Run(self.run)) };
        let is_run = matches!(command, Command::Run(_));
        let takes_kiosk = is_run || matches!(command, Command::Doctor(_) | Command::View(_));
        let takes_log = is_run || matches!(command, Command::Serve(_));
        let (board, dashboard) = match &mut command {
            Command::Run(flags) => {
                flags.kiosk |= before.kiosk;
                flags.plain |= before.plain;
                flags.logs.splice(0..0, before.logs.iter().cloned());
                flags.log = flags.log.take().or_else(|| before.log.clone());
                (Some(&mut flags.board), Some(&mut flags.dashboard))
            }
            Command::Validate(flags) => (Some(&mut flags.board), None),
            Command::Serve(flags) => {
                flags.log = flags.log.take().or_else(|| before.log.clone());
                (Some(&mut flags.board), None)
            }
            Command::View(flags) => {
                flags.kiosk |= before.kiosk;
                (None, Some(&mut flags.dashboard))
            }
            Command::Query(flags) => (Some(&mut flags.board), None),
            Command::Export(flags) => (Some(&mut flags.board), None),
            Command::Status(flags) => (Some(&mut flags.board), Some(&mut flags.dashboard)),
            Command::Snapshot(flags) => (Some(&mut flags.board), Some(&mut flags.dashboard)),
            Command::Doctor(flags) => {
                flags.kiosk |= before.kiosk;
                (Some(&mut flags.board), None)
            }
            _ => (None, None),
        };
        let refused = [
            ("--dashboard", before.dashboard.is_some() && dashboard.is_none()),
            ("--config, --theme, --refresh or --var", before.board.is_given() && board.is_none()),
            ("--kiosk", !takes_kiosk && before.kiosk),
            ("--log", !takes_log && before.log.is_some()),
            ("--logs", !is_run && !before.logs.is_empty()),
            ("--plain", !is_run && before.plain),
        ];
        if let Some((flag, _)) = refused.iter().find(|(_, is_refused)| *is_refused) {
            return Err(format!("this command does not take {flag}; see 'andon help'"));
        }
        if let Some(board) = board {
            board.or(&before.board);
        }
        if let Some(dashboard) = dashboard {
            *dashboard = dashboard.take().or(before.dashboard);
        }
        Ok(command)
    }
}

/// Flags of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// The socket that others connect to (default: that of the table `serve`, then NAME.sock in $`XDG_RUNTIME_DIR`/andon, with the
    /// name of the board's file)
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Write the log to this file (kept under 10 MiB) instead of standard error
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// Flags of `view`.
#[derive(Debug, Clone, Args)]
pub struct ViewFlags {
    /// The socket that the board is served at (default: the only one in $`XDG_RUNTIME_DIR`/andon or /run/andon)
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Begin with this dashboard
    #[arg(long, value_name = "NAME")]
    pub dashboard: Option<String>,
    /// A theme's name, as the server knows it
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub theme: String,
    /// For walls: no key hints, no mouse; waits for a server that is not there yet
    #[arg(long)]
    pub kiosk: bool,
}

/// Flags of `validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// text for people, json for programs
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
}

/// Flags of `status`.
#[derive(Debug, Clone, Args)]
pub struct StatusFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// text for people, json for programs
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    /// This dashboard only
    #[arg(long, value_name = "NAME")]
    pub dashboard: Option<String>,
    /// The longest to wait for all sources
    #[arg(long, value_name = "TIME", default_value = "12s", value_parser = Span::parse)]
    pub wait: Span,
}

/// Flags of `snapshot`.
#[derive(Debug, Clone, Args)]
pub struct SnapshotFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// Columns and rows
    #[arg(long, value_name = "WxH", default_value = "120x40", value_parser = size)]
    pub size: (u16, u16),
    /// What to draw it as
    #[arg(long, value_enum, default_value_t = PictureFormat::Text)]
    pub format: PictureFormat,
    /// This dashboard
    #[arg(long, value_name = "NAME")]
    pub dashboard: Option<String>,
    /// The longest to wait for all sources
    #[arg(long, value_name = "TIME", default_value = "12s", value_parser = Span::parse)]
    pub wait: Span,
    /// Write to a file instead of stdout (-)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Flags of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// Say what can be read of the board on a wall, by `[kiosk]`; asks no source
    #[arg(long)]
    pub kiosk: bool,
    /// With --kiosk: columns and rows of the wall's terminal (default: of this one)
    #[arg(long, value_name = "WxH", value_parser = size, requires = "kiosk")]
    pub size: Option<(u16, u16)>,
    /// The longest to wait for all sources
    #[arg(long, value_name = "TIME", default_value = "12s", value_parser = Span::parse)]
    pub wait: Span,
}

/// Flags of `query`.
#[derive(Debug, Clone, Args)]
pub struct QueryFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// A panel's id (or `page/id`), or a source's name
    pub name: String,
    /// Since when: -2h, 14:03, 2026-11-30, "2026-11-30 14:03" (default: the board's window ago)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Until when (default: now)
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Join values to one for each stretch of this length, such as 5m (default: as they are kept)
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = Span::parse, hide_default_value = true)]
    pub step: Span,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: QueryFormat,
    /// How long a panel was ok, warning, critical, unknown, and how long nobody knew, in stretches of --step (default: 1h)
    #[arg(long, conflicts_with = "live")]
    pub status: bool,
    /// Poll now instead of reading the history
    #[arg(long, conflicts_with_all = ["from", "to", "step"])]
    pub live: bool,
}

/// How numbers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum QueryFormat {
    /// For people
    #[default]
    Table,
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
}

/// Flags of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportFlags {
    /// Which board.
    #[command(flatten)]
    pub board: BoardFlags,
    /// The folder that the files are written to; made where there is none
    #[arg(short, long, value_name = "FOLDER")]
    pub output: PathBuf,
    /// Longest to wait for sources
    #[arg(long, value_name = "TIME", default_value = "12s", value_parser = Span::parse)]
    pub wait: Span,
}

/// Flags of `event`.
#[derive(Debug, Clone, Args)]
pub struct EventFlags {
    /// What happened, in a few words
    pub title: String,
    /// deploy, config, incident, alert, note, planned, freeze or release
    #[arg(long, value_name = "KIND", default_value = "note", value_parser = event_word::<EventKind>)]
    pub kind: EventKind,
    /// The service it is about
    #[arg(long, value_name = "NAME", default_value = "")]
    pub service: String,
    /// The environment it is about
    #[arg(long, value_name = "NAME", default_value = "")]
    pub environment: String,
    /// The version it brought
    #[arg(long, value_name = "VERSION", default_value = "")]
    pub version: String,
    /// done, running, waiting or failed
    #[arg(long, value_name = "STATE", value_parser = event_word::<EventState>)]
    pub state: Option<EventState>,
    /// planned, hotfix or rollback
    #[arg(long, value_name = "REASON", default_value = "planned", value_parser = event_word::<ChangeReason>)]
    pub reason: ChangeReason,
    /// Who did it; kept and shown only where the board says `people = true`
    #[arg(long, value_name = "NAME", default_value = "")]
    pub who: String,
    /// Where to read more
    #[arg(long, value_name = "URL", default_value = "")]
    pub url: String,
    /// When (default: now), such as 2026-11-21T14:03:00Z
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// When it was over, or will be
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The time of a commit that this deploy ships for the first time, for the lead time; may be given several times
    #[arg(long = "commit-at", value_name = "TIME")]
    pub commits: Vec<String>,
    /// A name of the event itself: a later event with the same one says how it went on
    #[arg(long, value_name = "NAME", default_value = "")]
    pub id: String,
    /// A name for this message. If a step runs twice and sends the same name, it counts as one event
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// Where the board listens, such as 127.0.0.1:7667; the token comes from `ANDON_EVENT_TOKEN`
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["config", "source", "file"])]
    pub to: Option<String>,
    /// Write to this file of events (- is stdout), and ask nobody; --who is written, too
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "source"])]
    pub file: Option<PathBuf>,
    /// The board's file, which knows where events go
    #[arg(short, long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which events source of the board, when it has several
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

/// Reads a word as the file of events has it.
fn event_word<T: DeserializeOwned>(word: &str) -> Result<T, String> {
    serde_json::from_value(word.into()).map_err(|error: serde_json::Error| {
        let known: Vec<String> = error.to_string().split('`').skip(3).step_by(2).map(str::to_owned).collect();
        format!("there are {}", known.join(", "))
    })
}

/// Flags of `init`.
#[derive(Debug, Clone, Args)]
pub struct InitFlags {
    /// The file to write; - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "dashboards.toml")]
    pub output: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Formats of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PictureFormat {
    /// Plain text.
    Text,
    /// Text with terminal colours.
    Ansi,
    /// A vector picture.
    Svg,
    /// A page without scripts.
    Html,
    /// Rows of text, and the status document.
    Json,
}

fn pair(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "write it like env=staging".to_owned())
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let wrong = || "write it like 120x40, at most 500x200".to_owned();
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let (width, height) = (width.parse().map_err(|_| wrong())?, height.parse().map_err(|_| wrong())?);
    if (1..=500).contains(&width) && (1..=200).contains(&height) { Ok((width, height)) } else { Err(wrong()) }
}
