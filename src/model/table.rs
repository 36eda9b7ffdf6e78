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

/// A table as a source answered it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Column titles.
    pub columns: Vec<SafeText>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
}
