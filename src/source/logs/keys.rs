//! The keys of a `logs` source.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::format::{Format, Parser};
use super::rule::{Measure, Rule};
use crate::model::time::Span;
use crate::source::contract::KeyProblem;

/// Shortest and longest time between two values of a rule.
const EVERY: (Span, Span) = (Span::seconds(1), Span::seconds(3600));
/// Most rules.
const MAX_RULES: usize = 100;

/// The keys of a source of logs. It reads from one or more of: files, journal, command, stdin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Files that are followed, with * and ? in any part of a path: `["/var/log/shop/*.log"]`. Rotation is noticed.
    pub files: Vec<PathBuf>,
    /// Whether the journal of systemd is followed, with `journalctl` (default: false).
    pub journal: bool,
    /// What of the journal: arguments of `journalctl`, such as `["--unit=shop.service"]` (default: all).
    pub journal_arguments: Vec<String>,
    /// A command whose output is followed, line by line, for as long as it runs: `["kubectl", "logs", "-f", "deploy/shop"]`.
    pub command: Vec<String>,
    /// Whether standard input is read: `app | andon --config ...` (default: false).
    pub stdin: bool,
    /// How lines are written (default: "auto", by their looks).
    pub format: Format,
    /// A regular expression for lines of another format. Its named groups `time`, `level`, `category` and `message` are what
    /// they say, others are fields: `'^(?<time>\S+) (?<level>\w+) (?<message>.*)$'`
    pub regex: Option<String>,
    /// The category of lines that name none, such as "shop.checkout".
    pub category: String,
    /// Rules that turn lines into metrics, by name. A panel asks for one with query = "NAME".
    pub rules: BTreeMap<String, Rule>,
    /// How often each rule gives a value, of what was written since the last one (default: "10s").
    pub every: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            files: Vec::new(),
            journal: false,
            journal_arguments: Vec::new(),
            command: Vec::new(),
            stdin: false,
            format: Format::Auto,
            regex: None,
            category: String::new(),
            rules: BTreeMap::new(),
            every: Span::seconds(10),
        }
    }
}

impl Config {
    /// What reads its lines. A regular expression that is none is a problem of the config, and told there.
    pub(super) fn parser(&self) -> Parser {
        Parser::new(self.format, self.regex.as_deref()).unwrap_or_default()
    }

    pub(super) fn problems(&self) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        let reads = !self.files.is_empty() || self.journal || !self.command.is_empty() || self.stdin;
        if !reads {
            let help = "write files = [\"/var/log/shop/*.log\"], journal = true, command = [...] or stdin = true";
            problems.push(KeyProblem::new("files", "there is nothing to read", help));
        }
        if let Some(item) = self.files.iter().position(|path| !path.is_absolute()) {
            let path = self.files.get(item).map(|path| path.display().to_string()).unwrap_or_default();
            let message = format!("'{path}' depends on the folder that the board is started in");
            problems.push(KeyProblem::new("files", message, "write the whole path, from /").of_item(item));
        }
        if !self.journal && !self.journal_arguments.is_empty() {
            let message = "the journal is not read";
            problems.push(KeyProblem::new("journal_arguments", message, "write journal = true as well"));
        }
        if let Some(item) = self.journal_arguments.iter().position(|one| is_ours(one)) {
            let message = "how the journal is read, and from where on, is not for the board to say";
            let help = "keep what picks entries, such as --unit=shop.service";
            problems.push(KeyProblem::new("journal_arguments", message, help).of_item(item));
        }
        if let Err(why) = Parser::new(self.format, self.regex.as_deref()) {
            problems.push(KeyProblem::new("regex", why, "write it like '^(?<level>\\w+) (?<message>.*)$'"));
        }
        if self.every < EVERY.0 || self.every > EVERY.1 {
            let message = format!("every = '{}' is not between 1 s and 1 h", self.every.brief());
            problems.push(KeyProblem::new("every", message, "10s is right for most"));
        }
        if self.rules.len() > MAX_RULES {
            let message = format!("{} rules, more than {MAX_RULES}", self.rules.len());
            problems.push(KeyProblem::new("rules", message, "make a second source of the same files"));
        }
        let wrong = self.rules.iter().filter_map(|(name, rule)| Some((name, rule.problem(name)?)));
        problems.extend(
            wrong.map(|(name, (message, help))| KeyProblem::new("rules", format!("rule '{name}': {message}"), help)),
        );
        problems
    }
}

