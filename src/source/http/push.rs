//! Sends a body to one address: the only way in which andon writes to a server of telemetry, and only where the board says
//! `[[remote_write]]`.

use std::sync::Arc;

use reqwest::{Client, Url};
use tokio::time::{Instant, timeout_at};

use super::classify::transport;
use super::client::{Connections, client};
use super::credentials::Credentials;
use super::headers::retry_after;
use super::options::HttpOptions;
use super::read::{self, Wanted};
use super::refusal::refusal;
use super::types::Response;
use crate::model::fault::{FetchError, Phase, Reason};
use crate::model::time::Span;
use crate::source::network::Network;

/// The most that is read of an answer, in bytes: it is a sentence at most.
const MOST: usize = 64 * 1024;

/// A client that sends to one address.
#[derive(Debug, Clone)]
pub struct Push {
    url: Url,
    client: Client,
    credentials: Arc<Credentials>,
}

/// What became of a body that was sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// The server has it.
    Taken,
    /// The server will never take it.
    Refused(FetchError),
    /// The server may take it later.
    Later(FetchError),
}

impl Push {
    /// Builds the client. No network; reads certificate files.
    pub fn new(url: &Url, options: &HttpOptions, network: &Network, timeout: Span) -> Result<Self, FetchError> {
        let client = client(url, &options.tls, Connections { timeout, idle: 1 }, network)?;
        Ok(Self { url: url.clone(), client, credentials: Arc::new(Credentials::new(url, options)) })
    }

    /// Sends a body with these headers. A redirect is not followed: what is meant for one server is for no other.
    pub async fn post(&self, headers: &[(&'static str, &'static str)], body: Vec<u8>, deadline: Instant) -> Sent {
        match self.exchange(headers, body, deadline).await {
            Err(error) => Sent::Later(self.scrubbed(error)),
            Ok(response) => self.judged(&response),
        }
    }

    async fn exchange(
        &self,
        headers: &[(&'static str, &'static str)],
        body: Vec<u8>,
        deadline: Instant,
    ) -> Result<Response, FetchError> {
        let request =
            headers.iter().fold(self.client.post(self.url.clone()), |all, (key, value)| all.header(*key, *value));
        let request = self.credentials.put_on(request.body(body)).await?;
        let mut response = timeout_at(deadline, self.client.execute(request))
            .await
            .map_err(|_| FetchError::from(Reason::Timeout(Phase::Headers)))?
            .map_err(|error| transport(&error, Phase::Headers))?;
        let (body, _) = read::body(&mut response, Wanted::Whole, MOST, deadline).await?;
        Ok(Response { status: response.status(), headers: response.headers().clone(), body, certificate: None })
    }

    /// Source: remote write 1.0: a sender retries on 5xx, may retry on 429, and does not on any other 4xx.
    fn judged(&self, response: &Response) -> Sent {
        let status = response.status;
        let error = || {
            let mut error = self.scrubbed(refusal(response));
            error.retry_after = retry_after(&response.headers);
            error
        };
        match status.as_u16() {
            200..=299 => Sent::Taken,
            429 | 500..=599 => Sent::Later(error()),
            300..=399 => Sent::Later(FetchError::new(
                Reason::RedirectBlocked,
                format!("HTTP {}: write the address that it leads to into url", status.as_u16()),
            )),
            _ => Sent::Refused(error()),
        }
    }

    fn scrubbed(&self, mut error: FetchError) -> FetchError {
        error.detail = self.credentials.scrub(&error.detail).unwrap_or(error.detail);
        error
    }
}
