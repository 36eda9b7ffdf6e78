//! Whom we trust, and who we are, on a TLS connection.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::fault::{FetchError, Reason, TlsFault};

/// The `tls` table of a source.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsOptions {
    /// PEM file of certificate authorities trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file of our own certificate (chain), for servers that ask for one.
    pub client_cert: Option<PathBuf>,
    /// PEM file of the key to `client_cert`.
    pub client_key: Option<PathBuf>,
}

fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    std::fs::read(path).map_err(|e| {
        FetchError::new(Reason::Tls(TlsFault::Handshake), format!("{} cannot be read: {}", path.display(), e.kind()))
    })
}

impl TlsOptions {
    /// Adds what the table says to a client that is being built.
    pub fn apply(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, FetchError> {
        let wrong = |path: &Path, what: &str| {
            FetchError::new(Reason::Tls(TlsFault::Handshake), format!("{} holds no {what}", path.display()))
        };
        if let Some(path) = &self.ca_file {
            let authorities =
                reqwest::Certificate::from_pem_bundle(&read(path)?).map_err(|_| wrong(path, "PEM certificate"))?;
            if authorities.is_empty() {
                return Err(wrong(path, "PEM certificate"));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        if let (Some(cert), Some(key)) = (&self.client_cert, &self.client_key) {
            let mut pem = read(cert)?;
            pem.push(b'\n');
            pem.extend(read(key)?);
            let identity = reqwest::Identity::from_pem(&pem).map_err(|_| wrong(cert, "usable certificate and key"))?;
            builder = builder.identity(identity);
        }
        Ok(builder)
    }
}
