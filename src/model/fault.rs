//! Why a poll failed: a closed list, the same for every source.

use std::fmt;

use super::text::SafeText;
use super::time::Span;

/// The part of a request that ran out of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Waiting for its turn: too many requests to this host are under way.
    Queue,
    /// Opening the connection, TLS included.
    Connect,
    /// Waiting for the answer to begin.
    Headers,
    /// Waiting for the rest of the answer.
    Body,
    /// The work as a whole (commands, this machine).
    Run,
}

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsFault {
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// Nobody we trust signed it.
    Untrusted,
    /// It is for another name.
    WrongName,
    /// Anything else of the handshake.
    Handshake,
    /// The files of the source's `tls` table cannot be used: nobody has been asked.
    Files,
}

/// Why a server, or we ourselves, did not go on because a right is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthFault {
    /// A secret is missing or cannot be sent: nobody has been asked.
    Secret,
    /// The server does not know us (401): it refuses whatever we ask for.
    Unauthorised,
    /// The server knows us and does not let us have this one thing (403).
    Forbidden,
}

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The name does not resolve.
    Dns,
    /// Nobody listens there.
    Refused,
    /// Too slow, and where.
    Timeout(Phase),
    /// The connection broke.
    Reset,
    /// No trustworthy connection.
    Tls(TlsFault),
    /// The server answered with this status code.
    Http(u16),
    /// We may not ask.
    Auth(AuthFault),
    /// The server asks us to slow down (429).
    RateLimited,
    /// A redirect to another place, or too many of them.
    RedirectBlocked,
    /// The answer is over the limit.
    TooLarge,
    /// The answer ended early.
    Truncated,
    /// The answer is encoded in a way that was not asked for.
    Encoding,
    /// The answer is not what was expected.
    Parse,
    /// The query is wrong, or picks nothing.
    NoMatch,
    /// The command could not be run, or failed.
    Exec,
    /// A file of this machine cannot be used.
    File,
    /// A listener of andon cannot take what is sent to it.
    Listen,
    /// A fault of andon itself.
    Internal,
    /// One of long ago, of which only the words are known.
    Remembered,
}

impl Reason {
    /// Whether the other side is silent or not there: then one poll of the source keeps asking at its
    /// usual pace, and wakes the others when it gets an answer.
    pub const fn is_outage(self) -> bool {
        matches!(
            self,
            Self::Dns | Self::Refused | Self::Timeout(_) | Self::Reset | Self::Truncated | Self::Http(502..=504)
        )
    }
}

impl Reason {
    /// The reason behind a status code that is no success.
    pub const fn of_status(code: u16) -> Self {
        match code {
            401 => Self::Auth(AuthFault::Unauthorised),
            403 => Self::Auth(AuthFault::Forbidden),
            429 => Self::RateLimited,
            code => Self::Http(code),
        }
    }

    /// What to do about it, for whoever looks after the board.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Dns => "check the host in url; does this machine's resolver know the name?",
            Self::Refused => "is the server running, and does it listen on this port?",
            Self::Timeout(Phase::Queue) => "too many queries wait for this host; a longer refresh makes room",
            Self::Timeout(Phase::Connect) => "a firewall may drop the packets, or the address is wrong",
            Self::Timeout(Phase::Headers | Phase::Body) => "a longer timeout, or a cheaper query",
            Self::Timeout(Phase::Run) => "a longer timeout, or less work for it",
            Self::Reset => "a proxy may close connections, or the port is wrong",
            Self::Tls(TlsFault::Expired) => "renew the server's certificate",
            Self::Tls(TlsFault::NotYetValid) => "is the clock of this machine right?",
            Self::Tls(TlsFault::Untrusted) => "name the authority that signed it: tls = { ca_file = \"...\" }",
            Self::Tls(TlsFault::WrongName) => "use the name that the certificate is for, in url",
            Self::Tls(TlsFault::Handshake) => "does this port speak TLS? does it want a client certificate?",
            Self::Tls(TlsFault::Files) => "check the paths and permissions in tls = { ... }",
            Self::Http(404) => "check the path in url",
            Self::Http(_) => "look in the server's log",
            Self::Auth(_) => "check the source's auth: the secret may be wrong, or may not have the right to read this",
            Self::RateLimited => "a longer refresh",
            Self::RedirectBlocked => "set url to where it leads, if that is the right place",
            Self::TooLarge => "ask for less; max_body allows a longer answer, but not more series or rows",
            Self::Truncated => "a proxy or a size limit may cut the answer",
            Self::Encoding => "switch compression off for this client, at the server or a proxy",
            Self::Parse => "is url the right one for this type of source?",
            Self::NoMatch => "does the query fit what this source answers? try it by hand first",
            Self::Exec => "run the command by hand, as the user that runs andon",
            Self::File => "check its path, and that the user that runs andon may use it",
            Self::Listen => "correct the cause; andon then starts the listener again by itself",
            Self::Internal => "this is a fault of andon: please report it",
            Self::Remembered => "nothing can be done about it now: this is how it was at that moment",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Dns => "name not found",
            Self::Refused => "connection refused",
            Self::Timeout(Phase::Queue) => "timeout (queue)",
            Self::Timeout(Phase::Connect) => "timeout (connect)",
            Self::Timeout(Phase::Headers) => "timeout (no answer)",
            Self::Timeout(Phase::Body) => "timeout (slow answer)",
            Self::Timeout(Phase::Run) => "timeout",
            Self::Reset => "connection reset",
            Self::Tls(TlsFault::Expired) => "certificate expired",
            Self::Tls(TlsFault::NotYetValid) => "certificate not yet valid",
            Self::Tls(TlsFault::Untrusted) => "certificate not trusted",
            Self::Tls(TlsFault::WrongName) => "certificate for another name",
            Self::Tls(TlsFault::Handshake) => "TLS handshake failed",
            Self::Tls(TlsFault::Files) => "TLS files unusable",
            Self::Http(code) => return write!(f, "HTTP {code}"),
            Self::Auth(_) => "not authorised",
            Self::RateLimited => "rate limited",
            Self::RedirectBlocked => "redirect blocked",
            Self::TooLarge => "answer too large",
            Self::Truncated => "answer cut short",
            Self::Encoding => "unknown encoding",
            Self::Parse => "answer not understood",
            Self::NoMatch => "query failed",
            Self::Exec => "command failed",
            Self::File => "file unusable",
            Self::Listen => "nobody listens",
            Self::Internal => "internal error",
            Self::Remembered => "failed then",
        };
        f.write_str(word)
    }
}

/// A failed poll: the reason, a few words more, and when the server wants to be asked again.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchError {
    /// One of the closed list.
    pub reason: Reason,
    /// What exactly, free of secrets; may be empty.
    pub detail: SafeText,
    /// From `Retry-After`.
    pub retry_after: Option<Span>,
}

impl FetchError {
    /// A reason with a detail.
    pub fn new(reason: Reason, detail: impl AsRef<str>) -> Self {
        Self { reason, detail: SafeText::new(detail.as_ref()), retry_after: None }
    }
}

impl From<Reason> for FetchError {
    fn from(reason: Reason) -> Self {
        Self::new(reason, "")
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            write!(f, "{}", self.reason)
        } else if self.reason == Reason::Remembered {
            write!(f, "{}", self.detail)
        } else {
            write!(f, "{}: {}", self.reason, self.detail)
        }
    }
}

impl std::error::Error for FetchError {}
