//! The one accept loop for whatever takes connections: bounded, and nobody who only connects keeps others out.

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// When there are as many connections as there may be, who has been there for so long without a proof has to leave.
/// Not at once, so that a flood of connections costs little.
const LEAST_STAY: Duration = Duration::from_millis(100);
/// The pause after a connection could not be taken: this process is out of files, most likely.
const NO_FILES: Duration = Duration::from_millis(100);

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many there may be at once.
    pub most: usize,
    /// The longest that one may say nothing at its start.
    pub silence: Duration,
    /// The longest that one may last; without it, as long as both sides like and nobody else needs its room.
    pub stay: Option<Duration>,
}

/// How much a connection has shown of itself. Who has shown least is the first that has to leave.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Shown {
    Nothing,
    Bytes,
    Proof,
}

/// Somebody who has connected.
#[derive(Debug, Clone)]
pub struct Guest(Arc<AtomicU8>);

impl Guest {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicU8::new(Shown::Nothing as u8)))
    }

    /// It has proven that it may be here: it is not sent away for others.
    pub fn has_proven(&self) {
        self.0.store(Shown::Proof as u8, Ordering::Relaxed);
    }

    fn has_spoken(&self) {
        self.0.store(Shown::Bytes as u8, Ordering::Relaxed);
    }

    fn shown(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where connections come from.
pub trait Door: Send + 'static {
    /// A connection.
    type Stream: Send + 'static;

    /// Waits for the next one.
    fn accept(&self) -> impl Future<Output = std::io::Result<Self::Stream>> + Send;

    /// Waits until it says something; false where it has ended.
    fn has_spoken(stream: &Self::Stream) -> impl Future<Output = bool> + Send;
}

impl Door for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> std::io::Result<TcpStream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }

    async fn has_spoken(stream: &TcpStream) -> bool {
        matches!(stream.peek(&mut [0]).await, Ok(1))
    }
}

impl Door for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> std::io::Result<UnixStream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }

    /// The end counts, too: who serves finds it.
    async fn has_spoken(stream: &UnixStream) -> bool {
        stream.readable().await.is_ok()
    }
}

/// A running accept loop; it ends when this is dropped, and its connections with it.
#[derive(Debug)]
pub struct Accepting {
    task: tokio::task::JoinHandle<()>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Accepting {
    /// Serves everybody who connects from now on, on the current runtime.
    pub fn serve<D, F, S>(door: D, limits: Limits, serve: F) -> Self
    where
        D: Door,
        F: Fn(D::Stream, Guest) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let trouble = Arc::default();
        let task = tokio::spawn(accept(door, limits, Arc::new(serve), Arc::clone(&trouble)));
        Self { task, trouble }
    }

    /// Why nobody can connect just now.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        trouble.or_else(|| self.has_ended().then(|| "a fault of andon".to_owned()))
    }

    /// Whether nobody accepts any more.
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }
}

async fn accept<D, F, S>(door: D, limits: Limits, serve: Arc<F>, trouble: Arc<Mutex<Option<String>>>)
where
    D: Door,
    F: Fn(D::Stream, Guest) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let mut connections = Connections::default();
    loop {
        connections.make_room(limits.most).await;
        let accepted = door.accept().await;
        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = accepted.as_ref().err().map(ToString::to_string);
        match accepted {
            Ok(stream) => {
                let guest = Guest::new();
                connections.add(&guest, attend::<D, F, S>(stream, guest.clone(), limits, Arc::clone(&serve)));
            }
            Err(_) => sleep(NO_FILES).await,
        }
    }
}

/// Serves one connection, once it says something.
async fn attend<D, F, S>(stream: D::Stream, guest: Guest, limits: Limits, serve: Arc<F>)
where
    D: Door,
    F: Fn(D::Stream, Guest) -> S,
    S: Future<Output = ()>,
{
    let served = async {
        if timeout(limits.silence, D::has_spoken(&stream)).await == Ok(true) {
            guest.has_spoken();
            serve(stream, guest).await;
        }
    };
    match limits.stay {
        // Whoever is late is cut off: that is no error of ours.
        Some(stay) => {
            let _late = timeout(stay, served).await;
        }
        None => served.await,
    }
}

/// The connections there are, in the order they came.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    all: Vec<Connection>,
}

struct Connection {
    since: Instant,
    guest: Guest,
    task: AbortHandle,
}

impl Connections {
    fn add(&mut self, guest: &Guest, serving: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(serving);
        self.all.push(Connection { since: Instant::now(), guest: guest.clone(), task });
    }

