//! How full something is: a bar for each series, the value next to it, never over it.
//!
//! ```text
//! /      ━━━━━━━━━━━━━───────  71 %
//! /data  ━━━━────────────────  20 %
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::Ink;
use super::marks::meters::{self, Bar};
use super::marks::scale::Range;
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::model::judgement::Content;
use crate::model::unit::Unit;

/// The panel.
#[derive(Debug)]
pub struct Gauge;

/// The keys of a gauge panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The empty end (default 0).
    pub min: Option<f64>,
    /// The full end (default: 1 for a ratio, 100 for per cent, else the outermost limit or value).
    pub max: Option<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    bars: Vec<Bar>,
}

impl Panel for Gauge {
    const VIEW: &'static str = "gauge";
    const SUMMARY: &'static str = "how full something is: a bar for each series, the value next to it";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room::new((16, 1), (36, 4), (120, 9), 2);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Series(series) = &input.content else { return View { bars: Vec::new() } };
        let full = options.max.unwrap_or_else(|| match input.unit {
            Unit::Ratio => 1.0,
            Unit::Percent => 100.0,
            _ => {
                let limits = input.limits.iter().flat_map(|limit| limit.edges());
                Range::around(series.iter().filter_map(|one| one.value).chain(limits)).map_or(1.0, |range| range.high)
            }
        });
        let range = Range { low: options.min.unwrap_or(0.0), high: full };
        let bars = series
            .iter()
            .zip(input.texts(series))
            .map(|(one, text)| Bar {
                name: one.name.clone(),
                text,
                ratio: one.value.map_or(0.0, |value| range.ratio(value)),
                status: one.judgement.status,
            })
            .collect();
        View { bars }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        meters::draw(&view.bars, area, buffer, ink);
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.bars.len(), (3, 9))
    }

    fn strip(view: &View) -> String {
        meters::strip(&view.bars)
    }

    fn lines(view: &View) -> usize {
        view.bars.len()
    }
}
