//! What came of what was sent to a listener: how much was taken, how much was not, why, and whose it was.

use std::collections::BTreeMap;

use crate::model::table::{Cell, Table};
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// How long a loss is reported after the last of its kind.
const SPOKEN_OF: Span = Span::seconds(300);
/// Most names that are counted at once; a name that has been seen less makes room for a new one.
const MAX_NAMES: usize = 64;
/// Longest name kept, in characters.
const MAX_NAME: usize = 60;
/// Names that are told.
const TOLD: usize = 3;

/// Why something was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// It cannot be read.
    Bad,
    /// It would be one series more than there may be.
    OverLimit,
    /// It came faster than it could be read.
    Dropped,
}

impl Loss {
    /// All of them, the worst first.
    pub const ALL: [Self; 3] = [Self::Dropped, Self::OverLimit, Self::Bad];

    /// The word in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bad => "bad",
            Self::OverLimit => "over the limit",
            Self::Dropped => "dropped",
        }
    }
}

/// The counts of one listener, since it began.
#[derive(Debug, Default)]
pub struct Counts {
    received: u64,
    losses: BTreeMap<Loss, Lost>,
}

#[derive(Debug, Default)]
struct Lost {
    count: u64,
    last: Timestamp,
    /// Why, the last time.
    why: String,
    names: BTreeMap<String, u64>,
}

impl Counts {
    /// So many things have come, whatever becomes of them.
    pub const fn received(&mut self, count: u64) {
        self.received += count;
    }

    /// So many were not taken, why, and under which name they came; empty where they have none.
    pub fn lost(&mut self, loss: Loss, count: u64, (name, why): (&str, &str), now: Timestamp) {
        let lost = self.losses.entry(loss).or_default();
        lost.count += count;
        lost.last = now;
        why.clone_into(&mut lost.why);
        let name: String = name.chars().take(MAX_NAME).collect();
        if name.is_empty() {
            return;
        }
        if !lost.names.contains_key(&name) && lost.names.len() == MAX_NAMES {
            // Space-Saving (Metwally, Agrawal, El Abbadi 2005): the newcomer inherits the least count, so that a name
            // that comes often is found however many there are.
            let least = lost.names.iter().min_by_key(|(_, count)| **count).map(|(name, count)| (name.clone(), *count));
            if let Some((least, inherited)) = least {
                lost.names.remove(&least);
                lost.names.insert(name, inherited + count);
            }
            return;
        }
        *lost.names.entry(name).or_default() += count;
    }

    /// Everything that has come, whatever became of it.
    pub const fn all(&self) -> u64 {
        self.received
    }

    /// How much was lost in a way, and the names that it came under most.
    pub fn of(&self, loss: Loss) -> (u64, Vec<&str>) {
        self.losses.get(&loss).map_or((0, Vec::new()), |lost| (lost.count, lost.most_frequent()))
    }

    /// What was lost lately, in a sentence, and whether numbers are too low because of it. None where nothing was.
    pub fn said(&self, now: Timestamp) -> Option<(String, bool)> {
        let lately = |loss: &Loss| self.losses.get(loss).filter(|lost| lost.last.age_at(now) < SPOKEN_OF);
        let words = Loss::ALL.iter().filter_map(|loss| Some((*loss, lately(loss)?))).map(|(loss, lost)| {
            let names = lost.most_frequent().join(", ");
            let names = if names.is_empty() { names } else { format!(" ({names})") };
            format!("{} {}{names}: {}", lost.count, loss.word(), lost.why)
        });
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| (words.join("; "), lately(&Loss::Dropped).is_some()))
    }
}

impl Counts {
    /// The counts as rows: what, where, how many. `heads` come before what was lost in these ways.
    pub fn table(&self, heads: &[(&str, &str, u64)], losses: &[Loss]) -> Table {
        let row = |what: &str, place: &str, count: u64| {
            vec![Cell::Text(what.into()), Cell::Text(SafeText::new(place)), Cell::Number(count as f64)]
        };
        let heads = heads.iter().map(|(what, place, count)| row(what, place, *count));
        let lost = losses.iter().map(|loss| {
            let (count, names) = self.of(*loss);
            row(loss.word(), &names.join(", "), count)
        });
        Table {
            columns: ["what", "where", "count"].map(SafeText::from).to_vec(),
            rows: heads.chain(lost).collect(),
            own: Vec::new(),
        }
    }
}

impl Lost {
    fn most_frequent(&self) -> Vec<&str> {
        let mut names: Vec<(&String, &u64)> = self.names.iter().collect();
        names.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        names.into_iter().take(TOLD).map(|(name, _)| name.as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_names_are_told_among_names_without_end() {
        let mut counts = Counts::default();
        for n in 0..10_000 {
            let name = match n % 10 {
                0..5 => "often".to_owned(),
                5..7 => "sometimes".to_owned(),
                _ => format!("once-{n}"),
            };
            counts.lost(Loss::OverLimit, 1, (&name, "there are 1000 series"), Timestamp(n));
        }
        let (count, names) = counts.of(Loss::OverLimit);
        assert_eq!((count, &names[..2]), (10_000, &["often", "sometimes"][..]));
        assert_eq!(counts.losses[&Loss::OverLimit].names.len(), MAX_NAMES);
    }

    #[test]
    fn a_loss_is_told_for_a_while() {
        let mut counts = Counts::default();
        assert_eq!(counts.said(Timestamp(0)), None);
        counts.lost(Loss::Bad, 2, ("shop", "no type"), Timestamp(0));
        assert_eq!(counts.said(Timestamp(1)), Some(("2 bad (shop): no type".to_owned(), false)));
        counts.lost(Loss::Dropped, 7, ("", "they came too fast"), Timestamp(1000));
        let both = "7 dropped: they came too fast; 2 bad (shop): no type";
        assert_eq!(counts.said(Timestamp(2000)), Some((both.to_owned(), true)));
        assert_eq!(counts.said(Timestamp(1000).plus(SPOKEN_OF)), None);
    }
}
