//! `andon serve`: the engine without a screen.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::arguments::ServeFlags;
use super::load::{load, request};
use super::log;
use super::out::{Done, Failure};
use super::run::{Start, engine};
use crate::app::Engine;
use crate::app::serving::Settings;
use crate::output::service::Service;
use crate::output::terminal::signals::Signals;

/// Without a scene for this long the engine is not well: they come every second.
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
    let mut scenes = engine.scenes.clone();
    let mut watchdog = interval(Duration::from_secs(1));
    watchdog.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut came_at = tokio::time::Instant::now();
    loop {
        tokio::select! {
            number = signals.ended() => return Ok(number),
            _ = watchdog.tick() => {
                if scenes.has_changed().unwrap_or(false) {
                    scenes.mark_unchanged();
                    came_at = tokio::time::Instant::now();
                }
                if came_at.elapsed() < SILENCE {
                    service.is_well();
                }
            }
        }
    }
}
