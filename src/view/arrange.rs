//! Where panels go. A page always fits its screen: panels shrink, then turn into one-line strips, then
//! are counted; what is red is the last to shrink. Each gets the room that its content can use.

mod share;

use ratatui::layout::Rect;

use super::scene::{Page, PanelScene, RowSpec};
use crate::model::status::Status;
use crate::panel::Room;
use share::{Want, shares};

/// Lines of a frame: top and bottom.
const FRAME: u16 = 2;
/// The narrowest a strip is read well.
const STRIP: u16 = 38;

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
    want: Want,
    severity: u8,
}

/// Arranges a page on an area.
pub fn arrange(page: &Page, area: Rect) -> Arrangement {
    if area.is_empty() {
        return Arrangement { hidden: (0..page.panels.len()).collect(), ..Arrangement::default() };
    }
    let mut rows = if page.rows.is_empty() { automatic(page, area) } else { explicit(page, area) };
    let placed: Vec<usize> = rows.iter().flat_map(|row| row.panels.iter().copied()).collect();
    // What the board's rows leave out is left out.
    let is_named = |panel: &usize| page.rows.is_empty() || page.rows.iter().any(|row| row.panels.contains(panel));
    let mut strips: Vec<usize> =
        (0..page.panels.len()).filter(|panel| !placed.contains(panel)).filter(is_named).collect();
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
    rows.iter().map(|row| row.want.least).fold(0, u16::saturating_add)
}

fn strip_columns(width: u16) -> u16 {
    (width / STRIP).max(1)
}

fn strip_height(strips: usize, width: u16) -> u16 {
    u16::try_from(strips.div_ceil(usize::from(strip_columns(width)))).unwrap_or(u16::MAX)
}

impl Row {
    fn new(page: &Page, panels: Vec<usize>) -> Self {
        let of = || panels.iter().filter_map(|at| page.panels.get(*at));
        let highest = |extent: fn(&Room) -> u16| of().map(|panel| extent(&panel.room)).max().unwrap_or(0);
        let severity = of().map(severity).max().unwrap_or(0);
        Self {
            want: framed(Want {
                least: highest(|room| room.least.height),
                good: highest(|room| room.good.height),
                most: highest(|room| room.most.height),
                weight: 1,
                is_fixed: false,
                urgency: urgency(severity),
            }),
            severity,
            panels,
        }
    }

    /// With the height that the board gives it, or the weight: then what its panels can use does not count.
    fn with_spec(mut self, spec: &RowSpec) -> Self {
        if let Some(height) = spec.height {
            let height = height.max(self.want.least);
            self.want = Want { good: height, most: height, is_fixed: true, ..self.want };
        } else if let Some(weight) = spec.weight {
            self.want = Want { good: self.want.least, most: u16::MAX, weight, ..self.want };
        }
        self
    }
}

fn severity(panel: &PanelScene) -> u8 {
    if panel.is_judged { panel.status.severity() } else { Status::Ok.severity() }
}

/// What is red is first to get what it needs, and gets more of what is beyond.
fn urgency(severity: u8) -> u16 {
    if severity >= Status::Critical.severity() { 2 } else { 1 }
}

/// A want of cells with the frame around them.
fn framed(want: Want) -> Want {
    let with_frame = |cells: u16| cells.saturating_add(FRAME);
    Want { least: with_frame(want.least), good: with_frame(want.good), most: with_frame(want.most), ..want }
}

/// The columns that a panel wants.
fn wanted_width(panel: &PanelScene) -> Want {
    let Room { least, good, most, weight } = panel.room;
    let (weight, urgency) = (panel.width.unwrap_or(weight), urgency(severity(panel)));
    framed(Want { least: least.width, good: good.width, most: most.width, weight, is_fixed: false, urgency })
}

/// The columns that each panel of a row gets: by what it can use, or, where the board gives widths, by these.
fn widths(page: &Page, panels: &[usize], width: u16) -> Vec<u16> {
    let of = || panels.iter().filter_map(|at| page.panels.get(*at));
    let is_given = of().any(|panel| panel.width.is_some());
    let wants: Vec<Want> = of()
        .map(wanted_width)
        .map(|want| if is_given { Want { good: want.least, most: u16::MAX, ..want } } else { want })
        .collect();
    if is_given {
        let weights: Vec<u16> = of().map(|panel| panel.width.unwrap_or(panel.room.weight).max(1)).collect();
        let by_weight: Vec<Want> = weights
            .iter()
            .map(|weight| Want { least: 0, good: 0, most: u16::MAX, weight: *weight, is_fixed: false, urgency: 1 })
            .collect();
        let shares = shares(width, &by_weight);
        if shares.iter().zip(&wants).all(|(share, want)| *share >= want.least) {
            return shares;
        }
    }
    shares(width, &wants)
}

fn least_width(page: &Page, panel: usize) -> u16 {
    page.panels.get(panel).map_or(0, |panel| panel.room.least.width + FRAME)
}

fn fits(page: &Page, row: &[usize], width: u16) -> bool {
    row.iter().map(|panel| least_width(page, *panel)).fold(0, u16::saturating_add) <= width
}

