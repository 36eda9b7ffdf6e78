//! Numbers over time: the lines of a panel, each with the verdict on its newest value.

use std::borrow::Cow;

use super::super::checks::LineKey;
use super::super::evidence::Evidence;
use super::super::freshness::data_is_old;
use super::super::lines::{empty_labels, operands, tracks, within};
use super::super::look::{Asked, Look, prefix};
use super::super::matching::{Match, matches};
use super::super::rule::{Empty, PanelQuery};
use super::super::since::since_words;
use super::words::nothing_returned;
use crate::model::format::{self, Format};
use crate::model::judgement::{JudgedSeries, Judgement, Lack};
use crate::model::labels::{Labels, names};
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Stored, Track};

/// Series named in a headline.
const NAMED: usize = 3;

/// The series of all queries.
pub(super) fn select<'a>(look: Look<'a, '_>, alike: &[Asked<'a>]) -> (Vec<JudgedSeries<'a>>, Vec<String>) {
    (look.series(alike), Vec::new())
}

/// The values that the panel's expression computes.
pub(in crate::eval) fn computed<'a>(look: Look<'a, '_>) -> Vec<JudgedSeries<'a>> {
    look.computed()
}

pub(super) fn answered_nothing(stored: &Stored) -> bool {
    matches!(stored, Stored::Series(tracks) if tracks.iter().all(|track| !track.present))
}

