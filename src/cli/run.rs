//! `andon [run]`: the board, full screen.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::watch;

use super::arguments::RunFlags;
use super::load::{load, request, shown_page_of, zone};
use super::out::{Done, print};
use super::state;
use super::themes;
use crate::app;
use crate::app::reloading::{Config, Reloading};
use crate::config::problem::brief;
use crate::config::{self, Board, Request};
use crate::model::time::Span;
use crate::output::ansi::Depth;
use crate::output::terminal::caps::Variables;
use crate::output::terminal::{Left, Setup, show};
use crate::output::{plain, text};
use crate::panel::ink::Glyphs;
use crate::render::theme::Theme;
use crate::render::{Ink, render};
use crate::view::lens::Lens;
use crate::viewer::Inks;

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
    let glyphs = variables.glyphs();
    let depth = variables.depth();
    let screen = ScreenKind { glyphs: board.glyphs.unwrap_or(glyphs), depth, kiosk: flags.kiosk };
    let lens = Lens { page, kiosk: flags.kiosk, ..Lens::default() };
    if !flags.plain && (!rustix::termios::isatty(rustix::stdio::stdout()) || variables.is_dumb()) {
        let scene = app::poll_once(board, zone(), WAIT)?.scene();
        return print(&text::plain(&render(&scene, &lens, &screen.ink(theme), 120, 40).buffer));
    }
    // It is dropped last, and writes what still waits.
    let _log = flags.log.as_deref().map(super::log::to_file).transpose()?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), sources = board.sources.len(), "start");
    let (ink_sender, inks) = watch::channel(screen.inks(theme, &board)?);
    let flags_file = file.as_ref().map(|request| request.file.clone());
    let file = file.map(|request| Request { again: true, ..request });
    let watched = file.as_ref().map(|request| files(request, &board)).unwrap_or_default();
    let load = Arc::new(move || match &file {
        Some(request) => reload(request, glyphs, screen),
        None => Err("this board has no file".to_owned()),
    });
    let reloading = Reloading::new(watched, load, ink_sender);
    let history = flags_file.and_then(|file| state::history(&board, &file));
    let engine = app::start(board, zone(), reloading, history)?;
    if flags.plain {
        plain::write(engine.scenes.clone())?;
        return Ok(ExitCode::SUCCESS);
    }
    let (scenes, commands) = (engine.scenes.clone(), engine.commands.clone());
    let setup = Setup { scenes, commands, inks, depth, lens };
    let left = show(setup)?;
    tracing::info!(?left, "end");
    Ok(match left {
        Left::Quit => ExitCode::SUCCESS,
        Left::Signal(number) => ExitCode::from(128_u8.saturating_add(number as u8)),
        // As if by SIGHUP.
        Left::HangUp => ExitCode::from(129),
    })
}

/// The same config once more, for a board that is already shown. Its warnings go to the log.
fn reload(request: &Request, glyphs: Glyphs, screen: ScreenKind) -> Result<Config, String> {
    let loaded = config::load(request).map_err(|problems| brief(&problems))?;
    for warning in &loaded.warnings {
        tracing::warn!("config: {}", warning.message);
    }
    let unused = |error| format!("changed config not used: {error}; the board still runs with the old one");
    let theme = themes::find(&loaded.board.theme).map_err(|error| unused(error.to_string()))?;
    let screen = ScreenKind { glyphs: loaded.board.glyphs.unwrap_or(glyphs), ..screen };
    let inks = screen.inks(theme, &loaded.board).map_err(unused)?;
    Ok(Config { files: files(request, &loaded.board), board: loaded.board, inks })
}

/// What a screen can show, and what it is for.
#[derive(Clone, Copy)]
struct ScreenKind {
    glyphs: Glyphs,
    depth: Depth,
    kiosk: bool,
}

impl ScreenKind {
    /// Where nothing is coloured, a theme that does with weight and reversed words what others do with colours.
    fn ink(self, theme: Theme) -> Ink {
        let theme = match self.depth {
            Depth::None => themes::find("monochrome").unwrap_or(theme),
            Depth::True | Depth::Ansi256 | Depth::Ansi16 => theme,
        };
        theme.ink(self.glyphs).with_depth(self.depth)
    }

    /// Those of the board; on a wall others by day.
    fn inks(self, theme: Theme, board: &Board) -> Result<Inks, String> {
        let day = board.kiosk.day.as_ref().filter(|_| self.kiosk).map(|(name, hours)| {
            let theme = themes::find(name).map_err(|error| format!("kiosk.day_theme: {error}"))?;
            Ok::<_, String>((self.ink(theme), hours.clone()))
        });
        let all = move |index: usize| {
            let (name, theme) = themes::nth(index)?;
            Some((name, self.ink(theme)))
        };
        Ok(Inks::new(self.ink(theme), day.transpose()?, Arc::new(all)))
    }
}

/// What a change of makes another board.
fn files(request: &Request, board: &Board) -> Vec<PathBuf> {
    let day = board.kiosk.day.iter().flat_map(|(theme, _)| themes::files(theme));
    config::files(request).into_iter().chain(themes::files(&board.theme)).chain(day).collect()
}
