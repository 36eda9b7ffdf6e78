//! How many colours a screen has, and which.

use ratatui::style::Color;

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

/// The least that the channels of a colour differ by when it is no grey.
const CHROMATIC: u8 = 40;

impl Depth {
    /// The nearest colour that a screen has.
    pub fn nearest(self, rgb: [u8; 3]) -> Color {
        match self {
            Self::None => Color::Reset,
            Self::Ansi16 => Color::Indexed(nearest(rgb, 0..=15, |_| true)),
            Self::Ansi256 => Color::Indexed(nearest(rgb, 16..=255, |_| true)),
            Self::True => Color::Rgb(rgb[0], rgb[1], rgb[2]),
        }
    }

    /// The same in red, green and blue, for a ground; with `coloured` one that is no grey.
    pub(super) fn ground(self, rgb: [u8; 3], coloured: bool) -> [u8; 3] {
        let is_coloured = |rgb: [u8; 3]| {
            let [r, g, b] = rgb;
            r.max(g).max(b) - r.min(g).min(b) >= CHROMATIC
        };
        match self {
            Self::Ansi16 => palette(nearest(rgb, 0..=15, |_| true)),
            Self::Ansi256 => palette(nearest(rgb, 16..=255, |other| !coloured || is_coloured(other))),
            Self::None | Self::True => rgb,
        }
    }
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
