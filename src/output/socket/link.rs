//! The viewer's connection: it comes back by itself.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{sleep, timeout};

use super::framing::{LONGEST_OF_SERVER, framed, next};
use super::message::{Farewell, FromServer, FromViewer, Hello, Shown, ToServer, ToViewer};

/// Before the next try.
const PAUSE: Duration = Duration::from_secs(1);
/// Something comes each second. After this long without, the server hangs or has gone.
pub(super) const SILENCE: Duration = Duration::from_secs(4);
/// Messages on their way, in each direction.
const WAITING: usize = 64;

/// What comes over a link.
#[derive(Debug)]
pub(super) enum News {
    /// The server has said something.
    Said(FromServer),
    /// There is no connection, and why. It is tried again, unless there is no sense in that.
    Lost { why: String, for_good: bool },
}

/// Both ends of a link, for whoever looks.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) news: mpsc::Receiver<News>,
    to_server: mpsc::Sender<FromViewer>,
    has_shown: Arc<Notify>,
}

impl Link {
    /// Connects, and again for as long as this is held. `hello` is what is said at the start of each connection.
    pub(super) fn start(socket: PathBuf, hello: watch::Receiver<Hello>) -> Self {
        let ((to_viewer, news), (to_server, inputs)) = (mpsc::channel(WAITING), mpsc::channel(WAITING));
        let has_shown: Arc<Notify> = Arc::default();
        tokio::spawn(keep(socket, hello, FromTerminal { inputs, has_shown: Arc::clone(&has_shown) }, to_viewer));
        Self { news, to_server, has_shown }
    }

    /// The last picture is on the screen. Unlike a key this is never lost: the server waits for it.
    pub(super) fn has_shown(&self) {
        self.has_shown.notify_one();
    }

    /// Sends, while there is a connection. A server that takes nothing any more is found out by its silence.
    pub(super) fn send(&self, what: FromViewer) {
        let _full_or_gone = self.to_server.try_send(what);
    }
}

/// What the terminal has for the server.
struct FromTerminal {
    inputs: mpsc::Receiver<FromViewer>,
    has_shown: Arc<Notify>,
}

impl FromTerminal {
    /// The next message; none when the terminal is left.
    async fn next(&mut self) -> Option<FromViewer> {
        tokio::select! {
            () = self.has_shown.notified() => Some(FromViewer::Shown(Shown {})),
            input = self.inputs.recv() => input,
        }
    }

    /// What was meant for a picture that nobody sends any more.
    fn forget(&mut self) {
        while self.inputs.try_recv().is_ok() {}
    }
}

async fn keep(
    socket: PathBuf,
    hello: watch::Receiver<Hello>,
    mut from_viewer: FromTerminal,
    to_viewer: mpsc::Sender<News>,
) {
    loop {
        let lost = connected(&socket, &hello, &mut from_viewer, &to_viewer).await;
        let (why, for_good) = match lost {
            Ok(Farewell { why, for_good }) => (why, for_good),
            Err(error) => (reason(&error), error.kind() == io::ErrorKind::PermissionDenied),
        };
        if to_viewer.send(News::Lost { why, for_good }).await.is_err() || for_good {
            return;
        }
        sleep(PAUSE).await;
        from_viewer.forget();
    }
}

/// Why there is no connection, in words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such socket: no andon serves here".to_owned(),
        io::ErrorKind::ConnectionRefused => {
            "nobody listens at this socket: the andon that served here has ended".to_owned()
        }
        io::ErrorKind::PermissionDenied => "this user may not connect: see 'mode' and 'group' of [serve]".to_owned(),
        io::ErrorKind::TimedOut => "the server is silent".to_owned(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => {
            "the server has ended the connection".to_owned()
        }
        _ => error.to_string(),
    }
}

/// One connection, from its start to its end.
async fn connected(
    socket: &PathBuf,
    hello: &watch::Receiver<Hello>,
    from_viewer: &mut FromTerminal,
    to_viewer: &mpsc::Sender<News>,
) -> io::Result<Farewell> {
    let stream = timeout(SILENCE, UnixStream::connect(socket)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    let (from, mut to) = stream.into_split();
    let first = FromViewer::Hello(hello.borrow().clone());
    send(&mut to, first).await?;
    let mut reading = Box::pin(read(from));
    let mut can_send = true;
    loop {
        tokio::select! {
            (from, came) = &mut reading => {
                let Some(message) = came? else { return Err(io::ErrorKind::UnexpectedEof.into()) };
                reading.set(read(from));
                match message.what {
                    None => {}
                    Some(FromServer::Farewell(farewell)) => return Ok(farewell),
                    Some(what) => {
                        let sent = to_viewer.send(News::Said(what)).await;
                        if sent.is_err() {
                            return Ok(left());
                        }
                    }
                }
            }
            message = from_viewer.next(), if can_send => match message {
                // A server that has ended the connection has said why: that is still to be read.
                Some(message) => can_send = send(&mut to, message).await.is_ok(),
                None => return Ok(left()),
            },
        }
    }
}

fn left() -> Farewell {
    Farewell { why: String::new(), for_good: true }
}

async fn read(mut from: OwnedReadHalf) -> (OwnedReadHalf, io::Result<Option<ToViewer>>) {
    let read = timeout(SILENCE, next(&mut from, LONGEST_OF_SERVER)).await;
    (from, read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
}

async fn send(to: &mut OwnedWriteHalf, what: FromViewer) -> io::Result<()> {
    let bytes = framed(&ToServer { what: Some(what) });
    timeout(SILENCE, to.write_all(&bytes)).await.map_err(|_| io::ErrorKind::TimedOut)?
}
