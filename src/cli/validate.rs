//! `andon validate`: everything that is wrong with a config, without polling.

use std::process::ExitCode;

use super::arguments::{TextOrJson, ValidateFlags};
use super::{Done, Failure, complain_about, count, request, say, themes};
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
            say(&format!("{document:#}\n"))?;
        }
        TextOrJson::Text => {
            complain_about(&problems);
            say(&summary(board.as_ref(), &request.file.display().to_string(), valid, errors, warnings))?;
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
        problems.push(themes::problem(&error, theme_location));
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

/// The same problem with texts that cannot move a cursor: lines of the file come from outside, too.
pub(super) fn made_safe(problem: &Problem) -> Problem {
    let line = |text: &str| SafeText::new(text).to_string();
    let location = problem.location.as_ref().map(|location| {
        // Byte for byte, so that the span still fits: only what is plain stays.
        let safe: String = location.text.chars().map(harmless).collect();
        let same = safe.len() == location.text.len();
        Location {
            file: line(&location.file).into(),
            text: if same { safe.into() } else { location.text.clone() },
            span: location.span.clone(),
        }
    });
    Problem { message: line(&problem.message), help: problem.help.as_deref().map(line), location, ..problem.clone() }
}

/// A character of the same length in UTF-8 that does nothing.
const fn harmless(c: char) -> char {
    match c {
        '\n' => '\n',
        // One byte.
        '\0'..='\u{1f}' | '\u{7f}' => ' ',
        // Two bytes: C1 and the Arabic letter mark become a no-break space.
        '\u{80}'..='\u{9f}' | '\u{61c}' => '\u{a0}',
        // Three bytes: direction and zero-width characters become a visible mark.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        c => c,
    }
}
