//! The top line: the board, a lamp for each layer, what the viewer must know, the clock.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::model::event::EventKind;
use crate::model::freshness::Freshness;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{write, write_right};
use crate::view::lens::Lens;
use crate::view::scene::{LayerLamp, Scene};

/// Columns of "✖ NO UPDATE for 59 min".
const SILENCE: usize = 22;

/// Board, five lamps, clock; `age` is how long ago all this was so. Words get shorter as the screen gets narrower;
/// lamps stay. What the viewer must know is drawn in the ink `aloud`, which is never dimmed.
pub(super) fn draw(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, (ink, aloud): (&Ink, &Ink)) {
    if area.is_empty() {
        return;
    }
    let clock = scene.now.clock(&scene.zone);
    let title_width = scene.title.width() as u16 + 1;
    // What the viewer must know gets shorter before the lamps lose their words.
    let candidates = [
        (Words::Full, 0),
        (Words::Full, 1),
        (Words::Short, 1),
        (Words::Short, 2),
        (Words::Count, 2),
        (Words::Glyph, 2),
    ]
    .into_iter()
    .flat_map(|(words, brevity)| [(words, true, brevity), (words, false, brevity)]);
    let chosen = candidates.map(|(words, with_title, brevity)| {
        let right = state(scene, lens, age, brevity, ink).map_or(clock.clone(), |words| format!("{words}  {clock}"));
        let room = area.width - (right.width() as u16 + 2).min(area.width);
        let lamps: Vec<Lamp> = scene.layers.iter().filter_map(|lamp| lamp_words(lamp, words, ink)).collect();
        // The form is chosen by the widest words that may come: it does not change with what is seen now. Only where
        // several classes of one layer need more room it gets shorter.
        let usual: usize = scene.layers.iter().map(|lamp| widest(lamp, words, ink)).sum();
        let width = usual.max(lamps.iter().map(lamp_width).sum());
        let fits = width as u16 + if with_title { title_width + 3 } else { 1 } <= room;
        (fits, lamps, with_title, right, room)
    });
    let Some((_, lamps, with_title, right, room)) = first_or_last(chosen, |(fits, ..)| *fits) else { return };
    let right_style = match (&lens.silence, &scene.freeze) {
        (Some(_), _) => aloud.style(Role::Critical),
        (None, Some(_)) => aloud.style(Role::Warning),
        (None, None) => ink.style(Role::Muted),
    };
    let mut x = 1;
    if with_title {
        let style = ink.style(Role::Accent).add_modifier(Modifier::BOLD);
        x += write(buffer, area, x, 0, scene.title.as_str(), style) + 3;
    }
    for lamp in &lamps {
        for (role, text) in lamp {
            let style = ink.style(*role);
            let style = if *role == Role::Muted { style } else { style.add_modifier(Modifier::BOLD) };
            x += write(buffer, Rect { width: room.max(x), ..area }, x, 0, text, style) + 1;
        }
        x += 2;
    }
    write_right(buffer, Rect { width: area.width.saturating_sub(1), ..area }, 0, &right, right_style);
}

/// The most columns that a lamp may take while its layer has one status, whatever that is.
fn widest(lamp: &LayerLamp, words: Words, ink: &Ink) -> usize {
    lamp.forms().filter_map(|form| lamp_words(&form, words, ink)).map(|lamp| lamp_width(&lamp)).max().unwrap_or(0)
}

/// The columns of a lamp with the space behind it.
fn lamp_width(lamp: &Lamp) -> usize {
    lamp.iter().map(|(_, text)| text.width() + 1).sum::<usize>() + 2
}

#[derive(Clone, Copy, PartialEq)]
enum Words {
    Full,
    Short,
    Count,
    Glyph,
}

/// The parts of a layer's lamp, each in a colour of its own.
type Lamp = Vec<(Role, String)>;

