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
use crate::view::past::PastState;
use crate::view::scene::{PanelScene, Scene};

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

/// How much time the graphs show: "last 1 h", "last 7 d as of 14:03".
pub(super) fn window(scene: &Scene, lens: &Lens) -> String {
    let window = format!("last {}", lens.window.unwrap_or(scene.window).humane());
    let Some(wide) = &lens.wide else { return window };
    match (&wide.state, wide.of_now(scene.now)) {
        (PastState::Refused(why), None) => format!("{window}: {why}"),
        (_, None) => format!("{window} is asked for"),
        (_, Some((at, _))) => format!("{window} as of {}", at.hour_minute(&scene.zone)),
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
    let window = window(scene, lens);
    // What a viewer has chosen is said in the last line: here there may be no room for it.
    if lens.window.is_none() && x + (window.width() as u16) < area.width {
        write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &window, ink.style(Role::Muted));
    }
    areas
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
