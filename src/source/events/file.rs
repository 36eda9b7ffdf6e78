//! A file of events that grows, is cut, and is replaced; each line is read once.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::line::{Line, continued};
use crate::model::event::{Event, EventKind, EventState};
use crate::model::fault::{FetchError, Reason};
use crate::model::telemetry::MAX_EVENTS;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Most bytes read at once: of a longer file its end counts.
const MOST_BYTES: u64 = 4 * 1024 * 1024;
/// Bytes by which a place in a file is known again.
const MARK: usize = 64;

/// A file that is followed, with what was read of it.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    path: PathBuf,
    /// Which file it was, how far it was read, and what stood just before that.
    place: Option<Place>,
    lines: u64,
    /// Lines that cannot be read: how many, and what is said of the first.
    unreadable: Option<(u64, Event)>,
    /// What was read before, should the file be written anew.
    seen: HashSet<u64>,
    events: Arc<Vec<Event>>,
    by_id: HashMap<String, usize>,
}

/// How far a file was read.
#[derive(Debug, Clone)]
struct Place {
    inode: u64,
    read: u64,
    before: Vec<u8>,
}

impl Place {
    /// Whether this is the same file, only longer. (A new file may have the inode of an old one.)
    fn goes_on_in(&self, file: &mut File, meta: &std::fs::Metadata) -> std::io::Result<bool> {
        if self.inode != meta.ino() || self.read > meta.len() {
            return Ok(false);
        }
        let mut there = vec![0; self.before.len()];
        file.seek(SeekFrom::Start(self.read - self.before.len() as u64))?;
        file.read_exact(&mut there)?;
        Ok(there == self.before)
    }
}

