//! Events that anybody may write: a file of JSON lines that is followed, and an endpoint on loopback that
//! adds to it (`andon event "deployed v2.14" --kind deploy --service shop`).
//!
//! The file is all there is: what the endpoint takes goes into it, so that a restart forgets nothing, and
//! any script that can append a line needs no endpoint.

mod append;
mod endpoint;
mod exchange;
mod file;
pub mod line;
mod place;
mod recent;
mod regular;
mod telling;

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::Secret;
use super::contract::{Context, Emits, Moment, QueryLanguage, Source};
use super::listening::{ListenContext, Listening};
use super::offload::aside;
use crate::model::fault::{FetchError, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::{Caveat, Telemetry};
use crate::model::text::SafeText;
pub use append::append;
use endpoint::Endpoint;
pub use exchange::Token;
use file::Followed;
pub use telling::{Receipt, real_path, tell};

/// The keys of an events source.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file of events, one JSON object a line; it is made when the first event comes.
    pub file: PathBuf,
    /// Address on loopback that takes events, such as `127.0.0.1:7667` (default: none).
    pub listen: Option<String>,
    /// What `andon event` and the board prove to each other to know: a long random secret, such as
    /// `{ env = "ANDON_EVENT_TOKEN" }`.
    pub token: Option<Secret>,
}

/// The file. What the endpoint takes is written into it, so that one reader decides what belongs together.
#[derive(Debug)]
pub struct Events {
    file: Followed,
}

impl Source for Events {
    const TYPE: &'static str = "events";
    const SUMMARY: &'static str = "events from a file of JSON lines, and from 'andon event' over loopback";
    const QUERY: QueryLanguage = QueryLanguage::None;
    const HTTP: bool = false;
    const ONE_REQUEST: bool = true;
    const EMITS: Emits = Emits::Events;
    type Config = Config;

    fn url(_: &Config) -> Option<&str> {
        None
    }

    fn check_query(_: &str) -> Result<(), String> {
        Err("an events source takes no query; pick kinds with kinds = [\"deploy\"] on the panel".to_owned())
    }

    fn open(config: &Config, _: &Context) -> Result<Self, FetchError> {
        let wrong = |detail: String| Err(FetchError::new(Reason::Parse, detail));
        if !config.file.is_absolute() {
            // The board and 'andon event' may be started in different folders.
            let file = config.file.display();
            return wrong(format!("file = '{file}' is not a whole path; write it like /var/lib/andon/events.jsonl"));
        }
        if let Some(listen) = &config.listen {
            endpoint::address(listen)?;
            if config.token.is_none() {
                return wrong(
                    "listen needs a token; anybody on this machine could write events without one".to_owned(),
                );
            }
        }
        Ok(Self { file: Followed::new(config.file.clone()) })
    }

    fn listener(config: &Arc<Config>, context: &ListenContext) -> Option<Listening> {
        config.listen.as_ref()?;
        let (config, context) = (Arc::clone(config), context.clone());
        Some(Listening::new(move || Endpoint::new(&config, &context)))
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        aside().await;
        self.file.read(moment.now)?;
        let answer = with_caveats(Telemetry::Events(self.file.events()), &self.file.caveats());
        Ok(vec![Ok(answer); asks.len()])
    }
}

/// All that has to be said of an answer, in one sentence.
fn with_caveats(telemetry: Telemetry, caveats: &[Caveat]) -> Telemetry {
    if caveats.is_empty() {
        return telemetry;
    }
    let texts: Vec<&str> = caveats.iter().map(|one| one.text.as_str()).collect();
    telemetry.with_caveat(SafeText::new(&texts.join("; ")), caveats.iter().any(|one| one.partial))
}
