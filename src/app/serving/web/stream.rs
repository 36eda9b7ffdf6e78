//! The frames of one viewer, as server-sent events.
//!
//! Source: HTML Living Standard, "Server-sent events".

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::request::Act;
use crate::output::viewing::{PATIENCE, Refused, Sight, until};
use crate::output::web::picture;
use crate::render::Role;
use crate::viewer::{Encoded, Words};

/// Events on their way, as a body: one at a time, so that who is slow gets the newest picture and no queue of old ones.
pub(super) struct Events(mpsc::Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// What makes events, and what they come out of.
pub(super) fn events() -> (mpsc::Sender<Bytes>, Events) {
    let (sender, receiver) = mpsc::channel(1);
    (sender, Events(receiver))
}

/// Pictures that several viewers are sent.
#[derive(Debug, Default)]
pub(super) struct Pictures(Mutex<Encoded<Bytes>>);

/// Serves one viewer until it has gone, or has to go. Then its connection can be cut: what it has not taken would hold it
/// open for ever.
pub(super) async fn serve(
    mut sight: Sight,
    id: &str,
    mut acts: mpsc::Receiver<Act>,
    to: mpsc::Sender<Bytes>,
    pictures: &Pictures,
) {
    let last = match follow(&mut sight, id, &mut acts, &to, pictures).await {
        Ok(refused) => refused.to_string(),
        // It takes nothing, or has gone.
        Err(Gone) => return,
    };
    let _gone = timeout(PATIENCE, to.send(event("farewell", &last.into()))).await;
}

/// Nobody takes what is sent.
struct Gone;

async fn follow(
    sight: &mut Sight,
    id: &str,
    acts: &mut mpsc::Receiver<Act>,
    to: &mpsc::Sender<Bytes>,
    pictures: &Pictures,
) -> Result<Refused, Gone> {
    send(to, event("viewer", &id.into())).await?;
    let mut told = Words::default();
    loop {
        let mut due = sight.due();
        if due.is_some_and(|due| due <= Instant::now()) {
            show(sight, to, pictures, &mut told).await?;
            due = None;
        }
        tokio::select! {
            act = acts.recv() => match act {
                Some(Act::Input(input)) => {
                    // A page is left by leaving it.
                    sight.input(input);
                }
                Some(Act::Size(size)) => sight.resize(size),
                None => return Err(Gone),
            },
            changed = sight.changed() => if let Err(refused) = changed {
                return Ok(refused);
            },
            () = to.closed() => return Err(Gone),
            () = until(due) => {}
        }
    }
}

/// Sends the newest picture, and what goes with it.
async fn show(sight: &mut Sight, to: &mpsc::Sender<Bytes>, pictures: &Pictures, told: &mut Words) -> Result<(), Gone> {
    let Some((delta, address)) = sight.draw() else { return Ok(()) };
    let before = std::mem::replace(told, sight.words());
    if told.title != before.title {
        send(to, event("title", &told.title.as_str().into())).await?;
    }
    if told.verdict != before.verdict {
        send(to, event("verdict", &told.verdict.as_str().into())).await?;
    }
    if told.panels != before.panels {
        send(to, event("panels", &told.panels.as_slice().into())).await?;
    }
    if let Some(address) = address {
        send(to, event("address", &address.into())).await?;
    }
    let ground = sight.ink().style(Role::Text);
    let bytes = pictures
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .of(&delta, |delta| event("picture", &picture(delta, ground)));
    send(to, bytes).await
}

/// An event of a name; JSON in one line.
fn event(name: &str, data: &Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

async fn send(to: &mpsc::Sender<Bytes>, event: Bytes) -> Result<(), Gone> {
    match timeout(PATIENCE, to.send(event)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}
