//! What the verdict sentence and a strip say of a panel that is not ok.

use super::panel::Evaluation;
use super::since::since_words;
use crate::model::fault::Reason;
use crate::model::freshness::Freshness;
use crate::model::judgement::Content;
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp, Zone};

/// Why a panel is as it is, without its title: by how much which limit is crossed, what is missing, since when.
pub fn blame(evaluation: &Evaluation<'_>) -> String {
    if !evaluation.freshness.can_be_judged() {
        return no_answer(evaluation);
    }
    if evaluation.status == Status::Unknown && !evaluation.without.is_empty() {
        let why = evaluation.fault.as_ref().map_or_else(|| "no answer".to_owned(), |fault| fault.error.to_string());
        return format!("without {}: {why}", evaluation.without.join(", "));
    }
    let mut parts: Vec<String> = Vec::new();
    let missing = missing(evaluation);
    // Of what is unknown because a part is missing, that part is the reason.
    if evaluation.status != Status::Unknown || missing.is_empty() {
        parts.push(evaluation.found.clone());
    }
    parts.extend(missing);
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// Short words behind the status.
pub fn note(evaluation: &Evaluation<'_>, now: Timestamp, zone: &Zone) -> String {
    let age = evaluation.age.unwrap_or_default().brief();
    match evaluation.freshness {
        Freshness::Late => format!("late {age}"),
        Freshness::Stale => format!("stale {age}"),
        Freshness::Failed => "no answer".to_owned(),
        Freshness::Waiting => "waiting".to_owned(),
        Freshness::Fresh => match (evaluation.since, evaluation.pending) {
            (Some(since), _) => since_words(since, evaluation.open_start, now, zone),
            (None, Some(pending)) => format!("{} pending", pending.word()),
            (None, None) => String::new(),
        },
    }
}

/// Why, when something is wrong.
pub fn reason(evaluation: &Evaluation<'_>, now: Timestamp) -> String {
    if let Some(fault) = &evaluation.fault {
        let wait = fault.next_try.map(|at| at.age_before(now)).filter(|wait| *wait >= Span::seconds(1));
        let next = wait.map_or_else(|| ", trying".to_owned(), |wait| format!(", next try in {}", wait.brief()));
        if fault.error.reason == Reason::Remembered {
            // Of a past moment nobody tries again.
            return fault.error.to_string();
        }
        let tries = if fault.failures > 1 { format!(", {} tries", fault.failures) } else { String::new() };
        let without = match evaluation.without.as_slice() {
            [] => String::new(),
            missing => format!("without {}: ", missing.join(", ")),
        };
        return format!("{without}{}{tries}{next}", fault.error);
    }
    // Builds and events say for themselves what is wrong with them.
    let speaks = evaluation.freshness.can_be_judged()
        && match &evaluation.content {
            Content::Builds(builds) => !builds.is_empty(),
            Content::Events(events) => !events.is_empty(),
            _ => false,
        };
    let caveat = evaluation.caveat.map(|caveat| caveat.text.to_string()).unwrap_or_default();
    match (evaluation.status, &evaluation.pending) {
        _ if speaks => caveat,
        (Status::Ok, _) if !evaluation.is_judged && !evaluation.gaps.is_empty() => evaluation.gaps.join("; "),
        (Status::Ok, _) => caveat,
        (status, pending) => {
            let blame = blame(evaluation);
            // One look cannot tell whether it has lasted: what counts is that nothing shows that it has not.
            if *pending == Some(status) { format!("{} pending: {blame}", status.word()) } else { blame }
        }
    }
}

/// What is missing in the answers, part by part.
fn missing(evaluation: &Evaluation<'_>) -> Vec<String> {
    let partial = evaluation.caveat.filter(|caveat| caveat.partial).map(|caveat| caveat.text.to_string());
    partial.into_iter().chain(evaluation.gaps.iter().cloned()).collect()
}

fn no_answer(evaluation: &Evaluation<'_>) -> String {
    let age = evaluation.age.map_or_else(String::new, |age| format!(", last value {} old", age.brief()));
    match (&evaluation.fault, evaluation.freshness) {
        (Some(fault), _) => format!("{}{age}", fault.error),
        (None, Freshness::Waiting) => "waiting for the first answer".to_owned(),
        (None, _) if evaluation.answered < evaluation.age => {
            let age = evaluation.age.unwrap_or_default().brief();
            format!("the source answers, but its newest value is {age} old")
        }
        (None, _) => format!("no answer{age}"),
    }
}
