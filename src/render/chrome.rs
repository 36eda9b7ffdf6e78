//! Around the panels: the sentence, tabs, footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::ink::{Glyphs, Ground, Ink, Role};
use crate::panel::marks::{big_text, columns, fill, write, write_right};
use crate::view::lens::Lens;
use crate::view::scene::{PanelScene, Scene, SourceState};

/// The least that is worth saying of what changed last.
const LEAST_CHANGE: usize = 24;

/// The one sentence. What does not fit is counted; what is not so at this moment says when it was.
pub(super) fn verdict(scene: &Scene, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.is_empty() {
        return;
    }
    let worst = Status::worst(scene.remarks.iter().map(|remark| remark.status));
    let ink = &match worst {
        _ if ink.dimmed => ink.clone(),
        Status::Ok => ink.clone(),
        status => ink.on(Ground::Tint(status)),
    };
    fill(buffer, area, ink.style(Role::Text));
    let dot = ink.glyphs.dot();
    let room = area.width.saturating_sub(1);
    let mut x = 1;
    if age >= Span::seconds(1) {
        x += write(buffer, area, x, 0, &format!("{} ago: ", age.brief()), ink.style(Role::Warning));
    }
    let all_well = scene.remarks.iter().all(|remark| remark.status == Status::Ok);
    for (n, remark) in scene.remarks.iter().enumerate() {
        let left = scene.remarks.len() - n;
        let glyph =
            if remark.is_late { ink.glyphs.freshness(Freshness::Late) } else { ink.glyphs.status(remark.status) };
        let text = format!("{glyph} {}", remark.text);
        let reserve = if left > 1 { 12 } else { 0 };
        if n > 0 && x + text.width() as u16 + reserve > room {
            x += write(buffer, area, x, 0, &format!("+{left} more"), ink.style(Role::Muted));
            break;
        }
        let mut style = ink.style(remark.status.into());
        if !all_well && n == 0 {
            style = style.add_modifier(Modifier::BOLD);
        }
        let part = Rect { width: room.saturating_sub(reserve), ..area };
        x += write(buffer, part, x, 0, &text, style);
        if !remark.cause.is_empty() && x + 2 + remark.cause.width() as u16 <= part.width {
            x += write(buffer, part, x, 0, &format!(", {}", remark.cause), ink.style(Role::Muted));
        }
        if left > 1 {
            x += write(buffer, area, x, 0, dot, ink.style(Role::Muted));
        }
    }
    if let Some(change) = &scene.last_change
        && x + (dot.width() + change.width().min(LEAST_CHANGE)) as u16 <= room
    {
        x += write(buffer, area, x, 0, dot, ink.style(Role::Muted));
        write(buffer, Rect { width: room, ..area }, x, 0, change, ink.style(Role::Muted));
    }
}

/// What is wrong with the board itself: a line of its own, so that it takes no room from what is wrong
/// with the world.
pub(super) fn banner(scene: &Scene, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if let Some(banner) = scene.banner.as_ref().filter(|_| !area.is_empty()) {
        let text = format!("{} {banner}", ink.glyphs.status(Status::Warning));
        let area = Rect { width: area.width.saturating_sub(1), ..area };
        write(buffer, area, 1, 0, &text, ink.style(Role::Warning));
    }
}

/// A wall that gets nothing any more says so as a whole: nobody stands near enough to read its header.
pub(super) fn no_update(silence: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let style = ink.on(Ground::Fill(Status::Critical)).style(Role::Text);
    alarm("NO UPDATE", &format!("for {}", silence.brief()), area, buffer, (style, ink.glyphs));
}

