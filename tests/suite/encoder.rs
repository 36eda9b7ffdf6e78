//! For any two frames, key frame plus delta, read by a terminal emulator, shows exactly the second.

use andon::output::ansi::{Depth, encode, lines};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

const SIZE: (u16, u16) = (24, 6);

#[derive(Debug, Clone)]
struct Stroke {
    x: u16,
    y: u16,
    text: String,
    style: Style,
}

fn colour() -> impl Strategy<Value = Color> {
    prop_oneof![Just(Color::Reset), (0_u8..4, 0_u8..4).prop_map(|(r, g)| Color::Rgb(r * 80, g * 80, 7))]
}

fn stroke() -> impl Strategy<Value = Stroke> {
    let modifier = prop_oneof![
        Just(Modifier::empty()),
        Just(Modifier::BOLD),
        Just(Modifier::REVERSED),
        Just(Modifier::BOLD | Modifier::UNDERLINED),
        Just(Modifier::DIM)
    ];
    (0..SIZE.0, 0..SIZE.1, "[a-z ▁█⣿●日本é]{1,12}", colour(), colour(), modifier).prop_map(
        |(x, y, text, fg, bg, modifier)| Stroke {
            x,
            y,
            text,
            // Not on top of what was there: a terminal has one weight, not two.
            style: Style::reset().fg(fg).bg(bg).add_modifier(modifier),
        },
    )
}

fn frame(strokes: &[Stroke]) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
    for stroke in strokes {
        let room = usize::from(SIZE.0 - stroke.x);
        buffer.set_stringn(stroke.x, stroke.y, &stroke.text, room, stroke.style);
    }
    buffer
}

/// Every cell as text and style, as the emulator has it.
fn shown(parser: &vt100::Parser) -> Vec<String> {
    let mut cells = Vec::new();
    for y in 0..SIZE.1 {
        for x in 0..SIZE.0 {
            let cell = parser.screen().cell(y, x).unwrap();
            if cell.is_wide_continuation() {
                continue;
            }
            let text = if cell.has_contents() { cell.contents() } else { " " };
            let style = (cell.fgcolor(), cell.bgcolor(), cell.bold(), cell.dim(), cell.underline(), cell.inverse());
            cells.push(format!("{x},{y} {text:?} {style:?}"));
        }
    }
    cells
}

fn emulator() -> vt100::Parser {
    vt100::Parser::new(SIZE.1.try_into().unwrap(), SIZE.0.try_into().unwrap(), 0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_delta_shows_exactly_the_second_frame(
        first in prop::collection::vec(stroke(), 0..12), second in prop::collection::vec(stroke(), 0..12)
    ) {
        let (first, second) = (frame(&first), frame(&second));
        let mut stepwise = emulator();
        stepwise.process(&encode(None, &first, Depth::True));
        stepwise.process(&encode(Some(&first), &second, Depth::True));
        let mut direct = emulator();
        direct.process(&encode(None, &second, Depth::True));
        prop_assert_eq!(shown(&stepwise), shown(&direct));
    }

    #[test]
    fn a_key_frame_shows_what_was_drawn(strokes in prop::collection::vec(stroke(), 0..12)) {
        let buffer = frame(&strokes);
        let mut parser = emulator();
        parser.process(&encode(None, &buffer, Depth::True));
        for y in 0..SIZE.1 {
            for x in 0..SIZE.0 {
                let (cell, seen) = (buffer.cell((x, y)).unwrap(), parser.screen().cell(y, x).unwrap());
                if seen.is_wide_continuation() {
                    continue;
                }
                let text = if seen.has_contents() { seen.contents() } else { " " };
                prop_assert_eq!(cell.symbol(), text, "at {},{}", x, y);
                prop_assert_eq!(cell.modifier.contains(Modifier::BOLD), seen.bold());
                prop_assert_eq!(cell.modifier.contains(Modifier::REVERSED), seen.inverse());
                let colour = |colour| match colour {
                    Color::Rgb(r, g, b) => vt100::Color::Rgb(r, g, b),
                    _ => vt100::Color::Default,
                };
                prop_assert_eq!((colour(cell.fg), colour(cell.bg)), (seen.fgcolor(), seen.bgcolor()));
            }
        }
    }

    #[test]
    fn the_same_frame_costs_nothing(strokes in prop::collection::vec(stroke(), 0..12)) {
        let buffer = frame(&strokes);
        prop_assert!(encode(Some(&buffer), &buffer, Depth::True).is_empty());
    }
}

#[test]
fn a_frame_is_one_synchronized_update() {
    let bytes = String::from_utf8(encode(None, &frame(&[]), Depth::True)).unwrap();
    assert!(bytes.starts_with("\x1b[?2026h") && bytes.ends_with("\x1b[?2026l"));
    assert_eq!(bytes.matches("2026").count(), 2);
}

#[test]
fn fewer_colours_are_the_nearest_ones_and_none_are_none() {
    let mut buffer = frame(&[]);
    buffer.set_string(0, 0, "x", Style::new().fg(Color::Rgb(255, 0, 0)));
    let coded = |depth| String::from_utf8(encode(None, &buffer, depth)).unwrap();
    assert!(coded(Depth::True).contains("38;2;255;0;0"));
    assert!(coded(Depth::Ansi256).contains("38;5;196"));
    assert!(coded(Depth::Ansi16).contains("\x1b[0;91m"));
    let plain = coded(Depth::None);
    assert!(!plain.contains("38;") && !plain.contains("91"));
}

#[test]
fn a_symbol_that_could_act_is_replaced() {
    let mut buffer = frame(&[]);
    buffer.cell_mut((0, 0)).unwrap().set_symbol("\x1b]0;pwn\x07");
    buffer.cell_mut((1, 0)).unwrap().set_symbol("\u{9b}");
    for text in [String::from_utf8(encode(None, &buffer, Depth::True)).unwrap(), lines(&buffer, Depth::True)] {
        assert!(!text.contains("pwn") && !text.contains('\u{9b}') && !text.contains('\x07'));
    }
}
