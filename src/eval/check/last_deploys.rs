//! What is where now, and the incidents that go on: a failed deploy and an open incident are critical.

use super::super::deployments::{Places, Selection};
use super::super::evidence::{Evidence, Judge, NoOptions, Ruling, worst};
use super::super::rule::{Rule, Subject};
use crate::model::event::{Event, EventKind, EventSet, EventState};
use crate::model::judgement::{Content, Judgement};
use crate::model::status::Status;
use crate::model::time::Timestamp;

pub(super) struct LastDeploys;

impl Judge for LastDeploys {
    type Options = NoOptions;

    fn applies(_: &NoOptions, rule: &Rule, content: &Content<'_>) -> bool {
        matches!((content, &rule.subject), (Content::Events(_), Subject::Events { judged: true, .. }))
    }

    fn judge(_: &NoOptions, evidence: &Evidence<'_>) -> Ruling {
        let Content::Events(events) = evidence.content else { return Ruling::ok() };
        // The places that are shown are those that are judged.
        let (services, environments) = &evidence.rule.places;
        let selection = Selection { services, environments };
        let places = Places::new(events);
        let current = counting(events, &places);
        let only_deploys = matches!(evidence.rule.subject, Subject::Events { set: EventSet::Deploys, .. });
        // No deploy at all is not a deploy that is well.
        let judgement =
            if only_deploys && current.is_empty() { Judgement::new(Status::Unknown) } else { worst_event(&current) };
        match worse_row(&places, selection, judgement.status).filter(|_| only_deploys) {
            Some((status, reason)) => Ruling { judgement: Judgement::new(status), reason },
            None => Ruling { reason: reason(&current, judgement.status, evidence.now), judgement },
        }
    }
}

/// What counts now, oldest first: the last deploy of each place, and the incidents that go on.
fn counting<'a>(events: &[&'a Event], places: &Places<'a>) -> Vec<&'a Event> {
    let goes_on = |event: &&&Event| event.kind == EventKind::Incident && event.state == EventState::Running;
    let mut all: Vec<&Event> = events.iter().filter(goes_on).copied().chain(places.last_deploys()).collect();
    all.sort_by_key(|event| event.at);
    all
}

/// The worst service, if it is worse than its last deploys say: nothing has arrived there yet, or what runs is not well.
fn worse_row(places: &Places<'_>, selection: Selection<'_>, than: Status) -> Option<(Status, String)> {
    let services = places.select(selection).services;
    let worst = services.iter().max_by_key(|service| service.status.severity())?;
    let what = if worst.status == Status::Unknown { "no deploy has arrived yet" } else { "not healthy" };
    (worst.status.severity() > than.severity()).then(|| (worst.status, format!("{}: {what}", worst.name)))
}

/// Nothing that has happened is nothing bad.
fn worst_event(current: &[&Event]) -> Judgement {
    let judgement = |event: &&Event| Judgement { since: Some(event.at), ..Judgement::new(event.status()) };
    let bad = current.iter().filter(|event| event.status() != Status::Ok).map(judgement);
    if current.iter().all(|event| event.status() == Status::Ok) { Judgement::new(Status::Ok) } else { worst(bad) }
}

/// "deploy shop v2.14 production failed, 12 min ago and 1 more".
fn reason(current: &[&Event], status: Status, now: Timestamp) -> String {
    let bad: Vec<_> = current.iter().filter(|event| event.status() == status).collect();
    let Some(newest) = bad.last() else { return "nothing has happened yet".to_owned() };
    let what = if newest.remark.is_empty() { newest.state_word() } else { newest.remark.as_str() };
    let environment = if newest.environment.is_empty() { String::new() } else { format!(" {}", newest.environment) };
    let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
    format!("{}{environment} {what}, {} ago{more}", newest.brief(), newest.at.age_at(now).brief())
}
