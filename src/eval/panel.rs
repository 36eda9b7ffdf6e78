//! One panel: its content judged, its status, its freshness, and who is to blame.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::changes::current;
use super::expression::Expression;
use super::freshness::{Promise, freshness};
use super::threshold::Thresholds;
use crate::model::build::{Activity, TrackedBuild};
use crate::model::event::{Event, EventKind, EventSet};
use crate::model::fault::FetchError;
use crate::model::freshness::Freshness;
use crate::model::glob::Globs;
use crate::model::judgement::{Content, JudgedSeries, Judgement};
use crate::model::poll::QueryId;
use crate::model::series::Point;
use crate::model::status::Status;
use crate::model::table::Table;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Kept, Store, Track};

/// One named query of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelQuery {
    /// The name that a value expression uses, and that the legend shows; may be empty.
    pub name: String,
    /// Which query.
    pub id: QueryId,
    /// How fresh its source promises to be.
    pub promise: Promise,
}

/// What a panel takes from the answers to its queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subject {
    /// What they are.
    #[default]
    Answers,
    /// What happened, whatever shape they have.
    Events {
        /// Which.
        set: EventSet,
        /// With what the board itself has noticed.
        noticed: bool,
        /// Its last deploys and its incidents give the panel its status.
        judged: bool,
    },
}

/// Everything that decides a panel's status.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// What it asks.
    pub queries: Vec<PanelQuery>,
    /// Arithmetic over the queries.
    pub value: Option<Expression>,
    /// Its limits.
    pub thresholds: Thresholds,
    /// Names to keep (builds, series); empty keeps all.
    pub keep: Globs,
    /// The column of a table that the limits are for; the last numeric one when empty.
    pub column: String,
    /// How much past is shown.
    pub window: Span,
    /// Whether a series that vanished makes the panel unknown.
    pub vanished_counts: bool,
    /// The service and the environment that what happened has to be about; none for all.
    pub about: (Option<SafeText>, Option<SafeText>),
    /// What is taken from the answers.
    pub subject: Subject,
    /// Kinds of events to keep; empty keeps all.
    pub kinds: Vec<EventKind>,
}

/// The verdict on a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation<'a> {
    /// How it is.
    pub status: Status,
    /// How old it is, in words: the worst of its queries.
    pub freshness: Freshness,
    /// The age of its oldest answer.
    pub age: Option<Span>,
    /// Since when it is warning or critical.
    pub since: Option<Timestamp>,
    /// A limit is crossed, but not for long enough.
    pub pending: Option<Status>,
    /// Which change came just before it turned: "since deploy v2.14, 6 min before".
    pub cause: Option<String>,
    /// The sources whose part is missing in what is shown, of a panel that shows what several tell.
    pub without: Vec<String>,
    /// Why the last poll failed, and when the next begins.
    pub fault: Option<Fault<'a>>,
    /// What is shown.
    pub content: Content<'a>,
}

/// A poll that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault<'a> {
    /// Why.
    pub error: &'a FetchError,
    /// How many in a row.
    pub failures: u32,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
}

/// Judges a panel as of `now`.
pub fn evaluate<'a>(rule: &Rule, store: &'a Store, now: Timestamp) -> Evaluation<'a> {
    let entries: Vec<(&PanelQuery, &Entry)> =
        rule.queries.iter().filter_map(|query| Some((query, store.entry(query.id)?))).collect();
    let (freshness, without) = how_fresh(rule, &entries, now);
    let content = content(rule, &entries, store, now);
    let judged = judge(rule, &content);
    let status = match (&content, freshness.can_be_judged()) {
        (Content::Nothing, _) if rule.queries.is_empty() => Status::Ok,
        (_, false) => Status::Unknown,
        // What is missing may be the worst of all: without it nobody knows that all is well.
        (_, true) if !without.is_empty() => judged.status.or_worse(Status::Unknown),
        (_, true) => judged.status,
    };
    Evaluation {
        status,
        freshness,
        age: entries.iter().filter_map(|(_, entry)| entry.last_success).map(|at| at.age_at(now)).max(),
        since: judged.since.filter(|_| status == judged.status),
        pending: judged.pending,
        cause: None,
        without,
        fault: entries.iter().find_map(|(_, entry)| {
            let error = entry.error.as_ref()?;
            Some(Fault { error, failures: entry.failures, next_try: entry.next_try })
        }),
        content,
    }
}

