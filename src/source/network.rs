//! What all connections of a board share: the places to ask from, and how names are looked up.

use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::limits::Limits;
use crate::model::fault::{FetchError, Reason};

/// The network as one board uses it. Cheap to clone; the clones share everything.
#[derive(Clone)]
pub struct Network {
    /// How many requests may be under way.
    pub limits: Limits,
    /// Looks names up: the system does, but for tests.
    pub names: Arc<dyn Resolve>,
}

impl Default for Network {
    fn default() -> Self {
        Self { limits: Limits::default(), names: Arc::new(SystemNames) }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Network {
    /// The addresses of a host: a name is looked up, an address is itself.
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, FetchError> {
        let host = host.trim_matches(['[', ']']);
        if let Ok(address) = host.parse() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let name: Name = host.parse().map_err(|_| FetchError::new(Reason::Dns, "not a host name"))?;
        let found = self.names.resolve(name).await.map_err(|error| FetchError::new(Reason::Dns, error.to_string()))?;
        let all: Vec<SocketAddr> = found.map(|address| SocketAddr::new(address.ip(), port)).collect();
        if all.is_empty() { Err(FetchError::new(Reason::Dns, "it has no address")) } else { Ok(all) }
    }
}

/// A name that could not be looked up. The client wraps it; `classify` finds it again by its type.
#[derive(Debug)]
pub struct NameFault(pub String);

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NameFault {}

/// The resolver of the system (`/etc/hosts`, `/etc/resolv.conf`), on a thread that may block.
struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            match tokio::net::lookup_host((name.as_str(), 0)).await {
                Ok(found) => Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs),
                Err(error) => {
                    // "failed to lookup address information: Name or service not known"
                    let text = error.to_string();
                    let words = text.rsplit_once(": ").map_or(text.as_str(), |(_, words)| words);
                    Err(Box::new(NameFault(words.to_owned())) as Box<dyn Error + Send + Sync>)
                }
            }
        })
    }
}
