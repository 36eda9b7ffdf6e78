//! Rows and columns.

use super::text::SafeText;

/// One cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A number, drawn right-aligned in the panel's unit.
    Number(f64),
    /// A text, drawn left-aligned.
    Text(SafeText),
}

impl Cell {
    /// The number in it, if it is one.
    pub const fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

/// A table as a source answered it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Column titles.
    pub columns: Vec<SafeText>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}
