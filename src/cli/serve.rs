//! `andon serve`: the engine without a screen.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::arguments::ServeFlags;
use super::load::{load, request};
use super::log;
use super::out::{Done, Failure};
use super::run::{Start, engine};
use crate::app::Engine;
use crate::app::serving::Settings;
use crate::output::service::Service;
use crate::output::terminal::signals::Signals;

/// Without a sign of life for this long a thread is not well: scenes come every second, those of the server every two.
const SILENCE: Duration = Duration::from_secs(5);

pub(super) fn run(flags: &ServeFlags) -> Done {
    let (board, theme) = load(&flags.board)?;
    let _log = flags.log.as_deref().map_or_else(log::to_standard_error, log::to_file)?;
    let mut own = board.serve.clone().unwrap_or_default();
    if let Some(path) = &flags.socket {
        own.path = Some(std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)));
    }
    let start = Start { board, theme, file: Some(request(&flags.board)) };
    let (engine, _palettes) = engine(start, |board, palettes, name| {
        let mut settings = Settings::new(board, Some(&own), name, palettes)?;
        settings.open()?;
        Ok(Some(settings))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Message(format!("no runtime: {error}")))?;
    let number = runtime.block_on(until_ended(&engine)).map_err(|error| format!("no signals: {error}"))?;
    tracing::info!(signal = number, "end");
    Ok(ExitCode::SUCCESS)
}

/// Waits for a signal to end, and tells the service manager meanwhile that the board is served.
async fn until_ended(engine: &Engine) -> std::io::Result<i32> {
    let (mut signals, mut service) = (Signals::new()?, Service::find());
    service.ready();
    // Each must go on: the hub that makes scenes, and the thread that sends them.
    let mut hub = Pulse::of(engine.scenes.clone());
    let mut serving = engine.serving.clone().map(Pulse::of);
    let mut watchdog = interval(Duration::from_secs(1));
    watchdog.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            number = signals.ended() => return Ok(number),
            _ = watchdog.tick() => {
                let is_served = serving.as_mut().is_none_or(Pulse::goes_on);
                if hub.goes_on() && is_served {
                    service.is_well();
                }
            }
        }
    }
}

/// Something that gives a sign of life again and again.
struct Pulse<T> {
    signs: watch::Receiver<T>,
    last: Instant,
}

impl<T> Pulse<T> {
    fn of(signs: watch::Receiver<T>) -> Self {
        Self { signs, last: Instant::now() }
    }

    /// Whether there was one not long ago.
    fn goes_on(&mut self) -> bool {
        if self.signs.has_changed().unwrap_or(false) {
            self.signs.mark_unchanged();
            self.last = Instant::now();
        }
        self.last.elapsed() < SILENCE
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_gives_no_sign_for_long_or_has_ended_does_not_go_on() {
        let (beat, beats) = watch::channel(());
        let mut pulse = Pulse::of(beats);
        for _ in 0..5 {
            advance(Duration::from_secs(4)).await;
            beat.send_replace(());
            assert!(pulse.goes_on());
        }
        advance(Duration::from_secs(6)).await;
        assert!(!pulse.goes_on(), "it hangs");
        beat.send_replace(());
        assert!(pulse.goes_on(), "it was slow");
        drop(beat);
        advance(Duration::from_secs(6)).await;
        assert!(!pulse.goes_on(), "its thread has ended");
    }
}
