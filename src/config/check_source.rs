//! One source: its common keys, its HTTP keys, its own keys.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use reqwest::Url;
use serde_json::{Map, Value};

use super::board::{SIMULATOR_SCHEME, SourceSpec};
use super::check_secrets;
use super::locations::{Part, Path};
use super::nearest::suggestion;
use super::problem::Severity;
use super::raw::SourceCommon;
use super::read::{Entries, read_with, table};
use super::report::Report;
use crate::eval::freshness::FreshnessLimits;
use crate::model::glob::Globs;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::answer_filter::AnswerFilter;
use crate::source::http::{HttpOptions, parse_url};
use crate::source::{Configured, Emits, KINDS, KeyProblem, Kind, Pace};

/// The longest default timeout.
const LONGEST_TIMEOUT: Span = Span::seconds(10);

/// What follows from a missing secret.
const WITHOUT_SECRET: &str = "until it is there, this source's panels will say so";

/// What the board says of all its sources.
#[derive(Debug, Clone, Copy)]
pub(super) struct ForAllSources {
    pub refresh: Span,
    /// Whether `refresh` is put above the sources' own (`--refresh`).
    pub is_forced: bool,
    /// Whether names of people are wanted.
    pub people: bool,
}

/// Checks one source. The error is the kind of a source that cannot be used, if it has one: queries are checked by it.
pub(super) fn check(
    name: &str,
    value: &Value,
    path: &Path,
    board: ForAllSources,
    report: &mut Report<'_>,
) -> Result<SourceSpec, Option<&'static Kind>> {
    let Some(object) = value.as_object() else {
        let help = format!("write [sources.{name}] with a type");
        report.error("wrong-type", path, format!("the source '{name}' is not a table"), help);
        return Err(None);
    };
    let mut entries = Entries::new(object);
    let common = entries.take(&schemars::schema_for!(SourceCommon));
    let common = table::<SourceCommon>(common, &Value::Null, path, report).unwrap_or_default();
    let Some(kind) = kind(name, object, path, report) else {
        report_unknown_to_all(entries, path, report);
        return Err(None);
    };
    let http = if kind.http { http(&mut entries, path, WITHOUT_SECRET, report) } else { HttpOptions::default() };
    let own_schema = (kind.schema)();
    let own = entries.take(&own_schema);
    entries.report_unknown(path, report);
    check_secrets::check(&own_schema, &own, path, WITHOUT_SECRET, report);
    let pace = pace(&common, board, path, report);
    let limits = limits(&common, pace, path, report);
    let answer_filter = answer_filter(&common, kind, board.people, path, report);
    let config = read_with(own.clone(), path, report, kind.configure).ok_or(Some(kind))?;
    let fingerprint = fingerprint(name, value, pace, board.people);
    let (name, simulated) = (SafeText::new(name), has_simulator(&own));
    let source =
        SourceSpec { name, kind, config, keys: own, http, pace, limits, answer_filter, simulated, fingerprint };
    check_address(source.config.as_ref(), path, report);
    check_keys(&source, path, report);
    Ok(source)
}

/// For a source of unknown type, only keys that no type has are unknown.
fn report_unknown_to_all(mut entries: Entries, path: &Path, report: &mut Report<'_>) {
    entries.take(&schemars::schema_for!(HttpOptions));
    for kind in KINDS {
        entries.take(&(kind.schema)());
    }
    entries.report_unknown(path, report);
}

/// Takes the keys of HTTP out of a table. `until` says what follows from a missing secret.
pub(super) fn http(entries: &mut Entries, path: &Path, until: &str, report: &mut Report<'_>) -> HttpOptions {
    let schema = schemars::schema_for!(HttpOptions);
    let taken = entries.take(&schema);
    check_secrets::check(&schema, &taken, path, until, report);
    let http = table::<HttpOptions>(taken, &Value::Null, path, report).unwrap_or_default();
    check_headers(&http, path, report);
    check_tls_pair(&http, path, report);
    http
}

fn answer_filter(
    common: &SourceCommon,
    kind: &Kind,
    people: bool,
    path: &Path,
    report: &mut Report<'_>,
) -> AnswerFilter {
    if kind.emits != Emits::Builds && !common.deploys.as_slice().is_empty() {
        let help = format!("take it away; a {} source has no builds", kind.word);
        report.error("no-builds", &path.key("deploys"), "only builds can be deploys", help);
    }
    AnswerFilter {
        people,
        deploys: Globs::new(common.deploys.as_slice()),
        deploys_to: SafeText::new(common.deploys_to.as_deref().unwrap_or("production")),
    }
}

fn limits(common: &SourceCommon, pace: Pace, path: &Path, report: &mut Report<'_>) -> FreshnessLimits {
    let default = FreshnessLimits::for_refresh(pace.refresh);
    let limits =
        common.stale_after.map_or(default, |stale_after| FreshnessLimits { stale_after, is_given: true, ..default });
    if limits.stale_after < pace.refresh {
        let help = "make stale_after longer than refresh, or leave it out".to_owned();
        report.error("too-short", &path.key("stale_after"), "data would be stale before the next poll", help);
    }
    limits
}

