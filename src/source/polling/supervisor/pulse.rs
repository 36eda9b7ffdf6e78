//! Who keeps asking a source that is out, and how the others hear that it is back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// What all polls of one source share: who keeps asking while it is out, and that it is back.
///
/// While a source does not answer, its polls back off, all but one: the sentinel asks at the usual pace
/// and wakes the others when it gets an answer. So an outage costs one request an interval, and its end
/// is seen within one. A poll that fails while its siblings get answers (a query that is too slow) is
/// no sentinel: it backs off like any other failure.
#[derive(Debug)]
pub struct Pulse {
    /// 0, or the sentinel's id plus one.
    sentinel: AtomicU64,
    answers: AtomicU64,
    back: watch::Sender<u64>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { sentinel: AtomicU64::new(0), answers: AtomicU64::new(0), back: watch::Sender::new(0) }
    }
}

/// A poll's share in its source's pulse. A sentinel that goes (a reload took its panel away) is followed
/// by another.
#[derive(Debug)]
pub(super) struct Share {
    pulse: Arc<Pulse>,
    /// The poll's id plus one.
    me: u64,
}

impl Share {
    /// The share of the poll with this id.
    pub(super) fn new(pulse: &Arc<Pulse>, id: u64) -> Self {
        Self { pulse: Arc::clone(pulse), me: id + 1 }
    }

    /// Changes when the source is back, or needs another sentinel: then it is worth asking.
    pub(super) fn back(&self) -> watch::Receiver<u64> {
        self.pulse.back.subscribe()
    }

    /// How many polls of the source have been answered.
    pub(super) fn answers(&self) -> u64 {
        self.pulse.answers.load(Ordering::Acquire)
    }

    /// Whether this poll is the one that keeps asking; the role is free for the first that comes.
    pub(super) fn is_sentinel(&self) -> bool {
        match self.pulse.sentinel.compare_exchange(0, self.me, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(holder) => holder == self.me,
        }
    }

    /// This poll was answered: the source is back, whoever was its sentinel, and the others are woken.
    pub(super) fn answered(&self) {
        self.pulse.answers.fetch_add(1, Ordering::AcqRel);
        if self.pulse.sentinel.swap(0, Ordering::AcqRel) != 0 {
            self.wake();
        }
    }

    /// If this poll is the sentinel, it is so no longer: it does not keep asking any more.
    pub(super) fn resign(&self) {
        if self.pulse.sentinel.compare_exchange(self.me, 0, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.wake();
        }
    }

    fn wake(&self) {
        self.pulse.back.send_modify(|count| *count += 1);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.resign();
    }
}
