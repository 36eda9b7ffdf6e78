//! The one client of the HTTP library, as everything is set for whoever asks: no redirect is followed by itself,
//! nothing is tried again, nobody is told where an address came from.

use std::sync::Arc;

use reqwest::{Client, Url};

use super::addresses::is_loopback;
use super::classify::transport;
use crate::model::fault::{FetchError, Phase};
use crate::model::time::Span;
use crate::source::network::Network;
use crate::source::tls::TlsOptions;

/// The longest a connection may take to open, TLS included.
const LONGEST_CONNECT: Span = Span::seconds(5);
const USER_AGENT: &str = concat!("andon/", env!("CARGO_PKG_VERSION"));

/// How connections are opened and kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connections {
    /// What a whole request may take.
    pub(crate) timeout: Span,
    /// How many are kept open between two requests.
    pub(crate) idle: usize,
}

/// A client for an address. It asks nobody, and reads the certificate files: where that must not block it is
/// called on a worker thread.
pub(crate) fn client(
    url: &Url,
    tls: &TlsOptions,
    connections: Connections,
    network: &Network,
) -> Result<Client, FetchError> {
    // Another provider may be installed already; any will do.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        // A little before the deadline of the request, so that it is known what took so long.
        .connect_timeout(connections.timeout.times(0.9).min(LONGEST_CONNECT).duration())
        .pool_max_idle_per_host(connections.idle)
        .dns_resolver(Arc::clone(&network.names))
        .tls_info(true);
    if is_loopback(url) {
        // A proxy elsewhere does not reach this machine: NO_PROXY often forgets it.
        builder = builder.no_proxy();
    }
    builder = if url.scheme() == "https" {
        tls.apply(builder)?
    } else {
        // Plain HTTP never becomes HTTPS here: no certificate store is loaded.
        builder.tls_certs_only([])
    };
    builder.build().map_err(|error| transport(&error, Phase::Connect))
}
