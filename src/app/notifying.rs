//! Sends notifications: runs a rule's command, calls its webhook. Each of them has a queue of its own, so that
//! one that does not answer delays and loses no message of another; the hub waits for none of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{Instant, timeout};

use crate::config::board::Webhook;
use crate::hub::Notification;
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::source::http::{self, Connections};
use crate::source::limits::Limits;
use crate::source::network::Network;
use crate::source::offload::Worker;
use crate::source::process::{self, Task};
use crate::source::tls::TlsOptions;

/// The longest that sending one may take.
const LONGEST: Duration = Duration::from_secs(10);
/// Messages are rare: none waits on a connection that the other side may have closed since the last one.
const CONNECTIONS: Connections = Connections { timeout: Span::seconds(LONGEST.as_secs().cast_signed()), idle: 0 };
/// Messages of one rule that may wait; of more the oldest are lost.
const WAITING: usize = 100;
/// Passed on to commands beside what every command gets: without them nothing reaches a desktop.
const DESKTOP: [&str; 4] = ["DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"];

/// How a rule notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Channel {
    Command,
    Webhook,
}

impl Channel {
    const ALL: [Self; 2] = [Self::Command, Self::Webhook];

    fn is_used_by(self, one: &Notification) -> bool {
        match self {
            Self::Command => !one.command.is_empty(),
            Self::Webhook => one.webhook.is_some(),
        }
    }

    /// A program with its arguments, or an address.
    fn recipient(self, one: &Notification) -> Vec<String> {
        match self {
            Self::Command => one.command.clone(),
            Self::Webhook => one.webhook.iter().map(|webhook| webhook.url.to_string()).collect(),
        }
    }
}

/// Sends what comes, until no more can come. `network` is what the board's other connections share.
pub async fn run(mut notifications: mpsc::Receiver<Vec<Notification>>, network: Network) {
    // Places of their own: sources that hang keep no message back.
    let network = Network { limits: Limits::default(), ..network };
    let mut outboxes: HashMap<(Channel, Vec<String>), Outbox> = HashMap::new();
    while let Some(all) = notifications.recv().await {
        for one in all {
            for channel in Channel::ALL.into_iter().filter(|channel| channel.is_used_by(&one)) {
                let key = (channel, channel.recipient(&one));
                if !outboxes.contains_key(&key) {
                    // A reload has brought it. What waits for those of before is still sent.
                    outboxes.retain(|_, outbox| !outbox.is_done());
                }
                let outbox = outboxes.entry(key).or_insert_with(|| Outbox::start(Sender::new(channel, &network)));
                outbox.queue.put(one.clone());
            }
        }
    }
}

/// Sends to one recipient, one message after the other.
struct Sender {
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
    fn new(channel: Channel, network: &Network) -> Self {
        let worker = Worker::new(&network.limits);
        Self { channel, network: network.clone(), turn: Arc::new(Semaphore::new(1)), worker, client: None }
    }

    async fn send(&mut self, one: &Notification) -> Result<(), String> {
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
        let place = self.network.limits.command(&self.turn).await;
        match timeout(LONGEST, process::run(&task, place)).await {
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
        // After a failure the next message reads the authorities anew: they may have been the reason.
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

/// What waits for one recipient, and the task that sends it. The task ends when this is dropped.
struct Outbox {
    queue: Arc<Queue>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Outbox {
    fn start(mut sender: Sender) -> Self {
        let queue: Arc<Queue> = Arc::default();
        let waiting = Arc::clone(&queue);
        let task = tokio::spawn(async move {
            loop {
                let one = waiting.next().await;
                if let Err(why) = sender.send(&one).await {
                    tracing::warn!(rule = one.rule, "a notification was not sent: {}", SafeText::new(&why));
                    waiting.lose(&one);
                }
            }
        });
        Self { queue, task }
    }

    /// Whether it has nothing to send, nor to say of what it lost. (A task that has ended is a fault of andon.)
    fn is_done(&self) -> bool {
        self.task.is_finished() || self.queue.is_done()
    }
}

/// What waits to be sent, and how many were lost since something was sent.
#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Notification>,
    lost: usize,
    /// One is being sent.
    busy: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing waits, nothing is being sent, and no loss is still to be said.
    fn is_done(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && !state.busy && state.lost == 0
    }

    fn put(&self, one: Notification) {
        let mut state = self.state();
        if state.waiting.len() == WAITING
            && let Some(oldest) = state.waiting.pop_front()
        {
            tracing::warn!(rule = oldest.rule, "a notification was lost: {WAITING} later ones wait");
            state.lost += counted(&oldest);
        }
        state.waiting.push_back(one);
        self.more.notify_one();
    }

    /// One that was not sent: the next one counts it.
    fn lose(&self, one: &Notification) {
        self.state().lost += counted(one);
    }

    /// The oldest, with what was lost before it.
    async fn next(&self) -> Notification {
        loop {
            let next = {
                let mut state = self.state();
                let next = state.waiting.pop_front();
                state.busy = next.is_some();
                next.map(|one| Notification { lost: one.lost + std::mem::take(&mut state.lost), ..one })
            };
            match next {
                Some(one) => return one,
                None => self.more.notified().await,
            }
        }
    }
}

/// A message, and all that it speaks for.
const fn counted(one: &Notification) -> usize {
    1 + one.held_back + one.lost
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

/// What it says, and how many it speaks for beside.
fn text(one: &Notification) -> String {
    let more = [(one.held_back, "held back"), (one.lost, "lost")];
    let more: Vec<String> = more
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| format!("{count} more {} {how}", if count == 1 { "was" } else { "were" }))
        .collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
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

#[cfg(test)]
mod tests {
    use reqwest::dns::{Addrs, Name, Resolve, Resolving};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::eval::transitions::{Transition, Turn};
    use crate::model::time::Timestamp;

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

    fn notification(text: &str, held_back: usize) -> Notification {
        let what = Transition {
            turn: Turn::Broken,
            name: text.into(),
            text: text.to_owned(),
            service: "".into(),
            environment: "".into(),
            url: None,
        };
        let at = Timestamp(0);
        Notification { rule: 0, board: "".into(), at, what, held_back, lost: 0, command: Vec::new(), webhook: None }
    }

    #[tokio::test]
    async fn an_outbox_with_something_to_send_is_not_done() {
        let queue = Queue::default();
        assert!(queue.is_done());
        queue.put(notification("1", 0));
        assert!(!queue.is_done(), "one waits");
        let first = queue.next().await;
        assert!(!queue.is_done(), "it is being sent");
        queue.lose(&first);
        queue.put(notification("2", 0));
        assert_eq!(text(&queue.next().await), "2 (1 more was lost)");
    }

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

    #[tokio::test]
    async fn every_loss_is_counted_by_the_next_message() {
        let queue = Queue::default();
        for number in 0..WAITING + 3 {
            queue.put(notification(&number.to_string(), usize::from(number == 1)));
        }
        // Three are lost, and one of those speaks for one more.
        let first = queue.next().await;
        assert_eq!(text(&first), "3 (4 more were lost)");
        let second = queue.next().await;
        assert_eq!(text(&second), "4");
        // The webhook did not answer, twice.
        queue.lose(&first);
        queue.lose(&second);
        assert_eq!(
            text(&Notification { held_back: 1, ..queue.next().await }),
            "5 (1 more was held back, 6 more were lost)"
        );
    }
}
