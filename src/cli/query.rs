//! `andon query`: the numbers behind a panel or a source, from the history or from one poll.

use std::process::ExitCode;

use super::arguments::{QueryFlags, QueryFormat};
use super::load::{load, request, zone};
use super::out::{Done, Failure, complain, print};
use super::state;
use crate::app::{self, asked};
use crate::config::Board;
use crate::config::board::QuerySpec;
use crate::export::status;
use crate::export::table::{Exported, csv, exported, json, table};
use crate::history::read::Reader;
use crate::model::moment;
use crate::model::time::{Span, Timestamp, now};

/// How long `--live` waits for sources.
const WAIT: Span = Span::seconds(12);
/// The stretches of `--status`, unless the flags say otherwise.
const STATUS_STEP: Span = Span::seconds(3600);

pub(super) fn run(flags: &QueryFlags) -> Done {
    let (board, _) = load(&flags.board)?;
    let now = now();
    let zone_here = zone();
    let read = |text: &Option<String>, default: Timestamp| {
        text.as_ref().map_or(Ok(default), |text| moment::parse(text, now, &zone_here))
    };
    let from = read(&flags.from, now.minus(board.window)).map_err(wrong)?;
    let to = read(&flags.to, now).map_err(wrong)?;
    if from >= to {
        return Err(wrong("--from is not before --to"));
    }
    if flags.status {
        return statuses(flags, &board, (from, to), now);
    }
    let queries = asked::queries(&board, &flags.name).map_err(wrong)?;
    let all = if flags.live {
        live(board, &flags.name, &queries)?
    } else {
        let range = (from, to);
        remembered(&board, &request(&flags.board).file, (&flags.name, &queries), range, flags.step, now)?
    };
    if all.is_empty() {
        let way = if flags.live { "its sources gave no numbers" } else { "no number of it is remembered in that time" };
        let help = if flags.live { "" } else { "; sources with a past of their own are asked with --live" };
        return Err(Failure::Message(format!("nothing of '{}': {way}{help}", flags.name)));
    }
    print(&match flags.format {
        QueryFormat::Csv => csv(&all),
        QueryFormat::Json => json(&all),
        QueryFormat::Table => table(&all, &zone()),
    })
}

fn wrong(message: impl std::fmt::Display) -> Failure {
    complain(&format!("andon: {message}"));
    Failure::Quiet(ExitCode::from(2))
}

/// How long panels were in each status.
fn statuses(flags: &QueryFlags, board: &Board, range: (Timestamp, Timestamp), now: Timestamp) -> Done {
    let (from, to) = (range.0, range.1.min(now));
    let asked = if flags.step == Span(0) { STATUS_STEP } else { flags.step };
    // Of long ago only longer stretches are known; others are made of whole ones of those.
    let finest = Reader::finest(from, now);
    let step = Span(asked.0.saturating_add(finest.0 - 1).div_euclid(finest.0) * finest.0);
    let from = status::begin(from, step);
    let reader = history(board, &request(&flags.board).file)?;
    let mut all = Vec::new();
    for (name, key) in asked::statuses(board, &flags.name).map_err(wrong)? {
        for (_, buckets) in reader.series(&key, (from, to), step, now)? {
            all.extend(status::rows(&name, &buckets, (from, to), step));
        }
    }
    if all.is_empty() {
        return Err(Failure::Message(format!(
            "no status of '{}' is remembered in that time; a panel that no limit judges has none",
            flags.name
        )));
    }
    print(&match flags.format {
        QueryFormat::Csv => status::csv(&all),
        QueryFormat::Json => status::json(&all),
        QueryFormat::Table => status::table(&all, &zone()),
    })
}

fn history(board: &Board, file: &std::path::Path) -> Result<Reader, Failure> {
    let settings = state::history(board, file)
        .ok_or_else(|| Failure::Message("this board keeps no history; --live polls its sources".to_owned()))?;
    Ok(Reader::open(&settings.path)?)
}

/// From the history of the board.
fn remembered(
    board: &Board,
    file: &std::path::Path,
    (name, queries): (&str, &[QuerySpec]),
    range: (Timestamp, Timestamp),
    step: Span,
    now: Timestamp,
) -> Result<Vec<Exported>, Failure> {
    let reader = history(board, file)?;
    let mut all = Vec::new();
    for query in queries {
        let series = reader.series(&query.key, range, step, now)?;
        all.extend(series.into_iter().map(|(labels, rows)| Exported { of: name.to_owned(), labels, rows }));
    }
    Ok(all)
}

/// From one poll: what its sources answer, with their own past.
fn live(board: Board, name: &str, queries: &[QuerySpec]) -> Result<Vec<Exported>, Failure> {
    let polled = app::poll_once(board, zone(), WAIT)?;
    let entries = queries.iter().filter_map(|query| polled.hub.entry(query.id));
    Ok(entries.flat_map(|entry| exported(name, entry, (None, None))).collect())
}
