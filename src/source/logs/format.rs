//! One line of a log, in any of the usual formats: what it says, of what level, when, and which part wrote it.
//!
//! ```text
//! {"level":50,"time":1795262400000,"msg":"timed out","name":"shop.checkout"}    JSON: Bunyan, pino, zap, logrus, ...
//! level=error ts=2026-11-30T14:03:20Z logger=shop.mail msg="timed out" took=3   logfmt
//! 10.0.0.1 - - [30/Nov/2026:14:03:20 +0000] "GET /pay HTTP/1.1" 502 12          common and combined access logs
//! <11>1 2026-11-30T14:03:20Z web checkout 42 - - timed out                      syslog, RFC 5424 and 3164
//! 2026-11-30 14:03:20,123 ERROR [main] com.acme.Shop - timed out                what most others write
//! ```

mod access;
mod frame;
mod json;
mod logfmt;
mod parsed;
mod plain;
mod regular;
mod syslog;
mod time;

use jiff::tz::TimeZone;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::time::Timestamp;
pub use parsed::Parsed;
pub(super) use regular::regular;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Each line by its looks.
    #[default]
    Auto,
    /// A JSON object a line.
    Json,
    /// `key=value key="another value"`
    Logfmt,
    /// Common and combined access logs of web servers.
    Access,
    /// RFC 5424 and RFC 3164.
    Syslog,
    /// A time, a level and a category where they are seen, and the rest.
    Plain,
}

/// What reads lines.
#[derive(Debug, Clone, Default)]
pub struct Parser {
    format: Format,
    regex: Option<Regex>,
}

impl Parser {
    /// By a format, or by a regular expression with named groups. The error is a sentence.
    pub fn new(format: Format, regex: Option<&str>) -> Result<Self, String> {
        Ok(Self { format, regex: regex.map(regular::of_lines).transpose()? })
    }

    /// Reads a line; one that is not in the format that was named is a message as it stands. `now` and the zone complete
    /// times without a year or a zone.
    pub fn parse(&self, line: &str, now: Timestamp, zone: &TimeZone) -> Parsed {
        let clock = time::Clock { now, zone };
        if let Some((inner, at)) = frame::inner(line, clock) {
            let parsed = self.read(&inner, clock);
            return Parsed { at: parsed.at.or(at), ..parsed };
        }
        self.read(line, clock)
    }

    fn read(&self, line: &str, clock: time::Clock<'_>) -> Parsed {
        let read = match (&self.regex, self.format) {
            (Some(regex), _) => regular::parse(line, regex, clock),
            (None, Format::Json) => json::parse(line, clock),
            (None, Format::Logfmt) => logfmt::parse(line, clock),
            (None, Format::Access) => access::parse(line),
            (None, Format::Syslog) => syslog::parse(line, clock),
            (None, Format::Plain) => None,
            (None, Format::Auto) => guessed(line, clock),
        };
        read.unwrap_or_else(|| plain::parse(line, clock))
    }
}

/// By its looks, the format that is told apart best first.
fn guessed(line: &str, clock: time::Clock<'_>) -> Option<Parsed> {
    match line.trim_start().chars().next()? {
        '{' => json::parse(line, clock),
        '<' => syslog::parse(line, clock),
        _ => access::parse(line).or_else(|| syslog::parse(line, clock)).or_else(|| logfmt::parse(line, clock)),
    }
}

/// Whether a line belongs to the one before it: a stack trace, or what is indented below it.
pub fn continues(line: &str) -> bool {
    let word = line.trim_start();
    if word.len() < line.len() {
        // Some libraries write a level with blanks before it.
        return !plain::begins_with_level(word);
    }
    let is_frame = || {
        word.starts_with("at ")
            && (word.contains('(') || word.rsplit(':').next().is_some_and(|end| end.parse::<u32>().is_ok()))
    };
    let is_more = || word.strip_prefix("... ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    ["Caused by:", "Suppressed:", "Traceback (", "goroutine "].iter().any(|start| word.starts_with(start))
        || is_frame()
        || is_more()
}

#[cfg(test)]
mod cases;
