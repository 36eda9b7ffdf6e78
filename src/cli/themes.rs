//! `andon themes`, and finding a theme by name or path.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::out::{Done, Failure, complain_about, print};
use crate::config::problem::{Location, Problem, Severity};
use crate::model::text::SafeText;
use crate::render::theme::{EMBEDDED, Theme, ThemeError, embedded};
use crate::source::file::read;

/// Largest theme file taken, in bytes.
const MAX_FILE: u64 = 256 * 1024;

fn user_folder() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    xdg.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .map(|base| base.join("andon").join("themes"))
}

/// The files of a theme and of those it inherits, as far as they have any; one that is not there may come.
pub(super) fn files(name: &str) -> Vec<PathBuf> {
    let asked = RefCell::new(Vec::new());
    // Whether it can be read makes no difference to where it is read from.
    let _read = Theme::load(name, &|name| {
        asked.borrow_mut().extend(file(name));
        text(name)
    });
    asked.into_inner()
}

/// Where a theme's file is, if it has one: a path when it looks like one, else the user's of that name.
fn file(name: &str) -> Option<PathBuf> {
    let looks_like_path = name.contains('/') || Path::new(name).extension().is_some_and(|ext| ext == "toml");
    if looks_like_path {
        Some(PathBuf::from(name))
    } else {
        user_folder().map(|folder| folder.join(format!("{name}.toml")))
    }
}

/// The user's file of that name, else the embedded one.
fn text(name: &str) -> Option<String> {
    let own = file(name).and_then(|path| read(&path, MAX_FILE).ok());
    own.and_then(|bytes| String::from_utf8(bytes).ok()).or_else(|| embedded(name))
}

/// The key of the board's theme, and of the one by day.
pub(super) const THEME: &str = "theme";
pub(super) const DAY_THEME: &str = "kiosk.day_theme";

/// Finds and reads a theme.
pub(super) fn find(name: &str) -> Result<Theme, ThemeError> {
    Theme::load(name, &text)
}

/// The same for a command: a wrong theme is a wrong config.
pub(super) fn load(key: &str, name: &str, location: Option<&Location>) -> Result<Theme, Failure> {
    find(name).map_err(|error| {
        complain_about(&[problem(key, &error, location)]);
        Failure::Quiet(ExitCode::from(2))
    })
}

/// A theme that cannot be used, by the key that names it, with its location in the file where that is known.
pub(super) fn problem(key: &str, error: &ThemeError, location: Option<&Location>) -> Problem {
    Problem {
        severity: Severity::Error,
        code: "theme",
        path: key.to_owned(),
        location: location.cloned(),
        message: error.to_string(),
        help: Some("'andon themes' lists those there are".to_owned()),
    }
}

pub(super) fn run() -> Done {
    let mut names: Vec<String> = EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let own = user_folder().and_then(|folder| std::fs::read_dir(folder).ok());
    for entry in own.into_iter().flatten().flatten() {
        let path = entry.path();
        if let (Some("toml"), Some(stem)) =
            (path.extension().and_then(|e| e.to_str()), path.file_stem().and_then(|s| s.to_str()))
            && !names.iter().any(|name| name == stem)
        {
            names.push(stem.to_owned());
        }
    }
    let mut out = String::new();
    for name in names {
        let about = find(&name).map_or_else(|error| error.to_string(), |theme| theme.about);
        out.push_str(&format!("{:<16}{}\n", SafeText::new(&name), SafeText::new(&about)));
    }
    out.push_str(
        "\nUse one with theme = \"NAME\" or --theme NAME; your own go into ~/.config/andon/themes/NAME.toml\n",
    );
    print(&out)
}
