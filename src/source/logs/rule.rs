//! Rules that turn lines into metrics: "10 failed SQL queries a week" instead of "SQL query failed".

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::format::regular;
use crate::model::labels::{Labels, METRIC};
use crate::model::log::{Level, LogLine};
use crate::model::log_pattern::{ANYTHING, LogPatterns};
use crate::model::number;
use crate::model::time::Span;
use crate::source::received::Reservoir;

/// Most values of a label; lines with others are counted under [`OTHER`].
const MAX_VALUES: usize = 50;
/// Most series of a rule; lines of others are counted under [`OTHER`].
const MAX_SERIES: usize = 200;
/// The value of a label for lines that have none, or one too many.
const OTHER: &str = "other";

/// What is made of the lines that a rule picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// How many.
    #[default]
    Count,
    /// How many a second.
    Rate,
    /// The sum of their values.
    Sum,
    /// The mean of their values.
    Avg,
    /// The largest of their values.
    Max,
    /// A percentile of their values.
    Percentile,
}

impl Measure {
    /// The word of the config.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Rate => "rate",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Max => "max",
            Self::Percentile => "percentile",
        }
    }
}

/// Which lines, and what is made of them. A line is picked when all that is said here holds.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Lines of at least this level: debug, info, warn, error, fatal.
    pub level: Option<Level>,
    /// Lines of this category, and of those below it: "shop" picks "shop.checkout.payment", too.
    pub category: Option<String>,
    /// Lines of a pattern, as the panel shows it: "payment of <*> timed out". Each <*> stands for a word.
    pub pattern: Option<String>,
    /// Lines whose message matches a regular expression; its named groups can be the value, or labels: `'took (?<ms>\d+) ms'`
    pub regex: Option<String>,
    /// Lines with these fields; values may hold * and ?: { status = "5*" }
    pub fields: BTreeMap<String, String>,
    /// What is made of them: count, rate (a second), or of a value sum, avg, max, percentile (default: "count").
    pub measure: Measure,
    /// The field, or group of the regex, whose number is measured.
    pub value: Option<String>,
    /// Which percentile (default: 95).
    pub percentile: f64,
    /// Labels: "level", "category", "pattern", fields or groups; of each the first 50 values, the rest is "other".
    pub by: Vec<String>,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            level: None,
            category: None,
            pattern: None,
            regex: None,
            fields: BTreeMap::new(),
            measure: Measure::Count,
            value: None,
            percentile: 95.0,
            by: Vec::new(),
        }
    }
}

impl Rule {
    /// What finds its lines. The error is a sentence.
    pub(super) fn compile(&self) -> Result<Picker, String> {
        let expression = self.regex.as_deref().map(regular).transpose()?;
        let pattern = self.pattern.as_deref().map(of_pattern).map(|text| regular(&text)).transpose()?;
        let fields = self.fields.iter().map(|(name, value)| (name.clone(), WildMatch::new(value))).collect();
        Ok(Picker { level: self.level, category: self.category.clone(), pattern, expression, fields })
    }
}

/// A pattern as a regular expression: what stands behind its last word does not count where the pattern was cut.
fn of_pattern(pattern: &str) -> String {
    let words =
        pattern.split_whitespace().map(|word| if word == ANYTHING { r"\S+".to_owned() } else { regex::escape(word) });
    format!(r"^\s*{}(\s|$)", words.collect::<Vec<_>>().join(r"\s+"))
}

/// Finds the lines of a rule.
#[derive(Debug, Clone)]
pub(super) struct Picker {
    level: Option<Level>,
    category: Option<String>,
    pattern: Option<Regex>,
    expression: Option<Regex>,
    fields: Vec<(String, WildMatch)>,
}

impl Picker {
    /// Whether it picks a line, and the groups of its expression.
    fn pick<'l>(&self, line: &'l LogLine) -> Option<Groups<'l>> {
        let has_field = |(name, glob): &(String, WildMatch)| line.field(name).is_some_and(|value| glob.matches(value));
        let picks = self.level.is_none_or(|level| line.level.is_some_and(|own| own >= level))
            && self.category.as_ref().is_none_or(|above| line.is_within(above))
            && self.fields.iter().all(has_field)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(line.message.as_str()));
        if !picks {
            return None;
        }
        match &self.expression {
            None => Some(Groups(None)),
            Some(expression) => expression.captures(line.message.as_str()).map(|found| Groups(Some(found))),
        }
    }
}

