//! The board that the flags name, its theme, and the zone of the screen.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::BoardFlags;
use super::out::{Failure, complain, complain_about, count};
use super::themes;
use crate::config::{self, Board, Overrides, Request};
use crate::model::time::Zone;
use crate::render::theme::Theme;
use crate::view::overview;

/// Loads the board and its theme, or says everything that is wrong with them and gives exit code 2.
pub(super) fn load(flags: &BoardFlags) -> Result<(Board, Theme), Failure> {
    let request = request(flags);
    match config::load(&request) {
        Ok(loaded) => {
            complain_about(&loaded.warnings);
            let theme = themes::load(themes::THEME, &loaded.board.theme, loaded.theme_location.as_ref())?;
            if let Some((day, _)) = &loaded.board.kiosk.day {
                themes::load(themes::DAY_THEME, day, None)?;
            }
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

pub(super) fn request(flags: &BoardFlags) -> Request {
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
pub(super) fn zone() -> Zone {
    crate::source::zone::of_this_machine().into()
}

/// The same for what is looked at: the page of all dashboards is one, too.
pub(super) fn shown_page_of(board: &Board, name: Option<&str>) -> Result<usize, Failure> {
    let is_taken = board.dashboards.iter().any(|dashboard| dashboard.name == overview::NAME);
    if name == Some(overview::NAME) && !is_taken && board.dashboards.len() >= overview::FEWEST {
        return Ok(board.dashboards.len());
    }
    page_of(board, name)
}

/// Keeps one dashboard, if one is named; names those there are if it is not one of them.
pub(super) fn page_of(board: &Board, name: Option<&str>) -> Result<usize, Failure> {
    let Some(name) = name else { return Ok(0) };
    board.dashboards.iter().position(|dashboard| dashboard.name == name).ok_or_else(|| {
        let names: Vec<&str> = board.dashboards.iter().map(|dashboard| dashboard.name.as_str()).collect();
        complain(&format!("andon: there is no dashboard '{name}'; there are {}", names.join(", ")));
        Failure::Quiet(ExitCode::from(2))
    })
}
