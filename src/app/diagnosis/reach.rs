//! The way to a server: its name, and whether anybody answers there.

use std::time::Duration;

use reqwest::Url;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::step::{Step, Verdict, milliseconds};
use crate::model::fault::{FetchError, Phase, Reason};
use crate::source::http::{io_fault, is_loopback};
use crate::source::network::Network;

/// Name and connection, tried by hand.
pub(super) async fn reach(url: &Url, network: &Network, patience: Duration) -> Vec<Step> {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0));
    let begin = Instant::now();
    let found = timeout(patience, network.addresses(host, port)).await;
    let addresses = match found.unwrap_or_else(|_| Err(FetchError::new(Reason::Dns, "the resolver does not answer"))) {
        Ok(addresses) => addresses,
        Err(error) => return vec![unreached(url, Step::bad("name", &error))],
    };
    let is_address = addresses.first().is_some_and(|first| first.ip().to_string() == host.trim_matches(['[', ']']));
    let listed: Vec<String> = addresses.iter().take(4).map(|address| address.ip().to_string()).collect();
    let name = if is_address {
        Step::good("name", "none: url has an address")
    } else {
        Step::good("name", format!("{host} is {}, found in {}", listed.join(", "), milliseconds(begin.elapsed())))
    };
    let begin = Instant::now();
    let connection = match timeout(patience, TcpStream::connect(addresses.as_slice())).await {
        Ok(Ok(stream)) => {
            let peer = stream.peer_addr().map_or_else(|_| String::new(), |peer| peer.to_string());
            Step::good("connection", format!("{peer} answers, in {}", milliseconds(begin.elapsed())))
        }
        Ok(Err(error)) => Step::bad("connection", &io_fault(&error, Phase::Connect)),
        Err(_) => Step::bad("connection", &Reason::Timeout(Phase::Connect).into()),
    };
    vec![name, unreached(url, connection)]
}

/// A step that failed, where a proxy may know the way.
fn unreached(url: &Url, step: Step) -> Step {
    if step.verdict == Verdict::Bad && !is_loopback(url) && has_proxy(url.scheme()) {
        let found = format!("{}, but the environment sets a proxy, which may reach the server", step.found);
        return Step::doubtful(step.what, found, "");
    }
    step
}

/// The scheme's own variable, or the one for all. (`NO_PROXY` may make an exception.)
fn has_proxy(scheme: &str) -> bool {
    let names =
        [format!("{scheme}_proxy"), format!("{}_PROXY", scheme.to_uppercase()), "all_proxy".into(), "ALL_PROXY".into()];
    names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
