//! The signals that a board lives with.

use std::future::poll_fn;
use std::task::Poll;

use rustix::process::Signal as S;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To end; the signal's number.
    End(i32),
    /// To stop, as Ctrl-Z does.
    Stop,
    /// Nothing: the program goes on after a stop.
    GoOn,
    /// To look at the size again.
    Resize,
}

/// Every signal that would end the program and leave the terminal taken. Not those that tell of a fault.
const ENDS: [S; 11] =
    [S::HUP, S::INT, S::QUIT, S::TERM, S::USR1, S::USR2, S::ALARM, S::VTALARM, S::PROF, S::XCPU, S::XFSZ];

/// The handlers. Once there they stay until the program ends, so that no signal has its default action
/// while the terminal is ours, or while it is being given back.
#[derive(Debug)]
pub struct Signals(Vec<(Signal, Asked)>);

impl Signals {
    /// Sets the handlers up. What comes from now on is kept until it is asked for.
    pub fn new() -> std::io::Result<Self> {
        let others = [(S::TSTP, Asked::Stop), (S::CONT, Asked::GoOn), (S::WINCH, Asked::Resize)];
        let all = ENDS.map(|end| (end, Asked::End(end.as_raw()))).into_iter().chain(others);
        let handled = all.map(|(number, asked)| Ok((signal(SignalKind::from_raw(number.as_raw()))?, asked)));
        handled.collect::<std::io::Result<_>>().map(Self)
    }

    /// The next signal to end, by its number; what else comes is forgotten.
    pub async fn ended(&mut self) -> i32 {
        loop {
            if let Asked::End(number) = self.next().await {
                return number;
            }
        }
    }

    /// The next signal. Ends come first.
    pub async fn next(&mut self) -> Asked {
        poll_fn(|context| {
            let mut came =
                self.0.iter_mut().filter_map(|(signal, asked)| signal.poll_recv(context).is_ready().then_some(*asked));
            came.next().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
