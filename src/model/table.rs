//! Rows and columns.

use serde::{Deserialize, Serialize};

use super::answer::{AnswerKind, Count};
use super::number;
use super::status::Status;
use super::text::SafeText;
use super::time::Timestamp;

/// Most rows of one table.
const MAX_ROWS: usize = 10_000;
/// Most columns of one table.
pub const MAX_COLUMNS: usize = 200;
/// Most cells of one table: rows times columns, however few of them hold something.
pub const MAX_CELLS: usize = 100_000;

/// One cell of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number, drawn right-aligned in the panel's unit.
    Number(#[serde(deserialize_with = "number_or_null")] f64),
    /// A text, drawn left-aligned.
    Text(SafeText),
}

/// JSON has no NaN: a cell without a number is null.
fn number_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Numbers are equal by bits, so that a cell without a number (NaN) equals its copy.
impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.to_bits() == b.to_bits(),
            (Self::Text(a), Self::Text(b)) => a == b,
            _ => false,
        }
    }
}

impl Cell {
    /// The finite number that it is, or that its text is ("95 %"): what limits judge. A text stays a text where
    /// it is drawn, so that "007" or "1.10" keep their digits.
    pub fn number(&self) -> Option<f64> {
        let number = match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => number::read(text.as_str()),
        };
        number.filter(|number| number.is_finite())
    }
}

/// What a source itself says of a row, where the rows are things that somebody has judged already: the panels of
/// another board.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OwnStatus {
    /// How it is; none where nothing judges it, so that nobody knows whether it is well.
    pub status: Option<Status>,
    /// Whether it is late where it comes from: its status is that of its last value.
    pub is_late: bool,
    /// The moment that its oldest datum is of, by our clock; none where it has none.
    pub as_of: Option<Timestamp>,
    /// The latest moment at which it can have become so, by our clock; none when ok, or where nobody knows.
    pub since: Option<Timestamp>,
    /// Why it is so, in half a line; empty when it is ok.
    pub reason: SafeText,
}

/// A table as a source answered it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    /// Column titles.
    pub columns: Vec<SafeText>,
    /// Rows, each as long as `columns`. The first cell names its row; of rows with a status of their own the second is
    /// what they have to say.
    pub rows: Vec<Vec<Cell>>,
    /// What the source itself says of each row; empty where it says nothing, so that only limits can judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<OwnStatus>,
}

impl Table {
    /// What a row is called: its first cell.
    pub fn name_of(&self, row: usize) -> SafeText {
        self.text(row, 0)
    }

    /// What a row has to say: its second cell.
    pub fn value_of(&self, row: usize) -> SafeText {
        self.text(row, 1)
    }

    fn text(&self, row: usize, column: usize) -> SafeText {
        match self.rows.get(row).and_then(|cells| cells.get(column)) {
            Some(Cell::Text(text)) => text.clone(),
            Some(Cell::Number(number)) => SafeText::from(number.to_string()),
            None => SafeText::default(),
        }
    }

    /// The column that limits and the panel's unit are for: the one of this name, and none when there is no
    /// such column. Without a name it is the last one with a number in it; where all are texts
    /// (Elasticsearch's `_cat`), the last one whose texts are all numbers.
    pub fn judged_column(&self, name: &str) -> Option<usize> {
        if !name.is_empty() {
            return self.columns.iter().position(|column| column.as_str() == name);
        }
        let cells = |at: usize| self.rows.iter().filter_map(move |row| row.get(at));
        let has_number = |at: &usize| cells(*at).any(|cell| matches!(cell, Cell::Number(_)));
        let is_read = |at: &usize| !self.rows.is_empty() && cells(*at).all(|cell| cell.number().is_some());
        let all = 0..self.columns.len();
        all.clone().rev().find(has_number).or_else(|| all.rev().find(is_read))
    }
}

impl AnswerKind for Table {
    fn counts(&self) -> Vec<Count> {
        let (rows, columns) = (self.rows.len(), self.columns.len());
        vec![
            Count { what: "rows", is: rows, most: MAX_ROWS },
            Count { what: "columns", is: columns, most: MAX_COLUMNS },
            Count { what: "cells", is: rows * columns, most: MAX_CELLS },
        ]
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: &[&str], rows: &[&[Cell]]) -> Table {
        Table {
            columns: columns.iter().map(|title| SafeText::new(title)).collect(),
            rows: rows.iter().map(|row| row.to_vec()).collect(),
            own: Vec::new(),
        }
    }

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    #[test]
    fn a_cell_with_a_number_as_text_can_be_judged() {
        assert_eq!(Cell::Number(4.0).number(), Some(4.0));
        assert_eq!(text("95 %").number(), Some(95.0));
        for none in [text("DOWN"), text(""), text("nan"), Cell::Number(f64::NAN)] {
            assert_eq!(none.number(), None, "{none:?}");
        }
    }

    #[test]
    fn the_judged_column_is_the_named_one_or_the_last_with_numbers() {
        let mixed = table(&["name", "free", "note"], &[&[text("a"), Cell::Number(3.0), text("7")]]);
        assert_eq!(mixed.judged_column(""), Some(1), "a number comes before a text that is one");
        assert_eq!(mixed.judged_column("note"), Some(2));
        assert_eq!(mixed.judged_column("fere"), None, "another column is not judged in its place");
        let texts = table(&["index", "docs", "health"], &[&[text("a"), text("3"), text("green")]]);
        assert_eq!(texts.judged_column(""), Some(1));
        assert_eq!(table(&["a"], &[]).judged_column(""), None);
    }
}
