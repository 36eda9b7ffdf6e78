//! What a panel is given.

use crate::model::event::Event;
use crate::model::format::{Format, Written};
use crate::model::judgement::{Content, JudgedSeries, LimitBand};
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp, Zone};
use crate::model::unit::Unit;

/// What a panel is given to look at.
#[derive(Debug, Clone)]
pub struct PanelInput<'a> {
    /// What is shown, judged.
    pub content: Content<'a>,
    /// The status of the panel as a whole.
    pub status: Status,
    /// What the numbers mean.
    pub unit: &'a Unit,
    /// How many decimals the numbers have, where the board says so.
    pub decimals: Option<u8>,
    /// Lines to draw over a chart.
    pub limits: Vec<LimitBand>,
    /// This moment.
    pub now: Timestamp,
    /// How much past is shown.
    pub window: Span,
    /// The pause between two polls: a longer one without a point is a gap.
    pub refresh: Span,
    /// The time zone of the screen.
    pub zone: &'a Zone,
    /// The service it is about.
    pub service: Option<&'a str>,
    /// The environment it is about.
    pub environment: Option<&'a str>,
    /// What happened within the window, to what the panel is about; oldest first.
    pub events: Vec<&'a Event>,
}

#[cfg(test)]
impl<'a> PanelInput<'a> {
    /// Content alone, in the zone of Greenwich, for tests.
    pub(crate) fn alone(content: Content<'a>, now: Timestamp, zone: &'a Zone) -> Self {
        Self {
            content,
            status: Status::Ok,
            unit: &Unit::None,
            decimals: None,
            limits: Vec::new(),
            now,
            window: Span(1000),
            refresh: Span(10),
            zone,
            service: None,
            environment: None,
            events: Vec::new(),
        }
    }
}

impl PanelInput<'_> {
    /// How its numbers are written.
    pub fn format(&self) -> Format {
        Format { unit: self.unit.clone(), decimals: self.decimals }
    }

    /// A value in the panel's unit, or a dash where there is none.
    pub fn text(&self, value: Option<f64>) -> String {
        self.format().written(value, self.now).short.text()
    }

    /// The values of series that stand beside each other, in one precision.
    pub fn texts(&self, series: &[JudgedSeries<'_>]) -> Vec<Written> {
        let values: Vec<Option<f64>> = series.iter().map(|one| one.value).collect();
        self.format().all_written(&values, self.now)
    }
}
