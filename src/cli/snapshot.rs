//! `andon snapshot`: one poll, one frame, in a format.

use std::process::ExitCode;

use super::arguments::{PictureFormat, SnapshotFlags};
use super::file;
use super::load::{load, shown_page_of, zone};
use super::out::{Done, print};
use crate::app;
use crate::output::ansi::Depth;
use crate::output::{ansi, document, html, svg, text};
use crate::panel::ink::Glyphs;
use crate::render::render;
use crate::view::lens::Lens;

pub(super) fn run(flags: &SnapshotFlags) -> Done {
    let (board, theme) = load(&flags.board)?;
    let page = shown_page_of(&board, flags.dashboard.as_deref())?;
    let ink = theme.ink(board.glyphs.unwrap_or(Glyphs::Full));
    let title = board.title.clone();
    let polled = app::poll_once(board, zone(), flags.wait)?;
    let scene = polled.scene();
    let lens = Lens { page, kiosk: true, ..Lens::default() };
    let frame = render(&scene, &lens, &ink, flags.size.0, flags.size.1).buffer;
    let picture = match flags.format {
        PictureFormat::Text => text::plain(&frame),
        PictureFormat::Ansi => ansi::lines(&frame, Depth::True),
        PictureFormat::Svg => svg::draw(&frame, &title),
        PictureFormat::Html => html::draw(&frame, &title),
        PictureFormat::Json => {
            let rows: Vec<String> = text::plain(&frame).lines().map(str::to_owned).collect();
            let size = serde_json::json!({ "columns": flags.size.0, "rows": flags.size.1 });
            format!(
                "{:#}\n",
                serde_json::json!({ "size": size, "rows": rows, "status": polled.hub.judged_at(polled.now, |verdicts, scene| document::status(verdicts, &scene)) })
            )
        }
    };
    match &flags.output {
        None => print(&picture),
        Some(path) => {
            file::write(path, &picture)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
