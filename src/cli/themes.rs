//! `andon themes`, and finding a theme by name or path.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use super::out::{Done, Failure, complain_about, print};
use crate::config::problem::{Location, Problem, Severity};
use crate::model::text::SafeText;
use crate::render::theme::{EMBEDDED, Theme, ThemeError, ThemeText, embedded};
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
        asked.borrow_mut().extend(candidates(name));
        text(name)
    });
    asked.into_inner()
}

/// How the names of theme files end: andon's own, and those of base16 and base24.
const ENDS: [&str; 3] = ["toml", "yaml", "yml"];

fn ends_like_a_theme(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|end| ENDS.contains(&end))
}

/// Where a theme's file may be: the path when it looks like one, else the user's files of that name.
fn candidates(name: &str) -> Vec<PathBuf> {
    if name.contains('/') || ends_like_a_theme(Path::new(name)) {
        return vec![PathBuf::from(name)];
    }
    let folder = user_folder();
    folder.iter().flat_map(|folder| ENDS.map(|end| folder.join(format!("{name}.{end}")))).collect()
}

/// The user's file of that name, else the embedded one.
fn text(name: &str) -> Option<ThemeText> {
    let own = |path: PathBuf| {
        let text = String::from_utf8(read(&path, MAX_FILE).ok()?).ok()?;
        let is_toml = path.extension().is_some_and(|end| end == "toml");
        Some(if is_toml { ThemeText::Toml(text) } else { ThemeText::Yaml(text) })
    };
    candidates(name).into_iter().find_map(own).or_else(|| embedded(name))
}

/// The names of all themes: those that come with andon, then the user's own.
fn names() -> Vec<String> {
    let mut names: Vec<String> = EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folder = user_folder().and_then(|folder| std::fs::read_dir(folder).ok());
    let paths = folder.into_iter().flatten().flatten().map(|entry| entry.path()).filter(|path| ends_like_a_theme(path));
    let mut own: Vec<String> = paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    own.sort();
    own.dedup();
    own.retain(|name| !names.contains(name));
    names.extend(own);
    names
}

/// The theme of an index among all that can be read, with its name; none beyond the last. They are read once, when the first
/// is asked for.
pub(super) fn nth(index: usize) -> Option<(String, Theme)> {
    static ALL: OnceLock<Vec<(String, Theme)>> = OnceLock::new();
    let all = || names().into_iter().filter_map(|name| Some((name.clone(), find(&name).ok()?))).collect();
    ALL.get_or_init(all).get(index).cloned()
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
    let mut out = String::new();
    for name in names() {
        let about = find(&name).map_or_else(|error| error.to_string(), |theme| theme.about);
        out.push_str(&format!("{:<16}{}\n", SafeText::new(&name), SafeText::new(&about)));
    }
    out.push_str(
        "\nUse one with theme = \"NAME\" or --theme NAME; your own go into ~/.config/andon/themes/ as NAME.toml,\nor as NAME.yaml as base16 and base24 have them\n",
    );
    print(&out)
}
