//! What can be read on a wall: how high letters appear from where somebody stands.

use super::length::Length;

/// The least height at which letters are read, in arc minutes. Source: ISO 9241-3 (16 at least, 20 to 22 preferred).
pub const LEAST: f64 = 16.0;
/// The part of its row that a capital of a terminal's font fills.
pub const CAPITAL: f64 = 0.58;
/// The height of a screen of 16 to 9, as a part of its diagonal.
const HEIGHT: f64 = 0.490_3;

/// A screen of 16 to 9, the rows on it, and from where it is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wall {
    /// Its diagonal.
    pub screen: Length,
    /// From where it is read.
    pub distance: Length,
    /// Rows of the terminal, which fills the screen.
    pub rows: u16,
}

impl Wall {
    /// The height of a row, in millimetres.
    pub fn row(&self) -> f64 {
        self.screen.millimetres * HEIGHT / f64::from(self.rows.max(1))
    }

    /// How high letters of so many rows appear, in arc minutes.
    pub fn arc_minutes(&self, letter_rows: f64) -> f64 {
        (self.row() * letter_rows / self.distance.millimetres).atan().to_degrees() * 60.0
    }

    /// From how far letters of so many rows are read, in metres.
    pub fn reach(&self, letter_rows: f64) -> f64 {
        self.row() * letter_rows / (LEAST / 60.0).to_radians().tan() / 1000.0
    }

    /// With how many rows at most letters of so many rows are read from there.
    pub fn most_rows(&self, letter_rows: f64) -> u16 {
        let height = self.screen.millimetres * HEIGHT * letter_rows;
        (height / (self.distance.millimetres * (LEAST / 60.0).to_radians().tan())) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_row_are_not_read_from_five_metres_and_large_numbers_are() {
        let wall = |rows| Wall { screen: "55in".parse().unwrap(), distance: "5m".parse().unwrap(), rows };
        let tenths = |rows, letter_rows| (wall(rows).arc_minutes(letter_rows) * 10.0).round() as i64;
        let cases = [tenths(50, CAPITAL), tenths(24, CAPITAL), tenths(50, 2.5), tenths(50, 3.5)];
        assert_eq!(cases, [55, 114, 235, 330]);
        let most = wall(50).most_rows(CAPITAL);
        assert!(wall(most).arc_minutes(CAPITAL) >= LEAST && wall(most + 1).arc_minutes(CAPITAL) < LEAST, "{most}");
        assert!((wall(50).reach(CAPITAL) - 1.7).abs() < 0.05);
    }
}
