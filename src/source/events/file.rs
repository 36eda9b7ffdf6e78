//! A file of events that grows, is cut, and is replaced; each line is read once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use super::line::{Line, continued};
use crate::model::event::{Event, EventKind};
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
        Self { path, place: None, lines: 0, events: Arc::default(), by_id: HashMap::new() }
    }

    /// All events so far.
    pub(super) fn events(&self) -> Vec<Event> {
        self.events.as_ref().clone()
    }

    /// Reads what is new. A file that is not there has no events yet.
    pub(super) fn read(&mut self, now: Timestamp) -> Result<(), FetchError> {
        let wrong = |error: &std::io::Error| {
            let detail = format!("{} cannot be read: {}", self.path.display(), error.kind());
            FetchError::new(Reason::Exec, detail)
        };
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.map_err(|error| wrong(&error))?,
        };
        let meta = file.metadata().map_err(|error| wrong(&error))?;
        if !meta.is_file() {
            return Err(FetchError::new(Reason::Exec, format!("{} is not a file", self.path.display())));
        }
        // Another file, or a shorter one: it begins anew. What was known stays known.
        let goes_on = match &self.place {
            Some(place) => place.goes_on_in(&mut file, &meta).map_err(|error| wrong(&error))?,
            None => false,
        };
        let former = self.place.take().filter(|_| goes_on);
        let from = former.as_ref().map_or(0, |place| place.read);
        if from == 0 {
            self.lines = 0;
        }
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
            self.take_in(line, now);
        }
        let mut before = former.map(|place| place.before).unwrap_or_default();
        before.extend_from_slice(&bytes);
        before.drain(..before.len().saturating_sub(MARK));
        self.place = Some(Place { inode: meta.ino(), read: begin + whole as u64, before });
        Ok(())
    }

    fn take_in(&mut self, text: &str, now: Timestamp) {
        if text.trim().is_empty() {
            return;
        }
        match Line::parse(text) {
            Ok(line) => self.add(&line, now),
            // Nothing is lost without a word: the board says which line it cannot read.
            Err(why) => {
                let title = SafeText::new(&format!("line {} of the events file cannot be read: {why}", self.lines));
                self.push(Event { at: now, kind: EventKind::Note, title, ..Event::default() });
            }
        }
    }

    fn add(&mut self, line: &Line, now: Timestamp) {
        let known = self.by_id.get(&line.id).copied().filter(|_| !line.id.is_empty());
        let events = Arc::make_mut(&mut self.events);
        if let Some(event) = known.and_then(|place| events.get_mut(place)) {
            *event = continued(event, line, now);
            return;
        }
        let event = line.event(now);
        // A file that was written anew has the lines of before once more.
        if line.at.is_some() && events.contains(&event) {
            return;
        }
        if !line.id.is_empty() {
            self.by_id.insert(line.id.clone(), events.len());
        }
        self.push(event);
    }

    fn push(&mut self, event: Event) {
        let events = Arc::make_mut(&mut self.events);
        events.push(event);
        if events.len() > MAX_EVENTS {
            // A tenth at once: not every new line is to move all others.
            let surplus = MAX_EVENTS / 10;
            events.drain(..surplus);
            self.by_id.retain(|_, place| *place >= surplus);
            self.by_id.values_mut().for_each(|place| *place -= surplus);
        }
    }
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
