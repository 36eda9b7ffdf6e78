//! How numbers over time are written: times as differences of differences, values by what has changed in their bits.
//!
//! After Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (VLDB 2015), in whole bytes
//! instead of bits. A block begins with its version, so that a later release may write another one.

mod bytes;

use crate::model::series::Point;
use crate::model::time::Timestamp;
use bytes::{Reader, Values, Writer};

/// The first byte of a block of points, and of a block of buckets.
const POINTS: u8 = 1;
const BUCKETS: u8 = 2;
/// Most points or buckets of one block: what says more was not written by andon.
const MOST: usize = 1_000_000;

/// A block that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a block of the history cannot be read")]
pub struct Broken;

/// Points of one series, ascending in time, as bytes.
pub fn points(all: &[Point]) -> Vec<u8> {
    let mut writer = Writer::new(POINTS, all.len());
    let (mut times, mut values) = (Times::default(), Values::default());
    for point in all {
        writer.signed(times.delta(point.at.0));
        writer.value(&mut values, point.value);
    }
    writer.done()
}

/// The points of such bytes.
pub fn read_points(bytes: &[u8]) -> Result<Vec<Point>, Broken> {
    let (mut reader, count) = Reader::new(bytes, POINTS, MOST).ok_or(Broken)?;
    let (mut times, mut values) = (Times::default(), Values::default());
    let mut all = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        let at = Timestamp(times.next(reader.signed().ok_or(Broken)?));
        all.push(Point { at, value: reader.value(&mut values).ok_or(Broken)? });
    }
    if reader.is_done() { Ok(all) } else { Err(Broken) }
}

/// What the values of a stretch of time were.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bucket {
    /// Where it begins.
    pub at: Timestamp,
    /// The least value.
    pub min: f64,
    /// The greatest value.
    pub max: f64,
    /// All values together.
    pub sum: f64,
    /// How many there were.
    pub count: u64,
    /// The last one.
    pub last: f64,
    /// How much of it had no value, in seconds.
    pub gap: u32,
    /// How long it was ok, warning, critical, unknown, in seconds; of what has a status.
    pub statuses: [u32; 4],
    /// How unusual it was, 0 to 1; for checks to come.
    pub score: f32,
}

impl Bucket {
    /// One value, as it came.
    pub fn alone(point: Point) -> Self {
        let value = point.value;
        Self { at: point.at, min: value, max: value, sum: value, count: 1, last: value, ..Self::default() }
    }
}

/// Buckets of one series, ascending in time, as bytes.
pub fn buckets(all: &[Bucket]) -> Vec<u8> {
    let mut writer = Writer::new(BUCKETS, all.len());
    let mut times = Times::default();
    let mut columns: [Values; 4] = Default::default();
    for bucket in all {
        writer.signed(times.delta(bucket.at.0));
        for (column, value) in columns.iter_mut().zip([bucket.min, bucket.max, bucket.sum, bucket.last]) {
            writer.value(column, value);
        }
        writer.unsigned(bucket.count);
        // Most have no gap, no status and no score.
        let rest = [u64::from(bucket.gap), u64::from(bucket.score.to_bits())];
        let rest = rest.into_iter().chain(bucket.statuses.map(u64::from));
        let has = rest.clone().enumerate().filter(|(_, one)| *one > 0).fold(0_u8, |has, (n, _)| has | (1 << n));
        writer.byte(has);
        rest.filter(|one| *one > 0).for_each(|one| writer.unsigned(one));
    }
    writer.done()
}

/// The buckets of such bytes.
pub fn read_buckets(bytes: &[u8]) -> Result<Vec<Bucket>, Broken> {
    let (mut reader, count) = Reader::new(bytes, BUCKETS, MOST).ok_or(Broken)?;
    let mut times = Times::default();
    let mut columns: [Values; 4] = Default::default();
    let mut all = Vec::with_capacity(count.min(bytes.len()));
    for _ in 0..count {
        all.push(bucket(&mut reader, &mut times, &mut columns).ok_or(Broken)?);
    }
    if reader.is_done() { Ok(all) } else { Err(Broken) }
}

