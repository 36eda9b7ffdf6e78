//! The JSON Schema of the config file, for editors; and the tables of keys for the manual.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::raw;
use super::read::keys;
use crate::eval::check::KEYS;
use crate::source::http::HttpOptions;

/// One key of a table, for the manual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Whether it must be given.
    pub needed: bool,
}

/// The keys of a schema, with what their doc comments say.
pub fn describe(schema: &Schema) -> Vec<Key> {
    let needed = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|all| all.iter().any(|one| one == name))
    };
    let about = |name: &str| {
        let key = schema.get("properties").and_then(|properties| properties.get(name));
        let text = key.and_then(|key| key.get("description")).and_then(Value::as_str).unwrap_or_default();
        text.replace('\n', " ").trim_end_matches('.').to_owned()
    };
    keys(schema).into_iter().map(|name| Key { about: about(&name), needed: needed(&name), name }).collect()
}

/// The keys that every source takes, and those that every source speaking HTTP takes.
pub fn common_source_keys() -> (Vec<Key>, Vec<Key>) {
    (describe(&schemars::schema_for!(raw::SourceCommon)), describe(&schemars::schema_for!(HttpOptions)))
}

/// The keys that every panel takes.
pub fn common_panel_keys() -> Vec<Key> {
    let mut all = describe(&schemars::schema_for!(raw::PanelCommon));
    all.extend(KEYS.iter().flat_map(|keys| describe(&(keys.schema)())));
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// The whole schema (draft 2020-12): each kind of source and each view with its own keys.
pub fn whole() -> Value {
    let mut definitions = Map::new();
    let mut root = inlined(schemars::schema_for!(raw::Root), &mut definitions);
    let source_common = inlined(schemars::schema_for!(raw::SourceCommon), &mut definitions);
    let http = inlined(schemars::schema_for!(HttpOptions), &mut definitions);
    let panel_common = inlined(schemars::schema_for!(raw::PanelCommon), &mut definitions);
    let checks: Vec<Value> = KEYS.iter().map(|keys| inlined((keys.schema)(), &mut definitions)).collect();
    let dashboard = inlined(schemars::schema_for!(raw::Dashboard), &mut definitions);
    let sources: Vec<Value> = crate::source::KINDS
        .iter()
        .map(|kind| {
            let own = inlined((kind.schema)(), &mut definitions);
            let parts = if kind.http { vec![&source_common, &http, &own] } else { vec![&source_common, &own] };
            joined(&parts, "type", kind.word, kind.summary)
        })
        .collect();
    let panels: Vec<Value> = crate::panel::KINDS
        .iter()
        .map(|kind| {
            let own = inlined((kind.schema)(), &mut definitions);
            let parts: Vec<&Value> = [&panel_common].into_iter().chain(&checks).chain([&own]).collect();
            joined(&parts, "view", kind.word, kind.summary)
        })
        .collect();
    let mut dashboard = dashboard;
    dashboard["properties"]["panels"]["items"] = json!({ "oneOf": panels });
    dashboard["additionalProperties"] = json!(false);
    root["properties"]["sources"]["additionalProperties"] = json!({ "oneOf": sources });
    root["properties"]["dashboards"]["items"] = dashboard;
    root["additionalProperties"] = json!(false);
    if let Some(object) = root.as_object_mut() {
        // Every key of the root has a default.
        object.remove("required");
        object.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        object.insert("title".to_owned(), json!("andon dashboards.toml"));
        object.insert("$defs".to_owned(), Value::Object(definitions));
    }
    root
}

/// A schema whose own definitions have been moved to the common ones.
fn inlined(schema: Schema, definitions: &mut Map<String, Value>) -> Value {
    let mut value = schema.to_value();
    if let Some(Value::Object(own)) = value.as_object_mut().and_then(|object| object.remove("$defs")) {
        definitions.extend(own);
    }
    value
}

/// One table with the keys of several; its `tag` has the value `word`, which tells it from the other tables.
fn joined(parts: &[&Value], tag: &str, word: &str, summary: &str) -> Value {
    let mut properties = Map::new();
    let mut required = vec![json!(tag)];
    for part in parts {
        if let Some(own) = part.get("properties").and_then(Value::as_object) {
            properties.extend(own.clone());
        }
        let needed = part.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        required.extend(needed.into_iter().filter(|key| key != tag));
    }
    properties.insert(tag.to_owned(), json!({ "const": word }));
    json!({
        "type": "object",
        "description": summary,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}
