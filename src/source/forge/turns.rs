//! Turns: one thing after the other is asked about, as many in a poll as its budget allows.
//!
//! ```text
//! turns.begin(keys);
//! while let Some(key) = turns.next_turn() {
//!     let came = self.ask(&key, moment).await;
//!     turns.take(&key, &name, came)?;
//! }
//! let all = turns.answers()?;
//! ```

use std::collections::{HashMap, VecDeque};

use super::budget::is_out_of_time;
use super::faults::{NOT_THERE, is_about_one, is_gone};
use super::gaps::Gaps;
use super::progress::Progress;
use crate::model::fault::{FetchError, Reason};
use crate::model::text::SafeText;

/// Turns over many repositories, with the last answer of each and the reason why some have none.
#[derive(Debug)]
pub(crate) struct Turns<T> {
    /// What they are: "repositories".
    what: &'static str,
    /// The words for an error about one of them.
    meaning: fn(&FetchError) -> String,
    /// `None` for one of which nothing is known.
    progress: Progress<Option<T>>,
    /// In the order of the alphabet.
    keys: Vec<String>,
    /// Who has no turn in this poll yet.
    queue: VecDeque<String>,
    /// How many turns this poll has had.
    had: usize,
    /// Why nothing is known of some.
    errors: HashMap<String, FetchError>,
}

impl<T> Turns<T> {
    /// Nobody has been asked. `what` is the word for them: "repositories"; `meaning` says what an error about one
    /// of them means.
    pub(crate) fn over(what: &'static str, meaning: fn(&FetchError) -> String) -> Self {
        Self {
            what,
            meaning,
            progress: Progress::default(),
            keys: Vec::new(),
            queue: VecDeque::new(),
            had: 0,
            errors: HashMap::new(),
        }
    }

    /// Begins a poll about these.
    pub(crate) fn begin(&mut self, mut keys: Vec<String>) {
        (self.queue, self.had) = (self.progress.begin(&keys).into(), 0);
        keys.sort_unstable();
        self.keys = keys;
        let keys = &self.keys;
        self.errors.retain(|key, _| keys.binary_search(key).is_ok());
    }

    /// Who is asked next in this poll; none when all had a turn, or the budget is spent.
    pub(crate) fn next_turn(&mut self) -> Option<String> {
        self.queue.pop_front()
    }

    /// Takes what came of a turn; `name` is for the log. An error is about more than this one.
    pub(crate) fn take(&mut self, key: &str, name: &str, came: Result<T, FetchError>) -> Result<(), FetchError> {
        self.had += 1;
        match came {
            Ok(answer) => {
                self.errors.remove(key);
                self.progress.learn(key, Some(answer));
            }
            Err(error) if is_out_of_time(&error) => self.end_poll(key),
            Err(error) if is_gone(&error) => self.miss(key, name, FetchError::new(error.reason, NOT_THERE)),
            Err(error) if is_about_one(&error) => self.keep_for_a_while(key, name, error),
            // The key does not matter: the server answers none of them now.
            Err(error) => {
                self.progress.ask(key);
                return Err(error);
            }
        }
        Ok(())
    }

    /// The budget is spent. Whoever came late to it begins the next poll; whoever had all of it and needs more lets
    /// the others go first. (What was found out so far is known next time.)
    fn end_poll(&mut self, key: &str) {
        if self.had == 1 {
            self.progress.ask(key);
        }
        self.queue.clear();
    }

    /// What is known of one counts for some polls more; of one of which nothing was known the newest reason does.
    fn keep_for_a_while(&mut self, key: &str, name: &str, error: FetchError) {
        tracing::debug!("{}", about(name, &error));
        self.progress.ask(key);
        if self.progress.recent(key).is_none_or(Option::is_none) {
            self.miss(key, name, error);
        }
    }

    /// Notes why nothing is known of one; each reason is logged once.
    fn miss(&mut self, key: &str, name: &str, error: FetchError) {
        if self.errors.get(key).is_none_or(|before| before.reason != error.reason) {
            tracing::warn!("{}", about(name, &error));
        }
        self.errors.insert(key.to_owned(), error);
        self.progress.learn(key, None);
    }