impl Followed {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            place: None,
            lines: 0,
            unreadable: None,
            seen: HashSet::new(),
            events: Arc::default(),
            by_id: HashMap::new(),
        }
    }

    /// All events so far.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = self.events.as_ref().clone();
        // Nothing is lost without a word: the board says which line it cannot read.
        events.extend(self.unreadable.as_ref().map(|(count, first)| {
            let more = if *count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            Event { title: SafeText::new(&format!("{}{more}", first.title)), ..first.clone() }
        }));
        events
    }

    /// Reads what is new. A file that is not there has no events yet.
    pub(super) fn read(&mut self, now: Timestamp) -> Result<(), FetchError> {
        let wrong = |error: &std::io::Error| {
            let detail = format!("{} cannot be read: {}", self.path.display(), error.kind());
            FetchError::new(Reason::Exec, detail)
        };
        match std::fs::metadata(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(wrong(&error)),
            // A pipe would keep us waiting for ever.
            Ok(meta) if !meta.is_file() => {
                return Err(FetchError::new(Reason::Exec, format!("{} is not a file", self.path.display())));
            }
            Ok(_) => {}
        }
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.map_err(|error| wrong(&error))?,
        };
        let meta = file.metadata().map_err(|error| wrong(&error))?;
        // Another file, or a shorter one: it begins anew. What was known stays known.
        let goes_on = match &self.place {
            Some(place) => place.goes_on_in(&mut file, &meta).map_err(|error| wrong(&error))?,
            None => false,
        };
        let former = self.place.take().filter(|_| goes_on);
        let from = former.as_ref().map_or(0, |place| place.read);
        let is_new = former.is_none();
        if is_new {
            (self.lines, self.unreadable) = (0, None);
        }
        let before = if is_new { std::mem::take(&mut self.seen) } else { HashSet::new() };
        // What stood there before we looked came at its last change at the latest.
        let came = if is_new { Timestamp(meta.mtime().saturating_mul(1000)).min(now) } else { now };
        let begin = from.max(meta.len().saturating_sub(MOST_BYTES));
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(begin)).map_err(|error| wrong(&error))?;
        file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
        // A line without its end is still being written.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        bytes.truncate(whole);
        let text = String::from_utf8_lossy(&bytes);
        // The begin of a part of a file is a part of a line.
        for line in text.lines().skip(usize::from(begin > from)) {
            self.lines += 1;
            self.take_in(line.trim_start_matches('\u{feff}'), &before, came);
        }
        let mut before = former.map(|place| place.before).unwrap_or_default();
        before.extend_from_slice(&bytes);
        before.drain(..before.len().saturating_sub(MARK));
        self.place = Some(Place { inode: meta.ino(), read: begin + whole as u64, before });
        Ok(())
    }

    /// Takes a line in, unless it stood in the file of before.
    fn take_in(&mut self, text: &str, before: &HashSet<u64>, came: Timestamp) {
        let fingerprint = fingerprint(text);
        self.seen.insert(fingerprint);
        if text.trim().is_empty() || before.contains(&fingerprint) {
            return;
        }
        match Line::parse(text) {
            Ok(line) => self.add(&line, came),
            Err(why) => {
                let title = format!("line {} of the events file cannot be read: {why}", self.lines);
                let first = Event { at: came, title: SafeText::new(&title), ..Event::default() };
                self.unreadable.get_or_insert((0, first)).0 += 1;
            }
        }
    }

    fn add(&mut self, line: &Line, came: Timestamp) {
        let known = self.by_id.get(&line.id).copied().filter(|_| !line.id.is_empty());
        let events = Arc::make_mut(&mut self.events);
        if let Some(event) = known.and_then(|place| events.get_mut(place)) {
            *event = continued(event, line, came);
            return;
        }
        if !line.id.is_empty() {
            self.by_id.insert(line.id.clone(), events.len());
        }
        self.push(line.event(came));
    }

    fn push(&mut self, event: Event) {
        let events = Arc::make_mut(&mut self.events);
        events.push(event);
        if events.len() >= MAX_EVENTS {
            self.forget();
        }
    }

    /// Forgets the oldest tenth, at once: not every new line is to move all others. What still counts stays:
    /// incidents that go on, and the last deploy of each place.
    fn forget(&mut self) {
        let events = Arc::make_mut(&mut self.events);
        let mut places = HashSet::new();
        let mut counts: Vec<bool> = events.iter().rev().map(|event| still_counts(event, &mut places)).collect();
        counts.reverse();
        let mut left = MAX_EVENTS / 10;
        let mut moved = HashMap::new();
        let mut kept = Vec::with_capacity(events.len());
        for (place, (event, counts)) in events.drain(..).zip(counts).enumerate() {
            if left > 0 && !counts {
                left -= 1;
            } else {
                moved.insert(place, kept.len());
                kept.push(event);
            }
        }
        // Should all of them count, the oldest go.
        let surplus = kept.len().saturating_sub(MAX_EVENTS * 9 / 10);
        kept.drain(..surplus);
        *events = kept;
        self.by_id.retain(|_, place| match moved.get(place).and_then(|new| new.checked_sub(surplus)) {
            Some(new) => {
                *place = new;
                true
            }
            None => false,
        });
        if self.seen.len() > 4 * MAX_EVENTS {
            self.seen.clear();
        }
    }
}

fn still_counts(event: &Event, places: &mut HashSet<(SafeText, SafeText)>) -> bool {
    match (event.kind, event.state) {
        (EventKind::Incident, EventState::Running) => true,
        (EventKind::Deploy, _) => places.insert((event.service.clone(), event.environment.clone())),
        _ => false,
    }
}

