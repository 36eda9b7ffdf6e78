//! Where other programs ask the board.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::board::Api;
use super::locations::Path;
use super::raw;
use super::read::table;
use super::report::Report;

/// The address, and who may ask; none where the board does not say `[api]`.
pub(super) fn check(written: &Value, path: &Path, report: &mut Report<'_>) -> Option<Api> {
    if written.is_null() {
        return None;
    }
    let raw = table::<raw::Api>(written.clone(), &json!({}), path, report)?;
    let Ok(listen) = raw.listen.parse::<SocketAddr>() else {
        let message = format!("listen = '{}' is no address", raw.listen);
        report.error("bad-value", &path.key("listen"), message, "write it like \"127.0.0.1:7668\"".to_owned());
        return None;
    };
    if !listen.ip().is_loopback() && raw.token.is_none() {
        let message = "whoever reaches this address could read the board";
        let help = "add token = { env = \"ANDON_API_TOKEN\" }, or listen on 127.0.0.1".to_owned();
        report.error("missing-key", &path.key("listen"), message, help);
    }
    Some(Api { listen, token: raw.token, hosts: raw.hosts })
}
