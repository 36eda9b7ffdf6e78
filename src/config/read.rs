//! Reads one table into one type, and reports everything that is wrong with it, not only the first.

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::nearest::suggestion;
use super::places::Source;
use super::places::{Part, Path, find};
use super::problem::{Problem, Severity};

/// Most problems told of one config; the rest is counted as one more. Each is shown with its place, which is
/// searched for in the whole file.
const MOST: usize = 100;

/// Problems as they are found, with the files to find their places in.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub sources: &'a [Source],
    pub problems: Vec<Problem>,
}

impl Report<'_> {
    pub(super) fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        path: &Path,
        part: Part,
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        if self.problems.len() >= MOST {
            return self.add_more(severity);
        }
        self.problems.push(Problem {
            severity,
            code,
            path: path.to_string(),
            place: find(self.sources, path, part),
            message: message.into(),
            help: help.into(),
        });
    }

    /// There are more, and of this severity: an error is never lost, because a config with one is not taken.
    fn add_more(&mut self, severity: Severity) {
        let is_said = |one: &Problem| one.code == "too-many" && one.severity <= severity;
        if !self.problems.iter().any(is_said) {
            self.problems.push(Problem {
                severity,
                code: "too-many",
                path: String::new(),
                place: None,
                message: format!("there are more problems than these {MOST}"),
                help: Some("mend these first; is this the right file?".to_owned()),
            });
        }
    }

    /// The name of the file that a key stands in.
    pub(super) fn file_of(&self, path: &Path) -> Option<std::sync::Arc<str>> {
        find(self.sources, path, Part::Key).map(|place| place.file)
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
}

/// The keys of an object schema.
pub(super) fn keys(schema: &Schema) -> Vec<String> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

/// Takes those entries out of a table that a schema knows.
pub(super) fn split(table: &mut Map<String, Value>, schema: &Schema) -> Value {
    let known = keys(schema);
    let taken: Map<String, Value> = known.iter().filter_map(|key| table.remove_entry(key)).collect();
    Value::Object(taken)
}

/// Reads a table whose unknown keys have been reported already.
pub(super) fn table<T: DeserializeOwned + JsonSchema>(value: Value, path: &Path, report: &mut Report<'_>) -> Option<T> {
    with(value, path, report, |value| serde_path_to_error::deserialize(value))
}

/// The same where what comes after is checked all the same: a key that cannot be read is reported, and stood in
/// for by `stand_ins` or left out. The board is not used, but all its problems come in one run.
pub(super) fn table_with_stand_ins<T: DeserializeOwned + JsonSchema>(
    value: Value,
    stand_ins: &Value,
    path: &Path,
    report: &mut Report<'_>,
) -> Option<T> {
    read_all(value, Some(stand_ins), path, report, |value| serde_path_to_error::deserialize(value))
}

/// The same, for a reader that is known only by its function.
pub(super) fn with<T>(
    value: Value,
    path: &Path,
    report: &mut Report<'_>,
    read: impl Fn(&Value) -> Result<T, serde_path_to_error::Error<serde_json::Error>>,
) -> Option<T> {
    read_all(value, None, path, report, read)
}

fn read_all<T>(
    mut value: Value,
    stand_ins: Option<&Value>,
    path: &Path,
    report: &mut Report<'_>,
    read: impl Fn(&Value) -> Result<T, serde_path_to_error::Error<serde_json::Error>>,
) -> Option<T> {
    let mut failed = false;
    let mut taken: Vec<String> = Vec::new();
    // Each round reports one problem and takes the key that has it away, so that the next shows.
    for _ in 0..100 {
        match read(&value) {
            Ok(read) => return (!failed || stand_ins.is_some()).then_some(read),
            Err(error) => {
                failed = true;
                // A key that was taken away for its own problem is not missing, too.
                let message = error.inner().to_string();
                if message.starts_with("missing field") && taken.iter().any(|key| message.contains(&format!("`{key}`")))
                {
                    return None;
                }
                let at = path.join(error.path());
                let removed = remove(&mut value, error.path());
                explain(&at, path, removed.as_ref().map(|(_, value)| value), &message, report);
                let key = removed?.0;
                if let (Some(stand_in), Some(table)) = (stand_ins.and_then(|all| all.get(&key)), value.as_object_mut())
                {
                    table.insert(key.clone(), stand_in.clone());
                }
                taken.push(key);
            }
        }
    }
    None
}

