//! How many requests may be under way: in all, and to one host. And how many commands and worker threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use super::turn::Turn;
use crate::source::json::workers::Workers;

/// Requests under way to one host.
const PER_HOST: usize = 6;
/// Requests under way in all. Dead sources hold one turn each (only one of their polls keeps asking),
/// so that this many of them still delay nobody.
const OVERALL: usize = 256;
/// Commands that run at once: they share this machine with the board.
const COMMANDS: usize = 4;
/// Worker threads in use at once. The runtime ends at 512 threads: the rest is for names, expressions and
/// the config, should this many sources be stuck on a dead disk.
const WORKERS: usize = 128;

/// The turns to ask; shared by all clients of a board.
#[derive(Debug, Clone)]
pub struct Limits {
    overall: Arc<Semaphore>,
    commands: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    hosts: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    /// The processes that run jq expressions.
    pub(in crate::source) jq: Workers,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            overall: Arc::new(Semaphore::new(OVERALL)),
            commands: Arc::new(Semaphore::new(COMMANDS)),
            workers: Arc::new(Semaphore::new(WORKERS)),
            hosts: Arc::default(),
            jq: Workers::default(),
        }
    }
}

impl Limits {
    /// The queue of one host (its authority: name and port).
    pub fn host(&self, authority: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(authority.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(PER_HOST)));
        Arc::clone(host)
    }

    /// The queue of a host that wants one request at a time.
    pub fn one_at_a_time(&self, authority: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        // A space is in no authority: the host's other queue is another one.
        Arc::clone(hosts.entry(format!("{authority} serial")).or_insert_with(|| Arc::new(Semaphore::new(1))))
    }

    /// Waits until a command may run: first for its own turn, so that a command that cannot be ended holds up
    /// itself only.
    pub async fn command(&self, own: &Arc<Semaphore>) -> Turn {
        let own = Arc::clone(own).acquire_owned().await.ok();
        Turn::new(own, Arc::clone(&self.commands).acquire_owned().await.ok())
    }

    /// Waits until a worker thread may be used.
    pub async fn worker(&self) -> Turn {
        Turn::new(None, Arc::clone(&self.workers).acquire_owned().await.ok())
    }

    /// Waits for its turn: first at the host, then overall, so that a slow host holds up itself only.
    pub async fn turn(&self, host: &Arc<Semaphore>) -> Turn {
        // The semaphores are never closed: `ok` only drops an impossible error.
        let host = Arc::clone(host).acquire_owned().await.ok();
        let overall = Arc::clone(&self.overall).acquire_owned().await.ok();
        Turn::new(host, overall)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_crowded_host_holds_up_itself_only() {
        let limits = Limits::default();
        let (crowded, free) = (limits.host("crowded:80"), limits.host("free:80"));
        let mut held = Vec::new();
        for _ in 0..PER_HOST {
            held.push(limits.turn(&crowded).await);
        }
        let soon = Duration::from_secs(1);
        assert!(tokio::time::timeout(soon, limits.turn(&crowded)).await.is_err(), "one more than its share");
        assert!(tokio::time::timeout(soon, limits.turn(&free)).await.is_ok());
        held.pop();
        assert!(tokio::time::timeout(soon, limits.turn(&limits.host("crowded:80"))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_all_places_together() {
        let limits = Limits::default();
        let mut held = Vec::new();
        for n in 0..OVERALL {
            held.push(limits.turn(&limits.host(&format!("host-{n}:80"))).await);
        }
        let late = limits.host("late:80");
        assert!(tokio::time::timeout(Duration::from_secs(1), limits.turn(&late)).await.is_err());
    }
}
