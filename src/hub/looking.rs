//! Who looks, once, at what is known at one moment. Looks wait in a queue of their own and have a pace, so that a
//! flood of them does not slow the board.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::config::Board;
use crate::eval::judging::Verdicts;
use crate::store::Store;
use crate::view::scene::Scene;

/// Between two judgings for those who look.
const PACE: Duration = Duration::from_millis(100);
/// Looks that share one judging.
const AT_ONCE: usize = 8;

/// Somebody who looks, once.
pub struct Look(Box<dyn Looking>);

trait Looking: Send {
    fn is_wanted(&self) -> bool;
    fn see(self: Box<Self>, verdicts: &Verdicts<'_>, scene: &Scene, store: &Store, board: &Board);
}

/// What is made of what is known, and who waits for it.
struct Waiting<T, F> {
    answer: oneshot::Sender<T>,
    made: F,
}

impl<T, F> Looking for Waiting<T, F>
where
    T: Send,
    F: FnOnce(&Verdicts<'_>, &Scene, &Store, &Board) -> T + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn see(self: Box<Self>, verdicts: &Verdicts<'_>, scene: &Scene, store: &Store, board: &Board) {
        let Self { answer, made } = *self;
        // Who asked may go at any moment.
        let _gone = answer.send(made(verdicts, scene, store, board));
    }
}

impl Look {
    /// From what is made of it, for whoever waits for that. It runs on the thread of the hub: it copies what it needs,
    /// and leaves the rest to who asked.
    pub fn new<T: Send + 'static>(
        answer: oneshot::Sender<T>,
        made: impl FnOnce(&Verdicts<'_>, &Scene, &Store, &Board) -> T + Send + 'static,
    ) -> Self {
        Self(Box::new(Waiting { answer, made }))
    }

    pub(super) fn see(self, verdicts: &Verdicts<'_>, scene: &Scene, store: &Store, board: &Board) {
        self.0.see(verdicts, scene, store, board);
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Look")
    }
}

/// Looks that wait.
#[derive(Debug)]
pub struct Looks {
    queue: mpsc::Receiver<Look>,
    /// When the next ones have their turn.
    turn: Instant,
}

impl Looks {
    /// Those of a queue.
    pub fn new(queue: mpsc::Receiver<Look>) -> Self {
        Self { queue, turn: Instant::now() }
    }

    /// The next ones, when it is their turn; none when nobody can look any more. Who has gone is left out and costs no
    /// turn. Nothing is lost when this is dropped before it ends.
    pub(super) async fn next(&mut self) -> Option<Vec<Look>> {
        sleep_until(self.turn).await;
        let mut looks = Vec::new();
        while looks.is_empty() {
            if self.queue.recv_many(&mut looks, AT_ONCE).await == 0 {
                return None;
            }
            looks.retain(|look| look.0.is_wanted());
        }
        self.turn = Instant::now() + PACE;
        Some(looks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look() -> (Look, oneshot::Receiver<()>) {
        let (answer, waiting) = oneshot::channel();
        (Look::new(answer, |_, _, _, _| ()), waiting)
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_looks_has_a_pace() {
        let (sender, queue) = mpsc::channel(64);
        let mut looks = Looks::new(queue);
        let mut waiting = Vec::new();
        for _ in 0..64 {
            let (look, waits) = look();
            sender.send(look).await.unwrap();
            waiting.push(waits);
        }
        let begin = Instant::now();
        let mut turns = Vec::new();
        for _ in 0..64 / AT_ONCE {
            turns.push((looks.next().await.unwrap().len(), begin.elapsed().as_millis() as usize / 100));
        }
        assert_eq!(turns, (0..64 / AT_ONCE).map(|turn| (AT_ONCE, turn)).collect::<Vec<_>>());
        drop(sender);
        assert!(looks.next().await.is_none(), "nobody can look any more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_gone_is_not_shown_anything_and_takes_no_turn() {
        let (sender, queue) = mpsc::channel(64);
        let mut looks = Looks::new(queue);
        for _ in 0..40 {
            sender.send(look().0).await.unwrap();
        }
        let (last, _waits) = look();
        sender.send(last).await.unwrap();
        let begin = Instant::now();
        assert_eq!(looks.next().await.unwrap().len(), 1);
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}
