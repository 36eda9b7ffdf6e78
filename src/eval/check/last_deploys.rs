//! What is where now, and the incidents that go on: a failed deploy and an open incident are critical.

use super::super::changes::current;
use super::super::deployments::{Selection, deployments};
use super::super::evidence::{Evidence, Judge, Ruling, worst};
use super::super::rule::{Rule, Subject};
use crate::model::event::{Event, EventSet};
use crate::model::judgement::{Content, Judgement, LimitLine};
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

pub(super) struct LastDeploys;

impl Judge for LastDeploys {
    fn applies(rule: &Rule, content: &Content<'_>) -> bool {
        matches!((content, &rule.subject), (Content::Events(_), Subject::Events { judged: true, .. }))
    }

    fn needs(_: &Rule) -> Span {
        Span(0)
    }

    fn overlay(_: &Rule) -> Vec<LimitLine> {
        Vec::new()
    }

    fn judge(evidence: &Evidence<'_>) -> Ruling {
        let Content::Events(events) = evidence.content else { return Ruling::ok() };
        // The places that are shown are those that are judged.
        let (services, environments) = &evidence.rule.places;
        let selection = Selection { services, environments };
        let current = current(events);
        let only_deploys = matches!(evidence.rule.subject, Subject::Events { set: EventSet::Deploys, .. });
        // No deploy at all is not a deploy that is well.
        let judgement =
            if only_deploys && current.is_empty() { Judgement::of(Status::Unknown) } else { worst_event(&current) };
        match worse_row(events, selection, judgement.status).filter(|_| only_deploys) {
            Some((status, reason)) => Ruling { judgement: Judgement::of(status), reason },
            None => Ruling { reason: reason(&current, judgement.status, evidence.now), judgement },
        }
    }
}

/// The worst service, if it is worse than its last deploys say: nothing has arrived there yet, or what runs is not well.
fn worse_row(events: &[&Event], selection: Selection<'_>, than: Status) -> Option<(Status, String)> {
    let services = deployments(events, selection).services;
    let worst = services.iter().max_by_key(|service| service.status.severity())?;
    let what = if worst.status == Status::Unknown { "no deploy has arrived yet" } else { "not healthy" };
    (worst.status.severity() > than.severity()).then(|| (worst.status, format!("{}: {what}", worst.name)))
}

/// Nothing that has happened is nothing bad.
fn worst_event(current: &[&Event]) -> Judgement {
    let of = |event: &&Event| Judgement { since: Some(event.at), ..Judgement::of(event.status()) };
    let bad = current.iter().filter(|event| event.status() != Status::Ok).map(of);
    if current.iter().all(|event| event.status() == Status::Ok) { Judgement::of(Status::Ok) } else { worst(bad) }
}

/// "deploy shop v2.14 production failed, 12 min ago and 1 more".
fn reason(current: &[&Event], status: Status, now: Timestamp) -> String {
    let bad: Vec<_> = current.iter().filter(|event| event.status() == status).collect();
    let Some(newest) = bad.last() else { return "nothing has happened yet".to_owned() };
    let what = if newest.remark.is_empty() { newest.state_word() } else { newest.remark.as_str() };
    let place = if newest.environment.is_empty() { String::new() } else { format!(" {}", newest.environment) };
    let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
    format!("{}{place} {what}, {} ago{more}", newest.brief(), newest.at.age_at(now).brief())
}
