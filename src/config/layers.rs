//! The layers of the config, joined by the `config` crate.

use std::io::{ErrorKind, Read as _};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use config::{Config, File, FileFormat};
use serde_json::Value;
use toml_edit::Document;

use super::locations::{Path, Source, Step};
use super::masking::{mask, mask_unparsed};
use super::problem::{Location, Problem, Severity};
use super::request::{Overrides, Request};
use crate::source::file::{self, Unreadable};

pub(super) const DEFAULTS: &str = r#"
title = "andon"
theme = "andon"
refresh = "10s"
window = "1h"
"#;
/// Largest config file taken, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;
/// The keys of the root that the environment may set, each with an example.
const FROM_ENVIRONMENT: [(&str, &str); 6] = [
    ("title", "Shop"),
    ("theme", "andon"),
    ("refresh", "10s"),
    ("window", "1h"),
    ("glyphs", "ascii"),
    ("history", "off"),
];

/// Everything joined, and the files it came from, the strongest last.
#[derive(Debug)]
pub(super) struct Layers {
    pub merged: Value,
    pub sources: Vec<Source>,
    pub outside: Vec<Outside>,
    pub overrides: Overrides,
}

/// A key of the root that a flag or the environment overrides.
#[derive(Debug)]
pub(super) struct Outside {
    key: &'static str,
    /// The flag or the variable: `--refresh`, `ANDON_REFRESH`.
    pub name: String,
    value: String,
    example: &'static str,
}

impl Outside {
    /// Whether a path leads to this key.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        matches!(path.0.as_slice(), [Step::Key(key)] if key == self.key)
    }

    /// What to do about a value that is wrong.
    pub(super) fn remedy(&self) -> String {
        let Self { name, example, .. } = self;
        if name.starts_with('-') {
            format!("write it like {name} {example}, or leave it out")
        } else {
            format!("write it like {name}={example}, or unset it")
        }
    }
}

fn config_folder() -> Option<PathBuf> {
    let xdg = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    xdg.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")))
        .map(|base| base.join("andon"))
}

/// The board's file: the flag's, else `./dashboards.toml`, else the one in the user's config folder.
pub fn locate(flag: Option<&FilePath>) -> PathBuf {
    if let Some(file) = flag {
        return file.to_owned();
    }
    let here = PathBuf::from("dashboards.toml");
    if here.exists() {
        return here;
    }
    config_folder().map(|folder| folder.join("dashboards.toml")).filter(|path| path.exists()).unwrap_or(here)
}

/// The files that a config is read from, the strongest last: the personal one, which may not be there,
/// and the board's.
pub fn files(request: &Request) -> Vec<PathBuf> {
    config_folder().map(|folder| folder.join("config.toml")).into_iter().chain([request.file.clone()]).collect()
}

pub(super) fn gather(request: &Request) -> Result<Layers, Vec<Problem>> {
    let mut texts = Vec::new();
    for path in files(request) {
        let is_board = path == request.file;
        if is_board || path.exists() {
            let text = read(&path, is_board, request.again).map_err(|problem| vec![*problem])?;
            texts.push((path, text));
        }
    }
    join(texts, request)
}

/// Joins files as they were read, the strongest last, with the environment and flags.
pub(super) fn join(texts: Vec<(PathBuf, String)>, request: &Request) -> Result<Layers, Vec<Problem>> {
    let mut sources = Vec::new();
    let mut builder = Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    for (path, text) in texts {
        let source = parse(&path, &text).map_err(|problem| vec![*problem])?;
        builder = builder.add_source(File::from_str(&text, FileFormat::Toml));
        sources.push(source);
    }
    let outside = outside(&request.overrides);
    for one in &outside {
        builder = builder.set_override(one.key, one.value.clone()).map_err(|_| vec![unjoinable()])?;
    }
    // Errors of the `config` crate contain values, which may be secrets: they are never shown.
    let merged = builder.build().and_then(Config::try_deserialize::<Value>).map_err(|_| vec![unjoinable()])?;
    Ok(Layers { merged, sources, outside, overrides: request.overrides.clone() })
}

