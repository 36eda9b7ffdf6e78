//! Common and combined access logs of web servers (Apache, nginx, Caddy, Traefik).

use super::parsed::Parsed;
use super::time::Clock;
use crate::model::log::Level;

/// `host ident user [time] "request" status size`, then perhaps `"referrer" "agent"`.
pub(super) fn parse(line: &str) -> Option<Parsed> {
    let (head, rest) = line.split_once(" [")?;
    let mut heads = head.split(' ');
    let host = heads.next().filter(|host| !host.is_empty())?;
    let user = heads.nth(1)?;
    let (time, rest) = rest.split_once("] \"")?;
    let at = Clock::access(time)?;
    let (request, rest) = rest.split_once("\" ")?;
    let mut numbers = rest.split(' ');
    let status = numbers.next()?;
    let code: u16 = status.parse().ok()?;
    let size = numbers.next().unwrap_or("-");
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut quoted = rest.split('"').skip(1).step_by(2);
    let pairs = [
        ("host", host),
        ("user", user),
        ("method", method),
        ("path", path),
        ("status", status),
        ("size", size),
        ("referrer", quoted.next().unwrap_or("-")),
        ("agent", quoted.next().unwrap_or("-")),
    ];
    let is_said = |(_, value): &(&str, &str)| !value.is_empty() && *value != "-";
    let level = match code {
        500.. => Level::Error,
        400.. => Level::Warn,
        _ => Level::Info,
    };
    Some(Parsed {
        at: Some(at),
        level: Some(level),
        category: String::new(),
        message: format!("{method} {path} {status}"),
        fields: pairs.into_iter().filter(is_said).map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
    })
}
