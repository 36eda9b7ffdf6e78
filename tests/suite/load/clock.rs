//! The clock in the header of a picture: it says to which second of the board a picture belongs.

/// From this size on the clock is large, and its seconds are in the third line.
const LARGE: (u16, u16) = (140, 36);

/// The seconds of the clock: the last two characters before the right border.
pub struct Clock {
    pub row: u32,
    column: u32,
    digits: [char; 2],
}

impl Clock {
    pub fn of((columns, rows): (u16, u16)) -> Self {
        let row = if columns >= LARGE.0 && rows >= LARGE.1 { 2 } else { 0 };
        Self { row, column: u32::from(columns) - 3, digits: [' '; 2] }
    }

    /// Looks at a part of its row, which begins at a column.
    pub fn look(&mut self, column: u32, text: &str) {
        for (column, character) in (column..).zip(text.chars()) {
            let digit = column.checked_sub(self.column).and_then(|n| self.digits.get_mut(n as usize));
            if let Some(digit) = digit {
                *digit = character;
            }
        }
    }

    /// The whole second: the last one that ends with these digits.
    pub fn second(&self) -> i64 {
        let digits: String = self.digits.iter().collect();
        let seconds: i64 = digits.parse().unwrap_or_else(|_| panic!("{digits:?} are not the seconds of a clock"));
        let now = andon::model::time::now().0.div_euclid(1000);
        now - (now - seconds).rem_euclid(60)
    }
}
