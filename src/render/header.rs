//! The top lines: the board, a lamp for each layer, what the viewer must know, the clock.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::model::event::EventKind;
use crate::model::freshness::Freshness;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::ink::{Ground, Ink, Role};
use crate::panel::marks::{big_text, columns, fill, row, write, write_right};
use crate::view::lens::Lens;
use crate::view::past::{PastLook, PastState};
use crate::view::scene::{LayerLamp, Scene};

/// Columns of "✖ NO UPDATE for 59 min".
const SILENCE: usize = 22;

/// Rows of a header that has room for words that are read from afar.
pub(super) const TALL: u16 = big_text::Size::Small.height();
/// Blank cells beside the words of a lamp, both sides together.
const PADDING: usize = 2;
/// Cells between two lamps.
const GAP: u16 = 1;

/// Board, five lamps, clock; `age` is how long ago all this was so. Words get shorter as the screen gets narrower;
/// lamps stay. What the viewer must know is drawn in the ink `aloud`, which is never dimmed.
pub(super) fn draw(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, (ink, aloud): (&Ink, &Ink)) {
    if area.is_empty() {
        return;
    }
    let clock = Clock::new(scene, area, ink);
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
        let state = state(scene, lens, age, brevity, ink).unwrap_or_default();
        let state_width = if state.is_empty() { 0 } else { state.width() as u16 + 2 };
        let right = area.width - (state_width + clock.width + 2).min(area.width);
        let left = if with_title { title_width + 3 } else { 1 };
        let lamps: Vec<Lamp> = scene.layers.iter().filter_map(|lamp| Lamp::new(lamp, words, ink)).collect();
        // The form is chosen by the widest words that may come: it does not change with what is seen now. Only where
        // several classes of one layer need more room it gets shorter.
        let usual: usize = scene.layers.iter().map(|lamp| widest(lamp, words, ink)).sum();
        let width = usual.max(lamps.iter().map(Lamp::width).sum());
        let fits = left as usize + width <= usize::from(right);
        (fits, lamps, with_title.then_some(left), state, right)
    });
    let Some((_, lamps, left, state, right)) = first_or_last(chosen, |(fits, ..)| *fits) else { return };
    let line = row(area, (area.height - 1) / 2);
    if left.is_some() {
        let style = ink.style(Role::Accent).add_modifier(Modifier::BOLD);
        write(buffer, line, 1, 0, scene.title.as_str(), style);
    }
    let left = left.unwrap_or(1).min(right);
    draw_lamps(&lamps, columns(area, left, right - left), buffer, ink);
    let state_style = match (&lens.silence, &scene.freeze) {
        (Some(_), _) => aloud.style(Role::Critical),
        // Nobody is to take it for how things are.
        (None, _) if lens.past.is_some() => aloud.style(Role::Accent).add_modifier(Modifier::BOLD),
        (None, Some(_)) => aloud.style(Role::Warning),
        (None, None) => ink.style(Role::Muted),
    };
    let before_clock = columns(line, 0, line.width.saturating_sub(clock.width + 3));
    write_right(buffer, before_clock, 0, &state, state_style);
    clock.draw(area, buffer, ink);
}

/// The time of day, large where the header has the rows for it.
struct Clock {
    /// "14:27" for large digits, with the seconds beside it: they show that the screen is alive.
    large: Option<(String, String)>,
    small: String,
    width: u16,
}

impl Clock {
    fn new(scene: &Scene, area: Rect, ink: &Ink) -> Self {
        let small = scene.now.clock(&scene.zone);
        let minutes = scene.now.hour_minute(&scene.zone);
        let large = big_text::fitting(&minutes, (area.width / 8, area.height), ink.glyphs)
            .map(|(_, width)| (width, minutes, small.chars().skip("14:27:".len()).collect::<String>()));
        match large {
            Some((width, minutes, seconds)) => {
                Self { width: width + 1 + seconds.len() as u16, large: Some((minutes, seconds)), small }
            }
            None => Self { width: small.len() as u16, large: None, small },
        }
    }

