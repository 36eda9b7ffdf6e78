//! A JSON object a line. The keys are those of Bunyan, pino, winston, zap, logrus, slog, Serilog, Logback, the Elastic
//! Common Schema and journald.

use serde_json::{Map, Value};

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;

const MESSAGE: [&str; 8] = ["msg", "message", "short_message", "MESSAGE", "@m", "log", "text", "event"];
const LEVEL: [&str; 6] = ["level", "severity", "log.level", "@l", "lvl", "loglevel"];
const TIME: [&str; 8] = ["time", "ts", "timestamp", "@timestamp", "@t", "date", "datetime", "eventTime"];
/// What journald says beside the message, and the names of its fields.
const JOURNAL: [(&str, &str); 2] = [("_SYSTEMD_UNIT", "unit"), ("_PID", "pid")];
const CATEGORY: [&str; 8] =
    ["logger", "logger_name", "category", "name", "SourceContext", "log.logger", "component", "SYSLOG_IDENTIFIER"];

pub(super) fn parse(line: &str, clock: Clock<'_>) -> Option<Parsed> {
    let Value::Object(mut object) = serde_json::from_str(line).ok()? else { return None };
    unfold(&mut object);
    if let Some(parsed) = of_mongo(&mut object, clock) {
        return Some(parsed);
    }
    let time = take(&mut object, &TIME).and_then(|value| match value {
        Value::Number(number) => Clock::number(number.as_f64()?),
        Value::String(text) => clock.text(&text),
        _ => None,
    });
    // The realtime stamp of journald is in microseconds; its priority is that of syslog.
    let journal = take(&mut object, &["__REALTIME_TIMESTAMP"]).and_then(|value| clock.text(value.as_str()?));
    let priority = take(&mut object, &["PRIORITY"]).and_then(|value| value.as_str()?.parse().ok());
    let level = take(&mut object, &LEVEL).and_then(|value| match value {
        Value::Number(number) => Level::of_number(number.as_f64()?),
        Value::String(word) => Level::of_word(&word).or_else(|| Level::of_number(word.parse().ok()?)),
        _ => None,
    });
    let category = take(&mut object, &CATEGORY).map(|value| text(&value)).unwrap_or_default();
    let message = take(&mut object, &MESSAGE).map(|value| text(&value));
    // What journald knows of a line begins with an underscore: two of that say something.
    let journald = JOURNAL.iter().filter_map(|(key, name)| Some(((*name).to_owned(), text(object.get(*key)?))));
    let own = object.iter().filter(|(key, _)| !key.starts_with('_')).map(|(key, value)| (key.clone(), text(value)));
    let fields: Vec<(String, String)> = journald.chain(own).collect();
    let message = message.unwrap_or_else(|| {
        let words = fields.iter().map(|(key, value)| format!("{key}={value}"));
        words.collect::<Vec<_>>().join(" ")
    });
    Some(Parsed { at: time.or(journal), level: level.or(priority.map(Level::of_severity)), category, message, fields })
}

fn take(object: &mut Map<String, Value>, keys: &[&str]) -> Option<Value> {
    keys.iter().find_map(|key| object.remove(*key))
}

/// `{"t":{"$date":"..."},"s":"E","c":"NETWORK","msg":"...","attr":{...}}` of `MongoDB`.
fn of_mongo(object: &mut Map<String, Value>, clock: Clock<'_>) -> Option<Parsed> {
    let at = clock.text(object.get("t")?.get("$date")?.as_str()?)?;
    let mut said = |key: &str| object.remove(key).map(|value| text(&value)).unwrap_or_default();
    let (level, category, message) = (Level::of_letter(&said("s")), said("c"), said("msg"));
    let fields = object.iter().filter(|(key, _)| *key != "t").map(|(key, value)| (key.clone(), text(value))).collect();
    Some(Parsed { at: Some(at), level, category, message, fields })
}

/// The Elastic Common Schema may write `"log": {"level": "error", "logger": "shop"}`.
fn unfold(object: &mut Map<String, Value>) {
    if object.get("log").is_some_and(Value::is_object)
        && let Some(Value::Object(inner)) = object.remove("log")
    {
        object.extend(inner);
    }
}

/// A text as it is, also where journald writes its bytes; anything else as JSON.
fn text(value: &Value) -> String {
    let byte = |item: &Value| u8::try_from(item.as_u64()?).ok();
    let bytes = value.as_array().filter(|items| !items.is_empty()).and_then(|items| items.iter().map(byte).collect());
    if let Some(bytes) = bytes.map(|bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned()) {
        return bytes;
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
