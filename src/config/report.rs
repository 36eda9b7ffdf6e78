//! Collects the problems of a config, each with its location.

use super::layers::Outside;
use super::locations::{Part, Path, Source, find};
use super::nearest::suggestion;
use super::problem::{Problem, Severity};
use crate::model::text::does_something;
use crate::model::time::Span;

/// Most problems reported of one config; the rest is one more. Each is shown with its location, which is searched
/// for in the whole file.
pub(super) const MOST: usize = 100;

/// Problems as they are found, with the files to locate them in.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub sources: &'a [Source],
    /// Keys that flags or the environment override.
    pub outside: &'a [Outside],
    pub problems: Vec<Problem>,
    /// Keys that could not be read, or are missing: what follows from them is not reported again.
    pub wrong: Vec<Path>,
}

impl<'a> Report<'a> {
    pub(super) const fn new(sources: &'a [Source], outside: &'a [Outside]) -> Self {
        Self { sources, outside, problems: Vec::new(), wrong: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        path: &Path,
        part: Part,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        if self.wrong.contains(path) {
            return;
        }
        if self.problems.len() >= MOST {
            return self.add_more(severity);
        }
        let (message, help) = (message.into(), help.into());
        let mut problem = Problem { severity, code, path: path.to_string(), location: None, message, help };
        if let Some(outside) = self.outside.iter().find(|outside| outside.is_at(path)) {
            problem.path.clone_from(&outside.name);
            problem.message = format!("{}: {}", outside.name, problem.message);
            problem.help = Some(outside.remedy());
        } else {
            problem.location = find(self.sources, path, part);
        }
        self.problems.push(problem);
    }

    /// Says once for each severity that there are more problems: a config with an error must not be taken.
    fn add_more(&mut self, severity: Severity) {
        let is_said = |one: &Problem| one.code == "too-many" && one.severity <= severity;
        if !self.problems.iter().any(is_said) {
            self.problems.push(Problem {
                severity,
                code: "too-many",
                path: String::new(),
                location: None,
                message: format!("there are more problems than these {MOST}"),
                help: Some("fix these first; is this the right file?".to_owned()),
            });
        }
    }

    /// The name of the file that a key stands in.
    pub(super) fn file_of(&self, path: &Path) -> Option<std::sync::Arc<str>> {
        find(self.sources, path, Part::Key).map(|location| location.file)
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        path: &Path,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.add(Severity::Error, code, path, Part::Value, message, help);
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        path: &Path,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.add(Severity::Warning, code, path, Part::Value, message, help);
    }

    pub(super) fn unknown_key(&mut self, path: &Path, key: &str, known: &[&str]) {
        let message = format!("unknown key '{key}'");
        self.add(Severity::Error, "unknown-key", &path.key(key), Part::Key, message, suggestion(key, known));
    }

    /// Polling faster than once a second only burdens what is polled.
    pub(super) fn check_refresh(&mut self, refresh: Span, path: &Path) {
        if refresh < Span::seconds(1) {
            self.error("too-short", path, "the shortest refresh is 1s", "write refresh = \"1s\" or more".to_owned());
        }
    }

    /// A name for scripts is printed as it is, and so must not contain invisible characters.
    pub(super) fn check_name(&mut self, name: &str, path: &Path) {
        if name.chars().any(does_something) {
            let help = "use letters, digits and dashes".to_owned();
            self.error("bad-name", path, "a name may hold no control or direction characters", help);
        }
    }
}
