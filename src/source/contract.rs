//! What a source is, and what it is given: all that a file of a kind of source needs to know of this room.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;

use super::answer_filter::AnswerFilter;
use super::http::Http;
use super::listening::{ListenContext, Listening};
use super::network::Network;
pub use super::pace::Pace;
use super::shared::Shared;
use super::tls::TlsOptions;
use crate::model::event::EventSet;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask, QueryId};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// A kind of telemetry system. `Self` is one open connection to it, with whatever it remembers between
/// two polls.
pub trait Source: Send + Sized + 'static {
    /// The word of the config file: `type = "..."`.
    const TYPE: &'static str;
    /// One line for `andon sources`.
    const SUMMARY: &'static str;
    /// What its queries are.
    const QUERY: QueryLanguage;
    /// Whether it speaks HTTP, and so takes the keys of [`HttpOptions`](super::http::HttpOptions).
    const HTTP: bool;
    /// Whether one request answers all queries (a document, a machine) or each query is a request.
    const ONE_REQUEST: bool;
    /// What it emits. Events (deploys, builds that broke) are drawn on every graph: a source of them is asked
    /// whether or not a panel shows it.
    const EMITS: Emits = Emits::Measurements;
    /// The query that is answered with its events; only a source that has others, too, needs one.
    const EVENTS_QUERY: &'static str = "";
    /// The query that is answered with what others have sent and no panel shows yet, where there is such a thing.
    const NEW_QUERY: Option<&'static str> = None;
    /// What it answers when it is asked as of a moment of the past.
    const PAST: PastAnswers = PastAnswers::Nothing;
    /// Whether its server wants one request at a time from us, whatever source it comes from.
    const SERIAL: bool = false;
    /// Its own keys in the config file; doc comments become the manual.
    type Config: DeserializeOwned + JsonSchema + std::fmt::Debug + Send + Sync + 'static;

    /// The address it talks to, for the check of the config and the limits per host.
    fn url(config: &Self::Config) -> Option<&str>;

    /// Says what is wrong with a query without asking anybody.
    fn check_query(query: &str) -> Result<(), String>;

    /// The limits of a query whose numbers have a meaning of their own, for panels that say none: warning, critical.
    fn default_limits(_: &str) -> Option<[&'static str; 2]> {
        None
    }

    /// Everything that is wrong with its keys, found without asking anybody; its address is checked for all kinds
    /// alike. A source with a problem is not opened.
    fn check(_: &Self::Config) -> Vec<KeyProblem> {
        Vec::new()
    }

    /// Its `tls` table, where it makes connections of its own (`HTTP = false`).
    fn tls(_: &Self::Config) -> Option<&TlsOptions> {
        None
    }

    /// Opens it: cheap, no network.
    fn open(config: &Self::Config, context: &Context) -> Result<Self, FetchError>;

    /// What listens, where the config asks for it. Its polls answer with what it has received.
    fn listener(_: &Arc<Self::Config>, _: &ListenContext) -> Option<Listening> {
        None
    }

    /// Asks all questions once; one answer for each, in their order.
    fn fetch(&mut self, asks: &[Ask], moment: Moment) -> impl Future<Output = Result<Vec<Answer>, FetchError>> + Send;
}

/// What is wrong with a key of a source. No text of it holds a value that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyProblem {
    /// The key in the source's table, also one that is missing.
    pub key: &'static str,
    /// Which item is meant, from 0, where the key holds a list.
    pub item: Option<usize>,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl KeyProblem {
    /// A problem of a whole key.
    pub fn new(key: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { key, item: None, message: message.into(), help: help.into() }
    }

    /// The same problem, of one item of the key's list.
    #[must_use]
    pub fn of_item(self, item: usize) -> Self {
        Self { item: Some(item), ..self }
    }
}

/// What a kind of source answers when it is asked as of a moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastAnswers {
    /// How things were then: nothing of it has to be kept.
    Everything,
    /// How things are now: what they were then is known from what was kept.
    Nothing,
    /// What was sent to it, or what it has read: the same, and nobody can be asked.
    Received,
}

