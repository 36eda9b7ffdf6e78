//! The config file: layers, parse, check, resolve. Immutable from here on.
//!
//! Layers, each over the one before: built-in defaults, the personal `config.toml`, the board's file,
//! `ANDON_*` of the environment, flags. Every problem is reported in one run, with its place.

pub mod board;
mod check;
mod check_notify;
mod check_panel;
mod check_queries;
mod check_secrets;
mod check_source;
mod explain;
mod layers;
mod masking;
mod nearest;
mod places;
pub mod problem;
mod raw;
mod read;
pub mod schema;
mod variables;

use std::path::PathBuf;

pub use board::Board;
pub use layers::{Overrides, files, locate};
use problem::{Place, Problem};

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The board's file; see [`locate`].
    pub file: PathBuf,
    /// What flags say.
    pub overrides: Overrides,
    /// Whether a board is up already: then nothing is read that would be waited for.
    pub again: bool,
}

/// A board, and what is doubtful about it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The board.
    pub board: Board,
    /// Warnings only.
    pub warnings: Vec<Problem>,
    /// Where a file names the theme; none where the environment, a flag or nobody does.
    pub theme_place: Option<Place>,
}

/// Reads, checks and resolves. Either a board that can be run, or all problems at once.
pub fn load(request: &Request) -> Result<Loaded, Vec<Problem>> {
    resolve(&layers::gather(request)?)
}

/// The same for a text that is no file: no personal layer.
pub fn load_text(name: &str, text: &str, overrides: Overrides) -> Result<Loaded, Vec<Problem>> {
    let request = Request { overrides, ..Request::default() };
    resolve(&layers::join(vec![(PathBuf::from(name), text.to_owned())], &request)?)
}

fn resolve(layers: &layers::Layers) -> Result<Loaded, Vec<Problem>> {
    let (board, mut problems) = check::check(layers);
    problem::sort(&mut problems);
    match board {
        Some(board) if !problems.iter().any(Problem::is_error) => {
            let theme_place = check::theme_place(layers, &board.theme);
            Ok(Loaded { board, warnings: problems, theme_place })
        }
        _ => Err(problems),
    }
}
