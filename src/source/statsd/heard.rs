//! All that a StatsD listener has heard: what its polls read.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::aggregate::{Aggregate, MAX_MEMBERS, Refused, Rules};
use super::line::{CheckLine, EventLine, Said, Wrong, parse};
use crate::model::event::{Event, EventKind};
use crate::model::labels::{Labels, NAME};
use crate::model::series::{MAX_SERIES, Point};
use crate::model::table::Table;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use crate::source::received::{Counts, FirstNews, Loss, Received};

/// Longest name, and longest part of a tag, in bytes.
const LONGEST_WORD: usize = 256;
/// Most tags.
const MAX_TAGS: usize = 64;
/// Events kept.
const MAX_EVENTS: usize = 1000;

/// What the listener and the polls of a source share.
#[derive(Debug, Default)]
pub(super) struct Ears {
    heard: Mutex<Heard>,
    /// Something has come that polls can tell.
    came: FirstNews,
}

impl Ears {
    pub(super) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what one packet, or one line of a connection, holds; whether any of it could be read.
    pub(super) fn take(&self, bytes: &[u8], rules: &Rules, now: Timestamp) -> bool {
        let mut heard = self.heard();
        let was_empty = heard.is_empty();
        let (all, bad) = (heard.counts.all(), heard.counts.of(Loss::Bad).0);
        heard.take(bytes, rules, now);
        let is_read = heard.counts.all() - all > heard.counts.of(Loss::Bad).0 - bad;
        if was_empty && !heard.is_empty() {
            self.came.came();
        }
        is_read
    }

    /// What came since the last flush becomes one value a series; `dropped` packets were never read.
    pub(super) fn flush(&self, dropped: u64, rules: &Rules, now: Timestamp) {
        let mut heard = self.heard();
        if dropped > 0 {
            heard.dropped(dropped, now);
        }
        heard.flush(rules, now);
        drop(heard);
        self.came.came();
    }

    /// Waits a little until there is something to tell.
    pub(super) async fn first(&self, deadline: Instant) {
        self.came.wait(deadline, || !self.heard().is_empty()).await;
    }
}

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Where it listens.
    pub(super) address: Option<SocketAddr>,
    aggregate: Aggregate,
    /// The series.
    pub(super) received: Received,
    /// Service checks: 0 ok, 1 warning, 2 critical, a gap for unknown.
    pub(super) checks: Received,
    /// What happened, in the order it came.
    pub(super) events: VecDeque<Event>,
    /// What came of what was sent.
    pub(super) counts: Counts,
}

impl Heard {
    /// Whether polls have nothing to tell of it yet.
    fn is_empty(&self) -> bool {
        self.received.number() == 0 && self.checks.number() == 0 && self.events.is_empty()
    }

    /// Takes in what one packet, or one line of a connection, holds.
    fn take(&mut self, bytes: &[u8], rules: &Rules, now: Timestamp) {
        for line in bytes.split(|byte| *byte == b'\n') {
            // Blanks at the end may belong to the text of an event.
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() {
                continue;
            }
            if let Ok(line) = std::str::from_utf8(line) {
                self.line(line, rules, now);
            } else {
                self.counts.received(1);
                self.counts.lost(Loss::Bad, 1, ("", "it is no UTF-8"), now);
            }
        }
    }

    /// So many packets came that nobody had the time to read.
    fn dropped(&mut self, count: u64, now: Timestamp) {
        self.counts.received(count);
        self.counts.lost(Loss::Dropped, count, ("", "packets came faster than they could be read"), now);
    }

    /// A line of a connection is longer than any may be.
    pub(super) fn too_long(&mut self, now: Timestamp) {
        self.counts.received(1);
        self.counts.lost(Loss::Bad, 1, ("", "a line of more than 64 KiB"), now);
    }

    /// What came since the last flush becomes one value a series.
    fn flush(&mut self, rules: &Rules, now: Timestamp) {
        self.aggregate.flush(rules, &mut self.received, now);
        self.checks.forget(now);
    }

    fn line(&mut self, line: &str, rules: &Rules, now: Timestamp) {
        self.counts.received(1);
        let name = name(line);
        let all = match parse(line).and_then(|all| all.iter().try_for_each(bounded).map(|()| all)) {
            Ok(all) => all,
            Err(wrong) => return self.counts.lost(Loss::Bad, 1, (&name, wrong), now),
        };
        for said in all {
            let taken = match said {
                Said::Metric(metric) => self.aggregate.add(&metric, rules, &mut self.received, now),
                Said::Check(check) => self.check(&check, now),
                Said::Event(event) => {
                    self.event(&event, now);
                    Ok(())
                }
            };
            match taken {
                Ok(()) => {}
                Err(Refused::OtherType) => {
                    self.counts.lost(Loss::Bad, 1, (&name, "the metric is known as one of another type"), now);
                }
                Err(Refused::TooManyMembers) => {
                    let why = format!("sets hold {MAX_MEMBERS} members between two flushes");
                    self.counts.lost(Loss::OverLimit, 1, (&name, &why), now);
                }
                Err(Refused::OverLimit) => {
                    let why = format!("there are {MAX_SERIES} series already");
                    self.counts.lost(Loss::OverLimit, 1, (&name, &why), now);
                }
            }
        }
    }