/// Large words in the middle of a picture that is not to be trusted, and one line below them; where there is no room for
/// large ones, small ones.
pub fn alarm(words: &str, below: &str, area: Rect, buffer: &mut Buffer, (style, glyphs): (Style, Glyphs)) {
    let below = format!("{} {below}", glyphs.status(Status::Critical));
    let room = (area.width.saturating_sub(4), area.height.saturating_sub(4));
    let (large, width) = big_text::fitting(words, room, glyphs).unzip();
    let small = format!("{words} {below}");
    // The line below may be longer than the words: a reason.
    let longest = if large.is_some() { below.width() } else { small.width() } as u16;
    let inner_width = width.unwrap_or(0).max(longest).min(area.width.saturating_sub(4));
    let inner_height = large.map_or(1, |size| size.height() + 1);
    let (columns, rows) = ((inner_width + 4).min(area.width), (inner_height + 2).min(area.height));
    let box_area = Rect {
        x: area.x + (area.width - columns) / 2,
        y: area.y + (area.height - rows) / 2,
        width: columns,
        height: rows,
    };
    if columns < 5 || rows == 0 {
        return;
    }
    fill(buffer, box_area, style);
    let top = u16::from(rows > inner_height);
    let inner = Rect { x: box_area.x + 2, y: box_area.y + top, width: columns - 4, height: rows - top };
    let bold = style.add_modifier(Modifier::BOLD);
    match large.zip(width) {
        Some((size, width)) => {
            let centred = Rect { x: inner.x + inner.width.saturating_sub(width) / 2, width, ..inner };
            big_text::draw(buffer, centred, words, size, style, glyphs);
            write(buffer, inner, 0, size.height(), &below, bold);
        }
        None => {
            write(buffer, inner, 0, 0, &small, bold);
        }
    }
}

/// The pages, each with its lamp when it is not well.
pub(super) fn tabs(scene: &Scene, lens: &Lens, area: Rect, buffer: &mut Buffer, ink: &Ink) -> Vec<(Rect, usize)> {
    let mut areas = Vec::new();
    if area.is_empty() {
        return areas;
    }
    let mut x = 1;
    for (n, page) in scene.shown().enumerate() {
        let status = page.tally.status().unwrap_or(Status::Ok);
        let lamp = if status == Status::Ok { String::new() } else { format!(" {}", ink.glyphs.status(status)) };
        let text = format!("{} {}", n + 1, page.title);
        let chosen = n == lens.page.min(scene.page_count() - 1);
        let style = if chosen { ink.style(Role::Focus).add_modifier(Modifier::BOLD) } else { ink.style(Role::Muted) };
        let begin = x;
        x += write(buffer, area, x, 0, &text, style);
        x += write(buffer, area, x, 0, &lamp, ink.style(status.into()));
        areas.push((columns(area, begin, x - begin), n));
        x += 3;
    }
    let window = format!("last {}", lens.window.unwrap_or(scene.window).humane());
    if x + (window.width() as u16) < area.width {
        let role = if lens.window.is_some() { Role::Accent } else { Role::Muted };
        write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &window, ink.style(role));
    }
    areas
}

/// Keys, and how old the data is; for a wall only the latter.
pub(super) fn footer(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.is_empty() {
        return;
    }
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
    let right_room = (right.width() as u16 + 2).min(area.width);
    let hints: &[(&str, &str)] = if lens.kiosk {
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
    };
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
    for (key, what) in hints.iter().filter(|(key, _)| !lens.without.contains(key)) {
        if x + (key.width() + what.len() + 3) as u16 + right_room > area.width {
            break;
        }
        x += write(buffer, area, x, 0, key, ink.style(Role::Accent)) + 1;
        x += write(buffer, area, x, 0, what, ink.style(Role::Muted)) + 3;
    }
    write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &right, ink.style(Role::Muted));
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

/// "2 more warning, 12 more ok".
pub(super) fn counted<'a>(hidden: &(impl Iterator<Item = &'a PanelScene> + Clone), ink: &Ink) -> String {
    let parts: Vec<String> = Status::WORST_FIRST
        .into_iter()
        .filter_map(|status| {
            let count = hidden.clone().filter(|panel| panel.is_judged && panel.status == status).count();
            (count > 0).then(|| format!("{} {count} more {}", ink.glyphs.status(status), status.word()))
        })
        .chain(without_limits(hidden.clone().filter(|panel| !panel.is_judged).count()))
        .collect();
    parts.join(", ")
}

/// "3 more without limits".
fn without_limits(count: usize) -> Option<String> {
    (count > 0).then(|| format!("{count} more without limits"))
}
