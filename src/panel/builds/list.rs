//! Lines and counts of builds: as much as the room allows, what stands out first.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use super::super::ink::{Ink, Role};
use super::super::marks::{columns, meter, put, row, write};
use super::line::{Line, View};
use crate::model::build::{Activity, BuildResult};
use crate::model::status::Status;

/// The narrowest column of lines; wider panels show several beside each other.
const COLUMN: u16 = 44;
/// The narrowest line with a meter and the last results in it.
const WIDE: u16 = 64;
/// Cells of a line for its lamp and for what stands between its parts.
const BETWEEN: usize = 5;
/// Cells of a meter.
const METER: u16 = 8;
/// The widest tile.
const TILE: usize = 28;

pub(super) fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if view.lines.is_empty() {
        let words = if view.answered { "no builds" } else { "" };
        write(buffer, area, 1, 0, words, ink.style(Role::Muted));
        return;
    }
    if area.is_empty() {
        return;
    }
    let all: Vec<&Line> = view.lines.iter().collect();
    let wide = wide(all.len(), area);
    if fits(all.len(), area) {
        lines(&all, wide, area, buffer, ink);
        return;
    }
    // What stands out has a line each; of a wall that is all red as many as there is room for.
    let (out, calm): (Vec<&Line>, Vec<&Line>) = all.into_iter().partition(|line| line.stands_out());
    // A line is left for the rest: tiles where they fit, else a count.
    let most = Rect { height: (area.height - 1).max(1), ..area };
    let across = across(&out, most);
    let rows = (out.len() as u16).div_ceil(across).min(most.height);
    let shown = (usize::from(rows) * usize::from(across)).min(out.len());
    let (top, below) = (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area });
    lines(out.get(..shown).unwrap_or_default(), across, top, buffer, ink);
    let hidden: Vec<&Line> = out.into_iter().skip(shown).collect();
    tiles(view, &calm, &hidden, below, buffer, ink);
}

/// Whether so many builds have a line each.
pub(super) fn fits(count: usize, area: Rect) -> bool {
    count <= usize::from(wide(count, area)) * usize::from(area.height)
}

fn needed(count: usize, area: Rect) -> u16 {
    (count as u16).div_ceil(area.height.max(1)).max(1)
}

/// How many wide columns so many lines need, or get.
fn wide(count: usize, area: Rect) -> u16 {
    (area.width / COLUMN).clamp(1, 4).min(needed(count, area))
}

/// The same with columns that leave the notes out where there are too many lines for wide ones. Names
/// stay whole: of one that is cut nobody knows whose it is.
fn across(lines: &[&Line], area: Rect) -> u16 {
    let (wide, needed) = (wide(lines.len(), area), needed(lines.len(), area));
    let doing = |line: &Line| if goes_on(line) { line.doing.width() + 4 } else { 0 };
    let states = lines.iter().map(|line| line.state.width() + doing(line)).max().unwrap_or(0);
    let narrow = (widest_name(lines) + states + BETWEEN).min(usize::from(COLUMN)) as u16;
    (area.width / narrow).clamp(wide, needed)
}

fn widest_name(lines: &[&Line]) -> usize {
    lines.iter().map(|line| line.name.width()).max().unwrap_or(0)
}

fn goes_on(line: &Line) -> bool {
    !matches!(line.activity, Activity::Idle | Activity::Disabled)
}

/// A line each, column by column.
fn lines(all: &[&Line], across: u16, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let width = area.width / across;
    let states = all.iter().map(|line| line.state.width()).max().unwrap_or(0).min(14);
    // A narrow column has no notes that would need the other half.
    let most = if width < COLUMN { width.saturating_sub((states + BETWEEN) as u16) } else { width / 2 };
    let names = (widest_name(all) as u16).min(most);
    let rows = (all.len() as u16).div_ceil(across).max(1);
    for (n, line) in all.iter().enumerate() {
        let n = n as u16;
        let at = columns(row(area, n % rows), n / rows * width, width.saturating_sub(u16::from(across > 1)));
        draw_line(line, at, (names, states as u16), buffer, ink);
    }
}

fn draw_line(line: &Line, area: Rect, (names, states): (u16, u16), buffer: &mut Buffer, ink: &Ink) {
    let style = ink.style(line.status.into());
    write(buffer, area, 0, 0, ink.lamp(line.status), style);
    let name_style = if line.status.severity() > 1 { style } else { ink.style(Role::Text) };
    write(buffer, columns(area, 2, names), 0, 0, line.name.as_str(), name_style);
    let wide = area.width >= WIDE;
    let strip = if wide { line.last.len() as u16 } else { 0 };
    let room = columns(area, 0, area.width.saturating_sub(if strip > 0 { strip + 2 } else { 0 }));
    let mut x = names + 4;
    let used = write(buffer, room, x, 0, &line.state, style);
    x += if wide { used.max(states) } else { used };
    let goes_on = goes_on(line);
    if goes_on {
        x += 2 + draw_doing(line, columns(room, x + 2, room.width), wide, buffer, ink);
    }
    let begin = x;
    for note in &line.notes {
        // What stands in a column of its own needs no dot before it.
        let between = if wide && x == begin && !goes_on { "  " } else { ink.glyphs.dot() };
        let note = format!("{between}{note}");
        if x + note.width() as u16 <= room.width {
            x += write(buffer, room, x, 0, &note, ink.style(Role::Muted));
        }
    }
    let right = columns(area, area.width.saturating_sub(strip), strip);
    for (x, result) in line.last.iter().enumerate().take(usize::from(strip)) {
        let (symbol, style) = last(*result, ink);
        put(buffer, right, x as u16, 0, symbol, style);
    }
}

