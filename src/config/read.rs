//! Reads one table into one type, and reports everything that is wrong with it, not only the first.

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::explain::explain;
use super::locations::{Part, Path, Step};
use super::problem::Severity;
use super::report::{MOST, Report};

/// The keys of an object schema.
pub(super) fn keys(schema: &Schema) -> Vec<String> {
    schema
        .get("properties")
        .and_then(Value::as_object)
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}

/// The entries of a table, of which one schema after the other takes its own.
#[derive(Debug)]
pub(super) struct Entries {
    left: Map<String, Value>,
    known: Vec<String>,
}

impl Entries {
    pub(super) fn new(table: &Map<String, Value>) -> Self {
        Self { left: table.clone(), known: Vec::new() }
    }

    /// Takes the entries whose keys a schema has.
    pub(super) fn take(&mut self, schema: &Schema) -> Value {
        let own = keys(schema);
        let taken: Map<String, Value> = own.iter().filter_map(|key| self.left.remove_entry(key)).collect();
        self.known.extend(own);
        Value::Object(taken)
    }

    /// Reports every entry that no schema has taken.
    pub(super) fn report_unknown(&self, path: &Path, report: &mut Report<'_>) {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        for key in self.left.keys() {
            report.unknown_key(path, key, &known);
        }
    }
}

/// Reads a table, and reports everything that is wrong with it. A value that is wrong is replaced by one of
/// `stand_ins`, or left out, so that the rest is checked too: the board is not used, but all its problems are reported in
/// one run. `None` when a needed key without a stand-in is missing, or when this is not a table.
pub(super) fn table<T: DeserializeOwned + JsonSchema>(
    value: Value,
    stand_ins: &Value,
    path: &Path,
    report: &mut Report<'_>,
) -> Option<T> {
    read_all(value, stand_ins, path, report, |value| serde_path_to_error::deserialize(value)).0
}

/// The same for a table that only the function `read` can read; without stand-ins.
pub(super) fn read_with<T>(
    value: Value,
    path: &Path,
    report: &mut Report<'_>,
    read: impl FnMut(&Value) -> Read<T>,
) -> Option<T> {
    let (read, is_right) = read_all(value, &Value::Null, path, report, read);
    read.filter(|_| is_right)
}

/// The same, but what is right of the table is read even where the rest is wrong.
pub(super) fn readable<T>(
    value: Value,
    path: &Path,
    report: &mut Report<'_>,
    read: impl FnMut(&Value) -> Read<T>,
) -> Option<T> {
    read_all(value, &Value::Null, path, report, read).0
}

type Read<T> = Result<T, serde_path_to_error::Error<serde_json::Error>>;

/// What could be read, and whether that is all of it.
fn read_all<T>(
    value: Value,
    stand_ins: &Value,
    path: &Path,
    report: &mut Report<'_>,
    mut read: impl FnMut(&Value) -> Read<T>,
) -> (Option<T>, bool) {
    let mut attempt = Attempt { value, list: None, taken: Vec::new() };
    // Each round reports one problem and removes the value that has it, so that the next one shows.
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

/// A table that loses its wrong values, problem by problem.
#[derive(Debug)]
struct Attempt {
    value: Value,
    /// The list whose items are tried one after the other, and how many have been removed from its start.
    list: Option<(Path, usize)>,
    /// The paths within the table that have been removed.
    taken: Vec<Path>,
}

impl Attempt {
    /// Reports a problem and removes the value that has it. `None` when nothing is left to read.
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
        // A table that has lost a wrong key may not be readable without it: that is no new problem.
        if !self.taken.iter().any(|taken| taken.is_below(&at)) {
            explain(&path.and(&at.shifted(gone)), at.value(&self.value), &message, report);
        }
        self.remove(&at, path, report)
    }

    /// Puts the stand-in of a missing key into the table. Where there is none, the table itself is removed.
    fn stand_in(
        &mut self,
        table: &Path,
        field: &str,
        stand_ins: &Value,
        path: &Path,
        report: &mut Report<'_>,
    ) -> Option<()> {
        let missing = table.key(field);
        // A key that was removed for its own problem is not missing.
        if !self.taken.contains(&missing) {
            let help = format!("add {field} = ... to this table");
            let message = format!("the key '{field}' is missing");
            let gone = self.list.as_ref().map_or(0, |(_, gone)| *gone);
            let at = path.and(&table.shifted(gone));
            report.add(Severity::Error, "missing-key", &at, Part::Key, message, help);
            report.wrong.push(at.key(field));
            self.taken.push(missing);
        }
        match stand_ins.get(field).filter(|_| table.0.is_empty()) {
            Some(stand_in) => {
                self.value.as_object_mut()?.insert(field.to_owned(), stand_in.clone());
                Some(())
            }
            None => self.remove(table, path, report),
        }
    }

    /// Removes a key, or the items of a list up to the one that is wrong.
    fn remove(&mut self, at: &Path, path: &Path, report: &mut Report<'_>) -> Option<()> {
        let item = at.0.iter().position(|step| matches!(step, Step::Index(_)));
        if let Some((length, Step::Index(index))) = item.and_then(|length| Some((length, at.0.get(length)?))) {
            let list = Path(at.0.get(..length)?.to_vec());
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

    /// All items of the list have been tried: the list is removed, because without its wrong items it is another list.
    fn close_list(&mut self, path: &Path, report: &mut Report<'_>) {
        if let Some((list, _)) = self.list.take() {
            // It may have been removed already.
            let _gone = self.remove(&list, path, report);
        }
    }
}

/// A whole number within limits, both included.
pub(super) fn within<N: Copy + Into<u64>>(
    key: &str,
    value: Option<N>,
    (least, most): (u64, u64),
    path: &Path,
    report: &mut Report<'_>,
) -> Option<N> {
    let number: u64 = value?.into();
    if (least..=most).contains(&number) {
        return value;
    }
    let message = format!("{key} = {number} is not from {least} to {most}");
    report.error("out-of-range", &path.key(key), message, format!("write a number from {least} to {most}"));
    None
}
