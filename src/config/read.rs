//! Reads one table into one type, and reports everything that is wrong with it, not only the first.

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::explain::explain;
use super::layers::Outside;
use super::nearest::suggestion;
use super::places::Source;
use super::places::{Part, Path, Step, find};
use super::problem::{Problem, Severity};

/// Most problems told of one config; the rest is counted as one more. Each is shown with its place, which is
/// searched for in the whole file.
const MOST: usize = 100;

/// Problems as they are found, with the files to find their places in.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub sources: &'a [Source],
    /// Keys that no file has the last word on.
    pub outside: &'a [Outside],
    pub problems: Vec<Problem>,
    /// Keys that could not be read, or are missing: what follows from that is no problem of its own.
    pub wrong: Vec<Path>,
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
        if self.wrong.contains(path) {
            return;
        }
        if self.problems.len() >= MOST {
            return self.add_more(severity);
        }
        let (message, help) = (message.into(), help.into());
        let mut problem = Problem { severity, code, path: path.to_string(), place: None, message, help };
        if let Some(outside) = self.outside.iter().find(|outside| outside.is_at(path)) {
            problem.path.clone_from(&outside.name);
            problem.message = format!("{}: {}", outside.name, problem.message);
            problem.help = Some(outside.remedy());
        } else {
            problem.place = find(self.sources, path, part);
        }
        self.problems.push(problem);
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

/// Reads a table, and reports everything that is wrong with it. What is wrong is stood in for by `stand_ins`, or left
/// out, so that what comes after is checked all the same: the board is not used, but all its problems come in one
/// run. `None` when a needed key without a stand-in is missing, or when this is no table.
pub(super) fn table<T: DeserializeOwned + JsonSchema>(
    value: Value,
    stand_ins: &Value,
    path: &Path,
    report: &mut Report<'_>,
) -> Option<T> {
    read_all(value, stand_ins, path, report, |value| serde_path_to_error::deserialize(value)).0
}

/// The same for a reader that is known only by its function, whose keys nothing stands in for.
pub(super) fn with<T>(
    value: Value,
    path: &Path,
    report: &mut Report<'_>,
    read: impl Fn(&Value) -> Read<T>,
) -> Option<T> {
    let (read, is_right) = read_all(value, &Value::Null, path, report, read);
    read.filter(|_| is_right)
}

type Read<T> = Result<T, serde_path_to_error::Error<serde_json::Error>>;

/// What could be read, and whether it is all that was written.
fn read_all<T>(
    value: Value,
    stand_ins: &Value,
    path: &Path,
    report: &mut Report<'_>,
    read: impl Fn(&Value) -> Read<T>,
) -> (Option<T>, bool) {
    let mut attempt = Attempt { value, list: None, taken: Vec::new() };
    // Each round reports one problem and takes what has it away, so that the next shows.
    for _ in 0..2 * MOST {
        match read(&attempt.value) {
            Ok(read) if attempt.list.is_none() => return (Some(read), attempt.taken.is_empty()),
            Ok(_) => attempt.close_list(path, report),
            Err(error) => {
                if attempt.take(&error, stand_ins, path, report).is_none() {
                    break;
                }
            }
        }
    }
    (None, false)
}

/// A table of which what is wrong is taken away, problem by problem.
#[derive(Debug)]
struct Attempt {
    value: Value,
    /// The list whose items are tried one after the other, and how many are gone from its begin.
    list: Option<(Path, usize)>,
    /// What has been taken away, from the table on.
    taken: Vec<Path>,
}

impl Attempt {
    /// Reports a problem and takes away what has it. `None` when nothing is left to be read.
    fn take(
        &mut self,
        error: &serde_path_to_error::Error<serde_json::Error>,
        stand_ins: &Value,
        path: &Path,
        report: &mut Report<'_>,
    ) -> Option<()> {
        let message = error.inner().to_string();
        let at = Path::default().join(error.path());
        let gone = match &self.list {
            Some((list, gone)) if at.is_below(list) => *gone,
            Some(_) => {
                self.close_list(path, report);
                return Some(());
            }
            None => 0,
        };
        if let Some(field) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            return self.stand_in(&at, field, stand_ins, path, report);
        }
        let at = at.with_key_of(&message);
        // What is left of a table without its wrong key may be no table of its kind: nothing new.
        if !self.taken.iter().any(|taken| taken.is_below(&at)) {
            explain(&path.and(&at.shifted(gone)), at.value(&self.value), &message, report);
        }
        self.remove(&at, path, report)
    }

    /// Puts the stand-in of a missing key into the table, which is taken away itself where there is none.
    fn stand_in(
        &mut self,
        table: &Path,
        field: &str,
        stand_ins: &Value,
        path: &Path,
        report: &mut Report<'_>,
    ) -> Option<()> {
        let place = table.key(field);
        // A key that was taken away for its own problem is not missing, too.
        if !self.taken.contains(&place) {
            let help = format!("add {field} = ... to this table");
            let message = format!("the key '{field}' is missing");
            let gone = self.list.as_ref().map_or(0, |(_, gone)| *gone);
            let at = path.and(&table.shifted(gone));
            report.add(Severity::Error, "missing-key", &at, Part::Key, message, help);
            report.wrong.push(at.key(field));
            self.taken.push(place);
        }
        match stand_ins.get(field).filter(|_| table.0.is_empty()) {
            Some(stand_in) => {
                self.value.as_object_mut()?.insert(field.to_owned(), stand_in.clone());
                Some(())
            }
            None => self.remove(table, path, report),
        }
    }

    /// Takes away a key, or the items of a list up to the one that is wrong.
    fn remove(&mut self, at: &Path, path: &Path, report: &mut Report<'_>) -> Option<()> {
        let item = at.0.iter().position(|step| matches!(step, Step::Index(_)));
        if let Some((place, Step::Index(index))) = item.and_then(|place| Some((place, at.0.get(place)?))) {
            let list = Path(at.0.get(..place)?.to_vec());
            list.value_mut(&mut self.value)?.as_array_mut()?.drain(..=*index);
            let gone = self.list.as_ref().map_or(0, |(_, gone)| *gone);
            self.list = Some((list, gone + index + 1));
            return Some(());
        }
        let (Step::Key(last), above) = at.0.split_last()? else { return None };
        Path(above.to_vec()).value_mut(&mut self.value)?.as_object_mut()?.remove(last)?;
        report.wrong.push(path.and(at));
        self.taken.push(at.clone());
        Some(())
    }

    /// All items of the list have been tried: without those that are wrong it would be another list.
    fn close_list(&mut self, path: &Path, report: &mut Report<'_>) {
        if let Some((list, _)) = self.list.take() {
            // What is not there any more need not be taken away.
            let _gone = self.remove(&list, path, report);
        }
    }
}
