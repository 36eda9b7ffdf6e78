//! What is sent, and what comes back.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// What was seen of an exchange: for `andon doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Who answered.
    pub peer: Option<SocketAddr>,
    /// The status code.
    pub status: u16,
    /// Bytes of the body.
    pub bytes: usize,
    /// From the request to the last byte of the answer, look-up and connection included.
    pub took: Duration,
    /// By how much the server's clock is ahead of ours, in milliseconds, as far as its `Date` header
    /// tells: it has whole seconds (RFC 9110, section 6.6.1).
    pub clock_ahead: Option<i64>,
    /// The server's certificate in DER, on a TLS connection.
    pub certificate: Option<Vec<u8>>,
}

/// What to send. Nothing else can be sent: there is no word for it.
///
/// ```compile_fail
/// let method = andon::source::http::Method::Put;
/// ```
/// ```compile_fail
/// let method = andon::source::http::Method::Delete;
/// ```
/// ```
/// let method = andon::source::http::Method::Get;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method<'a> {
    /// Read it.
    Get,
    /// Read only its head.
    Head,
    /// A form to a path that only reads, for queries too long for an address.
    PostForm(&'a [(&'a str, String)]),
}

/// A whole answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, complete.
    pub body: Vec<u8>,
    /// The server's certificate in DER, on a TLS connection.
    pub certificate: Option<Vec<u8>>,
}
