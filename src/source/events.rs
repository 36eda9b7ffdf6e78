//! Events that anybody may write: a file of JSON lines that is followed, and an endpoint on loopback that
//! adds to it (`andon event "deployed v2.14" --kind deploy --service shop`).
//!
//! The file is all there is: what the endpoint takes goes into it, so that a restart forgets nothing, and
//! any script that can append a line needs no endpoint.

mod append;
mod endpoint;
mod exchange;
mod file;
mod keys;
pub mod line;
mod position;
mod protocol;
mod recent;
mod regular;
mod telling;

use std::sync::Arc;

use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use super::listening::{ListenContext, Listening};
use super::offload::aside;
use crate::model::fault::FetchError;
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::{Caveat, Telemetry};
use crate::model::text::SafeText;
pub use append::append;
use endpoint::Endpoint;
pub use exchange::Token;
use file::Followed;
pub use keys::Config;
pub use telling::{Receipt, post, real_path};

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

    fn check(config: &Config) -> Vec<KeyProblem> {
        let mut problems = Vec::new();
        if !config.file.is_absolute() {
            let message =
                "file needs an absolute path: the board and 'andon event' may be started in different folders";
            problems.push(KeyProblem::new("file", message, "write it like \"/var/lib/andon/events.jsonl\""));
        }
        if let Some(listen) = &config.listen {
            problems.extend(endpoint::address(listen).err());
            if config.token.is_none() {
                let message = "listen needs a token: anybody on this machine could write events without one";
                problems.push(KeyProblem::new("listen", message, "add token = { env = \"NAME\" }"));
            }
        }
        problems
    }

    fn open(config: &Config, _: &Context) -> Result<Self, FetchError> {
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