/// What a kind of source emits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emits {
    /// How things are: numbers, tables, texts.
    Measurements,
    /// Both measurements and events of any kind.
    MeasurementsAndEvents,
    /// Reviews.
    Reviews,
    /// What happened, and what is planned: events of any kind.
    Events,
    /// Deploys.
    Deploys,
    /// What is planned.
    Plans,
    /// Builds; and so when they broke, were fixed, deployed.
    Builds,
}

impl Emits {
    /// Whether it emits events.
    pub const fn events(self) -> bool {
        matches!(self, Self::Events | Self::MeasurementsAndEvents | Self::Deploys | Self::Plans | Self::Builds)
    }

    /// Whether it emits numbers, tables, texts.
    pub const fn measurements(self) -> bool {
        matches!(self, Self::Measurements | Self::MeasurementsAndEvents)
    }

    /// Whether it may emit some of these events; builds may be deploys.
    pub const fn may_emit(self, set: EventSet) -> bool {
        match (self, set) {
            (Self::Measurements | Self::Reviews, _) => false,
            (Self::Events | Self::MeasurementsAndEvents, _)
            | (_, EventSet::Everything)
            | (Self::Deploys | Self::Builds, EventSet::Deploys | EventSet::DeploysAndIncidents)
            | (Self::Plans, EventSet::Plans) => true,
            _ => false,
        }
    }
}

/// What the queries of a kind of source are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryLanguage {
    /// A query is needed; the text says in which language.
    Needed(&'static str),
    /// A query may be given; the text says what it picks.
    Optional(&'static str),
    /// There is nothing to ask: everything the source has.
    None,
}

/// What a source gets when it opens.
#[derive(Debug, Clone)]
pub struct Context {
    /// The client for its address, if it speaks HTTP.
    pub http: Option<Arc<Http>>,
    /// What connections share.
    pub network: Network,
    /// How many points a window is wanted in.
    pub resolution: Resolution,
    /// How often it is polled, and how long a poll may take.
    pub pace: Pace,
    /// What is done to its answers.
    pub answer_filter: AnswerFilter,
    /// Its name on the board.
    pub name: SafeText,
    /// What its listener sees as well.
    pub shared: Shared,
}

impl Context {
    /// The answers, with the source's own secrets taken out of every error and caveat.
    pub(super) fn scrub(&self, answers: Result<Vec<Answer>, FetchError>) -> Result<Vec<Answer>, FetchError> {
        let Some(http) = &self.http else { return answers };
        match answers {
            Ok(all) => Ok(all.into_iter().map(|answer| http.scrub(answer)).collect()),
            Err(error) => Err(http.scrub_error(error)),
        }
    }

    /// The HTTP client; its absence is a fault of ours, not of the source.
    pub fn http(&self) -> Result<Arc<Http>, FetchError> {
        self.http.clone().ok_or_else(|| FetchError::new(Reason::Internal, "this source was opened without a client"))
    }
}

/// In how many columns queries are drawn, on the widest panel that shows each.
pub type Widths = HashMap<QueryId, u16>;

/// Columns assumed for a panel before it has been drawn once.
const FIRST_WIDTH: u16 = 240;

/// How many points a window is wanted in; follows the widest panel that shows the query.
#[derive(Debug, Clone)]
pub struct Resolution {
    query: QueryId,
    widths: watch::Receiver<Widths>,
}

impl Resolution {
    /// That of one query.
    pub const fn new(query: QueryId, widths: watch::Receiver<Widths>) -> Self {
        Self { query, widths }
    }

    /// The number of columns.
    pub fn columns(&self) -> u16 {
        self.widths.borrow().get(&self.query).copied().unwrap_or(FIRST_WIDTH)
    }
}

/// The moment of a poll.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The wall clock at its start.
    pub now: Timestamp,
    /// When it has to be done.
    pub deadline: Instant,
}
