//! Values between services: who calls whom, and how much. What has a limit crossed is drawn heavier, in its colour.
//!
//! ```text
//! web ─┬─ 240 /s ──▶ api ──┬─ 150 /s ──▶ catalogue ── 90 /s ──▶ stock ── 120 /s ──▶ database
//!      │                   └━ 3.1 /s ━━▶ checkout
//!      └─ 410 /s ──▶ assets
//! ```

mod layout;
mod tree;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::{Ink, Role};
use super::marks::{Window, row, write};
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::model::format::Written;
use crate::model::judgement::{Content, JudgedTable};
use crate::model::status::Status;
use crate::model::table::Cell;
use crate::model::text::SafeText;
use layout::{Stops, draw_line};
use tree::{Edge, Line, lines};

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
        let mut found: Vec<Found> = match &input.content {
            Content::Series(series) => {
                series.iter().map(|one| (ends(one.name.as_str()), one.value, one.judgement.status)).collect()
            }
            Content::Table(JudgedTable { table, rows }) => {
                table.rows.iter().zip(rows).map(|(row, status)| (row_ends(row), number(row), *status)).collect()
            }
            _ => Vec::new(),
        };
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

#[cfg(test)]
mod tests {
    use ratatui::style::Style;
    use unicode_width::UnicodeWidthStr;

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
