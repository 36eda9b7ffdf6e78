//! `andon [run]`: the board, full screen.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;

use super::arguments::RunFlags;
use super::load::{load, request, shown_page_of, zone};
use super::out::{Done, Failure, print};
use super::state;
use super::themes;
use crate::app::reloading::{Config, Reloading};
use crate::app::serving::Settings;
use crate::app::{self, Engine};
use crate::config::problem::brief;
use crate::config::{self, Board, Request};
use crate::model::time::Span;
use crate::output::terminal::caps::Variables;
use crate::output::terminal::local::{Ends, Local};
use crate::output::terminal::{Left, show};
use crate::output::{plain, text};
use crate::render::render;
use crate::render::theme::Theme;
use crate::view::lens::Lens;
use crate::viewer::{Palette, Screen};

/// How long a snapshot to a pipe waits for sources.
const WAIT: Span = Span::seconds(12);

pub(super) fn run(flags: &RunFlags) -> Done {
    let (board, theme) = load(&flags.board)?;
    start(Start { board, theme, file: Some(request(&flags.board)) }, flags)
}

/// A board that is ready to be shown.
pub(super) struct Start {
    pub board: Board,
    pub theme: Theme,
    /// Where it came from: changes of it are followed. None for a board that has no file.
    pub file: Option<Request>,
}

pub(super) fn start(Start { board, theme, file }: Start, flags: &RunFlags) -> Done {
    let page = shown_page_of(&board, flags.dashboard.as_deref())?;
    let variables = Variables::read();
    let screen = Screen { glyphs: variables.glyphs(), depth: variables.depth(), kiosk: flags.kiosk };
    let lens = Lens { page, kiosk: flags.kiosk, ..Lens::default() };
    if !flags.plain && (!rustix::termios::isatty(rustix::stdio::stdout()) || variables.is_dumb()) {
        let ink = palette(theme, &board)?.ink(screen);
        let scene = app::poll_once(board, zone(), WAIT)?.scene();
        return print(&text::plain(&render(&scene, &lens, &ink, 120, 40).buffer));
    }
    // It is dropped last, and writes what still waits.
    let _log = flags.log.as_deref().map(super::log::to_file).transpose()?;
    let own = board.serve.clone();
    let (engine, palettes) = engine(Start { board, theme, file }, |board, palettes, name| {
        Settings::new(board, own.as_ref(), name, palettes).map(Some)
    })?;
    if flags.plain {
        plain::write(engine.scenes.clone())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (scenes, commands) = (engine.scenes.clone(), engine.commands.clone());
    // The viewer comes before anything can have rung.
    let local = Local::new(Ends { scenes, commands, palettes, screen, lens });
    let left = show(|| local, !flags.kiosk)?;
    tracing::info!(?left, "end");
    Ok(code_of(left))
}

/// Starts the engine of a board. `serving` says where it is served, given the name of its file.
pub(super) fn engine(
    Start { board, theme, file }: Start,
    serving: impl FnOnce(&Board, watch::Receiver<Palette>, &str) -> Result<Option<Settings>, String>,
) -> Result<(Engine, watch::Receiver<Palette>), Failure> {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), sources = board.sources.len(), "start");
    let (palette_sender, palettes) = watch::channel(palette(theme, &board)?);
    let path = file.as_ref().map(|request| request.file.clone());
    let stem = path.as_ref().and_then(|path| path.file_stem());
    let name = stem.map_or_else(|| "board".into(), |stem| stem.to_string_lossy().into_owned());
    let serving = serving(&board, palettes.clone(), &name)?;
    let file = file.map(|request| Request { again: true, ..request });
    let watched = file.as_ref().map(|request| files(request, &board)).unwrap_or_default();
    let load = Arc::new(move || match &file {
        Some(request) => reload(request),
        None => Err("this board has no file".to_owned()),
    });
    let reloading = Reloading::new(watched, load, palette_sender);
    let history = path.and_then(|file| state::history(&board, &file));
    Ok((app::start(board, zone(), reloading, history, serving)?, palettes))
}

/// The exit code of a board that was left.
pub(super) fn code_of(left: Left) -> ExitCode {
    match left {
        Left::Quit => ExitCode::SUCCESS,
        Left::Signal(number) => ExitCode::from(128_u8.saturating_add(number as u8)),
        // As if by SIGHUP.
        Left::HangUp => ExitCode::from(129),
    }
}

/// The same config once more, for a board that is already shown. Its warnings go to the log.
pub(super) fn reload(request: &Request) -> Result<Config, String> {
    let loaded = config::load(request).map_err(|problems| brief(&problems))?;
    for warning in &loaded.warnings {
        tracing::warn!("config: {}", warning.message);
    }
    let unused = |error| format!("changed config not used: {error}; the board still runs with the old one");
    let theme = themes::find(&loaded.board.theme).map_err(|error| unused(error.to_string()))?;
    let palette = palette(theme, &loaded.board).map_err(unused)?;
    Ok(Config { files: files(request, &loaded.board), board: loaded.board, palette })
}

/// What a board is drawn in.
pub(super) fn palette(theme: Theme, board: &Board) -> Result<Palette, String> {
    let day = board.kiosk.day.as_ref().map(|(name, hours)| {
        let theme = themes::find(name).map_err(|error| format!("{}: {error}", themes::DAY_THEME))?;
        Ok::<_, String>((theme, hours.clone()))
    });
    let monochrome = themes::find("monochrome").unwrap_or_else(|_| theme.clone());
    Ok(Palette { theme, day: day.transpose()?, monochrome, glyphs: board.glyphs, themes: Arc::new(themes::nth) })
}

/// What a change of makes another board.
fn files(request: &Request, board: &Board) -> Vec<PathBuf> {
    let day = board.kiosk.day.iter().flat_map(|(theme, _)| themes::files(theme));
    config::files(request).into_iter().chain(themes::files(&board.theme)).chain(day).collect()
}
