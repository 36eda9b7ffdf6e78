//! The shapes of the file, before anything is checked. Doc comments become the schema and the manual.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::eval::transitions::Turn;
use crate::model::audience::Detail;
use crate::model::event::EventKind;
use crate::model::hours::Hours;
use crate::model::layer::Layer;
use crate::model::length::Length;
use crate::model::number_or_text::NumberOrText;
use crate::model::time::Span;
use crate::panel::ink::Glyphs;
use crate::source::auth::Secret;
use crate::source::http::HttpOptions;

// A table in a list or a map is read by itself, so that a mistake in one hides none in another.
/// The root of the file.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Root {
    /// The board's name, shown at the top left.
    pub title: String,
    /// A theme's name (see `andon themes`), or the path of a theme file.
    pub theme: String,
    /// Default pause between two polls.
    pub refresh: Span,
    /// Default history shown.
    pub window: Span,
    /// Show names of people: who wrote a commit, who deployed, who is asked to review (default false).
    #[serde(default)]
    pub people: bool,
    /// Which characters the screen can show: full, block or ascii (default: from the terminal).
    pub glyphs: Option<Glyphs>,
    /// Connections to telemetry systems, by name.
    #[serde(default)]
    pub sources: BTreeMap<String, Value>,
    /// Values used as $name or ${name} in queries, titles and links.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Variable>")]
    pub variables: BTreeMap<String, Value>,
    /// Notification rules: who gets a message, and when (builds that break, panels that become critical). None by
    /// default.
    #[serde(default)]
    #[schemars(with = "Vec<Notify>")]
    pub notify: Vec<Value>,
    /// A page of metrics that programs have sent and no panel shows yet, where a source takes such (default true).
    #[serde(default = "yes")]
    pub new_metrics: bool,
    /// What is kept on disk, so that a board that comes back knows its past; `history = "off"` keeps nothing.
    #[serde(default)]
    #[schemars(with = "HistoryForm")]
    pub history: Value,
    /// Engines to which the board writes what it has itself measured or received, by Prometheus remote write. None by
    /// default.
    #[serde(default)]
    #[schemars(with = "Vec<RemoteWriteForm>")]
    pub remote_write: Vec<Value>,
    /// Where other programs may ask the board; without this table nowhere.
    #[serde(default)]
    #[schemars(with = "Api")]
    pub api: Value,
    /// Let others look at the board with `andon view`: true, or a table that says where (default false; `andon serve`
    /// does so whatever stands here).
    #[serde(default)]
    #[schemars(with = "ServeForm")]
    pub serve: Value,
    /// The board in a browser; without this table nowhere.
    #[serde(default)]
    #[schemars(with = "Web")]
    pub web: Value,
    /// Who looks at the board elsewhere, and what of it they see. Without any there is the team, which sees all.
    #[serde(default)]
    #[schemars(with = "Vec<Audience>")]
    pub audience: Vec<Value>,
    /// How the board is shown on a wall, with `--kiosk`.
    #[serde(default)]
    #[schemars(with = "Kiosk")]
    pub kiosk: Value,
    /// The pages of the board.
    #[serde(default)]
    pub dashboards: Vec<Value>,
}

/// Where other programs may ask the board: `/metrics`, `/api/v1/status`, `/api/v1/series`, `/api/v1/events`, `/healthz`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Api {
    /// The address (default: "127.0.0.1:7668"). Another one than of this machine needs a token.
    #[serde(default = "api_address")]
    pub listen: String,
    /// What has to be shown, by reference: `{ env = "ANDON_API_TOKEN" }`.
    pub token: Option<Secret>,
    /// Names by which the board is reached, without a port; an address is one anyway.
    #[serde(default)]
    pub hosts: Vec<String>,
}

fn api_address() -> String {
    "127.0.0.1:7668".to_owned()
}

/// The two forms of `serve`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "stands in the schema only; the key is read form by form, to say what is wrong")]
enum ServeForm {
    Switch(bool),
    Table(Socket),
}

/// A Unix socket that `andon view` connects to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Socket {
    /// Its path, absolute (default: NAME.sock in `$XDG_RUNTIME_DIR/andon`, with the name of the board's file).
    #[serde(rename = "socket")]
    pub path: Option<PathBuf>,
    /// Who may connect, as permissions of a file (default "0600": its owner; "0660": its group, too).
    pub mode: Option<String>,
    /// The group it belongs to.
    pub group: Option<String>,
}

/// The board in a browser.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Web {
    /// The address (default: "127.0.0.1:7669"). Another one than of this machine needs a token, unless only the audience
    /// `public` looks there.
    #[serde(default = "web_address")]
    pub listen: String,
    /// What the team has to show, by reference: `{ env = "ANDON_WEB_TOKEN" }`.
    pub token: Option<Secret>,
    /// Names by which the page is reached, without a port; an address is one anyway.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The name of a dashboard of which a status page for customers is made, at /status; anybody may see that.
    pub status: Option<String>,
}

