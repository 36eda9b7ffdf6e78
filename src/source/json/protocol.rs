//! What a board and its jq process say to each other over two pipes: a tag, a length, and so many bytes.

use std::io::{self, Read, Write};

use super::jq::MAX_BYTES;
use crate::model::fault::{FetchError, Reason};

/// To the process: the document of the queries that follow.
pub(super) const DOCUMENT: u8 = b'D';
/// To the process: how long it may take (milliseconds, four bytes), and an expression.
pub(super) const QUERY: u8 = b'Q';
/// From the process: it is done; the results, if there are any.
pub(super) const DONE: u8 = b'O';
/// From the process: the time is up, and with it the process.
pub(super) const LATE: u8 = b'E';
/// From the process: it failed with this reason; the bytes are the detail.
const FAULTS: [(u8, Reason); 5] = [
    (b'N', Reason::NoMatch),
    (b'L', Reason::TooLarge),
    (b'P', Reason::Parse),
    (b'T', Reason::Truncated),
    (b'I', Reason::Internal),
];
/// Longest message from the process.
pub(super) const MAX_REPLY: usize = MAX_BYTES + 1024;

/// The begin of a message: its tag, and the length of what follows.
pub(super) const HEAD: usize = 5;

/// The head of a message; none where it is too long to be said.
pub(super) fn head(tag: u8, length: usize) -> Option<[u8; HEAD]> {
    let [a, b, c, d] = u32::try_from(length).ok()?.to_le_bytes();
    Some([tag, a, b, c, d])
}

/// Tag and length.
pub(super) const fn read_head(head: [u8; HEAD]) -> (u8, usize) {
    let [tag, a, b, c, d] = head;
    (tag, u32::from_le_bytes([a, b, c, d]) as usize)
}

/// A fault as tag and bytes.
pub(super) fn of_fault(error: &FetchError) -> (u8, Vec<u8>) {
    let tag = FAULTS.iter().find(|(_, reason)| *reason == error.reason).map_or(b'I', |(tag, _)| *tag);
    (tag, error.detail.as_str().as_bytes().to_vec())
}

/// The fault behind a tag.
pub(super) fn fault(tag: u8, detail: &[u8]) -> FetchError {
    let reason = FAULTS.iter().find(|(known, _)| *known == tag).map_or(Reason::Internal, |(_, reason)| *reason);
    FetchError::new(reason, String::from_utf8_lossy(detail))
}

/// The next head; none at the end.
pub(super) fn next(input: &mut impl Read) -> io::Result<Option<(u8, usize)>> {
    let mut bytes = [0; HEAD];
    match input.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(read_head(bytes))),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a whole message.
pub(super) fn send(output: &mut impl Write, tag: u8, bytes: &[u8]) -> io::Result<()> {
    let head = head(tag, bytes.len()).ok_or(io::ErrorKind::InvalidInput)?;
    output.write_all(&head)?;
    output.write_all(bytes)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_as_it_was_sent() {
        let mut pipe = Vec::new();
        send(&mut pipe, QUERY, b"abc").unwrap();
        let mut input = pipe.as_slice();
        assert_eq!(next(&mut input).unwrap(), Some((QUERY, 3)));
        assert_eq!(input, b"abc");
        assert_eq!(next(&mut &b""[..]).unwrap(), None);
    }

    #[test]
    fn a_fault_keeps_its_reason_and_its_words() {
        for (_, reason) in FAULTS {
            let told = FetchError::new(reason, "why");
            let (tag, bytes) = of_fault(&told);
            assert_eq!(fault(tag, &bytes), told);
        }
    }
}
