//! One panel: its content judged, its status, its freshness, and why.

use super::changes::{Cause, current};
use super::checks::Checks;
use super::expression::Expression;
use super::freshness::{FreshnessLimits, freshness};
use super::selection::{Empty, Look, Selection};
use super::threshold::Thresholds;
use crate::model::event::{Event, EventKind, EventSet};
use crate::model::fault::FetchError;
use crate::model::freshness::Freshness;
use crate::model::glob::Globs;
use crate::model::judgement::{Content, Judgement, Lack};
use crate::model::labels::Labels;
use crate::model::poll::QueryId;
use crate::model::status::Status;
use crate::model::telemetry::Caveat;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::store::{Entry, Store, Stored};

/// One named query of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelQuery {
    /// The name that a value expression uses, and that the legend shows; may be empty.
    pub name: String,
    /// Which query.
    pub id: QueryId,
    /// From which age its data is late or stale.
    pub limits: FreshnessLimits,
    /// Whether its only series goes with every series of the other queries.
    pub scalar: bool,
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
    /// How many series, builds or rows there should be; without it, those that were there once.
    pub expect: Option<usize>,
    /// How series are named: a text with `{{label}}` in it.
    pub legend: Option<String>,
    /// What an answer with nothing in it means; without it nobody knows.
    pub empty: Option<Empty>,
    /// Names to keep (builds, series); empty keeps all.
    pub keep: Globs,
    /// The column of a table that the limits are for; the last numeric one when empty.
    pub column: String,
    /// How much past is shown.
    pub window: Span,
    /// The service and the environment that what happened has to be about; none for all.
    pub about: (Option<SafeText>, Option<SafeText>),
    /// What is taken from the answers.
    pub subject: Subject,
    /// Kinds of events to keep; empty keeps all.
    pub kinds: Vec<EventKind>,
}

impl Rule {
    /// Whether its values are followed from answer to answer.
    pub(super) const fn is_followed(&self) -> bool {
        self.thresholds.is_some() || self.value.is_some()
    }

    /// Whether a name is kept.
    pub(super) fn keeps(&self, name: &SafeText) -> bool {
        self.keep.keep(name.as_str())
    }

    /// Whether a series is kept, by the name that is drawn or by the value of one of its labels: what a name leaves
    /// out depends on who else is there.
    pub(super) fn keeps_series(&self, name: &SafeText, labels: &Labels) -> bool {
        self.keeps(name) || labels.values().any(|value| self.keep.pick(value))
    }

    /// The queries that its value is computed from.
    pub(super) fn computed_from(&self) -> impl Iterator<Item = &PanelQuery> {
        let names = self.value.as_ref().map(Expression::names).unwrap_or_default();
        self.queries.iter().filter(move |query| names.contains(query.name.as_str()))
    }

    /// Whether anything says what is good and what is bad of such content.
    fn judges(&self, content: &Content<'_>) -> bool {
        match content {
            Content::Builds(_) => true,
            Content::Events(_) => matches!(self.subject, Subject::Events { judged: true, .. }),
            _ => self.thresholds.is_some() || self.expect.is_some(),
        }
    }
}

/// The verdict on a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation<'a> {
    /// How it is.
    pub status: Status,
    /// Whether something has judged it. Without limits fresh data says nothing about health; but that there is
    /// none is known to be not well.
    pub is_judged: bool,
    /// How old it is, in words: the worst of its queries.
    pub freshness: Freshness,
    /// The age of its oldest data.
    pub age: Option<Span>,
    /// The time since its oldest answer came.
    pub answered: Option<Span>,
    /// Since when it is warning or critical.
    pub since: Option<Timestamp>,
    /// A limit is crossed, but not for long enough.
    pub pending: Option<Status>,
    /// It was like this when andon first looked.
    pub open_start: bool,
    /// Which change came just before it turned.
    pub cause: Option<Cause>,
    /// The sources whose part is missing in what is shown, of a panel that shows what several tell.
    pub without: Vec<String>,
    /// What else is missing, in words.
    pub gaps: Vec<String>,
    /// What a source says about its own answer.
    pub caveat: Option<&'a Caveat>,
    /// Why the last poll failed, and when the next begins.
    pub fault: Option<Fault<'a>>,
    /// What is shown.
    pub content: Content<'a>,
}

impl Evaluation<'_> {
    /// Of a panel of which nothing is known.
    pub const fn of_nothing() -> Self {
        Self {
            status: Status::Unknown,
            is_judged: true,
            freshness: Freshness::Failed,
            age: None,
            answered: None,
            since: None,
            pending: None,
            open_start: false,
            cause: None,
            without: Vec::new(),
            gaps: Vec::new(),
            caveat: None,
            fault: None,
            content: Content::Nothing,
        }
    }
}

/// A poll that failed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault<'a> {
    /// Which query.
    pub query: QueryId,
    /// Why.
    pub error: &'a FetchError,
    /// How many in a row.
    pub failures: u32,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
}

