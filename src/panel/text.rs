//! Words: a note of the board's own, or the lines of a source.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ink::{Ink, Role};
use super::marks::{row, wrap, write};
use super::{Need, Panel, PanelInput, Room};
use crate::model::judgement::Content;
use crate::model::text::SafeText;

/// Lines kept in a view.
const MAX_LINES: usize = 200;

/// The panel.
#[derive(Debug)]
pub struct Text;

/// The keys of a text panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The words; without a source this is all there is.
    pub text: String,
    /// Show the end of the source's lines instead of their start (default false).
    pub tail: bool,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    lines: Vec<SafeText>,
    tail: bool,
}

impl Panel for Text {
    const VIEW: &'static str = "text";
    const SUMMARY: &'static str = "words: a note of the board's own, or the lines of a source";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Optional;
    const ROOM: Room = Room::new((12, 1), (30, 4), (80, 8), 1);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let mut lines = SafeText::lines(&options.text, MAX_LINES);
        match &input.content {
            Content::Text(more) => {
                let from = if options.tail { more.len().saturating_sub(MAX_LINES) } else { 0 };
                lines.extend(more.iter().skip(from).take(MAX_LINES).cloned());
            }
            Content::Series(series) => lines.extend(series.iter().filter_map(|one| {
                let value = input.text(Some(one.value?));
                Some(SafeText::new(format!("{} {value}", one.name).trim()))
            })),
            Content::Events(events) => lines.extend(events.iter().rev().map(|event| SafeText::new(&event.brief()))),
            Content::Logs(logs) => lines.extend(logs.iter().map(|entry| entry.line.message.clone())),
            Content::Nothing | Content::Table(..) | Content::Builds(_) | Content::Reviews(_) => {}
        }
        View { lines, tail: options.tail }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        let wrapped: Vec<String> =
            view.lines.iter().flat_map(|line| wrap(line.as_str(), usize::from(area.width))).collect();
        let room = usize::from(area.height);
        let from = if view.tail { wrapped.len().saturating_sub(room) } else { 0 };
        let cut = !view.tail && wrapped.len() > room;
        for (y, line) in wrapped.iter().skip(from).take(room).enumerate() {
            let last = cut && y + 1 == room;
            let line = if last { format!("{line} …") } else { line.clone() };
            write(buffer, row(area, y as u16), 0, 0, &line, ink.style(Role::Text));
        }
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.lines.len(), (1, 2))
    }

    fn strip(view: &View) -> String {
        let line = if view.tail { view.lines.last() } else { view.lines.first() };
        line.map(SafeText::to_string).unwrap_or_default()
    }
}
