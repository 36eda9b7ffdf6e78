//! Around the panels: the sentence, tabs, frames, strips, footer.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::changes::{Mark, words};
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::{columns, outline, put, row, wrap, write, write_right};
use crate::view::lens::Lens;
use crate::view::scene::{PanelScene, Scene, SourceState};

/// The least that is worth saying of what changed last.
const LEAST_CHANGE: usize = 24;

/// The one sentence. What does not fit is counted; what is not so at this moment says when it was.
pub(super) fn verdict(scene: &Scene, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.is_empty() {
        return;
    }
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

/// The pages, each with its lamp when it is not well.
pub(super) fn tabs(scene: &Scene, lens: &Lens, area: Rect, buffer: &mut Buffer, ink: &Ink) -> Vec<(Rect, usize)> {
    let mut areas = Vec::new();
    if area.is_empty() {
        return areas;
    }
    let mut x = 1;
    for (n, page) in scene.pages.iter().enumerate() {
        let status = page.tally.status().unwrap_or(Status::Ok);
        let lamp = if status == Status::Ok { String::new() } else { format!(" {}", ink.glyphs.status(status)) };
        let text = format!("{} {}", n + 1, page.title);
        let chosen = n == lens.page.min(scene.pages.len() - 1);
        let style = if chosen { ink.style(Role::Focus).add_modifier(Modifier::BOLD) } else { ink.style(Role::Muted) };
        let begin = x;
        x += write(buffer, area, x, 0, &text, style);
        x += write(buffer, area, x, 0, &lamp, ink.style(status.into()));
        areas.push((columns(area, begin, x - begin), n));
        x += 3;
    }
    let window = format!("last {}", scene.window.humane());
    if x + (window.width() as u16) < area.width {
        write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &window, ink.style(Role::Muted));
    }
    areas
}

/// Keys, and how old the data is; for a wall only the latter.
pub(super) fn footer(scene: &Scene, lens: &Lens, age: Span, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.is_empty() {
        return;
    }
    let mut right = sources(scene);
    if let Some(updated) = scene.updated {
        right = format!("updated {} ago{}{right}", updated.age_at(scene.now.plus(age)).brief(), ink.glyphs.dot());
    }
    let right_room = (right.width() as u16 + 2).min(area.width);
    let hints: &[(&str, &str)] = if lens.kiosk {
        &[]
    } else if lens.changes(scene).is_some() {
        &[("?", "help"), ("q", "quit"), ("Esc", "back"), ("h l", "point"), ("n N", "events"), ("Tab", "next")]
    } else if lens.lines(scene) > 0 {
        &[("?", "help"), ("q", "quit"), ("Esc", "back"), ("j k", "scroll"), ("Tab", "next"), ("p", "pause")]
    } else if lens.zoom {
        &[("?", "help"), ("q", "quit"), ("Esc", "back"), ("Tab", "next"), ("p", "pause"), ("r", "refresh")]
    } else {
        &[("?", "help"), ("q", "quit"), ("Tab", "next"), ("Enter", "zoom"), ("p", "pause"), ("r", "refresh")]
    };
    let mut x = 1;
    for (key, what) in hints {
        if x + (key.width() + what.len() + 3) as u16 + right_room > area.width {
            break;
        }
        x += write(buffer, area, x, 0, key, ink.style(Role::Accent)) + 1;
        x += write(buffer, area, x, 0, what, ink.style(Role::Muted)) + 3;
    }
    write_right(buffer, Rect { width: area.width - 1, ..area }, 0, &right, ink.style(Role::Muted));
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

/// How a panel is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether the viewer has chosen it.
    pub focused: bool,
    /// For how long no scene has come, when that is too long.
    pub silence: Option<Span>,
}

