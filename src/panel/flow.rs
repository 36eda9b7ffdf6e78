//! Values between services: who calls whom, and how much. What has a limit crossed is drawn heavier, in its colour.
//!
//! ```text
//! web ─┬─ 240 /s ──▶ api ──┬─ 150 /s ──▶ catalogue ── 90 /s ──▶ stock ── 120 /s ──▶ database
//!      │                   └━ 3.1 /s ━━▶ checkout
//!      └─ 410 /s ──▶ assets
//! ```

mod tree;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ground, Ink, Role};
use super::marks::{Window, columns, fill, put, row, write};
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::model::format::Written;
use crate::model::judgement::{Content, JudgedTable};
use crate::model::status::Status;
use crate::model::table::Cell;
use crate::model::text::SafeText;
use tree::{Edge, Hop, Line, lines};

/// Most connections that are drawn.
const MOST: usize = 200;
/// What may stand between the two names of a connection.
const ARROWS: [&str; 4] = [" -> ", " → ", "->", "→"];

/// The panel.
#[derive(Debug)]
pub struct Flow;

/// The keys of a flow panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    /// The lines of a tree: each connection is drawn once.
    lines: Vec<Line>,
    /// Connections that are too many.
    over: usize,
    /// What names no two ends.
    unnamed: usize,
    answered: bool,
}

impl Panel for Flow {
    const VIEW: &'static str = "flow";
    const SUMMARY: &'static str = "values between services, as a graph from left to right";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((24, 1), (80, 5), (180, 40), 2);
    type Options = Options;
    type View = View;

    fn view(_: &Options, input: &PanelInput<'_>) -> View {
        let found: Vec<Found> = match &input.content {
            Content::Series(series) => {
                series.iter().map(|one| (ends(one.name.as_str()), one.value, one.judgement.status)).collect()
            }
            Content::Table(JudgedTable { table, rows }) => {
                table.rows.iter().zip(rows).map(|(row, status)| (row_ends(row), number(row), *status)).collect()
            }
            _ => Vec::new(),
        };
        let mut found = found;
        // Of too many the worst are kept.
        found.sort_by_key(|(_, _, status)| std::cmp::Reverse(status.severity()));
        let values: Vec<Option<f64>> = found.iter().map(|(_, value, _)| *value).collect();
        let texts = input.format().all_written(&values, input.now);
        let named = found.iter().filter(|(ends, ..)| ends.is_some()).count();
        let unnamed = found.len() - named;
        let edge = |((ends, value, status), text): (Found, Written)| {
            let [from, to] = ends?;
            Some(Edge { from, to, value, text: text.short.text(), status })
        };
        let edges: Vec<Edge> = found.into_iter().zip(texts).filter_map(edge).take(MOST).collect();
        View {
            over: named - edges.len(),
            unnamed,
            lines: lines(edges),
            answered: !matches!(input.content, Content::Nothing),
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if area.is_empty() {
            return;
        }
        if view.lines.is_empty() {
            let words = if view.answered { NO_ENDS } else { "" };
            write(buffer, row(area, area.height / 2), 0, 0, words, ink.style(Role::Muted));
            return;
        }
        let notes: Vec<String> =
            [(view.over, "are too many".to_owned()), (view.unnamed, format!("left out: {NO_ENDS}"))]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, words)| format!("{count} {words}"))
                .collect();
        let note = u16::from(!notes.is_empty() && area.height > 1);
        let list = Rect { height: area.height - note, ..area };
        let count = view.lines.len();
        let each = (list.height / count.max(1) as u16).clamp(1, APART);
        let seen = Window::new(count, usize::from(list.height / each), ink.scroll);
        let stops = Stops::new(&view.lines, each, area.width, ink);
        // What is left over stands above and below.
        let top = if seen.rest.is_empty() { (list.height - each * seen.shown as u16) / 2 } else { 0 };
        for (n, line) in view.lines.iter().skip(seen.first).take(seen.shown).enumerate() {
            let at = Rect { y: list.y + top + n as u16 * each, height: each, ..list };
            draw_line(line, &stops, at, buffer, ink);
        }
        if !seen.rest.is_empty() {
            write(buffer, row(list, list.height - 1), 0, 0, &seen.rest, ink.style(Role::Muted));
        }
        if note > 0 {
            let words = notes.join(", ");
            write(buffer, row(area, area.height - 1), 0, 0, &words, ink.style(Role::Muted));
        }
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.lines.len(), (1, APART))
    }

    fn strip(view: &View) -> String {
        // The worst comes first in the tree's own order; among equals the largest.
        let hops = view.lines.iter().flat_map(|line| &line.hops);
        let worst = hops.min_by_key(|hop| std::cmp::Reverse(hop.status.severity()));
        worst.map_or_else(String::new, |hop| format!("{} → {} {}", hop.from, hop.to, hop.text))
    }

    fn lines(view: &View) -> usize {
        view.lines.len()
    }
}

