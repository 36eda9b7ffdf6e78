//! The commands: one file each. The only room that prints and exits.

pub mod arguments;
mod catalogue;
mod child;
mod demo;
mod doctor;
mod event;
mod export;
mod file;
mod init;
mod legibility;
mod load;
pub mod log;
mod logs;
mod out;
mod query;
mod run;
mod schema;
mod serve;
mod shell;
mod snapshot;
mod state;
mod status;
mod themes;
mod validate;
mod view;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue};

use arguments::{Arguments, Command};
use out::{Failure, complain, print};

/// Reads the arguments and runs what they say.
pub fn main() -> ExitCode {
    if let Some(code) = child::run() {
        return code;
    }
    log::keep_panics_off_the_screen();
    #[cfg(debug_assertions)]
    if let Ok(point) = std::env::var("ANDON_TRIPWIRE") {
        crate::model::isolation::tripwire::set(point);
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
        Command::Run(flags) if !flags.logs.is_empty() => logs::run(&flags),
        Command::Run(flags) => run::run(&flags),
        Command::Demo(flags) => demo::run(&flags),
        Command::Serve(flags) => serve::run(&flags),
        Command::View(flags) => view::run(&flags),
        Command::Validate(flags) => validate::run(&flags),
        Command::Status(flags) => status::run(&flags),
        Command::Snapshot(flags) => snapshot::run(&flags),
        Command::Doctor(flags) if flags.kiosk => legibility::run(&flags),
        Command::Doctor(flags) => doctor::run(&flags),
        Command::Event(flags) => event::run(&flags),
        Command::Query(flags) => query::run(&flags),
        Command::Export(flags) => export::run(&flags),
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
    print(&text).unwrap_or_else(|_| ExitCode::from(1))
}

/// A TOML file instead of a command, or after one: `andon validate board.toml`.
fn file_without_flag(error: &clap::Error) -> Option<String> {
    let told = [ContextKind::InvalidArg, ContextKind::InvalidSubcommand].map(|kind| error.get(kind));
    let mut words = told.into_iter().flatten().filter_map(|value| match value {
        ContextValue::String(word) => Some(word),
        _ => None,
    });
    words.find(|word| !word.starts_with('-') && Path::new(word).extension().is_some_and(|end| end == "toml")).cloned()
}
