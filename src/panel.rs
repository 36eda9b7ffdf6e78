//! How telemetry looks. A panel is one file and one line in the list below.
//!
//! A panel turns judged content into a view (plain data, no colours, no sizes) and draws a view into an
//! area. Drawing must accept any area, also an empty one, and never leaves it.

#[macro_use]
mod registry;
pub mod changes;
mod contract;
pub mod ink;
mod input;
pub mod inspected;
pub mod marks;
pub mod trend;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::Schema;
use serde_json::Value;

use crate::model::layer::Layer;
pub use contract::{ANY, EventsUse, Extent, Need, Panel, Room, Shape};
use ink::Ink;
pub use input::PanelInput;

panels! {
    stat::Stat,
    sparkline::Sparkline,
    chart::Chart,
    heatmap::Heatmap,
    histogram::Histogram,
    state_timeline::StateTimeline,
    flow::Flow,
    gauge::Gauge,
    bars::Bars,
    table::Table,
    builds::Builds,
    lamps::Lamps,
    text::Text,
    markdown::Markdown,
    clock::Clock,
    world_clock::WorldClock,
    countdown::Countdown,
    events::Events,
    logs::Logs,
    stages::Stages,
    environments::Environments,
    delivery::Delivery,
    reviews::Reviews,
    agenda::Agenda,
}

/// Reads the keys of a kind.
pub(crate) type Configure = fn(&Value) -> Result<PanelOptions, serde_path_to_error::Error<serde_json::Error>>;

/// A kind of panel, for those who do not care which.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The word of the config file.
    pub word: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// Whether it shows the past.
    pub history: bool,
    /// Whether it needs a source.
    pub source: Need,
    /// What it can show, where it is not everything.
    pub takes: Option<Shape>,
    /// The layer it belongs to where the board names none.
    pub layer: Layer,
    /// The critical limit it has when the board gives none.
    pub default_critical: Option<&'static str>,
    /// What it makes of what happened.
    pub events: EventsUse,
    /// The schema of its own keys.
    pub schema: fn() -> Schema,
    /// Reads its own keys.
    pub configure: Configure,
}

impl Kind {
    const fn new<P: Panel>(configure: Configure) -> Self {
        Self {
            word: P::VIEW,
            summary: P::SUMMARY,
            history: P::HISTORY,
            source: P::SOURCE,
            takes: P::TAKES,
            layer: P::LAYER,
            default_critical: P::DEFAULT_CRITICAL,
            events: P::EVENTS,
            schema: || schemars::schema_for!(P::Options),
            configure,
        }
    }

    /// The kind with this word.
    pub fn find(word: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.word == word)
    }
}
