//! `andon [run]`: the board, full screen.

use std::process::ExitCode;

use super::arguments::RunFlags;
use super::{Done, load, page_of, say};
use crate::app;
use crate::model::time::{Span, Zone};
use crate::output::terminal::caps::Variables;
use crate::output::terminal::{Left, Setup, show};
use crate::output::text;
use crate::render::render;
use crate::view::lens::Lens;

/// How long a snapshot to a pipe waits for sources.
const WAIT: Span = Span::seconds(10);

pub(super) fn run(flags: &RunFlags) -> Done {
    let (board, theme) = load(&flags.board)?;
    let page = page_of(&board, flags.dashboard.as_deref())?;
    let variables = Variables::read();
    let glyphs = board.glyphs.unwrap_or_else(|| variables.glyphs());
    let ink = theme.ink(glyphs);
    let lens = Lens { page, kiosk: flags.kiosk, ..Lens::default() };
    if !rustix::termios::isatty(rustix::stdio::stdout()) || variables.is_dumb() {
        let scene = app::poll_once(board, Zone::system(), WAIT)?;
        return say(&text::plain(&render(&scene, &lens, &ink, 120, 40).buffer));
    }
    if let Some(file) = &flags.log {
        super::log::to_file(file)?;
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), sources = board.sources.len(), "start");
    let engine = app::start(board, Zone::system())?;
    let setup =
        Setup { scenes: engine.scenes.clone(), commands: engine.commands.clone(), ink, depth: variables.depth(), lens };
    let left = show(setup)?;
    tracing::info!(?left, "end");
    Ok(match left {
        Left::Quit => ExitCode::SUCCESS,
        Left::Signal(number) => ExitCode::from(128_u8.saturating_add(number as u8)),
        // As if by SIGHUP.
        Left::HangUp => ExitCode::from(129),
    })
}
