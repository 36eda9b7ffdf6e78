//! Where panels go. A page always fits its screen: panels shrink, then turn into one-line strips, then
//! are counted; what is red is the last to shrink.

use ratatui::layout::Rect;

use super::scene::{Page, PanelScene};
use crate::model::status::Status;

/// Lines of a frame: top and bottom.
const FRAME: u16 = 2;
/// The narrowest a strip is read well.
const STRIP: u16 = 38;
/// Columns a unit of a panel's weight would like.
const COLUMNS_A_WEIGHT: u16 = 14;

/// Where everything of a page goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Arrangement {
    /// Framed panels: index on the page, area with its frame.
    pub framed: Vec<(usize, Rect)>,
    /// One-line strips.
    pub strips: Vec<(usize, Rect)>,
    /// What did not fit even so, and where to say how many.
    pub hidden: Vec<usize>,
    /// Where "12 more ok" is drawn.
    pub counter: Option<Rect>,
}

impl Arrangement {
    /// The panel at a cell of the screen.
    pub fn panel_at(&self, column: u16, row: u16) -> Option<usize> {
        let hit = |area: &Rect| area.contains(ratatui::layout::Position::new(column, row));
        self.framed.iter().chain(&self.strips).find(|(_, area)| hit(area)).map(|(panel, _)| *panel)
    }
}

/// One row of panels.
#[derive(Debug, Clone)]
struct Row {
    panels: Vec<usize>,
    min: u16,
    ideal: u16,
    severity: u8,
}

/// Arranges a page on an area.
pub fn arrange(page: &Page, area: Rect) -> Arrangement {
    if area.is_empty() {
        return Arrangement { hidden: (0..page.panels.len()).collect(), ..Arrangement::default() };
    }
    let mut rows = if page.rows.is_empty() { by_layer(page, area) } else { explicit(page, area) };
    let placed: Vec<usize> = rows.iter().flat_map(|row| row.panels.iter().copied()).collect();
    let mut strips: Vec<usize> = (0..page.panels.len()).filter(|panel| !placed.contains(panel)).collect();
    if page.rows.is_empty() {
        strips.clear();
        let narrow: Vec<usize> = (0..page.panels.len()).filter(|panel| !placed.contains(panel)).collect();
        strips.extend(narrow);
    } else {
        // What the board's rows leave out is left out.
        strips.retain(|panel| page.rows.iter().flatten().any(|named| named == panel));
    }
    while needed(&rows) + strip_height(strips.len(), area.width) > area.height {
        // The least severe row goes first; of equals the last.
        let Some((least, _)) = rows.iter().enumerate().min_by_key(|(at, row)| (row.severity, usize::MAX - at)) else {
            break;
        };
        strips.extend(rows.remove(least).panels);
    }
    arrangement(page, &rows, strips, area)
}

fn needed(rows: &[Row]) -> u16 {
    rows.iter().map(|row| row.min).fold(0, u16::saturating_add)
}

fn strip_columns(width: u16) -> u16 {
    (width / STRIP).max(1)
}

fn strip_height(strips: usize, width: u16) -> u16 {
    u16::try_from(strips.div_ceil(usize::from(strip_columns(width)))).unwrap_or(u16::MAX)
}

impl Row {
    fn new(page: &Page, panels: Vec<usize>) -> Self {
        let rooms = || panels.iter().filter_map(|at| page.panels.get(*at));
        Self {
            min: rooms().map(|panel| panel.room.min_height).max().unwrap_or(0) + FRAME,
            ideal: rooms().map(|panel| panel.room.ideal_height).max().unwrap_or(0) + FRAME,
            severity: rooms().map(severity).max().unwrap_or(0),
            panels,
        }
    }
}

fn severity(panel: &PanelScene) -> u8 {
    if panel.is_judged { panel.status.severity() } else { Status::Ok.severity() }
}

fn min_width(page: &Page, panel: usize) -> u16 {
    page.panels.get(panel).map_or(0, |panel| panel.room.min_width + FRAME)
}

fn weight(page: &Page, panel: usize) -> u16 {
    page.panels.get(panel).map_or(1, |panel| panel.room.weight.max(1))
}

/// The board's rows, broken where they are too narrow.
fn explicit(page: &Page, area: Rect) -> Vec<Row> {
    page.rows.iter().flat_map(|row| broken(page, row, area.width)).map(|panels| Row::new(page, panels)).collect()
}

/// A row of panels as several rows of about equal weight, each wide enough for its panels.
fn broken(page: &Page, panels: &[usize], width: u16) -> Vec<Vec<usize>> {
    let fitting: Vec<usize> = panels.iter().copied().filter(|panel| min_width(page, *panel) <= width).collect();
    if fitting.is_empty() {
        return Vec::new();
    }
    let fits = |row: &[usize]| {
        let total: u16 = row.iter().map(|panel| weight(page, *panel)).sum();
        // Widths follow weights, so the panel that is narrowest for its weight decides.
        row.iter().all(|panel| width * weight(page, *panel) / total.max(1) >= min_width(page, *panel))
    };
    (1..=fitting.len())
        .map(|rows| fitting.chunks(fitting.len().div_ceil(rows)).map(<[usize]>::to_vec).collect::<Vec<_>>())
        .find(|rows| rows.iter().all(|row| fits(row)))
        .unwrap_or_else(|| fitting.iter().map(|panel| vec![*panel]).collect())
}

