//! Whom we trust, and who we are, on a TLS connection.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;
use x509_cert::der::Decode as _;

use super::file;
use crate::model::fault::{FetchError, Reason, TlsFault};
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Largest PEM file taken, in bytes; the authorities of a whole system are a quarter of a megabyte.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// The `tls` table of a source.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TlsOptions {
    /// PEM file of certificate authorities trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file of our own certificate (chain), for servers that ask for one.
    pub client_cert: Option<PathBuf>,
    /// PEM file of the key to `client_cert`.
    pub client_key: Option<PathBuf>,
}

fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    file::read(path, MAX_FILE)
        .map_err(|why| FetchError::new(Reason::Tls(TlsFault::Files), format!("{} {why}", path.display())))
}

impl TlsOptions {
    /// Reads the files that the table names, and says which of them cannot be used.
    pub fn check_files(&self) -> Result<(), FetchError> {
        self.apply(reqwest::ClientBuilder::new()).map(drop)
    }

    /// Adds what the table says to a client that is being built.
    pub fn apply(&self, mut builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder, FetchError> {
        let wrong = |path: &Path, what: &str| {
            FetchError::new(Reason::Tls(TlsFault::Files), format!("{} holds no {what}", path.display()))
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

/// What people want to know of a server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whom it is for, such as "CN=shop.example.com"; may be empty.
    pub subject: SafeText,
    /// Who signed it.
    pub issuer: SafeText,
    /// When it ends.
    pub ends: Timestamp,
}

impl Certificate {
    /// Reads a certificate (DER, RFC 5280).
    pub fn read(der: &[u8]) -> Option<Self> {
        let certificate = x509_cert::Certificate::from_der(der).ok()?;
        let certificate = certificate.tbs_certificate();
        let ends = certificate.validity().not_after.to_unix_duration();
        Some(Self {
            subject: SafeText::new(&certificate.subject().to_string()),
            issuer: SafeText::new(&certificate.issuer().to_string()),
            ends: Timestamp(i64::try_from(ends.as_millis()).ok()?),
        })
    }

    /// Days until it ends; negative when it has.
    pub fn days_left(&self, now: Timestamp) -> f64 {
        (self.ends.seconds() - now.seconds()) / 86_400.0
    }
}
