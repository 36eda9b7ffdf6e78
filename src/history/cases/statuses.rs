//! How long a panel was in each status.

use rusqlite::Connection;

use super::run::{DAY, Run, START};
use crate::history::codec::Bucket;
use crate::history::compact::compact;
use crate::history::read::Reader;
use crate::history::record::Record;
use crate::model::poll::QueryKey;
use crate::model::status::Status;
use crate::model::time::{Span, Timestamp};

/// How long it was in each status, all buckets together, and how many buckets there are.
fn seconds(run: &Run, key: &QueryKey, step: i64) -> ([u32; 4], usize) {
    let reader = Reader::open(&run.settings().path).unwrap();
    let all = (Timestamp(START - DAY), run.now());
    let buckets: Vec<Bucket> = reader.series(key, all, Span::seconds(step), run.now()).unwrap().remove(0).1;
    let mut sums = [0; 4];
    for bucket in &buckets {
        assert!(i64::from(bucket.statuses.iter().sum::<u32>()) <= step, "{bucket:?}");
        sums.iter_mut().zip(bucket.statuses).for_each(|(sum, more)| *sum += more);
    }
    (sums, buckets.len())
}

#[test]
fn seconds_add_up_however_often_what_is_flushed_becomes_blocks() {
    let mut run = Run::new("statuses");
    let key = QueryKey::of_status("d", "p");
    // Noted each minute, as the hub does it; what is flushed becomes blocks again and again.
    for minute in 0..60 * 26 {
        let status = if minute % 60 < 15 { Status::Critical } else { Status::Ok };
        run.keep(Record::Status(key.clone(), run.now(), Some(status)));
        if minute % 7 == 0 {
            run.flush();
            let mut connection = Connection::open(run.settings().path).unwrap();
            compact(&mut connection, run.now(), minute % 2 == 0).unwrap();
        }
        run.pass(60_000);
    }
    run.keep(Record::Status(key.clone(), run.now(), None));
    run.flush();
    let hours = 26 * 3600;
    let expected = [hours - 26 * 900, 0, 26 * 900, 0];
    for step in [60, 600, 3600, 86_400] {
        assert_eq!(seconds(&run, &key, step).0, expected, "steps of {step} s");
    }
    // It began in the middle of an hour.
    assert_eq!(seconds(&run, &key, 3600).1, 27);
}
