//! The server's side: a loop over one viewer for each connection.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::framing::{LONGEST_OF_VIEWER, framed, next};
use super::message::{Farewell, FromServer, FromViewer, Hello, Ring, ToServer, ToViewer, VERSION, Welcome};
use super::picture::picture;
use crate::accept::Guest;
use crate::output::viewing::{Allowance, MOST, Moment, Place, Viewing, inks_of};
use crate::render::{Depth, Glyphs};
use crate::view::address::Address;
use crate::viewer::{Delta, Effect, Encoded, Lens, Palette, Screen, Signal, Viewer};

/// How long a viewer may take to say who it is, or to show a picture: who takes longer makes room for others.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Pictures that one viewer is sent at once, and each second after that.
const PICTURES: (u32, u32) = (30, 20);
/// Inputs that are taken of one viewer at once, and each second after that.
const INPUTS: (u32, u32) = (200, 100);

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
                self.viewing.notice_who_has_left().await;
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
        let mut moments = self.moments.clone();
        let seen = moments.borrow_and_update().seen.clone().ok_or_else(gone)?;
        let place = self.viewing.enter();
        let place = place.ok_or_else(|| farewell(&format!("{MOST} viewers look already: that is the most"), false))?;
        let screen = screen_of(hello);
        let (palettes, now) = (self.viewing.palettes(), self.viewing.now());
        let inks = inks_of(&palettes.borrow(), &hello.theme, screen);
        let mut lens = Lens { kiosk: hello.kiosk, ..Lens::default() };
        Address::read(&hello.address).point(&mut lens, seen.scene());
        let size = hello.size.unwrap_or_default().size();
        Ok(Session {
            desk: Arc::clone(self),
            viewer: Viewer::new(seen, lens, inks, size, now),
            place,
            moments,
            palettes,
            theme: hello.theme.clone(),
            screen,
            address: Address::default(),
            waits: None,
            next_picture: Instant::now(),
            pictures: Allowance::new(PICTURES.0, PICTURES.1),
            inputs: Allowance::new(INPUTS.0, INPUTS.1),
        })
    }

    fn encoded(&self, delta: &Delta, viewer: &Viewer) -> Arc<[u8]> {
        let (muted, alarm) = viewer.without_signal();
        let mut encoded = self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        encoded.of(delta, |delta| framed(&said(FromServer::Picture(picture(delta, muted, alarm)))).into())
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

/// The audience was taken from the board.
fn gone() -> Farewell {
    farewell("the board does not serve this audience any more", false)
}

/// One connection.
struct Session {
    desk: Arc<Desk>,
    viewer: Viewer,
    place: Place,
    moments: watch::Receiver<Moment>,
    palettes: watch::Receiver<Palette>,
    theme: String,
    screen: Screen,
    /// What the viewer was told that it looks at.
    address: Address,
    /// Until when the picture that was sent has to be shown; none where it is.
    waits: Option<Instant>,
    /// Before then no other picture is sent.
    next_picture: Instant,
    pictures: Allowance,
    inputs: Allowance,
}

impl Session {
    /// Serves until the viewer quits, has gone, or has to go.
    async fn serve(mut self, from: OwnedReadHalf, to: &mut OwnedWriteHalf) -> io::Result<Farewell> {
        send(to, &framed(&said(FromServer::Welcome(Welcome { version: VERSION })))).await?;
        let mut next_input = Instant::now();
        let mut reading = Box::pin(read(from, next_input));
        loop {
            if self.waits.is_none() && self.viewer.is_dirty() && self.next_picture <= Instant::now() {
                self.show(to).await?;
            }
            let may_draw = self.waits.is_none() && self.viewer.is_dirty();
            tokio::select! {
                (from, came) = &mut reading => {
                    let Some(message) = came? else { return Ok(farewell("", true)) };
                    if message.what.as_ref().is_some_and(|what| !matches!(what, FromViewer::Shown(_))) {
                        next_input = self.inputs.take();
                    }
                    if let Some(last) = self.take(message) {
                        return Ok(last);
                    }
                    reading.set(read(from, next_input));
                }
                changed = self.moments.changed() => {
                    let moment = self.moments.borrow_and_update().clone();
                    let Some(seen) = moment.seen.filter(|_| changed.is_ok()) else { return Ok(gone()) };
                    let now = self.desk.viewing.now();
                    if moment.is_new {
                        self.viewer.scene(seen, now);
                    }
                    self.viewer.tick(now);
                }
                Ok(()) = self.palettes.changed() => {
                    self.viewer.inks(inks_of(&self.palettes.borrow_and_update(), &self.theme, self.screen));
                }
                () = sleep_until(self.next_picture), if may_draw => {}
                () = until(self.waits) => return Err(io::ErrorKind::TimedOut.into()),
            }
        }
    }

    /// Takes a message; the last word where it is the end.
    fn take(&mut self, message: ToServer) -> Option<Farewell> {
        let now = self.desk.viewing.now();
        match message.what? {
            FromViewer::Hello(_) => return Some(farewell("a viewer says its Hello once", true)),
            FromViewer::Shown(_) => self.waits = None,
            FromViewer::Size(size) => self.viewer.resize(size.size(), now),
            other => {
                let effect = other.input().and_then(|input| self.viewer.input(input, now));
                if effect == Some(Effect::Quit) {
                    return Some(farewell("", true));
                }
            }
        }
        None
    }

    /// Sends the newest picture, and what goes with it.
    async fn show(&mut self, to: &mut OwnedWriteHalf) -> io::Result<()> {
        let Some(delta) = self.desk.viewing.draw(&mut self.viewer) else { return Ok(()) };
        self.place.demand(&self.viewer);
        let bytes = self.desk.encoded(&delta, &self.viewer);
        if let Some(Signal { bell, desktop }) = &delta.ring {
            let desktop = desktop.as_ref().map_or_else(String::new, ToString::to_string);
            send(to, &framed(&said(FromServer::Ring(Ring { bell: *bell, desktop })))).await?;
        }
        let address = self.viewer.address();
        if address != self.address {
            send(to, &framed(&said(FromServer::Address(address.written())))).await?;
            self.address = address;
        }
        send(to, &bytes).await?;
        self.waits = Some(Instant::now() + PATIENCE);
        self.next_picture = self.pictures.take();
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

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
