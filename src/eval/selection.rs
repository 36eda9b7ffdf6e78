//! What a panel has to show: its part of the answers to its queries, each series with its verdict.

use std::borrow::Cow;

use super::checks::{Checks, LineKey, empty_labels, operands};
use super::freshness::data_is_old;
use super::matching::{Match, matches};
use super::panel::{PanelQuery, Rule, Subject};
use super::threshold::Thresholds;
use crate::model::build::{Activity, TrackedBuild};
use crate::model::event::{Event, EventSet};
use crate::model::judgement::{Content, JudgedSeries, Judgement, Lack};
use crate::model::labels::{Labels, names};
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::table::{Cell, Table};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store, Stored, Track};

/// What a query that answers nothing means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Empty {
    /// Nothing is good news.
    Ok,
    /// It stands for this number.
    Value(f64),
}

/// What a panel has to show, and what is not as it should be beside the verdicts on its parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Selection<'a> {
    /// What is shown.
    pub content: Content<'a>,
    /// What is missing, in words: then nobody knows that all is well.
    pub gaps: Vec<String>,
}

/// The series of an answer; none where it is of another kind.
pub(super) fn tracks(entry: &Entry) -> &[Track] {
    match &entry.stored {
        Stored::Series(tracks) => tracks,
        _ => &[],
    }
}

/// Everything that a panel judges and shows, as of `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub rule: &'a Rule,
    pub store: &'a Store,
    pub checks: &'a Checks,
    pub now: Timestamp,
}

impl<'a> Look<'a> {
    /// The queries that are known to the store, each with its place in the panel.
    pub(super) fn entries(self) -> Vec<(usize, &'a PanelQuery, &'a Entry)> {
        let entry = |(index, query): (usize, &'a PanelQuery)| Some((index, query, self.store.entry(query.id)?));
        self.rule.queries.iter().enumerate().filter_map(entry).collect()
    }

    pub(super) fn selection(self) -> Selection<'a> {
        let entries = self.entries();
        if let Subject::Events { set, noticed, .. } = self.rule.subject {
            let is_other =
                |entry: &Entry| !matches!(entry.stored, Stored::Nothing | Stored::Events(_) | Stored::Builds(..));
            let others = entries.iter().filter(|(_, _, entry)| is_other(entry));
            let gaps = others.map(|(_, query, _)| format!("{}answers with no events", prefix(query))).collect();
            return Selection { content: self.events(&entries, set, noticed), gaps };
        }
        if entries.iter().all(|(_, _, entry)| entry.stored == Stored::Nothing) {
            return Selection::default();
        }
        let mut selection = match &self.rule.value {
            Some(_) => Selection { content: Content::Series(self.computed()), gaps: Vec::new() },
            None => self.first_kind(&entries),
        };
        selection.gaps.extend(self.gaps(&entries, &selection.content));
        selection
    }

