//! The sockets that take StatsD, and the flush.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::{MissedTickBehavior, interval_at, timeout};

use super::aggregate::Rules;
use super::heard::Ears;
use super::kernel;
use super::keys::Config;
use crate::accept::{Accepting, Guest, Limits};
use crate::model::fault::{FetchError, Reason};
use crate::model::time::now;
use crate::source::listening::{ListenContext, Listener, Shutdown, Sink, Sockets};

/// Connections at once, as Telegraf has it.
const LIMITS: Limits = Limits { most: 250, silence: Duration::from_secs(30), stay: None };
/// A connection that says nothing for so long is closed: whoever had it may be gone.
const IDLE: Duration = Duration::from_mins(10);
/// Packets read in one go; then others have their turn.
const IN_ONE_GO: usize = 256;
/// Largest packet, and longest line of a connection, in bytes.
const LONGEST: usize = 64 * 1024;

/// The listener of a source.
pub(super) struct Endpoint {
    config: Arc<Config>,
    /// Sockets that are open already.
    given: Sockets,
    desk: Desk,
}

/// Where everything that comes is taken in.
#[derive(Clone)]
struct Desk {
    ears: Arc<Ears>,
    rules: Arc<Rules>,
}

impl Desk {
    /// Whether any of it could be read.
    fn take(&self, bytes: &[u8]) -> bool {
        self.ears.take(bytes, &self.rules, now())
    }

    /// Lines of one connection, until it ends, or one is too long.
    async fn attend(&self, stream: TcpStream, guest: Guest) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = timeout(IDLE, (&mut reader).take(LONGEST as u64).read_until(b'\n', &mut line)).await;
            match read.unwrap_or(Ok(0)) {
                Ok(0) | Err(_) => return,
                Ok(LONGEST..) if line.last() != Some(&b'\n') => {
                    self.ears.heard().too_long(now());
                    return;
                }
                Ok(_) if self.take(&line) => guest.has_proven(),
                Ok(_) => {}
            }
        }
    }
}

impl Endpoint {
    pub(super) fn new(config: Arc<Config>, context: &ListenContext) -> Self {
        let desk = Desk { ears: context.shared.get(), rules: Arc::new(config.rules()) };
        Self { config, given: context.sockets.clone(), desk }
    }

    fn deaf(&self, protocol: &str, error: &std::io::Error) -> FetchError {
        let (listen, why) = (&self.config.listen, error.kind());
        let help = match why {
            std::io::ErrorKind::AddrInUse if protocol == "udp" => "; 'ss -lunp' shows which program has it",
            std::io::ErrorKind::AddrInUse => "; 'ss -ltnp' shows which program has it",
            _ => "",
        };
        FetchError::new(Reason::Listen, format!("the board cannot receive StatsD at {protocol} {listen}: {why}{help}"))
    }

    async fn sockets(&self) -> Result<(UdpSocket, TcpListener), FetchError> {
        if let Sockets { udp: Some(udp), tcp: Some(tcp) } = &self.given {
            let udp = udp.try_clone().and_then(UdpSocket::from_std).map_err(|error| self.deaf("udp", &error))?;
            let tcp = tcp.try_clone().and_then(TcpListener::from_std).map_err(|error| self.deaf("tcp", &error))?;
            return Ok((udp, tcp));
        }
        // An address that is none is a problem of the config, and told there.
        let address = self.config.address().unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8125)));
        let udp = UdpSocket::bind(address).await.map_err(|error| self.deaf("udp", &error))?;
        let tcp = TcpListener::bind(address).await.map_err(|error| self.deaf("tcp", &error))?;
        Ok((udp, tcp))
    }
}

impl Listener for Endpoint {
    async fn listen(self, sink: Sink, mut shutdown: Shutdown) -> Result<(), FetchError> {
        let (udp, tcp) = self.sockets().await?;
        let local = udp.local_addr().ok();
        self.desk.ears.heard().address = local;
        let desk = self.desk.clone();
        let accepting = Accepting::serve(tcp, LIMITS, move |stream, guest| {
            let desk = desk.clone();
            async move { desk.attend(stream, guest).await }
        });
        sink.set_up();
        let flush = self.config.flush.duration();
        let mut flushes = interval_at(tokio::time::Instant::now() + flush, flush);
        flushes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // A socket that was open before may have lost some before.
        let lost = || local.and_then(kernel::dropped);
        let (mut packet, mut dropped) = (vec![0; LONGEST], lost().unwrap_or(0));
        loop {
            tokio::select! {
                () = shutdown.begun() => return Ok(()),
                _ = flushes.tick() => {
                    let all = lost().unwrap_or(dropped);
                    let new = all.saturating_sub(std::mem::replace(&mut dropped, all));
                    self.desk.ears.flush(new, &self.desk.rules, now());
                    sink.written();
                    match accepting.trouble() {
                        None => sink.set_up(),
                        Some(why) => sink.set_down(self.deaf("tcp", &std::io::Error::other(why))),
                    }
                }
                ready = udp.readable() => {
                    ready.map_err(|error| self.deaf("udp", &error))?;
                    self.drain(&udp, &mut packet);
                    tokio::task::yield_now().await;
                }
            }
        }
    }
}

impl Endpoint {
    /// Takes in the packets that wait, up to so many.
    fn drain(&self, udp: &UdpSocket, packet: &mut [u8]) {
        for _ in 0..IN_ONE_GO {
            match udp.try_recv(packet) {
                Ok(length) => {
                    let _bad_is_counted = self.desk.take(packet.get(..length).unwrap_or_default());
                }
                // Nothing waits any more; or a packet that we have never sent was refused, which is no concern of ours.
                Err(_) => return,
            }
        }
    }
}