/// How fresh the answers are: as the worst of them. Of what several sources tell together each part stands
/// for itself: those that can be judged are shown, and the others are named.
fn how_fresh(rule: &Rule, entries: &[(&PanelQuery, &Entry)], now: Timestamp) -> (Freshness, Vec<String>) {
    let each: Vec<(&str, Freshness)> =
        entries.iter().map(|(query, entry)| (query.name.as_str(), freshness(entry, query.promise, now))).collect();
    let worst = |some: &mut dyn Iterator<Item = Freshness>| some.fold(Freshness::Fresh, Freshness::or_worse);
    let is_there = |(_, freshness): &&(&str, Freshness)| freshness.can_be_judged();
    if matches!(rule.subject, Subject::Events { .. }) && each.iter().any(|one| is_there(&one)) {
        let missing = each.iter().filter(|one| !is_there(one)).map(|(name, _)| (*name).to_owned()).collect();
        return (worst(&mut each.iter().filter(is_there).map(|(_, freshness)| *freshness)), missing);
    }
    (worst(&mut each.iter().map(|(_, freshness)| *freshness)), Vec::new())
}

fn content<'a>(rule: &Rule, entries: &[(&PanelQuery, &'a Entry)], store: &'a Store, now: Timestamp) -> Content<'a> {
    if let Subject::Events { set, noticed, .. } = rule.subject {
        return events(rule, entries, set, noticed.then_some(store), now);
    }
    if let Some(expression) = &rule.value {
        return Content::Series(computed(rule, expression, entries, now));
    }
    let mut series = Vec::new();
    let many = entries.len() > 1;
    for (query, entry) in entries {
        match &entry.kept {
            Kept::Nothing => {}
            Kept::Series(tracks) => {
                for track in tracks {
                    let name = full_name(many, &query.name, &track.name);
                    if rule.keeps(&name) {
                        series.push(judged_track(rule, track, name, now));
                    }
                }
            }
            Kept::Table(table) => return Content::Table(table, row_statuses(rule, table)),
            Kept::Builds(builds, _) => {
                let mut kept: Vec<&TrackedBuild> = builds.iter().filter(|one| rule.keeps(&one.build.name)).collect();
                kept.sort_by(|a, b| build_order(a).cmp(&build_order(b)));
                return Content::Builds(kept);
            }
            Kept::Events(_) => return events(rule, &[(query, entry)], EventSet::Everything, None, now),
            Kept::Reviews(reviews) => return Content::Reviews(reviews),
            Kept::Lines(lines) => return Content::Lines(lines),
        }
    }
    let answered = entries.iter().any(|(_, entry)| entry.kept != Kept::Nothing);
    if series.is_empty() && !answered { Content::Nothing } else { Content::Series(series) }
}

/// All that happened, of all queries together, and what is planned; oldest first.
fn events<'a>(
    rule: &Rule,
    entries: &[(&PanelQuery, &'a Entry)],
    set: EventSet,
    journal: Option<&'a Store>,
    now: Timestamp,
) -> Content<'a> {
    if entries.iter().all(|(_, entry)| entry.kept == Kept::Nothing) {
        return Content::Nothing;
    }
    let (service, environment) = (&rule.about.0, &rule.about.1);
    let (service, environment) = (service.as_ref().map(SafeText::as_str), environment.as_ref().map(SafeText::as_str));
    let known = |event: &&Event| {
        set.has(event.kind)
            && (rule.kinds.is_empty() || rule.kinds.contains(&event.kind))
            && (event.at <= now || event.kind.is_planned())
            && event.belongs_to(service, environment)
    };
    let noticed = journal.into_iter().flat_map(Store::journal);
    let told = entries.iter().flat_map(|(_, entry)| entry.events());
    let mut all: Vec<&Event> = told.chain(noticed).filter(known).collect();
    all.sort_by_key(|event| event.at);
    Content::Events(all)
}

impl Rule {
    fn keeps(&self, name: &SafeText) -> bool {
        self.keep.keep(name.as_str())
    }
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

fn judged_track<'a>(rule: &Rule, track: &'a Track, name: SafeText, now: Timestamp) -> JudgedSeries<'a> {
    let points = within(track.ring.points(), now, rule.window);
    // With an interval longer than the window the newest value still is the value.
    let last = track.ring.points().iter().rev().find(|point| point.at <= now);
    let points = if points.is_empty() { last.map_or(points, std::slice::from_ref) } else { points };
    let value = last.map(|point| point.value).filter(|value| track.present && value.is_finite());
    let judgement = judged_value(rule, points, value);
    JudgedSeries { name, points: Cow::Borrowed(points), value, judgement }
}

fn judged_value(rule: &Rule, points: &[Point], value: Option<f64>) -> Judgement {
    match value {
        None => Judgement::of(Status::Unknown),
        Some(_) if rule.thresholds.is_some() => rule.thresholds.judge(points),
        Some(_) => Judgement::of(Status::Ok),
    }
}