    /// All answers of the kind that comes first; those of another kind are named.
    fn first_kind(self, entries: &[(usize, &'a PanelQuery, &'a Entry)]) -> Selection<'a> {
        let answered: Vec<_> = entries.iter().filter(|(_, _, entry)| entry.stored != Stored::Nothing).collect();
        let Some((_, _, first)) = answered.first() else { return Selection::default() };
        let is_alike = |entry: &Entry| std::mem::discriminant(&entry.stored) == std::mem::discriminant(&first.stored);
        let alike: Vec<&Entry> = answered.iter().map(|(_, _, entry)| *entry).filter(|entry| is_alike(entry)).collect();
        let mut gaps: Vec<String> = answered
            .iter()
            .filter(|(_, _, entry)| !is_alike(entry))
            .map(|(_, query, _)| format!("{}answers with something else than the other queries", prefix(query)))
            .collect();
        let content = match &first.stored {
            Stored::Nothing => Content::Nothing,
            Stored::Series(_) => Content::Series(self.series(entries)),
            Stored::Table(table) => {
                if alike.len() > 1 {
                    gaps.push("a panel shows one table, and this one has several".to_owned());
                }
                Content::Table(table, row_statuses(self.rule, table))
            }
            Stored::Builds(..) => Content::Builds(self.builds(&alike)),
            Stored::Events(_) => self.events(entries, EventSet::Everything, false),
            Stored::Reviews(_) => Content::Reviews(alike.iter().flat_map(|entry| entry.reviews()).collect()),
            Stored::Text(lines) => {
                if alike.len() > 1 {
                    gaps.push("a panel shows one text, and this one has several".to_owned());
                }
                Content::Text(lines)
            }
        };
        Selection { content, gaps }
    }

    fn builds(self, entries: &[&'a Entry]) -> Vec<&'a TrackedBuild> {
        let all = entries.iter().flat_map(|entry| entry.builds());
        let mut kept: Vec<&TrackedBuild> = all.filter(|one| self.rule.keeps(&one.name)).collect();
        kept.sort_by(|a, b| build_order(a).cmp(&build_order(b)));
        kept
    }

    /// All that happened, of all queries together, and what is planned; oldest first.
    fn events(self, entries: &[(usize, &'a PanelQuery, &'a Entry)], set: EventSet, noticed: bool) -> Content<'a> {
        if entries.iter().all(|(_, _, entry)| entry.stored == Stored::Nothing) {
            return Content::Nothing;
        }
        let (service, environment) = (self.rule.about.0.as_ref(), self.rule.about.1.as_ref());
        let (service, environment) = (service.map(SafeText::as_str), environment.map(SafeText::as_str));
        // What a server tells of now may be stamped by a clock that is ahead of ours.
        let is_judged = matches!(self.rule.subject, Subject::Events { judged: true, .. });
        let known = |event: &&Event| {
            set.has(event.kind)
                && (self.rule.kinds.is_empty() || self.rule.kinds.contains(&event.kind))
                && (event.at <= self.now || event.kind.is_planned() || is_judged)
                && event.belongs_to(service, environment)
        };
        let journal = noticed.then_some(self.store).into_iter().flat_map(Store::journal);
        let all = entries.iter().flat_map(|(_, _, entry)| entry.events()).chain(journal);
        let mut all: Vec<&Event> = all.filter(known).collect();
        all.sort_by_key(|event| event.at);
        Content::Events(all)
    }

    fn series(self, entries: &[(usize, &'a PanelQuery, &'a Entry)]) -> Vec<JudgedSeries<'a>> {
        let many = entries.len() > 1;
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
            None => Judgement::of(Status::Unknown),
            Some(value) => self.judgement(&(index, track.labels.clone()), value),
        };
        JudgedSeries { name, points: Cow::Borrowed(points), value, judgement, lack }
    }

    fn judgement(self, key: &LineKey, value: f64) -> Judgement {
        if !self.rule.thresholds.is_some() {
            return Judgement::of(Status::Ok);
        }
        self.checks.judgement(self.rule, key).unwrap_or_else(|| self.rule.thresholds.judge_value(value))
    }

    /// The number that an empty answer stands for.
    fn stand_in(self, index: usize, labels: Labels, name: SafeText, point: Point) -> JudgedSeries<'a> {
        let judgement = self.judgement(&(index, labels), point.value);
        JudgedSeries { name, points: Cow::Owned(vec![point]), value: Some(point.value), judgement, lack: None }
    }

    fn computed(self) -> Vec<JudgedSeries<'a>> {
        let Some(expression) = &self.rule.value else { return Vec::new() };
        let (operands, tolerance) =
            operands(self.rule, self.store, |track| within(track.ring.points(), self.now, self.rule.window));
        let all = matches(expression, &operands);
        let drawn = names(&all.iter().map(|one| &one.labels).collect::<Vec<_>>());
        let kept = all.into_iter().zip(drawn).filter(|(one, name)| self.rule.keeps_series(name, &one.labels));
        let named = kept.map(|(one, name)| (self.named(name, &one.labels), one));
        named.map(|(name, one)| self.computed_series(&one, one.points(expression, tolerance), name)).collect()
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
            None => Judgement::of(Status::Unknown),
            Some(value) => self.judgement(&(0, one.labels.clone()), value),
        };
        JudgedSeries { name, points: Cow::Owned(points), value, judgement, lack }
    }

    /// Whether a computed value of a moment is too old for the slowest of its parts.
    fn is_old(self, at: Timestamp) -> bool {
        let is_old = |query: &PanelQuery| {
            let spacing = self.store.entry(query.id).map(Entry::spacing).unwrap_or_default();
            data_is_old(at, query.limits, spacing, self.now)
        };
        self.rule.computed_from().all(is_old)
    }

    /// What is missing in the panel as a whole.
    fn gaps(self, entries: &[(usize, &'a PanelQuery, &'a Entry)], content: &Content<'_>) -> Vec<String> {
        let mut gaps = Vec::new();
        let there = match content {
            Content::Series(series) => series.iter().filter(|one| one.lack.is_none()).count(),
            Content::Builds(builds) => builds.len(),
            Content::Table(table, _) => table.rows.len(),
            _ => return gaps,
        };
        match (self.rule.expect, content) {
            (Some(expected), _) if there < expected => {
                gaps.push(format!("{} of {expected} missing", expected - there));
            }
            (None, Content::Series(series)) => gaps.extend(vanished(series)),
            _ => {}
        }
        if let Content::Series(_) = content
            && self.rule.empty.is_none()
        {
            let says_nothing = |entry: &&Entry| entry.is_series() && tracks(entry).iter().all(|track| !track.present);
            let silent = entries.iter().filter(|(_, _, entry)| says_nothing(entry));
            let some_answer = entries.iter().any(|(_, _, entry)| tracks(entry).iter().any(|track| track.present));
            gaps.extend(silent.filter(|_| some_answer).map(|(_, query, _)| format!("{}no data", prefix(query))));
        }
        gaps
    }
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

