//! An axis of values: its labels stand on whole rows, equally far from each other, and at round values.

mod decades;

use super::scale::{Column, Range, Scale};
use crate::model::unit::Unit;

/// Most labels above the lowest.
const MOST: u16 = 5;

/// Rows, but one, up to which labels may stand right above each other.
const SMALL: u16 = 3;

/// A range, and what is written beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// From the lowest row to the highest, in places of the scale.
    pub range: Range,
    /// How values are laid out over it.
    pub scale: Scale,
    /// Row from the top, and value, the lowest value first.
    pub ticks: Vec<(u16, f64)>,
}

/// What an axis is made for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// The values that it has to hold.
    pub data: Range,
    /// An end that the board has fixed.
    pub low: Option<f64>,
    /// An end that the board has fixed.
    pub high: Option<f64>,
    /// Rows of the screen.
    pub rows: u16,
    /// Dots a row has.
    pub dots: u16,
}

impl Axis {
    /// The axis for this unit.
    pub fn new(wanted: Wanted, scale: Scale, unit: &Unit) -> Self {
        if scale == Scale::Log {
            let range = decades::range(wanted.data, (wanted.low, wanted.high));
            return Self { range, scale, ticks: decades::ticks(range, wanted.rows, wanted.dots) };
        }
        let wanted = Wanted { data: spread(wanted.data), ..wanted };
        if let Some(high) = wanted.high {
            let low = wanted.low.unwrap_or_else(|| {
                let low = wanted.data.low;
                let step = round_step((high - low) / 4.0, unit);
                (low / step + 1e-9).floor() * step
            });
            if high > low {
                return fixed(Range { low, high }, wanted);
            }
        }
        free(wanted, unit)
    }

    /// The row of a value.
    pub fn row(&self, value: f64, rows: u16, dots: u16) -> u16 {
        self.range.row(self.scale.place(value), rows * dots) / dots.max(1)
    }

    /// Whether a value stands on it.
    pub fn holds(&self, value: f64) -> bool {
        (self.range.low..=self.range.high).contains(&self.scale.place(value))
    }

    /// Columns of values as columns of places.
    pub fn placed(&self, columns: &[Column]) -> Vec<Column> {
        let place = |value| self.scale.place(value).max(self.range.low);
        columns.iter().map(|column| column.map(|(low, high)| (place(low), place(high)))).collect()
    }
}

/// A flat line sits in the middle of a range of its own size, not on an edge.
fn spread(data: Range) -> Range {
    let Range { low, high } = data;
    if high - low > f64::EPSILON * high.abs().max(1.0) {
        return data;
    }
    let around = if high == 0.0 { 1.0 } else { high.abs() * 0.5 };
    Range { low: if low >= 0.0 { (low - around).max(0.0) } else { low - around }, high: high + around }
}

/// Ends that nobody has fixed: labels `every` so many rows, at multiples of a round step, the lowest of them some
/// rows above the lowest dot. Of all such axes that hold the data, the tightest.
fn free(wanted: Wanted, unit: &Unit) -> Axis {
    let highest = wanted.rows.saturating_sub(1);
    let least = highest.div_ceil(MOST).max(2).min(highest.max(1));
    // On the lowest charts labels may stand right above each other.
    let dense = (highest <= SMALL).then_some(1);
    let distances = (least..=(least * 2).min(highest.max(1))).chain(dense);
    let offsets = |every: u16| (0..every.min(highest.saturating_sub(every) + 1)).map(move |below| (every, below));
    let axes = distances.flat_map(offsets).filter_map(|(every, below)| grid(wanted, unit, every, below));
    let tightest = axes.min_by(|a, b| (a.range.high - a.range.low).total_cmp(&(b.range.high - b.range.low)));
    tightest.unwrap_or(Axis { range: wanted.data, scale: Scale::Linear, ticks: Vec::new() })
}