/// A hash, so that keys can be compared without keeping their secrets.
fn fingerprint(name: &str, written: &Value, pace: Pace, people: bool) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, written.to_string(), pace.refresh, pace.timeout, people).hash(&mut hasher);
    hasher.finish()
}

fn kind(name: &str, object: &Map<String, Value>, path: &Path, report: &mut Report<'_>) -> Option<&'static Kind> {
    let words: Vec<&str> = KINDS.iter().map(|kind| kind.word).collect();
    match object.get("type") {
        Some(Value::String(word)) => {
            let kind = Kind::find(word);
            if kind.is_none() {
                let message = format!("there is no source type '{word}'");
                report.error("unknown-type", &path.key("type"), message, suggestion(word, &words));
            }
            kind
        }
        Some(_) => None,
        None => {
            let help = format!("add type = \"...\"; {}", suggestion("", &words));
            let message = format!("the source '{name}' has no type");
            report.add(Severity::Error, "missing-key", path, Part::Key, message, help);
            None
        }
    }
}

fn pace(common: &SourceCommon, board: ForAllSources, path: &Path, report: &mut Report<'_>) -> Pace {
    let own = common.refresh.filter(|_| !board.is_forced);
    let refresh = own.unwrap_or(board.refresh);
    if let Some(own) = own {
        report.check_refresh(own, &path.key("refresh"));
    }
    let timeout = common.timeout.filter(|timeout| !board.is_forced || *timeout < refresh);
    if timeout == Some(Span(0)) {
        let help = "write timeout = \"4s\", or leave it out".to_owned();
        report.error("too-short", &path.key("timeout"), "a timeout of 0 always runs out", help);
    }
    if timeout.is_some_and(|timeout| timeout > refresh) {
        let help = "make the timeout shorter than refresh, so that a slow poll does not push the next one away";
        report.warning(
            "timeout-over-refresh",
            &path.key("timeout"),
            "the timeout is longer than refresh",
            help.to_owned(),
        );
    }
    Pace { refresh, timeout: timeout.unwrap_or_else(|| refresh.times(0.8).min(LONGEST_TIMEOUT)) }
}

fn check_headers(http: &HttpOptions, path: &Path, report: &mut Report<'_>) {
    for (keys, what, help) in http.wrong_headers() {
        let at = keys.iter().fold(path.clone(), |at, key| at.key(key));
        report.error("bad-header", &at, what, help);
    }
}

fn check_tls_pair(http: &HttpOptions, path: &Path, report: &mut Report<'_>) {
    let tls = &http.tls;
    if tls.client_cert.is_some() != tls.client_key.is_some() {
        let help = "give both client_cert and client_key, or neither".to_owned();
        report.error(
            "incomplete",
            &path.key("tls"),
            "a client certificate needs its key, and a key its certificate",
            help,
        );
    }
}

fn check_address(config: &dyn Configured, path: &Path, report: &mut Report<'_>) {
    if let Some(url) = config.url().filter(|url| !url.starts_with(SIMULATOR_SCHEME)) {
        let _used_as_it_stands = address(url, path, report);
    }
}

/// Reads an address; what is wrong with it is reported.
pub(super) fn address(url: &str, path: &Path, report: &mut Report<'_>) -> Option<Url> {
    let path = path.key("url");
    match parse_url(url) {
        Err(error) => {
            let help = "write it like \"https://prometheus.example.com\"".to_owned();
            report.error("bad-url", &path, error.detail.to_string(), help);
            None
        }
        Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            let help = "use auth = { basic = { username = \"...\", password = { env = \"...\" } } }".to_owned();
            report.error("secret-in-url", &path, "the URL holds a user name or a password", help);
            None
        }
        Ok(parsed) => Some(parsed),
    }
}

/// What the source itself finds wrong with its keys. The simulator's port is not known yet: any address stands for it.
fn check_keys(source: &SourceSpec, path: &Path, report: &mut Report<'_>) {
    let at_home = |text: &str| {
        if text.contains(SIMULATOR_SCHEME) && text.ends_with("/log") {
            return Some("/dev/null".to_owned());
        }
        let is_page = text.contains(SIMULATOR_SCHEME) && !text.ends_with("/statsd") && !text.ends_with("/otlp");
        let socket = text.contains(SIMULATOR_SCHEME).then(|| "127.0.0.1:8125".to_owned());
        if is_page { Some(text.replace(SIMULATOR_SCHEME, "http://127.0.0.1/")) } else { socket }
    };
    for KeyProblem { key, item, message, help } in source.readdressed(at_home).config.check() {
        let key = path.key(key);
        let at = item.map_or_else(|| key.clone(), |item| key.index(item));
        report.error("bad-value", &at, message, help);
    }
}

fn has_simulator(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(SIMULATOR_SCHEME),
        Value::Array(items) => items.iter().any(has_simulator),
        Value::Object(map) => map.values().any(has_simulator),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
