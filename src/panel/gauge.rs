//! How full something is: a bar a series, the value beside it, never over it.
//!
//! ```text
//! /      ━━━━━━━━━━━━━───────  71 %
//! /data  ━━━━────────────────  20 %
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::scale::Range;
use super::marks::{Window, columns, meter, row, write, write_right};
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::model::format::Written;
use crate::model::judgement::Content;
use crate::model::status::Status;
use crate::model::text::SafeText;
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

/// One bar: also drawn by `bars`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Its name.
    pub name: SafeText,
    /// Its value as a text.
    pub text: Written,
    /// How full, 0 to 1.
    pub ratio: f64,
    /// How it is.
    pub status: Status,
}

impl Panel for Gauge {
    const VIEW: &'static str = "gauge";
    const SUMMARY: &'static str = "how full something is: a bar a series, the value beside it";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Numbers);
    const ROOM: Room = Room { min_width: 16, min_height: 1, ideal_height: 3, weight: 2 };
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let Content::Series(series) = &input.content else { return View { bars: Vec::new() } };
        let full = options.max.unwrap_or_else(|| match input.unit {
            Unit::Ratio => 1.0,
            Unit::Percent => 100.0,
            _ => {
                let limits = input.limits.iter().map(|limit| limit.value);
                Range::of(series.iter().filter_map(|one| one.value).chain(limits)).map_or(1.0, |range| range.high)
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
        draw_bars(&view.bars, area, buffer, ink);
    }

    fn strip(view: &View) -> String {
        strip(&view.bars)
    }

    fn lines(view: &View) -> usize {
        view.bars.len()
    }
}

/// The first bars in half a line.
pub fn strip(bars: &[Bar]) -> String {
    let words: Vec<String> = bars.iter().take(3).map(|bar| format!("{} {}", bar.name, bar.text.short.text())).collect();
    words.join("  ").trim().to_owned()
}

/// The narrowest bar beside which numbers are written with all their digits.
const LEAST_BAR: usize = 16;

/// Draws bars one under the other; those that do not fit are counted.
pub fn draw_bars(bars: &[Bar], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if area.height == 0 || bars.is_empty() {
        return;
    }
    let names = bars.iter().map(|bar| bar.name.width()).max().unwrap_or(0).min(usize::from(area.width) * 2 / 5) as u16;
    let left = if names > 0 { names + 1 } else { 0 };
    let texts = texts(bars, usize::from(area.width.saturating_sub(left)));
    let values = texts.iter().map(|text| text.width()).max().unwrap_or(0) as u16;
    // In a single row the first bar stands for all, with their number behind it.
    let alone = area.height == 1 && bars.len() > 1;
    let seen = if alone {
        Window { first: 0, shown: 1, rest: String::new() }
    } else {
        Window::of(bars.len(), usize::from(area.height), ink.scroll)
    };
    // With room to spare, bars stand apart; without it they are slim.
    let each = if usize::from(area.height) >= bars.len() * 2 { 2 } else { 1 };
    let slim = each == 1 && seen.shown > 1;
    let values = if alone { values + 4 } else { values };
    for (n, (bar, text)) in bars.iter().zip(&texts).skip(seen.first).take(seen.shown).enumerate() {
        let at = row(area, n as u16 * each);
        write(buffer, columns(at, 0, names), 0, 0, bar.name.as_str(), ink.style(Role::Muted));
        let room = at.width.saturating_sub(left + values + 1);
        let role = if bar.status == Status::Ok { Role::Series(0) } else { bar.status.into() };
        meter::draw(buffer, columns(at, left, room), bar.ratio, slim, ink.stroke(role), ink);
        let text = if alone { format!("{text} +{}", bars.len() - 1) } else { text.clone() };
        write_right(buffer, at, 0, &text, ink.value(bar.status));
    }
    if !seen.rest.is_empty() {
        write(buffer, row(area, area.height - 1), 0, 0, &seen.rest, ink.style(Role::Muted));
    }
}

/// The values, with all their digits where a bar still has room beside them.
fn texts(bars: &[Bar], room: usize) -> Vec<String> {
    let long: Vec<String> = bars.iter().map(|bar| bar.text.long.text()).collect();
    let widest = long.iter().map(|text| text.width()).max().unwrap_or(0);
    if widest + 1 + LEAST_BAR <= room { long } else { bars.iter().map(|bar| bar.text.short.text()).collect() }
}