/// Takes the key away that a path begins with. Returns it, and the innermost value the path leads to.
fn remove(value: &mut Value, path: &serde_path_to_error::Path) -> Option<(String, Value)> {
    use serde_path_to_error::Segment;
    let first = path.iter().find_map(|segment| match segment {
        Segment::Map { key } => Some(key.as_str()),
        _ => None,
    })?;
    let table = value.as_object_mut()?;
    let removed = table.remove(first)?;
    let inner = path.iter().skip(1).try_fold(&removed, |value, segment| match segment {
        Segment::Map { key } => value.get(key),
        Segment::Seq { index } => value.get(*index),
        _ => Some(value),
    });
    Some((first.to_owned(), inner.unwrap_or(&removed).clone()))
}

/// Serde's messages hold values, and values may be secrets: only what was expected is taken from them.
fn explain(at: &Path, table: &Path, found: Option<&Value>, message: &str, report: &mut Report<'_>) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("missing field") {
        let field = quoted(message);
        let help = format!("add {field} = ... to this table");
        report.add(Severity::Error, "missing-key", table, Part::Key, format!("the key '{field}' is missing"), help);
    } else if message.starts_with("unknown field") {
        let key = quoted(message);
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let at = if at.last_key() == Some(key.as_str()) { at.clone() } else { at.key(&key) };
        let help = suggestion(&key, &known);
        report.add(Severity::Error, "unknown-key", &at, Part::Key, format!("unknown key '{key}'"), help);
    } else if message.starts_with("unknown variant") {
        let word = quoted(message);
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let key = at.last_key().unwrap_or_default();
        // A text in the place of a table of secrets may be the secret itself.
        let may_be_secret = key == "auth" && matches!(found, Some(Value::String(_)));
        let (message, help) = if may_be_secret {
            let help = "write auth = { bearer = { env = \"NAME\" } }, or basic, or header".to_owned();
            ("'auth' is a text, expected a table".to_owned(), help)
        } else {
            (format!("{key} cannot be '{word}'"), suggestion(&word, &known))
        };
        report.error("unknown-value", at, message, help);
    } else if let Some((_, expected)) = message.rsplit_once("expected ") {
        let kind = found.map_or("something else", kind);
        let key = at.last_key().unwrap_or_default();
        let expected = plain(expected);
        let help = list_help(at, found, &expected);
        report.error("wrong-type", at, format!("'{key}' is {kind}, expected {expected}"), help);
    } else if at.to_string().contains("auth") {
        report.error("wrong-value", at, "this cannot be read", None);
    } else {
        report.error("wrong-value", at, message.to_owned(), None);
    }
}

/// How a list is written, where something else stands in its place.
fn list_help(at: &Path, found: Option<&Value>, expected: &str) -> Option<String> {
    let key = at.last_key().filter(|_| expected == "a list")?;
    let is_item = at.0.last() != Some(&super::places::Step::Key(key.to_owned()));
    Some(match found {
        Some(Value::Object(_)) => format!("write [[{at}]], in two brackets"),
        _ if is_item => format!("each item is a list of its own: write {key} = [[...]]"),
        _ if key == "command" => {
            "write command = [\"PROGRAM\", \"ARGUMENT\"], or [\"sh\", \"-c\", \"...\"] for a line of a shell".to_owned()
        }
        _ => format!("write {key} = [...]"),
    })
}

/// Serde's words for types in the words of the file.
fn plain(expected: &str) -> String {
    match expected.split_whitespace().next().unwrap_or_default() {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" | "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i64" | "i32" => "a whole number".to_owned(),
        "f64" | "f32" => "a number".to_owned(),
        "a" if expected.starts_with("a sequence") => "a list".to_owned(),
        "a" if expected.starts_with("a map") => "a table".to_owned(),
        "a" if expected.starts_with("a string") || expected.starts_with("a borrowed string") => {
            "a text in quotes".to_owned()
        }
        "a" if expected.starts_with("a boolean") => "true or false".to_owned(),
        "struct" => "a table".to_owned(),
        "path" => "a text in quotes".to_owned(),
        _ => expected.to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
