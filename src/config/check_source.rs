//! One source: its common keys, its HTTP keys, its own keys.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Map, Value};

use super::board::{SIMULATOR_SCHEME, SourceSpec};
use super::check::{report_unknown, too_short};
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
use crate::source::supervisor::Pace;
use crate::source::{Configured, Context, Emits, KINDS, Kind, Resolution};

/// The longest timeout that is set when none is given.
const LONGEST_TIMEOUT: Span = Span::seconds(10);

/// Parts of the names of headers whose values are secrets.
const SECRET_HEADERS: [&str; 7] = ["auth", "cookie", "key", "pass", "secret", "session", "token"];

/// Checks one source. `forced` puts the board's refresh above the source's own (`--refresh`); `people` says
/// whether the board wants names.
pub(super) fn check(
    name: &str,
    value: &Value,
    path: &Path,
    (refresh, forced): (Span, bool),
    people: bool,
    report: &mut Report<'_>,
) -> Option<SourceSpec> {
    let Some(object) = value.as_object() else {
        let help = format!("write [sources.{name}] with a type");
        report.error("wrong-type", path, format!("the source '{name}' is not a table"), help);
        return None;
    };
    let mut left = object.clone();
    let common_schema = schemars::schema_for!(SourceCommon);
    let common = table::<SourceCommon>(split(&mut left, &common_schema), path, report);
    let Some(kind) = kind(name, object, path, report) else {
        // Of a type that nobody knows: what no type has is unknown all the same.
        let mut known = keys(&common_schema);
        known.extend(keys(&schemars::schema_for!(HttpOptions)));
        known.extend(KINDS.iter().flat_map(|kind| keys(&(kind.schema)())));
        left.retain(|key, _| !known.contains(key));
        report_unknown(&left, path, &known, report);
        return None;
    };
    let http_schema = schemars::schema_for!(HttpOptions);
    let http = if kind.http {
        table::<HttpOptions>(split(&mut left, &http_schema), path, report)
    } else {
        Some(HttpOptions::default())
    };
    let own_schema = (kind.schema)();
    let own = split(&mut left, &own_schema);
    let mut known = keys(&common_schema);
    known.extend(keys(&own_schema));
    if kind.http {
        known.extend(keys(&http_schema));
    }
    report_unknown(&left, path, &known, report);
    let config = with(own.clone(), path, report, kind.configure);
    let (common, http, config) = (common?, http?, config?);
    check_secrets(&http, path, report);
    check_headers(&http, path, report);
    if check_addresses(config.as_ref(), path, report) && !has_simulator(&own) {
        check_keys(config.as_ref(), &own, path, report);
    }
    check_tls_pair(&http, path, report);
    let pace = pace(&common, refresh, forced, path, report);
    let default = FreshnessLimits { fresh_by: kind.fresh_by, ..FreshnessLimits::for_refresh(pace.refresh) };
    let limits =
        common.stale_after.map_or(default, |stale_after| FreshnessLimits { stale_after, is_given: true, ..default });
    if limits.stale_after < pace.refresh {
        let help = "make stale_after longer than refresh, or leave it out".to_owned();
        report.error("too-short", &path.key("stale_after"), "data would be stale before the next poll", help);
    }
    let simulated = has_simulator(&own);
    if kind.emits != Emits::Builds && !common.deploys.all().is_empty() {
        let help = format!("take it away; a {} source tells of no builds", kind.word);
        report.error("no-builds", &path.key("deploys"), "only builds can be deploys", help);
    }
    let answer_filter = AnswerFilter {
        people,
        deploys: Globs::new(common.deploys.all()),
        deploys_to: SafeText::new(common.deploys_to.as_deref().unwrap_or("production")),
    };
    let fingerprint = fingerprint(name, value, pace, people);
    let name = SafeText::new(name);
    Some(SourceSpec { name, kind, config, keys: own, http, pace, limits, answer_filter, simulated, fingerprint })
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

fn check_secrets(http: &HttpOptions, path: &Path, report: &mut Report<'_>) {
    for (keys, secret) in http.secrets() {
        let place = keys.iter().fold(path.clone(), |place, key| place.key(key));
        match secret.read() {
            Err(empty) if secret.is_literal() => {
                let help = "write it, or take the key away".to_owned();
                report.error("empty-secret", &place, empty.detail.to_string(), help);
            }
            Err(missing) => {
                let help = "until it is there, this source's panels will say so";
                report.warning("secret-missing", &place, missing.detail.to_string(), help.to_owned());
            }
            Ok(_) if secret.is_literal() && is_secret(&keys) => warn_about_literal(&place, report),
            Ok(_) => {}
        }
    }
}

/// Whether a value at these keys is one: not every header is (`X-Scope-OrgID`).
fn is_secret(keys: &[&str]) -> bool {
    match keys {
        ["headers", name] => {
            let name = name.to_ascii_lowercase();
            SECRET_HEADERS.iter().any(|part| name.contains(part))
        }
        _ => true,
    }
}

fn warn_about_literal(place: &Path, report: &mut Report<'_>) {
    let help = "put it into { env = \"NAME\" } or { file = \"PATH\" }";
    report.warning("literal-secret", place, "a secret stands in the file", help.to_owned());
    if let Some(file) = report.file_of(place).filter(|file| others_may_read(file)) {
        let help = format!("chmod 600 {file}, or take the secret out of it");
        report.warning("readable-secret", place, "a secret stands in a file that others may read", help);
    }
}

fn check_headers(http: &HttpOptions, path: &Path, report: &mut Report<'_>) {
    for (keys, what, help) in http.wrong_headers() {
        let place = keys.iter().fold(path.clone(), |place, key| place.key(key));
        report.error("bad-header", &place, what, help);
    }
}

fn others_may_read(file: &str) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o044 != 0)
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