fn prefix(query: &PanelQuery) -> String {
    if query.name.is_empty() { String::new() } else { format!("{}: ", query.name) }
}

/// A legend with the values of labels in the place of their names: "{{job}} p99", as Grafana has it. A label that is
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

fn within(points: &[Point], now: Timestamp, window: Span) -> &[Point] {
    let from = now.minus(window);
    let first = points.partition_point(|point| point.at < from);
    let last = points.partition_point(|point| point.at <= now);
    points.get(first.min(last)..last).unwrap_or_default()
}

/// Reds first, the oldest red first; then what is unknown, then what runs, then the rest by name.
fn build_order(one: &TrackedBuild) -> (bool, u8, i64, bool, &SafeText) {
    let status = one.build.result.status();
    (
        !one.build.counts(),
        3 - status.severity(),
        one.red_since.map_or(0, |since| since.0),
        one.build.activity != Activity::Running,
        &one.name,
    )
}

/// The status of each row: of the named column, or of the last one that has numbers. What is no number there
/// cannot be judged.
fn row_statuses(rule: &Rule, table: &Table) -> Vec<Status> {
    if !rule.thresholds.is_some() {
        return vec![Status::Ok; table.rows.len()];
    }
    let numeric = |at: &usize| table.rows.iter().any(|row| row.get(*at).is_some_and(|cell| cell.number().is_some()));
    let column = if rule.column.is_empty() {
        (0..table.columns.len()).rev().find(numeric)
    } else {
        table.columns.iter().position(|column| column.as_str() == rule.column)
    };
    let limits = Thresholds { hold: Span(0), ..rule.thresholds.clone() };
    let status = |row: &Vec<Cell>| match column.and_then(|at| row.get(at)?.number()) {
        Some(value) => limits.judge_value(value).status,
        None => Status::Unknown,
    };
    table.rows.iter().map(status).collect()
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
