//! Where telemetry comes from: the room that asks servers, files and commands.
//!
//! A source is one file and one line in the list below. It answers questions and nothing else: it never
//! loops, retries or judges. The [`supervisor`] gives every source alike its pace, its deadline, its
//! back-off and its isolation; [`http`] is the one client, read-only and capped.

#[macro_use]
mod registry;
pub mod answer_filter;
pub mod auth;
mod clock;
mod contract;
pub mod file;
mod forge;
pub mod github;
pub mod gitlab;
pub mod http;
pub mod listening;
mod log_buffer;
pub mod network;
mod pace;
mod polling;
pub mod process;
pub mod received;
pub mod shared;
pub mod tls;
pub mod zone;

pub use clock::Clock;
pub use contract::{Context, Emits, KeyProblem, Moment, Pace, PastAnswers, QueryLanguage, Resolution, Source, Widths};
pub use polling::{backoff, limits, offload, supervisor};
pub use registry::{Configured, Kind};

sources! {
    prometheus::Prometheus,
    json::Json,
    cctray::CcTray,
    probe::Probe,
    #[cfg(feature = "host")]
    host::Host,
    command::Command,
    events::Events,
    statsd::Statsd,
    logs::Logs,
    otlp::Otlp,
    ical::Ical,
    git::Git,
    buildbot::Buildbot,
    jenkins::Jenkins,
    argocd::ArgoCd,
    andon::Andon;
    github::actions::GitHubActions,
    github::deployments::GitHubDeployments,
    github::reviews::GitHubReviews,
    gitlab::pipelines::Gitlab,
    gitlab::deployments::GitlabDeployments,
    gitlab::reviews::GitlabReviews,
}

impl Kind {
    /// The kind with this word.
    pub fn find(word: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.word == word)
    }
}
