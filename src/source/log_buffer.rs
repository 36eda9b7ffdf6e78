//! The last lines that a source has read or was sent: what its polls read.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::log::{LogLine, MAX_BYTES, MAX_LINES, NUMBERS_OF_A_RUN};

/// The last lines, each with its number.
#[derive(Debug)]
pub(super) struct LogBuffer {
    lines: VecDeque<Arc<LogLine>>,
    bytes: usize,
    number: u64,
}

impl Default for LogBuffer {
    fn default() -> Self {
        // Those of the run 0 are remembered from before.
        static BUFFERS: AtomicU64 = AtomicU64::new(1);
        let number = BUFFERS.fetch_add(1, Ordering::Relaxed) * NUMBERS_OF_A_RUN;
        Self { lines: VecDeque::new(), bytes: 0, number }
    }
}

impl LogBuffer {
    /// Whether nothing has come yet.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn push(&mut self, line: LogLine) {
        self.number += 1;
        self.bytes += line.bytes();
        self.lines.push_back(Arc::new(LogLine { number: self.number, ..line }));
        while self.lines.len() > MAX_LINES || self.bytes > MAX_BYTES {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
    }

    /// The number of the newest line.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The lines that have come after the one of a number.
    pub(super) fn since(&self, number: u64) -> Vec<Arc<LogLine>> {
        let first = self.lines.partition_point(|line| line.number <= number);
        self.lines.range(first..).cloned().collect()
    }
}
