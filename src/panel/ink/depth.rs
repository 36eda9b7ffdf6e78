//! How many colours a screen has, and which.

use ratatui::style::Color;

use super::contrast::contrast;

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// None: weight and reverse only.
    None,
    /// The sixteen of ANSI.
    Ansi16,
    /// The 256 of xterm.
    Ansi256,
    /// 24 bits.
    #[default]
    True,
}

/// The contrast of words on a ground where there is little choice. Source: WCAG 2.1, 1.4.3 (AA).
const ENOUGH: f64 = 4.5;

/// The least that the channels of a colour differ by when it is no grey.
const CHROMATIC: u8 = 40;

impl Depth {
    /// The nearest colour that a screen has.
    pub fn nearest(self, rgb: [u8; 3]) -> Color {
        match self {
            Self::None => Color::Reset,
            Self::Ansi16 => Color::Indexed(of_sixteen(rgb)),
            Self::Ansi256 => Color::Indexed(nearest(rgb, 16..=255, |_| true)),
            Self::True => Color::Rgb(rgb[0], rgb[1], rgb[2]),
        }
    }

    /// What a screen draws for a colour.
    pub(super) fn drawn(self, rgb: [u8; 3]) -> [u8; 3] {
        match self {
            Self::Ansi16 => palette(of_sixteen(rgb)),
            Self::Ansi256 => palette(nearest(rgb, 16..=255, |_| true)),
            Self::None | Self::True => rgb,
        }
    }

    /// The same in red, green and blue, for a ground on which words of the least contrast can be read; with `coloured`
    /// one that is no grey. Of sixteen there is no choice.
    pub(super) fn ground(self, rgb: [u8; 3], coloured: bool, least: f64) -> [u8; 3] {
        // Of 256 colours a dark amber with so much contrast would be a red.
        let least = least.min(if self == Self::Ansi256 { ENOUGH } else { f64::INFINITY });
        let is_legible = |ground| contrast([0; 3], ground).max(contrast([255; 3], ground)) >= least;
        let suits = |ground| is_legible(ground) && (!coloured || chroma(ground) >= CHROMATIC);
        match self {
            Self::Ansi16 => palette(of_sixteen(rgb)),
            Self::Ansi256 => palette(nearest(rgb, 16..=255, suits)),
            Self::None | Self::True => rgb,
        }
    }
}

/// How far a colour is from a grey.
fn chroma([r, g, b]: [u8; 3]) -> u8 {
    r.max(g).max(b) - r.min(g).min(b)
}

/// The nearest of the sixteen: of a colour that is no grey the one of its hue. By distance a pale green is nearest to a
/// grey, and green and red would look alike.
fn of_sixteen(rgb: [u8; 3]) -> u8 {
    if chroma(rgb) < CHROMATIC {
        return nearest(rgb, 0..=15, |other| chroma(other) < CHROMATIC);
    }
    let hue = |rgb: [u8; 3]| {
        let (least, chroma) = (rgb[0].min(rgb[1]).min(rgb[2]), f64::from(chroma(rgb)));
        rgb.map(|channel| f64::from(channel - least) / chroma)
    };
    let brightness = |rgb: [u8; 3]| f64::from(rgb[0].max(rgb[1]).max(rgb[2])) / 255.0;
    let distance = |n: u8| {
        let other = palette(n);
        let by_hue: f64 = hue(other).iter().zip(hue(rgb)).map(|(a, b)| (a - b).powi(2)).sum();
        // A shade more or less is seen less than another hue.
        by_hue * 10.0 + (brightness(other) - brightness(rgb)).powi(2)
    };
    let coloured = (0..=15_u8).filter(|n| chroma(palette(*n)) >= CHROMATIC);
    coloured.min_by(|a, b| distance(*a).total_cmp(&distance(*b))).unwrap_or(7)
}

fn nearest(rgb: [u8; 3], among: std::ops::RangeInclusive<u8>, suits: impl Fn([u8; 3]) -> bool) -> u8 {
    let distance =
        |n: &u8| -> i32 { palette(*n).iter().zip(rgb).map(|(a, b)| (i32::from(*a) - i32::from(b)).pow(2)).sum() };
    among.filter(|n| suits(palette(*n))).min_by_key(distance).unwrap_or(7)
}

/// The colours of xterm. Source: xterm's 256colres.h and its default sixteen.
const fn palette(n: u8) -> [u8; 3] {
    const ANSI: [[u8; 3]; 16] = [
        [0, 0, 0],
        [205, 0, 0],
        [0, 205, 0],
        [205, 205, 0],
        [0, 0, 238],
        [205, 0, 205],
        [0, 205, 205],
        [229, 229, 229],
        [127, 127, 127],
        [255, 0, 0],
        [0, 255, 0],
        [255, 255, 0],
        [92, 92, 255],
        [255, 0, 255],
        [0, 255, 255],
        [255, 255, 255],
    ];
    match n {
        0..=15 => ANSI[n as usize],
        16..=231 => {
            let n = n - 16;
            [step(n / 36), step(n / 6 % 6), step(n % 6)]
        }
        _ => {
            let grey = 8 + (n - 232) * 10;
            [grey, grey, grey]
        }
    }
}

const fn step(n: u8) -> u8 {
    if n == 0 { 0 } else { 55 + n * 40 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_256_colours_a_dark_amber_is_no_red() {
        let [r, g, b] = Depth::Ansi256.ground([0x7b, 0x4b, 0x00], true, 7.0);
        assert!(g > 60 && b == 0, "{r} {g} {b}");
    }

    #[test]
    fn with_sixteen_colours_a_colour_keeps_its_hue_and_a_grey_stays_one() {
        let of = |hex: u32| of_sixteen([(hex >> 16) as u8, (hex >> 8) as u8, hex as u8]);
        // Green, amber, red, sky, slate, paper, ground of the theme "andon".
        let found = [0x5f_d3_8d, 0xff_c1_4d, 0xff_6b_6b, 0x7c_c7_ff, 0xa3_ae_bd, 0xd5_dc_e6, 0x11_15_1c].map(of);
        assert_eq!(found, [2, 11, 9, 14, 8, 7, 0]);
    }
}
