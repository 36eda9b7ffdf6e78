//! How well a colour is told from another. Source: WCAG 2.1, "contrast ratio" and "relative luminance".

use std::sync::LazyLock;

/// The contrast of two colours, from 1 (none) to 21 (black on white).
pub fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if one > other { one / other } else { other / one }
}

/// How much light each value of a channel stands for. A theme takes thousands of them, for each viewer that comes.
static LINEAR: LazyLock<[f64; 256]> = LazyLock::new(|| {
    std::array::from_fn(|value| {
        let c = value as f64 / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
});

/// From 0 (black) to 1 (white).
fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|value| LINEAR[usize::from(value)]);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// Two colours mixed: `part` 0 is the first, 1 the second.
pub fn mix(from: [u8; 3], to: [u8; 3], part: f64) -> [u8; 3] {
    let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
    [channel(from[0], to[0]), channel(from[1], to[1]), channel(from[2], to[2])]
}

/// The colour nearest to `colour` on its way to black or white that is told from `ground` well enough.
pub fn legible(colour: [u8; 3], ground: [u8; 3], least: f64) -> [u8; 3] {
    legible_as(|colour| colour, colour, ground, least)
}

/// The same on a screen that draws colours as `drawn` says: of few colours the nearest to a darker yellow is yellow.
pub(super) fn legible_as(drawn: impl Fn([u8; 3]) -> [u8; 3], colour: [u8; 3], ground: [u8; 3], least: f64) -> [u8; 3] {
    let ends = [[255; 3], [0; 3]];
    let far = if contrast(ends[0], ground) >= contrast(ends[1], ground) { ends[0] } else { ends[1] };
    (0..=STEPS)
        .map(|step| mix(colour, far, f64::from(step) / f64::from(STEPS)))
        .find(|mixed| contrast(drawn(*mixed), ground) >= least)
        .unwrap_or(far)
}

/// Steps of a search for a colour: finer ones are not seen.
pub(super) const STEPS: u8 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_recommendation() {
        assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
        // The example of many checkers: #767676 on white is just enough for text.
        assert!((contrast([0x76; 3], [255; 3]) - 4.54).abs() < 0.01);
        assert!((contrast([9; 3], [9; 3]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_colour_is_moved_no_further_than_it_takes() {
        assert_eq!(legible([200; 3], [0; 3], 4.5), [200; 3], "already legible");
        let moved = legible([40; 3], [0; 3], 4.5);
        assert!(contrast(moved, [0; 3]) >= 4.5 && moved != [255; 3], "{moved:?}");
        assert_eq!(legible([130; 3], [127; 3], 21.0), [0; 3], "as far as it can");
    }
}
