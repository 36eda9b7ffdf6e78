//! Addresses of audiences, and of all that listens for browsers and programs.

use std::net::SocketAddr;

use serde_json::Value;

use super::board::Api;
use super::check_api;
use super::locations::Path;
use super::report::Report;
use super::serving::{AudienceSpec, Listener, Web};
use crate::model::audience::{Audience, Detail};

/// The address of an audience; none where it has none.
pub(super) fn listener(
    listen: Option<&str>,
    hosts: Vec<String>,
    audience: &Audience,
    path: &Path,
    report: &mut Report<'_>,
) -> Option<Listener> {
    let Some(listen) = listen else {
        if !hosts.is_empty() {
            let help = "write listen = \"127.0.0.1:7670\", too; or [web] hosts for the page of the board".to_owned();
            report.error("missing-key", &path.key("hosts"), "hosts belong to an address, and none is given", help);
        }
        return None;
    };
    let listen = check_api::address(listen, "127.0.0.1:7670", path, report)?;
    if !listen.ip().is_loopback() && audience.detail == Detail::Full {
        let message = format!("whoever reaches this address could look at all that '{}' sees", audience.name);
        let help = "listen on 127.0.0.1, or write detail = \"public\", or give it a token and the board a [web] table";
        report.error("bad-value", &path.key("listen"), message, help.to_owned());
    }
    check_api::check_hosts(&hosts, path, report);
    Some(Listener { listen, hosts })
}

/// Two that listen at one address: the second could not.
pub(super) fn check_addresses(
    api: Option<&Api>,
    web: Option<&Web>,
    audiences: &[AudienceSpec],
    written: &[Value],
    report: &mut Report<'_>,
) {
    let root = Path::default();
    let api = api.map(|api| (root.key("api"), "the [api]".to_owned(), api.listen));
    let web = web.map(|web| (root.key("web"), "the [web]".to_owned(), web.listen));
    let of_audience = |spec: &AudienceSpec| {
        let (name, listen) = (&spec.audience.name, spec.listener.as_ref()?.listen);
        let index = written.iter().position(|one| one.get("name").and_then(Value::as_str) == Some(name))?;
        Some((root.key("audience").index(index), format!("the audience '{name}'"), listen))
    };
    let mut known: Vec<(String, SocketAddr)> = Vec::new();
    for (path, who, listen) in api.into_iter().chain(web).chain(audiences.iter().filter_map(of_audience)) {
        if let Some((other, _)) = known.iter().find(|(_, other)| is_taken(*other, listen)) {
            let message = format!("{who} and {other} both listen on {listen}");
            let help = "give each a port of its own".to_owned();
            report.error("duplicate", &path.key("listen"), message, help);
        }
        known.push((who, listen));
    }
}

/// Whether who listens at one address keeps the other from being listened at. The system picks the port 0.
fn is_taken(one: SocketAddr, other: SocketAddr) -> bool {
    let is_for_all = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || is_for_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_port_can_be_listened_at_at_two_addresses_unless_one_is_all_of_them() {
        for (one, other, taken) in [
            ("127.0.0.1:7670", "127.0.0.1:7670", true),
            ("127.0.0.1:7670", "127.0.0.1:7671", false),
            ("127.0.0.1:7670", "192.0.2.7:7670", false),
            ("0.0.0.0:7670", "192.0.2.7:7670", true),
            ("192.0.2.7:7670", "[::]:7670", true),
            ("127.0.0.1:0", "127.0.0.1:0", false),
        ] {
            assert_eq!(is_taken(one.parse().unwrap(), other.parse().unwrap()), taken, "{one} {other}");
        }
    }
}
