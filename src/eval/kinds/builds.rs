//! Builds, what is red first.

use super::super::evidence::Evidence;
use super::super::look::{Asked, Look};
use crate::model::build::{Activity, TrackedBuild};
use crate::model::format::Format;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::store::Stored;

/// The builds of all queries, as far as their names are kept.
pub(super) fn select<'a>(look: Look<'a, '_>, alike: &[Asked<'a>]) -> (Vec<&'a TrackedBuild>, Vec<String>) {
    let all = alike.iter().flat_map(|(_, _, entry)| entry.builds());
    let mut kept: Vec<&TrackedBuild> = all.filter(|one| look.rule.keeps(&one.name)).collect();
    kept.sort_by(|a, b| build_order(a).cmp(&build_order(b)));
    (kept, Vec::new())
}

pub(super) const fn answered_nothing(_: &Stored) -> bool {
    false
}

pub(super) fn nothing_to_judge(builds: &[&TrackedBuild], _: &Evidence<'_>) -> Option<String> {
    builds.is_empty().then(|| "no builds".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "every kind answers the same question")]
pub(super) const fn count(builds: &[&TrackedBuild]) -> Option<usize> {
    Some(builds.len())
}

pub(super) fn headline(builds: &[&TrackedBuild], _: &Format, _: Timestamp) -> String {
    let status = |status| builds.iter().filter(|one| one.build.result.status() == status).count();
    let word = |status: Status| if status == Status::Critical { "red" } else { status.word() };
    let counts = Status::WORST_FIRST.map(|one| (status(one), word(one)));
    let parts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    parts.join(", ")
}

/// Reds first, the oldest red first; then what is unknown, then what runs, then the rest by name.
fn build_order(one: &TrackedBuild) -> (bool, u8, i64, bool, &SafeText) {
    let status = one.build.result.status();
    (
        !one.build.counts(),
        3 - status.severity(),
        one.red_since.map_or(0, |since| since.0),
        one.build.activity != Activity::Running,
        &one.name,
    )
}
