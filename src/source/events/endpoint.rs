//! The address that takes events, on loopback only.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::append::append;
use super::exchange::{Broken, Exchange, Token};
use super::line::{Line, Time};
use crate::model::time::now;
use crate::source::contract::KeyProblem;
use crate::source::listening::{Guest, Listening};

/// Largest event taken, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// The longest a connection may take to prove that it knows the token.
const LONGEST_PROOF: Duration = Duration::from_secs(2);

/// What the board says of itself to whoever knows its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Board {
    /// The real path of the file that its events go to.
    pub file: PathBuf,
    /// Its process.
    pub process: u32,
}

/// What became of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    /// It is in the file.
    Taken,
    /// It is wrong.
    Refused(String),
    /// The board cannot keep it.
    Failed(String),
}

/// What every connection is answered with.
#[derive(Debug)]
pub(super) struct Desk {
    file: PathBuf,
    /// Whether names of people may be kept.
    people: bool,
    nudge: Arc<Notify>,
    /// As the last poll read it: a token that is rotated needs no restart.
    known: Mutex<Known>,
    /// One writes at a time: a disk that hangs holds one thread, not one for each event.
    writing: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Clone)]
struct Known {
    file: PathBuf,
    token: Option<Token>,
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
pub(super) async fn open(address: SocketAddr, desk: Arc<Desk>) -> std::io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    Ok(Listening::serve(listener, move |stream, guest| {
        let desk = Arc::clone(&desk);
        async move {
            // Who does not speak as we do, or goes away, is told nothing more.
            let _its_own_affair = desk.attend(stream, &guest).await;
        }
    }))
}

impl Desk {
    pub(super) fn new(file: PathBuf, people: bool, nudge: Arc<Notify>) -> Self {
        let known = Mutex::new(Known { file: file.clone(), token: None });
        Self { file, people, nudge, known, writing: Arc::default() }
    }

    /// The real path of the file that its events go to, as far as it is known.
    pub(super) fn file(&self) -> PathBuf {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).file.clone()
    }

    /// What the last poll has read: the real path of the file, and what has to be proven from now on. Without a
    /// token nobody is served.
    pub(super) fn know(&self, file: PathBuf, token: Option<Token>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known { file, token };
    }

    async fn attend(&self, stream: TcpStream, guest: &Guest) -> Result<(), Broken> {
        let Known { file, token } = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(token) = token else { return Ok(()) };
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
        // The thread holds it, not this connection, which may end before the disk answers.
        let alone = Arc::clone(&self.writing).lock_owned().await;
        let written = tokio::task::spawn_blocking(move || {
            let _alone = alone;
            append(&file, &line)
        });
        written.await.unwrap_or_else(|_| Err("a fault of andon".to_owned())).map_err(Answer::Failed)?;
        self.nudge.notify_one();
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
