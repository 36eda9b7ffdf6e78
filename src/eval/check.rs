//! The checks: rules that judge what a panel has to show. A check is one file, and one line in the list below.
//!
//! A check looks at the evidence of one moment. What it has to follow over time it follows answer by answer
//! ([`super::checks`]), so that a second costs the same however long the past is.

use super::evidence::{Evidence, Judge, Ruling};
use super::rule::Rule;
use crate::model::judgement::{Content, LimitLine};
use crate::model::time::Span;

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
    LastDeploys in last_deploys,
}

/// The checks that have something to say of such content.
pub(super) fn applying<'c>(rule: &'c Rule, content: &'c Content<'_>) -> impl Iterator<Item = Check> + use<'c> {
    Check::ALL.iter().copied().filter(move |check| check.applies(rule, content))
}

/// How much past the checks of a rule need.
pub fn needs(rule: &Rule) -> Span {
    Check::ALL.iter().map(|check| check.needs(rule)).max().unwrap_or_default()
}

/// What the checks of a rule draw over a graph.
pub(super) fn overlay(rule: &Rule) -> Vec<LimitLine> {
    Check::ALL.iter().flat_map(|check| check.overlay(rule)).collect()
}