/// The board's rows, broken where they are too narrow.
fn explicit(page: &Page, area: Rect) -> Vec<Row> {
    let rows = |spec: &RowSpec| {
        let broken = broken(page, &spec.panels, area.width);
        // A row that is broken is as high in all as the board says.
        let parts = broken.len().max(1) as u16;
        let spec = RowSpec { height: spec.height.map(|height| height / parts), ..spec.clone() };
        broken.into_iter().map(|panels| Row::new(page, panels).with_spec(&spec)).collect::<Vec<_>>()
    };
    page.rows.iter().flat_map(rows).collect()
}

/// A row of panels as several rows of about equal length, each wide enough for its panels.
fn broken(page: &Page, panels: &[usize], width: u16) -> Vec<Vec<usize>> {
    let fitting: Vec<usize> = panels.iter().copied().filter(|panel| least_width(page, *panel) <= width).collect();
    (1..=fitting.len())
        .map(|rows| fitting.chunks(fitting.len().div_ceil(rows)).map(<[usize]>::to_vec).collect::<Vec<_>>())
        .find(|rows| rows.iter().all(|row| fits(page, row, width)))
        .unwrap_or_default()
}

/// Layer by layer, in as many rows as use the area best.
fn automatic(page: &Page, area: Rect) -> Vec<Row> {
    let mut order: Vec<usize> =
        (0..page.panels.len()).filter(|panel| least_width(page, *panel) <= area.width).collect();
    order.sort_by_key(|at| page.panels.get(*at).map(|panel| panel.layer));
    // More rows than have a line of content each are never of use.
    let most = usize::from(area.height / (FRAME + 1)).clamp(1, order.len().max(1));
    // Of equals the last is taken: the one with the fewest rows.
    let candidates = (1..=most).rev().filter_map(|count| {
        let rows: Vec<Vec<usize>> = balanced(page, &order, count);
        let is_wide_enough = rows.iter().all(|row| fits(page, row, area.width));
        is_wide_enough.then(|| rows.into_iter().map(|panels| Row::new(page, panels)).collect::<Vec<Row>>())
    });
    let scored = candidates.map(|rows| (quality(page, &rows, area), rows));
    scored.max_by(|(one, _), (other, _)| one.total_cmp(other)).map_or_else(
        || broken(page, &order, area.width).into_iter().map(|panels| Row::new(page, panels)).collect(),
        |(_, rows)| rows,
    )
}

/// Panels in order, in so many rows of about equal length.
fn balanced(page: &Page, order: &[usize], count: usize) -> Vec<Vec<usize>> {
    let length = |panel: usize| page.panels.get(panel).map_or(1.0, |panel| f64::from(panel.room.good.width + FRAME));
    let target = order.iter().map(|panel| length(*panel)).sum::<f64>() / count as f64;
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    let mut before = 0.0;
    for panel in order {
        let length = length(*panel);
        // A panel belongs to the row in which more than half of it lies.
        let is_next = before + length / 2.0 > target * rows.len() as f64;
        let is_begun = rows.last().is_some_and(|row| !row.is_empty());
        if is_begun && is_next && rows.len() < count {
            rows.push(Vec::new());
        }
        if let Some(row) = rows.last_mut() {
            row.push(*panel);
        }
        before += length;
    }
    rows
}

/// How well an area is used: how near panels come to what is good for them, less what stays empty. Rows that do not fit
/// are worse than any that do.
fn quality(page: &Page, rows: &[Row], area: Rect) -> f64 {
    if needed(rows) > area.height {
        return -f64::from(needed(rows));
    }
    let heights = shares(area.height, &rows.iter().map(|row| row.want).collect::<Vec<_>>());
    let (mut sum, mut weights) = (0.0, 0.0);
    for (row, height) in rows.iter().zip(heights) {
        for (panel, width) in row.panels.iter().zip(widths(page, &row.panels, area.width)) {
            let Some(panel) = page.panels.get(*panel) else { continue };
            let weight = f64::from(panel.room.weight.max(1));
            sum += weight * suits(panel, f64::from(width - FRAME), f64::from(height - FRAME));
            weights += weight;
        }
    }
    sum / f64::max(weights, 1.0)
}

/// How well a size suits a panel, up to 1: what it lacks to be good, what it cannot use, and a shape unlike its own all
/// take from it.
fn suits(panel: &PanelScene, width: f64, height: f64) -> f64 {
    let (good, most) = (panel.room.good, panel.room.most);
    let reached = |is: f64, wanted: u16| (is / f64::from(wanted.max(1))).min(1.0);
    let used = |is: f64, most: u16| (f64::from(most) / is.max(1.0)).min(1.0);
    let covered = reached(width, good.width) * reached(height, good.height);
    if panel.width.is_some() {
        // Its shape is the board's choice.
        return covered;
    }
    let empty = 1.0 - used(width, most.width) * used(height, most.height);
    let shape = (width * f64::from(good.height.max(1)) / (height * f64::from(good.width.max(1)))).ln().abs();
    covered - 0.5 * empty - 0.1 * shape
}

fn arrangement(page: &Page, rows: &[Row], mut strips: Vec<usize>, area: Rect) -> Arrangement {
    let mut arrangement = Arrangement::default();
    let strip_room = strip_height(strips.len(), area.width).min(area.height);
    let heights = shares(area.height - strip_room, &rows.iter().map(|row| row.want).collect::<Vec<_>>());
    let mut y = area.y;
    for (row, height) in rows.iter().zip(heights) {
        let mut x = area.x;
        for (panel, width) in row.panels.iter().zip(widths(page, &row.panels, area.width)) {
            arrangement.framed.push((*panel, Rect { x, y, width, height }));
            x += width;
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
