//! The checks: rules that judge what a panel has to show. A check is one file, and one line in the list below.
//!
//! A check looks at the evidence of one moment. What it has to follow over time it follows answer by answer
//! ([`super::checks`]), so that a second costs the same however long the past is.

use schemars::Schema;
use serde_json::Value;

use super::evidence::{Defaults, Evidence, Judge, OptionProblem, Ruling};
use super::rule::Rule;
use crate::model::judgement::{Content, LimitBand};
use crate::model::time::Span;

macro_rules! checks {
    ($($check:ident in $file:ident,)+) => {
        $(mod $file;)+

        /// Every kind of check.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Check {
            $(#[doc = concat!("See `eval/check/", stringify!($file), ".rs`.")] $check,)+
        }

        /// What the table of a panel says to each check.
        #[derive(Debug, Clone, Default)]
        pub struct Options {
            $($file: <$file::$check as Judge>::Options,)+
        }

        /// The keys of each check.
        pub static KEYS: &[Keys] = &[$(Keys {
            schema: || schemars::schema_for!(<$file::$check as Judge>::Options),
            read: |value, options| {
                options.$file = serde_path_to_error::deserialize(value)?;
                Ok(())
            },
        },)+];

        impl Options {
            /// Puts what they say into the rule of a panel; what is wrong with them.
            pub fn configure(&self, defaults: Defaults<'_>, rule: &mut Rule) -> Vec<OptionProblem> {
                let mut problems = Vec::new();
                $(problems.extend($file::$check::configure(&self.$file, defaults, rule));)+
                problems
            }
        }

        impl Check {
            /// All of them.
            const ALL: &[Self] = &[$(Self::$check,)+];

            fn applies(self, options: &Options, rule: &Rule, content: &Content<'_>) -> bool {
                match self { $(Self::$check => $file::$check::applies(&options.$file, rule, content),)+ }
            }

            fn needs(self, options: &Options, rule: &Rule) -> Span {
                match self { $(Self::$check => $file::$check::needs(&options.$file, rule),)+ }
            }

            fn overlay(self, options: &Options, rule: &Rule) -> Vec<LimitBand> {
                match self { $(Self::$check => $file::$check::overlay(&options.$file, rule),)+ }
            }

            pub(super) fn judge(self, options: &Options, evidence: &Evidence<'_>) -> Ruling {
                match self { $(Self::$check => $file::$check::judge(&options.$file, evidence),)+ }
            }
        }
    };
}

/// The keys of a check.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// Their schema.
    pub schema: fn() -> Schema,
    /// Reads them.
    pub read: fn(&Value, &mut Options) -> Result<(), serde_path_to_error::Error<serde_json::Error>>,
}

checks! {
    Threshold in threshold,
    BuildResults in build_results,
    LastDeploys in last_deploys,
    RowStatuses in row_statuses,
}

/// The checks that have something to say of such content.
pub(super) fn applying(options: &Options, rule: &Rule, content: &Content<'_>) -> Vec<Check> {
    Check::ALL.iter().copied().filter(|check| check.applies(options, rule, content)).collect()
}

/// How much past the checks of a rule need.
pub fn needs(options: &Options, rule: &Rule) -> Span {
    Check::ALL.iter().map(|check| check.needs(options, rule)).max().unwrap_or_default()
}

/// What the checks of a rule draw over a graph.
pub(super) fn overlay(options: &Options, rule: &Rule) -> Vec<LimitBand> {
    Check::ALL.iter().flat_map(|check| check.overlay(options, rule)).collect()
}
