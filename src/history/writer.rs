//! The thread that owns the file.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::compact::{compact, forget, used};
use super::file::{self, Opened};
use super::flush::{Ids, Waiting};
use super::load::{Past, load};
use super::message::Message;
use super::outgoing::{self, Change};
use super::settings::Settings;
use super::trouble::Trouble;
use crate::model::time::Timestamp;

/// Between two tries to open a file that cannot be used.
const AGAIN: Duration = Duration::from_secs(30);
/// What is old is forgotten at least this often.
const BETWEEN: Duration = Duration::from_hours(1);

/// The owner of the file.
pub(super) struct Writer<C> {
    settings: Settings,
    trouble: Trouble,
    clock: C,
    opened: Option<Opened>,
    /// Whether it was told what is remembered: what is found later is of no use.
    has_told: bool,
    ids: Ids,
    /// When what is old was forgotten the last time.
    forgotten: Option<Instant>,
    pub(super) waiting: Waiting,
}

impl<C: Fn() -> Timestamp> Writer<C> {
    pub(super) fn new(settings: Settings, trouble: Trouble, clock: C) -> Self {
        Self {
            settings,
            trouble,
            clock,
            opened: None,
            has_told: false,
            ids: Ids::default(),
            forgotten: None,
            waiting: Waiting::default(),
        }
    }

    /// Tells what is remembered, then keeps what comes, until nobody is left who could tell more.
    pub(super) fn run(
        mut self,
        messages: &Receiver<Message>,
        since: Timestamp,
        tell: tokio::sync::oneshot::Sender<Past>,
    ) {
        self.open();
        // Whoever has waited may have gone.
        let _gone = tell.send(self.remember(since));
        let flush = self.settings.flush.duration();
        let (mut next, mut retry) = (Instant::now() + flush, Instant::now() + AGAIN);
        loop {
            match messages.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Message::Record(record)) => self.waiting.take(record),
                Ok(Message::Outgoing(change)) => self.change_outgoing(change),
                Ok(Message::End(done)) => {
                    self.flush();
                    // Whoever comes next finds it free.
                    self.opened = None;
                    let _gone = done.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.flush(),
            }
            if self.opened.is_none() && Instant::now() >= retry {
                self.open();
                retry = Instant::now() + AGAIN;
            }
            if Instant::now() >= next {
                self.flush();
                next = Instant::now() + flush;
            }
        }
    }

    pub(super) fn open(&mut self) {
        match file::open(&self.settings.path, (self.clock)()) {
            Ok(opened) => {
                if let Err(error) = self.delete_unwanted(&opened.connection) {
                    // Its lock would keep a new one from being begun.
                    drop(opened);
                    return self.broke(&error);
                }
                if let Err(error) = self.waiting.know_failed(&opened.connection) {
                    drop(opened);
                    return self.broke(&error);
                }
                self.opened = Some(opened);
                self.trouble.set_taken(false);
                self.ids = Ids::default();
                self.trouble.set(None);
            }
            Err(why) => {
                self.trouble.set_taken(why.is_taken);
                self.trouble.set(Some(why.to_string()));
            }
        }
    }

    /// What was found too late to be of use, and what is not to be kept any more.
    fn delete_unwanted(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.has_told {
            outgoing::delete_all(connection)?;
        }
        if !self.settings.logs {
            connection.execute("DELETE FROM log_lines", [])?;
        }
        Ok(())
    }

    pub(super) fn remember(&mut self, since: Timestamp) -> Past {
        self.has_told = true;
        let Some(opened) = &self.opened else { return Past::default() };
        let past = load(&opened.connection, since)
            .and_then(|past| Ok(Past { unsent: outgoing::load(&opened.connection, (self.clock)())?, ..past }));
        past.unwrap_or_else(|error| {
            self.broke(&error);
            Past::default()
        })
    }

    pub(super) fn change_outgoing(&mut self, change: Change) {
        let pending = &mut self.waiting.outgoing;
        let deleted = match (change, &self.opened) {
            (Change::Waits(one), _) => return pending.put(one),
            (Change::Gone(target, number), _) if pending.take_away(&target, number) => return,
            (Change::Gone(target, number), Some(opened)) => outgoing::delete(&opened.connection, &target, number)
                .inspect_err(|_| pending.delete_later(target, number)),
            (Change::AllGone, Some(opened)) => outgoing::delete_all(&opened.connection),
            (Change::Gone(..) | Change::AllGone, None) => return,
        };
        if let Err(error) = deleted {
            self.broke(&error);
        }
    }

    pub(super) fn flush(&mut self) {
        let now = (self.clock)();
        let Some(opened) = &mut self.opened else {
            if self.trouble.is_taken() {
                // Whoever keeps it writes the same: it would be there twice.
                self.waiting.clear();
            }
            return;
        };
        let connection = &mut opened.connection;
        let has_lost = self.waiting.has_lost;
        let written = if self.waiting.is_empty() { Ok(()) } else { self.waiting.write(connection, &mut self.ids, now) };
        let tidied = written.and_then(|()| {
            let is_full = used(connection)? > self.settings.max_bytes;
            // What is flushed can only be forgotten as blocks.
            let is_due = self.forgotten.is_none_or(|last| last.elapsed() > BETWEEN);
            if compact(connection, now, is_full)? || is_full || is_due {
                self.forgotten = Some(Instant::now());
                // What is forgotten has no number any more.
                self.ids = Ids::default();
                forget(connection, now, self.settings.max_bytes)?;
            }
            Ok(())
        });
        match tidied {
            Ok(()) if has_lost => tracing::warn!("the history has lost some of what came while its disk took nothing"),
            Ok(()) => self.trouble.set(None),
            Err(error) => self.broke(&error),
        }
    }

    /// A file whose content is broken is moved aside, and a new one begun; any other trouble may pass.
    fn broke(&mut self, error: &rusqlite::Error) {
        let path = self.settings.path.clone();
        if file::is_broken(error) {
            self.opened = None;
            if let Err(error) = file::set_aside(&path, (self.clock)()) {
                self.trouble.set(Some(format!("no history is kept: {} ({})", error.kind(), path.display())));
                return;
            }
            self.open();
            if self.opened.is_some() {
                tracing::warn!("{} was broken ({error}): it is kept beside, and a new one begun", path.display());
            }
        } else {
            self.trouble.set(Some(format!("no history is kept: {error} ({})", path.display())));
        }
    }
}
