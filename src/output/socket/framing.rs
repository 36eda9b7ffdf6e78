//! Messages on a stream: a length of four bytes, big endian, and so many bytes.

use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The most that a viewer may send in one message.
pub const LONGEST_OF_VIEWER: usize = 4 * 1024;
/// The most that a server may send: a whole picture of the largest size, each cell in a style of its own.
pub const LONGEST_OF_SERVER: usize = 4 * 1024 * 1024;

/// A message as it is sent.
pub fn framed(message: &impl Message) -> Vec<u8> {
    let length = message.encoded_len();
    let mut bytes = Vec::with_capacity(4 + length);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    // There is room in a vector.
    let _always_fits = message.encode(&mut bytes);
    bytes
}

/// The next message; none where the other side has ended between two messages. What is longer than `longest`, torn, or no
/// message is an error. Nothing of a message that was begun may be lost: this is not dropped while it reads.
pub async fn next<M: Message + Default>(from: &mut (impl AsyncRead + Unpin), longest: usize) -> io::Result<Option<M>> {
    let mut length = [0; 4];
    match from.read(&mut length).await? {
        0 => return Ok(None),
        count => from.read_exact(length.get_mut(count..).unwrap_or_default()).await?,
    };
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > longest {
        return Err(invalid(format!("a message of {length} bytes, and {longest} is the most")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    unframed(&bytes).map(Some)
}

/// The message of some bytes without their length.
pub fn unframed<M: Message + Default>(bytes: &[u8]) -> io::Result<M> {
    M::decode(bytes).map_err(|error| invalid(format!("no message: {error}")))
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::super::message::{Extent, FromViewer, ToServer};
    use super::*;

    fn size(columns: u32) -> ToServer {
        ToServer { what: Some(FromViewer::Size(Extent { columns, rows: 1 })) }
    }

    async fn read(bytes: &[u8]) -> io::Result<Option<ToServer>> {
        next(&mut &bytes[..], LONGEST_OF_VIEWER).await
    }

    #[tokio::test]
    async fn messages_come_one_after_the_other_and_then_the_end() {
        let bytes = [framed(&size(80)), framed(&ToServer::default()), framed(&size(81))].concat();
        let from = &mut bytes.as_slice();
        for expected in [Some(size(80)), Some(ToServer::default()), Some(size(81)), None] {
            assert_eq!(next::<ToServer>(from, LONGEST_OF_VIEWER).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn what_is_torn_too_long_or_no_message_is_an_error() {
        let whole = framed(&size(80));
        for end in 1..whole.len() {
            assert!(read(&whole[..end]).await.is_err(), "{end} bytes of {}", whole.len());
        }
        let too_long = u32::try_from(LONGEST_OF_VIEWER + 1).unwrap().to_be_bytes();
        assert_eq!(read(&too_long).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(read(b"\0\0\0\x02\xff\xff").await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(read(b"GET / HTTP/1.1\r\n\r\n").await.is_err(), "another protocol");
    }
}
