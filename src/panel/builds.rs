//! The red and green wall: worst first, the oldest red first. What is red or runs has a line of its own;
//! when room is short the rest become tiles, then tiles of groups, then a count. Nothing is lost.
//!
//! ```text
//! ✖ shop/main     red 12 min  ▶ ━━━━──  62 %, 40 s left · since #482 · 2 builds   ▂▂▂█▂▂██
//! ✖ web/main      red 3 min   · #7                                                ▂▂▂▂▂▂▂█
//! ● shop/release  ● stock/main  ● mail/main  ● infra 12   18 more ok
//! ```

mod line;
mod list;
mod wall;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ink::Ink;
use super::marks::tiles;
use super::{ANY, Need, Panel, PanelInput, Room, Shape};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use line::Line;
pub use line::View;

/// The panel.
#[derive(Debug)]
pub struct Builds;

/// The keys of a builds panel.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Results of past runs next to each build, the newest at the right (default 10; 0 for none).
    pub last: u8,
    /// Whether healthy builds of one group become one tile when room is short (default true).
    pub groups: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { last: 10, groups: true }
    }
}

impl Panel for Builds {
    const VIEW: &'static str = "builds";
    const SUMMARY: &'static str =
        "the red and green wall: worst first, oldest red first, running next to the last result";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Builds);
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((24, 2), (70, 9), (ANY, ANY), 4);
    type Options = Options;
    type View = View;

    fn view(options: &Options, input: &PanelInput<'_>) -> View {
        let (lines, answered) = match &input.content {
            Content::Builds(builds) => {
                (builds.iter().map(|one| Line::from_build(one, options.last, input.now)).collect(), true)
            }
            content => (Vec::new(), !matches!(content, Content::Nothing)),
        };
        View { lines, groups: options.groups, answered }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        wall::draw(view, area, buffer, ink);
    }

    fn room(view: &View) -> Room {
        Self::ROOM.with_rows(tiles::rows(view.lines.iter().map(Line::shown_status)))
    }

    fn strip(view: &View) -> String {
        list::counted(&view.lines).replace(" more", "")
    }
}
