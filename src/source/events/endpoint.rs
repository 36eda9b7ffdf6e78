//! The address that takes events, on loopback only.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use super::append::append;
use super::exchange::{Broken, Exchange, Token};
use super::keys::Config;
use super::line::{Line, Time};
use super::protocol::{Answer, Board};
use super::regular::unwritable;
use super::telling::{Found, find, real_path};
use crate::accept::{Accepting, Guest, Limits};
use crate::model::fault::{FetchError, Reason};
use crate::model::time::{Span, now};
use crate::source::auth::Secret;
use crate::source::contract::{KeyProblem, Pace};
use crate::source::listening::{ListenContext, Listener, Shutdown, Sink};
use crate::source::offload::Worker;

/// Largest event taken, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// What connections may take: who has an event sends it and goes.
const LIMITS: Limits = Limits { most: 64, silence: Duration::from_secs(2), stay: Some(Duration::from_secs(5)) };
/// The longest a connection may take to prove that it knows the token.
const LONGEST_PROOF: Duration = Duration::from_secs(2);
/// The longest that the disk may take to keep an event: less than whoever sends it waits.
const LONGEST_WRITE: Duration = Duration::from_secs(4);
/// The longest that whoever has the address is asked who it is.
const LONGEST_QUESTION: Duration = Duration::from_secs(1);
/// The longest between two looks at the token and the file.
const LONGEST_PAUSE: Span = Span::seconds(30);

/// The endpoint, before it listens.
#[derive(Debug)]
pub(super) struct Endpoint {
    listen: String,
    token: Option<Secret>,
    file: PathBuf,
    people: bool,
    pace: Pace,
    worker: Worker,
}

impl Endpoint {
    pub(super) fn new(config: &Config, context: &ListenContext) -> Self {
        Self {
            listen: config.listen.clone().unwrap_or_default(),
            token: config.token.clone(),
            file: config.file.clone(),
            people: context.answer_filter.people,
            pace: context.pace,
            worker: context.worker.clone(),
        }
    }

    /// Why nobody listens.
    fn deaf(&self, why: impl std::fmt::Display) -> FetchError {
        FetchError::new(Reason::Listen, format!("the board cannot receive events at {}: {why}", self.listen))
    }

    /// What has to be proven, and the real path of the file. Both are looked at again and again: a token that is
    /// rotated needs no restart, and what cannot be written is not to be taken.
    async fn look(&self) -> Result<Known, FetchError> {
        let (file, secret) = (self.file.clone(), self.token.clone());
        let deadline = Instant::now() + self.pace.timeout.duration();
        let looked = self.worker.run(deadline, move || {
            let token = secret.as_ref().map_or_else(|| Err("there is no token".to_owned()), token_of)?;
            unwritable(&file).map_or_else(|| Ok(Known { file: real_path(&file), token }), Err)
        });
        match looked.await {
            Ok(known) => known.map_err(|why| self.deaf(why)),
            Err(_) => Err(self.deaf("the file, or that of the token, takes too long to read")),
        }
    }

    /// Takes the address. `None` where another board has it that writes into the same file: it takes events for
    /// this one as well, nothing is wrong, and the address is asked for again in case that board ends.
    async fn open(&self, desk: &Arc<Desk>) -> Result<Option<Accepting>, FetchError> {
        let address = address(&self.listen).map_err(|problem| FetchError::new(Reason::Internal, problem.message))?;
        let error = match TcpListener::bind(address).await {
            Ok(listener) => return Ok(Some(serve(listener, Arc::clone(desk)))),
            Err(error) => error,
        };
        if error.kind() != ErrorKind::AddrInUse {
            return Err(self.deaf(error.kind()));
        }
        let known = desk.known();
        match find(&address.to_string(), &known.token, LONGEST_QUESTION).await {
            Found::Board(board, _) if board.file == known.file => Ok(None),
            Found::Board(board, _) => {
                let (process, file) = (board.process, board.file.display());
                let has_it = format!("the board of process {process} has this address, and writes to {file}");
                Err(self.deaf(format_args!("{has_it}: give one of them another")))
            }
            Found::Stranger(why) => {
                let help = "'ss -ltnp' shows which; give one of them another";
                Err(self.deaf(format_args!("another program has this address: {why}. {help}")))
            }
            // It has just ended: the next start gets it.
            Found::Nobody => Err(self.deaf("it was taken until now")),
        }
    }
}

