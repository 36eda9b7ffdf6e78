//! `andon export`: the whole window of a board as CSV files, one a panel.

use std::process::ExitCode;

use super::arguments::ExportFlags;
use super::load::{load, request, zone};
use super::out::{Done, complain, count};
use super::{file, state};
use crate::app;
use crate::export::table::{Exported, csv, exported};
use crate::history::read::Reader;
use crate::model::time::now;

pub(super) fn run(flags: &ExportFlags) -> Done {
    let (board, _) = load(&flags.board)?;
    let panels: Vec<(String, Vec<crate::model::poll::QueryId>)> = board
        .dashboards
        .iter()
        .flat_map(|page| page.panels.iter().map(move |panel| (page, panel)))
        .map(|(page, panel)| {
            let ids = panel.rule.queries.iter().map(|query| query.id).collect();
            (format!("{}-{}", page.name, panel.id), ids)
        })
        .collect();
    // What only the history knows is taken from there; a board without one is what its sources answer.
    let settings = state::history(&board, &request(&flags.board).file);
    let since = now().minus(board.longest_lookback());
    let remembered = settings.filter(|settings| settings.path.exists());
    let past = remembered.map(|settings| Reader::open(&settings.path)?.past(since)).transpose()?;
    let polled = app::poll_once_after(past, board, zone(), flags.wait)?;
    std::fs::create_dir_all(&flags.output)
        .map_err(|error| format!("{} cannot be made: {}", flags.output.display(), error.kind()))?;
    let mut written = 0;
    for (name, ids) in &panels {
        let entries = ids.iter().filter_map(|id| polled.hub.entry(*id));
        let all: Vec<Exported> = entries.flat_map(|entry| exported(name, entry, (None, None))).collect();
        if !all.is_empty() {
            file::write(&flags.output.join(format!("{}.csv", plain(name))), &csv(&all))?;
            written += 1;
        }
    }
    let without = panels.len() - written;
    complain(&format!(
        "{} of {} written; {without} have no numbers",
        count(written, "file"),
        count(panels.len(), "panel")
    ));
    Ok(ExitCode::SUCCESS)
}

/// A name that is one on every file system.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' }).collect()
}
