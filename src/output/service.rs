//! What a service manager is told of a wall or a server: that the board is there, and that it still is.
//!
//! Source: `sd_notify(3)`: `READY=1`, `WATCHDOG=1`, the environment variables `NOTIFY_SOCKET` and `WATCHDOG_USEC`.

use sd_notify::NotifyState;

/// A service manager, if andon was started by one.
#[derive(Debug)]
pub struct Service {
    /// Whether it ends what it does not hear of for too long. Between it and us there may be a terminal (`cage`, `foot`),
    /// so that `WATCHDOG_PID` names that one.
    has_watchdog: bool,
    is_ready: bool,
}

impl Service {
    /// From the environment.
    pub fn find() -> Self {
        Self { has_watchdog: std::env::var_os("WATCHDOG_USEC").is_some(), is_ready: false }
    }

    /// The board is on the screen, or served: said once.
    pub fn ready(&mut self) {
        if !self.is_ready {
            self.is_ready = true;
            tell(NotifyState::Ready);
        }
    }

    /// Values still come, and the terminal takes what is drawn.
    pub fn is_well(&self) {
        if self.has_watchdog {
            tell(NotifyState::Watchdog);
        }
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!("the service manager was not told: {error}");
    }
}
