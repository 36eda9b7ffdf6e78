//! Compares: a bar a series, the longest first, all on one scale.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::Ink;
use super::marks::meters::{self, Bar};
use super::marks::scale::Range;
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::model::judgement::{Content, JudgedTable};
use crate::model::status::Status;
use crate::model::table::Cell;
use crate::model::text::SafeText;
use crate::model::unit::Unit;

/// The panel.
#[derive(Debug)]
pub struct Bars;

/// The keys of a bars panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Keep the order of the source instead of the longest first (default false).
    pub unsorted: bool,
    /// The value of a full bar (default: the greatest; of ratios and per cents the whole).
    pub max: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    bars: Vec<Bar>,
}

impl Panel for Bars {
    const VIEW: &'static str = "bars";
    const SUMMARY: &'static str = "compares: a bar a series (or a row of a table), the longest first";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((20, 2), (44, 8), (120, 30), 3);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let mut values: Vec<(SafeText, Option<f64>, Status)> = match &input.content {
            Content::Series(series) => {
                series.iter().map(|one| (one.name.clone(), one.value, one.judgement.status)).collect()
            }
            Content::Table(JudgedTable { table, rows: statuses }) => {
                table.rows.iter().zip(statuses).filter_map(|(row, status)| row_value(row, *status)).collect()
            }
            _ => Vec::new(),
        };
        if !options.unsorted {
            let size = |value: &Option<f64>| value.unwrap_or(f64::NEG_INFINITY);
            values.sort_by(|a, b| size(&b.1).total_cmp(&size(&a.1)));
        }
        let greatest = Range::around(values.iter().filter_map(|(_, value, _)| *value)).map_or(1.0, |range| range.high);
        // Of shares a full bar is the whole.
        let full = match input.unit {
            Unit::Ratio => greatest.max(1.0),
            Unit::Percent => greatest.max(100.0),
            _ => greatest,
        };
        let range = Range { low: 0.0, high: options.max.unwrap_or(full) };
        let numbers: Vec<Option<f64>> = values.iter().map(|(_, value, _)| *value).collect();
        let bars = values
            .into_iter()
            .zip(input.format().all_written(&numbers, input.now))
            .map(|((name, value, status), text)| Bar {
                name,
                text,
                ratio: value.map_or(0.0, |value| range.ratio(value)),
                status,
            })
            .collect();
        View { bars }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        meters::draw(&view.bars, area, buffer, ink);
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.bars.len(), (2, 4))
    }

    fn strip(view: &View) -> String {
        meters::strip(&view.bars)
    }

    fn lines(view: &View) -> usize {
        view.bars.len()
    }
}

/// The first text and the last number of a row.
fn row_value(row: &[Cell], status: Status) -> Option<(SafeText, Option<f64>, Status)> {
    let name = row.iter().find_map(|cell| match cell {
        Cell::Text(text) => Some(text.clone()),
        Cell::Number(_) => None,
    });
    let number = |cell: &Cell| match cell {
        Cell::Number(number) => Some(*number),
        Cell::Text(_) => None,
    };
    // A number that came as text is one where there is no other.
    let value = row.iter().rev().find_map(number).or_else(|| row.iter().rev().find_map(Cell::number));
    Some((name?, value, status))
}
