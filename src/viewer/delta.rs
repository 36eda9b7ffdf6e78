//! What differs between the picture that an output shows and the next one.

use std::sync::Arc;

use ratatui::buffer::{Buffer, Cell};

use crate::model::text::SafeText;
use crate::render::Frame;

/// What is reported once, besides the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Whether the bell rings.
    pub bell: bool,
    /// What the desktop behind the terminal shows.
    pub desktop: Option<SafeText>,
}

/// What an output has to do so that it shows what its viewer sees.
#[derive(Debug, Clone)]
pub struct Delta {
    /// What it shows now; `None` where every cell is to be written.
    pub(super) before: Option<Arc<Frame>>,
    pub(super) after: Arc<Frame>,
    /// What is to be told once, by the bell or the desktop.
    pub ring: Option<Signal>,
}

impl Delta {
    /// What leads from one picture to another, for tests.
    #[cfg(test)]
    pub(crate) fn of(before: Option<Buffer>, after: Buffer) -> Self {
        let frame = |buffer| {
            Arc::new(Frame { buffer, arrangement: crate::view::arrange::Arrangement::default(), tabs: Vec::new() })
        };
        Self { before: before.map(frame), after: frame(after), ring: None }
    }

    /// What the output shows now, of the same size; `None` where every cell is to be written.
    pub fn before(&self) -> Option<&Buffer> {
        let before = self.before.as_ref().map(|frame| &frame.buffer);
        before.filter(|before| before.area == self.after().area)
    }

    /// What it is to show.
    pub fn after(&self) -> &Buffer {
        &self.after.buffer
    }

    /// Whether every cell is to be written.
    pub fn is_whole(&self) -> bool {
        self.before().is_none()
    }

    /// The cells that are to be written, row by row: column, row, cell.
    pub fn cells(&self) -> impl Iterator<Item = (u16, u16, &Cell)> {
        let after = self.after();
        (0..after.area.height).flat_map(move |y| {
            let columns: Vec<u16> = match self.before() {
                Some(before) => changed_columns(before, after, y).collect(),
                None => (0..after.area.width).collect(),
            };
            columns.into_iter().filter_map(move |x| Some((x, y, after.cell((x, y))?)))
        })
    }
}

/// The columns of a row in which two pictures of one size differ, from left to right.
pub fn changed_columns<'a>(before: &'a Buffer, after: &'a Buffer, y: u16) -> impl Iterator<Item = u16> + 'a {
    (0..after.area.width).filter(move |x| before.cell((*x, y)) != after.cell((*x, y)))
}
