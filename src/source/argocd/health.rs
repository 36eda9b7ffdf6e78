//! How an application of Argo CD is now: whether it is well, and whether it is what the repository says.
//!
//! Source: Argo CD, "Resource Health", and `HealthStatusCode` and `SyncStatusCode` of its API.

use serde::Deserialize;

use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

/// Whether what runs is what the repository says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Comparison {
    status: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Health {
    status: Option<String>,
    last_transition_time: Option<String>,
}

/// What the controller has to say about an application.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

/// Why nobody knows how it is: what kept the controller from finding out.
fn why(conditions: &[Condition]) -> Option<&str> {
    let told = conditions.iter().find(|one| one.kind.ends_with("Error"))?;
    Some(if told.message.is_empty() { &told.kind } else { &told.message })
}

/// How it is now, on both axes together, and the words for what is not as it should be; where it is unknown, why.
/// While another version comes it is no wonder that it progresses, and is not what the repository says.
pub(super) fn verdict(
    health: &Health,
    sync: &Comparison,
    conditions: &[Condition],
    is_syncing: bool,
    now: Timestamp,
) -> (Option<Status>, String) {
    let since = Timestamp::of_rfc3339(health.last_transition_time.as_deref());
    let health = health.status.as_deref().unwrap_or_default();
    let sync = sync.status.as_deref().unwrap_or_default();
    if health.is_empty() && sync.is_empty() {
        return (None, String::new());
    }
    let sync = if is_syncing { "" } else { sync };
    let of_health = match health {
        "Healthy" | "Progressing" => Status::Ok,
        "Suspended" => Status::Warning,
        "Degraded" | "Missing" => Status::Critical,
        _ => Status::Unknown,
    };
    let of_sync = match sync {
        "Synced" | "" => Status::Ok,
        "OutOfSync" => Status::Warning,
        _ => Status::Unknown,
    };
    let health = match health {
        "Healthy" => String::new(),
        "Progressing" if is_syncing => String::new(),
        "Progressing" => progressing(since, now),
        "Unknown" => "health Unknown".to_owned(),
        word => word.to_owned(),
    };
    let sync = match sync {
        "Synced" => "",
        "Unknown" => "sync Unknown",
        word => word,
    };
    let words: Vec<&str> = [health.as_str(), sync].into_iter().filter(|word| !word.is_empty()).collect();
    let words = words.join(", ");
    let is_unknown = of_health == Status::Unknown || of_sync == Status::Unknown;
    let words = match why(conditions).filter(|_| is_unknown) {
        Some(why) => format!("{words}: {why}"),
        None => words,
    };
    (Some(of_health.or_worse(of_sync)), words)
}

/// With its age: some applications progress forever, and only time tells.
fn progressing(since: Option<Timestamp>, now: Timestamp) -> String {
    let span = since.map(|since| since.age_at(now)).filter(|span| *span >= Span::seconds(60));
    span.map_or_else(|| "Progressing".to_owned(), |span| format!("Progressing {}", span.brief()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_400_000);

    #[test]
    fn nothing_told_is_no_verdict() {
        assert_eq!(verdict(&Health::default(), &Comparison::default(), &[], false, NOW), (None, String::new()));
    }

    #[test]
    fn what_a_sync_brings_about_is_no_trouble_and_what_is_broken_is() {
        let sync = Comparison { status: Some("OutOfSync".to_owned()) };
        let verdict_on = |word: &str, is_syncing| {
            let health = Health { status: Some(word.to_owned()), ..Health::default() };
            verdict(&health, &sync, &[], is_syncing, NOW)
        };
        assert_eq!(verdict_on("Progressing", true), (Some(Status::Ok), String::new()));
        assert_eq!(verdict_on("Progressing", false), (Some(Status::Warning), "Progressing, OutOfSync".to_owned()));
        assert_eq!(verdict_on("Degraded", true), (Some(Status::Critical), "Degraded".to_owned()));
    }

    #[test]
    fn what_kept_it_from_being_known_is_said_and_nothing_where_it_is_known() {
        let one = |kind: &str, message: &str| Condition { kind: kind.to_owned(), message: message.to_owned() };
        let words = |sync: &str, conditions: &[Condition]| {
            let health = Health { status: Some("Healthy".to_owned()), ..Health::default() };
            verdict(&health, &Comparison { status: Some(sync.to_owned()) }, conditions, false, NOW).1
        };
        let told = [one("OrphanedResourceWarning", "2 orphans"), one("ComparisonError", "repository not accessible")];
        assert_eq!(words("Unknown", &told), "sync Unknown: repository not accessible");
        assert_eq!(words("Unknown", &[one("InvalidSpecError", "")]), "sync Unknown: InvalidSpecError");
        assert_eq!(words("Unknown", &told[..1]), "sync Unknown");
        assert_eq!(words("OutOfSync", &told), "OutOfSync");
    }

    #[test]
    fn progress_has_an_age_only_where_it_is_told_and_long() {
        assert_eq!(progressing(None, NOW), "Progressing");
        assert_eq!(progressing(Some(NOW.minus(Span::seconds(59))), NOW), "Progressing");
        assert_eq!(progressing(Some(NOW.minus(Span::seconds(600))), NOW), "Progressing 10 min");
    }
}
