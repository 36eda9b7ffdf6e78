//! What of the facts goes to the engines that keep it for longer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};

use crate::config::Board;
use crate::config::board::RemoteWrite;
use crate::model::measured::{Measured, Origin};
use crate::model::poll::QueryId;
use crate::store::News;
use crate::store::facts::Fact;

/// The hub's end of those who write to engines.
#[derive(Debug)]
pub struct Exporting {
    measured: mpsc::Sender<Measured>,
    targets: watch::Sender<Arc<[RemoteWrite]>>,
    origins: HashMap<QueryId, Arc<Origin>>,
    /// How many samples were lost because too much waited.
    missed: Arc<AtomicU64>,
}

impl Exporting {
    /// Of this board.
    pub fn new(
        measured: mpsc::Sender<Measured>,
        targets: watch::Sender<Arc<[RemoteWrite]>>,
        missed: Arc<AtomicU64>,
        board: &Board,
    ) -> Self {
        let mut own = Self { measured, targets, origins: HashMap::new(), missed };
        own.hold(board);
        own
    }

    /// Another board is shown from now on.
    pub(super) fn hold(&mut self, board: &Board) {
        // Nobody wants what is made up.
        let queries = board.queries.iter().filter_map(|query| {
            let source = board.sources.get(query.source).filter(|source| !source.simulated)?;
            let origin = Origin {
                kind: source.kind.word,
                source: source.name.to_string(),
                query: query.ask.query.to_string(),
                stale_after: source.limits.stale_after,
                is_given: source.limits.is_given,
            };
            Some((query.id, Arc::new(origin)))
        });
        self.origins = queries.collect();
        self.targets.send_if_modified(|targets| {
            let differs = **targets != *board.remote_write;
            *targets = board.remote_write.clone().into();
            differs
        });
    }

    /// Hands on what a fact has brought, if it is the board's own. Never waits.
    pub(super) fn take(&self, fact: &Fact) {
        let Fact::News { query, news: News::Series(set), .. } = fact else { return };
        let Some(origin) = self.origins.get(query) else { return };
        if self.targets.borrow().is_empty() || !set.is_own() {
            return;
        }
        let measured = Measured { origin: Arc::clone(origin), series: set.series.clone() };
        if let Err(TrySendError::Full(lost)) = self.measured.try_send(measured) {
            let samples: usize = lost.series.iter().map(|one| one.points.len()).sum();
            self.missed.fetch_add(samples as u64, Ordering::Relaxed);
        }
    }
}