    fn draw(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let x = area.width.saturating_sub(self.width + 1);
        let at = columns(area, x, self.width);
        match &self.large {
            Some((minutes, seconds)) => {
                big_text::draw(buffer, at, minutes, big_text::Size::Small, ink.style(Role::Title), ink.glyphs);
                write_right(buffer, at, area.height.saturating_sub(1), seconds, ink.style(Role::Muted));
            }
            None => {
                write(buffer, row(at, (area.height - 1) / 2), 0, 0, &self.small, ink.style(Role::Muted));
            }
        }
    }
}

/// Draws the lamps as blocks beside each other. The room that their words leave goes to those that are worst: what is
/// wrong is also what is widest.
fn draw_lamps(lamps: &[Lamp], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let used: usize = lamps.iter().map(Lamp::width).sum();
    let spare = usize::from(area.width).saturating_sub(used) as u16;
    let worst = lamps.iter().map(|lamp| lamp.severity).max().filter(|severity| *severity >= Status::Warning.severity());
    let widened = lamps.iter().filter(|lamp| Some(lamp.severity) == worst).count() as u16;
    let mut x = 0;
    for lamp in lamps {
        let grown = if Some(lamp.severity) == worst { (spare / widened.max(1)).min(MOST_SPARE) } else { 0 };
        let block = columns(area, x, lamp.width() as u16 + grown - GAP);
        lamp.draw(block, buffer, ink);
        x += block.width + GAP;
    }
}

/// The most columns that a lamp gets beyond its words.
const MOST_SPARE: u16 = 60;

/// The most columns that a lamp may take while its layer has one status, whatever that is.
fn widest(lamp: &LayerLamp, words: Words, ink: &Ink) -> usize {
    lamp.forms().filter_map(|form| Lamp::new(&form, words, ink)).map(|lamp| lamp.width()).max().unwrap_or(0)
}

#[derive(Clone, Copy, PartialEq)]
enum Words {
    Full,
    Short,
    Count,
    Glyph,
}

/// The lamp of a layer: a block in the colour of its worst status, with words in it.
struct Lamp {
    /// None where nothing of the layer has limits.
    status: Option<Status>,
    severity: u8,
    /// In capitals.
    name: String,
    /// Each in a colour of its own.
    parts: Vec<(Role, String)>,
}

impl Lamp {
    /// Glyph, layer, the worst status in words, and every other status that occurs with its count: "▲ APPLICATION
    /// 1 warning", "◌2". A layer without panels has no lamp.
    fn new(lamp: &LayerLamp, words: Words, ink: &Ink) -> Option<Self> {
        let tally = lamp.tally;
        let name = match words {
            Words::Full => lamp.layer.word().to_uppercase(),
            Words::Short => lamp.layer.short().to_uppercase(),
            Words::Count => lamp.layer.short().to_owned(),
            Words::Glyph => initial(lamp.layer).to_owned(),
        };
        let mut classes = tally.classes();
        let with_parts = |status: Option<Status>, parts| Self {
            status,
            severity: status.unwrap_or(Status::Ok).severity(),
            name: if words == Words::Full { lamp.layer.word() } else { lamp.layer.short() }.to_uppercase(),
            parts,
        };
        let Some((status, count)) = classes.next() else {
            let parts = vec![(Role::Muted, format!("- {name}"))];
            return (tally.without_limits > 0).then(|| with_parts(None, parts));
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
            let count =
                |(status, count): (Status, usize)| (status.into(), format!("{}{count}", ink.glyphs.status(status)));
            parts.extend(others.map(count));
            if tally.late > 0 {
                parts.push((Role::Warning, format!("{}{}", ink.glyphs.freshness(Freshness::Late), tally.late)));
            }
        }
        Some(with_parts(Some(status), parts))
    }

    /// The least columns, with the gap behind it.
    fn width(&self) -> usize {
        self.words_width() + PADDING + usize::from(GAP)
    }

    fn words_width(&self) -> usize {
        self.parts.iter().map(|(_, text)| text.width() + 1).sum::<usize>() - 1
    }