/// Whether an argument of `journalctl` is one that the source gives itself.
fn is_ours(argument: &str) -> bool {
    const LONG: [&str; 9] = [
        "--since",
        "--until",
        "--lines",
        "--output",
        "--cursor",
        "--after-cursor",
        "--follow",
        "--reverse",
        "--no-tail",
    ];
    let name = argument.split('=').next().unwrap_or_default();
    LONG.contains(&name) || ["-S", "-U", "-n", "-o", "-c", "-f", "-r"].iter().any(|short| argument.starts_with(short))
}

impl Rule {
    /// What is wrong with it, and what to do about it.
    fn problem(&self, name: &str) -> Option<(String, String)> {
        if name.is_empty() || name.contains(['{', '}', '*', '"', '(', ')']) {
            let help = "name it with letters, digits, dots and dashes";
            return Some(("its name has signs that mean something in queries".to_owned(), help.to_owned()));
        }
        if let Err(why) = self.compile() {
            return Some((
                why,
                "look at the named groups and brackets; 'pattern' takes a text with <*> instead".to_owned(),
            ));
        }
        let needs_value = !matches!(self.measure, Measure::Count | Measure::Rate);
        if needs_value && self.value.is_none() {
            let help = "write value = \"FIELD\", or the name of a group of its regex".to_owned();
            return Some((format!("measure = \"{}\" needs a value", self.measure.word()), help));
        }
        if !needs_value && self.value.is_some() {
            let help = "take it away, or write measure = \"sum\", \"avg\", \"max\" or \"percentile\"".to_owned();
            return Some((format!("measure = \"{}\" takes no value", self.measure.word()), help));
        }
        if !(self.percentile > 0.0 && self.percentile <= 100.0) {
            return Some(("percentile is not above 0 and at most 100".to_owned(), "95 is usual".to_owned()));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let config: Config = toml_edit::de::from_str(text).unwrap();
        config.problems().into_iter().map(|one| format!("{}: {}", one.key, one.message)).collect()
    }

    #[test]
    fn each_mistake_is_named() {
        let file = "files = [\"/var/log/*.log\"]\n";
        for (text, expected) in [
            ("", "files: there is nothing to read"),
            ("files = [\"/a\", \"b.log\"]", "files: 'b.log' depends on the folder that the board is started in"),
            ("files = [\"/a\"]\njournal_arguments = [\"-u\"]", "journal_arguments: the journal is not read"),
            (
                "journal = true\njournal_arguments = [\"--unit=a\", \"-S\"]",
                "journal_arguments: how the journal is read, and from where on, is not for the board to say",
            ),
            ("files = [\"/a\"]\nregex = \"(\"", "regex: '(' is no regular expression: unclosed group"),
            ("files = [\"/a\"]\nregex = \"x\"", "regex: 'x' has no named group: what should be taken from a line?"),
            ("files = [\"/a\"]\nevery = \"2h\"", "every: every = '2 h' is not between 1 s and 1 h"),
            ("files = [\"/a\"]\n[rules.a]\nmeasure = \"avg\"", "rules: rule 'a': measure = \"avg\" needs a value"),
            ("files = [\"/a\"]\n[rules.a]\nvalue = \"ms\"", "rules: rule 'a': measure = \"count\" takes no value"),
            (
                "files = [\"/a\"]\n[rules.\"a()\"]",
                "rules: rule 'a()': its name has signs that mean something in queries",
            ),
            (
                "files = [\"/a\"]\n[rules.a]\nregex = \"[\"",
                "rules: rule 'a': '[' is no regular expression: unclosed character class",
            ),
        ] {
            assert_eq!(problems(text), [expected], "{text}");
        }
        let right = "[rules.slow]\nlevel = \"warn\"\nmeasure = \"percentile\"\nvalue = \"ms\"\nby = [\"host\"]";
        assert_eq!(problems(&format!("{file}{right}")), [""; 0]);
    }
}
