//! OTLP as JSON: the mapping of Protocol Buffers, with its numbers that may be texts.

use std::str::FromStr;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads a request. The error names the field.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let mut value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    without_null(&mut value);
    serde_path_to_error::deserialize(value).map_err(|error| error.to_string())
}

/// A field that is null is one that is not there.
fn without_null(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// A number, or a text of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(serde_json::Number),
    Text(String),
}

impl Loose {
    fn read<T: FromStr>(&self) -> Option<T> {
        match self {
            Self::Number(number) => number.to_string().parse().ok(),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }

    fn whole<T: FromStr, E: Error>(&self) -> Result<T, E> {
        self.read().ok_or_else(|| E::custom("a whole number is needed, or a text of one; enums are numbers, too"))
    }
}

pub(super) fn number<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Loose::deserialize(deserializer)?.whole()
}

pub(super) fn unsigned<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Loose::deserialize(deserializer)?.whole()
}

pub(super) fn signed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Loose::deserialize(deserializer)?.whole().map(Some)
}

pub(super) fn unsigned_list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    Vec::<Loose>::deserialize(deserializer)?.iter().map(Loose::whole).collect()
}

/// "NaN", "Infinity" and "-Infinity" are texts.
pub(super) fn double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let read = Loose::deserialize(deserializer)?.read::<f64>();
    read.map(Some).ok_or_else(|| D::Error::custom("a number is needed"))
}
