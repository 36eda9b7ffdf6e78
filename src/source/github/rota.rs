//! Turns over many repositories, as many in a poll as it has time for.

use std::collections::{HashMap, VecDeque};

use crate::model::fault::{AuthFault, FetchError, Phase, Reason};
use crate::model::text::SafeText;
use crate::source::gaps::Gaps;
use crate::source::progress::Progress;

/// Turns over many repositories, as many in a poll as it has time for, with the last answer of each.
#[derive(Debug)]
pub(crate) struct Rota<T> {
    /// `None` for a repository that is not there.
    progress: Progress<Option<T>>,
    /// In the order of the alphabet.
    names: Vec<String>,
    queue: VecDeque<String>,
    /// Why nothing is known of some.
    errors: HashMap<String, FetchError>,
}

impl<T> Rota<T> {
    /// Nobody has been asked.
    pub(crate) fn new() -> Self {
        Self { progress: Progress::default(), names: Vec::new(), queue: VecDeque::new(), errors: HashMap::new() }
    }

    /// Begins a poll.
    pub(crate) fn begin(&mut self, mut names: Vec<String>) {
        self.queue = self.progress.begin(&names).into();
        names.sort_unstable();
        self.names = names;
        let names = &self.names;
        self.errors.retain(|name, _| names.binary_search(name).is_ok());
    }

    /// Who is asked next in this poll.
    pub(crate) fn turn(&mut self) -> Option<String> {
        self.queue.pop_front()
    }

    /// Takes what came of a turn; false when the time of this poll is used up.
    pub(crate) fn take(&mut self, name: &str, came: Result<T, FetchError>) -> Result<bool, FetchError> {
        match came {
            Ok(answer) => {
                self.errors.remove(name);
                self.progress.learn(name, Some(answer));
            }
            // Our own reserve. What it was told so far is known next time; others have their turns first.
            Err(error) if error.reason == Reason::Timeout(Phase::Run) => {
                self.progress.ask(name);
                return Ok(false);
            }
            Err(error) if is_gone(&error) => {
                self.miss(name, FetchError::new(error.reason, NOT_THERE));
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
                // Of one of which nothing was known the newest reason counts.
                if self.progress.recent(name).is_none_or(Option::is_none) {
                    self.miss(name, error);
                    self.progress.learn(name, None);
                }
            }
        }
        Ok(true)
    }

    /// Notes why nothing is known of a repository; each reason is logged once.
    fn miss(&mut self, name: &str, error: FetchError) {
        if self.errors.get(name).is_none_or(|before| before.reason != error.reason) {
            tracing::warn!("{}", about(name, &error));
        }
        self.errors.insert(name.to_owned(), error);
    }

    /// Why nothing is known of a repository, in words for the board.
    pub(crate) fn why(&self, name: &str) -> String {
        match self.errors.get(name) {
            Some(error) if !is_gone(error) => error.to_string(),
            _ => NOT_THERE.to_owned(),
        }
    }

    /// The repositories of which nothing is known, as far as they count.
    pub(crate) fn gaps(&self, counts: impl Fn(&str) -> bool) -> Result<Gaps, FetchError> {
        let mut gaps = Gaps::default();
        for (name, _) in self.all()?.iter().filter(|(name, answer)| answer.is_none() && counts(name)) {
            gaps.add(name, &self.why(name));
        }
        Ok(gaps)
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

    /// The same without those of which nothing is known; when that is all of them, the reason of the first.
    pub(crate) fn all_there(&self) -> Result<Vec<(&str, &T)>, FetchError> {
        let all = self.all()?;
        let there: Vec<(&str, &T)> = all.iter().filter_map(|(name, answer)| Some((*name, (*answer)?))).collect();
        match all.first() {
            Some((first, _)) if there.is_empty() => {
                let unknown = || FetchError::new(Reason::Http(404), NOT_THERE);
                Err(self.errors.get(*first).cloned().unwrap_or_else(unknown))
            }
            _ => Ok(there),
        }
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
    let is_unknown = matches!(error.reason, Reason::Auth(AuthFault::Secret | AuthFault::Unauthorised));
    is_unknown || error.reason == Reason::RateLimited || error.reason.is_outage()
}

/// An error with the repository that it is about.
fn about(name: &str, error: &FetchError) -> SafeText {
    SafeText::new(format!("{name}: {error}").trim_end_matches(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::telemetry::Telemetry;

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

    #[test]
    fn what_was_refused_is_a_gap_and_keeps_its_reason() {
        let mut rota: Rota<u8> = Rota::new();
        let refused = || Err(FetchError::new(Reason::Auth(AuthFault::Forbidden), "HTTP 403: not for this token"));
        rota.begin(names(&["a/1", "a/2"]));
        assert_eq!((rota.take("a/1", refused()), rota.take("a/2", Ok(2))), (Ok(true), Ok(true)));
        let marked = rota.gaps(|_| true).unwrap().mark(Telemetry::Reviews(Vec::new())).split().1.unwrap();
        assert_eq!(marked.text.as_str(), "a/1: not authorised: HTTP 403: not for this token");
        assert_eq!(rota.all_there(), Ok(vec![("a/2", &2)]));
        rota.begin(names(&["a/1"]));
        assert_eq!(rota.take("a/1", refused()), Ok(true));
        assert_eq!(rota.all_there().unwrap_err().reason, Reason::Auth(AuthFault::Forbidden), "not a 404");
        assert_eq!(rota.take("a/1", Ok(1)), Ok(true));
        assert_eq!(rota.gaps(|_| true).unwrap().mark(Telemetry::Reviews(Vec::new())).split().1, None);
    }
}
