//! A logarithmic axis: each power of ten has as much room.

use crate::panel::marks::scale::{Range, Scale};

/// Rows, at least, between two labels.
const BETWEEN: u16 = 2;

/// The ends in powers of ten: those that are fixed, else whole ones around the data.
pub(super) fn range(data: Range, (low, high): (Option<f64>, Option<f64>)) -> Range {
    let positive = |value: Option<f64>| value.filter(|value| *value > 0.0).map(f64::log10);
    let low = positive(low).unwrap_or_else(|| whole(data.low.log10(), f64::floor));
    let high = positive(high).unwrap_or_else(|| whole(data.high.log10(), f64::ceil));
    Range { low, high: if high > low { high } else { low + 1.0 } }
}

/// Labels (row and value) at powers of ten as far as they have room; where there is more, at their doubles and fivefolds,
/// too.
pub(super) fn ticks(range: Range, rows: u16, dots: u16) -> Vec<(u16, f64)> {
    let is_sound = range.low.is_finite() && range.high.is_finite();
    let each = |steps: &'static [f64]| {
        let (first, last) = if is_sound { (range.low.floor() as i32, range.high.ceil() as i32) } else { (1, 0) };
        let powers = first..=last;
        let values = powers.flat_map(move |power| steps.iter().map(move |step| step * 10_f64.powi(power)));
        values.filter_map(move |value| {
            let place = Scale::Log.place(value);
            let is_held = (range.low..=range.high).contains(&place);
            is_held.then(|| (range.row(place, rows * dots) / dots.max(1), value))
        })
    };
    let all: Vec<(u16, f64)> = each(&[1.0, 2.0, 5.0]).collect();
    let is_airy = all.windows(2).all(|pair| pair[0].0.saturating_sub(pair[1].0) >= BETWEEN);
    if is_airy { all } else { apart(each(&[1.0])) }
}

/// Those that stand far enough above the one before.
fn apart(all: impl Iterator<Item = (u16, f64)>) -> Vec<(u16, f64)> {
    let mut ticks: Vec<(u16, f64)> = Vec::new();
    for (row, value) in all {
        if ticks.last().is_none_or(|(last, _)| last.saturating_sub(row) >= BETWEEN) {
            ticks.push((row, value));
        }
    }
    ticks
}

/// The nearest whole number in a direction; what is one but for rounding is one.
fn whole(value: f64, direction: fn(f64) -> f64) -> f64 {
    let nearest = value.round();
    if (value - nearest).abs() < 1e-9 { nearest } else { direction(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(low: f64, high: f64, rows: u16) -> Vec<f64> {
        let range = range(Range { low, high }, (None, None));
        ticks(range, rows, 4).iter().map(|(_, value)| *value).collect()
    }

    #[test]
    fn labels_stand_at_powers_of_ten_as_far_as_there_is_room() {
        assert_eq!(values(0.02, 700.0, 20), [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(values(0.02, 700.0, 6), [0.01, 1.0, 100.0]);
        assert_eq!(values(12.0, 80.0, 12), [10.0, 20.0, 50.0, 100.0]);
        assert_eq!(values(10.0, 10.0, 3), [10.0, 100.0]);
    }
}
