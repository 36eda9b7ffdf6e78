//! What cumulative points are compared with: the last point of each stream.
//!
//! Source: OpenTelemetry, "Metrics Data Model", "Resets and Gaps" and "Cumulative Streams: handling unknown start time".

use std::collections::BTreeMap;

use super::exponential::Exponential;
use super::identity::Stream;
use crate::model::series::MAX_SERIES;
use crate::model::time::{Span, Timestamp};

/// Most streams: several processes may add to one series.
pub(super) const MAX_STREAMS: usize = 4 * MAX_SERIES;
/// Most numbers that are held of all of them; a histogram has as many as it has buckets.
const MAX_HELD: usize = 500_000;
/// A stream that nothing came of in so long is forgotten.
const FORGOTTEN: Span = Span::seconds(3600);

/// What cumulative points are compared with.
#[derive(Debug, Default)]
pub(super) struct Before {
    known: BTreeMap<Stream, Known>,
    /// How many numbers are held.
    held: usize,
    is_listening: bool,
    /// A stream that began at this moment or later, in nanoseconds, began with nothing: somebody has listened since, and
    /// nothing that is so young was forgotten or refused.
    complete_from: u64,
}

#[derive(Debug)]
struct Known {
    moments: Moments,
    /// When it came.
    last: Timestamp,
    value: Counted,
}

/// The moments of a point, in nanoseconds: since when it counts (0 where nobody says), and of when it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moments {
    pub(super) start: u64,
    pub(super) time: u64,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Counted {
    /// Has room for each number that is sent, and for the difference of two.
    Whole(i128),
    Number(f64),
    /// The bounds, and the counts between them.
    Explicit(Vec<f64>, Vec<u64>),
    Exponential(Exponential),
    /// What was added is told as such: only the moments are kept.
    Delta,
}

impl Counted {
    /// As one number; none where it is many.
    pub(super) const fn number(&self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// What was added; none where something is less than it was, or of another form: it began anew.
    fn since(&self, before: &Self) -> Option<Self> {
        match (self, before) {
            // Exact where a float is not.
            (Self::Whole(now), Self::Whole(before)) => (now >= before).then(|| Self::Whole(now - before)),
            (Self::Explicit(bounds, now), Self::Explicit(other, before)) => {
                let is_alike = bounds == other && now.len() == before.len();
                let added: Option<_> = now.iter().zip(before).map(|(now, before)| now.checked_sub(*before)).collect();
                added.filter(|_| is_alike).map(|added| Self::Explicit(bounds.clone(), added))
            }
            (Self::Exponential(now), Self::Exponential(before)) => now.since(before).map(Self::Exponential),
            _ => {
                let (now, before) = (self.number()?, before.number()?);
                (now >= before).then_some(Self::Number(now - before))
            }
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Whole(_) | Self::Number(_) | Self::Delta => 1,
            Self::Explicit(bounds, counts) => bounds.len() + counts.len(),
            Self::Exponential(exponential) => exponential.size(),
        }
    }
}

impl Moments {
    /// Whether a point was told already, or is of a time before the last one. A clock that was set back is believed.
    fn is_old_beside(self, last: Self, now: u64) -> bool {
        let was_set_back = self.time <= now && now < last.time;
        !was_set_back && (self.time <= last.time || self.start != 0 && self.start < last.start)
    }
}

fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.0).unwrap_or(0).saturating_mul(1_000_000)
}

impl Before {
    /// Somebody listens from now on.
    pub(super) fn listen(&mut self, now: Timestamp) {
        if !std::mem::replace(&mut self.is_listening, true) {
            self.complete_from = nanos(now);
        }
    }

    /// Whether a point can be kept.
    pub(super) fn has_room(&self, stream: &Stream, value: &Counted) -> bool {
        let before = self.known.get(stream).map(|known| known.value.size());
        let (before, size) = (before.unwrap_or(0), value.size());
        let is_place = before > 0 || self.known.len() < MAX_STREAMS;
        is_place && (size <= before || self.held - before + size <= MAX_HELD)
    }

    /// What was added since the last point of a stream; none where nobody knows, and where it was told already.
    pub(super) fn added(
        &mut self,
        stream: &Stream,
        moments: Moments,
        value: Counted,
        now: Timestamp,
    ) -> Option<Counted> {
        let Moments { start, time } = moments;
        let added = match self.known.get(stream) {
            Some(known) if moments.is_old_beside(known.moments, nanos(now)) => return None,
            Some(known) if start == 0 || start == known.moments.start => {
                value.since(&known.value).or_else(|| Some(value.clone()))
            }
            // It says that it goes on after a gap, and not what it had counted before.
            _ if start >= time => None,
            Some(_) => Some(value.clone()),
            None => (start > 0 && start >= self.complete_from).then(|| value.clone()),
        };
        self.keep(stream, Known { moments, last: now, value });
        added
    }

    /// Whether a delta is not the last one of its stream, sent again. One that is late is new: what it adds is in no
    /// other.
    pub(super) fn is_new(&mut self, stream: &Stream, moments: Moments, now: Timestamp) -> bool {
        let is_new = self.known.get(stream).is_none_or(|known| known.moments != moments);
        self.keep(stream, Known { moments, last: now, value: Counted::Delta });
        is_new
    }