/// The ends of a connection, if they have names, with its value and its status.
type Found = (Option<[SafeText; 2]>, Option<f64>, Status);

const NO_ENDS: &str = "name both ends, such as legend = \"{{client}} -> {{server}}\"";
/// Rows from line to line, at most.
const APART: u16 = 6;

/// "web -> api", or two words.
fn ends(name: &str) -> Option<[SafeText; 2]> {
    let by_arrow = ARROWS.iter().find_map(|arrow| name.split_once(arrow));
    let (from, to) = by_arrow.or_else(|| name.split_once(' ').filter(|(_, to)| !to.contains(' ')))?;
    let ends = [from, to].map(|end| SafeText::new(end.trim()));
    ends.iter().all(|end| !end.is_empty()).then_some(ends)
}

/// The first two texts of a row.
fn row_ends(row: &[Cell]) -> Option<[SafeText; 2]> {
    let mut texts = row.iter().filter_map(|cell| match cell {
        Cell::Text(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    });
    Some([texts.next()?, texts.next()?])
}

fn number(row: &[Cell]) -> Option<f64> {
    row.iter().rev().find_map(Cell::number)
}

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
struct Stops {
    begins: Vec<u16>,
    names: Vec<u16>,
    values: Vec<u16>,
    detail: Detail,
}

impl Stops {
    /// With as much detail as the width and the rows of a line allow.
    fn new(lines: &[Line], rows: u16, width: u16, ink: &Ink) -> Self {
        let all = Detail::MOST_FIRST.into_iter().filter(|detail| !detail.tiles || rows > TILE);
        let all: Vec<Self> = all.map(|detail| Self::with(lines, detail, ink)).collect();
        let fits = |stops: &Self| stops.width() <= width;
        let least = all.len() - 1;
        let index = all.iter().position(fits).unwrap_or(least);
        let mut all = all;
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
            at = u16::saturating_add(
                at,
                if stops.begins.is_empty() { 0 } else { value.saturating_add(stops.detail.strokes()) },
            );
            stops.begins.push(at);
            at = at.saturating_add(*name);
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

fn draw_line(line: &Line, stops: &Stops, area: Rect, buffer: &mut Buffer, ink: &Ink) {
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

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::model::judgement::{JudgedSeries, Judgement};
    use crate::model::time::{Timestamp, Zone};
    use crate::panel::ink::Glyphs;
    use crate::panel::marks::text;

    fn drawn(names: &[&str], size: (u16, u16)) -> String {
        let series = |name: &&str| JudgedSeries {
            name: (*name).into(),
            points: Vec::new().into(),
            value: Some(name.len() as f64),
            judgement: Judgement::new(if name.contains("bad") { Status::Critical } else { Status::Ok }),
            lack: None,
            past: &[],
        };
        let zone = Zone::utc();
        let input = PanelInput::alone(Content::Series(names.iter().map(series).collect()), Timestamp(0), &zone);
        let view = Flow::view(&Options {}, &input);
        let area = Rect::new(0, 0, size.0, size.1);
        let mut buffer = Buffer::empty(area);
        Flow::draw(&view, area, &mut buffer, &Ink::new([Style::default(); 18], Glyphs::Full));
        text(&buffer)
    }

    #[test]
    fn connections_are_read_from_left_to_right() {
        let names = ["web -> api", "api → database", "web->assets", "bad api", "nothing"];
        let wide = drawn(&names, (70, 4));
        let wanted = "\
bad ━─━ ✖ 7 ━▶ api ────── 16 ─▶ database
web ─┬─  11 ─▶ assets
     └─  10 ─▶ api …
1 left out: name both ends, such as legend = \"{{client}} -> {{server}…
";
        assert_eq!(wide, wanted, "{wide}");
        let high = drawn(&names[..3], (60, 8));
        assert!(high.starts_with("\n web  ─┬─ 11 ─▶  assets\n       │\n       │\n"), "tiles of three rows: {high}");
        let narrow = drawn(&names[..3], (24, 2));
        assert!(narrow.lines().all(|line| line.width() <= 24) && narrow.contains("api"), "{narrow}");
    }

    #[test]
    fn both_ends_have_names() {
        assert_eq!(ends("a b"), Some(["a".into(), "b".into()]));
        assert_eq!([ends("a"), ends("a b c"), ends(" -> b"), ends("")], [None, None, None, None]);
    }
}
