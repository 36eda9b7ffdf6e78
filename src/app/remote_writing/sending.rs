//! Sends one request after the other to one engine: in order, one under way.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::queue::Queue;
use crate::config::board::RemoteWrite;
use crate::export::remote_write::message::HEADERS;
use crate::model::time::Span;
use crate::source::Clock;
use crate::source::http::{Push, Sent};
use crate::source::network::Network;
use crate::source::offload::{Worker, aside};

/// The longest that a request may take.
const LONGEST: Span = Span::seconds(30);
/// The pause after a failure doubles from the first to the second.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// Sends what waits, until it is dropped.
pub(super) async fn run(queue: Arc<Queue>, target: RemoteWrite, network: Network, clock: Clock) {
    let worker = Worker::new(&network.limits);
    let mut push: Option<Push> = None;
    let mut pause = Pause::default();
    loop {
        let one = queue.oldest().await;
        if one.is_too_old(clock.now()) {
            queue.lose(&one);
            continue;
        }
        match send(&worker, &target, &network, &mut push, one.body.to_vec()).await {
            Sent::Taken => {
                pause = Pause::default();
                queue.done(&one, None);
            }
            Sent::Refused(why) => {
                pause = Pause::default();
                queue.done(&one, Some(why));
            }
            Sent::Later(why) => {
                let asked = why.retry_after;
                queue.fails(why, clock.now());
                // Many boards must not come back in one moment.
                sleep(pause.next(asked).mul_f64(1.0 + 0.1 * fastrand::f64())).await;
            }
        }
    }
}

/// Sends one. What reads files does so on a worker thread: the authorities, a token.
async fn send(
    worker: &Worker,
    target: &RemoteWrite,
    network: &Network,
    push: &mut Option<Push>,
    body: Vec<u8>,
) -> Sent {
    let deadline = Instant::now() + LONGEST.duration();
    let (known, target, network) = (push.clone(), target.clone(), network.clone());
    let sending = async move {
        let push = if let Some(push) = known {
            push
        } else {
            aside().await;
            match Push::new(&target.url, &target.http, &network, LONGEST) {
                Ok(push) => push,
                Err(why) => return (None, Sent::Later(why)),
            }
        };
        let sent = push.post(&HEADERS, body, deadline).await;
        // After a failure the authorities are read again: they may have been the reason.
        (Some(push).filter(|_| !matches!(sent, Sent::Later(_))), sent)
    };
    match worker.drive(deadline, sending).await {
        Ok((kept, sent)) => {
            *push = kept;
            sent
        }
        Err(why) => Sent::Later(why),
    }
}

/// How long the next try waits.
#[derive(Debug, Default)]
struct Pause(Option<Duration>);

impl Pause {
    /// Twice as long as the last one, or as long as the server asks for, never longer than a minute.
    fn next(&mut self, asked: Option<Span>) -> Duration {
        let own = self.0.map_or(PAUSE.0, |last| last * 2);
        let next = asked.map_or(own, |asked| asked.duration().max(own)).min(PAUSE.1);
        self.0 = Some(own.min(PAUSE.1));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute_and_a_server_may_ask_for_longer_ones() {
        let mut pause = Pause::default();
        let mut seconds = |asked: Option<i64>| pause.next(asked.map(Span::seconds)).as_secs();
        assert_eq!([None; 8].map(&mut seconds), [1, 2, 4, 8, 16, 32, 60, 60]);
        let mut pause = Pause::default();
        let mut seconds = |asked: i64| pause.next(Some(Span::seconds(asked))).as_secs();
        assert_eq!([5, 1, 600].map(&mut seconds), [5, 2, 60]);
    }
}
