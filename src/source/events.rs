//! Events that anybody may write: a file of JSON lines that is followed, and an endpoint on loopback that
//! adds to it (`andon event "deployed v2.14" --kind deploy --service shop`).
//!
//! The file is all there is: what the endpoint takes goes into it, so that a restart forgets nothing, and
//! any script that can append a line needs no endpoint.

mod endpoint;
mod file;
pub mod line;

use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::auth::Secret;
use super::{Context, Moment, QueryLanguage, Source, Tells};
use crate::model::event::Event;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::Telemetry;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
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
    people: bool,
    file: Option<Followed>,
    /// A look at the file that has not ended: a second one would hang as well.
    looking: Option<JoinHandle<(Followed, Result<(), FetchError>)>>,
    endpoint: Option<Endpoint>,
    /// Why nobody listens, and since when that is known.
    deaf: Option<(Timestamp, String)>,
    nudge: Arc<Notify>,
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
        Ok(Self {
            config: config.clone(),
            people: context.treatment.people,
            file: Some(Followed::new(config.file.clone())),
            looking: None,
            endpoint: None,
            deaf: None,
            nudge: Arc::clone(&context.nudge),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        self.listen(moment).await;
        let mut events = self.look(moment).await?;
        // What is wrong with the endpoint is told where events are told, and takes nothing from them.
        events.extend(self.deaf.as_ref().map(|(at, why)| Event {
            at: *at,
            title: SafeText::new(why),
            ..Event::default()
        }));
        Ok(vec![Ok(Telemetry::Events(events)); asks.len()])
    }
}

impl Events {
    /// What is in the file, read on a thread that may block: a disk that does not answer must not hold up
    /// anybody else.
    async fn look(&mut self, moment: Moment) -> Result<Vec<Event>, FetchError> {
        let path = self.config.file.clone();
        let mut file = self.file.take();
        let looking = self.looking.get_or_insert_with(|| {
            let mut file = file.take().unwrap_or_else(|| Followed::new(path));
            tokio::task::spawn_blocking(move || {
                let read = file.read(moment.now);
                (file, read)
            })
        });
        let Ok(looked) = tokio::time::timeout_at(moment.deadline, looking).await else {
            return Err(FetchError::new(Reason::Timeout(Phase::Run), "the file takes too long to read"));
        };
        self.looking = None;
        let (file, read) = looked.map_err(|_| FetchError::from(Reason::Internal))?;
        let events = file.events();
        self.file = Some(file);
        read.map(|()| events)
    }

    /// Listens from the first poll on. Another andon on this machine that has the address already writes
    /// into the same file: then there is nothing to do but to read it.
    async fn listen(&mut self, moment: Moment) {
        let (Some(listen), Some(token), None) = (&self.config.listen, &self.config.token, &self.endpoint) else {
            return;
        };
        let Ok(address) = endpoint::address(listen) else { return };
        let desk = endpoint::Desk {
            token: token.clone(),
            file: self.config.file.clone(),
            people: self.people,
            nudge: Arc::clone(&self.nudge),
            writing: tokio::sync::Mutex::default(),
        };
        let why = match token.read() {
            Err(missing) => Some(missing.detail.to_string()),
            Ok(_) => match Endpoint::open(address, desk).await {
                Ok(endpoint) => {
                    self.endpoint = Some(endpoint);
                    None
                }
                Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && endpoint::is_andon(address).await => {
                    None
                }
                Err(error) => Some(error.kind().to_string()),
            },
        };
        self.deaf = why.map(|why| {
            let since = self.deaf.as_ref().map_or(moment.now, |(since, _)| *since);
            (since, format!("nobody takes events on {address}: {why}"))
        });
    }
}
