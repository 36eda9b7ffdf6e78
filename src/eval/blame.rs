//! What the verdict sentence and a strip say of a panel that is not ok.

use super::changes::current;
use super::panel::{Evaluation, Rule};
use crate::model::build::TrackedBuild;
use crate::model::event::Event;
use crate::model::format;
use crate::model::freshness::Freshness;
use crate::model::judgement::{Content, JudgedSeries};
use crate::model::status::Status;
use crate::model::time::{Timestamp, Zone};
use crate::model::unit::Unit;

/// Who is to blame, by how much, since when; and which change came just before. Without the title.
pub fn blame(evaluation: &Evaluation<'_>, rule: &Rule, unit: &Unit, now: Timestamp, zone: &Zone) -> String {
    if !evaluation.freshness.can_be_judged() {
        return no_answer(evaluation);
    }
    if evaluation.status == Status::Unknown && !evaluation.without.is_empty() {
        let why = evaluation.fault.as_ref().map_or_else(|| "no answer".to_owned(), |fault| fault.error.to_string());
        return format!("without {}: {why}", evaluation.without.join(", "));
    }
    let since = |at: Option<Timestamp>| match (&evaluation.cause, at) {
        (Some(cause), _) => format!(" {cause}"),
        (None, Some(at)) => format!(" since {}", at.since_at(now, zone)),
        (None, None) => String::new(),
    };
    match &evaluation.content {
        Content::Nothing => "no data yet".to_owned(),
        Content::Series(series) if series.is_empty() => "no data: the query returned nothing".to_owned(),
        Content::Series(series) => {
            let bad: Vec<&JudgedSeries<'_>> =
                series.iter().filter(|one| one.judgement.status == evaluation.status).collect();
            let Some(first) = bad.iter().min_by_key(|one| one.judgement.since) else { return String::new() };
            let name = if first.name.is_empty() { String::new() } else { format!("{} ", first.name) };
            let value = first.value.map_or_else(|| "has no value".to_owned(), |v| format::text(v, unit, now));
            let bound = rule
                .thresholds
                .bound(evaluation.status)
                .map(|bound| format!(" {}", bound.phrase(|limit| format::text(limit, unit, now))))
                .unwrap_or_default();
            let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
            format!("{name}{value}{bound}{}{more}", since(evaluation.since))
        }
        Content::Table(_, rows) => {
            let bad = rows.iter().filter(|status| **status == evaluation.status).count();
            format!("{bad} of {} rows {}", rows.len(), evaluation.status.word())
        }
        Content::Builds(builds) => builds_blame(builds, now),
        Content::Events(events) => events_blame(events, evaluation.status, now),
        Content::Reviews(_) => "no reviews".to_owned(),
        Content::Lines(_) => "nothing was printed".to_owned(),
    }
}

fn no_answer(evaluation: &Evaluation<'_>) -> String {
    let age = evaluation.age.map_or_else(String::new, |age| format!(", last value {} old", age.brief()));
    match (&evaluation.fault, evaluation.freshness) {
        (Some(fault), _) => format!("{}{age}", fault.error),
        (None, Freshness::Waiting) => "waiting for the first answer".to_owned(),
        (None, _) => format!("no answer{age}"),
    }
}

fn builds_blame(builds: &[&TrackedBuild], now: Timestamp) -> String {
    let red: Vec<_> = builds.iter().filter(|one| one.build.result.is_red()).collect();
    let Some(first) = red.first() else {
        let unknown = builds.iter().filter(|one| one.build.result.status() == Status::Unknown).count();
        return if builds.is_empty() { "no builds".to_owned() } else { format!("{unknown} without a result") };
    };
    let age = first.red_since.map_or_else(String::new, |since| format!(" {}", since.age_at(now).brief()));
    let streak = if first.red_streak > 1 { format!(", {} in a row", first.red_streak) } else { String::new() };
    let more = if red.len() > 1 { format!(" and {} more", red.len() - 1) } else { String::new() };
    format!("{} red{age}{streak}{more}", first.build.name)
}

/// "deploy shop v2.14 production failed, 12 min ago and 1 more".
fn events_blame(events: &[&Event], status: Status, now: Timestamp) -> String {
    let current = current(events);
    let bad: Vec<_> = current.iter().filter(|event| event.status() == status).collect();
    let Some(newest) = bad.last() else { return "nothing has happened yet".to_owned() };
    let what = if newest.remark.is_empty() { newest.state_word() } else { newest.remark.as_str() };
    let place = if newest.environment.is_empty() { String::new() } else { format!(" {}", newest.environment) };
    let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
    format!("{}{place} {what}, {} ago{more}", newest.brief(), newest.at.age_at(now).brief())
}