    fn keep(&mut self, stream: &Stream, known: Known) {
        self.held += known.value.size();
        let before = self.known.insert(stream.clone(), known);
        self.held -= before.map_or(0, |known| known.value.size());
    }

    /// A point of a stream with this start was not kept: what it goes on from later is not known.
    pub(super) fn missed(&mut self, start: u64, now: Timestamp) {
        // A start that is yet to come would make every other stream unknown until then.
        self.complete_from = self.complete_from.max(start.saturating_add(1).min(nanos(now)));
    }

    /// Forgets the streams that nothing has come of in a long time.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let mut newest = 0;
        self.known.retain(|_, known| {
            let stays = known.last.age_at(now) < FORGOTTEN;
            if !stays && known.value != Counted::Delta {
                newest = newest.max(known.moments.start);
            }
            stays
        });
        self.held = self.known.values().map(|known| known.value.size()).sum();
        if newest > 0 {
            // One of them that comes back must not tell its whole past at once.
            self.missed(newest, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::Origin;
    use super::*;

    const HOUR: i64 = 3_600_000;
    const NOW: Timestamp = Timestamp(100 * HOUR);

    fn stream(name: &str) -> Stream {
        Origin::new(None, None).stream(name, &[]).unwrap()
    }

    /// Seconds of `NOW`.
    fn moments(start: i64, time: i64) -> Moments {
        let nanos = |seconds: i64| nanos(Timestamp(NOW.0 + seconds * 1000));
        Moments { start: nanos(start), time: nanos(time) }
    }

    #[test]
    fn whole_numbers_are_exact() {
        let mut before = Before::default();
        let large = i128::from(u64::MAX);
        before.added(&stream("a"), moments(-9, -8), Counted::Whole(large - 1), NOW);
        assert_eq!(before.added(&stream("a"), moments(-9, -7), Counted::Whole(large), NOW), Some(Counted::Whole(1)));
        // A sender that changes the kind of its numbers goes on.
        let added = before.added(&stream("a"), moments(-9, -6), Counted::Number(large as f64 + 4096.0), NOW);
        assert_eq!(added, Some(Counted::Number(4096.0)));
    }

    #[test]
    fn a_stream_that_was_forgotten_and_comes_back_tells_no_past() {
        let mut before = Before::default();
        before.listen(Timestamp(NOW.0 - HOUR));
        assert_eq!(before.added(&stream("a"), moments(-60, -50), Counted::Whole(70), NOW), Some(Counted::Whole(70)));
        let later = NOW.plus(FORGOTTEN);
        before.forget(later);
        assert_eq!((before.known.len(), before.held), (0, 0));
        assert_eq!(before.added(&stream("a"), moments(-60, 3600), Counted::Whole(90), later), None);
        assert_eq!(before.added(&stream("a"), moments(-60, 3610), Counted::Whole(95), later), Some(Counted::Whole(5)));
        // What has begun since is known from its beginning.
        assert_eq!(before.added(&stream("b"), moments(-59, 3600), Counted::Whole(4), later), Some(Counted::Whole(4)));
    }

    #[test]
    fn a_clock_that_was_ahead_and_is_set_right_is_believed() {
        let mut before = Before::default();
        before.added(&stream("a"), moments(-60, 86_400), Counted::Whole(7), NOW);
        assert_eq!(before.added(&stream("a"), moments(-60, 86_400), Counted::Whole(7), NOW), None);
        assert_eq!(before.added(&stream("a"), moments(-60, 0), Counted::Whole(9), NOW), Some(Counted::Whole(2)));
        before.added(&stream("b"), moments(600, 660), Counted::Whole(7), NOW);
        let anew = before.added(&stream("b"), moments(-5, 0), Counted::Whole(3), NOW);
        assert_eq!(anew, Some(Counted::Whole(3)), "it was set right, and began anew");
    }

    #[test]
    fn what_is_held_is_bounded_in_streams_and_in_numbers() {
        let mut before = Before::default();
        let histogram = |buckets: usize| Counted::Explicit(vec![1.0; buckets - 1], vec![1; buckets]);
        let mut count = 0;
        while before.has_room(&stream(&count.to_string()), &histogram(1000)) {
            before.added(&stream(&count.to_string()), moments(-9, -8), histogram(1000), NOW);
            count += 1;
        }
        assert!((200..MAX_STREAMS).contains(&count), "{count}");
        assert!(before.has_room(&stream("0"), &histogram(1000)), "what is known goes on");
        assert!(!before.has_room(&stream("0"), &histogram(3000)), "and does not grow");
        let mut before = Before::default();
        for n in 0..MAX_STREAMS {
            assert!(before.has_room(&stream(&n.to_string()), &Counted::Whole(1)));
            before.added(&stream(&n.to_string()), moments(-9, -8), Counted::Whole(1), NOW);
        }
        assert!(!before.has_room(&stream("new"), &Counted::Whole(1)));
        assert!(before.has_room(&stream("0"), &Counted::Whole(2)));
    }
}