fn fingerprint(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    line.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("andon-events-{}-{name}.jsonl", std::process::id()));
            let _none_before = std::fs::remove_file(&path);
            Self(path)
        }

        fn append(&self, text: &str) {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.0).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    fn titles(followed: &Followed) -> Vec<String> {
        followed.events().iter().map(|event| event.title.to_string()).collect()
    }

    #[test]
    fn a_file_is_followed_line_by_line() {
        let scratch = Scratch::new("follow");
        let mut followed = Followed::new(scratch.0.clone());
        let now = Timestamp(1000);
        followed.read(now).unwrap();
        assert_eq!(titles(&followed), [""; 0], "no file is no event");
        scratch.append("{\"title\":\"one\",\"at\":1}\n{\"title\":\"tw");
        followed.read(now).unwrap();
        assert_eq!(titles(&followed), ["one"], "a line is read when it is whole");
        scratch.append("o\",\"at\":2}\nrubbish\n");
        followed.read(now).unwrap();
        let all = titles(&followed);
        assert_eq!(all[..2], ["one", "two"]);
        assert!(all[2].starts_with("line 3 of the events file cannot be read: "), "{all:?}");
    }

    #[test]
    fn a_file_that_is_cut_or_replaced_doubles_nothing_and_loses_nothing() {
        let scratch = Scratch::new("cut");
        let mut followed = Followed::new(scratch.0.clone());
        scratch.append("{\"title\":\"one\",\"at\":1}\n{\"title\":\"two\",\"at\":2}\n");
        followed.read(Timestamp(1000)).unwrap();
        std::fs::remove_file(&scratch.0).unwrap();
        scratch.append("{\"title\":\"two\",\"at\":2}\n{\"title\":\"three\",\"at\":3}\n");
        followed.read(Timestamp(2000)).unwrap();
        assert_eq!(titles(&followed), ["one", "two", "three"]);
        // Lines without a time, and rubbish: neither is told twice.
        scratch.append("{\"title\":\"four\"}\nrubbish\nmore\n");
        followed.read(Timestamp(3000)).unwrap();
        let whole = std::fs::read_to_string(&scratch.0).unwrap();
        std::fs::remove_file(&scratch.0).unwrap();
        scratch.append(&whole);
        followed.read(Timestamp(4000)).unwrap();
        let all = titles(&followed);
        assert_eq!(all[..4], ["one", "two", "three", "four"]);
        assert_eq!(all.len(), 5, "{all:?}");
    }

    #[test]
    fn rubbish_pushes_nothing_out_and_what_still_counts_stays() {
        let scratch = Scratch::new("rubbish");
        let mut followed = Followed::new(scratch.0.clone());
        scratch.append("{\"title\":\"v2\",\"kind\":\"deploy\",\"service\":\"shop\",\"state\":\"failed\"}\n");
        scratch.append("{\"title\":\"down\",\"kind\":\"incident\",\"id\":\"INC-1\"}\n");
        scratch.append(&"rubbish\n".repeat(20_000));
        followed.read(Timestamp(1000)).unwrap();
        let lines: Vec<String> = (0..20_000).map(|n| format!("{{\"title\":\"note {n}\"}}\n")).collect();
        for block in lines.chunks(5000) {
            scratch.append(&block.concat());
            followed.read(Timestamp(2000)).unwrap();
        }
        let all = titles(&followed);
        assert!(all.len() <= MAX_EVENTS && all[..2] == ["v2", "down"], "{:?}", &all[..3]);
        assert!(all.last().unwrap().ends_with("(and 19999 more)"), "{:?}", all.last());
        scratch.append("{\"title\":\"mended\",\"kind\":\"incident\",\"id\":\"INC-1\",\"state\":\"done\"}\n");
        followed.read(Timestamp(3000)).unwrap();
        assert_eq!(followed.events()[1].state, EventState::Done, "its id still leads to it");
    }

    #[test]
    fn what_stood_there_before_did_not_happen_now() {
        let scratch = Scratch::new("before");
        scratch.append("\u{feff}{\"title\":\"old\"}\n");
        let far = Timestamp(i64::MAX / 2);
        let mut followed = Followed::new(scratch.0.clone());
        followed.read(far).unwrap();
        assert!(followed.events()[0].at < far);
        scratch.append("{\"title\":\"new\"}\n");
        followed.read(far).unwrap();
        assert_eq!(followed.events()[1].at, far);
    }

    #[test]
    fn it_stays_bounded() {
        let scratch = Scratch::new("many");
        let mut followed = Followed::new(scratch.0.clone());
        for block in 0..3 {
            let line = |n: i32| format!("{{\"title\":\"e\",\"id\":\"{block}-{n}\",\"at\":{n}}}\n");
            let lines = (0..8000).map(line).collect::<Vec<_>>().concat();
            scratch.append(&lines);
            followed.read(Timestamp(1000)).unwrap();
        }
        assert!(followed.events().len() <= MAX_EVENTS);
        assert!(followed.by_id.len() <= MAX_EVENTS);
        scratch.append("{\"title\":\"ended\",\"id\":\"2-7999\"}\n");
        followed.read(Timestamp(1000)).unwrap();
        assert_eq!(followed.events().last().unwrap().title.as_str(), "ended", "ids still lead to their events");
    }
}
