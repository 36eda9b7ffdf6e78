//! How telemetry looks. A panel is one file and one line in the list below.
//!
//! A panel turns judged content into a view (plain data, no colours, no sizes) and draws a view into an
//! area. Drawing must accept any area, also an empty one, and never leaves it.

#[macro_use]
mod registry;
pub mod changes;
pub mod ink;
pub mod marks;
pub mod trend;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::event::{Event, EventSet};
use crate::model::format::{Format, Written};
use crate::model::judgement::{Content, JudgedSeries, LimitLine};
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp, Zone};
use crate::model::unit::Unit;
use ink::Ink;
pub use registry::Kind;

panels! {
    stat::Stat,
    sparkline::Sparkline,
    chart::Chart,
    gauge::Gauge,
    bars::Bars,
    table::Table,
    builds::Builds,
    lamps::Lamps,
    text::Text,
    clock::Clock,
    events::Events,
    stages::Stages,
    environments::Environments,
    delivery::Delivery,
    reviews::Reviews,
    agenda::Agenda,
}

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
    /// How much room it wants.
    const ROOM: Room;
    /// The critical limit it has when the board gives none.
    const DEFAULT_CRITICAL: Option<&'static str> = None;
    /// Whether it draws what happened: then it is given the events of its sources, or, when it names
    /// none, of the whole board.
    const EVENTS: EventsUse = EventsUse::None;
    /// Its own keys in the config file; doc comments become the manual.
    type Options: DeserializeOwned + JsonSchema + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static;
    /// Everything its drawing needs: plain data, which can also be sent to somebody who draws elsewhere.
    type View: Clone + PartialEq + Serialize + std::fmt::Debug + Send + Sync + 'static;

    /// Content to view; pure.
    fn view(options: &Self::Options, input: &PanelInput<'_>) -> Self::View;

    /// View to cells; pure, and within `area`.
    fn draw(view: &Self::View, area: Rect, buffer: &mut Buffer, ink: &Ink);

    /// What it says in half a line, when it has no room for more.
    fn strip(view: &Self::View) -> String;

    /// What happened, if it draws that over a line of time.
    fn changes(_: &Self::View) -> Option<&changes::Changes> {
        None
    }

    /// What its values were at a moment that a viewer points at; empty where they are seen anyway.
    fn said_at(_: &Self::View, _: Timestamp) -> String {
        String::new()
    }

    /// The lines of a list that a viewer can scroll (by [`Ink::scroll`]); 0 of what is no list.
    fn lines(_: &Self::View) -> usize {
        0
    }
}

/// What a panel makes of what happened, beside marks over a graph.
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

/// How much room a panel wants, in cells, its frame not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Room {
    /// Below this width it turns into a strip.
    pub min_width: u16,
    /// Below this height it turns into a strip.
    pub min_height: u16,
    /// The height at which it looks its best.
    pub ideal_height: u16,
    /// Its share of a row, beside others.
    pub weight: u16,
}

/// What a panel is given to look at.
#[derive(Debug, Clone)]
pub struct PanelInput<'a> {
    /// What is shown, judged.
    pub content: Content<'a>,
    /// The status of the panel as a whole.
    pub status: Status,
    /// What the numbers mean.
    pub unit: &'a Unit,
    /// How many decimals the numbers have, where the board says so.
    pub decimals: Option<u8>,
    /// Lines to draw over a chart.
    pub limits: Vec<LimitLine>,
    /// This moment.
    pub now: Timestamp,
    /// How much past is shown.
    pub window: Span,
    /// The pause between two polls: a longer one without a point is a gap.
    pub refresh: Span,
    /// The time zone of the screen.
    pub zone: &'a Zone,
    /// The service it is about.
    pub service: Option<&'a str>,
    /// The environment it is about.
    pub environment: Option<&'a str>,
    /// What happened within the window, to what the panel is about; oldest first.
    pub events: Vec<&'a Event>,
}

#[cfg(test)]
impl<'a> PanelInput<'a> {
    /// Content alone, in the zone of Greenwich, for tests.
    pub(crate) fn alone(content: Content<'a>, now: Timestamp, zone: &'a Zone) -> Self {
        Self {
            content,
            status: Status::Ok,
            unit: &Unit::None,
            decimals: None,
            limits: Vec::new(),
            now,
            window: Span(1000),
            refresh: Span(10),
            zone,
            service: None,
            environment: None,
            events: Vec::new(),
        }
    }
}

impl PanelInput<'_> {
    /// How its numbers are written.
    pub fn format(&self) -> Format {
        Format { unit: self.unit.clone(), decimals: self.decimals }
    }

    /// A value in the panel's unit, or a dash where there is none.
    pub fn text(&self, value: Option<f64>) -> String {
        self.format().one(value, self.now).short.text()
    }

    /// The values of series that stand beside each other, in one precision.
    pub fn texts(&self, series: &[JudgedSeries<'_>]) -> Vec<Written> {
        let values: Vec<Option<f64>> = series.iter().map(|one| one.value).collect();
        self.format().all(&values, self.now)
    }
}
