//! What the servers of the board look at before they answer a request: by which name they are asked, and who asks.

use std::net::{IpAddr, SocketAddr};

use hyper::Uri;
use hyper::header::HeaderValue;
use percent_encoding::percent_decode_str;

/// Whether a `Host` is one of this board: this machine, a name that is listed, or an address: no page can take over
/// that.
pub(super) fn is_ours(host: &str, hosts: &[String]) -> bool {
    let is_address = host.parse::<SocketAddr>().is_ok() || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    is_address || is("localhost") || hosts.iter().any(|listed| is(listed))
}

/// What follows the word "Bearer", in any case (RFC 9110, section 11.1).
pub(super) fn bearer(header: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = header.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token.trim_ascii_start())
}

/// Takes as long wherever they differ.
pub(super) fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.len() == wanted.len() && given.iter().zip(wanted).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// A parameter as it is written.
pub(super) fn parameter<'a>(uri: &'a Uri, key: &str) -> Option<&'a str> {
    let mut pairs = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// The same, decoded.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
