//! What a source of logs has read: what its listener and its polls share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::files::{Files, Readable};
use super::keys::Config;
use super::measuring::Measuring;
use super::merge::{Arrived, Merge, Written};
use crate::model::fault::FetchError;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::source::log_buffer::LogBuffer;
use crate::source::received::{FirstNews, Received};
use crate::source::zone;

/// Most bytes of streams that wait to be read.
const MAX_WAITING: usize = 4 * 1024 * 1024;

/// Shared by the listener, which reads and writes, and the polls. Who locks several locks them in this order.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Locked for as long as reading takes, on a disk that hangs for long.
    reader: Mutex<Option<Reader>>,
    streams: Mutex<Streams>,
    known: Mutex<Known>,
    came: FirstNews,
}

/// What has come of streams, and waits to be read.
#[derive(Debug, Default)]
struct Streams {
    pieces: Vec<Piece>,
    bytes: usize,
    /// How many streams there are; how many have ended, and why.
    count: usize,
    ended: Option<(usize, FetchError)>,
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
    pub(super) trouble: Option<SafeText>,
    /// Whether everything was looked at once.
    has_begun: bool,
}

/// What has come of a stream, by its number; streams are numbered behind all files.
pub(super) type Piece = (u64, Vec<Vec<u8>>);

impl Collected {
    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what has come of streams.
    pub(super) fn take(&self, pieces: impl IntoIterator<Item = Piece>) {
        let mut streams = self.streams();
        for piece in pieces {
            streams.bytes += piece.1.iter().map(Vec::len).sum::<usize>();
            streams.pieces.push(piece);
        }
    }

    /// Whether more of streams may come: while a disk hangs, the programs that write them wait.
    pub(super) fn has_room(&self) -> bool {
        self.streams().bytes < MAX_WAITING
    }

    /// How many streams there are; how many have ended, and why the first of them.
    pub(super) fn streams_are(&self, (count, ended): (usize, Option<(usize, FetchError)>)) {
        let mut streams = self.streams();
        (streams.count, streams.ended) = (count, ended);
    }

    /// Reads what has come, may block; whether polls have something new to read, and whether lines still wait. An error
    /// where nothing at all can be read.
    pub(super) fn read(&self, config: &Config, now: Timestamp) -> Result<Read, FetchError> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let Reader { files, merge, rules } = reader.get_or_insert_with(|| Reader::new(config, now));
        let Streams { pieces, count, ended, .. } = {
            let mut streams = self.streams();
            let (count, ended) = (streams.count, streams.ended.clone());
            std::mem::replace(&mut *streams, Streams { count, ended, ..Streams::default() })
        };
        for (origin, lines) in &pieces {
            for line in lines {
                merge.take(*origin, line, Written::Unknown, now);
            }
        }
        let is_in_part = config.files.is_empty() || count > 0;
        let mut absorb = |merge: &mut Merge| {
            let ready = merge.ready(now);
            self.absorb(ready, rules, is_in_part, now)
        };
        let mut is_new = false;
        let of_files = files.read(now, |origin, line, was_there| {
            merge.take(origin, line, if was_there { Written::Before } else { Written::Now }, now);
            if merge.is_full() {
                is_new |= absorb(merge);
            }
        });
        is_new |= absorb(merge);
        let readable = readable(of_files, !config.files.is_empty(), (count, ended));
        let mut known = self.known();
        is_new |= !std::mem::replace(&mut known.has_begun, true);
        let trouble = match &readable {
            Ok(Readable::Some(why)) => Some(why.detail.clone()),
            Ok(Readable::All) | Err(_) => None,
        };
        is_new |= known.trouble != trouble;
        known.trouble = trouble;
        if readable.is_ok() {
            is_new |= rules.measure(&mut known.measured, now);
            known.unmatched = rules.unmatched();
        } else {
            // While nothing can be read nobody knows how many there are.
            rules.interrupt(now);
        }
        drop(known);
        self.came.came();
        readable.map(|_| Read { is_new, is_waiting: merge.is_waiting() })
    }

    /// Lines that are ready run through the rules, and are known from now on; whether there were any. Without files, or beside
    /// streams, the past is not known whole, and not measured.
    fn absorb(&self, ready: Vec<Arrived>, rules: &mut Measuring, is_in_part: bool, now: Timestamp) -> bool {
        if ready.is_empty() {
            return false;
        }
        let mut past = Received::default();
        if is_in_part {
            rules.leave_past();
        } else {
            rules.measure_past(&ready, &mut past, now);
        }
        for one in ready.iter().filter(|one| !one.was_there) {
            rules.take(&one.line);
        }
        let mut known = self.known();
        if past.number() > 0 {
            known.measured = past;
        }
        for one in ready {
            known.lines.push(one.line);
        }
        true
    }

    /// Waits a little until everything was looked at once.
    pub(super) async fn first(&self, deadline: Instant) {
        self.came.wait(deadline, || self.known().has_begun).await;
    }
}

impl Reader {
    fn new(config: &Config, now: Timestamp) -> Self {
        let merge = Merge::new(config.parser(), config.category.clone(), zone::of_this_machine(), now);
        Self { files: Files::new(&config.files), merge, rules: Measuring::new(config, now) }
    }
}

/// What can be read of files and streams together.
fn readable(
    files: Result<Readable, FetchError>,
    has_files: bool,
    (streams, ended): (usize, Option<(usize, FetchError)>),
) -> Result<Readable, FetchError> {
    let (has_file, of_files) = match files {
        Ok(Readable::All) => (has_files, None),
        Ok(Readable::Some(why)) => (true, Some(why)),
        Err(why) => (false, Some(why)),
    };
    let lives = ended.as_ref().map_or(0, |(count, _)| *count) < streams;
    match of_files.or_else(|| ended.map(|(_, why)| why)) {
        None => Ok(Readable::All),
        Some(why) if has_file || lives => Ok(Readable::Some(why)),
        Some(why) => Err(why),
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
