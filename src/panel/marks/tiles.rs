//! A wall of tiles, each filled with its status. What is critical or has a warning comes first and is larger; what is
//! well gets the room that is left, down to one row a tile.
//!
//! ```text
//! ██████████████████████████████████████████████
//! ██  SHOP/MAIN                               ██    a loud tile: its name in large characters
//! ██  ✖ red 12 min · 2 builds · since #482    ██
//! ██████████████████████████████████████████████
//! ▒ ● infra ▒  ▒ ● mail  ▒  ▒ ● stock ▒             calm ones
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use super::big_text::{self, Size};
use super::{columns, fill, row, write};
use crate::model::status::Status;
use crate::panel::ink::{Ground, Ink, Role};

/// One tile.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// Its name.
    pub name: String,
    /// How it is.
    pub status: Status,
    /// What is said below its name, the most important first.
    pub words: Vec<String>,
    /// Whether something goes on in it.
    pub is_running: bool,
    /// How much of a running build is done; the tile is filled that far. More than 1 is full.
    pub progress: Option<f64>,
}

impl Tile {
    fn is_loud(&self) -> bool {
        is_loud(self.status)
    }
}

/// The rows that are good for tiles of these statuses, and that they can use. A few loud ones are large.
pub fn rows(statuses: impl Iterator<Item = Status>) -> (u16, u16) {
    let (mut loud, mut calm) = (0_u16, 0_u16);
    for status in statuses {
        let count = if is_loud(status) { &mut loud } else { &mut calm };
        *count = count.saturating_add(1);
    }
    let good = loud.min(LARGE_LOUD) * LOUD_ROWS + loud.saturating_sub(LARGE_LOUD) + calm.div_ceil(ACROSS);
    (good.max(2), loud.saturating_add(calm).saturating_mul(MOST_ROWS))
}

/// Loud tiles that are large, and the rows of each.
const LARGE_LOUD: u16 = 3;
const LOUD_ROWS: u16 = 5;
/// Calm tiles beside each other, usually.
const ACROSS: u16 = 3;
/// The rows of a tile whose name is as large as it gets, with some air.
const MOST_ROWS: u16 = 14;

const fn is_loud(status: Status) -> bool {
    matches!(status, Status::Critical | Status::Warning)
}

/// What a tile has room for, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Lamp and name in one row.
    Line,
    /// Its words in a second row.
    Text,
    /// The name in large characters, its words below it.
    Large(Size),
}

/// Tiles of one size beside and below each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    area: Rect,
    across: u16,
    rows: u16,
    level: Level,
}

/// Where all tiles go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wall {
    loud: Option<Grid>,
    calm: Option<Grid>,
}

/// Blank columns beside the words in a tile, each side.
const PAD: u16 = 1;
/// The least columns between a name and its state, where both are large.
const BESIDE: u16 = 8;
/// The rows of a wall from which on a free one stands between loud and calm tiles.
const APART: u16 = 8;
/// The widest name for which a tile of words is made; of a longer one the end is cut.
const WIDEST: u16 = 28;
/// The least cells of a tile whose name is large: no need to measure names where there is less.
const LEAST_LARGE: u32 = 60;

impl Wall {
    /// Room for all tiles, if there is.
    pub fn new(tiles: &[Tile], area: Rect, ink: &Ink) -> Option<Self> {
        let (loud, calm): (Vec<&Tile>, Vec<&Tile>) = tiles.iter().partition(|tile| tile.is_loud());
        let (loud, calm) = (Names::new(&loud, area, ink), Names::new(&calm, area, ink));
        match (loud.count, calm.count) {
            (0, 0) => None,
            (0, _) => Some(Self { loud: None, calm: Some(calm.grid(area, 1)?) }),
            (_, 0) => Some(Self { loud: Some(loud.grid(area, 1)?), calm: None }),
            _ => shared(&loud, &calm, area),
        }
    }

    /// Whether what matters most has more than a line.
    pub fn is_roomy(&self) -> bool {
        self.loud.or(self.calm).is_some_and(|grid| grid.level > Level::Line)
    }

    /// Whether nothing is wrong.
    pub const fn is_calm(&self) -> bool {
        self.loud.is_none()
    }

    /// Draws the tiles that the wall was made for.
    pub fn draw(&self, tiles: &[Tile], buffer: &mut Buffer, ink: &Ink) {
        let of = |is_loud: bool| tiles.iter().filter(move |tile| tile.is_loud() == is_loud);
        for (grid, is_loud) in [(self.loud, true), (self.calm, false)] {
            let Some(grid) = grid else { continue };
            for (n, tile) in of(is_loud).enumerate() {
                grid.draw(tile, n as u16, buffer, ink);
            }
        }
    }
}

