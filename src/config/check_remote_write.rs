//! The engines to which the board writes.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::{Value, json};

use super::board::RemoteWrite;
use super::locations::Path;
use super::read::{Entries, table};
use super::report::Report;
use super::{check_source, raw};

/// Labels that say where a series is from.
const OWN: [&str; 2] = ["source", "query"];
/// What follows from a missing secret.
const WITHOUT_SECRET: &str = "until it is there, samples wait for half an hour and are then lost";

/// Checks all of them; what cannot be used is reported and left out.
pub(super) fn check(engines: &[Value], path: &Path, report: &mut Report<'_>) -> Vec<RemoteWrite> {
    let mut all: Vec<RemoteWrite> = Vec::new();
    for (index, engine) in engines.iter().enumerate() {
        let path = path.index(index);
        let Some(one) = read(engine, &path, report) else { continue };
        if all.iter().any(|other| other.url == one.url) {
            let help = "take one of them away: each sample would be there twice".to_owned();
            report.error("double", &path.key("url"), "two [[remote_write]] have this address", help);
        }
        all.push(one);
    }
    all
}

fn read(engine: &Value, path: &Path, report: &mut Report<'_>) -> Option<RemoteWrite> {
    let Some(object) = engine.as_object() else {
        let help = "write [[remote_write]] with a url".to_owned();
        report.error("wrong-type", path, "this is not a table", help);
        return None;
    };
    let mut entries = Entries::new(object);
    let http = check_source::http(&mut entries, path, WITHOUT_SECRET, report);
    let own = entries.take(&schemars::schema_for!(raw::RemoteWrite));
    entries.report_unknown(path, report);
    let raw = table::<raw::RemoteWrite>(own, &json!({}), path, report)?;
    for name in raw.labels.keys().filter(|name| !is_label(name)) {
        let help = "letters, digits and _, such as team or board".to_owned();
        report.error("bad-value", &path.key("labels").key(name), format!("'{name}' is not a name of a label"), help);
    }
    for name in raw.labels.keys().filter(|name| OWN.contains(&name.as_str())) {
        let help = "take another name, such as board or team".to_owned();
        report.error("bad-value", &path.key("labels").key(name), format!("andon sets the label '{name}' itself"), help);
    }
    let url = check_source::address(&raw.url, path, report)?;
    let mut hasher = DefaultHasher::new();
    engine.to_string().hash(&mut hasher);
    Some(RemoteWrite { url, http, labels: raw.labels, fingerprint: hasher.finish() })
}

/// Source: the data model of Prometheus; names that begin with two `_` are its own.
fn is_label(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(fits)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.starts_with("__")
        && !name.is_empty()
}