    /// All of them, in the order of the alphabet.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Whether one has turns.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.keys.binary_search_by(|own| own.as_str().cmp(key)).is_ok()
    }

    /// The last answer of one, however old.
    pub(crate) fn last(&self, key: &str) -> Option<&T> {
        self.progress.last(key)?.as_ref()
    }

    /// Why nothing is known of one, in words for the board.
    pub(crate) fn why(&self, key: &str) -> String {
        self.errors.get(key).map_or_else(|| NOT_THERE.to_owned(), self.meaning)
    }

    /// The last answer of each, in the order of the alphabet; `None` for one of which nothing is known. An error
    /// while some have not been asked, or not for long.
    pub(crate) fn answers(&self) -> Result<Vec<(&str, Option<&T>)>, FetchError> {
        let answers = self.progress.whole(&self.keys, self.what)?;
        Ok(self.keys.iter().map(String::as_str).zip(answers.into_iter().map(Option::as_ref)).collect())
    }

    /// The same without those of which nothing is known; when that is all of them, the reason of the first.
    pub(crate) fn all_known(&self) -> Result<Vec<(&str, &T)>, FetchError> {
        let all = self.answers()?;
        let known: Vec<(&str, &T)> = all.iter().filter_map(|(key, answer)| Some((*key, (*answer)?))).collect();
        match all.first() {
            Some((first, _)) if known.is_empty() => {
                let unknown = || FetchError::new(Reason::Http(404), NOT_THERE);
                Err(self.errors.get(*first).cloned().unwrap_or_else(unknown))
            }
            _ => Ok(known),
        }
    }

    /// Those of which nothing is known, each with the reason.
    pub(crate) fn missing(&self) -> impl Iterator<Item = (&str, String)> {
        let is_missing = |key: &&String| self.progress.last(key).is_some_and(Option::is_none);
        self.keys.iter().filter(is_missing).map(|key| (key.as_str(), self.why(key)))
    }

    /// The same as the gaps of an answer, each by its name.
    pub(crate) fn gaps<'a>(&'a self, name: impl Fn(&'a str) -> &'a str) -> Gaps {
        let mut gaps = Gaps::default();
        for (key, why) in self.missing() {
            gaps.add(name(key), &why);
        }
        gaps
    }
}