/// Loud tiles above calm ones: as large as they can be while the calm ones have their row; of equally large ones the
/// division that makes the calm ones largest, and then gives most to the loud ones. Calm ones are not wider than loud
/// ones, as long as their names allow that.
fn shared(loud: &Names, calm: &Names, area: Rect) -> Option<Wall> {
    let between = u16::from(area.height >= APART);
    let divided = (1..area.height.saturating_sub(between)).filter_map(|height| {
        let above = loud.grid(Rect { height, ..area }, 1)?;
        let top = height + between;
        let rest = Rect { y: area.y + top, height: area.height - top, ..area };
        let below = calm.grid(rest, above.across).or_else(|| calm.grid(rest, 1))?;
        (above.level >= below.level).then_some((above, below))
    });
    let (loud, calm) = divided.max_by_key(|(above, below)| (above.level, below.level, above.tile_cells()))?;
    Some(Wall { loud: Some(loud), calm: Some(calm) })
}

/// How many tiles there are, and how wide their names get.
struct Names {
    count: u16,
    text: u16,
    large: Vec<(Size, u16)>,
}

impl Names {
    fn new(tiles: &[&Tile], area: Rect, ink: &Ink) -> Self {
        let count = u16::try_from(tiles.len()).unwrap_or(u16::MAX);
        let text =
            tiles.iter().map(|tile| tile.name.width() + if tile.is_running { 2 } else { 0 }).max().unwrap_or(0) as u16;
        let has_room = area.area() / u32::from(count.max(1)) >= LEAST_LARGE;
        // None as soon as one of them has a character without a form.
        let width = |size: Size| {
            let widths = tiles.iter().map(|tile| size.width(&tile.name.to_uppercase()));
            widths.collect::<Option<Vec<u16>>>()?.into_iter().max()
        };
        let sizes = Size::LARGEST_FIRST.into_iter().filter(|size| has_room && size.is_for(ink.glyphs));
        Self {
            count,
            text: text.min(WIDEST) + 2,
            large: sizes.filter_map(|size| width(size).map(|width| (size, width))).collect(),
        }
    }

    /// The grid in which each tile has room for most, with at least so many tiles beside each other.
    fn grid(&self, area: Rect, least: u16) -> Option<Grid> {
        let most = (area.width / (self.text + 2 * PAD).max(1)).min(self.count);
        let grids = (least..=most.max(least)).filter_map(|across| {
            let rows = self.count.div_ceil(across);
            let grid = Grid { area, across, rows, level: Level::Line };
            let (width, height) = (grid.inner_width(), grid.inner_height());
            let large = |(size, wide): &(Size, u16)| *wide <= width && size.height() < height;
            let level = match self.large.iter().find(|one| large(one)) {
                Some((size, _)) => Level::Large(*size),
                None if height >= 2 => Level::Text,
                None => Level::Line,
            };
            let fits = height >= 1 && self.text.min(width) == self.text;
            fits.then_some(Grid { level, ..grid })
        });
        // Of equals one with tiles that stand apart, without holes in its last row, and then the one whose tiles are
        // most like a page.
        grids.max_by_key(|grid| {
            let holes = (grid.across * grid.rows).saturating_sub(self.count);
            (grid.level, grid.gap(), u16::MAX - holes, u16::MAX - grid.narrowness())
        })
    }
}

impl Grid {
    fn gap(&self) -> u16 {
        // Without a free row between them tiles would be one area; where there is only one row each they are lines.
        u16::from(self.area.height / self.rows.max(1) >= 2)
    }

    fn tile_width(&self) -> u16 {
        (self.area.width / self.across.max(1)).saturating_sub(1)
    }

    fn inner_width(&self) -> u16 {
        self.tile_width().saturating_sub(2 * PAD)
    }

    fn inner_height(&self) -> u16 {
        // There is no gap below the last row.
        ((self.area.height + self.gap()) / self.rows.max(1)).saturating_sub(self.gap())
    }

    /// How far the shape of a tile is from four columns a row, which is two squares beside each other.
    fn narrowness(&self) -> u16 {
        self.tile_width().abs_diff(4 * self.inner_height())
    }

    fn tile_cells(&self) -> u32 {
        u32::from(self.tile_width()) * u32::from(self.inner_height())
    }

