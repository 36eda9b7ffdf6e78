//! What the verdict sentence and a strip say of a panel that is not ok.

use super::changes::current;
use super::panel::{Evaluation, Rule};
use crate::model::build::TrackedBuild;
use crate::model::event::Event;
use crate::model::format;
use crate::model::freshness::Freshness;
use crate::model::judgement::{Content, JudgedSeries, Lack};
use crate::model::status::Status;
use crate::model::text::ellipsis;
use crate::model::time::{Timestamp, Zone};
use crate::model::unit::Unit;

/// Most columns of a text that is shown in place of a number.
const LONGEST: usize = 40;

/// Why a panel is as it is, without its title: by how much which limit is crossed, what is missing, since when.
pub fn blame(evaluation: &Evaluation<'_>, rule: &Rule, unit: &Unit, now: Timestamp, zone: &Zone) -> String {
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
        parts.push(judged(evaluation, rule, unit, now, zone));
    }
    parts.extend(missing);
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}

/// What is missing in the answers, part by part.
fn missing(evaluation: &Evaluation<'_>) -> Vec<String> {
    let partial = evaluation.caveat.filter(|caveat| caveat.partial).map(|caveat| caveat.text.to_string());
    partial.into_iter().chain(evaluation.gaps.iter().cloned()).collect()
}

fn judged(evaluation: &Evaluation<'_>, rule: &Rule, unit: &Unit, now: Timestamp, zone: &Zone) -> String {
    match &evaluation.content {
        Content::Nothing => "no data yet".to_owned(),
        Content::Series(series) if series.is_empty() => nothing_returned(rule),
        Content::Series(series) => series_blame(series, evaluation, rule, unit, now, zone),
        Content::Table(table, _) if table.rows.is_empty() => nothing_returned(rule),
        Content::Table(_, rows) => {
            let bad = rows.iter().filter(|status| **status == evaluation.status).count();
            let what = if evaluation.status == Status::Unknown { "without a number" } else { evaluation.status.word() };
            format!("{bad} of {} rows {what}", rows.len())
        }
        Content::Builds(builds) => builds_blame(builds, now),
        Content::Events(events) => events_blame(events, evaluation.status, now),
        Content::Reviews(_) => "a limit is about a number, and reviews are none".to_owned(),
        Content::Text(lines) => match lines.iter().find(|line| !line.is_empty()) {
            Some(line) if rule.thresholds.is_some() => format!("not a number: {}", ellipsis(line.as_str(), LONGEST)),
            _ => "nothing was printed".to_owned(),
        },
    }
}

fn nothing_returned(rule: &Rule) -> String {
    const REMEDY: &str = "if nothing is good news, add empty = \"ok\" or empty = 0";
    if rule.thresholds.is_some() {
        format!("no data: the query returned nothing ({REMEDY})")
    } else {
        "no data: the query returned nothing".to_owned()
    }
}

fn series_blame(
    series: &[JudgedSeries<'_>],
    evaluation: &Evaluation<'_>,
    rule: &Rule,
    unit: &Unit,
    now: Timestamp,
    zone: &Zone,
) -> String {
    let is_bad = |one: &&JudgedSeries<'_>| {
        one.judgement.status == evaluation.status && (evaluation.status != Status::Unknown || one.lack.is_some())
    };
    let bad: Vec<&JudgedSeries<'_>> = series.iter().filter(is_bad).collect();
    let Some(first) = bad.iter().min_by_key(|one| one.judgement.since) else { return String::new() };
    let name = if first.name.is_empty() { String::new() } else { format!("{} ", first.name) };
    if let Some(why) = why_down(first, evaluation) {
        let since =
            evaluation.since.map_or_else(String::new, |at| format!(" {}", since_words(at, evaluation, now, zone)));
        let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
        return format!("{name}down: {why}{since}{more}");
    }
    let value = match &first.lack {
        Some(lack) => lack_words(lack, now),
        None => first.value.map_or_else(|| "has no value".to_owned(), |value| format::text(value, unit, now)),
    };
    let bound = rule.thresholds.bound(evaluation.status);
    let bound = bound.map(|bound| {
        let phrase = bound.phrase(|limit| format::text(limit, unit, now));
        // Hysteresis holds a limit that the value itself has left.
        let is_past = first.value.is_none_or(|value| bound.is_met(value, 0.0));
        if is_past { format!(" {phrase}") } else { format!(", was {phrase} and is not far enough back,") }
    });
    let more = if bad.len() > 1 { format!(" and {} more", bad.len() - 1) } else { String::new() };
    let since = evaluation.since.map_or_else(String::new, |at| format!(" {}", since_words(at, evaluation, now, zone)));
    format!("{name}{value}{}{since}{more}", bound.unwrap_or_default())
}

/// Why a target is down, where its source says so: "HTTP 503" tells more than "0 < 1".
fn why_down<'a>(one: &JudgedSeries<'_>, evaluation: &Evaluation<'a>) -> Option<&'a str> {
    let is_down = one.value.is_none_or(|value| value == 0.0);
    let caveat = evaluation.caveat.filter(|caveat| is_down && !caveat.partial)?;
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

/// "since 20:55", or "since before 20:55" of what was so when andon first looked.
pub fn since_words(at: Timestamp, evaluation: &Evaluation<'_>, now: Timestamp, zone: &Zone) -> String {
    let before = if evaluation.open_start { "before " } else { "" };
    format!("since {before}{}", at.since_at(now, zone))
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

fn builds_blame(builds: &[&TrackedBuild], now: Timestamp) -> String {
    let red: Vec<_> = builds.iter().filter(|one| one.build.result.is_red()).collect();
    let Some(first) = red.first() else {
        let unknown = builds.iter().filter(|one| one.build.result.status() == Status::Unknown).count();
        return if builds.is_empty() { "no builds".to_owned() } else { format!("{unknown} without a result") };
    };
    let age = first.red_since.map_or_else(String::new, |since| format!(" {}", since.age_at(now).brief()));
    let streak = if first.red_streak > 1 { format!(", {} in a row", first.red_streak) } else { String::new() };
    let more = if red.len() > 1 { format!(" and {} more", red.len() - 1) } else { String::new() };
    format!("{} red{age}{streak}{more}", first.name)
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