    fn check(&mut self, check: &CheckLine<'_>, now: Timestamp) -> Result<(), Refused> {
        // 3 is unknown: no value.
        let value = if check.status == 3 { f64::NAN } else { f64::from(check.status) };
        let labels = Labels::tagged((NAME, check.name), check.tags.pairs());
        let at = check.at.unwrap_or(now).min(now);
        if self.checks.add(&labels, Point { at, value }, now) { Ok(()) } else { Err(Refused::OverLimit) }
    }

    fn event(&mut self, line: &EventLine<'_>, now: Timestamp) {
        let named = |keys: &[&str]| line.tags.first_of(keys).map(SafeText::new).unwrap_or_default();
        let by_type = if line.alert_type == "error" { EventKind::Alert } else { EventKind::Note };
        let event = Event {
            at: line.at.unwrap_or(now).min(now),
            kind: line.tags.first_of(&["kind"]).and_then(EventKind::of_word).unwrap_or(by_type),
            // A line end is written as two characters.
            title: SafeText::new(&line.title.replace("\\n", " ")),
            service: named(&["service"]),
            environment: named(&["env", "environment"]),
            version: named(&["version"]),
            ..Event::default()
        };
        if self.events.len() == MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// The counts, as rows.
    pub(super) fn table(&self) -> Table {
        let at = self.address.map_or_else(String::new, |address| format!("at {address}"));
        self.counts.table(&[("received", &at, self.counts.all())], &Loss::ALL)
    }
}

/// Refuses what would take too much room: nobody has so many tags, or so long ones, on purpose.
fn bounded(said: &Said<'_>) -> Result<(), Wrong> {
    let (name, tags) = match said {
        Said::Metric(metric) => (metric.name, metric.tags),
        Said::Check(check) => (check.name, check.tags),
        Said::Event(event) => ("", event.tags),
    };
    let is_long = |text: &str| text.len() > LONGEST_WORD;
    match () {
        () if is_long(name) => Err("its name has over 256 bytes"),
        () if tags.pairs().any(|(key, value)| is_long(key) || is_long(value)) => Err("a tag of it has over 256 bytes"),
        () if tags.pairs().take(MAX_TAGS + 1).count() > MAX_TAGS => Err("it has over 64 tags"),
        () => Ok(()),
    }
}

/// The name on a line, also on one that cannot be read.
fn name(line: &str) -> String {
    let end = line.find([':', '|']).unwrap_or(line.len());
    line.get(..end).unwrap_or_default().trim().chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;
    use crate::source::received::Selector;

    const NOW: Timestamp = Timestamp(100_000);

    fn heard(packets: &[&[u8]]) -> Heard {
        let rules = Rules { percentiles: Vec::new(), expire: Span::seconds(300), gauge_deltas: true };
        let mut heard = Heard::default();
        for packet in packets {
            heard.take(packet, &rules, NOW);
        }
        heard.flush(&rules, NOW);
        heard
    }

    #[test]
    fn a_packet_holds_several_lines_and_a_bad_one_spoils_no_other() {
        let heard = heard(&[b"a:1|c\r\nb:x|c\n\nc:2|c\n", b"\xff\xfe:1|c\nd:1|c"]);
        assert_eq!(heard.received.since(0, &Selector::default()).series.len(), 3);
        assert_eq!(heard.counts.all(), 5);
        assert_eq!(heard.counts.of(Loss::Bad), (2, vec!["b"]));
        let counts: Vec<Option<f64>> = heard.table().rows.iter().map(|row| row[2].number()).collect();
        assert_eq!(counts, [Some(5.0), Some(0.0), Some(0.0), Some(2.0)]);
    }

    #[test]
    fn events_and_checks_are_those_of_the_board() {
        let heard = heard(&[
            b"_e{6,4}:v2.14x|text|d:7|#kind:deploy,service:shop,env:prod,version:v2.14",
            b"_e{4,0}:oops||t:error",
            b"_sc|db|2|#env:prod|m:down\n_sc|web|0\n_sc|api|1\n_sc|mail|3",
        ]);
        let deploy = &heard.events[0];
        assert_eq!((deploy.kind, deploy.at, deploy.service.as_str()), (EventKind::Deploy, Timestamp(7000), "shop"));
        assert_eq!((deploy.environment.as_str(), deploy.version.as_str()), ("prod", "v2.14"));
        assert_eq!((heard.events[1].kind, heard.events[1].at), (EventKind::Alert, NOW));
        let checks = heard.checks.since(0, &Selector::default()).series;
        let values: Vec<String> =
            checks.iter().map(|one| format!("{} {}", one.labels.get("").unwrap(), one.points[0].value)).collect();
        assert_eq!(values, ["api 1", "db 2", "mail NaN", "web 0"]);
    }
}