/// An error with the name of what it is about.
fn about(name: &str, error: &FetchError) -> SafeText {
    SafeText::new(format!("{name}: {error}").trim_end_matches(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::{AuthFault, Phase};
    use crate::model::telemetry::Telemetry;
    use crate::source::forge::faults::meaning;

    fn turns(keys: &[&str]) -> Turns<u8> {
        let mut turns = Turns::over("repositories", meaning);
        begin(&mut turns, keys);
        turns
    }

    fn begin(turns: &mut Turns<u8>, keys: &[&str]) {
        turns.begin(keys.iter().map(|key| (*key).to_owned()).collect());
    }

    fn take(turns: &mut Turns<u8>, key: &str, came: Result<u8, FetchError>) {
        assert_eq!(turns.take(key, key, came), Ok(()), "{key}");
    }

    fn late() -> Result<u8, FetchError> {
        Err(Reason::Timeout(Phase::Run).into())
    }

    /// One poll that has time for so many; says who had a turn, the last of them without an answer.
    fn poll(turns: &mut Turns<u8>, keys: &[&str], most: usize) -> String {
        begin(turns, keys);
        let mut had = Vec::new();
        while let Some(key) = turns.next_turn() {
            let came = if had.len() < most { Ok(7) } else { late() };
            take(turns, &key, came);
            had.push(key);
        }
        had.join(" ")
    }

    #[test]
    fn a_poll_goes_on_where_the_one_before_it_ended() {
        let keys = ["a", "b", "c", "d", "e"];
        let mut turns = turns(&keys);
        let all: Vec<String> = (0..4).map(|_| poll(&mut turns, &keys, 2)).collect();
        assert_eq!(all, ["a b c", "c d e", "e a b", "b c d"]);
        let mut turns = self::turns(&["c", "a", "b"]);
        assert_eq!(poll(&mut turns, &["c", "a", "b"], 1), "c a");
        let error = turns.answers().unwrap_err().to_string();
        assert_eq!(error, "timeout: asked 1 of 3 repositories so far; a longer refresh or timeout helps");
    }

    #[test]
    fn one_more_than_a_poll_has_time_for_has_its_turn_in_the_next() {
        let keys = ["a", "b", "c"];
        let mut turns = turns(&keys);
        assert_eq!(poll(&mut turns, &keys, 2), "a b c");
        assert!(turns.answers().is_err());
        assert_eq!(poll(&mut turns, &keys, 2), "c a b");
        assert_eq!(turns.answers(), Ok(vec![("a", Some(&7)), ("b", Some(&7)), ("c", Some(&7))]));
    }

    #[test]
    fn one_that_needs_more_than_a_whole_poll_lets_the_others_go_first() {
        let keys = ["a", "b"];
        let mut turns = turns(&keys);
        assert_eq!(poll(&mut turns, &keys, 0), "a");
        assert_eq!(poll(&mut turns, &keys, 1), "b a");
        assert_eq!(poll(&mut turns, &keys, 0), "a");
        assert_eq!(poll(&mut turns, &keys, 1), "b a");
    }

    #[test]
    fn a_failure_of_one_leaves_the_others_their_turns_and_what_is_known_of_it() {
        let keys = ["a", "b"];
        let mut turns = turns(&keys);
        take(&mut turns, "a", Ok(1));
        take(&mut turns, "b", Ok(2));
        let broken = || Err(FetchError::new(Reason::Http(500), "Oops"));
        for _ in 0..3 {
            begin(&mut turns, &keys);
            take(&mut turns, "a", broken());
            take(&mut turns, "b", Ok(3));
            assert_eq!(turns.answers(), Ok(vec![("a", Some(&1)), ("b", Some(&3))]), "it answered a moment ago");
            assert_eq!(turns.missing().count(), 0);
        }
        begin(&mut turns, &keys);
        take(&mut turns, "a", broken());
        take(&mut turns, "b", Ok(3));
        assert_eq!(turns.answers(), Ok(vec![("a", None), ("b", Some(&3))]), "and now that is too old");
        assert_eq!(turns.missing().collect::<Vec<_>>(), [("a", "HTTP 500: Oops".to_owned())]);
        let limited = Err(Reason::RateLimited.into());
        assert_eq!(turns.take("a", "a", limited), Err(Reason::RateLimited.into()), "that is about all of them");
        begin(&mut turns, &["b"]);
        assert!(!turns.has("a"));
        take(&mut turns, "b", Err(Reason::Http(404).into()));
        assert_eq!(turns.all_known().unwrap_err().to_string(), format!("HTTP 404: {NOT_THERE}"), "gone at once");
    }

    #[test]
    fn what_was_refused_is_a_gap_and_keeps_its_reason() {
        let mut turns = turns(&["a/1", "a/2"]);
        let refused = || Err(FetchError::new(Reason::Auth(AuthFault::Forbidden), "HTTP 403: not for this token"));
        take(&mut turns, "a/1", refused());
        take(&mut turns, "a/2", Ok(2));
        let gaps = |turns: &Turns<u8>| {
            let caveat = turns.gaps(|key| key).mark(Telemetry::Reviews(Vec::new())).split().1;
            caveat.map(|caveat| caveat.text.to_string())
        };
        assert_eq!(gaps(&turns).as_deref(), Some("a/1: not authorised: HTTP 403: not for this token"));
        assert_eq!(turns.all_known(), Ok(vec![("a/2", &2)]));
        begin(&mut turns, &["a/1"]);
        take(&mut turns, "a/1", refused());
        assert_eq!(turns.all_known().unwrap_err().reason, Reason::Auth(AuthFault::Forbidden), "not a 404");
        take(&mut turns, "a/1", Ok(1));
        assert_eq!(gaps(&turns), None);
    }
}
