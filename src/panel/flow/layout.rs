//! Where the parts of a flow stand, and how one of its lines is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::super::ink::{Ground, Ink, Role};
use super::super::marks::{columns, fill, put, row, write};
use super::tree::{Hop, Line};
use crate::model::status::Status;

/// How much is said: where there is no room for all of it, names are the last to be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Detail {
    /// Whether nodes are tiles.
    tiles: bool,
    /// Columns from the end of a name to where its connections branch, and from there to the value.
    branch: u16,
    values: Values,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    WithUnit,
    Alone,
    None,
}

impl Detail {
    const MOST_FIRST: [Self; 6] = {
        use Values::{Alone, None, WithUnit};
        [
            Self { tiles: true, branch: 2, values: WithUnit },
            Self { tiles: true, branch: 1, values: WithUnit },
            Self { tiles: false, branch: 2, values: WithUnit },
            Self { tiles: false, branch: 1, values: WithUnit },
            Self { tiles: false, branch: 1, values: Alone },
            Self { tiles: false, branch: 1, values: None },
        ]
    };

    /// The value as it is written, with the lamp of what is not well.
    fn text(self, hop: &Hop, ink: &Ink) -> String {
        let value = match self.values {
            Values::WithUnit => &hop.text,
            Values::Alone => hop.text.split(' ').next().unwrap_or_default(),
            Values::None => "",
        };
        match hop.status {
            Status::Ok => value.to_owned(),
            status => format!("{} {value}", ink.lamp(status)).trim_end().to_owned(),
        }
    }

    /// The columns between two names beside the value.
    const fn strokes(self) -> u16 {
        3 * self.branch + 3
    }
}

/// Where names, strokes and values of each depth stand.
pub(super) struct Stops {
    begins: Vec<u16>,
    names: Vec<u16>,
    values: Vec<u16>,
    detail: Detail,
}

impl Stops {
    /// With as much detail as the width and the rows of a line allow.
    pub(super) fn new(lines: &[Line], rows: u16, width: u16, ink: &Ink) -> Self {
        let all = Detail::MOST_FIRST.into_iter().filter(|detail| !detail.tiles || rows > TILE);
        let mut all: Vec<Self> = all.map(|detail| Self::with(lines, detail, ink)).collect();
        let fits = |stops: &Self| stops.width() <= width;
        let index = all.iter().position(fits).unwrap_or(all.len() - 1);
        let mut stops = all.swap_remove(index);
        // Names are cut at one width, the widest with which all of it fits.
        let fits = |most: u16| {
            stops.names.iter().map(|name| (*name).min(most)).chain(stops.between()).fold(0, u16::saturating_add)
                <= width
        };
        let most = (LEAST_NAME..=width).rev().find(|most| fits(*most)).unwrap_or(LEAST_NAME);
        stops.names.iter_mut().for_each(|name| *name = (*name).min(most));
        let mut at = 0;
        for (name, value) in stops.names.iter().zip(&stops.values) {
            let between = if stops.begins.is_empty() { 0 } else { value.saturating_add(stops.detail.strokes()) };
            stops.begins.push(u16::saturating_add(at, between));
            at = u16::saturating_add(at, between).saturating_add(*name);
        }
        stops
    }

    /// With the widths that names and values have, before they have places.
    fn with(lines: &[Line], detail: Detail, ink: &Ink) -> Self {
        let depth = lines.iter().map(|line| line.depth + line.hops.len()).max().unwrap_or(0) + 1;
        let mut stops = Self { begins: Vec::new(), names: vec![0; depth], values: vec![0; depth], detail };
        let pad = if detail.tiles { 2 * PAD } else { 0 };
        let widen = |all: &mut Vec<u16>, at: usize, width: usize| {
            if let Some(widest) = all.get_mut(at) {
                *widest = (*widest).max(u16::try_from(width).unwrap_or(u16::MAX));
            }
        };
        for line in lines {
            widen(&mut stops.names, 0, line.root.as_ref().map_or(0, |root| root.width() + usize::from(pad)));
            for (n, hop) in line.hops.iter().enumerate() {
                widen(&mut stops.names, line.depth + n + 1, hop.label().width() + usize::from(pad));
                widen(&mut stops.values, line.depth + n + 1, detail.text(hop, ink).width());
            }
        }
        stops
    }