fn computed<'a>(
    rule: &Rule,
    expression: &Expression,
    entries: &[(&PanelQuery, &'a Entry)],
    now: Timestamp,
) -> Vec<JudgedSeries<'a>> {
    let mut lines = BTreeMap::new();
    let mut tolerance = 0;
    for (query, entry) in entries {
        let Kept::Series(tracks) = &entry.kept else { continue };
        tolerance = tolerance.max(query.promise.refresh.0);
        let of_query: Vec<(SafeText, &[Point])> = tracks
            .iter()
            .filter(|track| track.present)
            .map(|track| (track.name.clone(), within(track.ring.points(), now, rule.window)))
            .collect();
        lines.insert(query.name.as_str(), of_query);
    }
    expression
        .over(&lines, tolerance)
        .into_iter()
        .filter(|(name, points)| !points.is_empty() && rule.keeps(name))
        .map(|(name, points)| {
            let value = points.last().map(|point| point.value).filter(|value| value.is_finite());
            let judgement = judged_value(rule, &points, value);
            JudgedSeries { name, points: Cow::Owned(points), value, judgement }
        })
        .collect()
}

/// Reds first, the oldest red first; then what is unknown, then what runs, then the rest by name.
fn build_order(one: &TrackedBuild) -> (bool, u8, i64, bool, &SafeText) {
    let status = one.build.result.status();
    (
        !one.build.counts(),
        3 - status.severity(),
        one.red_since.map_or(0, |since| since.0),
        one.build.activity != Activity::Running,
        &one.build.name,
    )
}

fn row_statuses(rule: &Rule, table: &Table) -> Vec<Status> {
    if !rule.thresholds.is_some() {
        return vec![Status::Ok; table.rows.len()];
    }
    let column = table.judged_column(&rule.column);
    table
        .rows
        .iter()
        .map(|row| match column.and_then(|at| row.get(at)?.number()) {
            Some(value) => {
                let point = Point { at: Timestamp(0), value };
                Thresholds { hold: Span(0), ..rule.thresholds.clone() }.judge(&[point]).status
            }
            None => Status::Unknown,
        })
        .collect()
}

/// The status of the whole from its parts.
fn judge(rule: &Rule, content: &Content<'_>) -> Judgement {
    match content {
        Content::Nothing => Judgement::of(Status::Unknown),
        // No deploy at all is not a deploy that is well.
        Content::Events(events) if is_judged_by_deploys(rule) && current(events).is_empty() => {
            Judgement::of(Status::Unknown)
        }
        Content::Events(events) if matches!(rule.subject, Subject::Events { judged: true, .. }) => {
            worst_event(&current(events))
        }
        Content::Events(_) | Content::Reviews(_) => Judgement::of(Status::Ok),
        Content::Lines(lines) => Judgement::of(if lines.is_empty() { Status::Unknown } else { Status::Ok }),
        Content::Table(_, rows) => Judgement::of(Status::worst(rows.iter().copied())),
        Content::Series(series) => {
            let any_present = series.iter().any(|one| one.value.is_some());
            let counted = series.iter().filter(|one| one.value.is_some() || rule.vanished_counts || !any_present);
            worst(counted.map(|one| one.judgement))
        }
        Content::Builds(builds) => {
            let any_counts = builds.iter().any(|one| one.build.counts());
            worst(builds.iter().filter(|one| one.build.counts() || !any_counts).map(|one| Judgement {
                status: one.build.result.status(),
                since: one.red_since,
                pending: None,
            }))
        }
    }
}

const fn is_judged_by_deploys(rule: &Rule) -> bool {
    matches!(rule.subject, Subject::Events { set: EventSet::Deploys, judged: true, .. })
}

/// Nothing that has happened is nothing bad.
fn worst_event(current: &[&Event]) -> Judgement {
    let of = |event: &&Event| Judgement { since: Some(event.at), ..Judgement::of(event.status()) };
    let bad = current.iter().filter(|event| event.status() != Status::Ok).map(of);
    if current.iter().all(|event| event.status() == Status::Ok) { Judgement::of(Status::Ok) } else { worst(bad) }
}

