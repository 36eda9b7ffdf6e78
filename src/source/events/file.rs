//! A file of events that grows, is cut, and is replaced; each line is read once.

use std::collections::{HashMap, HashSet};
use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::line::{Line, continued};
use super::position::{MOST_BYTES, Position, Within, until_where};
use super::recent::Recent;
use super::regular::{open, reason};
use crate::model::event::{Event, EventKind, EventState, MAX_EVENTS};
use crate::model::fault::{FetchError, Reason};
use crate::model::telemetry::Caveat;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Lines that are known again.
const SEEN: usize = 4 * MAX_EVENTS;

/// A file that is followed, with what was read of it.
#[derive(Debug, Clone)]
pub(super) struct Followed {
    path: PathBuf,
    /// Which file it was, how far it was read, and what stood just before that.
    position: Option<Position>,
    lines: u64,
    /// Lines that cannot be read: how many, and what is said of the first.
    unreadable: Option<(u64, Event)>,
    /// What was read lately, should the file be written again, or something be reported twice.
    seen: Recent,
    events: Arc<Vec<Event>>,
    by_id: HashMap<String, usize>,
    /// What is wrong with the file though it can be read.
    trouble: Option<Caveat>,
}

impl Followed {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            position: None,
            lines: 0,
            unreadable: None,
            seen: Recent::new(SEEN),
            events: Arc::default(),
            by_id: HashMap::new(),
            trouble: None,
        }
    }

    /// All events so far.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = self.events.as_ref().clone();
        // Nothing is lost without a word: the board says which line it cannot read.
        events.extend(self.unreadable.as_ref().map(|(_, first)| first.clone()));
        events
    }

    /// What has to be known of these events.
    pub(super) fn caveats(&self) -> Vec<Caveat> {
        let unreadable = self.unreadable.as_ref().map(|(count, first)| {
            let more = if *count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            Caveat { text: SafeText::new(&format!("{}{more}", first.title)), partial: false }
        });
        self.trouble.iter().cloned().chain(unreadable).collect()
    }

    /// Reads what is new. A file that is not there yet has no events, as long as its folder is there.
    pub(super) fn read(&mut self, now: Timestamp) -> Result<(), FetchError> {
        self.trouble = None;
        let read = match open(&self.path) {
            Ok((file, meta)) => self.read_on(file, &meta, now),
            Err(error) if error.kind() == ErrorKind::NotFound => self.is_not_there(),
            Err(error) => Err(error),
        };
        read.map_err(|error| {
            let detail = format!("{} cannot be read: {}", self.path.display(), reason(&error));
            FetchError::new(Reason::File, detail)
        })?;
        Ok(())
    }

    fn warn(&mut self, text: &str, partial: bool) {
        self.trouble = Some(Caveat { text: SafeText::new(text), partial });
    }

    /// There is no file: it has no events yet, if it can be made. One that was there is missed.
    fn is_not_there(&mut self) -> std::io::Result<()> {
        if std::fs::symlink_metadata(&self.path).is_ok() {
            return Err(std::io::Error::other("it is a link to a file that is not there"));
        }
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        if !std::fs::metadata(folder).is_ok_and(|meta| meta.is_dir()) {
            let why = format!("there is no folder {}; make it, or correct file = \"...\"", folder.display());
            return Err(std::io::Error::other(why));
        }
        if self.position.is_some() {
            self.warn(&format!("{} is gone; the events read so far are shown", self.path.display()), false);
        }
        Ok(())
    }

    fn read_on(&mut self, mut file: File, meta: &Metadata, now: Timestamp) -> std::io::Result<()> {
        // Another file, or a shorter one: it is read from its start. What was known stays known.
        let goes_on = self.position.as_ref().map_or(Ok(false), |position| position.goes_on_in(&mut file, meta))?;
        let former = self.position.take().filter(|_| goes_on);
        let before = if goes_on {
            Recent::new(0)
        } else {
            (self.lines, self.unreadable) = (0, None);
            std::mem::replace(&mut self.seen, Recent::new(SEEN))
        };
        let mut position = former.unwrap_or_else(|| Position::first_in(meta));
        // What stood there before we looked came at its last change at the latest.
        let came = if goes_on { now } else { Timestamp(meta.mtime().saturating_mul(1000)).min(now) };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(position.read))?;
        file.take(MOST_BYTES).read_to_end(&mut bytes)?;
        let (read, (taken, within)) = (bytes.len(), until_where(&bytes, position.within));
        bytes.truncate(taken);
        let begun = std::mem::replace(&mut position.within, within);
        if within != Within::Lost {
            self.take_all_in(&String::from_utf8_lossy(&bytes), begun, &before, came);
        } else if !(goes_on && begun == Within::Lost) {
            self.lines += u64::from(begun == Within::Nothing);
            self.cannot_read("it is longer than 4 MiB", came);
        }
        let rest = read - bytes.len();
        if rest > 0 && std::mem::replace(&mut position.rest, rest) == rest {
            self.warn(&format!("the last line of {} is not complete", self.path.display()), true);
        }
        position.has_read(&bytes);
        let left = meta.len().saturating_sub(position.read);
        if left > MOST_BYTES {
            self.warn(&format!("{} MiB of {} are still to be read", left >> 20, self.path.display()), true);
        }
        self.position = Some(position);
        Ok(())
    }

    fn take_all_in(&mut self, text: &str, begun: Within, before: &Recent, came: Timestamp) {
        for (number, line) in text.lines().enumerate() {
            // The rest of a line whose start was counted.
            let is_rest = number == 0 && begun != Within::Nothing;
            self.lines += u64::from(!is_rest);
            if !(is_rest && begun == Within::Lost) {
                self.take_in(line.trim_start_matches('\u{feff}'), before, came);
            }
        }
    }

    /// Takes a line in, unless it was in the previous file, or is of an event that was reported already.
    fn take_in(&mut self, text: &str, before: &Recent, came: Timestamp) {
        if text.trim().is_empty() {
            return;
        }
        let line = Line::parse(text);
        let delivery = line.as_ref().map_or("", |line| line.delivery.as_str());
        let fingerprint = fingerprint(if delivery.is_empty() { text } else { delivery });
        let is_told_again = !self.seen.insert(fingerprint) && !delivery.is_empty();
        if is_told_again || before.contains(fingerprint) {
            return;
        }
        match line {
            Ok(line) => self.add(&line, came),
            Err(why) => self.cannot_read(&why, came),
        }
    }

    fn cannot_read(&mut self, why: &str, came: Timestamp) {
        let title = format!("line {} of the events file cannot be read: {why}", self.lines);
        let first = Event { at: came, title: SafeText::new(&title), ..Event::default() };
        self.unreadable.get_or_insert((0, first)).0 += 1;
    }

    fn add(&mut self, line: &Line, came: Timestamp) {
        let known = self.by_id.get(&line.id).copied().filter(|_| !line.id.is_empty());
        let events = Arc::make_mut(&mut self.events);
        if let Some(event) = known.and_then(|index| events.get_mut(index)) {
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
        for (index, (event, counts)) in events.drain(..).zip(counts).enumerate() {
            if left > 0 && !counts {
                left -= 1;
            } else {
                moved.insert(index, kept.len());
                kept.push(event);
            }
        }
        // Should all of them count, the oldest go.
        let surplus = kept.len().saturating_sub(MAX_EVENTS * 9 / 10);
        kept.drain(..surplus);
        *events = kept;
        self.by_id.retain(|_, index| match moved.get(index).and_then(|new| new.checked_sub(surplus)) {
            Some(new) => {
                *index = new;
                true
            }
            None => false,
        });
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

    use super::super::regular::unwritable;
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
        // Lines without a time, and rubbish: neither is reported twice.
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
        let caveats = followed.caveats();
        assert!(caveats[0].text.as_str().ends_with("(and 19999 more)") && !caveats[0].partial, "{caveats:?}");
        scratch.append("{\"title\":\"mended\",\"kind\":\"incident\",\"id\":\"INC-1\",\"state\":\"done\"}\n");
        followed.read(Timestamp(3000)).unwrap();
        assert_eq!(followed.events()[1].state, EventState::Done, "its id still leads to it");
    }

    #[test]
    fn what_is_told_twice_happened_once() {
        let scratch = Scratch::new("twice");
        let mut followed = Followed::new(scratch.0.clone());
        let told =
            |title: &str, delivery: &str| format!("{{\"title\":\"{title}\",\"at\":1,\"delivery\":\"{delivery}\"}}\n");
        scratch.append(&(told("one", "a") + &told("two", "b") + &told("one", "a")));
        followed.read(Timestamp(1000)).unwrap();
        scratch.append(&(told("two", "b") + "{\"title\":\"ping\",\"at\":1}\n{\"title\":\"ping\",\"at\":1}\n"));
        followed.read(Timestamp(2000)).unwrap();
        assert_eq!(titles(&followed), ["one", "two", "ping", "ping"], "without a delivery each line counts");
    }

    #[test]
    fn an_event_without_a_line_end_counts_and_a_line_that_is_not_complete_is_said() {
        let scratch = Scratch::new("end");
        let mut followed = Followed::new(scratch.0.clone());
        let mut look = |text: &str| {
            scratch.append(text);
            followed.read(Timestamp(1000)).unwrap();
            let caveats = followed.caveats().iter().map(|one| (one.text.to_string(), one.partial)).collect::<Vec<_>>();
            (titles(&followed).join(" "), caveats)
        };
        assert_eq!(look("{\"title\":\"one\"}"), ("one".to_owned(), vec![]));
        assert_eq!(look("\n{\"title\":"), ("one".to_owned(), vec![]), "somebody may be writing it just now");
        let (titles, caveats) = look("");
        assert_eq!((titles.as_str(), caveats.len()), ("one", 1));
        assert!(caveats[0].0.ends_with(" is not complete") && caveats[0].1, "{caveats:?}");
        assert_eq!(look("\"two\"}\n"), ("one two".to_owned(), vec![]));
        let (_, caveats) = look("rubbish\n");
        assert!(caveats[0].0.starts_with("line 3 of the events file"), "{caveats:?}");
    }

    #[test]
    fn all_that_was_added_is_read_and_a_line_too_long_is_said() {
        let scratch = Scratch::new("long");
        let mut followed = Followed::new(scratch.0.clone());
        scratch.append("{\"title\":\"first\"}\n");
        followed.read(Timestamp(1000)).unwrap();
        let blank = format!("{}\n", " ".repeat(1023)).repeat(9 * 1024);
        scratch.append(&("{\"title\":\"second\"}\n".to_owned() + &blank + "{\"title\":\"third\"}\n"));
        followed.read(Timestamp(1000)).unwrap();
        assert!(followed.caveats()[0].text.as_str().starts_with("5 MiB of "), "{:?}", followed.caveats());
        for _ in 0..2 {
            followed.read(Timestamp(1000)).unwrap();
        }
        assert_eq!(titles(&followed), ["first", "second", "third"]);
        assert_eq!(followed.caveats(), []);
        scratch.append(&("x".repeat(5 << 20) + "\n{\"title\":\"fourth\"}\n"));
        for _ in 0..2 {
            followed.read(Timestamp(1000)).unwrap();
        }
        assert!(titles(&followed).contains(&"fourth".to_owned()));
        assert!(followed.caveats()[0].text.as_str().ends_with("it is longer than 4 MiB"), "{:?}", followed.caveats());
    }

    #[test]
    fn a_file_that_cannot_have_events_is_no_empty_one() {
        let scratch = Scratch::new("nowhere");
        let why = |path: &Path| Followed::new(path.to_owned()).read(Timestamp(1000)).unwrap_err().to_string();
        let said = why(&scratch.0.join("sub/e.jsonl"));
        assert!(said.contains("there is no folder ") && said.contains("make it, or correct file = "), "{said}");
        std::os::unix::fs::symlink("/nowhere/at-all", &scratch.0).unwrap();
        assert!(why(&scratch.0).ends_with("it is a link to a file that is not there"));
        assert!(why(Path::new("/dev/null")).ends_with("/dev/null cannot be read: it is not a regular file"));
        assert!(unwritable(Path::new("/dev/full/e.jsonl")).is_some());
        assert_eq!(unwritable(&std::env::temp_dir().join("e.jsonl")), None);
        assert!(why(&std::env::temp_dir()).ends_with("it is not a regular file"));
        rustix::fs::mknodat(
            rustix::fs::CWD,
            scratch.0.with_extension("pipe"),
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        let pipe = Scratch(scratch.0.with_extension("pipe"));
        assert!(why(&pipe.0).ends_with("it is not a regular file"), "it would wait for ever");
    }

    #[test]
    fn a_file_that_is_gone_is_missed() {
        let scratch = Scratch::new("gone");
        let mut followed = Followed::new(scratch.0.clone());
        scratch.append("{\"title\":\"one\"}\n");
        followed.read(Timestamp(1000)).unwrap();
        assert_eq!(followed.caveats(), []);
        std::fs::remove_file(&scratch.0).unwrap();
        followed.read(Timestamp(2000)).unwrap();
        assert_eq!(titles(&followed), ["one"]);
        assert!(followed.caveats()[0].text.as_str().contains("is gone"), "{:?}", followed.caveats());
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