/// Judges a panel as of `now`.
pub fn evaluate<'a>(rule: &'a Rule, store: &'a Store, checks: &'a Checks, now: Timestamp) -> Evaluation<'a> {
    let look = Look { rule, store, checks, now };
    let entries: Vec<(&PanelQuery, &Entry)> =
        look.entries().into_iter().map(|(_, query, entry)| (query, entry)).collect();
    let (freshness, without) = how_fresh(rule, &entries, now);
    let Selection { content, gaps } = look.selection();
    let has_nothing = |entry: &Entry| match &entry.stored {
        Stored::Series(tracks) => tracks.iter().all(|track| !track.present),
        Stored::Table(table) => table.rows.is_empty(),
        _ => false,
    };
    let judged = judge(rule, &content, entries.iter().all(|(_, entry)| has_nothing(entry)));
    let caveats = || entries.iter().filter_map(|(_, entry)| entry.caveat.as_ref());
    let caveat = caveats().find(|caveat| caveat.partial).or_else(|| caveats().next());
    let has_rule = rule.judges(&content);
    // What is missing may be the worst of all: without it nobody knows that all is well.
    let is_incomplete =
        !without.is_empty() || (has_rule && !gaps.is_empty()) || caveat.is_some_and(|caveat| caveat.partial);
    let status = match (&content, freshness.can_be_judged()) {
        (Content::Nothing, _) if rule.queries.is_empty() => Status::Ok,
        (_, false) => Status::Unknown,
        (_, true) if is_incomplete => judged.status.or_worse(Status::Unknown),
        (_, true) => judged.status,
    };
    Evaluation {
        status,
        is_judged: !rule.queries.is_empty() && (has_rule || status != Status::Ok),
        freshness,
        age: entries.iter().filter_map(|(_, entry)| entry.as_of).map(|at| at.age_at(now)).max(),
        answered: entries.iter().filter_map(|(_, entry)| entry.last_success).map(|at| at.age_at(now)).max(),
        since: judged.since.filter(|_| status == judged.status),
        pending: judged.pending,
        open_start: judged.open_start,
        cause: None,
        without,
        gaps,
        caveat,
        fault: entries.iter().find_map(|(query, entry)| {
            let error = entry.error.as_ref()?;
            Some(Fault { query: query.id, error, failures: entry.failures, next_try: entry.next_try })
        }),
        content,
    }
}

/// How fresh the answers are: as the worst of them. Of what several sources tell together each part stands
/// for itself: those that can be judged are shown, and the others are named.
fn how_fresh(rule: &Rule, entries: &[(&PanelQuery, &Entry)], now: Timestamp) -> (Freshness, Vec<String>) {
    let each: Vec<(&str, Freshness)> =
        entries.iter().map(|(query, entry)| (query.name.as_str(), freshness(entry, query.limits, now))).collect();
    let worst = |some: &mut dyn Iterator<Item = Freshness>| some.fold(Freshness::Fresh, Freshness::or_worse);
    let is_there = |(_, freshness): &&(&str, Freshness)| freshness.can_be_judged();
    if matches!(rule.subject, Subject::Events { .. }) && each.iter().any(|one| is_there(&one)) {
        let missing = each.iter().filter(|one| !is_there(one)).map(|(name, _)| (*name).to_owned()).collect();
        return (worst(&mut each.iter().filter(is_there).map(|(_, freshness)| *freshness)), missing);
    }
    (worst(&mut each.iter().map(|(_, freshness)| *freshness)), Vec::new())
}

/// The status of the whole from its parts.
fn judge(rule: &Rule, content: &Content<'_>, all_are_empty: bool) -> Judgement {
    let has_limits = rule.thresholds.is_some();
    let nothing_is_ok = all_are_empty && rule.empty == Some(Empty::Ok);
    match content {
        Content::Nothing => Judgement::of(Status::Unknown),
        Content::Series(series) if series.is_empty() && nothing_is_ok => Judgement::of(Status::Ok),
        Content::Table(table, _) if table.rows.is_empty() && nothing_is_ok => Judgement::of(Status::Ok),
        // No deploy at all is not a deploy that is well.
        Content::Events(events) if is_judged_by_deploys(rule) && current(events).is_empty() => {
            Judgement::of(Status::Unknown)
        }
        Content::Events(events) if matches!(rule.subject, Subject::Events { judged: true, .. }) => {
            worst_event(&current(events))
        }
        // A limit is about a number, and this is none.
        Content::Events(_) | Content::Reviews(_) | Content::Text(_) if has_limits => Judgement::of(Status::Unknown),
        Content::Events(_) | Content::Reviews(_) => Judgement::of(Status::Ok),
        Content::Text(lines) => Judgement::of(if lines.is_empty() { Status::Unknown } else { Status::Ok }),
        Content::Table(_, rows) => Judgement::of(Status::worst(rows.iter().copied())),
        Content::Series(series) => {
            let counts = |lack: &Option<Lack>| match lack {
                // What has vanished is counted once for the whole panel.
                Some(Lack::Vanished) => false,
                Some(_) => has_limits,
                None => true,
            };
            worst(series.iter().filter(|one| counts(&one.lack)).map(|one| one.judgement))
        }
        Content::Builds(builds) => {
            let any_counts = builds.iter().any(|one| one.build.counts());
            worst(
                builds
                    .iter()
                    .filter(|one| one.build.counts() || !any_counts)
                    .map(|one| Judgement { since: one.red_since, ..Judgement::of(one.build.result.status()) }),
            )
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
            worse.open_start = a.open_start || b.open_start;
            worse.pending_open = a.pending_open || b.pending_open;
        }
        worse.pending = pending.filter(|pending| pending.severity() > worse.status.severity());
        worse
    })
    .unwrap_or(Judgement::of(Status::Unknown))
}

#[cfg(test)]
mod cases;