/// Glyph, meter and words of what goes on. Returns the columns taken.
fn draw_doing(line: &Line, area: Rect, wide: bool, buffer: &mut Buffer, ink: &Ink) -> u16 {
    let late = line.progress.is_some_and(|progress| progress > 1.1);
    let style = ink.style(if late { Role::Warning } else { Role::Accent });
    let mut x = write(buffer, area, 0, 0, ink.glyphs.running(), style) + 1;
    if let Some(progress) = line.progress.filter(|_| wide && area.width > METER + 20) {
        meter::draw(
            buffer,
            columns(area, x, METER),
            progress,
            true,
            ink.stroke(if late { Role::Warning } else { Role::Accent }),
            ink,
        );
        x += METER + 1;
    }
    x + write(buffer, area, x, 0, &line.doing, style)
}

/// The mark of a past result: heights differ, so that red stands out without colour.
fn last(result: BuildResult, ink: &Ink) -> (&'static str, Style) {
    let [low, _, _, middle, .., full] = ink.glyphs.bars();
    match result.status() {
        Status::Ok => (low, ink.stroke(Role::Ok)),
        Status::Warning => (middle, ink.stroke(Role::Warning)),
        Status::Critical => (full, ink.stroke(Role::Critical)),
        Status::Unknown => (ink.glyphs.ground(), ink.style(Role::Muted)),
    }
}

/// What is well, in tiles: a build each, or a group each when there are too many; then counts.
fn tiles(view: &View, calm: &[&Line], hidden: &[&Line], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let single: Vec<(Status, String)> = calm.iter().map(|line| (line.status, line.name.to_string())).collect();
    let of_groups = if view.groups { grouped(calm) } else { Vec::new() };
    let enough = |tiles: &[(Status, String)]| hidden.is_empty() && capacity(tiles, area) >= tiles.len();
    let tiles =
        if enough(&single) || of_groups.is_empty() || of_groups.len() * 2 > single.len() { single } else { of_groups };
    let width = width(&tiles);
    let capacity = capacity(&tiles, area);
    let all_fit = capacity >= tiles.len() && hidden.is_empty();
    // The last row belongs to the count of what has no tile.
    let per_row = usize::from((area.width / width).max(1));
    let shown = if all_fit { tiles.len() } else { capacity.saturating_sub(per_row).min(tiles.len()) };
    for (n, (status, text)) in tiles.iter().take(shown).enumerate() {
        let at = columns(row(area, (n / per_row) as u16), (n % per_row) as u16 * width, width - 1);
        let x = write(buffer, at, 0, 0, ink.lamp(*status), ink.style((*status).into())) + 1;
        write(buffer, at, x, 0, text, ink.style(Role::Text));
    }
    if all_fit {
        return;
    }
    let without: Vec<&Line> = if shown == 0 { calm.to_vec() } else { rest(calm, &tiles, shown) };
    let words = counted(hidden.iter().copied().chain(without));
    write(buffer, row(area, area.height.saturating_sub(1)), 0, 0, &words, ink.style(Role::Muted));
}

fn width(tiles: &[(Status, String)]) -> u16 {
    let widest = tiles.iter().map(|(_, text)| text.width()).max().unwrap_or(0).min(TILE);
    widest as u16 + 4
}

fn capacity(tiles: &[(Status, String)], area: Rect) -> usize {
    usize::from((area.width / width(tiles)).max(1)) * usize::from(area.height)
}

/// The builds behind the tiles that found no room.
fn rest<'a>(calm: &[&'a Line], tiles: &[(Status, String)], shown: usize) -> Vec<&'a Line> {
    if tiles.len() == calm.len() {
        return calm.get(shown..).unwrap_or_default().to_vec();
    }
    let groups: Vec<String> = groups(calm).into_keys().skip(shown).collect();
    calm.iter().filter(|line| groups.contains(&line.group)).copied().collect()
}

fn groups<'a>(calm: &[&'a Line]) -> BTreeMap<String, Vec<&'a Line>> {
    let mut groups: BTreeMap<String, Vec<&Line>> = BTreeMap::new();
    for line in calm {
        groups.entry(line.group.clone()).or_default().push(line);
    }
    groups
}

/// "shop 12": how many builds of a group are well.
pub(super) fn grouped(calm: &[&Line]) -> Vec<(Status, String)> {
    let tile = |(group, lines): (String, Vec<&Line>)| {
        let worst = Status::worst(lines.iter().filter(|line| line.counts).map(|line| line.status));
        (worst, format!("{group} {}", lines.len()))
    };
    groups(calm).into_iter().map(tile).collect()
}

/// "2 more red, 1 more unknown, 18 more ok".
pub(super) fn counted<'a>(lines: impl IntoIterator<Item = &'a Line>) -> String {
    let mut counts = [0_usize; 4];
    for line in lines {
        if let Some(count) = counts.get_mut(usize::from(line.status.severity())) {
            *count += 1;
        }
    }
    let word = |status: Status| if status == Status::Critical { "red" } else { status.word() };
    let parts: Vec<String> = Status::WORST_FIRST
        .into_iter()
        .filter_map(|status| {
            let count = *counts.get(usize::from(status.severity()))?;
            (count > 0).then(|| format!("{count} more {}", word(status)))
        })
        .collect();
    parts.join(", ")
}