    /// Waits until there is room for one more. When there is none, the one that has shown least, and of those the
    /// oldest, has to leave; who has proven that it may be here stays.
    async fn make_room(&mut self, most: usize) {
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.all.retain(|one| !one.task.is_finished());
            if self.all.len() < most {
                return;
            }
            let dispensable = self.all.iter().enumerate().filter(|(_, one)| one.guest.shown() < Shown::Proof as u8);
            let least = dispensable.min_by_key(|(_, one)| (one.guest.shown(), one.since));
            let Some((index, until)) = least.map(|(index, one)| (index, one.since + LEAST_STAY)) else {
                self.tasks.join_next().await;
                continue;
            };
            if until <= Instant::now() {
                self.all.remove(index).task.abort();
                return;
            }
            tokio::select! {
                _ = self.tasks.join_next() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LIMITS: Limits = Limits { most: 64, silence: Duration::from_secs(2), stay: Some(Duration::from_secs(5)) };

    /// Repeats one byte to everybody who says one. A `!` is a proof.
    async fn repeats() -> (Accepting, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = Accepting::serve(listener, LIMITS, |mut stream, guest| async move {
            let mut byte = [0];
            while let Ok(1) = stream.read(&mut byte).await {
                if byte == *b"!" {
                    guest.has_proven();
                }
                let _gone = stream.write_all(&byte).await;
            }
        });
        (listening, address)
    }

    async fn is_echoed(stream: &mut TcpStream, byte: u8) -> bool {
        let mut heard = [0];
        stream.write_all(&[byte]).await.is_ok() && matches!(stream.read(&mut heard).await, Ok(1)) && heard == [byte]
    }

    #[tokio::test]
    async fn who_only_connects_makes_room_for_who_speaks() {
        let (accepting, address) = repeats().await;
        let mut proven = TcpStream::connect(address).await.unwrap();
        assert!(is_echoed(&mut proven, b'!').await);
        let mut spoken = TcpStream::connect(address).await.unwrap();
        assert!(is_echoed(&mut spoken, b'a').await);
        let mut idle = Vec::new();
        for _ in 0..2 * LIMITS.most {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let mut late = TcpStream::connect(address).await.unwrap();
        assert!(is_echoed(&mut late, b'b').await, "the idle ones have kept it out");
        assert!(
            is_echoed(&mut spoken, b'a').await && is_echoed(&mut proven, b'!').await,
            "somebody idle was preferred"
        );
        assert_eq!(accepting.trouble(), None);
    }

    #[tokio::test]
    async fn who_has_proven_nothing_leaves_before_who_has() {
        let (_accepting, address) = repeats().await;
        let mut proven = TcpStream::connect(address).await.unwrap();
        assert!(is_echoed(&mut proven, b'!').await);
        let mut chatty = Vec::new();
        for _ in 0..LIMITS.most + 8 {
            let mut one = TcpStream::connect(address).await.unwrap();
            assert!(is_echoed(&mut one, b'a').await);
            chatty.push(one);
        }
        assert!(is_echoed(&mut proven, b'!').await, "a flood has pushed out a proven connection");
        assert!(!is_echoed(&mut chatty[0], b'a').await, "there are more connections than there may be");
    }

    #[tokio::test]
    async fn its_connections_end_with_it() {
        let (accepting, address) = repeats().await;
        let mut one = TcpStream::connect(address).await.unwrap();
        assert!(is_echoed(&mut one, b'a').await);
        drop(accepting);
        assert!(!matches!(one.read(&mut [0]).await, Ok(1)));
        let gone = TcpStream::connect(address).await;
        assert!(gone.is_err() || !is_echoed(&mut gone.unwrap(), b'a').await);
    }

    /// A door that never opens, and counts how often somebody has tried.
    struct Shut(Arc<std::sync::atomic::AtomicUsize>);

    impl Door for Shut {
        type Stream = TcpStream;

        async fn has_spoken(_: &TcpStream) -> bool {
            false
        }

        async fn accept(&self) -> std::io::Result<TcpStream> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Err(std::io::Error::other("too many open files"))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_without_files_does_not_spin_and_says_why_nobody_can_connect() {
        let tries: Arc<std::sync::atomic::AtomicUsize> = Arc::default();
        let accepting = Accepting::serve(Shut(Arc::clone(&tries)), LIMITS, |_, _| async {});
        sleep(Duration::from_secs(10)).await;
        let tried = tries.load(Ordering::Relaxed);
        assert!((50..=101).contains(&tried), "{tried} tries in ten seconds");
        assert_eq!(accepting.trouble().as_deref(), Some("too many open files"));
    }

    #[tokio::test]
    async fn who_stays_too_long_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits { stay: Some(Duration::from_millis(20)), ..LIMITS };
        let _accepting = Accepting::serve(listener, limits, |stream, _| async move {
            let _held = stream;
            std::future::pending::<()>().await;
        });
        let mut one = TcpStream::connect(address).await.unwrap();
        one.write_all(b"a").await.unwrap();
        assert!(!matches!(one.read(&mut [0]).await, Ok(1)), "it is served for ever");
    }
}
