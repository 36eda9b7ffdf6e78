//! What decides the status of a panel: what it asks, what it takes from the answers, what is good and bad.

use super::expression::Expression;
use super::freshness::FreshnessLimits;
use super::threshold::Thresholds;
use crate::model::event::{EventKind, EventSet};
use crate::model::glob::Globs;
use crate::model::labels::Labels;
use crate::model::poll::QueryId;
use crate::model::text::SafeText;
use crate::model::time::Span;

/// What a query that answers nothing means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Empty {
    /// Nothing is good news.
    Ok,
    /// It stands for this number.
    Value(f64),
}

/// One named query of a panel.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelQuery {
    /// The name that a value expression uses, and that the legend shows; may be empty.
    pub name: String,
    /// Which query.
    pub id: QueryId,
    /// From which age its data is late or stale.
    pub limits: FreshnessLimits,
    /// Whether its only series goes with every series of the other queries.
    pub scalar: bool,
}

/// What a panel takes from the answers to its queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subject {
    /// What they are.
    #[default]
    Answers,
    /// What happened, whatever shape they have.
    Events {
        /// Which.
        set: EventSet,
        /// With what the board itself has noticed.
        noticed: bool,
        /// Its last deploys and its incidents give the panel its status.
        judged: bool,
    },
}

/// Everything that decides a panel's status.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// What it asks.
    pub queries: Vec<PanelQuery>,
    /// Arithmetic over the queries.
    pub value: Option<Expression>,
    /// Its limits.
    pub thresholds: Thresholds,
    /// How many series, builds or rows there should be; without it, those that were there once.
    pub expect: Option<usize>,
    /// How series are named: a text with `{{label}}` in it.
    pub legend: Option<String>,
    /// What an answer with nothing in it means; without it nobody knows.
    pub empty: Option<Empty>,
    /// Names to keep (builds, series); empty keeps all.
    pub keep: Globs,
    /// The column of a table that the limits are for; the last numeric one when empty.
    pub column: String,
    /// How much past is shown.
    pub window: Span,
    /// The service and the environment that what happened has to be about; none for all.
    pub about: (Option<SafeText>, Option<SafeText>),
    /// What is taken from the answers.
    pub subject: Subject,
    /// The places whose deploys it shows: services, and environments; empty for all.
    pub places: (Vec<String>, Vec<String>),
    /// Kinds of events to keep; empty keeps all.
    pub kinds: Vec<EventKind>,
}

impl Rule {
    /// Whether its values are followed from answer to answer.
    pub(super) const fn is_followed(&self) -> bool {
        self.thresholds.is_some() || self.value.is_some()
    }

    /// Whether a name is kept.
    pub(super) fn keeps(&self, name: &SafeText) -> bool {
        self.keep.keep(name.as_str())
    }

    /// Whether a series is kept, by the name that is drawn or by the value of one of its labels: what a name leaves
    /// out depends on who else is there.
    pub(super) fn keeps_series(&self, name: &SafeText, labels: &Labels) -> bool {
        self.keeps(name) || labels.values().any(|value| self.keep.pick(value))
    }

    /// How much past beyond the window its value is computed of.
    pub fn lookback(&self) -> Span {
        self.value.as_ref().map_or(Span(0), |value| value.lookback(self.window))
    }

    /// The queries that its value is computed from.
    pub(super) fn computed_from(&self) -> impl Iterator<Item = &PanelQuery> {
        let names = self.value.as_ref().map(Expression::names).unwrap_or_default();
        self.queries.iter().filter(move |query| names.contains(query.name.as_str()))
    }
}
