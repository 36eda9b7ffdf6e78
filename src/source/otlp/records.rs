//! Log records to lines of logs.

use super::attributes::{AnyValue, KeyValue, Resource};
use super::log_messages::{LogRecord, Logs};
use crate::model::log::{Level, LogLine};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Most fields kept of a line.
const MAX_FIELDS: usize = 50;
/// Attributes that name the part of the program that wrote it, the first that there is counts.
const CATEGORY: [&str; 3] = ["category", "logger", "log.logger"];

/// The lines of all records of a request.
pub(super) fn lines(request: &Logs, now: Timestamp) -> impl Iterator<Item = LogLine> {
    request.resource_logs.iter().flat_map(move |of| {
        let service = attribute(of.resource.as_ref(), "service.name");
        of.scope_logs.iter().flat_map(move |scope| {
            let service = service.clone();
            let name = scope.scope.as_ref().map_or("", |scope| scope.name.as_str());
            scope.log_records.iter().map(move |record| line(record, &service, name, now))
        })
    })
}

fn attribute(resource: Option<&Resource>, key: &str) -> String {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    attributes.iter().find(|one| one.key == key).map(KeyValue::text).unwrap_or_default()
}

fn line(record: &LogRecord, service: &str, scope: &str, now: Timestamp) -> LogLine {
    let nanos = if record.time_unix_nano > 0 { record.time_unix_nano } else { record.observed_time_unix_nano };
    let at = if nanos == 0 { now } else { Timestamp(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)).min(now) };
    let named =
        CATEGORY.iter().find_map(|key| record.attributes.iter().find(|one| one.key == *key)).map(KeyValue::text);
    let category = named
        .unwrap_or_else(|| [service, scope].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("."));
    let body = record.body.as_ref().map(AnyValue::text).unwrap_or_default();
    let (message, more) = body.split_once('\n').unwrap_or((&body, ""));
    let service = (!service.is_empty()).then(|| ("service", service.to_owned()));
    let fields = service.into_iter().chain(record.attributes.iter().map(|one| (one.key.as_str(), one.text())));
    LogLine {
        number: 0,
        at,
        level: level(record),
        category: SafeText::new(&category),
        message: SafeText::new(message),
        fields: fields.take(MAX_FIELDS).map(|(key, value)| (SafeText::new(key), SafeText::new(&value))).collect(),
        more: SafeText::lines(more, 100),
    }
}

/// The severity: 1 to 8 are trace and debug, 9 to 12 info, 13 to 16 warn, 17 to 20 error, 21 to 24 fatal.
fn level(record: &LogRecord) -> Option<Level> {
    Some(match record.severity_number {
        1..=8 => Level::Debug,
        9..=12 => Level::Info,
        13..=16 => Level::Warn,
        17..=20 => Level::Error,
        21..=24 => Level::Fatal,
        _ => return Level::of_word(&record.severity_text),
    })
}

#[cfg(test)]
mod tests {
    use super::super::attributes::Scope;
    use super::super::log_messages::{ResourceLogs, ScopeLogs};
    use super::*;

    #[test]
    fn a_record_is_a_line() {
        let text = |text: &str| Some(AnyValue { string_value: Some(text.to_owned()), ..AnyValue::default() });
        let pair = |key: &str, value: &str| KeyValue { key: key.to_owned(), value: text(value) };
        let record = LogRecord {
            time_unix_nano: 1_795_262_400_000_000_000,
            severity_number: 17,
            body: text("refused\nat Pay.java:7"),
            attributes: vec![pair("user", "ann")],
            ..LogRecord::default()
        };
        let by_word = LogRecord {
            severity_text: "Warning".to_owned(),
            attributes: vec![pair("logger", "a.b")],
            ..LogRecord::default()
        };
        let scope = Some(Scope { name: "pay".to_owned(), ..Scope::default() });
        let scope_logs = vec![ScopeLogs { scope, log_records: vec![record, by_word] }];
        let resource = Some(Resource { attributes: vec![pair("service.name", "shop")] });
        let request = Logs { resource_logs: vec![ResourceLogs { resource, scope_logs }] };
        let now = Timestamp(1_795_262_500_000);
        let all: Vec<LogLine> = lines(&request, now).collect();
        assert_eq!(all.len(), 2);
        assert_eq!(
            (all[0].at, all[0].level, all[0].category.as_str()),
            (Timestamp(1_795_262_400_000), Some(Level::Error), "shop.pay")
        );
        assert_eq!((all[0].message.as_str(), all[0].more.len(), all[0].field("user")), ("refused", 1, Some("ann")));
        assert_eq!((all[1].at, all[1].level, all[1].category.as_str()), (now, Some(Level::Warn), "a.b"));
    }
}
