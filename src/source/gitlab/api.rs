//! What all GitLab sources share: the address of the API, what errors mean, and the words of a status.
//!
//! Source: GitLab, "REST API" (namespaced paths), "Pipelines API" and "Jobs API" (status values).

use serde::Deserialize;

use crate::model::build::{Activity, BuildResult};
use crate::model::fault::FetchError;
use crate::model::people::name_of;
use crate::model::text::SafeText;
use crate::source::contract::Context;
use crate::source::forge::api::Api;
use crate::source::forge::faults::{self, is_about_one, is_forbidden, is_gone};
use crate::source::forge::turns::Turns;

/// The public service.
pub(crate) fn default_url() -> String {
    "https://gitlab.com".to_owned()
}

/// The API of a server. Asks nobody.
pub(crate) fn open(url: &str, context: &Context) -> Result<Api, FetchError> {
    Api::open(url, &["api", "v4"], "application/json", context)
}

/// Turns over projects, or whatever else they are called.
pub(crate) fn turns<T>(what: &'static str) -> Turns<T> {
    Turns::over(what, meaning)
}

/// What an error about one project means, in words for the board. (A 403 is also the answer for a project whose
/// CI/CD or environments are switched off.)
pub(crate) fn meaning(error: &FetchError) -> String {
    if is_forbidden(error) { "HTTP 403: not allowed, or switched off there".to_owned() } else { faults::meaning(error) }
}

/// The error with the name of the one thing that it is about.
pub(crate) fn naming(error: FetchError, what: &str) -> FetchError {
    if is_gone(&error) || is_forbidden(&error) {
        FetchError::new(error.reason, format!("{what}: {}", meaning(&error)))
    } else if is_about_one(&error) {
        FetchError::new(error.reason, format!("{what}: {}", error.detail))
    } else {
        error
    }
}

/// What a status word of a pipeline or a job says.
pub(crate) fn status(word: &str) -> (Activity, BuildResult) {
    match word {
        "success" => (Activity::Idle, BuildResult::Success),
        "failed" => (Activity::Idle, BuildResult::Failure),
        "canceled" => (Activity::Idle, BuildResult::Cancelled),
        "canceling" => (Activity::Running, BuildResult::Cancelled),
        "skipped" => (Activity::Idle, BuildResult::Skipped),
        "manual" => (Activity::Waiting, BuildResult::Unknown),
        "created" | "waiting_for_resource" | "preparing" | "waiting_for_callback" | "pending" | "scheduled" => {
            (Activity::Queued, BuildResult::Unknown)
        }
        "running" => (Activity::Running, BuildResult::Unknown),
        _ => (Activity::Idle, BuildResult::Unknown),
    }
}

/// Somebody.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Person {
    name: Option<String>,
}

impl Person {
    /// The name.
    pub(crate) fn name(&self) -> Option<SafeText> {
        self.name.as_deref().and_then(name_of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::{AuthFault, Reason};

    #[test]
    fn an_error_about_one_project_names_it() {
        for (reason, expected) in [
            (Reason::Http(404), "HTTP 404: a/b: not found: renamed, deleted, or not allowed"),
            (Reason::Auth(AuthFault::Forbidden), "not authorised: a/b: HTTP 403: not allowed, or switched off there"),
            (Reason::Http(500), "HTTP 500: a/b: Oops"),
            (Reason::Auth(AuthFault::Unauthorised), "not authorised: Oops"),
            (Reason::Refused, "connection refused: Oops"),
        ] {
            assert_eq!(naming(FetchError::new(reason, "Oops"), "a/b").to_string(), expected);
        }
    }
}
