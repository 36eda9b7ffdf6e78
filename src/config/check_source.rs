//! One source: its common keys, its HTTP keys, its own keys.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Map, Value};

use super::board::{SIMULATOR_SCHEME, SourceSpec};
use super::check::{report_unknown, too_short};
use super::check_secrets;
use super::nearest::suggestion;
use super::places::Path;
use super::raw::SourceCommon;
use super::read::{Report, keys, split, table, with};
use crate::eval::freshness::FreshnessLimits;
use crate::model::fault::Reason;
use crate::model::glob::Globs;
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::answer_filter::AnswerFilter;
use crate::source::http::{HttpOptions, parse_url};
use crate::source::network::Network;
use crate::source::{Configured, Context, Emits, KINDS, Kind, Pace, Resolution};

/// The longest timeout that is set when none is given.
const LONGEST_TIMEOUT: Span = Span::seconds(10);

/// What a secret that is not there means.
const WITHOUT_SECRET: &str = "until it is there, this source's panels will say so";

/// Checks one source. `forced` puts the board's refresh above the source's own (`--refresh`); `people` says
/// whether the board wants names. Of one that cannot be used, its kind is told if it has one: queries are checked by it.
pub(super) fn check(
    name: &str,
    value: &Value,
    path: &Path,
    (refresh, forced): (Span, bool),
    people: bool,
    report: &mut Report<'_>,
) -> Result<SourceSpec, Option<&'static Kind>> {
    let Some(object) = value.as_object() else {
        let help = format!("write [sources.{name}] with a type");
        report.error("wrong-type", path, format!("the source '{name}' is not a table"), help);
        return Err(None);
    };
    let mut left = object.clone();
    let common_schema = schemars::schema_for!(SourceCommon);
    let common = split(&mut left, &common_schema);
    let common = table::<SourceCommon>(common, &Value::Null, path, report).unwrap_or_default();
    let Some(kind) = kind(name, object, path, report) else {
        // Of a type that nobody knows: what no type has is unknown all the same.
        let mut known = keys(&common_schema);
        known.extend(keys(&schemars::schema_for!(HttpOptions)));
        known.extend(KINDS.iter().flat_map(|kind| keys(&(kind.schema)())));
        left.retain(|key, _| !known.contains(key));
        report_unknown(&left, path, &known, report);
        return Err(None);
    };
    let mut known = keys(&common_schema);
    let http = if kind.http { http(&mut left, &mut known, path, report) } else { HttpOptions::default() };
    let own_schema = (kind.schema)();
    let own = split(&mut left, &own_schema);
    known.extend(keys(&own_schema));
    report_unknown(&left, path, &known, report);
    check_secrets::check(&own_schema, &own, path, WITHOUT_SECRET, report);
    let pace = pace(&common, refresh, forced, path, report);
    let limits = FreshnessLimits { fresh_by: kind.fresh_by, ..limits(&common, pace, path, report) };
    if kind.emits != Emits::Builds && !common.deploys.all().is_empty() {
        let help = format!("take it away; a {} source tells of no builds", kind.word);
        report.error("no-builds", &path.key("deploys"), "only builds can be deploys", help);
    }
    let config = with(own.clone(), path, report, kind.configure).ok_or(Some(kind))?;
    let simulated = has_simulator(&own);
    if check_addresses(config.as_ref(), path, report) && !simulated {
        check_keys(config.as_ref(), &own, path, report);
    }
    let answer_filter = AnswerFilter {
        people,
        deploys: Globs::new(common.deploys.all()),
        deploys_to: SafeText::new(common.deploys_to.as_deref().unwrap_or("production")),
    };
    let fingerprint = fingerprint(name, value, pace, people);
    let name = SafeText::new(name);
    Ok(SourceSpec { name, kind, config, keys: own, http, pace, limits, answer_filter, simulated, fingerprint })
}

/// Takes the keys of HTTP out of a table.
fn http(left: &mut Map<String, Value>, known: &mut Vec<String>, path: &Path, report: &mut Report<'_>) -> HttpOptions {
    let schema = schemars::schema_for!(HttpOptions);
    let taken = split(left, &schema);
    known.extend(keys(&schema));
    check_secrets::check(&schema, &taken, path, WITHOUT_SECRET, report);
    let http = table::<HttpOptions>(taken, &Value::Null, path, report).unwrap_or_default();
    check_headers(&http, path, report);
    check_tls_pair(&http, path, report);
    http
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

/// A number, because what is written may hold a secret, and need not be kept to be compared.
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
            report.add(
                super::problem::Severity::Error,
                "missing-key",
                path,
                super::places::Part::Key,
                format!("the source '{name}' has no type"),
                help,
            );
            None
        }
    }
}

fn pace(common: &SourceCommon, board: Span, forced: bool, path: &Path, report: &mut Report<'_>) -> Pace {
    let own = common.refresh.filter(|_| !forced);
    let refresh = own.unwrap_or(board);
    if own.is_some_and(|own| own < Span::seconds(1)) {
        too_short(report, &path.key("refresh"));
    }
    let timeout = common.timeout.filter(|timeout| !forced || *timeout < refresh);
    if timeout == Some(Span(0)) {
        let help = "write timeout = \"4s\", or leave it out".to_owned();
        report.error("too-short", &path.key("timeout"), "a timeout of nothing always runs out", help);
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
        let place = keys.iter().fold(path.clone(), |place, key| place.key(key));
        report.error("bad-header", &place, what, help);
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

/// Whether the address can be used, if there is one.
fn check_addresses(config: &dyn Configured, path: &Path, report: &mut Report<'_>) -> bool {
    let Some(url) = config.url().filter(|url| !url.starts_with(SIMULATOR_SCHEME)) else { return true };
    let path = path.key("url");
    match parse_url(url) {
        Err(error) => {
            let help = "write it like \"https://prometheus.example.com\"".to_owned();
            report.error("bad-url", &path, error.detail.to_string(), help);
            false
        }
        Ok(parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            let help = "use auth = { basic = { username = \"...\", password = { env = \"...\" } } }".to_owned();
            report.error("secret-in-url", &path, "the URL holds a user name or a password", help);
            false
        }
        Ok(_) => true,
    }
}

/// What a source itself says of its keys, without asking anybody. The key is the first that it names.
fn check_keys(config: &dyn Configured, own: &Value, path: &Path, report: &mut Report<'_>) {
    let widths = tokio::sync::watch::Sender::default();
    let nobody = Context {
        http: None,
        network: Network::default(),
        resolution: Resolution::of(QueryId(0), widths.subscribe()),
        pace: Pace { refresh: Span::seconds(10), timeout: LONGEST_TIMEOUT },
        answer_filter: AnswerFilter::default(),
    };
    let Err(error) = config.try_open(&nobody) else { return };
    if error.reason != Reason::Parse {
        return;
    }
    let detail = error.detail.as_str();
    let (message, help) =
        detail.split_once(';').map_or((detail, None), |(message, help)| (message, Some(help.trim().to_owned())));
    let keys = own.as_object().into_iter().flat_map(Map::keys);
    let named = keys.filter(|key| detail.contains(key.as_str())).min_by_key(|key| detail.find(key.as_str()));
    let place = named.map_or_else(|| path.clone(), |key| path.key(key));
    report.error("bad-value", &place, message.to_owned(), help);
}

fn has_simulator(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(SIMULATOR_SCHEME),
        Value::Array(items) => items.iter().any(has_simulator),
        Value::Object(map) => map.values().any(has_simulator),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
