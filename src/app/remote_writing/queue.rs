//! The requests that wait for one engine, oldest first, and what became of those before them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::standing::Standing;
use crate::history::{Outgoing, OutgoingKeeper};
use crate::model::fault::FetchError;
use crate::model::time::Timestamp;
use crate::source::http::origin;

/// The most that waits, in bytes: half an hour of 1,000 series each 10 s takes about a third.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What waits for one engine.
#[derive(Debug)]
pub(super) struct Queue {
    target: Arc<str>,
    keeper: Option<OutgoingKeeper>,
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Outgoing>,
    bytes: usize,
    last_number: i64,
    standing: Standing,
}

impl Queue {
    /// With what waited for it before a restart.
    pub(super) fn new(target: Arc<str>, waiting: Vec<Outgoing>, keeper: Option<OutgoingKeeper>) -> Self {
        let bytes = waiting.iter().map(|one| one.body.len()).sum();
        let last_number = waiting.last().map_or(i64::MIN, |one| one.number);
        let state = State { waiting: waiting.into(), bytes, last_number, ..State::default() };
        Self { target, keeper, state: Mutex::new(state), more: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more waits. The oldest are dropped where too much waits, or for too long.
    pub(super) fn put(&self, samples: usize, body: Arc<[u8]>, now: Timestamp) {
        let mut state = self.state();
        let number = now.0.max(state.last_number.saturating_add(1));
        let one = Outgoing { target: Arc::clone(&self.target), number, samples, body };
        state.last_number = number;
        state.bytes += one.body.len();
        if let Some(keeper) = &self.keeper {
            keeper.keep(one.clone());
        }
        state.waiting.push_back(one);
        while state.waiting.len() > 1
            && (state.bytes > MOST_BYTES || state.waiting.front().is_some_and(|oldest| oldest.is_too_old(now)))
        {
            if let Some(samples) = self.drop_oldest(&mut state) {
                state.standing.lost += samples;
            }
        }
        self.more.notify_one();
    }

    fn drop_oldest(&self, state: &mut State) -> Option<usize> {
        let oldest = state.waiting.pop_front()?;
        state.bytes -= oldest.body.len();
        if let Some(keeper) = &self.keeper {
            keeper.forget(&oldest.target, oldest.number);
        }
        Some(oldest.samples)
    }

    /// The oldest; it stays until it is taken or refused.
    pub(super) async fn oldest(&self) -> Outgoing {
        loop {
            let oldest = self.state().waiting.front().cloned();
            match oldest {
                Some(one) => return one,
                None => self.more.notified().await,
            }
        }
    }

    /// The engine has it, or will never take it, and why.
    pub(super) fn done(&self, one: &Outgoing, refusal: Option<FetchError>) {
        let mut state = self.state();
        // It may have been dropped meanwhile.
        if state.waiting.front().is_some_and(|oldest| oldest.number == one.number) {
            self.drop_oldest(&mut state);
        }
        if state.standing.failing.take().is_some() {
            tracing::info!("{}: it takes samples again", self.place());
        }
        if let Some(why) = refusal {
            tracing::warn!("{}: {} samples refused: {why}", self.place(), one.samples);
            let before = state.standing.refused.as_ref().map_or(0, |(samples, _)| *samples);
            state.standing.refused = Some((before + one.samples, why));
        }
    }

    /// It has waited for too long.
    pub(super) fn lose(&self, one: &Outgoing) {
        let mut state = self.state();
        if state.waiting.front().is_some_and(|oldest| oldest.number == one.number) {
            state.standing.lost += self.drop_oldest(&mut state).unwrap_or_default();
        }
    }

    /// The engine takes nothing just now.
    pub(super) fn fails(&self, why: FetchError, now: Timestamp) {
        let mut state = self.state();
        let since = state.standing.failing.take().map_or_else(
            || {
                tracing::warn!("{}: {why}", self.place());
                now
            },
            |(since, _)| since,
        );
        state.standing.failing = Some((since, why));
    }

    /// How it stands.
    pub(super) fn standing(&self) -> Standing {
        let state = self.state();
        let waiting = state.waiting.iter().map(|one| one.samples).sum();
        Standing { waiting, ..state.standing.clone() }
    }

    /// Whom it is for, in words: `remote write to http://victoria:8428`.
    pub(super) fn place(&self) -> String {
        let place = self.target.parse().map_or_else(|_| self.target.to_string(), |url| origin(&url));
        format!("remote write to {place}")
    }

    /// What waits, for whoever sends it instead; this one sends nothing any more.
    pub(super) fn take_all(&self) -> Vec<Outgoing> {
        std::mem::take(&mut self.state().waiting).into()
    }
}
