//! When the statuses of panels are worth keeping: when they change, and at the start of each minute.

use std::collections::HashMap;

use crate::config::Board;
use crate::eval::judging::Verdicts;
use crate::history::Record;
use crate::model::poll::{QueryId, QueryKey};
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

/// Milliseconds of a minute: what is kept of each begins with it, so that none of its seconds is in doubt.
const MINUTE: i64 = 60_000;
/// A longer time between two looks is a pause: nobody knows how it was in between.
const PAUSE: i64 = 5_000;

/// The panels of a board whose statuses are kept, and what was kept last.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    /// By page and panel those that a real source feeds, and under what their statuses are kept.
    panels: HashMap<String, HashMap<String, QueryKey>>,
    last: HashMap<QueryKey, Status>,
    looked: Option<Timestamp>,
}

impl Statuses {
    /// Those of a board; `is_kept` says of which queries something is kept.
    pub(super) fn of(board: &Board, is_kept: impl Fn(QueryId) -> bool) -> Self {
        let pages = board.dashboards.iter().map(|page| {
            let kept = page.panels.iter().filter(|panel| panel.rule.queries.iter().any(|query| is_kept(query.id)));
            let keys = kept.map(|panel| (panel.id.clone(), QueryKey::of_status(&page.name, &panel.id)));
            (page.name.clone(), keys.collect())
        });
        Self { panels: pages.collect(), ..Self::default() }
    }

    /// What is worth keeping of a look: page, panel and status of each judged panel.
    pub(super) fn worth_keeping<'a>(
        &mut self,
        now: Timestamp,
        all: impl Iterator<Item = (&'a str, &'a str, Status)>,
    ) -> Vec<Record> {
        let minute = Timestamp(now.0.div_euclid(MINUTE) * MINUTE);
        let looked = self.looked.replace(now);
        let is_pause = looked.is_none_or(|before| before.0 > now.0 || now.0 - before.0 > PAUSE);
        let begins_minute = is_pause || looked.is_some_and(|before| before < minute);
        let mut records = Vec::new();
        let mut current = HashMap::with_capacity(self.last.len());
        for (page, panel, status) in all {
            let Some(key) = self.panels.get(page).and_then(|page| page.get(panel)) else { continue };
            let before = self.last.get(key).copied();
            if begins_minute {
                // As it was when the minute began.
                let (at, status) = if is_pause { (now, status) } else { (minute, before.unwrap_or(status)) };
                if let Some(ended) = looked.filter(|before| is_pause && *before < now) {
                    records.push(Record::Status(key.clone(), ended.plus(Span(1)), None));
                }
                records.push(Record::Status(key.clone(), at, Some(status)));
            }
            if before != Some(status) && !is_pause {
                records.push(Record::Status(key.clone(), now, Some(status)));
            }
            current.insert(key.clone(), status);
        }
        self.last = current;
        records
    }
}

/// Page, panel and status of each panel that something judges.
pub(super) fn judged_panels<'a>(verdicts: &'a Verdicts<'_>) -> impl Iterator<Item = (&'a str, &'a str, Status)> {
    let panels = verdicts.pages.iter().flat_map(|page| page.panels.iter().map(move |panel| (page.name, panel)));
    let judged = panels.filter(|(_, panel)| panel.is_fed() && panel.evaluation.is_judged);
    judged.map(|(page, panel)| (page, panel.panel.id, panel.evaluation.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_kept_when_it_changes_and_at_each_minute_and_not_for_a_pause() {
        let page = HashMap::from([("p".to_owned(), QueryKey::of_status("d", "p"))]);
        let mut statuses = Statuses { panels: [("d".to_owned(), page)].into(), ..Statuses::default() };
        let mut look = |seconds: i64, status: Status| -> Vec<(i64, Option<Status>)> {
            let all = [("d", "p", status), ("d", "simulated", status)];
            let records = statuses.worth_keeping(Timestamp(seconds * 1000), all.into_iter());
            let kept = |record| match record {
                Record::Status(key, at, status) if key == QueryKey::of_status("d", "p") => (at.0 / 1000, status),
                other => panic!("{other:?}"),
            };
            records.into_iter().map(kept).collect()
        };
        assert_eq!(look(50, Status::Ok), [(50, Some(Status::Ok))]);
        assert_eq!(look(51, Status::Ok), []);
        assert_eq!(look(52, Status::Critical), [(52, Some(Status::Critical))]);
        assert_eq!(look(55, Status::Critical), []);
        assert_eq!(look(60, Status::Critical), [(60, Some(Status::Critical))]);
        assert_eq!(look(119, Status::Critical), [(60, None), (119, Some(Status::Critical))], "after a pause");
        assert_eq!(look(121, Status::Ok), [(120, Some(Status::Critical)), (121, Some(Status::Ok))]);
        assert_eq!(look(100, Status::Ok), [(100, Some(Status::Ok))], "the clock was set back");
    }
}
