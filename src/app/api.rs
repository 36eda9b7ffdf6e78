//! The board for other programs: a small server that only answers, on a thread of its own.
//!
//! ```text
//! /healthz           whether the board is alive
//! /metrics           OpenMetrics: values and statuses of panels, freshness of sources
//! /api/v1/status     the verdicts, as `andon status --format json`
//! /api/v1/series     the numbers of a panel or a source (?name=..., ?from=..., ?to=...)
//! /api/v1/events     what happened (?from=..., ?to=...)
//! ```

mod answers;
mod desk;
mod request;

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::own_thread::OwnThread;
use super::trouble::Trouble;
use crate::accept::{Accepting, Limits};
use crate::config::board::Api;
use crate::hub::looking::Look;
use crate::source::Clock;
use crate::source::auth::Secret;
use crate::view::scene::Scene;
use desk::Desk;

/// Connections at once.
const LIMITS: Limits = Limits { most: 64, silence: Duration::from_secs(10), stay: None };
/// How often it is seen to that somebody can connect.
const AGAIN: Duration = Duration::from_secs(2);
/// Reading a token takes milliseconds; after this long its disk does not answer.
const LONG: Duration = Duration::from_secs(2);

/// Begins to serve. Returns what is wrong, for the hub. A board without `[api]` is asked by nobody.
pub(super) fn start(
    api: Option<Api>,
    looks: mpsc::Sender<Look>,
    scenes: watch::Receiver<Arc<Scene>>,
    clock: Clock,
) -> (watch::Receiver<Option<String>>, Option<OwnThread>) {
    let (trouble, troubles) = Trouble::new("the API is not there", "the API is there");
    // A flood of requests, and making their answers, hold up nobody but those who ask.
    let serving = api.and_then(|api| {
        let (desk, told) = (Desk { api, token: None, looks, scenes, clock }, trouble.clone());
        let started = OwnThread::start("andon-api", move || async move { serve(desk, &told).await });
        started.map_err(|why| trouble.set(Some(format!("no thread for it: {why}")))).ok()
    });
    (troubles, serving)
}

/// Serves until it is dropped. What is in the way is tried again.
async fn serve(desk: Desk, trouble: &Trouble) {
    let mut accepting: Option<Accepting> = None;
    loop {
        let why = match accepting.as_ref().filter(|one| !one.has_ended()) {
            Some(accepting) => accepting.trouble(),
            None => match open(&desk.api, trouble).await {
                Ok((socket, token)) => {
                    let desk = Arc::new(Desk { token, ..desk.clone() });
                    let attend = move |stream, guest| desk::attend(Arc::clone(&desk), stream, guest);
                    accepting = Some(Accepting::serve(socket, LIMITS, attend));
                    None
                }
                Err(why) => Some(why),
            },
        };
        trouble.set(why);
        sleep(AGAIN).await;
    }
}

async fn open(api: &Api, trouble: &Trouble) -> Result<(TcpListener, Option<SecretString>), String> {
    let token = match &api.token {
        None => None,
        Some(secret) => Some(read(secret, trouble).await?),
    };
    let socket = TcpListener::bind(api.listen).await.map_err(|error| {
        let help = if error.kind() == ErrorKind::AddrInUse { "; 'ss -ltnp' shows which program has it" } else { "" };
        format!("{}: {}{help}", api.listen, error.kind())
    })?;
    Ok((socket, token))
}

/// Reads a secret, from a disk that may not answer: one try at a time.
async fn read(secret: &Secret, trouble: &Trouble) -> Result<SecretString, String> {
    let secret = secret.clone();
    let mut reading = spawn_blocking(move || secret.read());
    let read = if let Ok(read) = timeout(LONG, &mut reading).await {
        read
    } else {
        trouble.set(Some("reading its token takes long".to_owned()));
        reading.await
    };
    read.map_err(|_| "a fault of andon".to_owned())?.map_err(|error| error.to_string())
}