    fn width(&self) -> u16 {
        self.names.iter().copied().chain(self.between()).fold(0, u16::saturating_add)
    }

    /// The columns between the names.
    fn between(&self) -> impl Iterator<Item = u16> {
        self.values.iter().skip(1).map(|value| value.saturating_add(self.detail.strokes()))
    }

    /// Where the name of a depth begins, and its columns.
    fn name(&self, depth: usize) -> (u16, u16) {
        let of = |all: &[u16]| all.get(depth).copied().unwrap_or(0);
        (of(&self.begins), of(&self.names))
    }

    /// The column in which the connections of a depth branch.
    fn branch(&self, depth: usize) -> u16 {
        let (begin, width) = self.name(depth);
        begin + width + self.detail.branch
    }

    /// Draws a node with the status of what leads to it; returns the column behind it.
    fn node(
        &self,
        depth: usize,
        name: &str,
        status: Option<Status>,
        area: Rect,
        buffer: &mut Buffer,
        ink: &Ink,
    ) -> u16 {
        let (x, width) = self.name(depth);
        let status = status.map(|status| if ink.dimmed { Status::Unknown } else { status });
        let Some(status) = status.filter(|_| self.detail.tiles) else {
            return x + write(buffer, columns(row(area, self.middle()), x, width), 0, 0, name, ink.style(Role::Title));
        };
        let filled = ink.on(Ground::Fill(status));
        let taken = (name.width() as u16 + 2 * PAD).min(width);
        fill(buffer, Rect { height: TILE.min(area.height), ..columns(area, x, taken) }, filled.style(Role::Text));
        let words = columns(row(area, self.middle()), x + PAD, taken.saturating_sub(2 * PAD));
        write(buffer, words, 0, 0, name, filled.style(Role::Text));
        x + taken
    }

    /// The row of a line in which its words stand.
    const fn middle(&self) -> u16 {
        if self.detail.tiles { TILE / 2 } else { 0 }
    }
}

/// Columns of a name, at least.
const LEAST_NAME: u16 = 4;
/// The rows of a node's tile, and the columns beside its name.
const TILE: u16 = 3;
const PAD: u16 = 1;

/// Draws a line in its rows.
pub(super) fn draw_line(line: &Line, stops: &Stops, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let strokes = ink.glyphs.tree();
    let middle = row(area, stops.middle());
    let border = ink.style(Role::Border);
    // Down from each ancestor that has more below, through all rows of this line; from a node of this line, below it.
    for depth in &line.open {
        let first = if *depth < line.depth { 0 } else { stops.middle() };
        (first..area.height).for_each(|y| put(buffer, area, stops.branch(*depth), y, strokes.down, border));
    }
    // Nothing leads to a root: as far as any of its own values is known it is well.
    let known = line
        .hops
        .first()
        .map_or(Status::Unknown, |hop| if hop.status == Status::Unknown { hop.status } else { Status::Ok });
    let root = line.root.as_ref().map(|root| stops.node(0, root.as_str(), Some(known), area, buffer, ink));
    // The first line of a node in a line above begins at the branch.
    let mut from = root.map(|end| end + 1);
    if from.is_none() {
        (0..stops.middle()).for_each(|y| put(buffer, area, stops.branch(line.depth), y, strokes.down, border));
    }
    for (n, hop) in line.hops.iter().enumerate() {
        let depth = line.depth + n;
        let (next, _) = stops.name(depth + 1);
        let (role, stroke) = match hop.status {
            Status::Ok => (Role::Border, strokes.thin),
            status => (status.into(), strokes.heavy),
        };
        let style = ink.style(role);
        let branch = stops.branch(depth);
        (from.unwrap_or(branch)..next.saturating_sub(2)).for_each(|x| put(buffer, middle, x, 0, stroke, style));
        put(buffer, middle, branch, 0, hop.branch(strokes), border);
        put(buffer, middle, next.saturating_sub(2), 0, strokes.head, style);
        let value = usize::from(stops.values.get(depth + 1).copied().unwrap_or(0));
        if value > 0 {
            let words = format!(" {:>value$} ", stops.detail.text(hop, ink));
            let at = columns(middle, branch + stops.detail.branch, value as u16 + 2);
            write(buffer, at, 0, 0, &words, ink.value(hop.status));
        }
        let end = stops.node(depth + 1, &hop.label(), hop.tile(), area, buffer, ink);
        from = Some(end + 1);
    }
}