/// The tightest axis with a label each `every` rows, the lowest of them `below` rows above the lowest dot. None
/// where its lowest row would lie below zero, though the data does not.
fn grid(wanted: Wanted, unit: &Unit, every: u16, below: u16) -> Option<Axis> {
    let last = f64::from((wanted.rows * wanted.dots).saturating_sub(1)).max(1.0);
    let highest = wanted.rows.saturating_sub(1);
    let rows_a_step = f64::from(every * wanted.dots);
    let Range { low, high } = wanted.data;
    let mut step = round_step((high - low) * rows_a_step / last, unit);
    // The lowest label is a multiple of the step, and may lie well below the data: then a greater step is needed.
    for _ in 0..8 {
        let under = f64::from(below * wanted.dots) * step / rows_a_step;
        let first = wanted.low.unwrap_or_else(|| tidy(((low + under) / step + 1e-9).floor() * step, step));
        let range = Range { low: first - under, high: first - under + last * step / rows_a_step };
        if range.high >= high {
            let tick = |n: u16| (highest - below - n * every, tidy(first + step * f64::from(n), step));
            let ticks = (0..=(highest - below) / every).map(tick).collect();
            let is_sound = if wanted.low.is_some() { below == 0 } else { range.low >= 0.0 || low < 0.0 };
            return is_sound.then_some(Axis { range, scale: Scale::Linear, ticks });
        }
        step = round_step(step * 1.01, unit);
    }
    None
}

/// Fixed ends: as many labels between them as are round and stand equally far from each other.
fn fixed(range: Range, wanted: Wanted) -> Axis {
    let span = range.high - range.low;
    let ticks = |parts: u16| -> Vec<(u16, f64)> {
        let value = |n: u16| range.low + span * f64::from(n) / f64::from(parts);
        (0..=parts)
            .map(|n| (range.row(value(n), wanted.rows * wanted.dots) / wanted.dots.max(1), tidy(value(n), span)))
            .collect()
    };
    let is_even = |ticks: &Vec<(u16, f64)>| {
        let gaps: Vec<u16> = ticks.windows(2).map(|pair| pair[0].0.saturating_sub(pair[1].0)).collect();
        gaps.windows(2).all(|pair| pair[0] == pair[1]) && gaps.iter().all(|gap| *gap >= 2)
    };
    let is_round = |parts: u16| {
        let step = span / f64::from(parts);
        let two_digits = step / 10_f64.powf(step.log10().floor() - 1.0);
        (two_digits - two_digits.round()).abs() < 1e-6
    };
    let many = (2..=MOST).rev().filter(|parts| is_round(*parts)).map(ticks).find(is_even);
    let ticks = many.unwrap_or_else(|| if wanted.rows > 1 { ticks(1) } else { Vec::new() });
    Axis { range, scale: Scale::Linear, ticks }
}

/// 0.30000000000000004 - 0.3 is not a label.
fn tidy(value: f64, step: f64) -> f64 {
    if value.abs() < step * 1e-6 { 0.0 } else { value }
}

/// Steps of a clock, in seconds; below the first and from a day on they are round numbers.
const CLOCK: [f64; 16] = [
    60.0,
    120.0,
    300.0,
    600.0,
    900.0,
    1800.0,
    3600.0,
    7200.0,
    10_800.0,
    21_600.0,
    43_200.0,
    86_400.0,
    172_800.0,
    432_000.0,
    864_000.0,
    1_728_000.0,
];

/// The least round step that is not less: 1, 2, 5 times a power of ten; of bytes a power of two; of times
/// over half a minute a step of the clock.
pub fn round_step(rough: f64, unit: &Unit) -> f64 {
    if !rough.is_finite() || rough <= 0.0 {
        return 1.0;
    }
    let rough = rough * 0.999_999;
    match unit {
        Unit::Bytes if rough > 1.0 => 2_f64.powf(rough.log2().ceil()),
        unit if unit.is_time() => {
            let second = if *unit == Unit::Milliseconds { 1000.0 } else { 1.0 };
            let longer = CLOCK.into_iter().map(|step| step * second).find(|step| *step >= rough);
            let half = [15.0, 30.0].into_iter().map(|step| step * second).find(|step| *step >= rough);
            match (rough > 10.0 * second, half, longer) {
                (true, Some(step), _) | (true, None, Some(step)) => step,
                _ => decimal(rough),
            }
        }
        _ => decimal(rough),
    }
}

