//! What is wrong with a config, where, and what to do about it.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The board cannot be shown.
    Error,
    /// It can, but perhaps not as it was meant.
    Warning,
}

/// A span in a file. The text has its secrets masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file's name, as the user gave it.
    pub file: Arc<str>,
    /// The file's text, masked, of the same length.
    pub text: Arc<str>,
    /// Bytes of the text.
    pub span: Range<usize>,
}

impl Location {
    /// Line and column, from 1; columns count characters.
    pub fn line_column(&self) -> (usize, usize) {
        let before = self.text.get(..self.span.start).unwrap_or(&self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// A stable word for scripts: "unknown-key".
    pub code: &'static str,
    /// The key's path: `dashboards[0].panels[2].warning`.
    pub path: String,
    /// Where; none for the environment and flags.
    pub location: Option<Location>,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// Whether it keeps the board from being shown.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// As rustc would put it: file, line, column, the line itself, a caret, help.
    pub fn render(&self, colours: bool) -> String {
        let level = if self.is_error() { Level::ERROR } else { Level::WARNING };
        let mut group = level
            .primary_title(self.message.as_str())
            .id(self.code)
            .elements(std::iter::empty::<annotate_snippets::Message<'_>>());
        if let Some(location) = &self.location {
            let end = location.span.end.min(location.text.len());
            let start = location.span.start.min(end);
            // A table's span covers the whole table; its first line is enough to find it.
            let first_line =
                location.text.get(start..end).and_then(|text| text.find('\n')).map_or(end, |at| start + at);
            group = group.element(
                Snippet::source(location.text.as_ref())
                    .path(location.file.as_ref())
                    .annotation(AnnotationKind::Primary.span(start..first_line)),
            );
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let mut text = renderer.render(&[group]);
        if self.location.is_none() && !self.path.is_empty() && !self.message.starts_with(&self.path) {
            text.push_str("\n  --> ");
            text.push_str(&self.path);
        }
        text
    }

    /// For `validate --format json`.
    pub fn json(&self) -> serde_json::Value {
        let (line, column) = self.location.as_ref().map_or((None, None), |location| {
            let (line, column) = location.line_column();
            (Some(line), Some(column))
        });
        serde_json::json!({
            "severity": self.severity,
            "code": self.code,
            "path": self.path,
            "file": self.location.as_ref().map(|location| location.file.as_ref()),
            "line": line,
            "column": column,
            "message": self.message,
            "help": self.help,
        })
    }
}

/// The first error in a line, and how many more there are: for a banner.
pub fn brief(problems: &[Problem]) -> String {
    let errors = || problems.iter().filter(|problem| problem.is_error());
    let Some(first) = errors().next() else { return String::new() };
    let location = first.location.as_ref().map_or_else(String::new, |location| {
        let (line, column) = location.line_column();
        let name = location.file.rsplit('/').next().unwrap_or_default();
        format!("{name}:{line}:{column}: ")
    });
    let more = match errors().count() - 1 {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("changed config not used: {location}{}{more}; the board still runs with the old one", first.message)
}

/// Errors before warnings, then in the order of the file.
pub fn sort(problems: &mut [Problem]) {
    problems.sort_by(|a, b| {
        let start = |problem: &Problem| problem.location.as_ref().map_or(usize::MAX, |location| location.span.start);
        a.severity.cmp(&b.severity).then(start(a).cmp(&start(b))).then_with(|| a.path.cmp(&b.path))
    });
}
