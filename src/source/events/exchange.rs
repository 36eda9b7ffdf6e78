//! How `andon event` and the board talk: lines of JSON on one connection, proven with a token that is never sent.
//!
//! ```text
//! client  {"andon":"events/1","nonce":"..."}   64 hex digits that it has never used before
//! board   {"nonce":"..."}                      the same, its own
//! client  {"text":"...","proof":"..."}         from here on every line is proven by its sender
//! board   {"text":"...","proof":"..."}
//! ```
//!
//! `proof` is the HMAC-SHA256, under the token, of who sends, how many lines that side has proven before, both
//! nonces, and the text. So a line can be used once, on this connection, in its place. The client proves first:
//! who does not know the token gets no proof of the board to guess tokens against. A line that is no such JSON,
//! which is all that a web browser can send, ends the connection.

use ring::hmac::{HMAC_SHA256, Key, sign, verify};
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};

use crate::model::hex::{hex, unhex};

/// What the first line says, so that another kind of program notices at once.
const PROTOCOL: &str = "events/1";
/// Longest line, in bytes, before a side has proven that it knows the token.
const LONGEST_GREETING: u64 = 1024;
/// Longest proven line, in bytes.
const LONGEST_LINE: u64 = 256 * 1024;
/// What a web browser or curl is told.
const NOT_HTTP: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n\
                        This port speaks no HTTP: it takes events from 'andon event'.\n";

/// The token, ready to prove with.
#[derive(Debug, Clone)]
pub struct Token(Key);

impl Token {
    /// `None` for an empty one: it would prove nothing.
    pub fn new(secret: &SecretString) -> Option<Self> {
        let secret = secret.expose_secret();
        (!secret.trim().is_empty()).then(|| Self(Key::new(HMAC_SHA256, secret.as_bytes())))
    }
}

/// Why a conversation ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The connection ended, or could not be used.
    #[error("the connection broke: {0}")]
    Connection(#[from] std::io::Error),
    /// The other side uses another protocol.
    #[error("it does not speak andon's protocol")]
    Foreign,
    /// The other side did not prove that it knows the token.
    #[error("it does not know this token")]
    Unproven,
}

impl Broken {
    /// Whether the other side has hung up.
    pub(super) fn is_end(&self) -> bool {
        use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
        matches!(self, Self::Connection(error) if matches!(error.kind(), ConnectionReset | UnexpectedEof))
    }
}

#[derive(Serialize, Deserialize)]
struct Greeting {
    andon: String,
    nonce: String,
}

#[derive(Serialize, Deserialize)]
struct Greeted {
    nonce: String,
}

#[derive(Serialize, Deserialize)]
struct Proven {
    text: String,
    proof: String,
}

/// Who proves a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Board,
}

/// One conversation, after both have sent their nonce.
#[derive(Debug)]
pub(super) struct Exchange<S> {
    stream: BufReader<S>,
    token: Token,
    side: Side,
    /// That of the client, then that of the board.
    nonces: [String; 2],
    sent: u32,
    received: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Exchange<S> {
    /// Begins as the client.
    pub(super) async fn call(stream: S, token: &Token) -> Result<Self, Broken> {
        let mut stream = BufReader::new(stream);
        let own = nonce()?;
        write(&mut stream, &Greeting { andon: PROTOCOL.to_owned(), nonce: own.clone() }).await?;
        let Greeted { nonce } = read(&mut stream, LONGEST_GREETING).await?;
        Self::between(stream, token, Side::Client, [own, nonce])
    }

    /// Begins as the board.
    pub(super) async fn answer(stream: S, token: &Token) -> Result<Self, Broken> {
        let mut stream = BufReader::new(stream);
        let line = read_line(&mut stream, LONGEST_GREETING).await?;
        let greeting = serde_json::from_slice::<Greeting>(&line).ok().filter(|one| one.andon == PROTOCOL);
        let Some(greeting) = greeting else {
            if line.trim_ascii_end().ends_with(b"HTTP/1.1") {
                stream.write_all(NOT_HTTP.as_bytes()).await?;
            }
            return Err(Broken::Foreign);
        };
        let own = nonce()?;
        write(&mut stream, &Greeted { nonce: own.clone() }).await?;
        Self::between(stream, token, Side::Board, [greeting.nonce, own])
    }

    fn between(stream: BufReader<S>, token: &Token, side: Side, nonces: [String; 2]) -> Result<Self, Broken> {
        let is_nonce = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !nonces.iter().all(is_nonce) {
            return Err(Broken::Foreign);
        }
        Ok(Self { stream, token: token.clone(), side, nonces, sent: 0, received: 0 })
    }

    /// Sends a text with its proof.
    pub(super) async fn send(&mut self, text: &str) -> Result<(), Broken> {
        let proof = sign(&self.token.0, &self.proven(self.side, self.sent, text));
        self.sent += 1;
        write(&mut self.stream, &Proven { text: text.to_owned(), proof: hex(proof.as_ref()) }).await
    }

    /// The next text of the other side, which has proven that it knows the token.
    pub(super) async fn receive(&mut self) -> Result<String, Broken> {
        let longest = if self.received == 0 { LONGEST_GREETING } else { LONGEST_LINE };
        let Proven { text, proof } = read(&mut self.stream, longest).await?;
        let other = if self.side == Side::Client { Side::Board } else { Side::Client };
        let proof = unhex(&proof).ok_or(Broken::Foreign)?;
        verify(&self.token.0, &self.proven(other, self.received, &text), &proof).map_err(|_| Broken::Unproven)?;
        self.received += 1;
        Ok(text)
    }

    /// What a proof is of. Only the text can have any length, and it comes last.
    fn proven(&self, side: Side, count: u32, text: &str) -> Vec<u8> {
        let [client, board] = &self.nonces;
        format!("andon {PROTOCOL}\n{side:?}\n{count}\n{client}\n{board}\n{text}").into_bytes()
    }
}

fn nonce() -> Result<String, Broken> {
    let random = ring::rand::generate::<[u8; 32]>(&SystemRandom::new());
    let random = random.map_err(|_| std::io::Error::other("the system gives no random numbers"))?;
    Ok(hex(&random.expose()))
}

async fn write<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    line: &impl Serialize,
) -> Result<(), Broken> {
    let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    Ok(stream.flush().await?)
}

