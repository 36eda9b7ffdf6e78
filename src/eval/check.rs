//! The checks: rules that judge what a panel has to show. A check is one file, and one line in the list below.
//!
//! A check looks at the evidence of one moment. What it has to follow over time it follows answer by answer
//! ([`super::checks`]), so that a second costs the same however long the past is.

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
trait Judge {
    /// Whether it has something to say of such content.
    fn applies(rule: &Rule, content: &Content<'_>) -> bool;

    /// How much past it needs.
    fn needs(rule: &Rule) -> Span;

    /// What to draw over a graph.
    fn overlay(rule: &Rule) -> Vec<LimitLine>;

    /// What it says; asked only where it applies and there is something to judge.
    fn judge(evidence: &Evidence<'_>) -> Ruling;
}

macro_rules! checks {
    ($($check:ident in $file:ident,)+) => {
        $(mod $file;)+

        /// Every kind of check.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Check {
            $(#[doc = concat!("See `eval/check/", stringify!($file), ".rs`.")] $check,)+
        }

        impl Check {
            /// All of them.
            const ALL: &[Self] = &[$(Self::$check,)+];

            fn applies(self, rule: &Rule, content: &Content<'_>) -> bool {
                match self { $(Self::$check => $file::$check::applies(rule, content),)+ }
            }

            fn needs(self, rule: &Rule) -> Span {
                match self { $(Self::$check => $file::$check::needs(rule),)+ }
            }

            fn overlay(self, rule: &Rule) -> Vec<LimitLine> {
                match self { $(Self::$check => $file::$check::overlay(rule),)+ }
            }

            pub(super) fn judge(self, evidence: &Evidence<'_>) -> Ruling {
                match self { $(Self::$check => $file::$check::judge(evidence),)+ }
            }
        }
    };
}

checks! {
    Threshold in threshold,
    BuildResults in build_results,
    Deploys in deploys,
}

/// The checks that have something to say of such content.
pub(super) fn applying<'c>(rule: &'c Rule, content: &'c Content<'_>) -> impl Iterator<Item = Check> + use<'c> {
    Check::ALL.iter().copied().filter(move |check| check.applies(rule, content))
}

/// How much past the checks of a rule need.
pub(super) fn needs(rule: &Rule) -> Span {
    Check::ALL.iter().map(|check| check.needs(rule)).max().unwrap_or_default()
}

/// What the checks of a rule draw over a graph.
pub(super) fn overlay(rule: &Rule) -> Vec<LimitLine> {
    Check::ALL.iter().flat_map(|check| check.overlay(rule)).collect()
}

/// The worst of them, since the earliest of the worst; unknown when there is none.
pub(super) fn worst(all: impl Iterator<Item = Judgement>) -> Judgement {
    all.reduce(Judgement::or_worse).unwrap_or(Judgement::of(Status::Unknown))
}
