//! The requests that wait for one engine, oldest first, and what became of those before them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::standing::Standing;
use crate::history::{Outgoing, OutgoingKeeper};
use crate::model::fault::FetchError;
use crate::model::time::Timestamp;

/// The most that waits, in bytes: half an hour of 1,000 series each 10 s takes about a third.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What waits for one engine.
#[derive(Debug)]
pub(super) struct Queue {
    target: Arc<str>,
    /// Its address, without anything that may be a secret.
    origin: String,
    keeper: Option<OutgoingKeeper>,
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Outgoing>,
    bytes: usize,
    last_number: i64,
    /// The one that is being sent.
    under_way: Option<i64>,
    standing: Standing,
}

impl State {
    fn samples(&self) -> usize {
        self.waiting.iter().map(|one| one.samples).sum()
    }
}

impl Queue {
    /// With what waited for it before a restart.
    pub(super) fn new(
        target: Arc<str>,
        origin: String,
        waiting: Vec<Outgoing>,
        keeper: Option<OutgoingKeeper>,
    ) -> Self {
        let bytes = waiting.iter().map(|one| one.body.len()).sum();
        let last_number = waiting.last().map_or(i64::MIN, |one| one.number);
        let state = State { waiting: waiting.into(), bytes, last_number, ..State::default() };
        Self { target, origin, keeper, state: Mutex::new(state), more: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more waits, of so many samples, the newest of which is of this moment. The oldest are dropped where too much
    /// waits, or for too long, but for the one that is under way.
    pub(super) fn put(&self, (samples, newest): (usize, Timestamp), body: Arc<[u8]>, now: Timestamp) {
        let mut state = self.state();
        let number = now.0.max(state.last_number.saturating_add(1));
        let one = Outgoing { target: Arc::clone(&self.target), number, samples, newest, body };
        state.last_number = number;
        state.bytes += one.body.len();
        if let Some(keeper) = &self.keeper {
            keeper.keep(one.clone());
        }
        state.waiting.push_back(one);
        let under_way = state.waiting.front().is_some_and(|oldest| state.under_way == Some(oldest.number));
        let first = usize::from(under_way);
        while state.waiting.len() > first + 1
            && (state.bytes > MOST_BYTES || state.waiting.get(first).is_some_and(|oldest| oldest.is_too_old(now)))
        {
            state.standing.lost += self.take_out(&mut state, first).unwrap_or_default();
        }
        self.more.notify_one();
    }

    /// Takes one out; how many samples were in it.
    fn take_out(&self, state: &mut State, at: usize) -> Option<usize> {
        let one = state.waiting.remove(at)?;
        state.bytes -= one.body.len();
        if let Some(keeper) = &self.keeper {
            keeper.forget(&one);
        }
        Some(one.samples)
    }

    /// Nobody sends any of it.
    pub(super) fn forget_all(&self) {
        let mut state = self.state();
        while self.take_out(&mut state, 0).is_some() {}
    }

    /// The oldest, which is under way from now on; it stays until it is taken or refused.
    pub(super) async fn oldest(&self) -> Outgoing {
        loop {
            let oldest = {
                let mut state = self.state();
                let oldest = state.waiting.front().cloned();
                state.under_way = oldest.as_ref().map(|one| one.number);
                oldest
            };
            match oldest {
                Some(one) => return one,
                None => self.more.notified().await,
            }
        }
    }

    /// The engine has it, or will never take it, and why.
    pub(super) fn done(&self, one: &Outgoing, refusal: Option<FetchError>) {
        let mut state = self.state();
        if state.waiting.front().is_some_and(|oldest| oldest.number == one.number) {
            self.take_out(&mut state, 0);
        }
        state.under_way = None;
        let was_failing = state.standing.failing.take().is_some();
        match refusal {
            None if was_failing => tracing::info!("{}: it takes samples again", self.place()),
            None => {}
            Some(why) => {
                let before = state.standing.refused.take();
                if before.as_ref().is_none_or(|(_, last)| *last != why) {
                    tracing::warn!("{}: samples refused: {why}", self.place());
                }
                state.standing.refused = Some((before.map_or(0, |(samples, _)| samples) + one.samples, why));
            }
        }
    }

    /// It has waited for too long.
    pub(super) fn lose(&self, one: &Outgoing) {
        let mut state = self.state();
        if state.waiting.front().is_some_and(|oldest| oldest.number == one.number) {
            state.standing.lost += self.take_out(&mut state, 0).unwrap_or_default();
        }
        state.under_way = None;
    }

    /// The engine takes nothing just now.
    pub(super) fn fails(&self, why: FetchError, now: Timestamp) {
        let mut state = self.state();
        let since = state.standing.failing.take().map_or_else(
            || {
                tracing::warn!("{}: {why}; samples that wait: {}", self.place(), state.samples());
                now
            },
            |(since, _)| since,
        );
        state.under_way = None;
        state.standing.failing = Some((since, why));
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        self.state().standing.clone()
    }

    /// How many samples wait.
    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.state().samples()
    }

    /// Whom it is for, in words: `remote write to http://victoria:8428`.
    pub(super) fn place(&self) -> String {
        format!("remote write to {}", self.origin)
    }
}
