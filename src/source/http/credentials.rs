//! What is sent to show who we are, and how it never comes back into sight.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use reqwest::{Request, RequestBuilder, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::HttpOptions;
use super::scrub::Forms;
use crate::model::fault::{FetchError, Reason};
use crate::model::text::SafeText;
use crate::source::auth::{Auth, Secret, header_name, sensitive};
use crate::source::offload;

/// Shorter values in the query of an address are words, not secrets.
const SHORTEST_OF_QUERY: usize = 8;

/// The secrets of a source; shared by its polls.
#[derive(Debug)]
pub(super) struct Credentials {
    auth: Option<Auth>,
    headers: BTreeMap<String, Secret>,
    /// The values in the query of its address: one of them may be a token.
    of_address: Vec<SecretString>,
    /// What was sent last.
    forms: Mutex<Forms>,
}

/// The secrets themselves, as they are at this moment.
struct CurrentSecrets {
    auth: Option<SecretString>,
    headers: Vec<(String, SecretString)>,
}

impl Credentials {
    pub(super) fn new(url: &Url, options: &HttpOptions) -> Self {
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        Self {
            auth: options.auth.clone(),
            headers: options.headers.clone(),
            of_address: values.filter(|value| value.len() >= SHORTEST_OF_QUERY).map(Into::into).collect(),
            forms: Mutex::default(),
        }
    }

    /// The request with everything that shows who we are, marked sensitive so that no `Debug` shows it.
    pub(super) async fn put_on(&self, request: RequestBuilder) -> Result<Request, FetchError> {
        let secrets = self.current().await?;
        let mut forms = Forms::default();
        let mut request = request;
        if let (Some(auth), Some(secret)) = (&self.auth, &secrets.auth) {
            request = auth.apply(request, secret)?;
            forms.add(secret.expose_secret());
        }
        for (name, secret) in &secrets.headers {
            request = request.header(header_name(name)?, sensitive(secret)?);
            forms.add(secret.expose_secret());
        }
        for value in &self.of_address {
            forms.add(value.expose_secret());
        }
        let request = request.build().map_err(|_| FetchError::from(Reason::Internal))?;
        for sent in request.headers().values().filter(|value| value.is_sensitive()) {
            let sent = String::from_utf8_lossy(sent.as_bytes());
            // "Basic bWU6..." may come back without the word before it.
            if let Some((_, encoded)) = sent.split_once(' ') {
                forms.add(encoded);
            }
            forms.add(&sent);
        }
        *self.forms.lock().unwrap_or_else(PoisonError::into_inner) = forms;
        Ok(request)
    }

    /// The text without anything that was sent as a secret.
    pub(super) fn scrub(&self, text: &SafeText) -> Option<SafeText> {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.scrub(text.as_str()).map(SafeText::from)
    }

    /// Reads all secrets. A file is read aside: one on a dead mount would hold up every source.
    async fn current(&self) -> Result<CurrentSecrets, FetchError> {
        if self.auth.iter().map(Auth::secret).chain(self.headers.values()).any(Secret::is_in_file) {
            offload::aside().await;
        }
        let headers = self.headers.iter().map(|(name, secret)| Ok((name.clone(), secret.read()?)));
        Ok(CurrentSecrets {
            auth: self.auth.as_ref().map(|auth| auth.secret().read()).transpose()?,
            headers: headers.collect::<Result<_, FetchError>>()?,
        })
    }
}
