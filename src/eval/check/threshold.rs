//! Limits on numbers: of each series as it is followed, of each row of a table.

use super::super::evidence::{Evidence, Judge, Ruling, worst};
use super::super::kinds::{series, table};
use super::super::rule::{Rule, Subject};
use crate::model::judgement::{Content, JudgedSeries, Judgement, Lack, LimitLine};
use crate::model::status::Status;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::Span;

/// Most columns of a text that is shown in place of a number.
const LONGEST: usize = 40;

pub(super) struct Threshold;

impl Judge for Threshold {
    fn applies(rule: &Rule, content: &Content<'_>) -> bool {
        let has_a_check_of_its_own = matches!(content, Content::Builds(_))
            || matches!((content, &rule.subject), (Content::Events(_), Subject::Events { judged: true, .. }));
        rule.thresholds.is_some() && !has_a_check_of_its_own
    }

    fn needs(rule: &Rule) -> Span {
        rule.thresholds.hold
    }

    fn overlay(rule: &Rule) -> Vec<LimitLine> {
        rule.thresholds.lines()
    }

    fn judge(evidence: &Evidence<'_>) -> Ruling {
        let judgement = match evidence.content {
            // What has vanished is counted once for the whole panel.
            Content::Series(all) if all.is_empty() => Judgement::of(Status::Ok),
            Content::Series(all) => worst(all.iter().filter(|one| is_there(one)).map(|one| one.judgement)),
            Content::Table(shown) if shown.rows.is_empty() => Judgement::of(Status::Ok),
            Content::Table(shown) => Judgement::of(Status::worst(shown.rows.iter().copied())),
            // A limit is about a number, and this is none.
            _ => Judgement::of(Status::Unknown),
        };
        let reason = match evidence.content {
            _ if judgement.status == Status::Ok => String::new(),
            Content::Series(all) => series::reason(all, &judgement, evidence),
            Content::Table(shown) => table::reason(shown, judgement.status),
            Content::Text(lines) => no_number(lines),
            other => format!("a limit is about a number, and {} are none", other.word()),
        };
        Ruling { judgement, reason }
    }
}

fn is_there(one: &JudgedSeries<'_>) -> bool {
    one.lack != Some(Lack::Vanished)
}

fn no_number(lines: &[SafeText]) -> String {
    let said = lines.iter().find(|line| !line.is_empty());
    said.map_or_else(
        || "nothing was printed".to_owned(),
        |line| format!("not a number: {}", ellipsis(line.as_str(), LONGEST)),
    )
}
