//! What all connections of a board share: the turns to ask, and how names are looked up.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::watch;

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
        Self { limits: Limits::default(), names: Arc::new(SystemNames::default()) }
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

/// What a look-up has found, once it has ended.
type Found = Option<Result<Vec<SocketAddr>, String>>;

/// The resolver of the system (`/etc/hosts`, `/etc/resolv.conf`), on a thread that may block. A name is
/// looked up once at a time, whoever asks: a resolver that hangs for longer than the polls wait would take
/// one more thread with each of them.
#[derive(Default)]
struct SystemNames {
    asked: Arc<Mutex<HashMap<String, watch::Receiver<Found>>>>,
}

impl SystemNames {
    /// The look-up of this name that is under way, or a new one.
    fn look_up(&self, name: &str) -> watch::Receiver<Found> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has ended without a word (its runtime has) is none.
        if let Some(under_way) = asked.get(name).filter(|one| one.has_changed().is_ok()) {
            return under_way.clone();
        }
        let (tell, found) = watch::channel(None);
        asked.insert(name.to_owned(), found.clone());
        let (name, all) = (name.to_owned(), Arc::clone(&self.asked));
        tokio::spawn(async move {
            let looked = tokio::net::lookup_host((name.as_str(), 0)).await;
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
            tell.send_replace(Some(looked.map(Iterator::collect).map_err(|error| words(&error))));
        });
        found
    }
}

/// "failed to lookup address information: Name or service not known": what is after the colon.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(": ").map_or(text.clone(), |(_, words)| words.to_owned())
}

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        let mut looking = self.look_up(name.as_str());
        Box::pin(async move {
            let found = looking.wait_for(Option::is_some).await.map(|found| found.clone()).ok().flatten();
            match found.unwrap_or_else(|| Err("the look-up has ended".to_owned())) {
                Ok(found) => Ok(Box::new(found.into_iter()) as Addrs),
                Err(words) => Err(Box::new(NameFault(words)) as Box<dyn Error + Send + Sync>),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_looked_up_once_at_a_time_whoever_asks() {
        let names = SystemNames::default();
        let mut first = names.look_up("localhost");
        assert!(first.same_channel(&names.look_up("localhost")), "a second look-up beside the first");
        assert!(!first.same_channel(&names.look_up("127.0.0.1")));
        assert!(first.wait_for(Option::is_some).await.unwrap().as_ref().unwrap().is_ok());
        assert!(!names.asked.lock().unwrap().contains_key("localhost"), "the next one asks anew");
    }
}
