//! Many things that do not fit into one poll: a few are asked for in each.
//!
//! A source with a hundred repositories needs a hundred requests, one after the other, and its poll has an end. So
//! each poll begins with what was asked for longest ago and stops in time, and the answers are kept. The answer of
//! the source is whole while no part of it is older than [`MOST_POLLS`] polls. Until each part has been answered
//! once, and when the polls do not keep up, there is none, but a timeout that says how far it has come.

use std::collections::{HashMap, HashSet};

use crate::model::fault::{FetchError, Phase, Reason};

/// For how many polls more an answer counts.
pub(crate) const MOST_POLLS: u64 = 3;

/// The last answer of each of many things.
#[derive(Debug)]
pub(crate) struct Progress<T> {
    poll: u64,
    known: HashMap<String, Known<T>>,
}

#[derive(Debug)]
struct Known<T> {
    /// The poll in which it was asked for last.
    asked: u64,
    /// The answer, and in which poll it came.
    answer: Option<(u64, T)>,
}

impl<T> Default for Progress<T> {
    fn default() -> Self {
        Self { poll: 0, known: HashMap::new() }
    }
}

impl<T> Progress<T> {
    /// Begins a poll about these things, forgets all others, and says in which order to ask for them:
    /// first what was never asked for, then what was asked for longest ago.
    pub(crate) fn begin(&mut self, keys: &[String]) -> Vec<String> {
        self.poll += 1;
        let wanted: HashSet<&str> = keys.iter().map(String::as_str).collect();
        self.known.retain(|key, _| wanted.contains(key.as_str()));
        let mut order = keys.to_vec();
        // The sort is stable: of those asked for in one poll, the order of the keys.
        order.sort_by_key(|key| self.known.get(key).map_or(0, |known| known.asked));
        order
    }

    /// Notes that a thing is being asked for. Whatever comes of it, the next poll begins with others.
    pub(crate) fn ask(&mut self, key: &str) {
        let poll = self.poll;
        self.known.entry(key.to_owned()).or_insert_with(|| Known { asked: poll, answer: None }).asked = poll;
    }

    /// Takes in the answer of a thing.
    pub(crate) fn learn(&mut self, key: &str, answer: T) {
        self.known.insert(key.to_owned(), Known { asked: self.poll, answer: Some((self.poll, answer)) });
    }

    /// The answers of these things, in their order, if none is too old; else a timeout that says how far it
    /// has come. `what` is the word for them: "projects".
    pub(crate) fn whole(&self, keys: &[String], what: &str) -> Result<Vec<&T>, FetchError> {
        let answers: Vec<&T> = keys.iter().filter_map(|key| self.recent(key)).collect();
        if answers.len() == keys.len() {
            return Ok(answers);
        }
        let detail =
            format!("asked {} of {} {what} so far; a longer refresh or timeout helps", answers.len(), keys.len());
        Err(FetchError::new(Reason::Timeout(Phase::Run), detail))
    }

    /// The last answer of a thing, however old.
    pub(crate) fn last(&self, key: &str) -> Option<&T> {
        Some(&self.known.get(key)?.answer.as_ref()?.1)
    }

    /// The last answer of a thing, unless it is too old.
    pub(crate) fn recent(&self, key: &str) -> Option<&T> {
        let (poll, answer) = self.known.get(key)?.answer.as_ref()?;
        (self.poll - poll <= MOST_POLLS).then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &str) -> Vec<String> {
        names.split(' ').map(str::to_owned).collect()
    }

    /// One poll that gets through so many, with the poll's number for an answer; says whom it asked.
    fn poll(progress: &mut Progress<u64>, all: &[String], most: usize) -> String {
        let order = progress.begin(all);
        for key in order.iter().take(most) {
            progress.ask(key);
            progress.learn(key, progress.poll);
        }
        order.into_iter().take(most).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn those_asked_longest_ago_come_first() {
        let (mut progress, all) = (Progress::default(), keys("a b c d e"));
        let asked: Vec<String> = (0..4).map(|_| poll(&mut progress, &all, 2)).collect();
        assert_eq!(asked, ["a b", "c d", "e a", "b c"]);
    }

    #[test]
    fn it_is_whole_when_all_have_answered_and_says_how_far_it_is_before() {
        let (mut progress, all) = (Progress::default(), keys("a b c"));
        poll(&mut progress, &all, 2);
        let error = progress.whole(&all, "projects").unwrap_err();
        assert_eq!(error.reason, Reason::Timeout(Phase::Run));
        assert_eq!(error.detail.as_str(), "asked 2 of 3 projects so far; a longer refresh or timeout helps");
        poll(&mut progress, &all, 2);
        assert_eq!(progress.whole(&all, "projects"), Ok(vec![&2, &1, &2]), "in the order of the keys");
    }

    #[test]
    fn an_answer_counts_for_some_polls_more() {
        let (mut progress, all) = (Progress::default(), keys("a"));
        poll(&mut progress, &all, 1);
        for _ in 0..MOST_POLLS {
            poll(&mut progress, &all, 0);
            assert!(progress.whole(&all, "projects").is_ok());
        }
        poll(&mut progress, &all, 0);
        assert!(progress.whole(&all, "projects").is_err());
    }

    #[test]
    fn one_that_fails_does_not_stand_in_the_way_and_keeps_its_answer() {
        let (mut progress, all) = (Progress::default(), keys("a b"));
        poll(&mut progress, &all, 2);
        assert_eq!(progress.begin(&all), ["a", "b"]);
        progress.ask("a");
        assert_eq!(progress.begin(&all), ["b", "a"]);
        assert_eq!(progress.whole(&all, "projects"), Ok(vec![&1, &1]));
    }

    #[test]
    fn what_is_no_longer_wanted_is_forgotten_and_nothing_wanted_is_whole() {
        let mut progress = Progress::default();
        poll(&mut progress, &keys("a b"), 2);
        poll(&mut progress, &keys("b"), 0);
        assert_eq!(progress.begin(&keys("a b")), ["a", "b"]);
        assert!(progress.whole(&keys("a"), "projects").is_err());
        assert_eq!(progress.whole(&[], "projects"), Ok(vec![]));
    }
}