fn web_address() -> String {
    "127.0.0.1:7669".to_owned()
}

/// Who looks at the board elsewhere.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Audience {
    /// `team` (who connects to the board's own socket), `public` (who shows nothing), or a name of your own.
    pub name: String,
    /// The dashboards it sees: a glob, or a list of them (default: all; of `public` it has to be said).
    #[serde(default)]
    pub dashboards: OneOrMany,
    /// How much of them: `full`, or `public`: values and statuses, without queries, addresses, host names, people and
    /// words of servers (default: full for the team, public for others).
    pub detail: Option<Detail>,
    /// What it may do besides looking: acknowledge, note (default: nothing).
    #[serde(default)]
    pub may: Vec<Permission>,
    /// What it has to show in a browser, by reference: `{ env = "ANDON_SALES_TOKEN" }`.
    pub token: Option<Secret>,
    /// An address of its own in a browser, "127.0.0.1:7670": whoever comes there is of this audience, and no token is looked
    /// at.
    pub listen: Option<String>,
    /// Names by which that address is reached, without a port.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// A socket of its own.
    #[serde(flatten)]
    pub socket: Socket,
}

/// What somebody elsewhere may do besides looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Permission {
    /// Acknowledge what is red.
    Acknowledge,
    /// Write a note.
    Note,
}

/// An engine to which the board writes by Prometheus remote write 1.0.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct RemoteWrite {
    /// The address: `http://victoria.example.com:8428/api/v1/write`.
    pub url: String,
    /// Labels on every series (default: job = "andon", and instance, the name of this machine).
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// An engine with the keys of HTTP.
#[derive(JsonSchema)]
#[expect(
    dead_code,
    reason = "stands in the schema only; the keys are read part by part, to say what is wrong with which"
)]
struct RemoteWriteForm {
    #[serde(flatten)]
    own: RemoteWrite,
    #[serde(flatten)]
    http: HttpOptions,
}

/// The two forms of `history`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "stands in the schema only; the key is read form by form, to say what is wrong")]
enum HistoryForm {
    Switch(Switch),
    Table(History),
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Switch {
    On,
    Off,
}

/// What is kept on disk.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct History {
    /// The file, with an absolute path (default: one of this board in `$XDG_STATE_HOME/andon`, or `~/.local/state/andon`).
    pub path: Option<PathBuf>,
    /// The most that it takes, in megabytes (default 256); the oldest is forgotten first.
    pub max_megabytes: u64,
    /// How often it is written (default "10s"); longer spares an SD card.
    pub flush: Span,
    /// Keep the last lines of logs, too, without what looks like a secret (default false).
    pub logs: bool,
}

impl Default for History {
    fn default() -> Self {
        Self { path: None, max_megabytes: 256, flush: Span::seconds(10), logs: false }
    }
}

/// How the board is shown on a wall.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Kiosk {
    /// How long each page stays before the next one comes (default: 15s).
    pub page_time: Option<Span>,
    /// The diagonal of the screen, such as "55in" or "140cm", of 16 to 9; `andon doctor --kiosk` says what can be read.
    pub screen: Option<Length>,
    /// From where it is read, such as "5m" (default: 5m).
    pub distance: Option<Length>,
    /// The theme by day, where it is another than `theme`.
    pub day_theme: Option<String>,
    /// When it is day, such as "07:00-19:00" (default: that).
    pub day: Vec<Hours>,
}

/// A notification rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    /// Which changes send a message: broken, still-broken, fixed, started (builds); critical, recovered (panels).
    pub on: Vec<Turn>,
    /// Names of builds and ids of panels: a glob, or a list of them (default: all).
    #[serde(rename = "match", default)]
    pub keep: OneOrMany,
    /// Services: a glob, or a list of them (default: all).
    #[serde(default)]
    pub service: OneOrMany,
    /// Ring the bell of the terminals that show the board (default false).
    #[serde(default)]
    pub bell: bool,
    /// Show a notification of the desktop behind the terminal, by the escape sequence OSC 9 (default false).
    #[serde(default)]
    pub desktop: bool,
    /// A program and its arguments, in which {text}, {turn}, {name}, {service}, {environment}, {url},
    /// {board} and {at} stand for their values; also in the environment as `ANDON_TEXT` and so on.
    #[serde(default)]
    pub command: Vec<String>,
    /// An address that gets the same values as JSON, by POST.
    pub webhook: Option<String>,
    /// A bearer token for the webhook.
    pub token: Option<Secret>,
    /// When it is silent: "22:00-07:00", "Sat", "Mon-Fri 08:00-20:00". Afterwards one message tells of what
    /// turned red in that time and is red still.
    #[serde(default)]
    pub quiet: Vec<Hours>,
    /// At most so many an hour; the rest are held back and counted (default 20).
    #[serde(default = "per_hour")]
    pub per_hour: usize,
}

const fn yes() -> bool {
    true
}

const fn per_hour() -> usize {
    20
}

/// A variable.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Variable {
    /// The values it may have; the first is used unless `--var NAME=VALUE` picks another.
    pub values: Vec<String>,
}

