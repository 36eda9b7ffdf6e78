//! What time it is in several places.
//!
//! ```text
//!  ▄▀▀▀▄ █▀▀▀▀       ▄█  █▀▀▀▀
//!  █   █ ▀▀▀▀▄ ...    █  ▀▀▀▀▄ ...
//!  Berlin  Mon 30 Nov   New York  Sun 29 Nov
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{big_text, columns, row, write};
use super::{Need, Panel, PanelInput, Room};
use crate::model::time::Zone;

/// The panel.
#[derive(Debug)]
pub struct WorldClock;

/// The keys of a world clock.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The places by their time zones: `zones = ["Europe/Berlin", "America/New_York"]`.
    pub zones: Vec<Zone>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    places: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Place {
    name: String,
    time: String,
    day: String,
}

impl Panel for WorldClock {
    const VIEW: &'static str = "world-clock";
    const SUMMARY: &'static str = "what time it is in several places";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::None;
    const ROOM: Room = Room::new((16, 1), (60, 5), (200, 12), 2);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let place =
            |zone: &Zone| Place { name: zone.place(), time: input.now.hour_minute(zone), day: input.now.day(zone) };
        View { places: options.zones.iter().map(place).collect() }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let count = view.places.len() as u16;
        if count == 0 {
            return;
        }
        // In as many rows as make the times largest.
        let grid = |rows: u16| {
            let across = count.div_ceil(rows);
            let tile = Rect { width: (area.width / across).saturating_sub(2), height: area.height / rows, ..area };
            big_text::centred_size("00:00", tile, ink.glyphs).map(|size| (size, u16::MAX - rows, rows, across))
        };
        let Some((_, _, rows, across)) = (1..=count).filter_map(grid).max() else {
            lines(view, area, buffer, ink);
            return;
        };
        let (width, height) = (area.width / across, area.height / rows);
        for (n, place) in view.places.iter().enumerate() {
            let (x, y) = (n as u16 % across * width, n as u16 / across * height);
            let tile = Rect { y: area.y + y, height, ..columns(area, x, width.saturating_sub(2)) };
            let both = format!("{}  {}", place.name, place.day);
            let caption = if both.width() <= usize::from(tile.width) { &both } else { &place.name };
            big_text::draw_centred(buffer, tile, (&place.time, caption), ink);
        }
    }

    fn strip(view: &View) -> String {
        let words: Vec<String> = view.places.iter().map(|place| format!("{} {}", place.name, place.time)).collect();
        words.join("  ")
    }

    fn lines(view: &View) -> usize {
        view.places.len()
    }

    fn room(view: &View) -> Room {
        // As many as three stand beside each other.
        Self::ROOM.for_rows(view.places.len().div_ceil(3), (5, 12))
    }
}

/// A line each.
fn lines(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let names = view.places.iter().map(|place| place.name.width()).max().unwrap_or(0) as u16;
    for (y, place) in view.places.iter().enumerate().skip(ink.scroll).take(usize::from(area.height)) {
        let line = row(area, (y - ink.scroll) as u16);
        write(buffer, columns(line, 0, names), 0, 0, &place.name, ink.style(Role::Muted));
        write(buffer, line, names + 2, 0, &place.time, ink.style(Role::Text));
        write(buffer, line, names + 9, 0, &place.day, ink.style(Role::Muted));
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;
    use crate::model::judgement::Content;
    use crate::model::time::Timestamp;
    use crate::panel::ink::Glyphs;
    use crate::panel::marks::text;

    #[test]
    fn places_are_drawn_large_or_in_a_line_each() {
        let zone = |name: &str| serde_json::from_value::<Zone>(name.into()).unwrap();
        let options = Options { zones: vec![zone("Europe/Berlin"), zone("America/New_York")] };
        let utc = Zone::utc();
        // 2026-11-21 12:00 in Greenwich.
        let input = PanelInput::alone(Content::Nothing, Timestamp(1_795_262_400_000), &utc);
        let view = WorldClock::view(&options, &input);
        assert_eq!(WorldClock::strip(&view), "Berlin 13:00  New York 07:00");
        let drawn = |width, height| {
            let area = Rect::new(0, 0, width, height);
            let mut buffer = Buffer::empty(area);
            WorldClock::draw(&view, area, &mut buffer, &Ink::new([Style::default(); 18], Glyphs::Full));
            text(&buffer)
        };
        assert_eq!(drawn(40, 2), "Berlin    13:00  Sat 21 Nov\nNew York  07:00  Sat 21 Nov\n");
        let large = drawn(70, 6);
        assert!(large.contains("█") && large.contains("New York  Sat 21 Nov"), "{large}");
    }
}
