//! A JSON object a line. The keys are those of Bunyan, pino, winston, zap, logrus, slog, Serilog, Logback, the Elastic
//! Common Schema and journald.

use serde_json::{Map, Value};

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;

const MESSAGE: [&str; 7] = ["msg", "message", "MESSAGE", "@m", "log", "text", "event"];
const LEVEL: [&str; 6] = ["level", "severity", "log.level", "@l", "lvl", "loglevel"];
const TIME: [&str; 8] = ["time", "ts", "timestamp", "@timestamp", "@t", "date", "datetime", "eventTime"];
const CATEGORY: [&str; 8] =
    ["logger", "logger_name", "category", "name", "SourceContext", "log.logger", "component", "SYSLOG_IDENTIFIER"];

pub(super) fn parse(line: &str, clock: Clock<'_>) -> Option<Parsed> {
    let Value::Object(mut object) = serde_json::from_str(line).ok()? else { return None };
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
    let fields: Vec<(String, String)> =
        object.iter().filter(|(key, _)| !key.starts_with('_')).map(|(key, value)| (key.clone(), text(value))).collect();
    let message = message.unwrap_or_else(|| {
        let words = fields.iter().map(|(key, value)| format!("{key}={value}"));
        words.collect::<Vec<_>>().join(" ")
    });
    Some(Parsed { at: time.or(journal), level: level.or(priority.map(Level::of_severity)), category, message, fields })
}

fn take(object: &mut Map<String, Value>, keys: &[&str]) -> Option<Value> {
    keys.iter().find_map(|key| object.remove(*key))
}

/// A text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