/// Glyph, layer, the worst status in words, and every other status that occurs with its count: "▲ APPLICATION
/// 1 warning", "◌2". A layer without panels has no lamp.
fn lamp_words(lamp: &LayerLamp, words: Words, ink: &Ink) -> Option<Lamp> {
    let tally = lamp.tally;
    let name = match words {
        Words::Full => lamp.layer.word().to_uppercase(),
        Words::Short => lamp.layer.short().to_uppercase(),
        Words::Count => lamp.layer.short().to_owned(),
        Words::Glyph => initial(lamp.layer).to_owned(),
    };
    let mut classes = tally.classes();
    let Some((status, count)) = classes.next() else {
        return (tally.without_limits > 0).then(|| vec![(Role::Muted, format!("- {name}"))]);
    };
    let glyph = ink.glyphs.status(status);
    let worst = match (words, status) {
        (Words::Glyph, _) => format!("{glyph}{name}"),
        (Words::Count, Status::Ok) => format!("{glyph} {name}"),
        (Words::Count, _) => format!("{glyph} {name} {count}"),
        (_, Status::Ok) => format!("{glyph} {name} ok"),
        _ => format!("{glyph} {name} {count} {}", status.word()),
    };
    let mut parts = vec![(status.into(), worst)];
    if words != Words::Glyph {
        // That others are ok is no news.
        let others = classes.filter(|(status, _)| *status != Status::Ok);
        parts.extend(others.map(|(status, count)| (status.into(), format!("{}{count}", ink.glyphs.status(status)))));
        if tally.late > 0 {
            parts.push((Role::Warning, format!("{}{}", ink.glyphs.freshness(Freshness::Late), tally.late)));
        }
    }
    Some(parts)
}

const fn initial(layer: Layer) -> &'static str {
    match layer {
        Layer::Business => "b",
        Layer::Application => "a",
        Layer::Client => "c",
        Layer::Infrastructure => "i",
        Layer::Pipeline => "p",
    }
}

/// The first that will do, or the last there is.
fn first_or_last<T>(all: impl Iterator<Item = T>, will_do: impl Fn(&T) -> bool) -> Option<T> {
    let mut last = None;
    for one in all {
        if will_do(&one) {
            return Some(one);
        }
        last = Some(one);
    }
    last
}

/// What the viewer must know about what is seen: frozen, no longer fed, or a time without changes. A freeze
/// is told with its name, with its end, or as a word.
fn state(scene: &Scene, lens: &Lens, age: Span, brevity: usize, ink: &Ink) -> Option<String> {
    if let Some(silence) = lens.silence {
        let words = format!("{} NO UPDATE for {}", ink.glyphs.status(Status::Critical), silence.brief());
        // As wide as it may get: the header does not move as the silence grows.
        return Some(format!("{words:>SILENCE$}"));
    }
    let at = || scene.now.clock(&scene.zone);
    let paused = lens.frozen.is_some().then(|| format!("PAUSED at {}, {} ago", at(), age.brief()));
    let freeze = scene
        .freeze
        .as_ref()
        .and_then(|words| words.get(brevity))
        .map(|words| format!("{} {words}", ink.glyphs.event(EventKind::Freeze)));
    let words: Vec<String> = freeze.into_iter().chain(paused).collect();
    (!words.is_empty()).then(|| words.join(ink.glyphs.dot()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::ink::Glyphs;
    use crate::render::theme::{Theme, embedded};
    use crate::view::scene::Tally;

    #[test]
    fn a_lamp_counts_every_class_and_a_layer_without_panels_has_none() {
        let ink = Theme::load("andon", &embedded).unwrap().ink(Glyphs::Full);
        let said = |tally: Tally, words: Words| {
            let lamp = lamp_words(&LayerLamp { layer: Layer::Client, tally }, words, &ink)?;
            Some(lamp.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" "))
        };
        let mixed = Tally { critical: 1, warning: 2, unknown: 1, ok: 5, late: 3, ..Tally::default() };
        assert_eq!(said(mixed, Words::Full).as_deref(), Some("✖ CLIENT 1 critical ▲2 ◌1 ◷3"));
        assert_eq!(said(mixed, Words::Count).as_deref(), Some("✖ client 1 ▲2 ◌1 ◷3"));
        assert_eq!(said(Tally { ok: 4, ..Tally::default() }, Words::Full).as_deref(), Some("● CLIENT ok"));
        assert_eq!(said(Tally { without_limits: 2, ..Tally::default() }, Words::Full).as_deref(), Some("- CLIENT"));
        assert_eq!(said(Tally::default(), Words::Full), None);
    }
}
