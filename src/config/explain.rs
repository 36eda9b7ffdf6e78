//! What serde says of a value, in the words of the file.

use serde_json::Value;

use super::nearest::suggestion;
use super::places::{Part, Path, Step};
use super::problem::Severity;
use super::read::Report;

/// Serde's messages hold values, and values may be secrets: only what was expected is taken from them.
pub(super) fn explain(at: &Path, found: Option<&Value>, message: &str, report: &mut Report<'_>) {
    let quoted = |text: &str| text.split('`').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("unknown field") {
        let key = quoted(message);
        let known: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let help = suggestion(&key, &known);
        report.add(Severity::Error, "unknown-key", at, Part::Key, format!("unknown key '{key}'"), help);
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
    let is_item = at.0.last() != Some(&Step::Key(key.to_owned()));
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
