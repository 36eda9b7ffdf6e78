//! Turns over many repositories, as many in a poll as it has time for.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::text::SafeText;
use crate::source::progress::Progress;

/// Turns over many repositories, as many in a poll as it has time for, with the last answer of each.
#[derive(Debug)]
pub(crate) struct Rota<T> {
    /// `None` for a repository that is not there.
    progress: Progress<Option<T>>,
    /// In the order of the alphabet.
    names: Vec<String>,
    queue: VecDeque<String>,
    gone: HashSet<String>,
    /// Why nothing is known of some.
    words: HashMap<String, String>,
}

impl<T> Rota<T> {
    /// Nobody has been asked.
    pub(crate) fn new() -> Self {
        Self {
            progress: Progress::default(),
            names: Vec::new(),
            queue: VecDeque::new(),
            gone: HashSet::new(),
            words: HashMap::new(),
        }
    }

    /// Begins a poll.
    pub(crate) fn begin(&mut self, mut names: Vec<String>) {
        self.queue = self.progress.begin(&names).into();
        names.sort_unstable();
        self.names = names;
    }

    /// Who is asked next in this poll.
    pub(crate) fn turn(&mut self) -> Option<String> {
        self.queue.pop_front()
    }

    /// Takes what came of a turn; false when the time of this poll is used up.
    pub(crate) fn take(&mut self, name: &str, came: Result<T, FetchError>) -> Result<bool, FetchError> {
        match came {
            Ok(answer) => {
                self.gone.remove(name);
                self.words.remove(name);
                self.progress.learn(name, Some(answer));
            }
            // Our own reserve. What it was told so far is known next time; others have their turns first.
            Err(error) if error.reason == Reason::Timeout(Phase::Run) => {
                self.progress.ask(name);
                return Ok(false);
            }
            Err(error) if is_gone(&error) => {
                if self.gone.insert(name.to_owned()) {
                    tracing::warn!(repository = %SafeText::new(name), "{NOT_THERE}");
                }
                self.progress.learn(name, None);
            }
            // About all of them: whoever answers now, answers nothing.
            Err(error) if is_about_all(&error) => {
                self.progress.ask(name);
                return Err(error);
            }
            // About this one: what is known of it counts for a while, and the others have their turns.
            Err(error) => {
                tracing::debug!("{}", about(name, &error));
                self.progress.ask(name);
                if self.progress.recent(name).is_none() {
                    self.words.insert(name.to_owned(), error.to_string());
                    self.progress.learn(name, None);
                }
            }
        }
        Ok(true)
    }

    /// Why nothing is known of a repository, in words for the board.
    pub(crate) fn why(&self, name: &str) -> &str {
        self.words.get(name).map_or(NOT_THERE, String::as_str)
    }

    /// How many repositories there are.
    pub(crate) fn count(&self) -> usize {
        self.names.len()
    }

    /// The last answer of a repository.
    pub(crate) fn last(&self, name: &str) -> Option<&T> {
        self.progress.last(name)?.as_ref()
    }

    /// Whether a repository has turns.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.binary_search_by(|own| own.as_str().cmp(name)).is_ok()
    }

    /// The last answer of every repository, by name; `None` for what is not there. An error while some
    /// have none that is recent.
    pub(crate) fn all(&self) -> Result<Vec<(&str, Option<&T>)>, FetchError> {
        let answers = self.progress.whole(&self.names, "repositories")?;
        Ok(self.names.iter().map(String::as_str).zip(answers.into_iter().map(Option::as_ref)).collect())
    }

    /// The same without those that are not there; an error when none of them is.
    pub(crate) fn all_there(&self) -> Result<Vec<(&str, &T)>, FetchError> {
        let all = self.all()?;
        let there: Vec<(&str, &T)> = all.iter().filter_map(|(name, answer)| Some((*name, (*answer)?))).collect();
        if there.is_empty() && !all.is_empty() {
            return Err(FetchError::new(Reason::Http(404), NOT_THERE));
        }
        Ok(there)
    }
}

