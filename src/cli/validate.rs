//! `andon validate`: everything that is wrong with a config, without polling.

use std::process::ExitCode;

use super::arguments::{TextOrJson, ValidateFlags};
use super::load::request;
use super::out::{Done, Failure, complain_about, count, print};
use super::themes;
use crate::app::polling::unusable_sources;
use crate::config::problem::{Location, Problem, Severity, sort};
use crate::config::{self, Board};
use crate::model::text::SafeText;

pub(super) fn run(flags: &ValidateFlags) -> Done {
    let request = request(&flags.board);
    let (board, mut problems, theme_location) = match config::load(&request) {
        Ok(loaded) => (Some(loaded.board), loaded.warnings, loaded.theme_location),
        Err(problems) => (None, problems, None),
    };
    if let Some(board) = &board {
        problems.extend(beyond_the_file(board, theme_location.as_ref()));
        sort(&mut problems);
    }
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let warnings = problems.len() - errors;
    let valid = errors == 0 && !(flags.strict && warnings > 0);
    match flags.format {
        TextOrJson::Json => {
            let document = serde_json::json!({
                "valid": valid,
                "file": request.file.display().to_string(),
                "problems": problems.iter().map(Problem::json).collect::<Vec<_>>(),
            });
            print(&format!("{document:#}\n"))?;
        }
        TextOrJson::Text => {
            complain_about(&problems);
            print(&summary(board.as_ref(), &request.file.display().to_string(), valid, errors, warnings))?;
        }
    }
    if valid { Ok(ExitCode::SUCCESS) } else { Err(Failure::Quiet(ExitCode::from(2))) }
}

fn summary(board: Option<&Board>, file: &str, valid: bool, errors: usize, warnings: usize) -> String {
    let file = SafeText::new(file);
    match board.filter(|_| valid) {
        Some(board) => {
            let panels: usize = board.dashboards.iter().map(|dashboard| dashboard.panels.len()).sum();
            let parts = [
                count(board.dashboards.len(), "dashboard"),
                count(panels, "panel"),
                count(board.sources.len(), "source"),
                count(warnings, "warning"),
            ];
            format!("{file} is valid: {}\n", parts.join(", "))
        }
        None => format!("{file} is invalid: {}, {}\n", count(errors, "error"), count(warnings, "warning")),
    }
}

/// Themes and certificate files: what depends on this machine.
fn beyond_the_file(board: &Board, theme_location: Option<&Location>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Err(error) = themes::find(&board.theme) {
        problems.push(themes::problem(themes::THEME, &error, theme_location));
    }
    let day = board.kiosk.day.as_ref().map(|(name, _)| themes::find(name));
    if let Some(Err(error)) = day {
        problems.push(themes::problem(themes::DAY_THEME, &error, None));
    }
    for (source, error) in unusable_sources(board) {
        problems.push(Problem {
            severity: Severity::Warning,
            code: "source",
            path: format!("sources.{source}"),
            location: None,
            message: error.to_string(),
            help: Some(error.reason.remedy().to_owned()).filter(|help| !help.is_empty()),
        });
    }
    problems
}
