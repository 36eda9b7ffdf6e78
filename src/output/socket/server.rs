//! The server's side: a loop over one viewer for each connection.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::framing::{LONGEST_OF_VIEWER, framed, next};
use super::message::{Farewell, FromServer, FromViewer, Hello, Ring, ToServer, ToViewer, VERSION, Welcome};
use super::picture::picture;
use crate::accept::Guest;
use crate::model::status::Status;
use crate::output::viewing::{Allowance, Moment, PATIENCE, Refused, Sight, Viewing, Wanted, Way, until};
use crate::render::{Depth, Glyphs, Ground, Ink, Role};
use crate::view::address::Address;
use crate::viewer::{Delta, Encoded, Screen, Signal};

/// Where one audience is served.
#[derive(Debug)]
pub struct Desk {
    viewing: Arc<Viewing>,
    moments: watch::Receiver<Moment>,
    encoded: Mutex<Encoded<Arc<[u8]>>>,
}

impl Desk {
    /// A desk for those who see these moments.
    pub fn new(viewing: Arc<Viewing>, moments: watch::Receiver<Moment>) -> Self {
        Self { viewing, moments, encoded: Mutex::default() }
    }

    /// Serves one connection until one of the two sides ends it.
    pub async fn attend(self: Arc<Self>, stream: UnixStream, guest: Guest) {
        let (mut from, mut to) = stream.into_split();
        let served = match timeout(PATIENCE, next::<ToServer>(&mut from, LONGEST_OF_VIEWER)).await {
            Ok(Ok(Some(ToServer { what: Some(FromViewer::Hello(hello)) }))) => {
                self.viewing.notice_who_has_left(Way::Socket).await;
                match self.welcome(&hello) {
                    Ok(session) => {
                        guest.has_proven();
                        session.serve(from, &mut to).await
                    }
                    Err(farewell) => Ok(farewell),
                }
            }
            Ok(Ok(_)) => Ok(farewell("the first message of a viewer is its Hello", true)),
            Ok(Err(error)) => Err(error),
            Err(_) => return,
        };
        let last = match served {
            Ok(farewell) => farewell,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => farewell(&error.to_string(), true),
            // Who has gone hears nothing any more.
            Err(_) => return,
        };
        let _gone = timeout(PATIENCE, to.write_all(&framed(&said(FromServer::Farewell(last))))).await;
    }

    /// Lets a viewer in, or says why not.
    fn welcome(self: &Arc<Self>, hello: &Hello) -> Result<Session, Farewell> {
        if hello.version != VERSION {
            let why = format!(
                "this board speaks version {VERSION} of the protocol, and the viewer version {}: use the same andon for \
                 both",
                hello.version
            );
            return Err(farewell(&why, true));
        }
        let wanted = Wanted {
            way: Way::Socket,
            screen: screen_of(hello),
            size: hello.size.unwrap_or_default().size(),
            theme: hello.theme.clone(),
            address: Address::read(&hello.address),
            without: "r",
        };
        let sight = Sight::new(&self.viewing, &self.moments, wanted).map_err(refused)?;
        Ok(Session { desk: Arc::clone(self), sight, waits: None, inputs: Allowance::of_inputs() })
    }

    fn encoded(&self, delta: &Delta, ink: &Ink) -> Arc<[u8]> {
        let alarm = ink.on(Ground::Fill(Status::Critical)).style(Role::Text);
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        encoded
            .of(delta, |delta| framed(&said(FromServer::Picture(picture(delta, ink.style(Role::Muted), alarm)))).into())
    }
}

/// What a viewer's terminal can show. A number that is not known stands for what most can.
fn screen_of(hello: &Hello) -> Screen {
    let depth = match hello.depth {
        0 => Depth::None,
        1 => Depth::Ansi16,
        2 => Depth::Ansi256,
        _ => Depth::True,
    };
    let glyphs = match hello.glyphs {
        1 => Glyphs::Block,
        2 => Glyphs::Ascii,
        _ => Glyphs::Full,
    };
    Screen { glyphs, depth, kiosk: hello.kiosk }
}

