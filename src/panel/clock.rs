//! What time it is, here or elsewhere.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::{Ink, Role};
use super::marks::{big_text, row, write};
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
    const ROOM: Room = Room::new((8, 1), (20, 5), (58, 9), 1);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let zone = options.timezone.as_ref().unwrap_or(input.zone);
        View { time: input.now.hour_minute(zone), day: input.now.day(zone) }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if big_text::centred_size(&view.time, area, ink.glyphs).is_some() {
            big_text::draw_centred(buffer, area, (&view.time, &view.day), ink);
            return;
        }
        let used = write(buffer, row(area, 0), 0, 0, &view.time, ink.style(Role::Text));
        write(buffer, row(area, 0), used + 2, 0, &view.day, ink.style(Role::Muted));
    }

    fn strip(view: &View) -> String {
        format!("{}  {}", view.time, view.day)
    }
}
