//! What tells one series from all others of its source: its whole label set, as the source has it.
//!
//! Source: Prometheus data model: a time series is identified by its metric name and its labels. A source
//! without labels gives its series a name, which is one label.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::text::SafeText;

/// The label that holds the name of a series whose source has no labels.
pub const NAME: &str = "";
/// The metric's name: it says what is measured, not of what.
pub const METRIC: &str = "__name__";

/// A label set, compared before any text is made safe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(Arc<BTreeMap<String, String>>);

impl serde::Serialize for Labels {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Labels {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(Self::new)
    }
}

impl Labels {
    /// From pairs of key and value; of two with one key the last one counts.
    pub fn new(pairs: BTreeMap<String, String>) -> Self {
        Self(Arc::new(pairs))
    }

    /// The identity of a series whose source knows it by one name; an empty name is no label.
    pub fn named(name: &str) -> Self {
        if name.is_empty() { Self::default() } else { Self::new(BTreeMap::from([(NAME.to_owned(), name.to_owned())])) }
    }

    /// A series with tags, and one label that none of them can stand for: its name.
    pub fn tagged<'a>((key, name): (&str, &str), tags: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self::new(tags.chain([(key.to_owned(), name.to_owned())]).collect())
    }

    /// The same with another value of one label.
    #[must_use]
    pub fn with(&self, key: &str, value: String) -> Self {
        let mut pairs = BTreeMap::clone(&self.0);
        pairs.insert(key.to_owned(), value);
        Self::new(pairs)
    }

    /// The labels of a metric with `.suffix` behind its name.
    #[must_use]
    pub fn suffixed(&self, suffix: &str) -> Self {
        self.with(METRIC, format!("{}.{suffix}", self.get(METRIC).unwrap_or_default()))
    }

    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All of them, in order of their keys.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The keys that say of what the series is, in order; the metric's name is none of them.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|key| *key != METRIC)
    }

    /// The values of all labels but the metric's name.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(key, _)| *key != METRIC).map(|(_, value)| value.as_str())
    }

    /// Whether it is the only one of its kind, such as a sum over everything.
    pub fn is_empty(&self) -> bool {
        self.keys().next().is_none()
    }

    /// All labels, as `key="value"`, with every invisible character spelled out: "code=\"500\" zone=\"a\"".
    pub fn spelled(&self) -> String {
        let pair = |(key, value): (&String, &String)| {
            let value: String = value.chars().flat_map(spell).collect();
            if key == NAME { value } else { format!("{key}=\"{value}\"") }
        };
        self.0.iter().map(pair).collect::<Vec<_>>().join(" ")
    }
}

/// A character that [`SafeText`] would replace or drop, as its escape; any other as it is.
fn spell(c: char) -> Vec<char> {
    let mut bytes = [0; 4];
    let alone: &str = c.encode_utf8(&mut bytes);
    if SafeText::new(alone).as_str() == alone { vec![c] } else { c.escape_unicode().collect() }
}

/// The shortest names that tell series apart: the values of only those labels that differ. Where those
/// read alike, the whole label set is written out: two series never share a drawn name.
pub fn names(all: &[&Labels]) -> Vec<SafeText> {
    let telling = telling(all);
    let mut names: Vec<SafeText> = all
        .iter()
        .map(|labels| {
            let values = labels.0.iter().filter(|(key, _)| telling.contains(key)).map(|(_, value)| value.as_str());
            SafeText::new(&values.collect::<Vec<_>>().join(" "))
        })
        .collect();
    spell_out_doubles(&mut names, all);
    names
}

/// The labels that differ, and the name of a series without labels. Each label of each series is looked at
/// once: a server may send as many as it likes.
fn telling<'a>(all: &[&'a Labels]) -> BTreeSet<&'a String> {
    let mut seen: BTreeMap<&String, (usize, &String, bool)> = BTreeMap::new();
    for (key, value) in all.iter().flat_map(|labels| labels.0.iter()) {
        let (count, first, differs) = seen.entry(key).or_insert((0, value, false));
        *count += 1;
        *differs |= *first != value;
    }
    let tells = |key: &str, count: usize, differs: bool| key == NAME || differs || count != all.len();
    seen.into_iter().filter(|(key, (count, _, differs))| tells(key, *count, *differs)).map(|(key, _)| key).collect()
}

fn spell_out_doubles(names: &mut [SafeText], all: &[&Labels]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for name in names.iter() {
        *seen.entry(name.as_str().to_owned()).or_default() += 1;
    }
    for (name, labels) in names.iter_mut().zip(all) {
        if seen.get(name.as_str()).is_some_and(|count| *count > 1) {
            *name = SafeText::new(&labels.spelled());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn drawn(all: &[Labels]) -> Vec<String> {
        names(&all.iter().collect::<Vec<_>>()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_hold_only_what_tells_series_apart() {
        let all = [
            labels(&[("__name__", "up"), ("job", "node"), ("instance", "a:9100")]),
            labels(&[("__name__", "up"), ("job", "node"), ("instance", "b:9100")]),
        ];
        assert_eq!(drawn(&all), ["a:9100", "b:9100"]);
        assert_eq!(drawn(&all[..1]), [""]);
        assert_eq!(drawn(&[Labels::named("eu")]), ["eu"], "a name that the source gave is always shown");
    }

    #[test]
    fn names_that_would_read_alike_are_written_out() {
        let same_value = [labels(&[("zone", "a")]), labels(&[("rack", "a")])];
        assert_eq!(drawn(&same_value), ["zone=\"a\"", "rack=\"a\""]);
        let joiner = [Labels::named("shop"), Labels::named("shop\u{200d}")];
        assert_eq!(drawn(&joiner), ["shop", "shop\\u{200d}"]);
        assert_ne!(joiner[0], joiner[1]);
    }

    #[test]
    fn a_metric_without_labels_is_the_only_one_of_its_kind() {
        assert!(labels(&[("__name__", "up")]).is_empty());
        assert!(!labels(&[("job", "x")]).is_empty());
        assert!(Labels::named("").is_empty());
    }
}
