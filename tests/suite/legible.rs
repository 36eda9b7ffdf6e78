//! Themes can be read, and their statuses told apart, also by those who see fewer colours.

use andon::panel::ink::{Glyphs, Ink, Role, contrast};
use andon::render::theme::{EMBEDDED, Theme, embedded};
use ratatui::style::Color;

/// The themes of andon's own, with the least distance that their statuses keep from each other for everybody: on walls
/// 20, and 10 where a palette of few warm or dark colours allows no more (CIELAB; 2.3 is just noticed).
const OWN: [(&str, f64); 7] = [
    ("andon", 20.0),
    ("andon-light", 20.0),
    ("colour-blind", 25.0),
    ("high-contrast", 20.0),
    ("frost", 20.0),
    ("ember", 10.0),
    ("paper", 10.0),
];

fn ink(name: &str) -> Ink {
    Theme::load(name, &embedded).unwrap().ink(Glyphs::Full)
}

#[test]
fn words_of_every_theme_can_be_read() {
    for (name, _) in EMBEDDED {
        let is_own = OWN.iter().any(|(own, _)| own == name);
        let theme = Theme::load(name, &embedded).unwrap();
        assert!(!theme.about.is_empty(), "{name} says nothing about itself");
        for (role, contrast) in theme.contrasts() {
            // WCAG 2.1, 1.4.3 and 1.4.6 for words (7 from afar, on our own themes), 1.4.11 for drawings; frames are
            // decoration.
            let least = match role {
                "border" => 1.3,
                role if role.starts_with("series") => 3.0,
                _ if is_own => 7.0,
                _ => 4.5,
            };
            assert!(contrast >= least, "{name}: {role} has {contrast:.2}, needs {least}");
        }
    }
}

type Matrix = [[f64; 3]; 3];

/// How colours look to those who lack one kind of cones, in linear RGB. Source: Machado, Oliveira and Fernandes, "A
/// Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.0.
const SIGHTS: [(&str, Matrix); 4] = [
    ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protanopia",
        [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    ),
    (
        "deuteranopia",
        [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    ),
    (
        "tritanopia",
        [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    ),
];

/// Source: IEC 61966-2-1 (sRGB).
fn linear(rgb: [u8; 3]) -> [f64; 3] {
    rgb.map(|byte| {
        let c = f64::from(byte) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

fn times(matrix: Matrix, [r, g, b]: [f64; 3]) -> [f64; 3] {
    matrix.map(|[x, y, z]| x * r + y * g + z * b)
}

/// Source: CIE 15, with the white of D65.
fn lab(rgb: [f64; 3]) -> [f64; 3] {
    let xyz = times([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]], rgb);
    let f = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let [x, y, z] = [xyz[0] / 0.950_47, xyz[1], xyz[2] / 1.088_83].map(f);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How far two colours are from each other for somebody.
fn distance(one: [u8; 3], other: [u8; 3], sight: Matrix) -> f64 {
    let seen = |rgb| lab(times(sight, linear(rgb)).map(|c| c.clamp(0.0, 1.0)));
    let squares = seen(one).iter().zip(seen(other)).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    squares.sqrt()
}

/// The colour that a status is seen by: of words on a ground of their own it is the ground.
fn signal(ink: &Ink, role: Role) -> [u8; 3] {
    let (style, ground) = (ink.style(role), ink.style(Role::Text).bg);
    let colour = if style.bg == ground { style.fg } else { style.bg };
    let Some(Color::Rgb(r, g, b)) = colour else { panic!("{role:?} has no colour") };
    [r, g, b]
}

#[test]
fn the_statuses_of_our_own_themes_are_told_apart_with_any_cones() {
    for (name, least) in OWN {
        let ink = ink(name);
        let statuses = [Role::Ok, Role::Warning, Role::Critical].map(|role| (role, signal(&ink, role)));
        for (sight, matrix) in SIGHTS {
            for (n, (one, a)) in statuses.iter().enumerate() {
                for (other, b) in &statuses[n + 1..] {
                    let distance = distance(*a, *b, matrix);
                    assert!(distance >= least, "{name}, {sight}: {one:?} and {other:?} are {distance:.1} apart");
                }
            }
        }
    }
}

#[test]
fn the_simulation_is_that_of_the_paper() {
    let [_, (_, protan), (_, deutan), (_, tritan)] = SIGHTS;
    // A grey stays what it is; red and green come near to each other, but not with the cones of blue missing.
    for matrix in [protan, deutan, tritan] {
        assert!(distance([128; 3], [128; 3], matrix) < 1e-9);
        let grey = times(matrix, [0.5; 3]);
        assert!(grey.iter().all(|c| (c - 0.5).abs() < 0.01), "{grey:?}");
    }
    let (red, green) = ([200, 60, 40], [110, 130, 40]);
    assert!(distance(red, green, deutan) < 20.0 && distance(red, green, tritan) > 50.0);
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 1e-9);
}
