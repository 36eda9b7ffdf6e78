//! What a source of logs has read: what its listener and its polls share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::files::{Files, Readable};
use super::keys::Config;
use super::measuring::Measuring;
use super::merge::Merge;
use crate::model::fault::FetchError;
use crate::model::time::Timestamp;
use crate::source::log_buffer::LogBuffer;
use crate::source::received::Received;
use crate::source::zone;

/// Shared by the listener, which reads and writes, and the polls.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Locked for as long as reading takes, on a disk that hangs for long.
    reader: Mutex<Option<Reader>>,
    known: Mutex<Known>,
    came: Notify,
}

/// Where lines come from, and the rules that they run through.
#[derive(Debug)]
struct Reader {
    files: Files,
    merge: Merge,
    rules: Measuring,
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) lines: LogBuffer,
    /// What the rules have measured.
    pub(super) measured: Received,
    /// The rules that have never matched.
    pub(super) unmatched: Vec<String>,
    /// What cannot be read, though others can.
    pub(super) trouble: Option<String>,
    /// Whether everything was looked at once.
    has_begun: bool,
}

/// What has come of a stream, by its number; streams are numbered behind all files.
pub(super) type Piece = (u64, Vec<Vec<u8>>);

impl Collected {
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prepares for reading; what was read before, before a restart, goes on.
    pub(super) fn prepare(&self, config: &Config, now: Timestamp) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if reader.is_some() {
            return;
        }
        let rules = Measuring::new(config, now);
        self.known().unmatched = rules.unmatched();
        let merge = Merge::new(config.parser(), config.category.clone(), zone::of_this_machine());
        *reader = Some(Reader { files: Files::new(&config.files), merge, rules });
    }

    /// Reads what has come, may block; whether polls have something new to read, and whether lines still wait.
    pub(super) fn read(&self, streams: &[Piece], now: Timestamp) -> Result<Read, FetchError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Reader { files, merge, rules }) = reader.as_mut() else { return Ok(Read::default()) };
        for (origin, lines) in streams {
            for line in lines {
                merge.take(*origin, line, false, now);
            }
        }
        let readable = files.read(now, |origin, line, was_there| merge.take(origin, line, was_there, now));
        let ready = merge.ready(now);
        let mut known = self.known();
        let is_first = !std::mem::replace(&mut known.has_begun, readable.is_ok());
        let mut is_new = !ready.is_empty() || is_first;
        let is_past_new = rules.measure_past(&ready, &mut known.measured, now);
        for one in ready {
            if !one.was_there {
                rules.take(&one.line);
            }
            known.lines.push(one.line);
        }
        known.trouble = match &readable {
            Ok(Readable::Some(why)) => Some(why.clone()),
            Ok(Readable::All) | Err(_) => None,
        };
        // While nothing can be read nobody knows how many there are.
        if readable.is_ok() {
            is_new |= rules.measure(&mut known.measured, now) || is_past_new;
            known.unmatched = rules.unmatched();
        }
        drop(known);
        self.came.notify_waiters();
        readable.map(|_| Read { is_new, is_waiting: merge.is_waiting() })
    }

    /// Waits until everything was looked at once, but for a part of the time only.
    pub(super) async fn first(&self, deadline: Instant) {
        let patience = deadline.saturating_duration_since(Instant::now()) / 2;
        let came = self.came.notified();
        if !self.known().has_begun {
            let _nothing = timeout(patience, came).await;
        }
    }
}

/// What reading led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Read {
    /// Polls have something new to read.
    pub(super) is_new: bool,
    /// Lines wait for what belongs to them.
    pub(super) is_waiting: bool,
}
