//! A board that has been checked: everything is resolved; from here on only what it talks to can fail.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use reqwest::Url;
use serde::Serialize;
use serde_json::Value;

use super::serving::{AudienceSpec, Socket, Web};
use crate::eval::board as eval;
use crate::eval::check::{self, needs};
use crate::eval::freshness::FreshnessLimits;
use crate::eval::notification;
use crate::eval::rule::Rule;
use crate::model::event::EventKind;
use crate::model::hours::Hours;
use crate::model::layer::Layer;
use crate::model::length::Length;
use crate::model::poll::{Ask, QueryId, QueryKey};
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::model::unit::Unit;
use crate::panel::PanelOptions;
use crate::panel::ink::Glyphs;
use crate::source::answer_filter::AnswerFilter;
use crate::source::auth::Secret;
use crate::source::http::HttpOptions;
use crate::source::{Configured, Kind, Pace};

/// The scheme of addresses that the built-in shop answers.
pub const SIMULATOR_SCHEME: &str = "simulator:";

/// Everything on one screen, and where it comes from.
#[derive(Debug, Clone)]
pub struct Board {
    /// Its name.
    pub title: SafeText,
    /// A theme's name or path.
    pub theme: String,
    /// Which characters to use, if the board says so.
    pub glyphs: Option<Glyphs>,
    /// History shown by default.
    pub window: Span,
    /// Connections, by name.
    pub sources: Vec<SourceSpec>,
    /// Distinct queries: equal ones of several panels are one.
    pub queries: Vec<QuerySpec>,
    /// The first [`QueryId`] that no query of this board, or of one it replaced, has had.
    pub next_query: usize,
    /// The pages.
    pub dashboards: Vec<Dashboard>,
    /// The rules of its notifications.
    pub notify: Vec<Notify>,
    /// What of the past is kept on disk; none where nothing is.
    pub history: Option<History>,
    /// Engines to which it writes what it has measured or received.
    pub remote_write: Vec<RemoteWrite>,
    /// Where other programs ask it; none where nobody may.
    pub api: Option<Api>,
    /// The socket at which others look while it is on a screen, too; none where they do not.
    pub serve: Option<Socket>,
    /// Who may look at it elsewhere; the first is the team.
    pub audiences: Vec<AudienceSpec>,
    /// Where it is in a browser; none where it is not.
    pub web: Option<Web>,
    /// How it is shown on a wall.
    pub kiosk: Kiosk,
}

/// How a board is shown on a wall.
#[derive(Debug, Clone, PartialEq)]
pub struct Kiosk {
    /// How long a page stays, unless it says otherwise.
    pub page_time: Span,
    /// The diagonal of the screen, if the board says so.
    pub screen: Option<Length>,
    /// From where it is read.
    pub distance: Length,
    /// The theme by day, and when it is day.
    pub day: Option<(String, Vec<Hours>)>,
}

/// What of the past is kept on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The file, where the board names one.
    pub path: Option<PathBuf>,
    /// The most that it takes, in bytes.
    pub max_bytes: u64,
    /// Between two flushes.
    pub flush: Span,
    /// Whether lines of logs are kept, too.
    pub logs: bool,
}

/// An engine to which the board writes. Equal ones are one and the same, over a reload.
#[derive(Debug, Clone)]
pub struct RemoteWrite {
    /// Where.
    pub url: Url,
    /// Who we are, and whom we trust.
    pub http: HttpOptions,
    /// Labels on every series.
    pub labels: BTreeMap<String, String>,
    /// A hash of all that was written, secrets included.
    pub fingerprint: u64,
}

impl PartialEq for RemoteWrite {
    fn eq(&self, other: &Self) -> bool {
        (&self.url, self.fingerprint) == (&other.url, other.fingerprint)
    }
}

/// Where other programs ask the board.
#[derive(Debug, Clone)]
pub struct Api {
    /// The address.
    pub listen: SocketAddr,
    /// What has to be shown.
    pub token: Option<Secret>,
    /// Names by which the board is reached, without a port; an address is one anyway.
    pub hosts: Vec<String>,
}

/// A rule of notifications: what is notified, and how.
#[derive(Debug, Clone)]
pub struct Notify {
    /// What is notified, when and how often; and whether terminals ring.
    pub rule: notification::Rule,
    /// A program and its arguments; empty for none.
    pub command: Vec<String>,
    /// An address that is called.
    pub webhook: Option<Webhook>,
}

/// An address that is called.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where.
    pub url: Url,
    /// A bearer token.
    pub token: Option<Secret>,
}