/// What the named groups of an expression have found.
struct Groups<'l>(Option<regex::Captures<'l>>);

impl Groups<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.as_ref()?.name(name).map(|group| group.as_str())
    }
}

/// A rule at work: what its lines have been since the last look.
#[derive(Debug)]
pub(super) struct Running {
    rule: Rule,
    picker: Picker,
    name: String,
    series: BTreeMap<Labels, Sample>,
    values: BTreeMap<String, BTreeSet<String>>,
    patterns: LogPatterns,
    has_matched: bool,
}

#[derive(Debug, Default)]
struct Sample {
    count: u64,
    sum: f64,
    most: Option<f64>,
    values: Reservoir,
}

impl Sample {
    fn add(&mut self, value: Option<f64>) {
        self.count += 1;
        if let Some(value) = value {
            self.sum += value;
            self.most = Some(self.most.map_or(value, |most| most.max(value)));
            self.values.add(value);
        }
    }
}

impl Running {
    /// None where the rule cannot be read: that is a problem of the config, and told there.
    pub(super) fn new(name: &str, rule: &Rule) -> Option<Self> {
        let (picker, rule) = (rule.compile().ok()?, rule.clone());
        let mut new = Self {
            rule,
            picker,
            name: name.to_owned(),
            series: BTreeMap::new(),
            values: BTreeMap::new(),
            patterns: LogPatterns::default(),
            has_matched: false,
        };
        new.series.insert(new.others(), Sample::default());
        Some(new)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) const fn has_matched(&self) -> bool {
        self.has_matched
    }

    fn labels(&self, mut pairs: BTreeMap<String, String>) -> Labels {
        pairs.insert(METRIC.to_owned(), self.name.clone());
        Labels::new(pairs)
    }

    /// Takes a line in, if it is one of its.
    pub(super) fn take(&mut self, line: &LogLine) {
        let Some(groups) = self.picker.pick(line) else { return };
        let said = |name: &str| groups.get(name).or_else(|| line.field(name)).map(str::to_owned);
        let number = |name: &str| number::read(&said(name)?).filter(|value| value.is_finite());
        let value = self.rule.value.as_deref().map(number);
        if value == Some(None) {
            // A line without the value is none of those that are measured.
            return;
        }
        let mut pairs: Vec<(String, Option<String>)> = Vec::new();
        for label in &self.rule.by {
            let word = match label.as_str() {
                "level" => line.level.map(|level| level.word().to_lowercase()),
                "category" => Some(line.category.to_string()).filter(|category| !category.is_empty()),
                "pattern" => {
                    let id = self.patterns.add(line.message.as_str());
                    self.patterns.text(id).map(str::to_owned)
                }
                name => said(name),
            };
            pairs.push((label.clone(), word));
        }
        let known = &mut self.values;
        let bounded = pairs.into_iter().map(|(label, word)| {
            let values = known.entry(label.clone()).or_default();
            let has_room = |word: &String| values.contains(word) || values.len() < MAX_VALUES;
            let word = word.filter(has_room);
            values.extend(word.clone());
            (label, word.unwrap_or_else(|| OTHER.to_owned()))
        });
        let bounded = bounded.collect();
        let mut labels = self.labels(bounded);
        if self.series.len() >= MAX_SERIES && !self.series.contains_key(&labels) {
            labels = self.others();
        }
        self.has_matched = true;
        self.series.entry(labels).or_default().add(value.flatten());
    }

    /// The series of lines that have no values, or one too many.
    fn others(&self) -> Labels {
        self.labels(self.rule.by.iter().map(|label| (label.clone(), OTHER.to_owned())).collect())
    }

    /// Forgets what has come since the last look.
    pub(super) fn discard(&mut self) {
        self.series.values_mut().for_each(|sample| *sample = Sample::default());
    }

