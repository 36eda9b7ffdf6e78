//! Lines of logs.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{AnswerKind, Count};
use super::text::SafeText;
use super::time::Timestamp;

/// Most lines kept of one source.
pub const MAX_LINES: usize = 10_000;
/// Most room that the lines of one source take, in bytes.
pub const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Numbers that one run of a source has for its lines; those of the next one are greater, so that a source that was made
/// anew is not taken for one that has nothing new.
pub const NUMBERS_OF_A_RUN: u64 = 1 << 40;

/// How bad a line is (The DevOps Handbook, chapter 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For whoever looks for a fault.
    #[default]
    Debug,
    /// What was done.
    Info,
    /// What may become an error.
    Warn,
    /// What failed.
    Error,
    /// What ended it.
    Fatal,
}

impl Level {
    /// The word shown to people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// The level of a word of any of the usual logging libraries.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "trace" | "trc" | "trce" | "debug" | "dbg" | "dbug" | "verbose" | "fine" | "finer" | "finest" => {
                Self::Debug
            }
            "info" | "information" | "informational" | "notice" | "inf" | "log" => Self::Info,
            "warn" | "warning" | "wrn" => Self::Warn,
            "error" | "err" | "eror" | "fail" | "severe" => Self::Error,
            "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" | "panic" | "pnc" | "ftl" => Self::Fatal,
            _ => return None,
        })
    }

    /// The level of a letter, as `MongoDB` writes it.
    pub fn of_letter(word: &str) -> Option<Self> {
        Some(match word {
            "D" => Self::Debug,
            "I" => Self::Info,
            "W" => Self::Warn,
            "E" => Self::Error,
            "F" => Self::Fatal,
            _ => return None,
        })
    }

    /// The level of a number: of Bunyan and pino 30 is info, 50 error; of syslog and GELF 3 is error, 6 info.
    pub fn of_number(number: f64) -> Option<Self> {
        Some(match number {
            number if !(0.0..=100.0).contains(&number) => return None,
            // Below those of Bunyan, which begin with 10, are severities of syslog, as GELF has them.
            number if number < 8.0 => Self::of_severity(number as u8),
            number if number < 30.0 => Self::Debug,
            number if number < 40.0 => Self::Info,
            number if number < 50.0 => Self::Warn,
            number if number < 60.0 => Self::Error,
            _ => Self::Fatal,
        })
    }

    /// The level of a severity of syslog (RFC 5424): 0 emergency to 7 debug.
    pub const fn of_severity(severity: u8) -> Self {
        match severity {
            0..=2 => Self::Fatal,
            3 => Self::Error,
            4 => Self::Warn,
            5 | 6 => Self::Info,
            _ => Self::Debug,
        }
    }
}

/// A line, with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogLine {
    /// Counts the lines of its source.
    pub number: u64,
    /// When it was written, as it says; else when it was read.
    pub at: Timestamp,
    /// How bad it is, where it says so.
    pub level: Option<Level>,
    /// What part of the program wrote it: "shop.checkout.payment"; may be empty.
    pub category: SafeText,
    /// What it says.
    pub message: SafeText,
    /// What else it says, by name.
    pub fields: Vec<(SafeText, SafeText)>,
    /// The lines below it that belong to it, such as a stack trace.
    pub more: Vec<SafeText>,
}

impl LogLine {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key.as_str() == name).map(|(_, value)| value.as_str())
    }

    /// Whether its category is another one, or below it.
    pub fn is_within(&self, above: &str) -> bool {
        let rest = self.category.as_str().strip_prefix(above);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', ':', '/']))
    }

    /// The room that it takes in memory, about, in bytes.
    pub fn bytes(&self) -> usize {
        let texts = [&self.category, &self.message].into_iter().chain(&self.more);
        let fields = self.fields.iter().flat_map(|(key, value)| [key, value]);
        size_of::<Self>() + texts.chain(fields).map(|text| size_of::<SafeText>() + text.as_str().len()).sum::<usize>()
    }
}

/// A line that is shown, and what its message has in common with others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogEntry<'a> {
    /// The line.
    pub line: &'a Arc<LogLine>,
    /// Its pattern: "order <*> taken".
    pub pattern: &'a str,
}

/// Lines that an answer adds to those before it, in the order they were written.
pub type LogLines = Vec<Arc<LogLine>>;

impl AnswerKind for LogLines {
    fn counts(&self) -> Vec<Count> {
        vec![Count { what: "lines", is: self.len(), most: MAX_LINES }]
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}
