//! One accept loop for whatever listens: bounded, and nobody who only connects keeps others out.

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

/// Connections at once.
const MOST: usize = 64;
/// When all places are taken, who has had one for so long without a proof has to leave it. Not at once, so that a
/// flood of connections costs little.
const LEAST_STAY: Duration = Duration::from_millis(100);
/// The longest a connection may say nothing at its begin.
const LONGEST_SILENCE: Duration = Duration::from_secs(2);
/// The longest a connection may last.
const LONGEST_STAY: Duration = Duration::from_secs(5);
/// The pause after a connection could not be taken: this process is out of files, most likely.
const NO_FILES: Duration = Duration::from_millis(100);

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
pub(super) struct Guest(Arc<AtomicU8>);

impl Guest {
    fn new() -> Self {
        Self(Arc::new(AtomicU8::new(Shown::Nothing as u8)))
    }

    /// It has proven that it may be here: it keeps its place.
    pub(super) fn has_proven(&self) {
        self.0.store(Shown::Proof as u8, Ordering::Relaxed);
    }

    fn has_spoken(&self) {
        self.0.store(Shown::Bytes as u8, Ordering::Relaxed);
    }
}

/// A listener; it ends when this is dropped, and its connections with it.
#[derive(Debug)]
pub(super) struct Listening {
    task: tokio::task::JoinHandle<()>,
    trouble: Arc<Mutex<Option<String>>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listening {
    /// Serves everybody who connects from now on, on the current runtime.
    pub(super) fn serve<F, S>(listener: TcpListener, serve: F) -> Self
    where
        F: Fn(TcpStream, Guest) -> S + Send + Sync + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let trouble = Arc::default();
        let task = tokio::spawn(accept(listener, Arc::new(serve), Arc::clone(&trouble)));
        Self { task, trouble }
    }

    /// Whether it has ended, which is a fault of andon.
    pub(super) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Why nobody can connect just now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept<F, S>(listener: TcpListener, serve: Arc<F>, trouble: Arc<Mutex<Option<String>>>)
where
    F: Fn(TcpStream, Guest) -> S + Send + Sync + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let mut places = Places::default();
    loop {
        places.make_room().await;
        let accepted = listener.accept().await;
        *trouble.lock().unwrap_or_else(PoisonError::into_inner) = accepted.as_ref().err().map(ToString::to_string);
        match accepted {
            Ok((stream, _)) => {
                let guest = Guest::new();
                places.give(&guest, attend(stream, guest.clone(), Arc::clone(&serve)));
            }
            Err(_) => sleep(NO_FILES).await,
        }
    }
}

/// Serves one connection, once it says something.
async fn attend<F, S>(stream: TcpStream, guest: Guest, serve: Arc<F>)
where
    F: Fn(TcpStream, Guest) -> S,
    S: Future<Output = ()>,
{
    let leaves = Instant::now() + LONGEST_STAY;
    if !matches!(timeout(LONGEST_SILENCE, stream.peek(&mut [0])).await, Ok(Ok(1))) {
        return;
    }
    guest.has_spoken();
    // Who is late is cut off: that is its own affair.
    let _late = timeout_at(leaves, serve(stream, guest)).await;
}

/// The connections there are, in the order they came.
#[derive(Default)]
struct Places {
    tasks: JoinSet<()>,
    taken: Vec<Place>,
}

struct Place {
    since: Instant,
    guest: Guest,
    task: AbortHandle,
}

impl Places {
    fn give(&mut self, guest: &Guest, serving: impl Future<Output = ()> + Send + 'static) {
        let task = self.tasks.spawn(serving);
        self.taken.push(Place { since: Instant::now(), guest: guest.clone(), task });
    }

    /// Waits until a place is free. When all are taken, the one that has shown least, and of those the oldest, has
    /// to leave; who has proven that it may be here stays.
    async fn make_room(&mut self) {
        loop {
            while self.tasks.try_join_next().is_some() {}
            self.taken.retain(|place| !place.task.is_finished());
            if self.taken.len() < MOST {
                return;
            }
            let proof = Shown::Proof as u8;
            let shown = |place: &Place| place.guest.0.load(Ordering::Relaxed);
            let dispensable = self.taken.iter().enumerate().filter(|(_, place)| shown(place) < proof);
            let least = dispensable.min_by_key(|(_, place)| (shown(place), place.since));
            let Some((index, until)) = least.map(|(index, place)| (index, place.since + LEAST_STAY)) else {
                self.tasks.join_next().await;
                continue;
            };
            if until <= Instant::now() {
                self.taken.remove(index).task.abort();
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

    /// Repeats one byte to everybody who says one. A `!` is a proof.
    async fn repeats() -> (Listening, std::net::SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = Listening::serve(listener, |mut stream, guest| async move {
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

    async fn says(stream: &mut TcpStream, byte: u8) -> bool {
        let mut heard = [0];
        stream.write_all(&[byte]).await.is_ok() && matches!(stream.read(&mut heard).await, Ok(1)) && heard == [byte]
    }

    #[tokio::test]
    async fn who_only_connects_makes_room_for_who_speaks() {
        let (listening, address) = repeats().await;
        let mut proven = TcpStream::connect(address).await.unwrap();
        assert!(says(&mut proven, b'!').await);
        let mut spoken = TcpStream::connect(address).await.unwrap();
        assert!(says(&mut spoken, b'a').await);
        let mut idle = Vec::new();
        for _ in 0..2 * MOST {
            idle.push(TcpStream::connect(address).await.unwrap());
        }
        let mut late = TcpStream::connect(address).await.unwrap();
        assert!(says(&mut late, b'b').await, "the idle ones have kept it out");
        assert!(says(&mut spoken, b'a').await && says(&mut proven, b'!').await, "somebody idle was preferred");
        assert!(!listening.has_ended() && listening.trouble().is_none());
    }

    #[tokio::test]
    async fn who_has_proven_nothing_leaves_before_who_has() {
        let (_listening, address) = repeats().await;
        let mut proven = TcpStream::connect(address).await.unwrap();
        assert!(says(&mut proven, b'!').await);
        let mut chatty = Vec::new();
        for _ in 0..MOST + 8 {
            let mut one = TcpStream::connect(address).await.unwrap();
            assert!(says(&mut one, b'a').await);
            chatty.push(one);
        }
        assert!(says(&mut proven, b'!').await, "a flood has put out who may be here");
        assert!(!says(&mut chatty[0], b'a').await, "there are more connections than places");
    }

    #[tokio::test]
    async fn its_connections_end_with_it() {
        let (listening, address) = repeats().await;
        let mut one = TcpStream::connect(address).await.unwrap();
        assert!(says(&mut one, b'a').await);
        drop(listening);
        assert!(!matches!(one.read(&mut [0]).await, Ok(1)));
        let gone = TcpStream::connect(address).await;
        assert!(gone.is_err() || !says(&mut gone.unwrap(), b'a').await);
    }
}
