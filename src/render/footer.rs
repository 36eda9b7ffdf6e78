//! The last line: what is typed, keys, and how old the data is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::chrome::window;
use super::details::happened;
use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, fill, write, write_right};
use crate::view::lens::Lens;
use crate::view::page_filter::matches;
use crate::view::past::{PastLook, PastState};
use crate::view::prompt::Prompt;
use crate::view::scene::{Scene, SourceState};

/// Keys, and how old the data is; for a wall only the latter.
pub(super) fn draw(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.is_empty() {
        return;
    }
    let pointed = lens.cursor.filter(|_| !lens.zoom).zip(lens.changes(scene));
    match (&lens.prompt, pointed, &lens.past) {
        (Some(prompt), ..) => typed(prompt, area, buffer, ink),
        (None, Some((cursor, changes)), _) => {
            let time = columns(area, 1, area.width - 1);
            let x = 4 + write(buffer, time, 0, 0, &cursor.clock(&scene.zone), ink.style(Role::Accent));
            happened(&changes, cursor, scene, columns(area, x, area.width.saturating_sub(x + 1)), buffer, ink);
        }
        (None, None, Some(past)) => past_line(past, (scene, lens), area, buffer, ink),
        (None, None, None) => keys_and_age(scene, lens, age, area, buffer, ink),
    }
}

fn keys_and_age(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    // Who may not know the sources of a board is not told that there are none.
    let is_told = !scene.sources.is_empty() || scene.updated.is_none();
    let mut right = if is_told { sources(scene) } else { String::new() };
    if let Some(theme) = &lens.theme {
        right = format!("theme {theme}{}{right}", ink.glyphs.dot());
    }
    if let Some(updated) = scene.updated {
        let dot = if right.is_empty() { "" } else { ink.glyphs.dot() };
        right = format!("updated {} ago{dot}{right}", updated.age_at(scene.now.plus(age)).brief());
    }
    if let Some(page) = scene.page(lens.page).filter(|_| !lens.filter.is_empty()) {
        let shown = page.panels.iter().filter(|panel| matches(&lens.filter, panel)).count();
        let words = format!("'{}': {shown} of {} panels", lens.filter, page.panels.len());
        right = format!("{words}{}{right}", ink.glyphs.dot());
    }
    if lens.window.is_some() {
        right = format!("{}{}{right}", window(scene, lens), ink.glyphs.dot());
    }
    let right_room = (right.width() as u16 + 2).min(area.width);
    let mut x = 1;
    if lens.kiosk && scene.page_count() > 1 {
        let words = turning(scene, lens, ink);
        write(
            buffer,
            columns(area, x, area.width.saturating_sub(right_room + x)),
            0,
            0,
            &words,
            ink.style(Role::Muted),
        );
    }
    for (key, what) in hints(scene, lens).iter().filter(|(key, _)| !lens.without.contains(key)) {
        if x + (key.width() + what.len() + 3) as u16 + right_room > area.width {
            break;
        }
        x += write(buffer, area, x, 0, key, ink.style(Role::Accent)) + 1;
        x += write(buffer, area, x, 0, what, ink.style(Role::Muted)) + 3;
    }
    write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &right, ink.style(Role::Muted));
}

/// The keys that matter most where the viewer is.
fn hints(scene: &Scene, lens: &Lens) -> &'static [(&'static str, &'static str)] {
    if lens.kiosk {
        &[]
    } else if lens.changes(scene).is_some() {
        &[("?", "help"), ("q", "quit"), ("Esc", "back"), ("h l", "point"), ("n N", "events"), ("Tab", "next")]
    } else if lens.inspection.typing.is_some() {
        &[("Enter", "done"), ("Esc", "leave"), ("Ctrl-u", "clear")]
    } else if lens.inspected(scene).is_some() {
        &[
            ("?", "help"),
            ("Esc", "back"),
            ("/", "search"),
            ("f", "filter"),
            ("v", "patterns"),
            ("w", "wrap"),
            ("Space", "hold"),
        ]
    } else if lens.lines(scene) > 0 {
        &[("?", "help"), ("q", "quit"), ("Esc", "back"), ("j k", "scroll"), ("Tab", "next"), ("p", "pause")]
    } else if lens.zoom {
        &[("?", "help"), ("q", "quit"), ("Esc", "back"), ("Tab", "next"), ("p", "pause"), ("r", "refresh")]
    } else {
        &[("?", "help"), ("q", "quit"), ("Tab", "next"), ("Enter", "zoom"), ("p", "pause"), ("r", "refresh")]
    }
}