/// The worst of them, since the earliest of the worst.
fn worst(all: impl Iterator<Item = Judgement>) -> Judgement {
    all.reduce(|a, b| {
        let pending = match (a.pending, b.pending) {
            (Some(x), Some(y)) => Some(x.or_worse(y)),
            (x, y) => x.or(y),
        };
        let mut worse = if b.status.severity() > a.status.severity() { b } else { a };
        if a.status == b.status {
            worse.since = match (a.since, b.since) {
                (Some(x), Some(y)) => Some(x.min(y)),
                (x, y) => x.or(y),
            };
        }
        worse.pending = pending.filter(|pending| pending.severity() > worse.status.severity());
        worse
    })
    .unwrap_or(Judgement::of(Status::Unknown))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::blame::blame;
    use crate::eval::threshold::Bound;
    use crate::model::build::{Build, BuildResult};
    use crate::model::fault::Reason;
    use crate::model::poll::{Answer, Outcome};
    use crate::model::series::{Coverage, Series};
    use crate::model::telemetry::Telemetry;
    use crate::model::time::Zone;
    use crate::model::unit::Unit;

    fn rule() -> Rule {
        let promise = Promise::for_refresh(Span::seconds(5));
        Rule {
            queries: vec![PanelQuery { name: "q".into(), id: QueryId(0), promise }],
            thresholds: Thresholds { critical: Some(Bound::Above(5.0)), ..Thresholds::default() },
            window: Span::seconds(600),
            ..Rule::default()
        }
    }

    fn store(answers: Vec<(i64, Answer)>) -> Store {
        let mut store = Store::new(std::iter::once(QueryId(0)), Span::seconds(600));
        for (at, answer) in answers {
            let failures = u32::from(answer.is_err());
            let at = Timestamp(at * 1000);
            store.apply(Outcome {
                query: QueryId(0),
                at,
                answer,
                failures,
                next_try: at.plus(Span::seconds(5)),
                budget: None,
            });
        }
        store
    }

    fn value(at: i64, value: f64) -> (i64, Answer) {
        let series = vec![Series::single("", Timestamp(at * 1000), value)];
        (at, Ok(Telemetry::Series { series, coverage: Coverage::Sample }))
    }

    fn status(store: &Store, at: i64) -> (Status, Freshness) {
        let evaluation = evaluate(&rule(), store, Timestamp(at * 1000));
        (evaluation.status, evaluation.freshness)
    }

    #[test]
    fn what_was_green_is_unknown_when_it_is_too_old() {
        let store = store(vec![value(0, 1.0), (5, Err(Reason::Refused.into()))]);
        assert_eq!(status(&store, 6), (Status::Ok, Freshness::Late));
        assert_eq!(status(&store, 60), (Status::Unknown, Freshness::Stale));
    }

    #[test]
    fn nothing_returned_is_unknown_and_says_so() {
        let answer = Ok(Telemetry::Series { series: Vec::new(), coverage: Coverage::Sample });
        let store = store(vec![(0, answer)]);
        let evaluation = evaluate(&rule(), &store, Timestamp(0));
        assert_eq!(evaluation.status, Status::Unknown);
        let blame = blame(&evaluation, &rule(), &Unit::None, Timestamp(0), &Zone::utc());
        assert_eq!(blame, "no data: the query returned nothing");
    }

    #[test]
    fn blame_names_value_limit_and_begin() {
        let store = store(vec![value(0, 1.0), value(5, 9.0), value(10, 9.5)]);
        let now = Timestamp(11_000);
        let evaluation = evaluate(&rule(), &store, now);
        assert_eq!(evaluation.status, Status::Critical);
        let blame = blame(&evaluation, &rule(), &Unit::Seconds, now, &Zone::utc());
        assert_eq!(blame, "9.5 s > 5 s since 00:00");
    }

    #[test]
    fn the_oldest_red_build_comes_first_and_is_blamed() {
        let build = |name: &str, result, ended: i64| Build {
            name: name.into(),
            result,
            finished_at: Some(Timestamp(ended * 1000)),
            ..Build::default()
        };
        let builds = vec![
            build("a", BuildResult::Success, 1),
            build("new", BuildResult::Failure, 500),
            build("old", BuildResult::Error, 100),
        ];
        let store = store(vec![(600, Ok(Telemetry::Builds(builds)))]);
        let evaluation = evaluate(&rule(), &store, Timestamp(600_000));
        let Content::Builds(order) = &evaluation.content else { panic!() };
        assert_eq!(order.iter().map(|b| b.build.name.as_str()).collect::<Vec<_>>(), ["old", "new", "a"]);
        let blame = blame(&evaluation, &rule(), &Unit::None, Timestamp(600_000), &Zone::utc());
        assert_eq!(blame, "old red 8 min and 1 more");
    }

    #[test]
    fn a_panel_without_queries_is_ok() {
        let rule = Rule::default();
        let store = Store::new(std::iter::empty(), Span::seconds(60));
        assert_eq!(evaluate(&rule, &store, Timestamp(0)).status, Status::Ok);
    }
}