/// A frame with title and status in its line. What is chosen has heavier strokes: the colour is that of the
/// status. Returns what is left inside.
pub(super) fn frame(panel: &PanelScene, area: Rect, look: Look, buffer: &mut Buffer, ink: &Ink) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect::default();
    }
    let is_bad = panel.is_judged && panel.status.severity() >= Status::Warning.severity();
    let border = ink.style(match (is_bad, look.focused) {
        (true, _) => panel.status.into(),
        (false, true) => Role::Focus,
        (false, false) => Role::Border,
    });
    outline(buffer, area, border, if look.focused { ink.glyphs.chosen_frame() } else { ink.glyphs.frame() });
    let line = columns(Rect { height: 1, ..area }, 1, area.width.saturating_sub(2));
    let used = status_words(panel, look.silence, line, buffer, ink);
    let room = line.width.saturating_sub(used + 1);
    let mark = if panel.simulated { " sim" } else { "" };
    let mark_room = if room as usize > panel.title.width() + mark.len() + 2 { mark.len() as u16 } else { 0 };
    let title_room = columns(line, 1, room.saturating_sub(mark_room + 1));
    if usize::from(title_room.width) >= panel.title.width().clamp(1, 3) {
        put(buffer, line, 0, 0, " ", border);
        let style = ink.style(if look.focused { Role::Focus } else { Role::Title }).add_modifier(Modifier::BOLD);
        let mut x = write(buffer, title_room, 0, 0, panel.title.as_str(), style) + 1;
        if mark_room > 0 {
            x += write(buffer, line, x, 0, mark, ink.style(Role::Muted));
        }
        put(buffer, line, x, 0, " ", border);
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// Why a panel is as it is: in the lower line of its frame, or, where that is too short and `free` rows at the
/// bottom of the panel are enough, over several lines in these.
pub(super) fn reason(panel: &PanelScene, area: Rect, free: u16, buffer: &mut Buffer, ink: &Ink) {
    if panel.reason.is_empty() || area.height < 2 {
        return;
    }
    let style = ink.style(if panel.status == Status::Ok { Role::Muted } else { panel.status.into() });
    let words = format!(" {} ", panel.reason);
    let foot = columns(Rect { y: area.y + area.height - 1, height: 1, ..area }, 2, area.width.saturating_sub(4));
    let lines = wrap(&panel.reason, usize::from(foot.width.saturating_sub(1)));
    if words.width() <= usize::from(foot.width) || lines.len() > usize::from(free) {
        write(buffer, foot, 0, 0, &words, style);
        return;
    }
    let begin = area.height - 1 - lines.len() as u16;
    for (n, line) in lines.iter().enumerate() {
        write(buffer, columns(row(area, begin + n as u16), 2, foot.width), 0, 0, line, style);
    }
}

/// How old a panel is, when that matters: in a few words, and in fewer.
fn oldness(panel: &PanelScene, silence: Option<Span>) -> Option<(String, &str)> {
    match (silence, panel.freshness) {
        (Some(silence), _) => Some((format!("no update {}", silence.brief()), "no update")),
        (None, Freshness::Fresh) => None,
        (None, freshness) => Some((panel.note.clone(), freshness.word())),
    }
}

/// The role of a status that may be old: what is late is not ok any more, and not green.
fn role_of(panel: &PanelScene, old: bool) -> Role {
    if old && (panel.status == Status::Ok || !panel.is_judged) { Role::Warning } else { panel.status.into() }
}

/// " ● ok ", " ▲ warning · since 14:21 " or " ◷ late 7 s " at the right of a frame's line. That data is late is the
/// last to be left out. Returns the columns taken.
fn status_words(panel: &PanelScene, silence: Option<Span>, line: Rect, buffer: &mut Buffer, ink: &Ink) -> u16 {
    let (glyph, word, dot) = (ink.glyphs.status(panel.status), panel.status.word(), ink.glyphs.dot());
    let old = oldness(panel, silence);
    let role = role_of(panel, old.is_some());
    let words = match old {
        None if !panel.is_judged => return 0,
        None if panel.note.is_empty() => vec![format!("{glyph} {word}"), glyph.to_owned()],
        None => vec![format!("{glyph} {word}{dot}{}", panel.note), format!("{glyph} {word}"), glyph.to_owned()],
        Some((long, short)) => {
            let clock = ink.glyphs.freshness(Freshness::Late);
            let age = [format!("{clock} {long}"), format!("{clock} {short}"), clock.to_owned()];
            // What has no status says how old it is all the same.
            if panel.status == Status::Ok || !panel.is_judged {
                age.to_vec()
            } else {
                let full = format!("{glyph} {word}{dot}{clock} {long}");
                std::iter::once(full).chain(age.map(|age| format!("{glyph} {age}"))).collect()
            }
        }
    };
    // The title keeps at least its own width, or half of the line.
    let title = (panel.title.width() as u16 + 4).min(line.width / 2);
    let fits = |text: &String| text.width() as u16 + 2 <= line.width.saturating_sub(title);
    let Some(text) = words.iter().find(|text| fits(text)).or(words.last()) else { return 0 };
    if text.width() as u16 + 3 > line.width {
        return 0;
    }
    let room = Rect { width: line.width.saturating_sub(1), ..line };
    write_right(buffer, room, 0, &format!(" {text} "), ink.style(role)) + 1
}

/// The zoomed panel's own facts, below it: what happened where the viewer points, or age and link.
pub(super) fn details(
    panel: &PanelScene,
    scene: &Scene,
    age: Span,
    inner: Rect,
    buffer: &mut Buffer,
    ink: &Ink,
) -> Rect {
    if inner.height < 6 {
        return inner;
    }
    let foot = Rect { y: inner.y + inner.height - 1, height: 1, ..inner };
    let above = Rect { height: inner.height - 2, ..inner };
    if let (Some(cursor), Some(changes)) = (ink.cursor, panel.view.changes()) {
        let time = cursor.clock(&scene.zone);
        let mut x = write(buffer, foot, 1, 0, &time, ink.style(Role::Accent)) + 3;
        let value = panel.view.said_at(cursor);
        if !value.is_empty() {
            x += write(buffer, foot, x, 0, &value, ink.style(Role::Title)) + 3;
        }
        let marks: Vec<&Mark> = changes.marks_at(cursor).collect();
        let said = marks_text(&marks, scene, usize::from(foot.width.saturating_sub(x + 1)), ink);
        write(buffer, foot, x, 0, &said, ink.style(Role::Text));
        return above;
    }
    let answered = |old: Span| format!("answered {} ago", Span(old.0.saturating_add(age.0)).brief());
    let mut facts = vec![panel.layer.word().to_owned(), panel.age.map_or_else(|| "no answer yet".to_owned(), answered)];
    if panel.simulated {
        facts.push("simulated".to_owned());
    }
    facts.extend(scene.sources.iter().filter_map(SourceState::budget_words));
    facts.extend(panel.link.as_ref().map(ToString::to_string));
    write(buffer, foot, 1, 0, &facts.join(ink.glyphs.dot()), ink.style(Role::Muted));
    above
}

/// What the marks under the pointer say, how long ago that was, and how many more there are than there is
/// room for.
fn marks_text(marks: &[&Mark], scene: &Scene, room: usize, ink: &Ink) -> String {
    let Some(first) = marks.first() else { return "nothing happened here".to_owned() };
    let count: usize = marks.iter().map(|mark| mark.count).sum();
    let age = format!(", {} ago", first.at.age_at(scene.now).brief());
    let mut said = String::new();
    for (n, words) in marks.iter().flat_map(|mark| &mark.events).map(words).enumerate() {
        let between = if n == 0 { "" } else { ink.glyphs.dot() };
        if n > 0 && said.width() + between.width() + words.width() + age.width() + " +99 more".len() > room {
            return format!("{said}{age} +{} more", count - n);
        }
        said = format!("{said}{between}{words}");
    }
    let left = count - marks.iter().map(|mark| mark.events.len()).sum::<usize>();
    let more = if left > 0 { format!(" +{left} more") } else { String::new() };
    format!("{said}{age}{more}")
}

/// A panel in one line: "● Orders 128 orders/min". The title of what is chosen is reversed.
pub(super) fn strip(panel: &PanelScene, area: Rect, look: Look, buffer: &mut Buffer, ink: &Ink) {
    let line = columns(area, 1, area.width.saturating_sub(2));
    let old = oldness(panel, look.silence);
    let mut x = 0;
    if panel.is_judged || old.is_some() {
        let is_late = old.is_some() && (panel.status == Status::Ok || !panel.is_judged);
        let late = ink.glyphs.freshness(Freshness::Late);
        let glyph = if is_late { late } else { ink.glyphs.status(panel.status) };
        x += write(buffer, line, 0, 0, glyph, ink.style(role_of(panel, old.is_some()))) + 1;
    }
    let words = match (panel.freshness, &old) {
        (Freshness::Failed | Freshness::Stale, Some((age, _))) => format!("{age} {}", panel.reason),
        (Freshness::Waiting, Some(_)) => "connecting".to_owned(),
        // First how old it is: the end of a line is what is cut.
        (_, Some((age, _))) => format!("{age}{}{}", ink.glyphs.dot(), panel.text),
        (_, None) => panel.text.clone(),
    };
    let title_style = if look.focused {
        ink.style(Role::Focus).add_modifier(Modifier::BOLD | Modifier::REVERSED)
    } else {
        ink.style(Role::Title)
    };
    let room = line.width.saturating_sub(x);
    let half = room.saturating_sub(words.width() as u16 + 2).max(room / 2);
    x += write(buffer, columns(line, x, half), 0, 0, panel.title.as_str(), title_style) + 2;
    let word =
        if panel.is_judged && panel.status != Status::Ok { format!("{} {words}", panel.status.word()) } else { words };
    write(buffer, columns(line, x, line.width), 0, 0, &word, ink.value(panel.status));
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
