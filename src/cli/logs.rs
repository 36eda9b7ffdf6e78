//! `andon --logs FILE` and `app | andon --logs -`: a board of a log, without a config.

use std::path::{Path, PathBuf};

use super::arguments::RunFlags;
use super::out::{Done, Failure, complain_about};
use super::run::{Start, start};
use super::themes;
use crate::config::{self, Overrides, Request};

/// What stands for standard input.
const STANDARD_INPUT: &str = "-";

/// The page: the lines, how many errors there were, and what messages have in common.
const PAGES: &str = r#"
[sources.log.rules.errors]
level = "error"

[[dashboards]]
name = "Log"

[[dashboards.panels]]
title = "Log"
view = "logs"
source = "log"

[[dashboards.panels]]
title = "Errors"
view = "chart"
source = "log"
query = "errors"

[[dashboards.panels]]
title = "Messages"
view = "logs"
source = "log"
show = "patterns"
counts = false
"#;

pub(super) fn run(flags: &RunFlags) -> Done {
    let overrides = Overrides { theme: flags.board.theme.clone(), ..Overrides::default() };
    let loaded = config::load_text("the board of --logs", &board(&flags.logs)?, overrides).map_err(|problems| {
        complain_about(&problems);
        Failure::Message("these logs cannot be shown".to_owned())
    })?;
    let theme = themes::load(themes::THEME, &loaded.board.theme, None)?;
    start(Start { board: loaded.board, theme, file: None::<Request> }, flags)
}

/// The config of a board of these files.
fn board(logs: &[PathBuf]) -> Result<String, Failure> {
    let (inputs, files): (Vec<&PathBuf>, Vec<&PathBuf>) =
        logs.iter().partition(|path| path.as_os_str() == STANDARD_INPUT);
    let absolute = |path: &&PathBuf| {
        let whole =
            std::path::absolute(path).map_err(|error| Failure::Message(format!("{}: {error}", path.display())))?;
        quoted(&whole)
    };
    let files = files.iter().map(absolute).collect::<Result<Vec<_>, _>>()?.join(", ");
    let title = match logs {
        [one] if inputs.is_empty() => one.display().to_string(),
        _ if files.is_empty() => "standard input".to_owned(),
        _ => format!("{} logs", logs.len()),
    };
    let title = string(&title);
    let stdin = !inputs.is_empty();
    let source = format!("[sources.log]\ntype = \"logs\"\nstdin = {stdin}\nfiles = [{files}]\nevery = \"1s\"");
    Ok(format!("title = {title}\nrefresh = \"1s\"\n{source}\n{PAGES}"))
}

fn quoted(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().ok_or_else(|| Failure::Message(format!("{} is no UTF-8", path.display())))?;
    Ok(string(text))
}

/// A string of JSON is one of TOML, too, but for DEL.
fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\x7f', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_board_of_any_names_is_a_config() {
        for logs in [&["-"][..], &["/var/log/a\"b.log", "-"], &["rel.log"]] {
            let logs: Vec<PathBuf> = logs.iter().map(PathBuf::from).collect();
            let text = board(&logs).ok().unwrap();
            let loaded = config::load_text("t", &text, Overrides::default()).unwrap();
            assert_eq!((loaded.board.dashboards.len(), loaded.warnings.len()), (1, 0), "{text}");
        }
    }
}
