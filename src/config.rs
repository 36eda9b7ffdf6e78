//! The config file: layers, parse, check, resolve. Immutable from here on.
//!
//! Layers, each over the one before: built-in defaults, the personal `config.toml`, the board's file,
//! `ANDON_*` of the environment, flags. Every problem is reported in one run, with its location.

pub mod board;
mod check;
mod check_api;
mod check_dashboards;
mod check_history;
mod check_kiosk;
mod check_listeners;
mod check_new;
mod check_notify;
mod check_panel;
mod check_queries;
mod check_remote_write;
mod check_rows;
mod check_secrets;
mod check_serving;
mod check_source;
mod explain;
mod layers;
mod locations;
mod masking;
mod nearest;
pub mod problem;
mod raw;
mod read;
mod report;
mod request;
pub mod schema;
mod scope;
pub mod serving;
mod variables;

use std::path::PathBuf;

pub use board::Board;
pub use layers::{files, locate};
use problem::{Location, Problem};
pub use request::{Overrides, Request};

/// A board that can be run, with its warnings.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The board.
    pub board: Board,
    /// Warnings only.
    pub warnings: Vec<Problem>,
    /// Where a file names the theme; `None` where a flag, the environment or the default does.
    pub theme_location: Option<Location>,
}

/// Reads, checks and resolves. Either a board that can be run, or all problems at once.
pub fn load(request: &Request) -> Result<Loaded, Vec<Problem>> {
    resolve(&layers::gather(request)?)
}

/// The same for a text that is not read from a file: without the personal layer.
pub fn load_text(name: &str, text: &str, overrides: Overrides) -> Result<Loaded, Vec<Problem>> {
    let request = Request { overrides, ..Request::default() };
    resolve(&layers::join(vec![(PathBuf::from(name), text.to_owned())], &request)?)
}

fn resolve(layers: &layers::Layers) -> Result<Loaded, Vec<Problem>> {
    let (board, mut problems) = check::check(layers);
    problem::sort(&mut problems);
    match board {
        Some(board) if !problems.iter().any(Problem::is_error) => {
            let theme_location = check::theme_location(layers, &board.theme);
            Ok(Loaded { board, warnings: problems, theme_location })
        }
        _ => Err(problems),
    }
}