/// The keys every source takes, whatever its type.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct SourceCommon {
    /// The kind of system; see `andon sources`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Pause between two polls (default: the board's).
    pub refresh: Option<Span>,
    /// Longest a poll may take (default: four fifths of refresh, at most 10s).
    pub timeout: Option<Span>,
    /// Names of builds that are deploys: a glob, or a list of them. They become events, marked on graphs.
    pub deploys: OneOrMany,
    /// The environment that those deploy to (default: production).
    pub deploys_to: Option<String>,
    /// Age from which data is not judged any more (default: three times refresh, at least 30s).
    pub stale_after: Option<Span>,
}

/// A dashboard.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct Dashboard {
    /// The name for `--dashboard` and for scripts.
    pub name: String,
    /// The name on the screen (default: name).
    pub title: Option<String>,
    /// On a wall: how long the page stays (default: that of `[kiosk]`).
    pub page_time: Option<Span>,
    /// On a wall: when the page is shown, such as "Mon-Fri 08:00-18:00" (default: always).
    #[serde(default)]
    pub schedule: Vec<Hours>,
    /// Rows of panel ids, from the top, each a list, or a table with a height; without it panels are laid out by layer.
    #[schemars(with = "Option<Vec<RowForm>>")]
    pub rows: Option<Vec<Value>>,
    /// The panels.
    #[serde(default)]
    pub panels: Vec<Value>,
}

/// The two forms of a row.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "stands in the schema only; rows are read one by one, to say what is wrong with which")]
enum RowForm {
    Panels(Vec<String>),
    Table(Row),
}

/// A row of panels with a height of its own.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Row {
    /// The ids of its panels, from the left.
    #[schemars(with = "Vec<String>")]
    pub panels: Vec<Value>,
    /// Rows of the screen it takes, frames included, where there is room (default: by what its panels can use).
    #[serde(default)]
    pub height: Option<u16>,
    /// Its share of the screen's height beside other rows with a weight, from 1 to 24.
    #[serde(default)]
    pub weight: Option<u16>,
}

/// The keys every panel takes, whatever its view, in addition to those of the checks (`eval/check/`).
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct PanelCommon {
    /// The name used in rows and by scripts (default: made from the title).
    pub id: Option<String>,
    /// The words in its frame (default: id).
    pub title: Option<String>,
    /// Which level it belongs to (default: application; of panels of builds and deploys, pipeline).
    pub layer: Option<Layer>,
    /// How it is drawn; see `andon panels`. (The check reads the word before the rest of the table.)
    #[serde(rename = "view")]
    pub _view: String,
    /// The source it asks.
    pub source: Option<String>,
    /// What it asks, in the source's language.
    pub query: Option<String>,
    /// Several named queries instead of one.
    #[serde(default)]
    #[schemars(with = "Vec<NamedQuery>")]
    pub queries: Vec<Value>,
    /// Arithmetic over the named queries, such as "failed / good".
    pub value: Option<String>,
    /// What the numbers mean; see the table of units.
    #[serde(default)]
    pub unit: String,
    /// How many decimals its numbers have, 0 to 6 (default: as many as mean something).
    pub decimals: Option<u8>,
    /// Its share of the width of its row, 1 to 24, next to other panels (default: from the view; a stat has 2, a
    /// chart 4).
    pub width: Option<u16>,
    /// How many series, builds or rows there should be. With fewer, the panel is unknown. Without this key, the
    /// panel is unknown when a series that was there has vanished. 0: any number is accepted.
    pub expect: Option<usize>,
    /// What an empty answer means: "ok" if it is normal for this query, or the number it stands for, such as 0 for
    /// `count(up == 0)` (default: an empty answer makes the panel unknown).
    pub empty: Option<NumberOrText>,
    /// How series are named: a text in which {{label}} stands for the value of a label (default: the values of those
    /// labels that tell series apart).
    pub legend: Option<String>,
    /// Names to keep: a glob, or a list of them.
    #[serde(rename = "match", default)]
    pub keep: OneOrMany,
    /// History shown (default: the board's).
    pub window: Option<Span>,
    /// Where to read on: an http or https address.
    pub link: Option<String>,
    /// The service it is about: which changes and alerts belong to it.
    pub service: Option<String>,
    /// The environment it is about.
    pub environment: Option<String>,
    /// Kinds of events marked on a graph (default: incident, deploy, config, release, note); [] for none.
    pub marks: Option<Vec<EventKind>>,
}

/// One of several queries.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NamedQuery {
    /// The name used in `value` and in the legend.
    pub name: String,
    /// The source it asks (default: the panel's).
    pub source: Option<String>,
    /// What it asks.
    #[serde(default)]
    pub query: String,
    /// In `value`, its only series goes with every series of the other queries (default: series go together
    /// whose labels are equal, and one without labels goes with all).
    #[serde(default)]
    pub scalar: bool,
}

/// A text, or a list of texts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a text, or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl OneOrMany {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}
