//! What the list of sources in [`super`] becomes: modules, dispatch, and the table of kinds.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use schemars::Schema;
use serde_json::Value;

use super::contract::{Context, Emits, KeyProblem, Pace, PastAnswers, QueryLanguage, Source};
use super::listening::{ListenContext, Listening};
use super::supervisor::{Poll, PollChannels, supervise};
use super::tls::TlsOptions;

macro_rules! sources {
    // Behind the `;` are those of a family, such as `github`, whose file has their `mod` lines.
    ($($(#[$attribute:meta])* $file:ident :: $source:ident),+; $($family:ident :: $member:ident :: $of:ident),+ $(,)?) => {
        $($(#[$attribute])* pub mod $file;)+
        /// Every kind of source this build has.
        pub static KINDS: &[Kind] = &[
            $($(#[$attribute])* Kind::new::<$file::$source>(),)+
            $(Kind::new::<$family::$member::$of>(),)+
        ];
    };
}

/// Reads the keys of a kind.
pub(crate) type Configure = fn(&Value) -> Result<Arc<dyn Configured>, serde_path_to_error::Error<serde_json::Error>>;

/// A kind of source, for those who do not care which.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The word of the config file.
    pub word: &'static str,
    /// One line about it.
    pub summary: &'static str,
    /// What its queries are.
    pub query: QueryLanguage,
    /// Whether it takes the HTTP keys.
    pub http: bool,
    /// Whether one request answers all queries.
    pub one_request: bool,
    /// What it emits.
    pub emits: Emits,
    /// The query that is answered with its events.
    pub events_query: &'static str,
    /// The query that is answered with what no panel shows yet.
    pub new_query: Option<&'static str>,
    /// What it answers as of a moment of the past.
    pub past: PastAnswers,
    /// Whether its server wants one request at a time.
    pub serial: bool,
    /// The schema of its own keys.
    pub schema: fn() -> Schema,
    /// Says what is wrong with a query.
    pub check_query: fn(&str) -> Result<(), String>,
    /// The limits of a query whose numbers have a meaning of their own: warning, critical.
    pub default_limits: fn(&str) -> Option<[&'static str; 2]>,
    /// Reads its own keys.
    pub configure: Configure,
}

/// A source with its keys read, ready to be polled.
pub trait Configured: Debug + Send + Sync {
    /// The address it talks to.
    fn url(&self) -> Option<&str>;

    /// The task that polls it.
    fn poll(
        &self,
        context: Context,
        poll: Poll,
        pace: Pace,
        channels: PollChannels,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// What listens for it.
    fn listener(&self, context: &ListenContext) -> Option<Listening>;

    /// Everything that is wrong with its keys, without any network.
    fn check(&self) -> Vec<KeyProblem>;

    /// Its `tls` table, where it has one besides the HTTP keys.
    fn tls(&self) -> Option<&TlsOptions>;
}

#[derive(Debug)]
struct Typed<S: Source>(Arc<S::Config>);

impl<S: Source + Debug> Configured for Typed<S> {
    fn url(&self) -> Option<&str> {
        S::url(&self.0)
    }

    fn poll(
        &self,
        context: Context,
        poll: Poll,
        pace: Pace,
        channels: PollChannels,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(supervise::<S>(Arc::clone(&self.0), context, poll, pace, channels))
    }

    fn listener(&self, context: &ListenContext) -> Option<Listening> {
        S::listener(&self.0, context)
    }

    fn check(&self) -> Vec<KeyProblem> {
        S::check(&self.0)
    }

    fn tls(&self) -> Option<&TlsOptions> {
        S::tls(&self.0)
    }
}

impl Kind {
    pub(super) const fn new<S: Source + Debug>() -> Self {
        Self {
            word: S::TYPE,
            summary: S::SUMMARY,
            query: S::QUERY,
            http: S::HTTP,
            one_request: S::ONE_REQUEST,
            emits: S::EMITS,
            events_query: S::EVENTS_QUERY,
            new_query: S::NEW_QUERY,
            past: S::PAST,
            serial: S::SERIAL,
            schema: || schemars::schema_for!(S::Config),
            check_query: S::check_query,
            default_limits: S::default_limits,
            configure: |value| {
                let config: S::Config = serde_path_to_error::deserialize(value)?;
                Ok(Arc::new(Typed::<S>(Arc::new(config))))
            },
        }
    }
}
