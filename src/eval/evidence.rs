//! What a check looks at, and what it says.

use super::rule::{Empty, Rule};
use crate::model::judgement::{Content, Judgement, LimitLine};
use crate::model::status::Status;
use crate::model::telemetry::Caveat;
use crate::model::time::{Span, Timestamp, Zone};
use crate::model::unit::Unit;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evidence<'a> {
    pub rule: &'a Rule,
    /// What the panel has to show, each series and row with its own verdict.
    pub content: &'a Content<'a>,
    /// What a source says about its own answer.
    pub caveat: Option<&'a Caveat>,
    /// Every query has answered, and with nothing.
    pub all_are_empty: bool,
    pub unit: &'a Unit,
    pub now: Timestamp,
    pub zone: &'a Zone,
}

impl Evidence<'_> {
    /// Whether there is nothing, and the board says that this is good news.
    pub(super) fn nothing_is_ok(&self) -> bool {
        self.all_are_empty && self.rule.empty == Some(Empty::Ok)
    }
}

/// What a check says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ruling {
    pub judgement: Judgement,
    /// Why, if it is not ok: what is to blame, by how much, since when.
    pub reason: String,
}

impl Ruling {
    pub(super) const fn ok() -> Self {
        Self { judgement: Judgement::of(Status::Ok), reason: String::new() }
    }
}

/// A rule that judges.
pub(super) trait Judge {
    /// Whether it has something to say of such content.
    fn applies(rule: &Rule, content: &Content<'_>) -> bool;

    /// How much past it needs.
    fn needs(rule: &Rule) -> Span;

    /// What to draw over a graph.
    fn overlay(rule: &Rule) -> Vec<LimitLine>;

    /// What it says; asked only where it applies and there is something to judge.
    fn judge(evidence: &Evidence<'_>) -> Ruling;
}

/// The worst of them, since the earliest of the worst; unknown when there is none.
pub(super) fn worst(all: impl Iterator<Item = Judgement>) -> Judgement {
    all.reduce(Judgement::or_worse).unwrap_or(Judgement::of(Status::Unknown))
}
