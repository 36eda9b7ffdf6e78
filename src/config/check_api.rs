//! Where other programs ask the board.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde_json::{Value, json};

use super::board::{Api, SourceSpec};
use super::locations::Path;
use super::read::table;
use super::report::Report;
use super::{check_secrets, raw};
use crate::source::http::parse_url;

/// The address, and who may ask; none where the board does not say `[api]`.
pub(super) fn check(written: &Value, path: &Path, report: &mut Report<'_>) -> Option<Api> {
    if written.is_null() {
        return None;
    }
    let until = "until it is there, the API answers nobody";
    check_secrets::check(&schemars::schema_for!(raw::Api), written, path, until, report);
    let raw = table::<raw::Api>(written.clone(), &json!({}), path, report)?;
    let listen = address(&raw.listen, "127.0.0.1:7668", path, report)?;
    if !listen.ip().is_loopback() && raw.token.is_none() {
        let message = "whoever reaches this address could read the board";
        let help = "add token = { env = \"ANDON_API_TOKEN\" }, or listen on 127.0.0.1".to_owned();
        report.error("missing-key", &path.key("listen"), message, help);
    }
    check_hosts(&raw.hosts, path, report);
    Some(Api { listen, token: raw.token, hosts: raw.hosts })
}

/// A source that reads this board itself: a panel that shows itself would stay as bad as it once was, because of itself.
pub(super) fn check_loops(api: &Api, sources: &[SourceSpec], report: &mut Report<'_>) {
    let here = |ip: IpAddr| ip == api.listen.ip() || (ip.is_loopback() && api.listen.ip().is_unspecified());
    let is_this_board = |source: &&SourceSpec| {
        let url = source.config.url().and_then(|url| parse_url(url).ok());
        url.is_some_and(|url| {
            let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
            let is_here = host.parse().map_or(host == "localhost" && here(Ipv4Addr::LOCALHOST.into()), here);
            is_here && url.port_or_known_default() == Some(api.listen.port())
        })
    };
    for source in sources.iter().filter(|source| source.kind.word == "andon").filter(is_this_board) {
        let path = Path::default().key("sources").key(source.name.as_str()).key("url");
        let message = format!("'{}' is this board itself (its [api]), and a panel cannot judge itself", source.name);
        report.error("loop", &path, message, "write the address of another board".to_owned());
    }
}

/// The address of `listen`.
pub(super) fn address(listen: &str, example: &str, path: &Path, report: &mut Report<'_>) -> Option<SocketAddr> {
    let parsed = listen.parse::<SocketAddr>().ok();
    if parsed.is_none() {
        let message = format!("listen = '{listen}' is no address");
        report.error("bad-value", &path.key("listen"), message, format!("write it like \"{example}\""));
    }
    parsed
}

/// Names have no ports.
pub(super) fn check_hosts(hosts: &[String], path: &Path, report: &mut Report<'_>) {
    for (index, host) in hosts.iter().enumerate() {
        if let Some((name, _)) = host.rsplit_once(':').filter(|(_, port)| is_port(host, port)) {
            let help = format!("write \"{name}\": whatever port is asked for, the name counts");
            let message = format!("'{host}' has a port, and hosts are names");
            report.error("bad-value", &path.key("hosts").index(index), message, help);
        }
    }
}

/// Whether the end of a host is a port, and no part of an address of IPv6.
fn is_port(host: &str, end: &str) -> bool {
    end.parse::<u16>().is_ok() && host.parse::<IpAddr>().is_err()
}
