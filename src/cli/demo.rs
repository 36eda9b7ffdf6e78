//! `andon demo`: the shipped board of a simulated shop, from anywhere.

use super::arguments::{BoardFlags, DemoFlags, RunFlags};
use super::out::{Done, Failure, complain_about};
use super::run::{Start, start};
use super::themes;
use crate::config::{self, Overrides, Request};

/// The board that the sources come with.
const BOARD: &str = include_str!("../../dashboards.toml");

pub(super) fn run(flags: &DemoFlags) -> Done {
    let overrides = Overrides { theme: flags.theme.clone(), ..Overrides::default() };
    let loaded = config::load_text("demo", BOARD, overrides).map_err(|problems| {
        complain_about(&problems);
        Failure::Message("the board of the demo cannot be used".to_owned())
    })?;
    let theme = themes::load(themes::THEME, &loaded.board.theme, None)?;
    let run = RunFlags {
        board: BoardFlags { theme: flags.theme.clone(), ..BoardFlags::default() },
        kiosk: flags.kiosk,
        plain: flags.plain,
        ..RunFlags::default()
    };
    start(Start { board: loaded.board, theme, file: None::<Request> }, &run)
}
