//! Work that may block or take long is done on a worker thread: reading a file, reading a large answer.
//!
//! A poll is one future. The engine's thread runs it while it waits for others, and that is most of its
//! life. Before a part that may block or burn it awaits [`aside`]: the future is then handed to a worker
//! thread, which runs it until it waits again, and is handed back. So a source needs no second way of
//! writing, and whatever it does after an answer has come (parse, sort, name) is done aside with it.
//!
//! A source has one [`Worker`]: one such step at a time. A step that does not end holds up its own source
//! and nobody else: the poll fails at its deadline, and no other step of the source starts while it runs.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::limits::Limits;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::isolation::message;

/// An answer of more bytes than this is read aside. Handing over costs about as much processor time as
/// reading a tenth of it.
const LARGE: usize = 64 * 1024;

thread_local! {
    /// Whether the future that this thread has just run wants its next step to be made aside.
    static WANTED: Cell<bool> = const { Cell::new(false) };
}

/// Has what follows, up to the next wait, done on a worker thread. Where nobody hands the future over (a
/// command that looks once) it simply goes on.
pub async fn aside() {
    let mut asked = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut asked, true) {
            return Poll::Ready(());
        }
        WANTED.set(true);
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The same before an answer of so many bytes is read, if that takes longer than handing it over.
pub async fn aside_if_large(bytes: usize) {
    if bytes > LARGE {
        aside().await;
    }
}

/// The one permit of a source on the worker threads.
#[derive(Debug, Clone)]
pub struct Worker {
    own: Arc<Semaphore>,
    limits: Limits,
}

/// What a step on a worker thread led to.
enum Step<F: Future> {
    Done(F::Output),
    Waits(Pin<Box<F>>),
}

impl Worker {
    /// A permit of these limits.
    pub fn new(limits: &Limits) -> Self {
        Self { own: Arc::new(Semaphore::new(1)), limits: limits.clone() }
    }

    /// Does one piece of work on a worker thread. At the deadline it is a timeout; the work goes on until it
    /// ends, and keeps the permit.
    pub async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FetchError> {
        let late = |detail: &str| FetchError::new(Reason::Timeout(Phase::Run), detail);
        let permits = async { (Arc::clone(&self.own).acquire_owned().await, self.limits.worker().await) };
        let permits =
            timeout_at(deadline, permits).await.map_err(|_| late("an earlier step of this source is still running"))?;
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(permits);
            done
        });
        match timeout_at(deadline, working).await {
            Err(_) => Err(late("reading the file or the answer takes too long")),
            Ok(Ok(done)) => Ok(done),
            Ok(Err(ended)) => {
                let what = ended.try_into_panic().map_or_else(|_| "it was ended".to_owned(), |p| message(p.as_ref()));
                Err(FetchError::new(Reason::Internal, what))
            }
        }
    }

    /// Runs a future here, and those of its steps on a worker thread that it wants to be made [`aside`].
    pub async fn drive<F>(&self, deadline: Instant, future: F) -> Result<F::Output, FetchError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let mut future = Box::pin(future);
        loop {
            let here = poll_fn(|cx| match step(future.as_mut(), cx) {
                (Poll::Ready(done), _) => Poll::Ready(Some(done)),
                (Poll::Pending, true) => Poll::Ready(None),
                (Poll::Pending, false) => Poll::Pending,
            });
            if let Some(done) = here.await {
                return Ok(done);
            }
            let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
            let work = move || {
                let mut cx = Context::from_waker(&waker);
                loop {
                    match step(future.as_mut(), &mut cx) {
                        (Poll::Ready(done), _) => return Step::<F>::Done(done),
                        // It is aside already.
                        (Poll::Pending, true) => {}
                        (Poll::Pending, false) => return Step::Waits(future),
                    }
                }
            };
            match self.run(deadline, work).await? {
                Step::Done(done) => return Ok(done),
                // What came meanwhile is found by running it once more.
                Step::Waits(back) => future = back,
            }
        }
    }
}

/// Runs a future until it waits; true when it wants to go on aside.
fn step<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> (Poll<F::Output>, bool) {
    WANTED.set(false);
    let polled = future.poll(cx);
    (polled, WANTED.replace(false))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn worker() -> Worker {
        Worker::new(&Limits::default())
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(100)
    }

    fn some_day() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    #[tokio::test]
    async fn a_step_is_made_aside_and_the_next_one_here_again() {
        let here = thread::current().id();
        let future = async {
            let before = thread::current().id();
            aside().await;
            aside().await;
            let (during, again) = (thread::current().id(), thread::current().id());
            tokio::task::yield_now().await;
            (before, during, again, thread::current().id())
        };
        let (before, during, again, after) = worker().drive(some_day(), future).await.unwrap();
        assert_eq!((before, after), (here, here));
        assert_ne!(during, here);
        assert_eq!(during, again, "asking twice is no second move");
    }

    #[tokio::test]
    async fn small_answers_are_read_here_and_large_ones_aside() {
        let here = thread::current().id();
        for (bytes, moves) in [(0, false), (LARGE, false), (LARGE + 1, true)] {
            let future = async move {
                aside_if_large(bytes).await;
                thread::current().id()
            };
            assert_eq!(worker().drive(some_day(), future).await.unwrap() != here, moves, "{bytes}");
        }
    }

    #[tokio::test]
    async fn what_nobody_drives_goes_on_where_it_is() {
        let here = thread::current().id();
        aside().await;
        assert_eq!(thread::current().id(), here);
    }

    #[tokio::test]
    async fn what_does_not_end_is_a_timeout_and_nothing_is_begun_beside_it() {
        let worker = worker();
        let (release, hold) = mpsc::channel::<()>();
        let stuck = async move {
            aside().await;
            hold.recv().unwrap();
        };
        assert_eq!(worker.drive(soon(), stuck).await.unwrap_err().reason, Reason::Timeout(Phase::Run));
        let (begun, begins) = mpsc::channel();
        let second = worker.run(soon(), move || begun.send(()).unwrap()).await;
        assert_eq!(second.unwrap_err().reason, Reason::Timeout(Phase::Run));
        assert!(begins.recv().is_err(), "it was begun beside the first");
        release.send(()).unwrap();
        assert_eq!(worker.run(some_day(), || 5).await, Ok(5), "the permit is free again");
    }

    #[tokio::test]
    async fn a_source_that_is_stuck_holds_up_no_other() {
        let limits = Limits::default();
        let (stuck, free) = (Worker::new(&limits), Worker::new(&limits));
        let (release, hold) = mpsc::channel::<()>();
        assert!(stuck.run(soon(), move || hold.recv()).await.is_err());
        assert_eq!(free.run(some_day(), || 5).await, Ok(5));
        drop(release);
    }

    #[tokio::test]
    async fn a_panic_aside_is_a_fault_and_gives_the_place_back() {
        let worker = worker();
        let future = async {
            aside().await;
            panic!("scripted");
        };
        let fault = worker.drive(some_day(), future).await.unwrap_err();
        assert_eq!((fault.reason, fault.detail.as_str()), (Reason::Internal, "scripted"));
        assert_eq!(worker.run(some_day(), || 5).await, Ok(5));
    }
}
