//! What a panel is: all that a file of a kind of panel has to say.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::changes::Changes;
use super::ink::Ink;
use super::input::PanelInput;
use super::inspected::Inspected;
use crate::model::event::EventSet;
use crate::model::layer::Layer;
use crate::model::time::{Span, Timestamp};

/// A kind of panel.
pub trait Panel {
    /// The word of the config file: `view = "..."`.
    const VIEW: &'static str;
    /// One line for `andon panels`.
    const SUMMARY: &'static str;
    /// Whether it shows the past, and so asks its sources for it.
    const HISTORY: bool;
    /// Whether it needs a source.
    const SOURCE: Need;
    /// What it can show; `None` for everything, or for what happened.
    const TAKES: Option<Shape> = None;
    /// The layer it belongs to where the board names none.
    const LAYER: Layer = Layer::Application;
    /// How much room it can use, whatever it shows.
    const ROOM: Room;
    /// The critical limit it has when the board gives none.
    const DEFAULT_CRITICAL: Option<&'static str> = None;
    /// Whether it draws what happened: then it is given the events of its sources, or, when it names
    /// none, of the whole board.
    const EVENTS: EventsUse = EventsUse::None;
    /// Whether a viewer may see more time in it than the board shows, as of some seconds ago: not where a value of now is
    /// what it is about.
    const WIDENED: bool = true;
    /// Its own keys in the config file; doc comments become the manual.
    type Options: DeserializeOwned + JsonSchema + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static;
    /// Everything its drawing needs: plain data, which can also be sent to somebody who draws elsewhere.
    type View: Clone + PartialEq + Serialize + std::fmt::Debug + Send + Sync + 'static;

    /// Content to view; pure.
    fn view(options: &Self::Options, input: &PanelInput<'_>) -> Self::View;

    /// View to cells; pure, and within `area`.
    fn draw(view: &Self::View, area: Rect, buffer: &mut Buffer, ink: &Ink);

    /// How much room it can use for what it shows now. Only what changes seldom may count: with every change of this
    /// panels move.
    fn room(_: &Self::View) -> Room {
        Self::ROOM
    }

    /// What it says in half a line, when it has no room for more.
    fn strip(view: &Self::View) -> String;

    /// What happened, if it draws that over a line of time.
    fn changes(_: &Self::View) -> Option<&Changes> {
        None
    }

    /// The same of the last part of the time it shows, as a viewer wants it; none where it shows no time, or less of it anyway.
    fn within(_: &Self::View, _: Span) -> Option<Self::View> {
        None
    }

    /// What its values were at a moment that a viewer points at; empty where they are seen anyway.
    fn said_at(_: &Self::View, _: Timestamp) -> String {
        String::new()
    }

    /// A long list that a viewer can look through: search, filter, group.
    fn inspected(_: &Self::View) -> Option<&dyn Inspected> {
        None
    }

    /// The lines of a list that a viewer can scroll (by [`Ink::scroll`]); 0 of what is no list.
    fn lines(_: &Self::View) -> usize {
        0
    }
}

/// What a panel makes of what happened, besides marks over a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsUse {
    /// Nothing.
    None,
    /// It shows these.
    Shown(EventSet),
    /// It shows these, and has its status from them: a deploy that failed, an incident that goes on.
    Judged(EventSet),
}

/// What a panel can show, where it is not everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Numbers over time.
    Numbers,
    /// Builds.
    Builds,
    /// Reviews.
    Reviews,
}

/// Whether a panel needs a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without one it has nothing to show.
    Needed,
    /// It has something of its own to show.
    Optional,
    /// It asks nobody.
    None,
}

/// How much room a panel can use, in cells, its frame not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// With less it turns into a strip.
    pub least: Extent,
    /// With this, all that it has to say is seen, and well.
    pub good: Extent,
    /// What it can make use of; more would stay empty.
    pub most: Extent,
    /// How much it gets beside others of what is beyond good.
    pub weight: u16,
}

/// Columns and rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// As much as there is.
pub const ANY: u16 = 1000;

impl Room {
    /// From columns and rows.
    pub const fn new(least: (u16, u16), good: (u16, u16), most: (u16, u16), weight: u16) -> Self {
        const fn extent((width, height): (u16, u16)) -> Extent {
            Extent { width, height }
        }
        Self { least: extent(least), good: extent(good), most: extent(most), weight }
    }

    /// The same for a list of so many lines, each of so many rows where it is good, and of at most so many.
    #[must_use]
    pub fn for_rows(self, count: usize, (good, most): (u16, u16)) -> Self {
        let rows = |each: u16| u16::try_from(count).unwrap_or(ANY).saturating_mul(each);
        self.with_rows((rows(good), rows(most)))
    }

    /// The same with so many rows where it is good, and at most.
    #[must_use]
    pub fn with_rows(self, (good, most): (u16, u16)) -> Self {
        let within = |rows: u16| rows.clamp(self.least.height, ANY);
        Self {
            good: Extent { height: within(good), ..self.good },
            most: Extent { height: within(most), ..self.most },
            ..self
        }
    }
}