/// What flags say, and `ANDON_THEME`, `ANDON_REFRESH` and the like where no flag does. Other `ANDON_` variables are
/// ignored, and so is an empty one.
fn outside(flags: &Overrides) -> Vec<Outside> {
    let one = |(key, example): (&'static str, &'static str)| {
        let flag = match key {
            "theme" => flags.theme.clone(),
            "refresh" => flags.refresh.clone(),
            _ => None,
        };
        let variable = format!("ANDON_{}", key.to_uppercase());
        let (name, value) = match flag {
            Some(value) => (format!("--{key}"), value),
            None => (variable.clone(), std::env::var(&variable).ok().filter(|value| !value.is_empty())?),
        };
        Some(Outside { key, name, value, example })
    };
    FROM_ENVIRONMENT.into_iter().filter_map(one).collect()
}

fn unjoinable() -> Problem {
    Problem {
        severity: Severity::Error,
        code: "layers",
        path: String::new(),
        location: None,
        message: "the layers of the config cannot be joined: a key is a table in one and a value in another".to_owned(),
        help: Some("compare the personal config.toml with the board's file".to_owned()),
    }
}

/// The content of a file. At the start it may come through a pipe (`--config <(...)`); later only regular files are
/// read, because a pipe may block.
fn bytes(path: &FilePath, again: bool) -> Result<Vec<u8>, Unreadable> {
    match file::read(path, MAX_FILE) {
        Err(Unreadable::NotAFile) if !again => {
            let mut bytes = Vec::new();
            std::fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > MAX_FILE { Err(Unreadable::TooLarge(MAX_FILE)) } else { Ok(bytes) }
        }
        read => read,
    }
}

fn read(path: &FilePath, is_board: bool, again: bool) -> Result<String, Box<Problem>> {
    let problem = |code, message: String, help: &str| {
        Box::new(Problem {
            severity: Severity::Error,
            code,
            path: String::new(),
            location: None,
            message,
            help: Some(help.to_owned()),
        })
    };
    let shown = path.display();
    let bytes = bytes(path, again).map_err(|why| match why {
        Unreadable::Io(ErrorKind::NotFound) if is_board => problem(
            "no-file",
            format!("there is no {shown}"),
            "'andon init' writes one from what answers on this machine, or name another with --config",
        ),
        Unreadable::Io(_) => problem("unreadable", format!("{shown} {why}"), "check its permissions"),
        Unreadable::NotAFile => problem("unreadable", format!("{shown} {why}"), "write the config into a file"),
        Unreadable::TooLarge(_) => problem("too-large", format!("{shown} {why}"), "is this the right file?"),
    })?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        problem("encoding", format!("{shown} is not UTF-8 (byte {at})"), "save it as UTF-8")
    })
}

fn parse(path: &FilePath, text: &str) -> Result<Source, Box<Problem>> {
    let file: Arc<str> = path.display().to_string().into();
    match Document::parse(text.to_owned()) {
        Ok(document) => {
            let masked = mask(text, &document).into();
            Ok(Source { file, masked, document })
        }
        Err(error) => Err(Box::new(Problem {
            severity: Severity::Error,
            code: "syntax",
            path: String::new(),
            location: error.span().map(|span| Location { file, text: mask_unparsed(text).into(), span }),
            message: error.message().lines().next().unwrap_or("this is not TOML").to_owned(),
            help: Some(syntax_help(text, error.span().map_or(0, |span| span.start))),
        })),
    }
}

/// What is most often wrong with a line that is not TOML.
fn syntax_help(text: &str, at: usize) -> String {
    let begin = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    if line.matches('"').count() > 2 && !line.contains("\"\"\"") {
        "write a text that contains double quotes in single quotes: query = 'up{job=\"shop\"}'".to_owned()
    } else {
        "the file is TOML: texts are written in quotes, tables in [brackets]".to_owned()
    }
}
