//! By what an engine is known over restarts: its address may hold a secret.

use std::sync::Arc;

use reqwest::Url;
use ring::digest::{SHA256, digest};

use crate::source::http::origin;

/// The origin of an address, and a hash of all of it: `http://victoria:8428#5feceb66ffc86f38`.
pub(super) fn name(url: &Url) -> Arc<str> {
    let hash = digest(&SHA256, url.as_str().as_bytes());
    let hash = hash.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
    format!("{}#{hash:016x}", origin(url)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_of_an_address_is_in_its_name() {
        let name = |text: &str| name(&text.parse().unwrap()).to_string();
        let first = name("http://engine:8428/api/v1/write?token=s3cret");
        assert!(first.starts_with("http://engine:8428#") && first.len() == 35, "{first}");
        assert_ne!(first, name("http://engine:8428/api/v1/write?token=another"));
    }
}
