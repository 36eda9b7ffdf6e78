//! The secrets of a table, found by its schema.

use std::os::unix::fs::PermissionsExt as _;

use schemars::{JsonSchema as _, Schema};
use serde_json::{Map, Value};

use super::locations::Path;
use super::report::Report;
use crate::source::auth::Secret;

/// A header whose name contains one of these has a secret for its value.
const SECRET_NAMES: [&str; 7] = ["auth", "cookie", "key", "pass", "secret", "session", "token"];

/// Reports every secret of a table that is missing, is empty, or stands in the file. `until` says what
/// follows from a missing one.
pub(super) fn check(schema: &Schema, table: &Value, path: &Path, until: &str, report: &mut Report<'_>) {
    let mut found = Vec::new();
    let definitions = schema.get("$defs").and_then(Value::as_object);
    Walk { definitions, found: &mut found }.look(schema.as_value(), table, path, true);
    for (path, secret, is_secret) in found {
        check_one(&path, &secret, is_secret, until, report);
    }
}

fn check_one(path: &Path, secret: &Secret, is_secret: bool, until: &str, report: &mut Report<'_>) {
    match secret.read() {
        Err(empty) if secret.is_literal() => {
            let help = "write it, or take the key away".to_owned();
            report.error("empty-secret", path, empty.detail.to_string(), help);
        }
        Err(missing) => report.warning("secret-missing", path, missing.detail.to_string(), until.to_owned()),
        Ok(_) if secret.is_literal() && is_secret => warn_about_literal(path, report),
        Ok(_) => {}
    }
}

fn warn_about_literal(path: &Path, report: &mut Report<'_>) {
    let help = "put it into { env = \"NAME\" } or { file = \"PATH\" }";
    report.warning("literal-secret", path, "the file contains a secret in plain text", help.to_owned());
    if let Some(file) = report.file_of(path).filter(|file| others_may_read(file)) {
        let help = format!("chmod 600 {file}, or take the secret out of it");
        report.warning("readable-secret", path, "other users can read this file, and it contains a secret", help);
    }
}

fn others_may_read(file: &str) -> bool {
    std::fs::metadata(file).is_ok_and(|meta| meta.permissions().mode() & 0o044 != 0)
}

/// Walks through a value and its schema side by side.
struct Walk<'a> {
    definitions: Option<&'a Map<String, Value>>,
    /// The path of each secret, and whether it is one for sure: not every header is (`X-Scope-OrgID`).
    found: &'a mut Vec<(Path, Secret, bool)>,
}

impl Walk<'_> {
    fn look(&mut self, schema: &Value, value: &Value, path: &Path, is_secret: bool) {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.rsplit('/').next()) {
            if name == Secret::schema_name() {
                // A secret that cannot be read is reported where its table is read.
                let secret = serde_json::from_value(value.clone()).ok();
                self.found.extend(secret.map(|secret| (path.clone(), secret, is_secret)));
            } else if let Some(definition) = self.definitions.and_then(|all| all.get(name)) {
                self.look(definition, value, path, is_secret);
            }
        }
        for choices in ["anyOf", "oneOf", "allOf"] {
            for choice in schema.get(choices).and_then(Value::as_array).into_iter().flatten() {
                self.look(choice, value, path, is_secret);
            }
        }
        for (key, below) in value.as_object().into_iter().flatten() {
            if let Some(declared) = schema.get("properties").and_then(|keys| keys.get(key)) {
                self.look(declared, below, &path.key(key), true);
            } else if let Some(free) = schema.get("additionalProperties") {
                let name = key.to_ascii_lowercase();
                self.look(free, below, &path.key(key), SECRET_NAMES.iter().any(|part| name.contains(part)));
            }
        }
        for (index, below) in value.as_array().into_iter().flatten().enumerate() {
            if let Some(items) = schema.get("items") {
                self.look(items, below, &path.index(index), is_secret);
            }
        }
    }
}