    fn draw(&self, block: Rect, buffer: &mut Buffer, ink: &Ink) {
        let on = match self.status {
            Some(_) if ink.dimmed => ink.on(Ground::Fill(Status::Unknown)),
            Some(status) => ink.on(Ground::Fill(status)),
            None => ink.clone(),
        };
        fill(buffer, block, on.style(Role::Text));
        let mut x = PADDING as u16 / 2;
        // What is wrong is written large beside its words, where there is room for both.
        let room = block.width.saturating_sub(self.words_width() as u16 + 2 * PADDING as u16 + 1);
        if self.severity >= Status::Warning.severity()
            && let Some((size, width)) = big_text::fitting(&self.name, (room, block.height), on.glyphs)
        {
            big_text::draw(buffer, columns(block, x, width), &self.name, size, on.style(Role::Text), on.glyphs);
            x += width + 2;
        }
        let line = row(block, (block.height - 1) / 2);
        for (role, text) in &self.parts {
            let style = on.style(*role);
            let style = if *role == Role::Muted { style } else { style.add_modifier(Modifier::BOLD) };
            x += write(buffer, line, x, 0, text, style) + 1;
        }
    }
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
    let paused = match &lens.past {
        // It was refused, and what is seen is live.
        Some(_) if lens.frozen.is_none() => Some("this is now: the past is not shown here".to_owned()),
        Some(past) => Some(past_words(past, scene, age, brevity, ink)),
        None => lens.frozen.is_some().then(|| format!("PAUSED at {}, {} ago", at(), age.brief())),
    };
    let freeze = scene
        .freeze
        .as_ref()
        .and_then(|words| words.get(brevity))
        .map(|words| format!("{} {words}", ink.glyphs.event(EventKind::Freeze)));
    // Others are red than what is seen, or the turning of pages is held back.
    let red = (lens.kiosk && lens.turning.red > 1).then(|| format!("{} pages red", lens.turning.red));
    let held = lens.turning.paused.filter(|_| lens.turning.red > 0).map(|_| "page held".to_owned());
    let words: Vec<String> = freeze.into_iter().chain(paused).chain(red).chain(held).collect();
    (!words.is_empty()).then(|| words.join(ink.glyphs.dot()))
}

/// Of when the past is that is seen, how it moves, or why it is not seen.
fn past_words(past: &PastLook, scene: &Scene, age: Span, brevity: usize, ink: &Ink) -> String {
    let wanted = past.at.date_time(&scene.zone);
    let mut words = vec!["PAST".to_owned()];
    match &past.state {
        PastState::Asked => words.push(format!("{wanted} is asked for")),
        PastState::Refused(_) => words.push(format!("{wanted} is not known")),
        PastState::Seen(_) => {}
    }
    // The clock beside it shows the time of day of what is seen.
    let today = scene.now.plus(age).day(&scene.zone);
    words.extend(Some(scene.now.day(&scene.zone)).filter(|day| *day != today));
    words.extend((brevity == 0).then(|| format!("{} ago", age.brief())));
    words.extend(past.speed.map(|speed| format!("{speed}x")));
    words.join(ink.glyphs.dot())
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
            let lamp = Lamp::new(&LayerLamp { layer: Layer::Client, tally }, words, &ink)?;
            Some(lamp.parts.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" "))
        };
        let mixed = Tally { critical: 1, warning: 2, unknown: 1, ok: 5, late: 3, ..Tally::default() };
        assert_eq!(said(mixed, Words::Full).as_deref(), Some("✖ CLIENT 1 critical ▲2 ◌1 ◷3"));
        assert_eq!(said(mixed, Words::Count).as_deref(), Some("✖ client 1 ▲2 ◌1 ◷3"));
        assert_eq!(said(Tally { ok: 4, ..Tally::default() }, Words::Full).as_deref(), Some("● CLIENT ok"));
        assert_eq!(said(Tally { without_limits: 2, ..Tally::default() }, Words::Full).as_deref(), Some("- CLIENT"));
        assert_eq!(said(Tally::default(), Words::Full), None);
    }
}