pub(super) fn nothing_to_judge(series: &[JudgedSeries<'_>], evidence: &Evidence<'_>) -> Option<String> {
    if series.is_empty() {
        return (!evidence.nothing_is_ok()).then(|| nothing_returned(evidence));
    }
    let all_lack = series.iter().all(|one| one.lack.is_some());
    all_lack.then(|| reason(series, &Judgement::new(Status::Unknown), evidence))
}

#[expect(clippy::unnecessary_wraps, reason = "every kind answers the same question")]
pub(super) fn count(series: &[JudgedSeries<'_>]) -> Option<usize> {
    Some(series.iter().filter(|one| one.lack.is_none()).count())
}

pub(super) fn headline(series: &[JudgedSeries<'_>], format: &Format, now: Timestamp) -> String {
    let words = |one: &JudgedSeries<'_>| format!("{} {}", one.name, format.written(one.value, now).short.text());
    let all: Vec<String> = series.iter().take(NAMED).map(words).collect();
    all.join("  ").trim().to_owned()
}

/// What is missing among the series of a panel: those that have vanished, and queries without any.
pub(in crate::eval) fn gaps<'a>(look: Look<'a, '_>, entries: &[Asked<'a>], series: &[JudgedSeries<'_>]) -> Vec<String> {
    let mut gaps: Vec<String> =
        if look.rule.expect.is_none() { vanished(series).into_iter().collect() } else { Vec::new() };
    if look.rule.empty.is_none() {
        let says_nothing = |entry: &&Entry| answered_nothing(&entry.stored);
        let silent = entries.iter().filter(|(_, _, entry)| says_nothing(entry));
        let some_answer = entries.iter().any(|(_, _, entry)| tracks(entry).iter().any(|track| track.present));
        gaps.extend(silent.filter(|_| some_answer).map(|(_, query, _)| format!("{}no data", prefix(query))));
    }
    gaps
}

/// "3 of 8 missing: a, b, c".
fn vanished(series: &[JudgedSeries<'_>]) -> Option<String> {
    const NAMED: usize = 3;
    let missing: Vec<&str> =
        series.iter().filter(|one| one.lack == Some(Lack::Vanished)).map(|one| one.name.as_str()).collect();
    let names: Vec<&str> = missing.iter().copied().filter(|name| !name.is_empty()).take(NAMED).collect();
    let more = if missing.len() > names.len() && !names.is_empty() { ", ..." } else { "" };
    let names = if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) };
    (!missing.is_empty()).then(|| format!("{} of {} missing{names}", missing.len(), series.len()))
}

/// Which series is to blame, and by how much which limit is crossed, or why it has no value.
pub(in crate::eval) fn reason(series: &[JudgedSeries<'_>], judged: &Judgement, evidence: &Evidence<'_>) -> String {
    let Evidence { rule, unit, now, zone, .. } = *evidence;
    let is_bad = |one: &&JudgedSeries<'_>| {
        one.judgement.status == judged.status && (judged.status != Status::Unknown || one.lack.is_some())
    };
    let bad: Vec<&JudgedSeries<'_>> = series.iter().filter(is_bad).collect();
    let Some(first) = bad.iter().min_by_key(|one| one.judgement.since) else { return String::new() };
    let name = if first.name.is_empty() { String::new() } else { format!("{} ", first.name) };
    let since =
        judged.since.map_or_else(String::new, |at| format!(" {}", since_words(at, judged.open_start, now, zone)));
    if let Some(why) = why_down(first, evidence) {
        let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
        return format!("{name}down: {why}{since}{more}");
    }
    let value = match &first.lack {
        Some(lack) => lack_words(lack, now),
        None => first.value.map_or_else(|| "has no value".to_owned(), |value| format::text(value, unit, now)),
    };
    let bound = rule.thresholds.bound(judged.status);
    let bound = bound.map(|bound| {
        let phrase = bound.phrase(|limit| format::text(limit, unit, now));
        // Hysteresis holds a limit that the value itself has left.
        let is_past = first.value.is_none_or(|value| bound.is_met(value, 0.0));
        if is_past {
            format!(" {phrase}")
        } else {
            format!(", was {phrase} and has not come back far enough (hysteresis),")
        }
    });
    let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
    format!("{name}{value}{}{since}{more}", bound.unwrap_or_default())
}

/// Why a target is down, where its source says so: "HTTP 503" tells more than "0 < 1".
fn why_down<'a>(one: &JudgedSeries<'_>, evidence: &Evidence<'a>) -> Option<&'a str> {
    let is_down = one.value.is_none_or(|value| value == 0.0);
    let caveat = evidence.caveat.filter(|caveat| is_down && !caveat.partial)?;
    let prefix = format!("{}: ", one.name);
    caveat.text.as_str().split(", ").find_map(|part| part.strip_prefix(&prefix))
}

fn lack_words(lack: &Lack, now: Timestamp) -> String {
    match lack {
        Lack::Vanished => "is missing in the answer".to_owned(),
        Lack::NoNumber => "has no value".to_owned(),
        Lack::Old(at) => format!("newest value {} old", at.age_at(now).brief()),
        Lack::NoPartner(query) => format!("has no series of '{query}' to go with it"),
    }
}

impl<'a> Look<'a, '_> {
    fn series(self, entries: &[Asked<'a>]) -> Vec<JudgedSeries<'a>> {
        // What is of another kind is named, and still tells the lines of the others apart.
        let many = self.entries().len() > 1;
        let mut series = Vec::new();
        for (index, query, entry) in entries {
            for track in tracks(entry) {
                let name = full_name(many, &query.name, &track.name);
                if self.rule.keeps_series(&name, &track.labels) && self.is_of_interest(track) {
                    let name = self.named(name, &track.labels);
                    series.push(self.track(*index, query, track, name));
                }
            }
            if let (Some(Empty::Value(value)), Some(labels), Some(at)) =
                (self.rule.empty, empty_labels(entry), entry.as_of)
            {
                let name = full_name(many, &query.name, &SafeText::default());
                series.retain(|one: &JudgedSeries<'_>| one.lack != Some(Lack::Vanished) || one.name != name);
                series.push(self.stand_in(*index, labels, name, Point { at, value }));
            }
        }
        series
    }

    /// The name that the board's legend gives a series; else the shortest one that tells it apart.
    fn named(self, shortest: SafeText, labels: &Labels) -> SafeText {
        self.rule.legend.as_ref().map_or(shortest, |legend| SafeText::new(&filled(legend, labels)))
    }

    /// What has vanished is of no interest where nothing is good news, and where enough others are there.
    fn is_of_interest(self, track: &Track) -> bool {
        let past = || track.ring.points().last().is_some_and(|last| last.at >= self.now.minus(self.rule.window));
        track.present || (self.rule.empty.is_none() && (self.rule.expect.is_none() || past()))
    }

    fn track(self, index: usize, query: &PanelQuery, track: &'a Track, name: SafeText) -> JudgedSeries<'a> {
        let all = track.ring.points();
        let points = within(all, self.now, self.rule.window);
        // With an interval longer than the window the newest value still is the value.
        let last = all.iter().rev().find(|point| point.at <= self.now);
        let points = if points.is_empty() { last.map_or(points, std::slice::from_ref) } else { points };
        let lack = match last {
            _ if !track.present => Some(Lack::Vanished),
            None => Some(Lack::NoNumber),
            Some(last) if !last.value.is_finite() => Some(Lack::NoNumber),
            Some(last) if data_is_old(last.at, query.limits, track.spacing, self.now) => Some(Lack::Old(last.at)),
            Some(_) => None,
        };
        // What is old is shown, but not judged.
        let is_shown = matches!(lack, None | Some(Lack::Old(_)));
        let value = last.map(|point| point.value).filter(|_| is_shown);
        let judgement = match value.filter(|_| lack.is_none()) {
            None => Judgement::new(Status::Unknown),
            Some(value) => self.judgement(&(index, track.labels.clone()), value),
        };
        let past = self.checks.past(self.rule, &(index, track.labels.clone()));
        JudgedSeries { name, points: Cow::Borrowed(points), value, judgement, lack, past }
    }

    fn judgement(self, key: &LineKey, value: f64) -> Judgement {
        if !self.rule.thresholds.is_some() {
            return Judgement::new(Status::Ok);
        }
        self.checks.judgement(self.rule, key).unwrap_or_else(|| self.rule.thresholds.judge_value(value))
    }

    /// The number that an empty answer stands for.
    fn stand_in(self, index: usize, labels: Labels, name: SafeText, point: Point) -> JudgedSeries<'a> {
        let key = (index, labels);
        let judgement = self.judgement(&key, point.value);
        let past = self.checks.past(self.rule, &key);
        JudgedSeries { name, points: Cow::Owned(vec![point]), value: Some(point.value), judgement, lack: None, past }
    }

    fn computed(self) -> Vec<JudgedSeries<'a>> {
        let Some(expression) = &self.rule.value else { return Vec::new() };
        let seen = Span(self.rule.window.0.saturating_add(self.rule.lookback().0));
        let (operands, reach) = operands(self.rule, self.store, |track| within(track.ring.points(), self.now, seen));
        let from = self.now.minus(self.rule.window);
        let all = matches(expression, &operands);
        let drawn = names(&all.iter().map(|one| &one.labels).collect::<Vec<_>>());
        let kept = all.into_iter().zip(drawn).filter(|(one, name)| self.rule.keeps_series(name, &one.labels));
        let named = kept.map(|(one, name)| (self.named(name, &one.labels), one));
        named.map(|(name, one)| self.computed_series(&one, one.points(expression, from, reach), name)).collect()
    }

    fn computed_series(self, one: &Match<'_>, points: Vec<Point>, name: SafeText) -> JudgedSeries<'a> {
        let newest = self.checks.value(self.rule, &one.labels).or_else(|| points.last().copied());
        let value = newest.filter(|point| point.value.is_finite());
        let lack = match (&one.no_partner, value) {
            (Some(query), _) => Some(Lack::NoPartner(query.clone())),
            (None, None) => Some(Lack::NoNumber),
            (None, Some(point)) if self.is_old(point.at) => Some(Lack::Old(point.at)),
            (None, Some(_)) => None,
        };
        let value = value.map(|point| point.value).filter(|_| lack.is_none());
        let judgement = match value {
            None => Judgement::new(Status::Unknown),
            Some(value) => self.judgement(&(0, one.labels.clone()), value),
        };
        let past = self.checks.past(self.rule, &(0, one.labels.clone()));
        JudgedSeries { name, points: Cow::Owned(points), value, judgement, lack, past }
    }

    /// Whether a computed value of a moment is too old for the slowest of its parts.
    fn is_old(self, at: Timestamp) -> bool {
        let is_old = |query: &PanelQuery| {
            let spacing = self.store.entry(query.id).map(Entry::spacing).unwrap_or_default();
            data_is_old(at, query.limits, spacing, self.now)
        };
        self.rule.computed_from().all(is_old)
    }
}

/// A legend with the values of labels in place of their names: "{{job}} p99", as Grafana has it. A label that is
/// not there leaves nothing.
fn filled(legend: &str, labels: &Labels) -> String {
    let mut text = String::new();
    let mut rest = legend;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((key, tail)) = after.split_once("}}") else { break };
        text.push_str(before);
        text.push_str(labels.get(key.trim()).unwrap_or_default());
        rest = tail;
    }
    text + rest
}

/// "failed", "eu", or "failed eu": what tells a line from all others of the panel.
fn full_name(many: bool, query: &str, series: &SafeText) -> SafeText {
    match (many && !query.is_empty(), series.is_empty()) {
        (false, _) => series.clone(),
        (true, true) => SafeText::new(query),
        (true, false) => SafeText::new(&format!("{query} {series}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_is_filled_with_the_values_of_labels() {
        let pairs = [("job", "web"), ("zone", "a")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let labels = Labels::new(pairs.into_iter().collect());
        for (legend, name) in [
            ("{{job}}", "web"),
            ("p99 {{ job }} in {{zone}}", "p99 web in a"),
            ("{{nowhere}}!", "!"),
            ("all", "all"),
            ("{{job", "{{job"),
        ] {
            assert_eq!(filled(legend, &labels), name, "{legend}");
        }
    }
}
