//! `andon status`: one poll, for scripts, cron and monitoring.

use std::process::ExitCode;

use super::arguments::{StatusFlags, TextOrJson};
use super::load::{load, page_of, zone};
use super::out::{Done, print};
use crate::app;
use crate::eval::verdict::Remark;
use crate::model::text::SafeText;
use crate::output::document;
use crate::view::scene::{PanelScene, Scene};

pub(super) fn run(flags: &StatusFlags) -> Done {
    let (mut board, _) = load(&flags.board)?;
    if flags.dashboard.is_some() {
        let page = page_of(&board, flags.dashboard.as_deref())?;
        board.dashboards = board.dashboards.into_iter().skip(page).take(1).collect();
    }
    let polled = app::poll_once(board, zone(), flags.wait)?;
    let (words, status) = polled.hub.judged_at(polled.now, |verdicts, scene| {
        let words = match flags.format {
            TextOrJson::Json => format!("{:#}\n", document::status(verdicts, &scene)),
            TextOrJson::Text => text(&scene),
        };
        (words, verdicts.status)
    });
    print(&words)?;
    Ok(ExitCode::from(status.exit_code()))
}

/// One line a panel, the summary first, as monitoring plugins print it.
fn text(scene: &Scene) -> String {
    let said: Vec<String> = scene.remarks.iter().map(Remark::line).collect();
    let mut lines = vec![format!("{}: {}", scene.status.word().to_uppercase(), said.join("; "))];
    for page in &scene.pages {
        let judged: Vec<&PanelScene> = page.panels.iter().filter(|panel| panel.is_fed).collect();
        let width = judged.iter().map(|panel| panel.id.len()).max().unwrap_or(0);
        for panel in judged {
            let why = if panel.reason.is_empty() { String::new() } else { format!("  ({})", panel.reason) };
            lines.push(
                SafeText::new(&format!(
                    "{:<8}  {}/{:<width$}  {}{why}",
                    if panel.is_judged { panel.status.word() } else { "-" },
                    page.name,
                    panel.id,
                    panel.text
                ))
                .as_str()
                .trim_end()
                .to_owned(),
            );
        }
    }
    lines.join("\n") + "\n"
}