fn said(what: FromServer) -> ToViewer {
    ToViewer { what: Some(what) }
}

fn farewell(why: &str, for_good: bool) -> Farewell {
    Farewell { why: why.to_owned(), for_good }
}

/// Who cannot look may come again.
fn refused(why: Refused) -> Farewell {
    farewell(&why.to_string(), false)
}

/// One connection.
struct Session {
    desk: Arc<Desk>,
    sight: Sight,
    /// Until when the picture that was sent has to be shown; none where it is.
    waits: Option<Instant>,
    inputs: Allowance,
}

impl Session {
    /// Serves until the viewer quits, has gone, or has to go.
    async fn serve(mut self, from: OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<Farewell> {
        send(to, &framed(&said(FromServer::Welcome(Welcome { version: VERSION })))).await?;
        let mut next_input = Instant::now();
        let mut reading = Box::pin(read(from, next_input));
        loop {
            let mut due = self.sight.due().filter(|_| self.waits.is_none());
            if due.is_some_and(|due| due <= Instant::now()) {
                self.show(to).await?;
                due = None;
            }
            tokio::select! {
                // What has been shown in time counts, however late it is read.
                biased;
                (from, came) = &mut reading => {
                    let Some(message) = came? else { return Ok(farewell("", true)) };
                    // What is waited for is free.
                    let is_awaited = self.waits.is_some() && matches!(message.what, Some(FromViewer::Shown(_)));
                    if !is_awaited {
                        next_input = self.inputs.take();
                    }
                    if let Some(last) = self.take(message) {
                        return Ok(last);
                    }
                    reading.set(read(from, next_input));
                }
                changed = self.sight.changed() => {
                    if let Err(why) = changed {
                        return Ok(refused(why));
                    }
                    if self.waits.is_some() {
                        // A viewer whose terminal is slow hears that the server is there.
                        send(to, &framed(&ToViewer::default())).await?;
                    }
                }
                () = until(due) => {}
                () = until(self.waits) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }

    /// Takes a message; the last word where it is the end.
    fn take(&mut self, message: ToServer) -> Option<Farewell> {
        match message.what? {
            FromViewer::Hello(_) => return Some(farewell("a viewer says its Hello once", true)),
            FromViewer::Shown(_) => self.waits = None,
            FromViewer::Size(size) => self.sight.resize(size.size()),
            other => {
                if other.input().is_some_and(|input| self.sight.input(input)) {
                    return Some(farewell("", true));
                }
            }
        }
        None
    }

    /// Sends the newest picture, and what goes with it.
    async fn show(&mut self, to: &mut OwnedWriteHalf) -> io::Result<()> {
        let Some((delta, address)) = self.sight.draw() else { return Ok(()) };
        let bytes = self.desk.encoded(&delta, self.sight.ink());
        if let Some(Signal { bell, desktop }) = &delta.ring {
            let desktop = desktop.as_ref().map_or_else(String::new, ToString::to_string);
            send(to, &framed(&said(FromServer::Ring(Ring { bell: *bell, desktop })))).await?;
        }
        if let Some(address) = address {
            send(to, &framed(&said(FromServer::Address(address)))).await?;
        }
        send(to, &bytes).await?;
        self.waits = Some(Instant::now() + PATIENCE);
        Ok(())
    }
}

/// The next message, not before a moment; with where it came from.
async fn read(mut from: OwnedReadHalf, not_before: Instant) -> (OwnedReadHalf, io::Result<Option<ToServer>>) {
    sleep_until(not_before).await;
    let message = next(&mut from, LONGEST_OF_VIEWER).await;
    (from, message)
}

/// Sends, or gives up on somebody who takes nothing.
async fn send(to: &mut OwnedWriteHalf, bytes: &[u8]) -> io::Result<()> {
    timeout(PATIENCE, to.write_all(bytes)).await.map_err(|_| io::ErrorKind::TimedOut)?
}

#[cfg(test)]
mod tests;