fn decimal(rough: f64) -> f64 {
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * power >= rough).unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::format::Format;
    use crate::model::time::Timestamp;

    fn wanted(low: f64, high: f64, rows: u16) -> Wanted {
        Wanted { data: Range { low, high }, low: None, high: None, rows, dots: 4 }
    }

    fn values(axis: &Axis) -> Vec<f64> {
        axis.ticks.iter().map(|(_, value)| *value).collect()
    }

    #[test]
    fn labels_stand_on_whole_rows_at_round_values_and_differ() {
        let units = ["", "s", "ms", "bytes", "bytes/s", "percent", "orders"];
        for unit in units.map(Unit::from_word) {
            for rows in 2..40 {
                for (low, high) in [
                    (0.0, 4.0),
                    (0.0, 1.83),
                    (1e6, 1e6 + 4.0),
                    (0.0, 3e9),
                    (0.021, 0.023),
                    (-7.0, 900.0),
                    (7.0, 7.0),
                    (0.0, 0.0),
                ] {
                    let axis = Axis::new(wanted(low, high, rows), Scale::Linear, &unit);
                    let context = format!("{unit} {low}..{high} on {rows} rows: {axis:?}");
                    assert!(axis.range.low <= low && axis.range.high >= high, "{context}");
                    assert!(axis.ticks.len() > 1, "{context}");
                    let gaps: Vec<i32> =
                        axis.ticks.windows(2).map(|pair| i32::from(pair[0].0) - i32::from(pair[1].0)).collect();
                    assert!(gaps.iter().all(|gap| *gap == gaps[0] && *gap > 0), "{context}");
                    for (row, value) in &axis.ticks {
                        assert_eq!(axis.row(*value, rows, 4), *row, "{context}");
                    }
                    let labels = Format::new(unit.clone()).ticks(&values(&axis), Timestamp(0));
                    for (n, label) in labels.iter().enumerate() {
                        assert!(!labels[..n].contains(label), "{labels:?}: {context}");
                    }
                }
            }
        }
    }

    #[test]
    fn bytes_have_labels_at_powers_of_two_and_times_at_steps_of_the_clock() {
        let gib = 1024.0 * 1024.0 * 1024.0;
        let axis = Axis::new(wanted(0.0, 3.0 * gib, 13), Scale::Linear, &Unit::Bytes);
        assert_eq!(values(&axis), [0.0, gib, 2.0 * gib, 3.0 * gib]);
        let axis = Axis::new(wanted(0.0, 5000.0, 13), Scale::Linear, &Unit::Seconds);
        assert!(values(&axis).iter().all(|value| value % 900.0 == 0.0), "{axis:?}");
    }

    #[test]
    fn no_more_room_is_left_than_the_labels_need() {
        // A little below nothing does not cost half of a small chart.
        for rows in 3..30 {
            let axis = Axis::new(wanted(-5.0, 115.0, rows), Scale::Linear, &Unit::None);
            assert!(axis.range.high - axis.range.low <= 300.0, "{rows}: {axis:?}");
            let axis = Axis::new(wanted(0.0, 2.9, rows), Scale::Linear, &Unit::None);
            assert!(axis.range.low == 0.0 && axis.range.high <= 6.0, "{rows}: {axis:?}");
        }
    }

    #[test]
    fn fixed_ends_are_the_ends() {
        let axis =
            Axis::new(Wanted { low: Some(0.0), high: Some(1.0), ..wanted(0.2, 0.3, 21) }, Scale::Linear, &Unit::Ratio);
        assert_eq!(axis.range, Range { low: 0.0, high: 1.0 });
        assert_eq!(axis.ticks.first(), Some(&(20, 0.0)));
        assert_eq!(axis.ticks.last(), Some(&(0, 1.0)));
        let axis = Axis::new(Wanted { low: Some(2.0), ..wanted(2.2, 9.0, 10) }, Scale::Linear, &Unit::None);
        assert_eq!(axis.ticks.first(), Some(&(9, 2.0)), "{axis:?}");
        // Ends the wrong way round are as good as none.
        assert!(
            Axis::new(Wanted { high: Some(-1.0), ..wanted(0.0, 9.0, 10) }, Scale::Linear, &Unit::None).range.high
                >= 9.0
        );
    }

    #[test]
    fn a_flat_line_is_inside_and_a_count_has_no_negative_axis() {
        let axis = Axis::new(wanted(7.0, 7.0, 9), Scale::Linear, &Unit::None);
        assert!(axis.range.low < 7.0 && axis.range.high > 7.0 && axis.range.low >= 0.0, "{axis:?}");
    }
}
