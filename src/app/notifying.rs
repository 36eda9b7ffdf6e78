//! Tells others what turned: runs a rule's command, calls its webhook. For each rule one at a time, and
//! never for long; the hub does not wait for it.

use std::collections::HashMap;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use serde_json::json;
use tokio::sync::mpsc;

use crate::config::board::Webhook;
use crate::hub::Notification;
use crate::model::text::SafeText;
use crate::source::limits::Limits;
use crate::source::process::{self, Task};

/// The longest that telling one may take.
const LONGEST: Duration = Duration::from_secs(10);
/// Messages of one rule that may wait.
const WAITING: usize = 20;
/// Passed on to commands beside what every command gets: without them nothing reaches a desktop.
const DESKTOP: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"];

/// Tells what comes, until nobody sends any more. Each rule has a task and a queue of its own: a webhook
/// that does not answer holds up nobody else's.
pub async fn run(mut notifications: mpsc::Receiver<Notification>) {
    let limits = Limits::default();
    let mut rules: HashMap<usize, (mpsc::Sender<Notification>, Teller)> = HashMap::new();
    while let Some(one) = notifications.recv().await {
        let (queue, _) = rules.entry(one.rule).or_insert_with(|| {
            let (sender, queue) = mpsc::channel(WAITING);
            (sender, Teller(tokio::spawn(tell(queue, limits.clone()))))
        });
        if queue.try_send(one).is_err() {
            tracing::warn!("a notification was not told: {WAITING} others of its rule wait already");
        }
    }
}

/// A task that ends when it is dropped.
struct Teller(tokio::task::JoinHandle<()>);

impl Drop for Teller {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn tell(mut queue: mpsc::Receiver<Notification>, limits: Limits) {
    while let Some(one) = queue.recv().await {
        for said in [command(&one, &limits).await, webhook(&one).await] {
            if let Err(why) = said {
                tracing::warn!("a notification was not told: {}", SafeText::new(&why));
            }
        }
    }
}

/// The values, by the names of their placeholders; in the environment in capitals, with `ANDON_` before.
fn values(one: &Notification) -> [(&'static str, String); 8] {
    let what = &one.what;
    [
        ("turn", what.turn.word().to_owned()),
        ("name", what.name.to_string()),
        ("text", text(one)),
        ("service", what.service.to_string()),
        ("environment", what.environment.to_string()),
        ("url", what.url.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("board", one.board.to_string()),
        ("at", one.at.rfc3339()),
    ]
}

/// What it says, and how many were held back before it.
fn text(one: &Notification) -> String {
    let held_back = one.held_back;
    let more = if held_back > 0 { format!(" ({held_back} more were held back)") } else { String::new() };
    format!("{}{more}", one.what.text)
}

/// A value as it may stand in an argument: one that does not begin with a letter or a digit gets a blank before
/// it. Builds and events have any name that somebody gives them: "--help" is no option of the program, and
/// "@/etc/passwd" no file that it reads.
fn harmless(value: &str) -> String {
    let as_it_is = value.is_empty() || value.starts_with(char::is_alphanumeric);
    if as_it_is { value.to_owned() } else { format!(" {value}") }
}

/// `{text}` in an argument stands for the value. There is no shell that could read anything else in it; a
/// value cannot hold another placeholder that counts, because the argument is read once, from left to right.
fn filled(argument: &str, values: &[(&'static str, String)]) -> String {
    let mut filled = String::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = after.split_once('}').and_then(|(name, left)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((value, left))
        });
        if let Some((value, left)) = found {
            filled.push_str(&harmless(value));
            rest = left;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled + rest
}

async fn command(one: &Notification, limits: &Limits) -> Result<(), String> {
    let Some((program, arguments)) = one.command.split_first() else { return Ok(()) };
    let values = values(one);
    let arguments = arguments.iter().map(|argument| filled(argument, &values));
    let told = |(name, value): &(&str, String)| (format!("ANDON_{}", name.to_uppercase()), value.clone());
    let task = Task {
        words: std::iter::once(program.clone()).chain(arguments).collect(),
        pass_on: DESKTOP.map(str::to_owned).to_vec(),
        values: values.iter().map(told).collect(),
        directory: None,
    };
    let run = async {
        let turn = (None, limits.command().await);
        process::run(&task, turn).await
    };
    match tokio::time::timeout(LONGEST, run).await {
        Err(_) => Err(format!("{program} took longer than {} s", LONGEST.as_secs())),
        Ok(Err(error)) => Err(format!("{program}: {error}")),
        Ok(Ok(_)) => Ok(()),
    }
}

async fn webhook(one: &Notification) -> Result<(), String> {
    let Some(webhook) = &one.webhook else { return Ok(()) };
    let url = &webhook.url;
    let wrong = |what: &str| format!("the webhook at {}: {what}", crate::source::http::origin(url));
    let sent = tokio::time::timeout(LONGEST, post(webhook, one)).await;
    match sent {
        Err(_) => Err(wrong("no answer in time")),
        Ok(Err(why)) => Err(wrong(&why)),
        Ok(Ok(status)) if status.is_success() => Ok(()),
        Ok(Ok(status)) => Err(wrong(&format!("HTTP {}", status.as_u16()))),
    }
}

async fn post(webhook: &Webhook, one: &Notification) -> Result<reqwest::StatusCode, String> {
    let mut client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("andon/", env!("CARGO_PKG_VERSION")));
    if crate::source::http::is_loopback(&webhook.url) {
        client = client.no_proxy();
    }
    let client = if webhook.url.scheme() == "https" {
        crate::source::tls::TlsOptions::default().apply(client).map_err(|error| error.to_string())?
    } else {
        client.tls_certs_only([])
    };
    let client = client.build().map_err(|_| "no client".to_owned())?;
    // "text" is what chat servers show; the rest is for programs.
    let body: serde_json::Map<_, _> =
        values(one).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let body = serde_json::to_string(&body).map_err(|error| error.to_string())?;
    let mut request =
        client.post(webhook.url.clone()).header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
    if let Some(token) = &webhook.token {
        let token = token.read().map_err(|error| error.detail.to_string())?;
        request = request.bearer_auth(token.expose_secret());
    }
    // Its error would name the whole address, which may hold a secret of its own.
    request.send().await.map(|response| response.status()).map_err(|_| "cannot be reached".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_never_read_as_a_placeholder() {
        let values = [("text", "{name} $(rm -rf /)".to_owned()), ("name", "shop".to_owned())];
        assert_eq!(filled("{name}: {text} {other} {", &values), "shop:  {name} $(rm -rf /) {other} {");
    }

    #[test]
    fn a_value_begins_no_option_and_names_no_file() {
        for value in ["--help", "-rf", "@/etc/passwd", "</etc/passwd", "+x", "=a", "~root", "/etc"] {
            let values = [("name", value.to_owned()), ("service", String::new())];
            for (argument, before) in [("{name}", ""), ("{service}{name}", ""), ("text={name}", "text=")] {
                assert_eq!(filled(argument, &values), format!("{before} {value}"), "{argument}");
            }
        }
        for value in ["shop/main is broken", "7 builds", "\u{e9}t\u{e9}", ""] {
            assert_eq!(filled("{name}", &[("name", value.to_owned())]), value);
        }
    }
}