/// What is said of a repository that the server does not know, or does not show us.
pub(crate) const NOT_THERE: &str = "not found: renamed, deleted, or not allowed";

/// Whether something is not there, as far as we are told.
pub(crate) const fn is_gone(error: &FetchError) -> bool {
    matches!(error.reason, Reason::Http(404 | 410 | 451))
}

/// Whether an error is about the server, or about our right to ask at all. (A 403 is about one repository.)
fn is_about_all(error: &FetchError) -> bool {
    let is_unknown = error.reason == Reason::Auth && !error.detail.as_str().starts_with("HTTP 403");
    is_unknown || error.reason == Reason::RateLimited || error.reason.is_outage()
}

/// An error with the repository that it is about.
fn about(name: &str, error: &FetchError) -> SafeText {
    SafeText::new(format!("{name}: {error}").trim_end_matches(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_poll_goes_on_where_the_one_before_it_ended() {
        let mut rota: Rota<u8> = Rota::new();
        let late = || Err(FetchError::from(Reason::Timeout(Phase::Run)));
        rota.begin(names(&["a/1", "a/2", "a/3"]));
        assert_eq!(rota.turn().as_deref(), Some("a/1"));
        assert_eq!(rota.take("a/1", Ok(1)), Ok(true));
        assert_eq!(rota.take("a/2", late()), Ok(false));
        let error = rota.all().unwrap_err().to_string();
        assert_eq!(error, "timeout: asked 1 of 3 repositories so far; a longer refresh or timeout helps");
        rota.begin(names(&["a/1", "a/2", "a/3"]));
        let order: Vec<String> = std::iter::from_fn(|| rota.turn()).collect();
        assert_eq!(order, ["a/3", "a/1", "a/2"], "one that needs more than a poll stands in nobody's way");
        assert_eq!(rota.take("a/2", Ok(2)), Ok(true));
        assert_eq!(rota.take("a/3", Err(Reason::Http(404).into())), Ok(true));
        assert_eq!(rota.all(), Ok(vec![("a/1", Some(&1)), ("a/2", Some(&2)), ("a/3", None)]));
        assert_eq!(rota.all_there(), Ok(vec![("a/1", &1), ("a/2", &2)]));
    }

    #[test]
    fn a_failure_of_one_leaves_the_others_their_turns_and_what_is_known_of_it() {
        let mut rota: Rota<u8> = Rota::new();
        let all = || names(&["a/1", "a/2"]);
        rota.begin(all());
        assert_eq!((rota.take("a/1", Ok(1)), rota.take("a/2", Ok(2))), (Ok(true), Ok(true)));
        let broken = || Err(FetchError::new(Reason::Http(500), "Oops"));
        for _ in 0..3 {
            rota.begin(all());
            assert_eq!((rota.take("a/1", broken()), rota.take("a/2", Ok(3))), (Ok(true), Ok(true)));
            assert_eq!(rota.all(), Ok(vec![("a/1", Some(&1)), ("a/2", Some(&3))]), "it was told a moment ago");
        }
        rota.begin(all());
        assert_eq!((rota.take("a/1", broken()), rota.take("a/2", Ok(3))), (Ok(true), Ok(true)));
        assert_eq!(rota.all(), Ok(vec![("a/1", None), ("a/2", Some(&3))]), "and now is too old");
        assert_eq!(rota.why("a/1"), "HTTP 500: Oops");
        let limited = || Err(FetchError::from(Reason::RateLimited));
        assert!(rota.take("a/1", limited()).is_err(), "that is about all of them");
        rota.begin(names(&["a/2"]));
        assert!(!rota.has("a/1"));
        assert_eq!(rota.take("a/2", Err(Reason::Http(404).into())), Ok(true));
        assert_eq!(rota.all_there().unwrap_err().to_string(), format!("HTTP 404: {NOT_THERE}"));
    }
}
