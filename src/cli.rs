//! The commands: one file each. The only room that prints and exits.

pub mod arguments;
mod catalogue;
mod child;
mod demo;
mod doctor;
mod event;
mod file;
mod init;
pub mod log;
mod run;
mod schema;
mod shell;
mod snapshot;
mod status;
mod themes;
mod validate;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue};

use crate::config::{self, Board, Overrides, Request, problem::Problem};
use crate::model::text::SafeText;
use crate::model::time::Zone;
use crate::output::patient;
use crate::render::theme::Theme;
use arguments::{Arguments, BoardFlags, Command};

/// Reads the arguments and runs what they say.
pub fn main() -> ExitCode {
    if let Some(code) = child::run() {
        return code;
    }
    log::keep_panics_off_the_screen();
    #[cfg(debug_assertions)]
    if let Ok(place) = std::env::var("ANDON_TRIPWIRE") {
        crate::model::isolation::tripwire::set(place);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return explain(error),
    };
    let command = match arguments.into_command() {
        Ok(command) => command,
        Err(message) => {
            complain(&format!("andon: {message}"));
            return ExitCode::from(2);
        }
    };
    let done = match command {
        Command::Run(flags) => run::run(&flags),
        Command::Demo(flags) => demo::run(&flags),
        Command::Validate(flags) => validate::run(&flags),
        Command::Status(flags) => status::run(&flags),
        Command::Snapshot(flags) => snapshot::run(&flags),
        Command::Doctor(flags) => doctor::run(&flags),
        Command::Event(flags) => event::run(&flags),
        Command::Init(flags) => init::run(&flags),
        Command::Sources => catalogue::sources(),
        Command::Panels => catalogue::panels(),
        Command::Themes => themes::run(),
        Command::Schema => schema::run(),
        Command::Completions { shell } => shell::completions(shell),
        Command::Man => shell::manual(),
    };
    match done {
        Ok(code) | Err(Failure::Quiet(code)) => code,
        Err(Failure::Message(message)) => {
            complain(&format!("andon: {message}"));
            ExitCode::from(1)
        }
    }
}

/// Help and version as they are; what is wrong with the arguments made safe, because it quotes them.
fn explain(mut error: clap::Error) -> ExitCode {
    if let Some(file) = file_without_flag(&error) {
        let tip = clap::builder::StyledStr::from(format!("the board's file is named with '--config {file}'"));
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    let text = error.render().to_string();
    if error.use_stderr() {
        complain(text.trim_end());
        return ExitCode::from(2);
    }
    say(&text).unwrap_or_else(|_| ExitCode::from(1))
}

/// A file of TOML in the place of a command, or behind one: `andon validate board.toml`.
fn file_without_flag(error: &clap::Error) -> Option<String> {
    let told = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand].map(|kind| error.get(kind));
    let mut words = told.into_iter().flatten().filter_map(|value| match value {
        ContextValue::String(word) => Some(word),
        _ => None,
    });
    words.find(|word| !word.starts_with('-') && Path::new(word).extension().is_some_and(|end| end == "toml")).cloned()
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// Everything has been said.
    Quiet(ExitCode),
    /// A sentence, and exit code 1.
    Message(String),
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::Message(message)
    }
}

/// What a command returns.
pub type Done = Result<ExitCode, Failure>;

/// Writes to standard output; a reader that has gone away is no error (`andon panels | head`).
pub(crate) fn say(text: &str) -> Done {
    match patient::write_all(rustix::stdio::stdout(), text.as_bytes()) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Failure::Message(format!("cannot write: {error}"))),
    }
}

/// Writes to standard error, line by line, each made safe.
pub(crate) fn complain(text: &str) {
    for line in text.lines() {
        tell(&format!("{}\n", SafeText::new(line)));
    }
}

/// Writes what is safe to standard error.
fn tell(text: &str) {
    // Nobody is left to be told that nobody can be told.
    let _nobody = patient::write_all(rustix::stdio::stderr(), text.as_bytes());
}

/// Problems in rustc's manner on standard error. Colours are added after the text has been made safe.
pub(crate) fn complain_about(problems: &[Problem]) {
    let colours = rustix::termios::isatty(rustix::stdio::stderr())
        && crate::output::terminal::caps::Variables::read().depth() != crate::output::ansi::Depth::None;
    for problem in problems {
        tell(&format!("{}\n\n", validate::made_safe(problem).render(colours)));
    }
}

/// Loads the board and its theme, or says everything that is wrong with them and gives exit code 2.
pub(crate) fn load(flags: &BoardFlags) -> Result<(Board, Theme), Failure> {
    let request = request(flags);
    match config::load(&request) {
        Ok(loaded) => {
            complain_about(&loaded.warnings);
            let theme = themes::load(&loaded.board.theme, loaded.theme_location.as_ref())?;
            Ok((loaded.board, theme))
        }
        Err(problems) => {
            complain_about(&problems);
            let errors = problems.iter().filter(|problem| problem.is_error()).count();
            complain(&format!("andon: {} in {}", count(errors, "error"), request.file.display()));
            Err(Failure::Quiet(ExitCode::from(2)))
        }
    }
}

pub(crate) fn request(flags: &BoardFlags) -> Request {
    Request {
        file: config::locate(flags.config.as_deref().map(Path::new)),
        overrides: Overrides {
            theme: flags.theme.clone(),
            refresh: flags.refresh.clone(),
            variables: flags.variables.clone(),
        },
        again: false,
    }
}

/// The time zone of the screen.
pub(crate) fn zone() -> Zone {
    crate::source::zone::of_this_machine().into()
}

/// "1 error", "3 errors".
pub(crate) fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

/// Keeps one dashboard, if one is named; names those there are if it is not one of them.
pub(crate) fn page_of(board: &Board, name: Option<&str>) -> Result<usize, Failure> {
    let Some(name) = name else { return Ok(0) };
    board.dashboards.iter().position(|dashboard| dashboard.name == name).ok_or_else(|| {
        let names: Vec<&str> = board.dashboards.iter().map(|dashboard| dashboard.name.as_str()).collect();
        complain(&format!("andon: there is no dashboard '{name}'; there are {}", names.join(", ")));
        Failure::Quiet(ExitCode::from(2))
    })
}
