//! Around one panel: its frame with title and status, why it is as it is, and the panel as a strip of one line.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::model::freshness::Freshness;
use crate::model::status::Status;
use crate::model::time::Span;
use crate::panel::ink::{Ground, Ink, Role};
use crate::panel::marks::{columns, fill, outline, put, row, wrap, write, write_right};
use crate::view::scene::PanelScene;

/// How a panel is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether the viewer has chosen it.
    pub focused: bool,
    /// For how long no scene has come, when that is too long.
    pub silence: Option<Span>,
}

/// What a panel stands on: its status is an area. What is too old to be judged, or unknown, has the ground of neither
/// good nor bad.
pub(super) fn ground(panel: &PanelScene, silence: Option<Span>) -> Option<Status> {
    let has_answer = !matches!(panel.freshness, Freshness::Stale | Freshness::Failed);
    match panel.status {
        _ if silence.is_some() || !has_answer => Some(Status::Unknown),
        _ if !panel.is_judged || panel.freshness == Freshness::Waiting => None,
        Status::Ok => None,
        status => Some(status),
    }
}

/// A frame with title and status in its line, which is filled when the panel is not well. What is chosen has heavier
/// strokes: the colour is that of the status. Returns what is left inside.
pub(super) fn frame(panel: &PanelScene, area: Rect, look: Look, buffer: &mut Buffer, ink: &Ink) -> Rect {
    if area.width < 2 || area.height < 2 {
        return Rect::default();
    }
    let ground = ground(panel, look.silence);
    let on = ground.map_or_else(|| ink.clone(), |status| ink.on(Ground::Tint(status)));
    let border = on.style(match (ground, look.focused) {
        (Some(status), _) => status.into(),
        (None, true) => Role::Focus,
        (None, false) => Role::Border,
    });
    if ground.is_some() {
        fill(buffer, area, on.style(Role::Text));
    }
    outline(buffer, area, border, if look.focused { ink.glyphs.chosen_frame() } else { ink.glyphs.frame() });
    let bar = ground.map_or_else(|| ink.clone(), |status| ink.on(Ground::Fill(status)));
    if let Some(status) = ground {
        let style = bar.style(Role::Text);
        fill(buffer, row(area, 0), style);
        // A screen that cannot tint has the sides of the area at least.
        if status == Status::Critical && !ink.is_tinted(status) && !look.focused {
            fill(buffer, columns(area, 0, 1), style);
            fill(buffer, columns(area, area.width - 1, 1), style);
        }
    }
    let blank = if ground.is_some() { bar.style(Role::Text) } else { border };
    title_line(panel, columns(row(area, 0), 1, area.width - 2), (look, blank), buffer, &bar);
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}

/// The title at the left, whether it is simulated, how it is at the right.
fn title_line(panel: &PanelScene, line: Rect, (look, blank): (Look, Style), buffer: &mut Buffer, ink: &Ink) {
    let used = status_words(panel, look.silence, line, buffer, ink);
    let room = line.width.saturating_sub(used + 1);
    let mark = if panel.simulated { " sim" } else { "" };
    let mark_room = if room as usize > panel.title.width() + mark.len() + 2 { mark.len() as u16 } else { 0 };
    let title_room = columns(line, 1, room.saturating_sub(mark_room + 1));
    if usize::from(title_room.width) < panel.title.width().clamp(1, 3) {
        return;
    }
    put(buffer, line, 0, 0, " ", blank);
    let style = ink.style(if look.focused { Role::Focus } else { Role::Title }).add_modifier(Modifier::BOLD);
    let mut x = write(buffer, title_room, 0, 0, panel.title.as_str(), style) + 1;
    if mark_room > 0 {
        x += write(buffer, line, x, 0, mark, ink.style(Role::Muted));
    }
    put(buffer, line, x, 0, " ", blank);
}

/// Hatches the rows of an area that nothing is written in: from afar one sees that this panel says nothing now.
pub(super) fn hatch(buffer: &mut Buffer, area: Rect, ink: &Ink) {
    let area = area.intersection(buffer.area);
    let style = ink.style(Role::Border);
    let ground = ink.style(Role::Text).bg.unwrap_or_default();
    for y in 0..area.height {
        let is_free = |x: u16| buffer.cell((area.x + x, area.y + y)).is_some_and(|cell| is_blank(cell, ground));
        if (0..area.width).all(is_free) {
            // Strokes of one line over all rows: each row begins a column further left than the one above.
            let first = (HATCH - (area.y + y) % HATCH) % HATCH;
            for x in (first..area.width).step_by(usize::from(HATCH)) {
                put(buffer, area, x, y, ink.glyphs.hatch(), style);
            }
        }
    }
}

/// Whether nothing stands in a cell: no sign, and no colour of a tile.
pub(super) fn is_blank(cell: &Cell, ground: Color) -> bool {
    cell.symbol() == " " && cell.bg == ground && !cell.modifier.contains(Modifier::REVERSED)
}

/// Columns from one stroke of a hatch to the next.
const HATCH: u16 = 4;

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