    /// The area of a tile. What does not divide evenly is given to the first columns and rows.
    fn tile(&self, n: u16) -> Rect {
        let share =
            |all: u16, parts: u16, index: u16| (u32::from(all) * u32::from(index) / u32::from(parts.max(1))) as u16;
        let (x, y) = (n % self.across, n / self.across);
        let (left, right) =
            (share(self.area.width + 1, self.across, x), share(self.area.width + 1, self.across, x + 1));
        let height = self.area.height + self.gap();
        let (top, bottom) = (share(height, self.rows, y), share(height, self.rows, y + 1));
        Rect {
            x: self.area.x + left,
            y: self.area.y + top,
            width: right - left - 1,
            height: (bottom - top).saturating_sub(self.gap()),
        }
        .intersection(self.area)
    }

    fn draw(&self, tile: &Tile, n: u16, buffer: &mut Buffer, ink: &Ink) {
        let area = self.tile(n);
        let status = if ink.dimmed { Status::Unknown } else { tile.status };
        let Some(progress) = tile.progress else {
            tile.draw(self.level, area, buffer, &ink.on(Ground::Fill(status)));
            return;
        };
        // What is done is filled, what is left is not: drawn as if nothing were done, then as far as it is done.
        let (done_on, rest_on) = match status {
            Status::Ok | Status::Unknown => (Ground::Done, Ground::Fill(status)),
            Status::Warning | Status::Critical => (Ground::Fill(status), Ground::Tint(status)),
        };
        tile.draw(self.level, area, buffer, &ink.on(rest_on));
        let done = (f64::from(area.width) * progress.clamp(0.0, 1.0)).round() as u16;
        let mut whole = Buffer::empty(area);
        tile.draw(self.level, area, &mut whole, &ink.on(done_on));
        for y in area.top()..area.bottom() {
            for x in area.left()..area.left() + done {
                if let (Some(to), Some(from)) = (buffer.cell_mut((x, y)), whole.cell((x, y))) {
                    *to = from.clone();
                }
            }
        }
    }
}

impl Tile {
    fn draw(&self, level: Level, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        fill(buffer, area, ink.style(Role::Text));
        let inner = columns(area, PAD, area.width.saturating_sub(2 * PAD));
        let lamp = ink.lamp(self.status);
        let bold = ink.style(Role::Title).add_modifier(Modifier::BOLD);
        let lit = ink.style(self.status.into()).add_modifier(Modifier::BOLD);
        let text = ink.style(Role::Text);
        let name = if self.is_running { format!("{} {}", self.name, ink.glyphs.running()) } else { self.name.clone() };
        match level {
            Level::Line | Level::Text => {
                let top = inner.height.saturating_sub(if level == Level::Line { 1 } else { 2 }) / 2;
                write(buffer, row(inner, top), 0, 0, lamp, lit);
                write(buffer, row(inner, top), 2, 0, &name, bold);
                if level == Level::Text {
                    let room = inner.width.saturating_sub(2);
                    write(buffer, row(inner, top + 1), 2, 0, &self.said(room, ink), text);
                }
            }
            Level::Large(size) => {
                let top = inner.height.saturating_sub(size.height() + 1).div_ceil(2);
                let at = Rect { y: inner.y + top, height: size.height(), ..inner };
                big_text::draw(buffer, at, &self.name.to_uppercase(), size, ink.stroke(Role::Title), ink.glyphs);
                self.draw_state(size, at, buffer, ink);
                let line = row(inner, top + size.height());
                write(buffer, line, 0, 0, lamp, lit);
                // The name once more: in capitals one cannot tell how it is written.
                let used = 2 + write(buffer, line, 2, 0, &name, bold) + 2;
                write(buffer, line, used, 0, &self.said(inner.width.saturating_sub(used), ink), text);
            }
        }
    }

    /// The first of the words of what is wrong, as large as the name, where there is room beside it: since when it is
    /// so is the next that one wants to know.
    fn draw_state(&self, size: Size, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let state = self.words.first().filter(|_| self.is_loud()).map(|words| words.to_uppercase());
        let widths = state.as_ref().and_then(|state| size.width(&self.name.to_uppercase()).zip(size.width(state)));
        if let (Some(state), Some((name, width))) = (state, widths)
            && name + width + BESIDE <= area.width
        {
            let at = columns(area, area.width - width, width);
            big_text::draw(buffer, at, &state, size, ink.stroke(Role::Title), ink.glyphs);
        }
    }

    /// As many of its words as there is room for.
    fn said(&self, room: u16, ink: &Ink) -> String {
        let mut said = String::new();
        for words in self.words.iter().filter(|words| !words.is_empty()) {
            let between = if said.is_empty() { "" } else { ink.glyphs.dot() };
            if !said.is_empty() && said.width() + between.width() + words.width() > usize::from(room) {
                break;
            }
            said = said + between + words;
        }
        said
    }
}