impl Listener for Endpoint {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        let desk = Desk::new(self.file.clone(), self.people, sink.clone(), self.worker.clone(), self.look().await?);
        let (desk, mut open) = (Arc::new(desk), None::<Accepting>);
        let mut fault: Option<FetchError> = None;
        loop {
            match &open {
                None => open = self.open(&desk).await?,
                Some(accepting) if accepting.has_ended() => return Err(self.deaf("a fault of andon")),
                // What passes by itself does not close the port.
                Some(accepting) => fault = fault.or_else(|| accepting.trouble().map(|why| self.deaf(why))),
            }
            match fault.take() {
                None => sink.set_up(),
                Some(error) => sink.set_down(error),
            }
            tokio::select! {
                () = shutdown.begun() => return Ok(()),
                () = sleep(self.pace.refresh.min(LONGEST_PAUSE).duration()) => {}
            }
            match self.look().await {
                Ok(known) => desk.know(known),
                Err(error) => fault = Some(error),
            }
        }
    }
}

/// The token to prove with, or why there is none.
fn token_of(secret: &Secret) -> Result<Token, String> {
    let secret = secret.read().map_err(|missing| missing.detail.to_string())?;
    Token::new(&secret).ok_or_else(|| "the token is empty".to_owned())
}

/// What every connection is answered with.
#[derive(Debug)]
struct Desk {
    file: PathBuf,
    /// Whether names of people may be kept.
    people: bool,
    sink: Sink,
    /// One writes at a time: a disk that hangs holds one thread, not one for each event.
    worker: Worker,
    known: Mutex<Known>,
}

/// What was found at the last look.
#[derive(Debug, Clone)]
struct Known {
    /// The real path of the file that events go to.
    file: PathBuf,
    /// What has to be proven.
    token: Token,
}

/// Reads an address; only those of this machine itself are taken.
pub(super) fn address(listen: &str) -> Result<SocketAddr, KeyProblem> {
    let problem = |what: &str, help: &str| KeyProblem::new("listen", format!("listen = '{listen}' {what}"), help);
    let address: SocketAddr =
        listen.parse().map_err(|_| problem("is no address", "write it like \"127.0.0.1:7667\""))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(problem("can be reached from elsewhere", "use 127.0.0.1 or [::1]"))
    }
}

/// Takes events from now on, on the current runtime.
fn serve(listener: TcpListener, desk: Arc<Desk>) -> Accepting {
    Accepting::serve(listener, LIMITS, move |stream, guest| {
        let desk = Arc::clone(&desk);
        async move {
            // Whoever uses another protocol, or goes away, gets no further answer.
            let _its_own_affair = desk.attend(stream, &guest).await;
        }
    })
}

impl Desk {
    fn new(file: PathBuf, people: bool, sink: Sink, worker: Worker, known: Known) -> Self {
        Self { file, people, sink, worker, known: Mutex::new(known) }
    }

    fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn know(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    async fn attend(&self, stream: TcpStream, guest: &Guest) -> Result<(), Broken> {
        let Known { file, token } = self.known();
        let proven = async {
            let mut exchange = Exchange::answer(stream, &token).await?;
            exchange.receive().await.map(|_| exchange)
        };
        let Ok(exchange) = timeout(LONGEST_PROOF, proven).await else { return Ok(()) };
        let mut exchange = exchange?;
        guest.has_proven();
        let me = Board { file, process: std::process::id() };
        exchange.send(&serde_json::to_string(&me).map_err(std::io::Error::from)?).await?;
        let text = exchange.receive().await?;
        let answer = match self.take(&text).await {
            Ok(()) => Answer::Taken,
            Err(answer) => answer,
        };
        exchange.send(&serde_json::to_string(&answer).map_err(std::io::Error::from)?).await
    }

    async fn take(&self, text: &str) -> Result<(), Answer> {
        if text.len() > MOST_BYTES {
            return Err(Answer::Refused("an event has at most 64 KiB".to_owned()));
        }
        let mut line = Line::parse(text).map_err(Answer::Refused)?;
        line.at.get_or_insert(Time::from(now()));
        if !self.people {
            line.who.clear();
        }
        let file = self.file.clone();
        let written = self.worker.run(Instant::now() + LONGEST_WRITE, move || append(&file, &line)).await;
        written.map_err(|why| Answer::Failed(why.to_string()))?.map_err(Answer::Failed)?;
        self.sink.written();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_may_write() {
        assert!(address("127.0.0.1:7667").is_ok() && address("[::1]:7667").is_ok());
        for elsewhere in ["0.0.0.0:7667", "192.168.1.2:80", "localhost:1", "7667"] {
            assert!(address(elsewhere).is_err(), "{elsewhere}");
        }
    }
}
