//! The ways in which a rule notifies.

use crate::hub::Notification;

/// How a rule notifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Channel {
    Command,
    Webhook,
}

impl Channel {
    pub(super) const ALL: [Self; 2] = [Self::Command, Self::Webhook];

    pub(super) fn is_used_by(self, one: &Notification) -> bool {
        match self {
            Self::Command => !one.command.is_empty(),
            Self::Webhook => one.webhook.is_some(),
        }
    }

    /// A program with its arguments, or an address.
    pub(super) fn recipient(self, one: &Notification) -> Vec<String> {
        match self {
            Self::Command => one.command.clone(),
            Self::Webhook => one.webhook.iter().map(|webhook| webhook.url.to_string()).collect(),
        }
    }
}
