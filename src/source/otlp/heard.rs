//! All that an OTLP listener has heard: what its polls read.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::messages::{Logs, Metrics};
use super::points::{Before, Intake, Outcome};
use super::records;
use crate::model::table::Table;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};
use crate::source::log_buffer::LogBuffer;
use crate::source::received::{Counts, FirstNews, Loss, Received};

/// How long it is said that a gRPC client has tried, after the last time.
const SPOKEN_OF: Span = Span::seconds(300);
/// What is said of a client that speaks gRPC.
pub(super) const GRPC: &str =
    "an OTLP/gRPC client tried; set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and the endpoint to port 4318";

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
    /// When a client tried in gRPC, the last time.
    grpc: Option<Timestamp>,
}

impl Ears {
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes metrics in.
    pub(super) fn metrics(&self, request: &Metrics, now: Timestamp) -> Outcome {
        let mut heard = self.heard();
        let Heard { before, received, counts, .. } = &mut *heard;
        let outcome = Intake { before, received, counts, now }.take(request);
        drop(heard);
        self.came.came();
        outcome
    }

    /// Takes logs in.
    pub(super) fn logs(&self, request: &Logs, now: Timestamp) {
        let mut heard = self.heard();
        let count = records::take(request, &mut heard.lines, now);
        heard.logs += count;
        drop(heard);
        self.came.came();
    }

    /// Counts spans: nothing else is done with them. True the first time.
    pub(super) fn spans(&self, count: u64) -> bool {
        let mut heard = self.heard();
        heard.spans += count;
        heard.spans == count && count > 0
    }

    /// A request was not taken as a whole, and why.
    pub(super) fn refused(&self, why: &str, now: Timestamp) {
        let mut heard = self.heard();
        heard.refused += 1;
        heard.counts.lost(Loss::Bad, 1, ("", why), now);
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
        ];
        self.counts.table(&heads, &[Loss::OverLimit, Loss::Bad])
    }
}
