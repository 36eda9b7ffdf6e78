//! What time it is, here or elsewhere.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::{Ink, Role};
use super::marks::{digits, row, write};
use super::{Need, Panel, PanelInput, Room};
use crate::model::time::Zone;

/// The panel.
#[derive(Debug)]
pub struct Clock;

/// The keys of a clock panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// A time zone such as `Europe/Berlin` (default: this machine's).
    pub timezone: Option<Zone>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    time: String,
    day: String,
}

impl Panel for Clock {
    const VIEW: &'static str = "clock";
    const SUMMARY: &'static str = "what time it is, here or elsewhere";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::None;
    const ROOM: Room = Room { min_width: 8, min_height: 1, ideal_height: 4, weight: 1 };
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let zone = options.timezone.as_ref().unwrap_or(input.zone);
        View { time: input.now.hour_minute(zone), day: input.now.day(zone) }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let large =
            digits::width(&view.time, ink.glyphs).filter(|width| *width <= area.width && area.height > digits::HEIGHT);
        if large.is_some() {
            digits::draw(buffer, area, &view.time, Role::Text, ink);
            write(buffer, row(area, digits::HEIGHT), 0, 0, &view.day, ink.style(Role::Muted));
        } else {
            let used = write(buffer, row(area, 0), 0, 0, &view.time, ink.style(Role::Text));
            write(buffer, row(area, 0), used + 2, 0, &view.day, ink.style(Role::Muted));
        }
    }

    fn strip(view: &View) -> String {
        format!("{}  {}", view.time, view.day)
    }
}