/// Layer by layer, each in rows that are neither crowded nor lonely. When that is too high, neighbouring
/// layers share rows.
fn by_layer(page: &Page, area: Rect) -> Vec<Row> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut order: Vec<usize> = (0..page.panels.len()).collect();
    order.sort_by_key(|at| page.panels.get(*at).map(|panel| panel.layer));
    for at in order {
        let layer = |at: usize| page.panels.get(at).map(|panel| panel.layer);
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| layer(*last) == layer(at)) => group.push(at),
            _ => groups.push(vec![at]),
        }
    }
    let rows = |groups: &[Vec<usize>]| -> Vec<Row> {
        groups
            .iter()
            .flat_map(|group| comfortable(page, group, area.width))
            .map(|panels| Row::new(page, panels))
            .collect()
    };
    let mut best = rows(&groups);
    // Joining neighbours saves height: the lightest pair first.
    while best.iter().map(|row| row.ideal).sum::<u16>() > area.height + area.height / 4 && groups.len() > 1 {
        let load = |group: &[usize]| group.iter().map(|panel| weight(page, *panel)).sum::<u16>();
        let Some(at) = (0..groups.len() - 1).min_by_key(|at| {
            let pair = groups.get(*at..=*at + 1).unwrap_or_default();
            pair.iter().map(|group| load(group)).sum::<u16>()
        }) else {
            break;
        };
        let next = groups.remove(at + 1);
        if let Some(group) = groups.get_mut(at) {
            group.extend(next);
        }
        let joined = rows(&groups);
        if joined.len() < best.len() {
            best = joined;
        }
    }
    best
}

/// As many rows as the panels' comfort asks for.
fn comfortable(page: &Page, group: &[usize], width: u16) -> Vec<Vec<usize>> {
    let wanted: u16 = group.iter().map(|panel| weight(page, *panel) * COLUMNS_A_WEIGHT).sum();
    let rows = usize::from(wanted.div_ceil(width + width / 4).max(1));
    group.chunks(group.len().div_ceil(rows).max(1)).flat_map(|row| broken(page, row, width)).collect()
}

fn arrangement(page: &Page, rows: &[Row], mut strips: Vec<usize>, area: Rect) -> Arrangement {
    let mut arrangement = Arrangement::default();
    let strip_room = strip_height(strips.len(), area.width).min(area.height);
    let heights = heights(rows, area.height - strip_room);
    let mut y = area.y;
    for (row, height) in rows.iter().zip(heights) {
        let line = Rect { y, height, ..area };
        let total: u32 = row.panels.iter().map(|panel| u32::from(weight(page, *panel))).sum();
        let (mut x, mut done) = (area.x, 0);
        for panel in &row.panels {
            done += u32::from(weight(page, *panel));
            // From the sum, so that roundings do not add up to a gap at the right.
            let right = area.x + (u32::from(area.width) * done / total.max(1)) as u16;
            arrangement.framed.push((*panel, Rect { x, width: right - x, ..line }));
            x = right;
        }
        y += height;
    }
    let severity_of = |panel: &usize| page.panels.get(*panel).map_or(0, severity);
    strips.sort_by_key(|panel| (u8::MAX - severity_of(panel), *panel));
    let block = Rect { y, height: (area.y + area.height).saturating_sub(y).min(strip_room), ..area };
    place_strips(&strips, block, &mut arrangement);
    arrangement
}

fn place_strips(strips: &[usize], block: Rect, arrangement: &mut Arrangement) {
    let across = strip_columns(block.width);
    let capacity = usize::from(across) * usize::from(block.height);
    let shown = if strips.len() > capacity { capacity.saturating_sub(1) } else { strips.len() };
    let width = block.width / across;
    let cell = |n: usize| {
        let (x, y) = (n as u16 % across, n as u16 / across);
        let wide = if x + 1 == across { block.width - width * x } else { width };
        Rect { x: block.x + x * width, y: block.y + y, width: wide, height: 1 }
    };
    for (n, panel) in strips.iter().enumerate() {
        if n < shown {
            arrangement.strips.push((*panel, cell(n)));
        } else {
            arrangement.hidden.push(*panel);
        }
    }
    if !arrangement.hidden.is_empty() && capacity > 0 {
        arrangement.counter = Some(cell(shown));
    }
}

/// Shares a height out: everybody the least, then towards the ideal, then what is left by ideal.
fn heights(rows: &[Row], room: u16) -> Vec<u16> {
    let min: u32 = rows.iter().map(|row| u32::from(row.min)).sum();
    let ideal: u32 = rows.iter().map(|row| u32::from(row.ideal)).sum();
    let room = u32::from(room);
    let mut shared = Vec::with_capacity(rows.len());
    let (mut given, mut due) = (0_u32, 0_f64);
    for row in rows {
        let share = if room <= ideal {
            let part = f64::from(room.saturating_sub(min)) / f64::from((ideal - min).max(1));
            f64::from(row.min) + f64::from(row.ideal - row.min) * part
        } else {
            f64::from(row.ideal) * f64::from(room) / f64::from(ideal.max(1))
        };
        due += share;
        let height = (due.round() as u32).saturating_sub(given);
        given += height;
        shared.push(height as u16);
    }
    shared
}
