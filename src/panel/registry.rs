//! What the list of panels in [`super`] becomes: modules, enums, dispatch, and the table of kinds.

use schemars::Schema;
use serde_json::Value;

use super::{EventsUse, KINDS, Need, Panel, PanelOptions, Room, Shape};
use crate::model::layer::Layer;

macro_rules! panels {
    ($($file:ident :: $panel:ident),+ $(,)?) => {
        $(pub mod $file;)+

        /// The keys of one panel, of whatever kind.
        #[derive(Debug, Clone, PartialEq)]
        pub enum PanelOptions {
            $(#[doc = concat!("Of `", stringify!($file), "`.")] $panel(<$file::$panel as Panel>::Options),)+
        }

        /// What one panel draws, of whatever kind. As JSON: the word of the kind, and its view.
        #[derive(Debug, Clone, PartialEq, serde::Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum PanelView {
            $(#[doc = concat!("Of `", stringify!($file), "`.")] $panel(<$file::$panel as Panel>::View),)+
        }

        impl PanelOptions {
            /// Content to view.
            pub fn view(&self, input: &PanelInput<'_>) -> PanelView {
                match self {
                    $(Self::$panel(options) => PanelView::$panel($file::$panel::view(options, input)),)+
                }
            }

            /// Its kind.
            pub const fn kind(&self) -> &'static Kind {
                match self {
                    $(Self::$panel(_) => { const KIND: Kind = Kind::of::<$file::$panel>(|value| {
                        serde_path_to_error::deserialize(value).map(PanelOptions::$panel)
                    }); &KIND })+
                }
            }
        }

        impl PanelView {
            /// View to cells.
            pub fn draw(&self, area: Rect, buffer: &mut Buffer, ink: &Ink) {
                match self {
                    $(Self::$panel(view) => $file::$panel::draw(view, area, buffer, ink),)+
                }
            }

            /// What happened, if it draws that over a line of time.
            pub fn changes(&self) -> Option<&changes::Changes> {
                match self {
                    $(Self::$panel(view) => $file::$panel::changes(view),)+
                }
            }

            /// What its values were at a moment; empty where they are seen anyway.
            pub fn said_at(&self, at: crate::model::time::Timestamp) -> String {
                match self {
                    $(Self::$panel(view) => $file::$panel::said_at(view, at),)+
                }
            }

            /// The lines of a list that can be scrolled; 0 of what is no list.
            pub fn lines(&self) -> usize {
                match self {
                    $(Self::$panel(view) => $file::$panel::lines(view),)+
                }
            }

            /// What it says in half a line.
            pub fn strip(&self) -> String {
                match self {
                    $(Self::$panel(view) => $file::$panel::strip(view),)+
                }
            }
        }

        /// Every kind of panel.
        pub static KINDS: &[Kind] = &[
            $(Kind::of::<$file::$panel>(|value| {
                serde_path_to_error::deserialize(value).map(PanelOptions::$panel)
            }),)+
        ];
    };
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
    /// How much room it wants.
    pub room: Room,
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
    pub(super) const fn of<P: Panel>(configure: Configure) -> Self {
        Self {
            word: P::VIEW,
            summary: P::SUMMARY,
            history: P::HISTORY,
            source: P::SOURCE,
            takes: P::TAKES,
            layer: P::LAYER,
            room: P::ROOM,
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
