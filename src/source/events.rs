//! Events that anybody may write: a file of JSON lines that is followed, and an endpoint on loopback that
//! adds to it (`andon event "deployed v2.14" --kind deploy --service shop`).
//!
//! The file is all there is: what the endpoint takes goes into it, so that a restart forgets nothing, and
//! any script that can append a line needs no endpoint.

mod endpoint;
mod file;
pub mod line;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::Secret;
use super::{Context, Moment, QueryLanguage, Source, Tells};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use endpoint::Endpoint;
pub use endpoint::append;
use file::Followed;

/// The keys of an events source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of events, one JSON object a line; it is made when the first event comes.
    pub file: PathBuf,
    /// Address on loopback that takes events, such as `127.0.0.1:7667` (default: none).
    pub listen: Option<String>,
    /// What an event has to show to be taken: a secret, such as `{ env = "ANDON_EVENT_TOKEN" }`.
    pub token: Option<Secret>,
}

/// The file, and whoever listens for more.
#[derive(Debug)]
pub struct Events {
    config: Config,
    followed: Followed,
    endpoint: Option<Endpoint>,
    nudge: std::sync::Arc<tokio::sync::Notify>,
}

impl Source for Events {
    const TYPE: &'static str = "events";
    const SUMMARY: &'static str = "events from a file of JSON lines, and from 'andon event' over loopback";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    const TELLS: Tells = Tells::Events;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("an events source takes no query; pick kinds with kinds = [\"deploy\"] on the panel".to_owned())
    }

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        if let Some(listen) = &config.listen {
            endpoint::address(listen)?;
            if config.token.is_none() {
                let detail = "listen needs a token: anybody on this machine could write events without one";
                return Err(FetchError::new(Reason::Parse, detail));
            }
        }
        let followed = Followed::new(config.file.clone());
        Ok(Self { config: config.clone(), followed, endpoint: None, nudge: std::sync::Arc::clone(&context.nudge) })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        self.listen().await?;
        // A file on a server that does not answer must not hold up anybody else.
        let mut followed = self.followed.clone();
        let read = tokio::task::spawn_blocking(move || followed.read(moment.now).map(|()| followed));
        let read = tokio::time::timeout_at(moment.deadline, read)
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Run)))?;
        self.followed = read.map_err(|_| FetchError::from(Reason::Internal))??;
        Ok(vec![Ok(Telemetry::Events(self.followed.events())); asks.len()])
    }
}

impl Events {
    /// Listens from the first poll on. Another andon on this machine that has the address already writes
    /// into the same file: then there is nothing to do but to read it.
    async fn listen(&mut self) -> Result<(), FetchError> {
        let (Some(listen), Some(token), None) = (&self.config.listen, &self.config.token, &self.endpoint) else {
            return Ok(());
        };
        let address = endpoint::address(listen)?;
        let token = token.read()?;
        match Endpoint::open(address, token, self.config.file.clone(), std::sync::Arc::clone(&self.nudge)).await {
            Ok(endpoint) => self.endpoint = Some(endpoint),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                tracing::debug!("{address} is in use: somebody else takes the events");
            }
            Err(error) => {
                let detail = format!("cannot listen on {address}: {}", error.kind());
                return Err(FetchError::new(Reason::Exec, detail));
            }
        }
        Ok(())
    }
}
