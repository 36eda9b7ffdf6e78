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

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::auth::Secret;
use super::listening::Listening;
use super::contract::{Context, Emits, KeyProblem, Moment, QueryLanguage, Source};
use super::backoff;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::poll::{Answer, Ask};
use crate::model::telemetry::{Caveat, Telemetry};
use crate::model::text::SafeText;
use crate::model::time::Span;
pub use append::append;
use endpoint::Desk;
pub use exchange::Token;
use file::Followed;
use telling::{Found, find};
pub use telling::{Receipt, real_path, tell};

/// The longest that whoever has the address is asked who it is.
const LONGEST_QUESTION: Duration = Duration::from_secs(1);
/// The longest pause between two tries to get the address.
const LONGEST_PAUSE: Span = Span::seconds(30);

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

/// The file, and whoever listens for more.
#[derive(Debug)]
pub struct Events {
    config: Config,
    refresh: Span,
    file: Option<Followed>,
    /// A look at the file that has not ended: a second one would hang as well.
    looking: Option<JoinHandle<Looked>>,
    desk: Arc<Desk>,
    ear: Ear,
}

/// What a look on a thread of its own brings.
#[derive(Debug)]
struct Looked {
    file: Followed,
    read: Result<(), FetchError>,
    /// Why what is taken cannot be written into it.
    unwritable: Option<String>,
    /// The file's real path.
    real: PathBuf,
    /// What `andon event` has to prove, or why nobody knows; `None` when nobody listens.
    token: Option<Result<Token, String>>,
}

/// The endpoint, and how the tries to open it go.
#[derive(Debug, Default)]
struct Ear {
    listening: Option<Listening>,
    /// Why nobody listens.
    deaf: Option<String>,
    /// Tries in a row that did not get the address.
    tries: u32,
    next_try: Option<Instant>,
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
            let message = "file needs an absolute path: the board and 'andon event' may be started in different folders";
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

    fn open(config: &Config, context: &Context) -> Result<Self, FetchError> {
        let desk = Desk::new(config.file.clone(), context.answer_filter.people, Arc::clone(&context.nudge));
        Ok(Self {
            config: config.clone(),
            refresh: context.pace.refresh,
            file: Some(Followed::new(config.file.clone())),
            looking: None,
            desk: Arc::new(desk),
            ear: Ear::default(),
        })
    }

    async fn fetch(&mut self, asks: &[Ask], moment: Moment) -> Result<Vec<Answer>, FetchError> {
        let Looked { file, read, unwritable, real, token } = self.look(moment).await?;
        let (events, mut caveats) = (file.events(), file.caveats());
        self.file = Some(file);
        if let (Some(listen), Some(token)) = (&self.config.listen, token) {
            let why = match (endpoint::address(listen), token) {
                (Err(wrong), _) => Some(wrong.message),
                (_, Err(why)) => {
                    self.desk.know(real, None);
                    Some(why)
                }
                (Ok(address), Ok(token)) => {
                    self.desk.know(real, Some(token.clone()));
                    self.ear.listen(address, &token, &self.desk, self.refresh, moment).await
                }
            };
            // Another board may take them for this one.
            let why = why.or(unwritable.filter(|_| self.ear.listening.is_some()));
            let deaf = |why| SafeText::new(&format!("no events are taken at {listen}: {why}"));
            caveats.extend(why.map(|why| Caveat { text: deaf(why), partial: true }));
        }
        read?;
        let answer = with_caveats(Telemetry::Events(events), &caveats);
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

impl Events {
    /// What is in the file, and the token, read on a thread that may block: a disk that does not answer must
    /// not hold up anybody else.
    async fn look(&mut self, moment: Moment) -> Result<Looked, FetchError> {
        let path = &self.config.file;
        let looking = self.looking.get_or_insert_with(|| {
            let mut file = self.file.take().unwrap_or_else(|| Followed::new(path.clone()));
            let token = self.config.token.clone().filter(|_| self.config.listen.is_some());
            tokio::task::spawn_blocking(move || {
                let read = file.read(moment.now);
                let unwritable = token.as_ref().and_then(|_| file.unwritable());
                Looked { real: file.real_path(), file, read, unwritable, token: token.as_ref().map(token_of) }
            })
        });
        let Ok(looked) = tokio::time::timeout_at(moment.deadline, looking).await else {
            let what = if self.config.listen.is_some() { "the file, or that of the token," } else { "the file" };
            return Err(FetchError::new(Reason::Timeout(Phase::Run), format!("{what} takes too long to read")));
        };
        self.looking = None;
        looked.map_err(|_| FetchError::from(Reason::Internal))
    }
}

/// The token to prove with, or why there is none.
fn token_of(secret: &Secret) -> Result<Token, String> {
    let secret = secret.read().map_err(|missing| missing.detail.to_string())?;
    Token::new(&secret).ok_or_else(|| "the token is empty".to_owned())
}

impl Ear {
    /// Listens, from the first poll on. Says why nobody does.
    async fn listen(
        &mut self,
        address: SocketAddr,
        token: &Token,
        desk: &Arc<Desk>,
        refresh: Span,
        moment: Moment,
    ) -> Option<String> {
        self.listening = self.listening.take().filter(|listening| !listening.has_ended());
        if let Some(listening) = &self.listening {
            return listening.trouble();
        }
        if self.next_try.is_none_or(|at| at <= Instant::now()) {
            self.tries = self.tries.saturating_add(1);
            let pause = backoff::pause(refresh, self.tries, &Reason::Refused.into(), fastrand::f64());
            self.next_try = Some(Instant::now() + pause.min(LONGEST_PAUSE.max(refresh)).duration());
            self.deaf = match endpoint::open(address, Arc::clone(desk)).await {
                Ok(listening) => {
                    *self = Self { listening: Some(listening), ..Self::default() };
                    None
                }
                Err(error) if error.kind() == ErrorKind::AddrInUse => taken_by(address, token, desk, moment).await,
                Err(error) => Some(error.kind().to_string()),
            };
        }
        self.deaf.clone()
    }
}

/// Who else has the address, and what that means. Another board that writes into the same file takes events for
/// this one as well: then nothing is wrong, and the address is asked for again in case that board ends.
async fn taken_by(address: SocketAddr, token: &Token, desk: &Desk, moment: Moment) -> Option<String> {
    let left = moment.deadline.saturating_duration_since(Instant::now());
    match find(&address.to_string(), token, LONGEST_QUESTION.min(left / 2)).await {
        // It has just ended: the next try gets it.
        Found::Nobody => Some("it was taken until now".to_owned()),
        Found::Stranger(why) => {
            Some(format!("another program has this address: {why}. 'ss -ltnp' shows which; give one of them another"))
        }
        Found::Board(board, _) => (board.file != desk.file()).then(|| {
            let (process, file) = (board.process, board.file.display());
            format!("the board of process {process} has this address, and writes to {file}: give one of them another")
        }),
    }
}
