//! What happened, and what is planned.

use super::super::deployments::Selection;
use super::super::evidence::Evidence;
use super::super::look::{Asked, Look};
use super::super::rule::Subject;
use crate::model::event::{Event, EventKind, EventSet};
use crate::model::format::Format;
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::store::Stored;

/// The events of all queries.
pub(super) fn select<'a>(look: Look<'a, '_>, alike: &[Asked<'a>]) -> (Vec<&'a Event>, Vec<String>) {
    (those_of(look, alike, EventSet::Everything, false), Vec::new())
}

pub(super) const fn answered_nothing(_: &Stored) -> bool {
    false
}

/// That nothing has happened is an answer, too.
pub(super) const fn nothing_to_judge(_: &[&Event], _: &Evidence<'_>) -> Option<String> {
    None
}

pub(super) const fn count(_: &[&Event]) -> Option<usize> {
    None
}

pub(super) fn headline(events: &[&Event], _: &Format, now: Timestamp) -> String {
    events.last().map_or_else(String::new, |last| format!("{}, {} ago", last.brief(), last.at.age_at(now).brief()))
}

/// All of a set that happened, of some queries together, and what is planned; oldest first.
pub(in crate::eval) fn those_of<'a>(
    look: Look<'a, '_>,
    entries: &[Asked<'a>],
    set: EventSet,
    noticed: bool,
) -> Vec<&'a Event> {
    let rule = look.rule;
    let (service, environment) = (rule.about.0.as_ref(), rule.about.1.as_ref());
    let (service, environment) = (service.map(SafeText::as_str), environment.map(SafeText::as_str));
    let places = Selection { services: &rule.places.0, environments: &rule.places.1 };
    // What a server tells of now may be stamped by a clock that is ahead of ours.
    let is_judged = matches!(rule.subject, Subject::Events { judged: true, .. });
    let known = |event: &&Event| {
        set.has(event.kind)
            && (rule.kinds.is_empty() || rule.kinds.contains(&event.kind))
            && (event.at <= look.now || event.kind.is_planned() || is_judged)
            && event.belongs_to(service, environment)
            && (event.kind != EventKind::Deploy || places.has(event))
    };
    let queries: Vec<QueryId> = entries.iter().map(|(_, query, _)| query.id).collect();
    look.events.told_by(&queries, noticed).filter(known).collect()
}
