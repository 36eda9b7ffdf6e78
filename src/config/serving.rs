//! Where others look at the board, and who they are.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::audience::Audience;
use crate::source::auth::Secret;

/// A Unix socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Socket {
    /// Its path; without one it is in the runtime folder of the user, under the name of the board's file.
    pub path: Option<PathBuf>,
    /// Who may connect, as permissions of a file: 0o600 is its owner.
    pub mode: u32,
    /// The group it belongs to, where it is another one than that of its folder.
    pub group: Option<String>,
}

impl Default for Socket {
    fn default() -> Self {
        Self { path: None, mode: 0o600, group: None }
    }
}

/// An audience, and where it comes in.
#[derive(Debug, Clone)]
pub struct AudienceSpec {
    /// Who it is, and what it may see.
    pub audience: Arc<Audience>,
    /// What it has to show in a browser.
    pub token: Option<Secret>,
    /// A socket of its own.
    pub socket: Option<Socket>,
    /// An address of its own in a browser.
    pub listener: Option<Listener>,
}

impl AudienceSpec {
    /// The team of a board that says nothing of it.
    pub fn team() -> Self {
        Self { audience: Arc::new(Audience::team()), token: None, socket: None, listener: None }
    }
}

/// An address for browsers, where everybody is of one audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The address.
    pub listen: SocketAddr,
    /// Names by which it is reached, without a port; an address is one anyway.
    pub hosts: Vec<String>,
}

/// Where the board is in a browser.
#[derive(Debug, Clone)]
pub struct Web {
    /// The address.
    pub listen: SocketAddr,
    /// What the team has to show.
    pub token: Option<Secret>,
    /// Names by which it is reached, without a port; an address is one anyway.
    pub hosts: Vec<String>,
    /// The dashboard that customers see as a status page.
    pub status: Option<String>,
}
