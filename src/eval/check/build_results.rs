//! The results of builds: red is critical.

use super::super::evidence::{Evidence, Judge, NoOptions, Ruling, worst};
use super::super::rule::Rule;
use crate::model::build::TrackedBuild;
use crate::model::judgement::{Content, Judgement};
use crate::model::status::Status;
use crate::model::time::Timestamp;

pub(super) struct BuildResults;

impl Judge for BuildResults {
    type Options = NoOptions;

    fn applies(_: &NoOptions, _: &Rule, content: &Content<'_>) -> bool {
        matches!(content, Content::Builds(_))
    }

    fn judge(_: &NoOptions, evidence: &Evidence<'_>) -> Ruling {
        let Content::Builds(builds) = evidence.content else { return Ruling::ok() };
        let any_counts = builds.iter().any(|one| one.build.counts());
        let counted = builds.iter().filter(|one| one.build.counts() || !any_counts);
        let judgement =
            worst(counted.map(|one| Judgement { since: one.red_since, ..Judgement::new(one.build.result.status()) }));
        Ruling { judgement, reason: reason(builds, evidence.now) }
    }
}

fn reason(builds: &[&TrackedBuild], now: Timestamp) -> String {
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
