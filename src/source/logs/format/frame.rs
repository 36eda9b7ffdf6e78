//! What container runtimes put around the lines of programs.

use super::time::Clock;
use crate::model::time::Timestamp;

/// A line without its frame, and when it was written: of Docker's `json-file`, and of the runtimes of Kubernetes (CRI). None
/// where there is no frame.
pub(super) fn inner(line: &str, clock: Clock<'_>) -> Option<(String, Option<Timestamp>)> {
    if line.starts_with('{') {
        return of_docker(line, clock);
    }
    // `2026-11-30T14:03:20.1Z stdout F ...`
    let mut parts = line.splitn(4, ' ');
    let (time, stream, tag) = (parts.next()?, parts.next()?, parts.next()?);
    let is_framed = ["stdout", "stderr"].contains(&stream) && ["F", "P"].contains(&tag);
    parts.next().filter(|_| is_framed).map(|inner| (inner.to_owned(), clock.text(time)))
}

/// `{"log":"...\n","stream":"stdout","time":"..."}`
fn of_docker(line: &str, clock: Clock<'_>) -> Option<(String, Option<Timestamp>)> {
    if !line.starts_with("{\"log\":\"") || !line.contains("\"stream\":\"std") {
        return None;
    }
    let object: serde_json::Value = serde_json::from_str(line).ok()?;
    let written = object.get("time").and_then(|time| clock.text(time.as_str()?));
    Some((object.get("log")?.as_str()?.trim_end().to_owned(), written))
}
