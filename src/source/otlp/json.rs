//! OTLP as JSON: the mapping of Protocol Buffers, with its numbers that may be texts.

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
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        }
    }

    /// A whole number; it may be written 1.0 or 1e3.
    fn whole<T: TryFrom<i128>, E: Error>(&self) -> Result<T, E> {
        let text = self.text();
        let rounded = || text.parse::<f64>().ok().filter(|number| number.fract() == 0.0).map(|number| number as i128);
        let whole = text.parse::<i128>().ok().or_else(rounded).and_then(|whole| T::try_from(whole).ok());
        whole.ok_or_else(|| E::custom("a whole number is needed, or a text of one; enums are numbers, too"))
    }

    /// A number; "NaN", "Infinity" and "-Infinity" are texts.
    fn real<E: Error>(&self) -> Result<f64, E> {
        self.text().parse().map_err(|_| E::custom("a number is needed"))
    }
}

pub(super) fn number<'de, T: TryFrom<i128>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
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

pub(super) fn double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Loose::deserialize(deserializer)?.real().map(Some)
}

pub(super) fn real<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Loose::deserialize(deserializer)?.real()
}

pub(super) fn reals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    Vec::<Loose>::deserialize(deserializer)?.iter().map(Loose::real).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default, Debug)]
    #[serde(default)]
    struct Numbers {
        #[serde(deserialize_with = "unsigned")]
        whole: u64,
        #[serde(deserialize_with = "number")]
        small: i32,
        #[serde(deserialize_with = "real")]
        real: f64,
        #[serde(deserialize_with = "reals")]
        reals: Vec<f64>,
    }

    #[test]
    fn numbers_may_be_texts_and_whole_ones_may_have_a_point() {
        for (text, whole) in [
            ("7", 7),
            ("\"7\"", 7),
            ("1.0", 1),
            ("1e3", 1000),
            ("\"1e3\"", 1000),
            ("18446744073709551615", u64::MAX),
            ("\"18446744073709551615\"", u64::MAX),
        ] {
            let numbers: Numbers = read(format!("{{\"whole\":{text}}}").as_bytes()).unwrap();
            assert_eq!(numbers.whole, whole, "{text}");
        }
        for text in ["1.5", "-1", "1e30", "\"\"", "\"NaN\"", "\"Infinity\"", "true"] {
            assert!(read::<Numbers>(format!("{{\"whole\":{text}}}").as_bytes()).is_err(), "{text}");
        }
        let wrong = read::<Numbers>(br#"{"small":2147483648}"#).unwrap_err();
        assert_eq!(wrong, "small: a whole number is needed, or a text of one; enums are numbers, too");
        assert_eq!(read::<Numbers>(br#"{"small":-2.0}"#).unwrap().small, -2);
    }

    #[test]
    fn what_is_no_number_has_a_name() {
        let read = |text: &str| read::<Numbers>(text.as_bytes());
        assert!(read(r#"{"real":"NaN"}"#).unwrap().real.is_nan());
        let numbers = read(r#"{"reals":["-Infinity",1.5,"2.5","Infinity"]}"#).unwrap();
        assert_eq!(numbers.reals, [f64::NEG_INFINITY, 1.5, 2.5, f64::INFINITY]);
        assert!(read(r#"{"real":"much"}"#).is_err());
    }
}
