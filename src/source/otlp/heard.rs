//! All that an OTLP listener has heard: what its polls read.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::answer::Refusal;
use super::before::Before;
use super::log_messages::Logs;
use super::messages::Metrics;
use super::points::{Intake, Outcome, Taking};
use super::{records, sent};
use crate::model::log::LogLine;
use crate::model::table::Table;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::log_buffer::LogBuffer;
use crate::source::received::{Counts, FirstNews, Loss, Received};

/// How long it is said that a gRPC client has tried, after the last time.
const SPOKEN_OF: Span = Span::seconds(300);
/// What is said of a client that speaks gRPC.
pub(super) const GRPC: &str =
    "a client tried OTLP/gRPC, and only OTLP/HTTP is taken: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf for it";
/// Points and log lines that are taken in at once; then polls may look.
const AT_ONCE: usize = 10_000;

/// What the listener and the polls of a source share.
#[derive(Debug, Default)]
pub(super) struct Ears {
    heard: Mutex<Heard>,
    /// Something has come that polls can tell.
    came: FirstNews,
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Where it listens.
    pub(super) address: Option<SocketAddr>,
    before: Before,
    /// The series.
    pub(super) received: Received,
    /// The lines.
    pub(super) lines: LogBuffer,
    /// What came of points.
    pub(super) counts: Counts,
    logs: u64,
    spans: u64,
    refused: u64,
    /// Requests that were asked to come again.
    put_off: u64,
    /// When a client tried in gRPC, the last time.
    grpc: Option<Timestamp>,
}

impl Ears {
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes metrics in.
    pub(super) fn metrics(&self, request: &Metrics, now: Timestamp) -> Outcome {
        let mut taking = Taking::default();
        for some in sent::points(request).chunks(AT_ONCE) {
            let mut heard = self.heard();
            let Heard { before, received, counts, .. } = &mut *heard;
            Intake { before, received, counts, taking: &mut taking, now }.take(some);
        }
        let mut heard = self.heard();
        heard.before.forget(now);
        heard.received.forget(now);
        drop(heard);
        self.came.came();
        taking.outcome
    }

    /// Takes logs in.
    pub(super) fn logs(&self, request: &Logs, now: Timestamp) {
        let mut lines = records::lines(request, now);
        loop {
            let some: Vec<LogLine> = lines.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            let mut heard = self.heard();
            heard.logs += some.len() as u64;
            for line in some {
                heard.lines.push(line);
            }
        }
        self.came.came();
    }

    /// Counts spans: nothing else is done with them. True the first time.
    pub(super) fn spans(&self, count: u64) -> bool {
        let mut heard = self.heard();
        heard.spans += count;
        heard.spans == count && count > 0
    }

    /// A request was not taken as a whole, and why.
    pub(super) fn refused(&self, refusal: &Refusal, now: Timestamp) {
        let mut heard = self.heard();
        if refusal.is_for_now() {
            heard.put_off += 1;
        } else {
            heard.refused += 1;
            heard.counts.lost(Loss::Bad, 1, ("", &refusal.why), now);
        }
    }

    /// A client tried in gRPC. True the first time in a while.
    pub(super) fn grpc(&self, now: Timestamp) -> bool {
        let before = self.heard().grpc.replace(now);
        before.is_none_or(|at| at.age_at(now) > SPOKEN_OF)
    }

    /// Somebody listens from now on.
    pub(super) fn listen(&self, address: Option<SocketAddr>, now: Timestamp) {
        let mut heard = self.heard();
        heard.address = address;
        heard.before.listen(now);
    }

    /// Waits a little until there is something to tell.
    pub(super) async fn first(&self, deadline: Instant) {
        self.came.wait(deadline, || !self.heard().is_empty()).await;
    }
}

impl Heard {
    /// Whether polls have nothing to tell of it yet.
    fn is_empty(&self) -> bool {
        self.received.number() == 0 && self.lines.is_empty()
    }

    /// Whether a client has tried in gRPC lately.
    fn has_tried_grpc(&self, now: Timestamp) -> bool {
        self.grpc.is_some_and(|at| at.age_at(now) < SPOKEN_OF)
    }

    /// What has to be known of every answer, and whether numbers are too low because of it.
    pub(super) fn said(&self, now: Timestamp) -> Vec<(SafeText, bool)> {
        let losses = self.counts.said(now).map(|(text, is_too_low)| (SafeText::new(&text), is_too_low));
        let grpc = self.has_tried_grpc(now).then(|| (SafeText::new(GRPC), false));
        losses.into_iter().chain(grpc).collect()
    }

    /// The counts, as rows.
    pub(super) fn table(&self) -> Table {
        let at = self.address.map_or_else(String::new, |address| format!("at {address}"));
        let heads = [
            ("points received", at.as_str(), self.counts.all()),
            ("log records received", "", self.logs),
            ("spans received, and not kept", "", self.spans),
            ("requests refused", "", self.refused),
            ("requests asked to come again", "", self.put_off),
        ];
        self.counts.table(&heads, &[Loss::OverLimit, Loss::Bad])
    }
}
