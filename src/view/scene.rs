//! Everything visible, computed once, immutable. No colours, no sizes.

use serde::Serialize;

pub use crate::config::board::RowSpec;
pub use crate::eval::rollup::Tally;
pub use crate::eval::sources::SourceState;
pub use crate::eval::verdict::Remark;
use crate::model::freshness::Freshness;
use crate::model::layer::Layer;
use crate::model::poll::QueryId;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp, Zone};
use crate::panel::{PanelView, Room};

/// The whole board at one moment.
///
/// It can be sent to a viewer elsewhere as JSON. That way is one-way: a gap in a graph (NaN) becomes null, a moment or a
/// length of time becomes its milliseconds, and nothing is read back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scene {
    /// The board's name.
    pub title: SafeText,
    /// The moment it shows.
    pub now: Timestamp,
    /// The time zone of the screen.
    pub zone: Zone,
    /// The worst of all panels.
    pub status: Status,
    /// Five lamps.
    pub layers: [LayerLamp; 5],
    /// The one sentence, part by part, worst first.
    pub remarks: Vec<Remark>,
    /// What changed last, if anything is known of it.
    pub last_change: Option<String>,
    /// The change freeze in force, if one is: with its name, with its end, as a word.
    pub freeze: Option<[String; 3]>,
    /// The pages: a dashboard each.
    pub pages: Vec<Page>,
    /// The page of all dashboards, after these; none where there is one only.
    pub overview: Option<Page>,
    /// How the asking goes.
    pub sources: Vec<SourceState>,
    /// When the newest answer came.
    pub updated: Option<Timestamp>,
    /// The default window, for the tab line.
    pub window: Span,
    /// What terminals are to be told, once.
    pub ring: Option<Ring>,
    /// Something that concerns the whole board, such as a config that cannot be read any more.
    pub banner: Option<String>,
}

/// Something that terminals are told of once: by its number they know whether they have heard of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ring {
    /// One more than that of the last.
    pub number: u64,
    /// How many of them have rung the bell: of several that a slow viewer missed none is swallowed by the last.
    pub bells: u64,
    /// What the desktop behind the terminal shows.
    pub desktop: Option<SafeText>,
}

/// The lamp of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LayerLamp {
    /// Which.
    pub layer: Layer,
    /// How many panels of it are how.
    pub tally: Tally,
}

impl LayerLamp {
    /// What may become of it while all its panels have one status. For whoever has to know how long its words can
    /// get.
    pub fn forms(self) -> impl Iterator<Item = Self> {
        let all = move |status: Status| Tally::from_statuses(std::iter::repeat_n(status, self.tally.total()));
        Status::WORST_FIRST.into_iter().map(move |status| Self { tally: all(status), ..self })
    }
}

/// A page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// The name for flags and scripts.
    pub name: String,
    /// The name on the screen.
    pub title: SafeText,
    /// How many panels are how.
    pub tally: Tally,
    /// How long it stays on a wall before the next one comes.
    pub page_time: Span,
    /// Whether a wall shows it at this time of the week.
    pub is_scheduled: bool,
    /// Rows of indexes into `panels`; empty when laid out by layer.
    pub rows: Vec<RowSpec>,
    /// The panels.
    pub panels: Vec<PanelScene>,
}

/// A panel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PanelScene {
    /// The name for scripts.
    pub id: String,
    /// The words in its frame.
    pub title: SafeText,
    /// Which level it belongs to.
    pub layer: Layer,
    /// How it is.
    pub status: Status,
    /// Whether it asks a source; a note or a clock does not.
    pub is_fed: bool,
    /// Whether it has a status: what has no limits says nothing about health as long as it has its data.
    pub is_judged: bool,
    /// How many polls of its source have failed in a row.
    pub failures: u32,
    /// How old it is, in words.
    pub freshness: Freshness,
    /// The age of its oldest answer.
    pub age: Option<Span>,
    /// Since when it is warning or critical.
    pub since: Option<Timestamp>,
    /// Short words behind the status: "since 14:21", "late 4 s".
    pub note: String,
    /// Why, when something is wrong: limit, reason, next try. Empty when all is well.
    pub reason: String,
    /// Who is to blame, by how much, since when; empty when all is well.
    pub blame: String,
    /// The names of the series or builds that have its status, where it is not ok.
    pub affected: Vec<SafeText>,
    /// The main value with its unit, for strips and scripts.
    pub text: String,
    /// The main value, if it is one number.
    pub value: Option<f64>,
    /// Its unit, as the config has it.
    pub unit: String,
    /// Whether the simulator answers.
    pub simulated: bool,
    /// The service it is about.
    pub service: Option<SafeText>,
    /// The environment it is about.
    pub environment: Option<SafeText>,
    /// Where to read on.
    pub link: Option<SafeText>,
    /// The page that it stands for, if it does.
    pub leads_to: Option<usize>,
    /// What it draws.
    pub view: PanelView,
    /// How much room it can use.
    pub room: Room,
    /// Its share of a row's width, where the board gives one.
    pub width: Option<u16>,
    /// What it asks, when it shows the past.
    pub history: Vec<QueryId>,
}

impl Scene {
    /// All pages that can be looked at: those of the dashboards, and the one of all of them.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &Page> {
        self.pages.iter().chain(&self.overview)
    }

    /// How many there are.
    pub fn page_count(&self) -> usize {
        self.pages.len() + usize::from(self.overview.is_some())
    }

    /// A page by index; the last one when there are fewer.
    pub fn page(&self, index: usize) -> Option<&Page> {
        self.shown().nth(index).or_else(|| self.shown().next_back())
    }
}
