//! How much is worked out at most: a calendar may be made so that its rules take forever.

/// What is worked out for one calendar: days compared, times listed, moments counted.
const MOST_EFFORT: i64 = 10_000_000;
/// What is worked out for one entry.
const MOST_OF_AN_ENTRY: i64 = 1_000_000;

/// What may still be worked out.
#[derive(Debug)]
pub(super) struct Effort {
    left: i64,
    of_entry: i64,
}

/// It takes too much, or comes too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Effort {
    /// As much as one calendar may take.
    pub(super) const fn of_a_calendar() -> Self {
        Self { left: MOST_EFFORT, of_entry: MOST_OF_AN_ENTRY }
    }

    /// From here on another entry is worked out.
    pub(super) const fn next_entry(&mut self) {
        self.of_entry = MOST_OF_AN_ENTRY;
    }

    pub(super) const fn spend(&mut self, steps: i64) -> Result<(), TooMuch> {
        self.left -= steps;
        self.of_entry -= steps;
        if self.left < 0 || self.of_entry < 0 { Err(TooMuch) } else { Ok(()) }
    }
}
