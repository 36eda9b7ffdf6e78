//! Which series a point belongs to, and which stream of which sender.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use prost::Message as _;

use super::attributes::{KeyValue, Resource, Scope};
use crate::model::labels::{Labels, METRIC};

/// Most attributes of a point, and the longest of them in bytes.
const MAX_ATTRIBUTES: usize = 64;
const LONGEST: usize = 256;
/// Attributes of a resource that tell its series from others, and the labels that they become.
const RESOURCE: [(&str, &str); 6] = [
    ("service.name", "service"),
    ("deployment.environment.name", "environment"),
    ("deployment.environment", "environment"),
    ("service.instance.id", "instance"),
    ("host.name", "host"),
    ("k8s.pod.name", "pod"),
];

/// A stream of points: the labels that its series shows, and a hash of all that its sender says of itself and of it. Two
/// processes that show the same labels count each on its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stream {
    pub(super) labels: Labels,
    identity: u64,
}

/// Where points come from: a scope of a resource.
pub(super) struct Origin {
    labels: BTreeMap<String, String>,
    identity: DefaultHasher,
}

impl Origin {
    pub(super) fn new(resource: Option<&Resource>, scope: Option<&Scope>) -> Self {
        let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
        let said = |(key, label): &(&str, &str)| {
            let value = attributes.iter().find(|one| one.key == *key)?.text();
            (!value.is_empty()).then(|| ((*label).to_owned(), value))
        };
        let mut identity = DefaultHasher::new();
        hash(attributes, &mut identity);
        if let Some(scope) = scope {
            (&scope.name, &scope.version).hash(&mut identity);
            hash(&scope.attributes, &mut identity);
        }
        // The newer name of an attribute comes first, and counts.
        Self { labels: RESOURCE.iter().rev().filter_map(said).collect(), identity }
    }

    /// The stream of a metric's point with these attributes. The error is why there can be none.
    pub(super) fn stream(&self, name: &str, attributes: &[KeyValue]) -> Result<Stream, &'static str> {
        if name.is_empty() || name.len() > LONGEST {
            return Err("the name of a metric has 1 to 256 bytes");
        }
        if attributes.len() > MAX_ATTRIBUTES {
            return Err("a point has over 64 attributes");
        }
        // As Prometheus does it: what the sender says of itself keeps its name.
        let is_taken = |key: &str| key == METRIC || self.labels.contains_key(key);
        let key = |key: &str| if is_taken(key) { format!("exported_{key}") } else { key.to_owned() };
        let mut pairs = self.labels.clone();
        pairs.extend(attributes.iter().map(|one| (key(&one.key), one.text())));
        if pairs.iter().any(|(key, value)| key.len() > LONGEST || value.len() > LONGEST) {
            return Err("an attribute has over 256 bytes");
        }
        pairs.retain(|_, value| !value.is_empty());
        pairs.insert(METRIC.to_owned(), name.to_owned());
        let mut identity = self.identity.clone();
        hash(attributes, &mut identity);
        Ok(Stream { labels: Labels::new(pairs), identity: identity.finish() })
    }
}

/// Attributes mean the same in any order.
fn hash(attributes: &[KeyValue], hasher: &mut DefaultHasher) {
    let mut all: Vec<Vec<u8>> = attributes.iter().map(KeyValue::encode_to_vec).collect();
    all.sort_unstable();
    all.hash(hasher);
}

#[cfg(test)]
mod tests {
    use super::super::attributes::AnyValue;
    use super::*;

    fn pairs(all: &[(&str, &str)]) -> Vec<KeyValue> {
        let value = |value: &str| Some(AnyValue { string_value: Some(value.to_owned()), ..AnyValue::default() });
        all.iter().map(|(key, text)| KeyValue { key: (*key).to_owned(), value: value(text) }).collect()
    }

    fn stream(resource: &[(&str, &str)], scope: &str, attributes: &[(&str, &str)]) -> Stream {
        let resource = Resource { attributes: pairs(resource) };
        let scope = Scope { name: scope.to_owned(), ..Scope::default() };
        Origin::new(Some(&resource), Some(&scope)).stream("n", &pairs(attributes)).unwrap()
    }

    #[test]
    fn a_stream_is_all_that_its_sender_says_and_its_series_what_is_shown() {
        let one = stream(&[("service.name", "shop"), ("process.pid", "7")], "s", &[("a", "1"), ("b", "2")]);
        assert_eq!(one.labels.spelled(), r#"__name__="n" a="1" b="2" service="shop""#);
        let in_another_order =
            stream(&[("process.pid", "7"), ("service.name", "shop")], "s", &[("b", "2"), ("a", "1")]);
        assert_eq!(one, in_another_order);
        for other in [
            stream(&[("service.name", "shop"), ("process.pid", "8")], "s", &[("a", "1"), ("b", "2")]),
            stream(&[("service.name", "shop"), ("process.pid", "7")], "t", &[("a", "1"), ("b", "2")]),
            stream(&[("service.name", "shop"), ("process.pid", "7")], "s", &[("a", "1"), ("b", "2"), ("c", "")]),
        ] {
            assert_eq!(one.labels, other.labels);
            assert_ne!(one, other);
        }
    }

    #[test]
    fn an_attribute_does_not_stand_for_a_label_of_its_sender() {
        let stream = stream(&[("service.name", "shop")], "", &[("service", "db"), ("host", "h"), ("__name__", "m")]);
        assert_eq!(
            stream.labels.spelled(),
            r#"__name__="n" exported___name__="m" exported_service="db" host="h" service="shop""#
        );
    }
}
