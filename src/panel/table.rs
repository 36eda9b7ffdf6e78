//! Rows and columns; also a list of series with their values.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{Window, columns, row, write, write_right};
use super::{ANY, Extent, Need, Panel, PanelInput, Room};
use crate::model::format;
use crate::model::judgement::{Content, JudgedTable};
use crate::model::status::Status;
use crate::model::table::Cell;
use crate::model::text::SafeText;
use crate::model::unit::Unit;

/// Widest a column grows while others are short of room.
const MAX_COLUMN: usize = 40;
/// Between two columns.
const SPACE: u16 = 2;
/// The same where there is room to spare.
const WIDEST_SPACE: u16 = 8;
/// What a column is usually good with, and what it can use.
const COLUMN: (u16, u16) = (16, 32);

/// The panel.
#[derive(Debug)]
pub struct Table;

/// The keys of a table panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Columns to show, in this order (default: all).
    pub columns: Vec<String>,
    /// The column that `warning` and `critical` are for, and that has the panel's unit (default: the last numeric one).
    /// Rows with a status of their own (panels of another board) are judged by limits only where it is named.
    pub column: String,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    header: Vec<SafeText>,
    rows: Vec<(Vec<Field>, Status)>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Field {
    text: String,
    is_number: bool,
}

impl Panel for Table {
    const VIEW: &'static str = "table";
    const SUMMARY: &'static str = "rows and columns, or a list of series with their values";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const ROOM: Room = Room::new((24, 3), (60, 8), (ANY, 30), 3);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        match &input.content {
            Content::Table(JudgedTable { table, rows }) => of_table(options, table, rows, input),
            Content::Series(series) => View {
                header: vec![SafeText::new("name"), SafeText::new("value")],
                rows: series
                    .iter()
                    .zip(input.texts(series))
                    .map(|(one, text)| {
                        let text = text.short.text();
                        let name = Field { text: one.name.to_string(), is_number: false };
                        (vec![name, Field { text, is_number: true }], one.judgement.status)
                    })
                    .collect(),
            },
            _ => View { header: Vec::new(), rows: Vec::new() },
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let widths = widths(view, area.width);
        let used: u16 = widths.iter().sum();
        let gaps = (widths.len() as u16).saturating_sub(1).max(1);
        let space = (area.width.saturating_sub(used) / gaps).clamp(SPACE, WIDEST_SPACE);
        let numeric: Vec<bool> = (0..view.header.len())
            .map(|at| view.rows.iter().any(|(fields, _)| fields.get(at).is_some_and(|field| field.is_number)))
            .collect();
        let header = view.header.iter().map(SafeText::to_string).collect::<Vec<_>>();
        draw_row(row(area, 0), &header, (&widths, space), &numeric, buffer, |_| ink.style(Role::Muted));
        let room = usize::from(area.height.saturating_sub(1));
        let seen = Window::new(view.rows.len(), room, ink.scroll);
        // With room to spare, rows stand apart.
        let each = if room >= 2 * view.rows.len() { 2 } else { 1 };
        for (n, (fields, status)) in view.rows.iter().skip(seen.first).take(seen.shown).enumerate() {
            let texts: Vec<String> = fields.iter().map(|field| field.text.clone()).collect();
            draw_row(row(area, n as u16 * each + 1), &texts, (&widths, space), &numeric, buffer, |_| {
                ink.value(*status)
            });
        }
        if area.height > 1 {
            write(buffer, row(area, area.height - 1), 0, 0, &seen.rest, ink.style(Role::Muted));
        }
    }

    fn lines(view: &View) -> usize {
        view.rows.len()
    }

    fn room(view: &View) -> Room {
        let room = Self::ROOM.for_rows(view.rows.len() + 1, (1, 2));
        // By the number of columns, not by their words: what a source says moves no panel.
        let width = |each: u16| each.saturating_mul(view.header.len() as u16).max(room.least.width);
        let good = Extent { width: width(COLUMN.0), ..room.good };
        Room { most: Extent { width: width(COLUMN.1), ..room.most }, good, ..room }
    }

    fn strip(view: &View) -> String {
        view.rows.first().map_or_else(
            || "no rows".to_owned(),
            |(fields, _)| fields.iter().map(|field| field.text.as_str()).collect::<Vec<_>>().join("  "),
        )
    }
}

fn of_table(
    options: &Options,
    table: &crate::model::table::Table,
    statuses: &[Status],
    input: &PanelInput<'_>,
) -> View {
    let index = |name: &String| table.columns.iter().position(|column| column.as_str() == name);
    let picked: Vec<usize> = if options.columns.is_empty() {
        (0..table.columns.len()).collect()
    } else {
        options.columns.iter().filter_map(index).collect()
    };
    let with_unit = table.judged_column(&options.column);
    let field = |row: &[Cell], at: usize| match row.get(at) {
        Some(Cell::Number(number)) => {
            let unit = if Some(at) == with_unit { input.unit } else { &Unit::None };
            Field { text: format::text(*number, unit, input.now), is_number: true }
        }
        // A number that came as text keeps its digits, and stands among numbers.
        Some(cell @ Cell::Text(text)) => {
            Field { text: text.to_string(), is_number: Some(at) == with_unit && cell.number().is_some() }
        }
        None => Field { text: String::new(), is_number: false },
    };
    View {
        header: picked.iter().filter_map(|at| table.columns.get(*at).cloned()).collect(),
        rows: table
            .rows
            .iter()
            .zip(statuses)
            .map(|(row, status)| (picked.iter().map(|at| field(row, *at)).collect(), *status))
            .collect(),
    }
}

/// Natural widths; when they do not fit, the widest column gives way first.
fn widths(view: &View, room: u16) -> Vec<u16> {
    let mut widths: Vec<usize> = view.header.iter().map(SafeText::width).collect();
    for (fields, _) in &view.rows {
        for (width, field) in widths.iter_mut().zip(fields) {
            *width = (*width).max(field.text.width());
        }
    }
    let room = usize::from(room.saturating_sub(SPACE * (widths.len() as u16).saturating_sub(1)));
    if widths.iter().sum::<usize>() > room {
        for width in &mut widths {
            *width = (*width).min(MAX_COLUMN);
        }
    }
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > 1 => *widest -= 1,
            _ => break,
        }
    }
    widths.into_iter().map(|width| width as u16).collect()
}

fn draw_row(
    area: Rect,
    texts: &[String],
    (widths, space): (&[u16], u16),
    numeric: &[bool],
    buffer: &mut Buffer,
    style: impl Fn(usize) -> ratatui::style::Style,
) {
    let mut x = 0;
    for (at, (text, width)) in texts.iter().zip(widths).enumerate() {
        let field = columns(area, x, *width);
        if numeric.get(at).copied().unwrap_or(false) {
            write_right(buffer, field, 0, text, style(at));
        } else {
            write(buffer, field, 0, 0, text, style(at));
        }
        x += width + space;
    }
}
