//! How each component was on former days, read from the history beside whoever asks: a disk that does not answer holds up
//! nobody.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

use crate::eval::status_page::{StatusPage, TOLD_FOR};
use crate::export::status::{begin, times};
use crate::history::read::Reader;
use crate::model::poll::QueryKey;
use crate::model::status_time::StatusTime;
use crate::model::time::{Span, Timestamp};
use crate::output::status_page::html::Past;

/// What was read is shown for so long, and what could not be read is tried again after so long.
const KNOWN_FOR: Duration = Duration::from_mins(5);
const AGAIN: Duration = Duration::from_secs(30);
/// How long who asks waits for what is not read yet.
const PATIENCE: Duration = Duration::from_millis(500);
const DAY: Span = Span::seconds(86_400);

/// The past of a page, read now and then.
#[derive(Debug, Clone)]
pub(super) struct FormerDays {
    /// The file; none where no history is kept.
    file: Option<PathBuf>,
    read: Arc<Mutex<Reading>>,
}

#[derive(Debug, Default)]
struct Reading {
    /// What was read last, or why nothing could be; for which components, and when.
    last: Option<Last>,
    /// Whether somebody reads.
    is_under_way: bool,
}

#[derive(Debug)]
struct Last {
    at: Instant,
    day: Timestamp,
    days: Result<Arc<Days>, String>,
}

/// Those of each component.
type Days = Vec<(QueryKey, Vec<StatusTime>)>;

/// What is known of them at the moment.
pub(super) enum Known {
    NotKept,
    NotRead,
    Days(Vec<Vec<StatusTime>>),
}

impl Known {
    pub(super) fn shown(&self) -> Past<'_> {
        match self {
            Self::NotKept => Past::NotKept,
            Self::NotRead => Past::NotRead,
            Self::Days(days) => Past::Days(days),
        }
    }
}

impl FormerDays {
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self { file, read: Arc::default() }
    }

    /// What is known of a page. Has it read where that is not enough; who asks waits only a moment, and only where nothing is
    /// known yet.
    pub(super) async fn of(&self, page: &Arc<StatusPage>) -> Known {
        let Some(file) = &self.file else { return Known::NotKept };
        if let Some(reading) = self.read_where_needed(file, page) {
            let is_first = self.reading().last.is_none();
            // Whoever reads goes on when nobody waits any more.
            let _late = if is_first { timeout(PATIENCE, reading).await.is_err() } else { false };
        }
        let reading = self.reading();
        let Some(Ok(days)) = reading.last.as_ref().map(|last| last.days.as_ref()) else { return Known::NotRead };
        let of = |key: &QueryKey| days.iter().find(|(one, _)| one == key).map(|(_, days)| days.clone());
        Known::Days(page.components.iter().map(|one| of(&one.key).unwrap_or_default()).collect())
    }

    fn read_where_needed(&self, file: &Path, page: &Arc<StatusPage>) -> Option<JoinHandle<()>> {
        let mut reading = self.reading();
        if reading.is_under_way || reading.last.as_ref().is_some_and(|last| last.will_do(page)) {
            return None;
        }
        reading.is_under_way = true;
        let (file, page, whole) = (file.to_owned(), Arc::clone(page), self.clone());
        Some(spawn_blocking(move || {
            let days = days(&file, &page).map(Arc::new);
            let mut reading = whole.reading();
            let before = reading.last.take();
            if let Err(why) = &days
                && before.is_none_or(|last| last.days.as_ref().err() != Some(why))
            {
                tracing::warn!("the status page has no past: {why}");
            }
            reading.last = Some(Last { at: Instant::now(), day: begin(page.at, DAY), days });
            reading.is_under_way = false;
        }))
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Last {
    fn will_do(&self, page: &StatusPage) -> bool {
        let Ok(days) = &self.days else { return self.at.elapsed() < AGAIN };
        let is_known = |key: &QueryKey| days.iter().any(|(one, _)| one == key);
        let is_of_today = self.day == begin(page.at, DAY);
        self.at.elapsed() < KNOWN_FOR && is_of_today && page.components.iter().all(|one| is_known(&one.key))
    }
}

/// How long each component was how, day by day, up to now.
fn days(path: &Path, page: &StatusPage) -> Result<Days, String> {
    let reader = Reader::open(path)?;
    let to = page.at;
    let from = begin(to.minus(TOLD_FOR), DAY).plus(DAY);
    let of = |key: &QueryKey| {
        let buckets = reader.series(key, (from, to), DAY, to)?;
        let buckets: Vec<_> = buckets.into_iter().flat_map(|(_, buckets)| buckets).collect();
        Ok((key.clone(), times(&buckets, (from, to), DAY)))
    };
    page.components.iter().map(|one| of(&one.key)).collect()
}
