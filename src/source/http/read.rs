//! Reads the body of an answer under a cap: on its bytes, and on the pieces it comes in.

use reqwest::StatusCode;
use reqwest::header::CONTENT_ENCODING;
use tokio::time::{Instant, timeout_at};

use super::classify::transport;
use crate::model::fault::{FetchError, Phase, Reason};

/// So many pieces may be small: each costs as much as a large one.
const MOST_SMALL_PIECES: usize = 20_000;
/// Bytes of a piece, on average, from which it is no small one.
const SMALL_PIECE: usize = 16;
/// What some programs write before UTF-8, and no reader wants.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wanted of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it, or nothing.
    Whole,
    /// Only that it comes, as far as the cap: nobody reads it.
    Arrival,
}

/// Reads it. The body of an answer that is wanted whole is complete; no other is kept.
pub(super) async fn body(
    response: &mut reqwest::Response,
    wanted: Wanted,
    most: usize,
    deadline: Instant,
) -> Result<(Vec<u8>, usize), FetchError> {
    if wanted == Wanted::Whole {
        check_head(response, most)?;
    }
    let (mut body, mut bytes, mut pieces) = (Vec::new(), 0_usize, 0_usize);
    while let Some(piece) = timeout_at(deadline, response.chunk())
        .await
        .map_err(|_| FetchError::from(Reason::Timeout(Phase::Body)))?
        .map_err(|e| transport(&e, Phase::Body))?
    {
        (bytes, pieces) = (bytes + piece.len(), pieces + 1);
        if pieces > MOST_SMALL_PIECES && bytes < pieces * SMALL_PIECE {
            let detail = format!("{bytes} bytes in {pieces} pieces");
            return Err(FetchError::new(Reason::TooLarge, detail));
        }
        match wanted {
            Wanted::Whole if bytes > most => return Err(too_large(most)),
            Wanted::Whole => body.extend_from_slice(&piece),
            Wanted::Arrival if bytes > most => break,
            Wanted::Arrival => {}
        }
    }
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok((body, bytes))
}

/// Refuses what is known from the head not to be the whole answer, or none that can be read.
fn check_head(response: &reqwest::Response, most: usize) -> Result<(), FetchError> {
    if response.status() == StatusCode::PARTIAL_CONTENT {
        return Err(FetchError::new(Reason::Truncated, "HTTP 206: a part, though the whole was asked for"));
    }
    if response.content_length().is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    match response.headers().get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            Err(FetchError::new(Reason::Encoding, String::from_utf8_lossy(encoding.as_bytes())))
        }
        _ => Ok(()),
    }
}

fn too_large(most: usize) -> FetchError {
    FetchError::new(Reason::TooLarge, format!("over {most} bytes"))
}
