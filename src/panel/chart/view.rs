//! What a chart draws.

use serde::Serialize;

use super::super::changes::Changes;
use super::super::ink::{Ink, Role};
use super::super::marks::axis::{Axis, Wanted};
use super::super::marks::plot::{PATTERNS, density};
use super::super::marks::scale::{Range, Scale};
use super::super::trend::Line;
use crate::model::format::Format;
use crate::model::judgement::LimitBand;
use crate::model::status::Status;
use crate::model::time::{Timestamp, Zone};

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    pub(super) lines: Vec<Line>,
    pub(super) hidden: usize,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) range: Option<Range>,
    pub(super) fixed: (Option<f64>, Option<f64>),
    pub(super) scale: Scale,
    pub(super) stacked: bool,
    pub(super) limits: Vec<LimitBand>,
    pub(super) format: Format,
    pub(super) zone: Zone,
    pub(super) answered: bool,
    pub(super) changes: Changes,
}

impl View {
    /// The axis, and what is written at its ticks: texts that differ from each other.
    pub(super) fn value_axis(&self, data: Range, rows: u16, ink: &Ink) -> (Axis, Vec<String>) {
        let (_, dots) = density(ink.glyphs);
        let wanted = Wanted { data, low: self.fixed.0, high: self.fixed.1, rows, dots };
        let axis = Axis::new(wanted, self.scale, &self.format.unit);
        let values: Vec<f64> = axis.ticks.iter().map(|(_, value)| *value).collect();
        let texts = match self.scale {
            Scale::Linear => self.format.ticks(&values, self.to),
            // Each power of ten in digits of its own.
            Scale::Log => values.iter().map(|value| self.format.written(Some(*value), self.to).short.text()).collect(),
        };
        (axis, texts)
    }

    /// Colour and pattern of a line.
    pub(super) fn look(&self, index: usize, ink: &Ink) -> (Role, u8) {
        match self.lines.as_slice() {
            // A single line takes the colour of its status; of several, colour tells which is which.
            [alone] if alone.status != Status::Ok => (alone.status.into(), 0),
            _ => ink.series(index, PATTERNS),
        }
    }
}