/// What is being typed, and what may be, or why it will not do.
pub(super) fn typed(prompt: &Prompt, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut x = 1;
    x += write(buffer, area, x, 0, prompt.question.label(), ink.style(Role::Accent)) + 1;
    x += write(buffer, area, x, 0, &prompt.text, ink.style(Role::Title));
    x += write(buffer, area, x, 0, " ", ink.style(Role::Text).add_modifier(Modifier::REVERSED)) + 2;
    let said = prompt.error.as_ref().map_or_else(
        || (prompt.question.hint().to_owned(), Role::Muted),
        |why| (format!("{} {why}", ink.glyphs.status(Status::Warning)), Role::Warning),
    );
    write(buffer, area, x, 0, &said.0, ink.style(said.1));
}

/// Keys of the past. The line is turned inside out: whoever looks must not take it for how things are now.
fn past_line(past: &PastLook, (scene, lens): (&Scene, &Lens), area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let style = ink.style(Role::Accent).add_modifier(Modifier::REVERSED);
    fill(buffer, area, style);
    let mut x = 1;
    let word = if lens.frozen.is_some() { "PAST" } else { "NOW" };
    x += write(buffer, area, x, 0, word, style.add_modifier(Modifier::BOLD)) + 3;
    let said = match &past.state {
        PastState::Refused(why) => Some(why.clone()),
        PastState::Seen(step) if step.0 > 0 => Some(format!("known in steps of {}", step.humane())),
        _ => None,
    };
    let play = if past.speed.is_some() { "faster, stop" } else { "play" };
    let keys =
        [("0", "now"), (", .", "step"), ("{ }", "half a window"), ("Space", play), ("n N", "events"), ("t", "time")];
    let keys = keys.map(|(key, what)| format!("{key} {what}"));
    for words in said.iter().chain(&keys) {
        if x + words.width() as u16 >= area.width {
            break;
        }
        x += write(buffer, area, x, 0, words, style) + 3;
    }
    let window = window(scene, lens);
    if lens.window.is_some() && x + (window.width() as u16) < area.width {
        write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &window, style);
    }
}

/// "Shop · page 1 of 3 · next in 15 s", "held: 2 pages are red", "held by a key for 60 s".
fn turning(scene: &Scene, lens: &Lens, ink: &Ink) -> String {
    let index = lens.page.min(scene.page_count().saturating_sub(1));
    let title = scene.page(index).map(|page| page.title.to_string());
    let red = match lens.turning.red {
        0 => None,
        1 => Some("held: a page is red".to_owned()),
        red => Some(format!("held: {red} pages are red")),
    };
    let next = match (lens.turning.paused, lens.turning.next) {
        (Some(seconds), _) => Some(format!("held by a key for {seconds} s")),
        (None, Some(seconds)) => Some(format!("next in {seconds} s")),
        (None, None) => None,
    };
    let page = format!("page {} of {}", index + 1, scene.page_count());
    title.into_iter().chain([page]).chain(red).chain(next).collect::<Vec<_>>().join(ink.glyphs.dot())
}

/// "all 7 sources", or who is missing: a source of which one query has no answer is not missing as a whole.
fn sources(scene: &Scene) -> String {
    let waiting: Vec<_> = scene.sources.iter().filter(|source| source.freshness == Freshness::Waiting).collect();
    let (missing, partly): (Vec<_>, Vec<_>) =
        scene.sources.iter().filter(|source| source.missing > 0).partition(|source| source.missing == source.queries);
    let partly = match partly.as_slice() {
        [] => String::new(),
        [one] => format!("{}: {} of {} queries missing", one.name, one.missing, one.queries),
        several => format!("{} sources with missing queries", several.len()),
    };
    let whole = whole_sources(&missing, waiting.len(), scene.sources.len());
    match (partly.is_empty(), missing.is_empty()) {
        (true, _) => whole,
        (false, true) => partly,
        (false, false) => format!("{whole}, {partly}"),
    }
}

fn whole_sources(missing: &[&SourceState], waiting: usize, all: usize) -> String {
    match (missing, waiting, all) {
        (_, _, 0) => "no sources".to_owned(),
        ([], 0, 1) => "1 source".to_owned(),
        ([], 0, all) => format!("all {all} sources"),
        ([], waiting, all) => format!("connecting to {waiting} of {all} sources"),
        ([one], _, all) => format!("{} missing of {all} sources", one.name),
        (several, _, all) => format!("{} of {all} sources missing", several.len()),
    }
}
