//! Turns over many repositories, as many in a poll as it has time for.

use std::collections::{HashSet, VecDeque};

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
}

impl<T> Rota<T> {
    /// Nobody has been asked.
    pub(crate) fn new() -> Self {
        Self { progress: Progress::default(), names: Vec::new(), queue: VecDeque::new(), gone: HashSet::new() }
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
                self.progress.learn(name, Some(answer));
            }
            // Our own reserve: it keeps its place at the head of the queue.
            Err(error) if error.reason == Reason::Timeout(Phase::Run) => return Ok(false),
            Err(error) if is_gone(&error) => {
                if self.gone.insert(name.to_owned()) {
                    tracing::warn!(repository = %SafeText::new(name), "{NOT_THERE}");
                }
                self.progress.learn(name, None);
            }
            Err(error) => {
                self.progress.ask(name);
                return Err(about(name, error));
            }
        }
        Ok(true)
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

/// An error with the repository that it is about, where that tells something.
fn about(name: &str, mut error: FetchError) -> FetchError {
    if error.reason != Reason::RateLimited && !error.reason.is_outage() {
        error.detail = SafeText::new(format!("{name}: {}", error.detail).trim_end_matches(": "));
    }
    error
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
        assert_eq!(order, ["a/2", "a/3", "a/1"]);
        assert_eq!(rota.take("a/2", Ok(2)), Ok(true));
        assert_eq!(rota.take("a/3", Err(Reason::Http(404).into())), Ok(true));
        assert_eq!(rota.all(), Ok(vec![("a/1", Some(&1)), ("a/2", Some(&2)), ("a/3", None)]));
        assert_eq!(rota.all_there(), Ok(vec![("a/1", &1), ("a/2", &2)]));
    }

    #[test]
    fn a_failure_names_its_repository_and_leaves_the_others_their_turns() {
        let mut rota: Rota<u8> = Rota::new();
        rota.begin(names(&["a/1", "a/2"]));
        let error = rota.take("a/1", Err(FetchError::new(Reason::Http(500), "Oops"))).unwrap_err();
        assert_eq!(error.to_string(), "HTTP 500: a/1: Oops");
        rota.begin(names(&["a/1", "a/2"]));
        assert_eq!(rota.turn().as_deref(), Some("a/2"));
        rota.begin(names(&["a/2"]));
        assert!(!rota.has("a/1"));
        assert_eq!(rota.take("a/2", Err(Reason::Http(404).into())), Ok(true));
        assert_eq!(rota.all_there().unwrap_err().to_string(), format!("HTTP 404: {NOT_THERE}"));
    }
}
