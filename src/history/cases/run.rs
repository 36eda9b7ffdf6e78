//! A history whose thread is driven by hand, in time that flies.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::Connection;

use crate::history::record::Record;
use crate::history::settings::Settings;
use crate::history::trouble::Trouble;
use crate::history::{Past, codec, writer};
use crate::model::poll::{Ask, QueryKey};
use crate::model::series::{Point, Series};
use crate::model::time::{Span, Timestamp};
use crate::store::News;

pub(super) const START: i64 = 1_795_267_800_000;
pub(super) const DAY: i64 = 86_400_000;

/// A folder, a clock, and a thread of the history that ends with this.
pub(super) struct Run {
    pub(super) folder: PathBuf,
    pub(super) clock: Arc<AtomicI64>,
    pub(super) writer: Option<writer::Writer<Box<dyn Fn() -> Timestamp + Send>>>,
    pub(super) trouble: Trouble,
    pub(super) max_bytes: u64,
    pub(super) logs: bool,
}

impl Run {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("andon-past-{}-{name}", std::process::id()));
        let _former = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let clock = Arc::new(AtomicI64::new(START));
        Self { folder, clock, writer: None, trouble: Trouble::default(), max_bytes: 256 << 20, logs: true }
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }

    pub(super) fn pass(&self, millis: i64) {
        self.clock.fetch_add(millis, Ordering::Relaxed);
    }

    pub(super) fn settings(&self) -> Settings {
        let path = self.folder.join("board.sqlite");
        Settings { path, max_bytes: self.max_bytes, flush: Span::seconds(10), logs: self.logs }
    }

    pub(super) fn writer(&mut self) -> &mut writer::Writer<Box<dyn Fn() -> Timestamp + Send>> {
        let (settings, clock, trouble) = (self.settings(), Arc::clone(&self.clock), self.trouble.clone());
        self.writer.get_or_insert_with(|| {
            let mut writer = writer::Writer::new(
                settings,
                trouble,
                Box::new(move || Timestamp(clock.load(Ordering::Relaxed))) as Box<dyn Fn() -> Timestamp + Send>,
            );
            writer.open();
            writer
        })
    }

    pub(super) fn keep(&mut self, record: Record) {
        self.writer().waiting.take(record);
    }

    /// A value of each of so many series.
    pub(super) fn measure(&mut self, series: usize, value: impl Fn(usize) -> f64) {
        let at = self.now();
        let one = |n: usize| Series::single(&format!("s{n}"), at, value(n));
        self.keep(Record::Points(key("cpu"), (0..series).map(one).collect()));
        self.keep(Record::Polled(key("cpu"), at, None));
    }

    pub(super) fn flush(&mut self) {
        self.writer().flush();
    }

    /// As if it had been killed: what was not flushed is gone.
    pub(super) fn kill(&mut self) {
        self.writer = None;
    }

    pub(super) fn past(&mut self, since: i64) -> Past {
        self.writer().remember(Timestamp(since))
    }

    pub(super) fn points(&mut self, since: i64) -> Vec<Point> {
        let mut past = self.past(since);
        let News::Series(set) = past.queries.remove(&key("cpu")).unwrap().news.remove(0).1 else { panic!() };
        set.series.into_iter().next().unwrap().points
    }

    pub(super) fn buckets(&self, step: i64) -> Vec<codec::Bucket> {
        let connection = Connection::open(self.settings().path).unwrap();
        let mut blocks = connection.prepare("SELECT data FROM block WHERE step = ?1 ORDER BY start, series").unwrap();
        let all = blocks.query_map([step], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        all.flat_map(|data| codec::read_buckets(&data.unwrap()).unwrap()).collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

pub(super) fn key(query: &str) -> QueryKey {
    QueryKey::new("host", "machine", &Ask { query: query.into(), history: None }, 0)
}
