//! The one message of remote write, in protobuf and Snappy's block format.

use std::collections::BTreeMap;

use prost::Message;

use super::naming::Identity;
use crate::model::time::Timestamp;

/// The value that says: this series has no newer value (`StaleNaN` of Prometheus).
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// The headers of a request.
pub const HEADERS: [(&str, &str); 3] = [
    ("Content-Type", "application/x-protobuf"),
    ("Content-Encoding", "snappy"),
    ("X-Prometheus-Remote-Write-Version", "0.1.0"),
];

/// One value of one series at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Which series.
    pub series: Identity,
    /// When, in milliseconds.
    pub at: Timestamp,
    /// The value; none where the series has no newer one.
    pub value: Option<f64>,
}

#[derive(Clone, PartialEq, Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    series: Vec<TimeSeries>,
}

#[derive(Clone, PartialEq, Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<WrittenSample>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct WrittenSample {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// The body of a request: samples of one series together, in the order in which they are given.
pub fn encoded(samples: &[Sample]) -> Result<Vec<u8>, snap::Error> {
    let mut by_series: BTreeMap<&Identity, Vec<WrittenSample>> = BTreeMap::new();
    for one in samples {
        let value = one.value.unwrap_or(f64::from_bits(STALE));
        by_series.entry(&one.series).or_default().push(WrittenSample { value, timestamp: one.at.0 });
    }
    let label = |(name, value): &(String, String)| Label { name: name.clone(), value: value.clone() };
    let series = by_series
        .into_iter()
        .map(|(labels, samples)| TimeSeries { labels: labels.iter().map(label).collect(), samples })
        .collect();
    snap::raw::Encoder::new().compress_vec(&WriteRequest { series }.encode_to_vec())
}

/// What a body says: each series' labels as `name=value` and its samples, a value as its bits.
#[cfg(test)]
pub(crate) fn decoded(body: &[u8]) -> Vec<(String, Vec<(i64, u64)>)> {
    let bytes = snap::raw::Decoder::new().decompress_vec(body).unwrap();
    let request = WriteRequest::decode(bytes.as_slice()).unwrap();
    let one = |series: TimeSeries| {
        let labels: Vec<String> = series.labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect();
        let samples = series.samples.iter().map(|one| (one.timestamp, one.value.to_bits())).collect();
        (labels.join(" "), samples)
    };
    request.series.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_specification_has() {
        let series: Identity = [("__name__", "up"), ("job", "andon")].map(|(a, b)| (a.to_owned(), b.to_owned())).into();
        let sample = |at, value| Sample { series: Identity::clone(&series), at: Timestamp(at), value };
        let body = encoded(&[sample(1000, Some(1.5)), sample(2000, None)]).unwrap();
        // Protobuf by hand: field 1 (series) of two labels and two samples.
        let label = |name: &[u8], value: &[u8]| {
            let inner = [&[0x0a, name.len() as u8], name, &[0x12, value.len() as u8], value].concat();
            [&[0x0a, inner.len() as u8], inner.as_slice()].concat()
        };
        let written = |bits: u64, varint: &[u8]| {
            let inner = [&[0x09], bits.to_le_bytes().as_slice(), &[0x10], varint].concat();
            [&[0x12, inner.len() as u8], inner.as_slice()].concat()
        };
        let inner = [
            label(b"__name__", b"up"),
            label(b"job", b"andon"),
            written(1.5f64.to_bits(), &[0xe8, 0x07]),
            written(0x7ff0_0000_0000_0002, &[0xd0, 0x0f]),
        ]
        .concat();
        let expected = [&[0x0a, inner.len() as u8], inner.as_slice()].concat();
        assert_eq!(snap::raw::Decoder::new().decompress_vec(&body).unwrap(), expected);
    }
}
