//! Tells a board of an event, and finds out who listens at its address before that.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::exchange::{Broken, Exchange, Token};
use super::line::Line;
use super::protocol::{Answer, Board};

/// What the client proves first.
const WHO: &str = "who";
/// The longest that whoever listens may take to prove who it is.
const LONGEST_PROOF: Duration = Duration::from_secs(3);
/// The longest that the board may take to keep an event.
const LONGEST_TAKING: Duration = Duration::from_secs(5);

/// Who listens there.
#[derive(Debug)]
pub(super) enum Found {
    /// Nobody.
    Nobody,
    /// Somebody who does not prove that it knows the token, and why that is known.
    Stranger(String),
    /// A board with this token, and the connection to it.
    Board(Board, Box<Exchange<TcpStream>>),
}

/// Connects and asks who is there. Nothing is sent that is of use to anybody who does not know the token.
pub(super) async fn find(address: &str, token: &Token, patience: Duration) -> Found {
    let asked = async {
        let stream = match TcpStream::connect(address).await {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(None),
            Err(error) => return Err(Broken::from(error)),
        };
        let mut exchange = Exchange::call(stream, token).await?;
        exchange.send(WHO).await?;
        // A board that is shown another token hangs up.
        let board = exchange.receive().await.map_err(|why| if why.is_end() { Broken::Unproven } else { why })?;
        let board = serde_json::from_str(&board).map_err(|_| Broken::Foreign)?;
        Ok(Some((board, Box::new(exchange))))
    };
    match timeout(patience, asked).await {
        Err(_) => Found::Stranger("it does not answer".to_owned()),
        Ok(Err(why)) => Found::Stranger(why.to_string()),
        Ok(Ok(None)) => Found::Nobody,
        Ok(Ok(Some((board, exchange)))) => Found::Board(board, exchange),
    }
}

/// The path of a file without links and detours; the file need not be there yet. May take as long as the disk takes.
pub fn real_path(path: &Path) -> PathBuf {
    let of_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(of_folder).unwrap_or_else(|| path.to_owned())
}

/// What became of an event.
#[derive(Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The board has it in its file.
    Taken,
    /// The event is wrong, and why.
    Refused(String),
    /// Nobody listens there.
    Nobody,
    /// The board was not told, or did not keep it, and why.
    NotTaken(String),
}

/// Tells the board at an address of an event. With the real path of a file, only a board that writes into this one
/// is told.
pub async fn post(address: &str, token: &Token, line: &Line, file: Option<&Path>) -> Receipt {
    let (board, exchange) = match find(address, token, LONGEST_PROOF).await {
        Found::Nobody => return Receipt::Nobody,
        Found::Stranger(why) => {
            return Receipt::NotTaken(format!(
                "the program that listens at {address} is not this board, or has a different token: {why}"
            ));
        }
        Found::Board(board, exchange) => (board, exchange),
    };
    if file.is_some_and(|file| file != board.file) {
        let (process, file) = (board.process, board.file.display());
        return Receipt::NotTaken(format!("the board at {address}, process {process}, writes to another file: {file}"));
    }
    match timeout(LONGEST_TAKING, hand_over(*exchange, line)).await {
        Ok(Ok(Answer::Taken)) => Receipt::Taken,
        Ok(Ok(Answer::Refused(why))) => Receipt::Refused(why),
        Ok(Ok(Answer::Failed(why))) => Receipt::NotTaken(why),
        Ok(Err(why)) => Receipt::NotTaken(format!("the board did not confirm it: {why}")),
        Err(_) => Receipt::NotTaken(format!("the board did not confirm it within {} s", LONGEST_TAKING.as_secs())),
    }
}

async fn hand_over(mut exchange: Exchange<TcpStream>, line: &Line) -> Result<Answer, Broken> {
    exchange.send(&serde_json::to_string(line).map_err(std::io::Error::from)?).await?;
    serde_json::from_str(&exchange.receive().await?).map_err(|_| Broken::Foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_every_path_to_it() {
        let folder = std::env::temp_dir();
        let file = real_path(&folder.join("andon-is-not-there.jsonl"));
        let around = folder.join("..").join(folder.file_name().unwrap()).join("andon-is-not-there.jsonl");
        assert_eq!(real_path(&around), file);
        assert_ne!(real_path(&folder.join("another.jsonl")), file);
        assert_eq!(real_path(Path::new("/nowhere/a")), Path::new("/nowhere/a"));
    }
}
