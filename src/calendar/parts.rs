//! The parts of a rule that are lists of numbers, and what each does at each frequency.
//!
//! Source: RFC 5545, section 3.3.10, its table.

use super::frequency::Frequency;

/// A part of a rule that is a list of numbers, in the order of the RFC's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Month,
    WeekNo,
    YearDay,
    MonthDay,
    Day,
    Hour,
    Minute,
    Second,
    SetPos,
}

impl Part {
    /// How many there are.
    pub(super) const COUNT: usize = TABLE.len();

    /// All of them.
    const ALL: [Self; TABLE.len()] = [
        Self::Month,
        Self::WeekNo,
        Self::YearDay,
        Self::MonthDay,
        Self::Day,
        Self::Hour,
        Self::Minute,
        Self::Second,
        Self::SetPos,
    ];

    /// The part of a key.
    pub(super) fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(&TABLE).find(|(_, row)| row.key == key).map(|(part, _)| part)
    }

    /// What it does at a frequency.
    pub(super) fn effect(self, frequency: Frequency) -> Effect {
        match TABLE.get(self as usize).and_then(|row| row.effects.get(frequency as usize)) {
            Some(b'L') => Effect::Limit,
            Some(b'E') => Effect::Expand,
            _ => Effect::None,
        }
    }

    /// Reads one of its numbers. Who knows no leap seconds reads the 60th as the one before.
    pub(super) fn number(self, text: &str) -> Option<i16> {
        let row = TABLE.get(self as usize)?;
        let number = text.parse::<i16>().ok()?;
        let size = if row.from_end { number.checked_abs()? } else { number };
        let number = if self == Self::Second { number.min(59) } else { number };
        (row.smallest..=row.largest).contains(&size).then_some(number)
    }
}

/// What a part does to what a frequency yields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It has no place there.
    None,
    /// It takes away.
    Limit,
    /// It makes several of one; where the part is missing, it is that of the first date.
    Expand,
}

/// A row of the RFC's table.
struct Row {
    key: &'static str,
    smallest: i16,
    largest: i16,
    /// Whether numbers below zero count from the end.
    from_end: bool,
    /// By frequency, from secondly to yearly: `-`, `L` (limits) or `E` (expands).
    effects: &'static [u8; 7],
}

/// The table of section 3.3.10, in the order of [`Part`].
const TABLE: [Row; 9] = [
    Row { key: "BYMONTH", smallest: 1, largest: 12, from_end: false, effects: b"LLLLLLE" },
    Row { key: "BYWEEKNO", smallest: 1, largest: 53, from_end: true, effects: b"------E" },
    Row { key: "BYYEARDAY", smallest: 1, largest: 366, from_end: true, effects: b"LLL---E" },
    Row { key: "BYMONTHDAY", smallest: 1, largest: 31, from_end: true, effects: b"LLLL-EE" },
    Row { key: "BYDAY", smallest: 1, largest: 53, from_end: true, effects: b"LLLLEEE" },
    Row { key: "BYHOUR", smallest: 0, largest: 23, from_end: false, effects: b"LLLEEEE" },
    Row { key: "BYMINUTE", smallest: 0, largest: 59, from_end: false, effects: b"LLEEEEE" },
    Row { key: "BYSECOND", smallest: 0, largest: 60, from_end: false, effects: b"LEEEEEE" },
    Row { key: "BYSETPOS", smallest: 1, largest: 366, from_end: true, effects: b"LLLLLLL" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_parts_stand_in_one_order() {
        for (index, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part as usize, index);
        }
        assert_eq!(Part::from_key("BYSETPOS"), Some(Part::SetPos));
        assert_eq!(Part::Hour.effect(Frequency::Hourly), Effect::Limit);
        assert_eq!(Part::Hour.effect(Frequency::Daily), Effect::Expand);
        assert_eq!(Part::WeekNo.effect(Frequency::Monthly), Effect::None);
    }
}
