//! Where others look at the board: `serve`, and `[[audience]]`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::locations::Path;
use super::nearest::suggestion;
use super::raw;
use super::read::{Entries, table};
use super::report::Report;
use super::serving::{AudienceSpec, Socket, Web};
use super::{check_api, check_listeners, check_secrets};
use crate::model::audience::{Audience, Detail, PUBLIC, Permission, TEAM};
use crate::model::glob::Globs;

/// The socket that a running board serves; none where it serves only as `andon serve`.
pub(super) fn serve(written: &Value, path: &Path, report: &mut Report<'_>) -> Option<Socket> {
    match written {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some(Socket::default()),
        Value::Object(_) => {
            let raw = table::<raw::Socket>(written.clone(), &json!({}), path, report)?;
            Some(socket(raw, path, report))
        }
        _ => {
            let help = "write serve = true, or a [serve] table with socket = \"/run/andon/shop.sock\"".to_owned();
            report.error("bad-value", path, "serve is true, false or a table", help);
            None
        }
    }
}

/// The page in a browser; none where the board does not say `[web]`. `has_public` is whether there is an audience of whoever
/// shows nothing.
pub(super) fn web(
    written: &Value,
    has_public: bool,
    dashboards: &[String],
    path: &Path,
    report: &mut Report<'_>,
) -> Option<Web> {
    if written.is_null() {
        return None;
    }
    let until = "until it is there, nobody of the team can look";
    check_secrets::check(&schemars::schema_for!(raw::Web), written, path, until, report);
    let raw = table::<raw::Web>(written.clone(), &json!({}), path, report)?;
    let listen = check_api::address(&raw.listen, "127.0.0.1:7669", path, report)?;
    if let Some(status) = raw.status.as_ref().filter(|status| !dashboards.contains(status)) {
        let known: Vec<&str> = dashboards.iter().map(String::as_str).collect();
        let message = format!("there is no dashboard '{status}'");
        report.error("unknown-name", &path.key("status"), message, suggestion(status, &known));
    }
    let is_open = raw.token.is_none() && !has_public && raw.status.is_none();
    if !listen.ip().is_loopback() && is_open {
        let message = "whoever reaches this address could look at the whole board";
        let help =
            "add token = { env = \"ANDON_WEB_TOKEN\" }, or an [[audience]] public, or listen on 127.0.0.1".to_owned();
        report.error("missing-key", &path.key("listen"), message, help);
    }
    check_api::check_hosts(&raw.hosts, path, report);
    if listen.ip().is_loopback() && !raw.hosts.is_empty() && is_open {
        let message = "whoever comes through a proxy on this machine sees the whole board";
        let help =
            "add token = { env = \"ANDON_WEB_TOKEN\" }, or an [[audience]] public; or take hosts away".to_owned();
        report.warning("open-board", &path.key("hosts"), message, help);
    }
    Some(Web { listen, token: raw.token, hosts: raw.hosts, status: raw.status })
}

fn socket(raw: raw::Socket, path: &Path, report: &mut Report<'_>) -> Socket {
    if raw.path.as_ref().is_some_and(|path| !path.is_absolute()) {
        let help = "write it like \"/run/andon/shop.sock\"".to_owned();
        report.error("bad-value", &path.key("socket"), "the path of the socket is not absolute", help);
    }
    let mode = raw.mode.as_deref().map_or(Some(Socket::default().mode), |mode| {
        u32::from_str_radix(mode, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o111 == 0)
    });
    if mode.is_none() {
        let message = format!("mode = \"{}\" is no permission of a socket", raw.mode.unwrap_or_default());
        let help = "write it like \"0660\": owner and group may connect".to_owned();
        report.error("bad-value", &path.key("mode"), message, help);
    }
    Socket { path: raw.path, mode: mode.unwrap_or(0o600), group: raw.group }
}

