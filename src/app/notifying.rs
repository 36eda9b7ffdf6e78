//! Sends notifications: runs a rule's command, calls its webhook. Each of them has a queue of its own, so that
//! one that does not answer delays and loses no message of another; the hub waits for none of them.

mod channel;
mod message;
mod queue;
mod sender;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::hub::Notification;
use crate::model::text::SafeText;
use crate::source::limits::Limits;
use crate::source::network::Network;
use channel::Channel;
use queue::Queue;
use sender::Sender;

/// Sends what comes, until no more can come. `network` is what the board's other connections share.
pub async fn run(mut notifications: mpsc::Receiver<Vec<Notification>>, network: Network) {
    // Places of their own: sources that hang keep no message back.
    let network = Network { limits: Limits::default(), ..network };
    // By rule, too: a rule that tells much takes no room from another.
    let mut outboxes: HashMap<(usize, Channel, Vec<String>), Outbox> = HashMap::new();
    while let Some(all) = notifications.recv().await {
        for one in all {
            for channel in Channel::ALL.into_iter().filter(|channel| channel.is_used_by(&one)) {
                let key = (one.rule, channel, channel.recipient(&one));
                if outboxes.get(&key).is_none_or(|outbox| outbox.task.is_finished()) {
                    // A reload has brought it. What waits for the earlier ones is still sent.
                    outboxes.retain(|_, outbox| !outbox.is_done());
                }
                let outbox = outboxes.entry(key).or_insert_with(|| Outbox::start(Sender::new(channel, &network)));
                outbox.queue.put(one.clone());
            }
        }
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