async fn read<S: AsyncRead + Unpin, T: DeserializeOwned>(stream: &mut BufReader<S>, longest: u64) -> Result<T, Broken> {
    serde_json::from_slice(&read_line(stream, longest).await?).map_err(|_| Broken::Foreign)
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>, longest: u64) -> Result<Vec<u8>, Broken> {
    let mut line = Vec::new();
    stream.take(longest).read_until(b'\n', &mut line).await?;
    match line.last() {
        Some(b'\n') => Ok(line),
        Some(_) if line.len() as u64 == longest => Err(Broken::Foreign),
        _ => Err(Broken::Connection(std::io::ErrorKind::UnexpectedEof.into())),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    fn token(text: &str) -> Token {
        Token::new(&text.to_owned().into()).unwrap()
    }

    async fn both(client: &str, board: &str) -> [Exchange<DuplexStream>; 2] {
        let (here, there) = tokio::io::duplex(1 << 20);
        let (client, board) = (token(client), token(board));
        let (client, board) = tokio::join!(Exchange::call(here, &client), Exchange::answer(there, &board));
        [client.unwrap(), board.unwrap()]
    }

    #[tokio::test]
    async fn both_sides_understand_each_other() {
        let [mut client, mut board] = both("t", "t").await;
        for text in ["who", "", "{\"title\":\"\u{fc}\n\"}"] {
            client.send(text).await.unwrap();
            assert_eq!(board.receive().await.unwrap(), text);
            board.send(text).await.unwrap();
            assert_eq!(client.receive().await.unwrap(), text);
        }
    }

    #[tokio::test]
    async fn another_token_proves_nothing_to_either() {
        let [mut client, mut board] = both("t", "u").await;
        client.send("who").await.unwrap();
        assert!(matches!(board.receive().await, Err(Broken::Unproven)));
        board.send("me").await.unwrap();
        assert!(matches!(client.receive().await, Err(Broken::Unproven)));
    }

    /// Reads what one side sends, as a listener between both would see it.
    async fn sent(exchange: &mut Exchange<DuplexStream>, other: &mut Exchange<DuplexStream>, text: &str) -> Vec<u8> {
        exchange.send(text).await.unwrap();
        read_line(&mut other.stream, LONGEST_LINE).await.unwrap()
    }

    #[tokio::test]
    async fn a_line_counts_once_in_its_place_and_from_its_side() {
        let [mut client, mut board] = both("t", "t").await;
        let first = sent(&mut client, &mut board, "one").await;
        // Sent back to where it came from.
        board.stream.write_all(&first).await.unwrap();
        assert!(matches!(client.receive().await, Err(Broken::Unproven)));
        // Taken, and then once more.
        for expected in [true, false] {
            client.stream.write_all(&first).await.unwrap();
            assert_eq!(board.receive().await.is_ok(), expected);
        }
        // On another connection.
        let [mut client, mut board] = both("t", "t").await;
        client.stream.write_all(&first).await.unwrap();
        assert!(matches!(board.receive().await, Err(Broken::Unproven)));
    }

    #[tokio::test]
    async fn the_token_is_never_sent() {
        let [mut client, mut board] = both("canary-token", "canary-token").await;
        let line = sent(&mut client, &mut board, "who").await;
        assert!(!String::from_utf8_lossy(&line).contains("canary"));
        assert!(!format!("{client:?}").contains("canary"));
        assert!(Token::new(&" \n".to_owned().into()).is_none(), "an empty token proves nothing");
    }

    #[tokio::test]
    async fn what_is_not_ours_ends_the_conversation() {
        let endless = format!("{{\"andon\":\"{}", "x".repeat(5000));
        for first in [
            "POST /events HTTP/1.1\r\nHost: x\r\n\r\n{}",
            "{}\n",
            "{\"andon\":\"events/1\",\"nonce\":\"1\"}\n",
            &endless,
        ] {
            let (mut here, there) = tokio::io::duplex(1 << 20);
            here.write_all(first.as_bytes()).await.unwrap();
            assert!(matches!(Exchange::answer(there, &token("t")).await, Err(Broken::Foreign)), "{first}");
            let mut said = String::new();
            here.read_to_string(&mut said).await.unwrap();
            assert_eq!(said.contains("'andon event'"), first.contains("HTTP"), "{said}");
        }
    }
}
