//! From an error of the client library to one of the closed list of reasons.

use std::error::Error as _;
use std::io;

use crate::model::fault::{FetchError, Phase, Reason, TlsFault};
use crate::source::network::NameFault;

/// Maps a transport error to a reason by walking its causes; its own text may hold the whole URL.
pub(super) fn transport(error: &reqwest::Error, phase: Phase) -> FetchError {
    let phase = if error.is_connect() { Phase::Connect } else { phase };
    if error.is_timeout() {
        return Reason::Timeout(phase).into();
    }
    let mut cause = error.source();
    let mut found = None;
    while let Some(inner) = cause {
        found = classify(inner, phase).or(found);
        cause = inner.source();
    }
    found.unwrap_or_else(|| if phase == Phase::Body { Reason::Truncated.into() } else { Reason::Reset.into() })
}

fn classify(cause: &(dyn std::error::Error + 'static), phase: Phase) -> Option<FetchError> {
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(FetchError::new(Reason::Tls(tls_fault(tls)), ""));
    }
    if let Some(http) = cause.downcast_ref::<hyper::Error>() {
        if http.is_incomplete_message() {
            let reason = if phase == Phase::Body { Reason::Truncated } else { Reason::Reset };
            return Some(reason.into());
        }
        if http.is_parse_too_large() {
            return Some(FetchError::new(Reason::TooLarge, "its headers"));
        }
        if http.is_parse() {
            return Some(FetchError::new(Reason::Parse, "this is not HTTP"));
        }
    }
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        // The connector wraps its error once more: an error in an error, neither of them its source.
        if let Some(inner) = io.get_ref() {
            return classify(inner, phase);
        }
        return known(io.kind(), phase);
    }
    cause.downcast_ref::<NameFault>().map(|fault| FetchError::new(Reason::Dns, &fault.0))
}

/// The reason behind a fault of the connection itself.
pub fn io_fault(error: &io::Error, phase: Phase) -> FetchError {
    known(error.kind(), phase).unwrap_or_else(|| FetchError::new(Reason::Refused, error.kind().to_string()))
}

fn known(kind: io::ErrorKind, phase: Phase) -> Option<FetchError> {
    let reason = match kind {
        io::ErrorKind::ConnectionRefused => Reason::Refused,
        io::ErrorKind::TimedOut => Reason::Timeout(phase),
        io::ErrorKind::UnexpectedEof if phase == Phase::Body => Reason::Truncated,
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Reason::Reset,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            return Some(FetchError::new(Reason::Refused, "no route to the host"));
        }
        _ => return None,
    };
    Some(reason.into())
}

fn tls_fault(error: &rustls::Error) -> TlsFault {
    use rustls::CertificateError as C;
    match error {
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => TlsFault::Expired,
        rustls::Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => TlsFault::NotYetValid,
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => TlsFault::WrongName,
        rustls::Error::InvalidCertificate(_) => TlsFault::Untrusted,
        _ => TlsFault::Handshake,
    }
}
