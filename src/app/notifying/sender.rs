//! Sends one message: runs the command, calls the webhook.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::channel::Channel;
use super::message::{filled, values};
use crate::config::board::Webhook;
use crate::hub::Notification;
use crate::model::time::Span;
use crate::source::http::{self, Connections};
use crate::source::network::Network;
use crate::source::offload::Worker;
use crate::source::process::{self, Task};
use crate::source::tls::TlsOptions;

/// The longest that sending one may take.
const LONGEST: Duration = Duration::from_secs(10);
/// Messages are rare: none waits on a connection that the other side may have closed since the last one.
const CONNECTIONS: Connections = Connections { timeout: Span::seconds(LONGEST.as_secs().cast_signed()), idle: 0 };
/// Passed on to commands in addition to what every command gets: without them nothing reaches a desktop.
const DESKTOP: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"];

/// Sends to one recipient, one message after the other.
pub(super) struct Sender {
    channel: Channel,
    network: Network,
    /// One command at a time.
    turn: Arc<Semaphore>,
    /// For files: a token, the authorities of the system.
    worker: Worker,
    /// The webhook's client, once it is made.
    client: Option<reqwest::Client>,
}

impl Sender {
    pub(super) fn new(channel: Channel, network: &Network) -> Self {
        let worker = Worker::new(&network.limits);
        Self { channel, network: network.clone(), turn: Arc::new(Semaphore::new(1)), worker, client: None }
    }

    pub(super) async fn send(&mut self, one: &Notification) -> Result<(), String> {
        match self.channel {
            Channel::Command => self.run_command(one).await,
            Channel::Webhook => self.call_webhook(one).await,
        }
    }

    async fn run_command(&self, one: &Notification) -> Result<(), String> {
        let Some((program, arguments)) = one.command.split_first() else { return Ok(()) };
        let values = values(one);
        let arguments = arguments.iter().map(|argument| filled(argument, &values));
        let variable = |(name, value): &(&str, String)| (format!("ANDON_{}", name.to_uppercase()), value.clone());
        let task = Task {
            words: std::iter::once(program.clone()).chain(arguments).collect(),
            pass_on: DESKTOP.map(str::to_owned).to_vec(),
            values: values.iter().map(variable).collect(),
            directory: None,
        };
        // Others' commands may take their time: that is no fault of this one.
        let permit = self.network.limits.command(&self.turn).await;
        match timeout(LONGEST, process::run(&task, permit)).await {
            Err(_) => Err(format!("{program} took longer than {} s", LONGEST.as_secs())),
            Ok(Err(error)) => Err(format!("{program}: {error}")),
            Ok(Ok(_)) => Ok(()),
        }
    }

    async fn call_webhook(&mut self, one: &Notification) -> Result<(), String> {
        let Some(webhook) = &one.webhook else { return Ok(()) };
        let wrong = |what: &str| format!("the webhook at {}: {what}", http::origin(&webhook.url));
        match timeout(LONGEST, self.post(webhook, one)).await {
            Err(_) => Err(wrong("no answer in time")),
            Ok(Err(why)) => Err(wrong(&why)),
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(status)) => Err(wrong(&format!("HTTP {}", status.as_u16()))),
        }
    }

    async fn post(&mut self, webhook: &Webhook, one: &Notification) -> Result<reqwest::StatusCode, String> {
        let (client, token) = self.client_and_token(webhook).await?;
        // "text" is what chat servers show; the rest is for programs.
        let body: serde_json::Map<_, _> =
            values(one).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        let body = serde_json::to_string(&body).map_err(|error| error.to_string())?;
        let mut request =
            client.post(webhook.url.clone()).header(reqwest::header::CONTENT_TYPE, "application/json").body(body);
        if let Some(token) = &token {
            request = request.bearer_auth(token.expose_secret());
        }
        let response = request.send().await;
        // After a failure the next message reads the authorities again: they may have been the reason.
        self.client = response.is_ok().then_some(client);
        // Its error would name the whole address, which may hold a secret of its own.
        response.map(|response| response.status()).map_err(|_| "cannot be reached".to_owned())
    }

    /// Both read files, which may be on a dead mount; the token each time, because it may be replaced.
    async fn client_and_token(&self, webhook: &Webhook) -> Result<(reqwest::Client, Option<SecretString>), String> {
        let (known, webhook, network) = (self.client.clone(), webhook.clone(), self.network.clone());
        let read = move || {
            let new = || http::client(&webhook.url, &TlsOptions::default(), CONNECTIONS, &network);
            let client = known.map_or_else(new, Ok).map_err(|error| error.to_string())?;
            let token = webhook.token.as_ref().map(|token| token.read().map_err(|error| error.detail.to_string()));
            Ok((client, token.transpose()?))
        };
        let ready = self.worker.run(Instant::now() + LONGEST, read).await;
        ready.map_err(|error| error.detail.to_string())?
    }
}

#[cfg(test)]
mod tests {
    use reqwest::dns::{Addrs, Name, Resolve, Resolving};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::message::notification;
    use super::*;

    /// Every name is an address of this machine.
    struct Here;

    impl Resolve for Here {
        fn resolve(&self, _: Name) -> Resolving {
            let here = Box::new(std::iter::once(std::net::SocketAddr::from(([127, 0, 0, 1], 0))));
            Box::pin(async { Ok(here as Addrs) })
        }
    }

    /// Answers one request, and gives its head.
    async fn answer_one(listener: &tokio::net::TcpListener) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = String::new();
        while !head.contains("\r\n\r\n") {
            let mut piece = [0; 4096];
            let length = stream.read(&mut piece).await.unwrap();
            head.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        head
    }

    #[tokio::test]
    async fn a_webhook_is_looked_up_as_every_address_of_the_board_is_and_its_client_is_kept_until_it_fails() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://hook.test:{}/s3cret", listener.local_addr().unwrap().port());
        let webhook = Webhook { url: url.parse().unwrap(), token: None };
        let one = Notification { webhook: Some(webhook), ..notification("1", 0) };
        let network = Network { names: Arc::new(Here), ..Network::default() };
        let mut sender = Sender::new(Channel::Webhook, &network);
        for _ in 0..2 {
            let (sent, head) = tokio::join!(sender.send(&one), answer_one(&listener));
            assert_eq!(sent, Ok(()));
            assert!(head.starts_with("POST /s3cret HTTP/1.1"), "{head}");
            assert!(sender.client.is_some());
        }
        drop(listener);
        let why = sender.send(&one).await.unwrap_err();
        assert!(why.ends_with(": cannot be reached") && !why.contains("s3cret"), "{why}");
        assert!(sender.client.is_none());
    }
}
