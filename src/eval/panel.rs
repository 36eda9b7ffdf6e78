//! One panel: its content judged, its status, its freshness, and why.

use super::changes::Cause;
use super::check;
use super::checks::Checks;
use super::events::Events;
use super::evidence::{Evidence, Ruling};
use super::freshness::freshness;
use super::kinds::{self, table};
use super::look::Look;
use super::rule::{PanelQuery, Rule, Subject};
use super::selection::Selection;
use crate::model::fault::FetchError;
use crate::model::freshness::Freshness;
use crate::model::judgement::{Content, Judgement, LimitBand};
use crate::model::poll::QueryId;
use crate::model::status::Status;
use crate::model::telemetry::Caveat;
use crate::model::time::{Span, Timestamp, Zone};
use crate::model::unit::Unit;
use crate::store::{Entry, Store};

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
    /// Why it is so, as the check says that found the worst; empty when it is ok.
    pub found: String,
    /// What to draw over a graph of it.
    pub overlay: Vec<LimitBand>,
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
            found: String::new(),
            overlay: Vec::new(),
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

/// What panels are judged by: what is known as of a moment.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a, 'b> {
    /// What the sources have answered.
    pub store: &'a Store,
    /// How every check stands that is followed over time.
    pub checks: &'a Checks,
    /// What happened, of all sources together.
    pub events: &'b Events<'a>,
    /// The moment.
    pub now: Timestamp,
    /// The time zone of the words.
    pub zone: &'b Zone,
}

/// Judges a panel whose numbers are in a unit.
pub fn evaluate<'a>(rule: &'a Rule, options: &check::Options, unit: &Unit, known: Known<'a, '_>) -> Evaluation<'a> {
    let Known { store, checks, events, now, zone } = known;
    let look = Look { rule, store, checks, events, now };
    let entries: Vec<(&PanelQuery, &Entry)> =
        look.entries().into_iter().map(|(_, query, entry)| (query, entry)).collect();
    let (freshness, without) = how_fresh(rule, &entries, now);
    let Selection { content, gaps } = look.selection();
    let age = entries.iter().filter_map(|(_, entry)| entry.as_of).map(|at| at.age_at(now)).max();
    let (freshness, age) = as_told(&content, freshness, age, now);
    let caveats = || entries.iter().filter_map(|(_, entry)| entry.caveat.as_ref());
    let caveat = caveats().find(|caveat| caveat.partial).or_else(|| caveats().next());
    let all_are_empty = entries.iter().all(|(_, entry)| kinds::answered_nothing(&entry.stored));
    let evidence = Evidence { rule, content: &content, caveat, all_are_empty, unit, now, zone };
    let (ruling, is_checked) = judge(options, &evidence);
    let has_rule = is_checked || rule.expect.is_some();
    // What is missing may be the worst of all: without it nobody knows that all is well.
    let is_incomplete =
        !without.is_empty() || (has_rule && !gaps.is_empty()) || caveat.is_some_and(|caveat| caveat.partial);
    let judged = ruling.judgement;
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
        age,
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
        found: ruling.reason,
        overlay: check::overlay(options, rule),
        content,
    }
}

/// Freshness and age with what the content itself tells of them: what is late or old where it comes from is so here,
/// however new the answer is.
fn as_told(content: &Content<'_>, fresh: Freshness, age: Option<Span>, now: Timestamp) -> (Freshness, Option<Span>) {
    match content {
        Content::Table(shown) if fresh.can_be_judged() => {
            let (told, oldest) = table::told(shown, now);
            (fresh.or_worse(told), age.max(oldest))
        }
        _ => (fresh, age),
    }
}

/// The worst that any check finds, and whether one has something to say of such content.
fn judge(options: &check::Options, evidence: &Evidence<'_>) -> (Ruling, bool) {
    let applying = check::applying(options, evidence.rule, evidence.content);
    if let Some(reason) = kinds::nothing_to_judge(evidence) {
        return (Ruling { judgement: Judgement::new(Status::Unknown), reason }, !applying.is_empty());
    }
    let rulings: Vec<Ruling> = applying.iter().map(|check| check.judge(options, evidence)).collect();
    let judgement = rulings.iter().map(|ruling| ruling.judgement).reduce(Judgement::or_worse);
    let judgement = judgement.unwrap_or(Judgement::new(Status::Ok));
    let of_the_worst = rulings.into_iter().filter(|ruling| ruling.judgement.status == judgement.status);
    let reasons: Vec<String> = of_the_worst.map(|ruling| ruling.reason).filter(|reason| !reason.is_empty()).collect();
    (Ruling { judgement, reason: reasons.join("; ") }, !applying.is_empty())
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

#[cfg(test)]
mod cases;
