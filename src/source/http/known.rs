//! What a server has told before, by its validators: an answer that has not changed costs nothing.
//!
//! Source: RFC 9110, sections 8.8.3 (`ETag`) and 13.1.2 (`If-None-Match`). A validator is kept together
//! with its body and dropped together with it, so that a 304 always has something to stand for.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::header::{ETAG, HeaderMap};

use super::types::Response;

/// Most answers kept of one server.
const MOST_ANSWERS: usize = 600;
/// Most bytes kept of one server.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// An answer with its validator.
#[derive(Debug, Clone)]
struct Answer {
    validator: String,
    headers: HeaderMap,
    body: Arc<[u8]>,
    used: u64,
}

/// Answers by address.
#[derive(Debug, Default)]
pub(super) struct Known {
    answers: HashMap<String, Answer>,
    bytes: usize,
    clock: u64,
}

/// A body that was fetched now, or is known to be still the same.
#[derive(Debug, Clone)]
pub struct Document {
    /// The headers it came with.
    pub headers: HeaderMap,
    /// The body, complete.
    pub body: Arc<[u8]>,
}

impl Known {
    /// The validator of an address.
    pub(super) fn validator(&self, url: &str) -> Option<String> {
        self.answers.get(url).map(|answer| answer.validator.clone())
    }

    /// What a 304 stands for.
    pub(super) fn again(&mut self, url: &str) -> Option<Document> {
        self.clock += 1;
        let answer = self.answers.get_mut(url)?;
        answer.used = self.clock;
        Some(Document { headers: answer.headers.clone(), body: Arc::clone(&answer.body) })
    }

    /// Takes a new answer in, if it can be asked for by a validator.
    pub(super) fn learn(&mut self, url: &str, response: Response) -> Document {
        let document = Document { headers: response.headers, body: response.body.into() };
        self.forget(url);
        if let Some(validator) = document.headers.get(ETAG).and_then(|value| value.to_str().ok()) {
            self.clock += 1;
            self.bytes += document.body.len();
            let (headers, body) = (document.headers.clone(), Arc::clone(&document.body));
            let answer = Answer { validator: validator.to_owned(), headers, body, used: self.clock };
            self.answers.insert(url.to_owned(), answer);
        }
        while self.answers.len() > MOST_ANSWERS || self.bytes > MOST_BYTES {
            let oldest = self.answers.iter().min_by_key(|(_, answer)| answer.used).map(|(url, _)| url.clone());
            let Some(oldest) = oldest else { break };
            self.forget(&oldest);
        }
        document
    }

    fn forget(&mut self, url: &str) {
        if let Some(answer) = self.answers.remove(url) {
            self.bytes -= answer.body.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn response(tag: &str, bytes: usize) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, tag.parse().unwrap());
        Response { status: StatusCode::OK, headers, body: vec![b'x'; bytes], certificate: None }
    }

    #[test]
    fn a_validator_goes_with_its_body() {
        let mut known = Known::default();
        for n in 0..5 {
            known.learn(&format!("/{n}"), response("\"a\"", 16 * 1024 * 1024));
        }
        assert_eq!((known.validator("/0"), known.again("/0").is_none()), (None, true), "the oldest is gone, whole");
        assert_eq!(known.validator("/4").as_deref(), Some("\"a\""));
        assert!(known.bytes <= MOST_BYTES);
    }
}
