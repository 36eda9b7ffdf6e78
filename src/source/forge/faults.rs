//! What an error means for a poll that asks about many repositories: it is about one of them, or about all.

use crate::model::fault::{AuthFault, FetchError, Reason};

/// What is said of a repository that the server does not know, or does not show us.
pub(crate) const NOT_THERE: &str = "not found: renamed, deleted, or not allowed";

/// Whether something is not there, as far as the server says.
pub(crate) const fn is_gone(error: &FetchError) -> bool {
    matches!(error.reason, Reason::Http(404 | 410 | 451))
}

/// Whether the server knows us, and does not let us have this one thing (403).
pub(crate) const fn is_forbidden(error: &FetchError) -> bool {
    matches!(error.reason, Reason::Auth(AuthFault::Forbidden))
}

/// Whether an error is about the one thing that was asked for. Every other one is about the server, or about our
/// right to ask at all: then nothing else would be answered either.
pub(crate) const fn is_about_one(error: &FetchError) -> bool {
    let is_its_answer = matches!(
        error.reason,
        Reason::Http(_) | Reason::RedirectBlocked | Reason::TooLarge | Reason::Encoding | Reason::Parse
    );
    (is_its_answer && !error.reason.is_outage()) || is_forbidden(error)
}

/// What an error about one repository means, in words for the board.
pub(crate) fn meaning(error: &FetchError) -> String {
    if is_gone(error) { NOT_THERE.to_owned() } else { error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fault::{Phase, TlsFault};

    #[test]
    fn only_what_is_said_of_one_repository_is_about_one() {
        for reason in [
            Reason::Http(400),
            Reason::Http(404),
            Reason::Http(500),
            Reason::Auth(AuthFault::Forbidden),
            Reason::Parse,
            Reason::TooLarge,
            Reason::RedirectBlocked,
        ] {
            assert!(is_about_one(&reason.into()), "{reason}");
        }
        for reason in [
            Reason::Http(502),
            Reason::Http(503),
            Reason::Auth(AuthFault::Unauthorised),
            Reason::Auth(AuthFault::Secret),
            Reason::RateLimited,
            Reason::Refused,
            Reason::Timeout(Phase::Headers),
            Reason::Tls(TlsFault::Expired),
        ] {
            assert!(!is_about_one(&reason.into()), "{reason}");
        }
    }
}
