//! Whether the engines of `[[remote_write]]` take what is sent: an empty request is sent to each.

use tokio::time::Instant;

use super::reach::reach;
use super::step::{Probe, Step, milliseconds};
use crate::config::board::RemoteWrite;
use crate::export::remote_write::message::{HEADERS, encoded};
use crate::model::fault::Reason;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::http::{Push, Sent, origin, shown_path};
use crate::source::network::Network;

/// The longest that an engine may take.
const PATIENCE: Span = Span::seconds(10);

/// Probes one engine.
pub(super) async fn probe(engine: &RemoteWrite, network: &Network) -> Probe {
    let mut steps = reach(&engine.url, network, PATIENCE.duration()).await;
    steps.push(write(engine, network).await);
    let address = format!("{}{}", origin(&engine.url), shown_path(&engine.url));
    Probe { name: SafeText::new("remote_write"), kind: "Prometheus remote write", address, steps }
}

async fn write(engine: &RemoteWrite, network: &Network) -> Step {
    const WHAT: &str = "write";
    let begin = Instant::now();
    let sent = match (Push::new(&engine.url, &engine.http, network, PATIENCE), encoded(&[])) {
        (Ok(push), Ok(body)) => push.post(&HEADERS, body, begin + PATIENCE.duration()).await,
        (Err(error), _) => Sent::Later(error),
        (_, Err(_)) => Sent::Later(Reason::Internal.into()),
    };
    match sent {
        Sent::Taken => Step::good(WHAT, format!("an empty request was taken, in {}", milliseconds(begin.elapsed()))),
        Sent::Refused(error) if matches!(error.reason, Reason::Http(404 | 405)) => Step {
            remedy: "Prometheus takes it with --web.enable-remote-write-receiver; the path is usually /api/v1/write \
                     (Mimir: /api/v1/push)",
            ..Step::bad(WHAT, &error)
        },
        Sent::Refused(error) | Sent::Later(error) => Step::bad(WHAT, &error),
    }
}