/// A connection to a telemetry system.
#[derive(Clone)]
pub struct SourceSpec {
    /// The team's name for it.
    pub name: SafeText,
    /// What kind of system.
    pub kind: &'static Kind,
    /// Its own keys, read.
    pub config: Arc<dyn Configured>,
    /// Its own keys, as they were written.
    pub keys: Value,
    /// Its authentication, headers and TLS.
    pub http: HttpOptions,
    /// How often it is polled.
    pub pace: Pace,
    /// From which age its data is late or stale.
    pub limits: FreshnessLimits,
    /// What is done to its answers.
    pub answer_filter: AnswerFilter,
    /// Whether the built-in simulator answers.
    pub simulated: bool,
    /// Equal for two sources with the same keys: the tasks of one can go on as those of the other.
    pub fingerprint: u64,
}

impl std::fmt::Debug for SourceSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceSpec").field("name", &self.name).field("type", &self.kind.word).finish_non_exhaustive()
    }
}

/// One distinct query.
#[derive(Debug, Clone, PartialEq)]
pub struct QuerySpec {
    /// Its handle, for as long as the program runs.
    pub id: QueryId,
    /// Its name, over restarts and releases; no other query of the board has it.
    pub key: QueryKey,
    /// Index of its source in [`Board::sources`].
    pub source: usize,
    /// What is asked.
    pub ask: Ask,
}

/// A page.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// The name for flags and scripts.
    pub name: String,
    /// The name on the screen.
    pub title: SafeText,
    /// How long it stays on a wall before the next one comes.
    pub page_time: Span,
    /// Whether a wall turns to it by itself.
    pub turned_to: bool,
    /// When it is shown on a wall; always when empty.
    pub schedule: Vec<Hours>,
    /// Rows of panels; empty when andon lays them out by layer.
    pub rows: Vec<RowSpec>,
    /// The panels.
    pub panels: Vec<PanelSpec>,
}

/// A row of panels beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowSpec {
    /// Indices of the dashboard's panels.
    pub panels: Vec<usize>,
    /// The rows of the screen it takes, if the board says so.
    pub height: Option<u16>,
    /// Its share of the screen's height, if the board says so.
    pub weight: Option<u16>,
}

/// A panel.
#[derive(Debug, Clone)]
pub struct PanelSpec {
    /// The name for scripts.
    pub id: String,
    /// The words in its frame.
    pub title: SafeText,
    /// Which level it belongs to.
    pub layer: Layer,
    /// How it is drawn.
    pub options: PanelOptions,
    /// What decides its status.
    pub rule: Rule,
    /// What its table says to each check.
    pub checks: check::Options,
    /// What its numbers mean.
    pub unit: Unit,
    /// How many decimals they have, if the board says so.
    pub decimals: Option<u8>,
    /// Its share of the width of its row, if the board says so.
    pub width: Option<u16>,
    /// Where to read on.
    pub link: Option<SafeText>,
    /// The service it is about.
    pub service: Option<SafeText>,
    /// The environment it is about.
    pub environment: Option<SafeText>,
    /// Which kinds of events are marked on it.
    pub events: Vec<EventKind>,
    /// Whether any of its sources is the simulator.
    pub simulated: bool,
}

impl Board {
    /// A source by the query it answers.
    pub fn source_of(&self, query: QueryId) -> Option<&SourceSpec> {
        let query = self.queries.iter().find(|one| one.id == query)?;
        self.sources.get(query.source)
    }

    /// What of it is judged.
    pub fn to_judge(&self) -> eval::Board<'_> {
        let mut sources: Vec<eval::Source<'_>> = self.sources.iter().map(SourceSpec::to_judge).collect();
        for query in &self.queries {
            if let Some(source) = sources.get_mut(query.source) {
                source.queries.push(query.id);
            }
        }
        eval::Board { pages: self.dashboards.iter().map(Dashboard::to_judge).collect(), sources }
    }

    /// What decides the status of each panel.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> + Clone {
        self.dashboards.iter().flat_map(|dashboard| &dashboard.panels).map(|panel| &panel.rule)
    }

    /// The same with graphs that show at least so much time.
    #[must_use]
    pub fn widened(mut self, window: Span) -> Self {
        self.window = self.window.max(window);
        for panel in self.dashboards.iter_mut().flat_map(|dashboard| &mut dashboard.panels) {
            panel.rule.window = panel.rule.window.max(window);
        }
        for query in &mut self.queries {
            query.ask.history = query.ask.history.map(|history| history.max(window));
        }
        self
    }

    /// The longest past that any panel shows, or that one of its checks needs.
    pub fn longest_window(&self) -> Span {
        let panels = self.dashboards.iter().flat_map(|dashboard| &dashboard.panels);
        panels.map(|panel| panel.rule.window.max(needs(&panel.checks, &panel.rule))).fold(self.window, Ord::max)
    }

    /// The same, with what values are computed of.
    pub fn longest_lookback(&self) -> Span {
        let more = self.rules().map(Rule::lookback).max().unwrap_or_default();
        Span(self.longest_window().0.saturating_add(more.0))
    }

    /// Takes over from a former board: what both ask keeps its [`QueryId`], and with it its history; what is new
    /// gets one that nobody has had.
    ///
    /// The same is asked as long as the name of the source, its kind and the query are the same, however else the
    /// source is written. The name is the team's word for a system: that system may move to another address, and
    /// the next answers come from there. Only where the board wants names of people no longer (or again) all begins
    /// again, because an earlier answer may hold some.
    #[must_use]
    pub fn continuing(mut self, former: &Self) -> Self {
        let kept = self.kept_of(former);
        let mut next = former.next_query;
        let mut renamed = HashMap::new();
        for (query, kept) in self.queries.iter_mut().zip(kept) {
            let id = kept.unwrap_or_else(|| {
                next += 1;
                QueryId(next - 1)
            });
            renamed.insert(std::mem::replace(&mut query.id, id), id);
        }
        self.next_query = next;
        let panels = self.dashboards.iter_mut().flat_map(|dashboard| &mut dashboard.panels);
        for query in panels.flat_map(|panel| &mut panel.rule.queries) {
            query.id = renamed.get(&query.id).copied().unwrap_or(query.id);
        }
        self
    }
}