fn bucket(reader: &mut Reader<'_>, times: &mut Times, columns: &mut [Values; 4]) -> Option<Bucket> {
    let at = Timestamp(times.next(reader.signed()?));
    let mut values = [0.0; 4];
    for (value, column) in values.iter_mut().zip(columns) {
        *value = reader.value(column)?;
    }
    let [min, max, sum, last] = values;
    let count = reader.unsigned()?;
    let has = reader.byte()?;
    let mut rest = [0_u32; 6];
    for (n, one) in rest.iter_mut().enumerate() {
        if has & (1 << n) != 0 {
            *one = u32::try_from(reader.unsigned()?).ok()?;
        }
    }
    let [gap, score, ok, warning, critical, unknown] = rest;
    let statuses = [ok, warning, critical, unknown];
    Some(Bucket { at, min, max, sum, count, last, gap, statuses, score: f32::from_bits(score) })
}

/// Moments as differences of differences: those of a steady pace are zero.
#[derive(Debug, Default)]
struct Times {
    last: i64,
    step: i64,
}

impl Times {
    fn delta(&mut self, at: i64) -> i64 {
        let step = at.wrapping_sub(self.last);
        let delta = step.wrapping_sub(self.step);
        (self.last, self.step) = (at, step);
        delta
    }

    fn next(&mut self, delta: i64) -> i64 {
        self.step = self.step.wrapping_add(delta);
        self.last = self.last.wrapping_add(self.step);
        self.last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point() -> impl Strategy<Value = Point> {
        (any::<i64>(), any::<f64>()).prop_map(|(at, value)| Point { at: Timestamp(at), value })
    }

    fn bucket() -> impl Strategy<Value = Bucket> {
        let values = (any::<f64>(), any::<f64>(), any::<f64>(), any::<f64>(), any::<f32>());
        (any::<i64>(), values, any::<u64>(), any::<u32>(), any::<[u32; 4]>()).prop_map(
            |(at, (min, max, sum, last, score), count, gap, statuses)| Bucket {
                at: Timestamp(at),
                min,
                max,
                sum,
                count,
                last,
                gap,
                statuses,
                score,
            },
        )
    }

    /// Bits, because a NaN is not equal to itself.
    fn bits(bucket: &Bucket) -> (i64, [u64; 4], u64, u32, [u32; 4], u32) {
        let values = [bucket.min, bucket.max, bucket.sum, bucket.last].map(f64::to_bits);
        (bucket.at.0, values, bucket.count, bucket.gap, bucket.statuses, bucket.score.to_bits())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in prop::collection::vec(point(), 0..40)) {
            prop_assert_eq!(read_points(&points(&all)), Ok(all));
        }

        #[test]
        fn buckets_too(all in prop::collection::vec(bucket(), 0..20)) {
            let read = read_buckets(&buckets(&all)).unwrap();
            prop_assert_eq!(read.iter().map(bits).collect::<Vec<_>>(), all.iter().map(bits).collect::<Vec<_>>());
        }

        #[test]
        fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0_u8..4) {
            let with_kind: Vec<u8> = std::iter::once(kind).chain(bytes).collect();
            let _any = (read_points(&with_kind), read_buckets(&with_kind));
        }

        #[test]
        fn a_block_that_is_cut_is_broken(all in prop::collection::vec(point(), 1..20), cut in any::<prop::sample::Index>()) {
            let whole = points(&all);
            prop_assert_eq!(read_points(&whole[..cut.index(whole.len())]), Err(Broken));
        }
    }

    #[test]
    fn a_steady_pace_and_values_that_hardly_move_take_little_room() {
        let at = |n: i64| Timestamp(1_795_267_800_000 + n * 5000 + n % 3);
        let of = |value: &dyn Fn(i64) -> f64| -> f64 {
            let all: Vec<Point> = (0..1440).map(|n| Point { at: at(n), value: value(n) }).collect();
            points(&all).len() as f64 / 1440.0
        };
        assert!(of(&|_| 0.61) < 2.1, "a value that stands: {}", of(&|_| 0.61));
        assert!(of(&|n| (100 + n % 17) as f64) < 4.1, "whole numbers: {}", of(&|n| (100 + n % 17) as f64));
        assert!(of(&|n| (n as f64).sin()) < 10.1, "noise: {}", of(&|n| (n as f64).sin()));
    }
}
