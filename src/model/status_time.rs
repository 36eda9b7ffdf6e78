//! For how long something was how, in one stretch of time.

use super::time::Timestamp;

/// A stretch of time: the seconds in each status; together they are all of it that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StatusTime {
    /// When it begins.
    pub at: Timestamp,
    /// Seconds in which it was well.
    pub ok: u32,
    /// Seconds of a warning.
    pub warning: u32,
    /// Seconds in which it was critical.
    pub critical: u32,
    /// Seconds in which it could not be judged.
    pub unknown: u32,
    /// Seconds in which nobody looked: the board was not running, or did not have the panel.
    pub not_watched: u32,
}

impl StatusTime {
    /// Of the seconds in each status (ok, warning, critical, unknown), in a stretch of which so many have passed.
    pub fn new(at: Timestamp, statuses: [u32; 4], passed: i64) -> Self {
        let [ok, warning, critical, unknown] = statuses;
        let known: u32 = statuses.iter().fold(0, |sum, one| sum.saturating_add(*one));
        let not_watched = u32::try_from(passed).unwrap_or(0).saturating_sub(known);
        Self { at, ok, warning, critical, unknown, not_watched }
    }

    /// Seconds in which its status was known.
    pub const fn known(&self) -> u32 {
        self.ok + self.warning + self.critical
    }
}

/// Which part of the time in which the status was known it was not critical, from 0 to 1; none where it never was known.
pub fn uptime(all: &[StatusTime]) -> Option<f64> {
    let sum = |seconds: fn(&StatusTime) -> u32| all.iter().map(|one| f64::from(seconds(one))).sum::<f64>();
    let known = sum(StatusTime::known);
    (known > 0.0).then(|| 1.0 - sum(|one| one.critical) / known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_which_nothing_is_known_is_neither_up_nor_down() {
        let day = |statuses| StatusTime::new(Timestamp(0), statuses, 100);
        assert_eq!(day([50, 0, 10, 20]).not_watched, 20);
        assert_eq!(uptime(&[day([50, 20, 10, 20]), day([20, 0, 0, 0])]), Some(0.9));
        assert_eq!(uptime(&[day([0, 0, 0, 100]), day([0; 4])]), None);
    }
}