impl Board {
    /// For each query the handle that it has had on a former board, if any: first of those that ask for just as much
    /// past, then of those with the same key.
    fn kept_of(&self, former: &Self) -> Vec<Option<QueryId>> {
        let is_alike = |query: &QuerySpec, before: &QuerySpec| {
            let (Some(now), Some(then)) = (self.sources.get(query.source), former.sources.get(before.source)) else {
                return false;
            };
            now.name == then.name
                && now.kind.word == then.kind.word
                && now.answer_filter.people == then.answer_filter.people
        };
        let mut by_query: HashMap<&str, Vec<&QuerySpec>> = HashMap::new();
        for before in &former.queries {
            by_query.entry(&before.ask.query).or_default().push(before);
        }
        let mut take = |query: &QuerySpec, is_same: &dyn Fn(&QuerySpec) -> bool| {
            let candidates = by_query.get_mut(&*query.ask.query)?;
            let found = candidates.iter().position(|before| is_same(before) && is_alike(query, before))?;
            Some(candidates.swap_remove(found).id)
        };
        let exact = |query: &QuerySpec| take(query, &|before| before.ask == query.ask);
        let mut kept: Vec<Option<QueryId>> = self.queries.iter().map(exact).collect();
        for (query, kept) in self.queries.iter().zip(&mut kept).filter(|(_, kept)| kept.is_none()) {
            *kept = take(query, &|before| before.key == query.key);
        }
        kept
    }
}

impl Dashboard {
    /// What of it is judged.
    fn to_judge(&self) -> eval::Page<'_> {
        eval::Page { name: &self.name, panels: self.panels.iter().map(PanelSpec::to_judge).collect() }
    }
}

impl PanelSpec {
    /// What of it is judged.
    fn to_judge(&self) -> eval::Panel<'_> {
        eval::Panel {
            id: &self.id,
            title: &self.title,
            layer: self.layer,
            rule: &self.rule,
            checks: &self.checks,
            unit: &self.unit,
            decimals: self.decimals,
            service: self.service.as_ref(),
            environment: self.environment.as_ref(),
            link: self.link.as_ref(),
        }
    }

    /// The service and the environment that it is about.
    pub fn about(&self) -> (Option<&str>, Option<&str>) {
        (self.service.as_ref().map(SafeText::as_str), self.environment.as_ref().map(SafeText::as_str))
    }

    /// The shortest refresh of its sources.
    pub fn refresh(&self) -> Span {
        self.rule.queries.iter().map(|query| query.limits.refresh).min().unwrap_or_default()
    }
}

impl SourceSpec {
    /// What of it is judged; without its queries.
    fn to_judge(&self) -> eval::Source<'_> {
        eval::Source { name: &self.name, kind: self.kind.word, limits: self.limits, queries: Vec::new() }
    }

    /// The same source with other addresses: each for which `replace` returns one.
    ///
    /// Used for the simulator, whose port is not known before it runs.
    #[must_use]
    pub fn readdressed(&self, replace: impl Fn(&str) -> Option<String>) -> Self {
        fn walk(value: &mut Value, replace: &impl Fn(&str) -> Option<String>) {
            match value {
                Value::String(text) => {
                    if let Some(other) = replace(text) {
                        *text = other;
                    }
                }
                Value::Array(items) => items.iter_mut().for_each(|item| walk(item, replace)),
                Value::Object(map) => map.values_mut().for_each(|item| walk(item, replace)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut keys = self.keys.clone();
        walk(&mut keys, &replace);
        // The keys have been read once; another address does not make them unreadable.
        let config = (self.kind.configure)(&keys).unwrap_or_else(|_| Arc::clone(&self.config));
        Self { config, keys, ..self.clone() }
    }
}