/// All audiences, the team first, which there is whether or not the board names it.
pub(super) fn audiences(
    written: &[Value],
    serve: Option<&Socket>,
    dashboards: &[String],
    has_web: bool,
    path: &Path,
    report: &mut Report<'_>,
) -> Vec<AudienceSpec> {
    let mut all: Vec<AudienceSpec> = Vec::new();
    for (index, one) in written.iter().enumerate() {
        let path = path.index(index);
        let until = "until it is there, nobody of this audience can look";
        check_secrets::check(&schemars::schema_for!(raw::Audience), one, &path, until, report);
        let Some(written) = one.as_object() else { continue };
        let mut entries = Entries::new(written);
        let known = entries.take(&schemars::schema_for!(raw::Audience));
        entries.report_unknown(&path, report);
        if written.get("dashboards").and_then(Value::as_array).is_some_and(Vec::is_empty) {
            let help = "name those it sees, or take the key away: then it sees all".to_owned();
            report.error("empty", &path.key("dashboards"), "this audience sees no dashboard", help);
        }
        let Some(raw) = table::<raw::Audience>(known, &json!({}), &path, report) else { continue };
        if all.iter().any(|other| other.audience.name == raw.name) {
            let message = format!("there are two audiences '{}'", raw.name);
            report.error("duplicate", &path.key("name"), message, "give one of them another name".to_owned());
        }
        let Some(spec) = audience(raw, dashboards, &path, report) else { continue };
        let sockets = serve.into_iter().chain(all.iter().filter_map(|other| other.socket.as_ref()));
        let own = spec.socket.as_ref().and_then(|socket| socket.path.as_ref());
        if let Some(own) = own.filter(|own| sockets.filter_map(|one| one.path.as_ref()).any(|other| other == *own)) {
            let message = format!("{} is the socket of another audience", own.display());
            let help = "give each its own path: who connects is known by it".to_owned();
            report.error("duplicate", &path.key("socket"), message, help);
        }
        let shows = spec.token.is_some() || [PUBLIC, TEAM].contains(&spec.audience.name.as_str());
        let is_reached = spec.socket.is_some() || spec.listener.is_some() || (has_web && shows);
        if !is_reached && spec.audience.name != TEAM {
            let message = format!("nobody can come in as '{}'", spec.audience.name);
            let help = "give it a socket, or an address (listen), or a token and the board a [web] table".to_owned();
            report.warning("no-way-in", &path, message, help);
        }
        all.push(spec);
    }
    let is_team = |one: &AudienceSpec| one.audience.name == TEAM;
    let team = all.iter().position(is_team).map(|index| all.remove(index));
    let team = team.unwrap_or_else(AudienceSpec::team);
    [team].into_iter().chain(all).collect()
}

/// A name that is almost one of those with a meaning of their own is meant to be that, most likely.
fn check_name(name: &str, path: &Path, report: &mut Report<'_>) {
    let plain = name.trim().to_lowercase();
    if plain.is_empty() {
        let help = "write name = \"public\", \"team\", or a name of your own".to_owned();
        report.error("bad-value", &path.key("name"), "this audience has no name", help);
    }
    let is_meant = |known: &&str| *known != name && strsim::osa_distance(known, &plain) <= 1;
    if let Some(known) = [PUBLIC, TEAM].into_iter().find(is_meant) {
        let message = format!("'{name}' is an audience of its own, and not the '{known}'");
        report.warning("near-name", &path.key("name"), message, format!("write name = \"{known}\", or another name"));
    }
}

fn audience(raw: raw::Audience, dashboards: &[String], path: &Path, report: &mut Report<'_>) -> Option<AudienceSpec> {
    for (index, glob) in raw.dashboards.as_slice().iter().enumerate() {
        let globs = Globs::new(std::slice::from_ref(glob));
        if !dashboards.iter().any(|dashboard| globs.pick(dashboard)) {
            let known: Vec<&str> = dashboards.iter().map(String::as_str).collect();
            let message = format!("there is no dashboard '{glob}'");
            report.error("unknown-name", &path.key("dashboards").index(index), message, suggestion(glob, &known));
        }
    }
    check_name(&raw.name, path, report);
    let is_team = raw.name == TEAM;
    let detail = raw.detail.unwrap_or(if is_team { Detail::Full } else { Detail::Public });
    if raw.name == PUBLIC && detail == Detail::Full {
        let help = "take detail away; for people who may see all there is the audience 'team', or one of its own name";
        report.error("bad-value", &path.key("detail"), "the public never sees everything", help.to_owned());
        return None;
    }
    if raw.name == PUBLIC && raw.dashboards.as_slice().is_empty() {
        let help = "write dashboards = [\"status\"], or [\"*\"] for all".to_owned();
        report.error("missing-key", path, "it is not said which dashboards the public sees", help);
    }
    if raw.name == PUBLIC && (raw.token.is_some() || !raw.may.is_empty()) {
        let help = "take it away, or give this audience a name of its own".to_owned();
        report.error(
            "bad-value",
            path,
            "the public shows nothing and only looks: it has no token, and nothing it may",
            help,
        );
    }
    let has_socket = raw.socket.path.is_some();
    if !has_socket && (raw.socket.mode.is_some() || raw.socket.group.is_some()) {
        let help = "write socket = \"/run/andon/NAME.sock\", too".to_owned();
        report.error("missing-key", path, "mode and group belong to a socket, and none is given", help);
    }
    let asked = raw.may.iter().map(|permission| match permission {
        raw::Permission::Acknowledge => Permission::Acknowledge,
        raw::Permission::Note => Permission::Note,
    });
    let permissions = is_team.then_some(Permission::Demand).into_iter().chain(asked).collect();
    let globs = Globs::new(raw.dashboards.as_slice());
    let socket = has_socket.then(|| socket(raw.socket, path, report));
    let audience = Arc::new(Audience { name: raw.name, detail, dashboards: globs, permissions });
    let listener = check_listeners::listener(raw.listen.as_deref(), raw.hosts, &audience, path, report);
    Some(AudienceSpec { audience, token: raw.token, socket, listener })
}
