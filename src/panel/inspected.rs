//! Long lists that a viewer can look through.

use crate::model::inspection::Inspection;

/// A long list that a viewer can look through. Its newest entry is the last one; rows are counted from there.
pub trait Inspected {
    /// How many rows there are to scroll through.
    fn rows(&self, by: &Inspection) -> usize;

    /// The next row that has what is searched, from a row on, which is not counted itself.
    fn found(&self, by: &Inspection, from: usize, is_older: bool) -> Option<usize>;

    /// The group in a row, where groups are shown.
    fn group(&self, by: &Inspection, row: usize) -> Option<String>;

    /// Whether an entry may take several rows of the screen.
    fn is_wrapped(&self, by: &Inspection) -> bool;

    /// The number of the newest entry.
    fn newest(&self) -> u64;

    /// How many entries have come after the one of a number.
    fn since(&self, number: u64) -> usize;
}