    /// One value for each of its series, of what came since the last look, a time ago.
    pub(super) fn values(&mut self, span: Span, mut add: impl FnMut(&Labels, f64)) {
        for (labels, sample) in &mut self.series {
            let Sample { count, sum, most, mut values } = std::mem::take(sample);
            let measured = match self.rule.measure {
                Measure::Count => Some(count as f64),
                Measure::Rate => Some(count as f64 / span.as_seconds().max(0.001)),
                Measure::Sum => Some(sum),
                Measure::Avg => (count > 0).then(|| sum / count as f64),
                Measure::Max => most,
                Measure::Percentile => values.percentiles(&[self.rule.percentile]).map(|(_, value)| value).next(),
            };
            if let Some(value) = measured {
                add(labels, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(level: Level, category: &str, message: &str, fields: &[(&str, &str)]) -> LogLine {
        LogLine {
            level: Some(level),
            category: category.into(),
            message: message.into(),
            fields: fields.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            ..LogLine::default()
        }
    }

    fn measured(rule: &Rule, lines: &[LogLine]) -> Vec<String> {
        let mut running = Running::new("r", rule).unwrap();
        for line in lines {
            running.take(line);
        }
        let mut all = Vec::new();
        running.values(Span::seconds(10), |labels, value| {
            all.push(format!("{} {value}", labels.spelled().replace("__name__=\"r\"", "r")));
        });
        all
    }

    fn lines() -> Vec<LogLine> {
        vec![
            line(Level::Error, "shop.checkout", "payment of ann took 300 ms", &[("status", "502"), ("ms", "300")]),
            line(Level::Error, "shop.checkout", "payment of bob took 100 ms", &[("status", "200"), ("ms", "100")]),
            line(Level::Info, "shop", "up", &[("status", "200")]),
            line(Level::Fatal, "shopping", "down", &[]),
        ]
    }

    #[test]
    fn lines_are_picked_by_all_that_is_said() {
        let rule = |change: fn(&mut Rule)| {
            let mut rule = Rule::default();
            change(&mut rule);
            measured(&rule, &lines()).join("; ")
        };
        assert_eq!(rule(|_| {}), "r 4");
        assert_eq!(rule(|rule| rule.level = Some(Level::Error)), "r 3");
        assert_eq!(rule(|rule| rule.category = Some("shop".to_owned())), "r 3");
        assert_eq!(rule(|rule| rule.pattern = Some("payment of <*> took <*> ms".to_owned())), "r 2");
        assert_eq!(rule(|rule| rule.regex = Some("^(up|down)$".to_owned())), "r 2");
        assert_eq!(rule(|rule| rule.fields = [("status".to_owned(), "5*".to_owned())].into()), "r 1");
        assert_eq!(rule(|rule| rule.regex = Some("never".to_owned())), "r 0");
    }

    #[test]
    fn values_are_measured() {
        let rule = |measure, regex: Option<&str>, value: &str| {
            let rule =
                Rule { measure, regex: regex.map(str::to_owned), value: Some(value.to_owned()), ..Rule::default() };
            measured(&rule, &lines()).join("; ")
        };
        assert_eq!(rule(Measure::Sum, None, "ms"), "r 400");
        assert_eq!(rule(Measure::Avg, Some(r"took (?<took>\d+)"), "took"), "r 200");
        assert_eq!(rule(Measure::Max, None, "ms"), "r 300");
        assert_eq!(rule(Measure::Percentile, None, "ms"), "r 300");
        assert_eq!(rule(Measure::Max, None, "none"), "", "there is no largest of nothing");
        assert_eq!(rule(Measure::Sum, None, "none"), "r 0");
        let rate = Rule { measure: Measure::Rate, ..Rule::default() };
        assert_eq!(measured(&rate, &lines()), ["r 0.4"]);
    }

    #[test]
    fn labels_are_bounded_and_the_rest_is_counted() {
        let by = |label: &str| Rule { by: vec![label.to_owned()], ..Rule::default() };
        let levels = measured(&by("level"), &lines());
        assert_eq!(levels, ["r level=\"error\" 2", "r level=\"fatal\" 1", "r level=\"info\" 1", "r level=\"other\" 0"]);
        let many: Vec<LogLine> = (0..60).map(|n| line(Level::Info, "", "x", &[("user", &n.to_string())])).collect();
        let users = measured(&by("user"), &many);
        assert_eq!((users.len(), users.last().map(String::as_str)), (51, Some("r user=\"other\" 10")));
        let patterns = measured(&by("pattern"), &lines());
        assert!(patterns.contains(&"r pattern=\"payment of <*> took <*> ms\" 1".to_owned()), "{patterns:?}");
    }

    #[test]
    fn what_has_not_matched_is_nought_and_said_to_have_never_matched() {
        let rule = Rule { level: Some(Level::Fatal), ..Rule::default() };
        let mut running = Running::new("r", &rule).unwrap();
        running.take(&line(Level::Info, "", "x", &[]));
        assert!(!running.has_matched());
        running.take(&line(Level::Fatal, "", "x", &[]));
        assert!(running.has_matched());
    }
}
