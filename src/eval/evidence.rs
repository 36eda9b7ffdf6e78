//! What a check looks at, and what it says.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::rule::{Empty, Rule};
use crate::model::judgement::{Content, Judgement, LimitBand};
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
        Self { judgement: Judgement::new(Status::Ok), reason: String::new() }
    }
}

/// A rule that judges.
pub(super) trait Judge {
    /// Its keys in the table of a panel, with doc comments: they become the manual, the schema and the check of unknown
    /// keys.
    type Options: DeserializeOwned + JsonSchema + Debug + Clone + Default;

    /// What is wrong with its keys. What is followed answer by answer goes into the rule.
    fn configure(_: &Self::Options, _: Defaults<'_>, _: &mut Rule) -> Vec<OptionProblem> {
        Vec::new()
    }

    /// Whether it has something to say of such content.
    fn applies(options: &Self::Options, rule: &Rule, content: &Content<'_>) -> bool;

    /// How much past it needs.
    fn needs(_: &Self::Options, _: &Rule) -> Span {
        Span(0)
    }

    /// What to draw over a graph.
    fn overlay(_: &Self::Options, _: &Rule) -> Vec<LimitBand> {
        Vec::new()
    }

    /// What it says; asked only where it applies and there is something to judge.
    fn judge(options: &Self::Options, evidence: &Evidence<'_>) -> Ruling;
}

/// The options of a check without any.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct NoOptions {}

/// What a view gives its checks where the board gives nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults<'a> {
    /// The warning limit.
    pub warning: Option<&'a str>,
    /// The critical limit.
    pub critical: Option<&'a str>,
}

/// What is wrong with a key of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionProblem {
    /// A stable word for it, such as "bad-threshold".
    pub code: &'static str,
    /// The key in the panel's table.
    pub key: &'static str,
    /// Whether the board can be used nevertheless.
    pub is_warning: bool,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// What to do about it, where the message does not say so.
    pub help: Option<String>,
}

/// The worst of them, since the earliest of the worst; unknown when there is none.
pub(super) fn worst(all: impl Iterator<Item = Judgement>) -> Judgement {
    all.reduce(Judgement::or_worse).unwrap_or(Judgement::new(Status::Unknown))
}
