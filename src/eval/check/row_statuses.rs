//! Rows that have a status of their own, such as the panels of another board: the worst of them.

use super::super::evidence::{Evidence, Judge, NoOptions, Ruling, worst};
use super::super::kinds::table;
use super::super::rule::Rule;
use crate::model::judgement::{Content, Judgement};

pub(super) struct RowStatuses;

impl Judge for RowStatuses {
    type Options = NoOptions;

    fn applies(_: &NoOptions, _: &Rule, content: &Content<'_>) -> bool {
        matches!(content, Content::Table(shown) if shown.table.own.iter().any(|own| own.status.is_some()))
    }

    fn judge(_: &NoOptions, evidence: &Evidence<'_>) -> Ruling {
        let Content::Table(shown) = evidence.content else { return Ruling::ok() };
        // Whether it was like this before somebody there looked first, they do not tell.
        let judged = shown.table.own.iter().filter_map(|own| {
            Some(Judgement { since: own.since, open_start: own.since.is_some(), ..Judgement::new(own.status?) })
        });
        let judgement = worst(judged);
        Ruling { judgement, reason: table::own_reason(shown, judgement.status) }
    }
}
