//! Who sends, and what of: resources, scopes, attributes and their values.
//!
//! Sources: `opentelemetry/proto/{common,resource}/v1/*.proto`.

use prost::Message;
use serde::Deserialize;
use serde_json::Value;

use super::json::{double, signed};

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Resource {
    #[prost(message, repeated, tag = "1")]
    pub attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Scope {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(string, tag = "2")]
    pub version: String,
    #[prost(message, repeated, tag = "3")]
    pub attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyValue {
    #[prost(string, tag = "1")]
    pub key: String,
    #[prost(message, optional, tag = "2")]
    pub value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnyValue {
    /// JSON has bytes as a text in base64, and that is how they are shown.
    #[prost(string, optional, tag = "1")]
    #[serde(alias = "bytesValue")]
    pub string_value: Option<String>,
    #[prost(bool, optional, tag = "2")]
    pub bool_value: Option<bool>,
    #[prost(int64, optional, tag = "3")]
    #[serde(deserialize_with = "signed")]
    pub int_value: Option<i64>,
    #[prost(double, optional, tag = "4")]
    #[serde(deserialize_with = "double")]
    pub double_value: Option<f64>,
    #[prost(message, optional, tag = "5")]
    pub array_value: Option<ArrayValue>,
    #[prost(message, optional, tag = "6")]
    pub kvlist_value: Option<KeyValueList>,
    #[prost(bytes = "vec", optional, tag = "7")]
    #[serde(skip)]
    pub bytes_value: Option<Vec<u8>>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<KeyValue>,
}

impl AnyValue {
    /// As text: a string as it is, bytes in base64, anything else as JSON has it.
    pub fn text(&self) -> String {
        match self {
            Self { double_value: Some(value), .. } => value.to_string(),
            _ => match self.json() {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            },
        }
    }

    fn json(&self) -> Value {
        match self {
            Self { string_value: Some(text), .. } => text.as_str().into(),
            Self { bool_value: Some(value), .. } => (*value).into(),
            Self { int_value: Some(value), .. } => (*value).into(),
            Self { double_value: Some(value), .. } => (*value).into(),
            Self { array_value: Some(array), .. } => array.values.iter().map(Self::json).collect(),
            Self { kvlist_value: Some(list), .. } => {
                list.values.iter().map(|one| (one.key.clone(), one.json())).collect()
            }
            Self { bytes_value: Some(bytes), .. } => base64(bytes).into(),
            _ => Value::Null,
        }
    }
}

impl KeyValue {
    /// The value as text.
    pub fn text(&self) -> String {
        self.value.as_ref().map(AnyValue::text).unwrap_or_default()
    }

    fn json(&self) -> Value {
        self.value.as_ref().map_or(Value::Null, AnyValue::json)
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits: u32, n| bits << 8 | u32::from(three.get(n).copied().unwrap_or(0)));
        let sign = move |n: usize| char::from(SIGNS[(bits >> (18 - 6 * n) & 63) as usize]);
        let count = three.len();
        (0..4).map(move |n| if n <= count { sign(n) } else { '=' })
    };
    bytes.chunks(3).flat_map(four).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_texts_and_what_has_parts_is_json() {
        let text = |text: &str| AnyValue { string_value: Some(text.to_owned()), ..AnyValue::default() };
        let bytes = |bytes: &[u8]| AnyValue { bytes_value: Some(bytes.to_vec()), ..AnyValue::default() };
        let seven = AnyValue { int_value: Some(7), ..AnyValue::default() };
        let half = AnyValue { double_value: Some(0.5), ..AnyValue::default() };
        let yes = AnyValue { bool_value: Some(true), ..AnyValue::default() };
        let values = vec![text("a, \"b\""), seven.clone(), AnyValue::default()];
        let array = AnyValue { array_value: Some(ArrayValue { values }), ..AnyValue::default() };
        let values = vec![KeyValue { key: "k".to_owned(), value: Some(array.clone()) }];
        let list = AnyValue { kvlist_value: Some(KeyValueList { values }), ..AnyValue::default() };
        for (value, expected) in [
            (text("a"), "a"),
            (seven, "7"),
            (half, "0.5"),
            (yes, "true"),
            (AnyValue::default(), ""),
            (array, r#"["a, \"b\"",7,null]"#),
            (list, r#"{"k":["a, \"b\"",7,null]}"#),
            (bytes(b""), ""),
            (bytes(b"f"), "Zg=="),
            (bytes(b"fo"), "Zm8="),
            (bytes(b"foobar\xff\xfe\x00"), "Zm9vYmFy//4A"),
        ] {
            assert_eq!(value.text(), expected);
        }
    }

    #[test]
    fn bytes_come_in_both_encodings() {
        let in_json: AnyValue = super::super::json::read(br#"{"bytesValue":"Zm8="}"#).unwrap();
        let in_protobuf = AnyValue::decode(&b"\x3a\x02fo"[..]).unwrap();
        assert_eq!((in_json.text(), in_protobuf.text()), ("Zm8=".to_owned(), "Zm8=".to_owned()));
    }
}
