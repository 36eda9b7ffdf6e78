//! How many elements a body has, before it is read: an empty one is two bytes of a body and up to three hundred of memory.

use prost::encoding::{WireType, decode_key, decode_varint};

/// A body has at most one element for so many of the bytes that it may have: real ones have one for 25.
const BYTES: usize = 16;
/// As many are always allowed.
const ALWAYS: usize = 1000;
/// Messages in messages; prost reads no deeper.
const DEEPEST: u8 = 100;

/// The messages in a message: their tag, whether there may be many, and those in them.
pub(super) struct Nested {
    tag: u32,
    are_many: bool,
    inside: &'static [Self],
}

const fn many(tag: u32, inside: &'static [Nested]) -> Nested {
    Nested { tag, are_many: true, inside }
}

const fn one(tag: u32, inside: &'static [Nested]) -> Nested {
    Nested { tag, are_many: false, inside }
}

static VALUE: [Nested; 2] = [one(5, &VALUES), one(6, &ATTRIBUTES)];
static VALUES: [Nested; 1] = [many(1, &VALUE)];
static ATTRIBUTES: [Nested; 1] = [many(1, &ATTRIBUTE)];
static ATTRIBUTE: [Nested; 1] = [one(2, &VALUE)];
static SCOPE: [Nested; 1] = [many(3, &ATTRIBUTE)];
static NUMBERS: [Nested; 1] = [many(1, &[many(7, &ATTRIBUTE)])];
static HISTOGRAM: [Nested; 1] = [many(1, &[many(9, &ATTRIBUTE)])];
static EXPONENTIAL: [Nested; 1] = [many(1, &[many(1, &ATTRIBUTE)])];
static SUMMARY: [Nested; 1] = [many(1, &[many(7, &ATTRIBUTE), many(6, &[])])];
static METRIC: [Nested; 5] =
    [one(5, &NUMBERS), one(7, &NUMBERS), one(9, &HISTOGRAM), one(10, &EXPONENTIAL), one(11, &SUMMARY)];
static OF_METRICS: [Nested; 2] = [one(1, &ATTRIBUTES), many(2, &[one(1, &SCOPE), many(2, &METRIC)])];
static OF_LOGS: [Nested; 2] =
    [one(1, &ATTRIBUTES), many(2, &[one(1, &SCOPE), many(2, &[one(5, &VALUE), many(6, &ATTRIBUTE)])])];

/// Those of a request with metrics, with logs, and with spans.
pub(super) static METRICS: [Nested; 1] = [many(1, &OF_METRICS)];
pub(super) static LOGS: [Nested; 1] = [many(1, &OF_LOGS)];
pub(super) static TRACES: [Nested; 1] = [many(1, &[many(2, &[many(2, &[])])])];

/// How many elements a body of at most so many bytes may have.
pub(super) fn allowed(most: usize) -> usize {
    (most / BYTES).max(ALWAYS)
}

/// The elements of a body in protobuf, as far as it can be read.
pub(super) fn in_protobuf(body: &[u8], inside: &[Nested]) -> usize {
    within(body, inside, DEEPEST)
}

fn within(mut body: &[u8], inside: &[Nested], depth: u8) -> usize {
    let mut count = 0;
    while let Ok((tag, kind)) = decode_key(&mut body) {
        let length = match kind {
            WireType::Varint => decode_varint(&mut body).map(|_| 0),
            WireType::SixtyFourBit => Ok(8),
            WireType::ThirtyTwoBit => Ok(4),
            WireType::LengthDelimited => decode_varint(&mut body),
            // What stands in a group is counted as if it stood beside it.
            WireType::StartGroup | WireType::EndGroup => Ok(0),
        };
        let length = length.ok().and_then(|length| usize::try_from(length).ok());
        let Some((field, rest)) = length.and_then(|length| body.split_at_checked(length)) else { break };
        body = rest;
        let nested = inside.iter().find(|nested| nested.tag == tag && kind == WireType::LengthDelimited);
        if let Some(nested) = nested {
            count += usize::from(nested.are_many);
            if depth > 0 {
                count += within(field, nested.inside, depth - 1);
            }
        }
    }
    count
}

/// The objects of a body in JSON.
pub(super) fn in_json(body: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b'{' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::super::attributes::{AnyValue, ArrayValue, KeyValue, Resource};
    use super::super::log_messages::{LogRecord, Logs, ResourceLogs, ScopeLogs};
    use super::super::messages::{Gauge, Metric, Metrics, NumberPoint, ResourceMetrics, ScopeMetrics};
    use super::*;

    #[test]
    fn elements_are_counted_wherever_they_are_many() {
        let values = vec![AnyValue::default(); 5];
        let value = Some(AnyValue { array_value: Some(ArrayValue { values }), ..AnyValue::default() });
        let attributes = vec![KeyValue { key: "k".to_owned(), value }, KeyValue::default()];
        let point =
            NumberPoint { attributes: attributes.clone(), as_double: Some(1.0), flags: 1, ..Default::default() };
        let gauge = Some(Gauge { data_points: vec![point, NumberPoint::default()] });
        let metrics = vec![Metric { name: "n".to_owned(), gauge, ..Metric::default() }];
        let scope_metrics = vec![ScopeMetrics { scope: None, metrics }];
        let resource = Some(Resource { attributes: attributes.clone() });
        let request = Metrics { resource_metrics: vec![ResourceMetrics { resource, scope_metrics }] };
        // A resource, a scope, a metric, two points, and twice two attributes with five values.
        assert_eq!(in_protobuf(&request.encode_to_vec(), &METRICS), 5 + 2 * 7);
        let record = LogRecord { attributes, body: Some(AnyValue::default()), ..LogRecord::default() };
        let scope_logs = vec![ScopeLogs { scope: None, log_records: vec![record; 3] }];
        let request = Logs { resource_logs: vec![ResourceLogs { resource: None, scope_logs }] };
        assert_eq!(in_protobuf(&request.encode_to_vec(), &LOGS), 2 + 3 * 8);
        assert_eq!(in_protobuf(&[10, 0, 10, 0, 10, 0, 10], &TRACES), 3, "what is cut off is not there");
        assert_eq!(in_json(br#"{"a":[{},{"b":"{ \" {"}]}"#), 3);
    }
}
