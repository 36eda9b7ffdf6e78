//! Somebody at a socket, or in a browser, who tries every key; and all that they have seen.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use andon::input::keymap::HELP;
use andon::output::socket::framing::{framed, unframed};
use andon::output::socket::message::{Extent, FromServer, FromViewer, Hello, Shown, ToServer, ToViewer, VERSION};
use andon::output::socket::picture::shown;
use andon::viewer::{Input, Key};
use ratatui::buffer::{Buffer, Cell};

use super::board::Target;
use crate::support::page::{Page, Stream};
use crate::support::pty::PATIENCE;

const SIZE: (u16, u16) = (240, 70);

/// Somebody who looks.
pub trait Eyes {
    /// Does something.
    fn sends(&mut self, input: Input);
    /// Waits for the next picture.
    fn looks(&mut self);
    /// Does something, and looks at the next picture.
    fn does(&mut self, input: Input) {
        self.sends(input);
        self.looks();
    }
    /// All rows of all pictures, and whatever else was said.
    fn seen(&self) -> &str;
}

/// At a socket.
pub struct AtSocket {
    stream: UnixStream,
    screen: Option<Buffer>,
    seen: String,
}

impl AtSocket {
    pub fn connect(socket: &Path) -> UnixStream {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    pub fn open(socket: &Path, address: &str) -> Self {
        let mut eyes = Self { stream: Self::connect(socket), screen: None, seen: String::new() };
        eyes.say(FromViewer::Hello(Hello { address: address.to_owned(), ..hello() }));
        eyes.looks();
        eyes
    }

    pub fn say(&mut self, what: FromViewer) {
        self.stream.write_all(&framed(&ToServer { what: Some(what) })).unwrap();
    }

    /// The next message; none at the end.
    pub fn hears(stream: &mut UnixStream) -> Option<ToViewer> {
        let mut length = [0; 4];
        stream.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut bytes).ok()?;
        Some(unframed(&bytes).unwrap())
    }
}

impl Eyes for AtSocket {
    fn sends(&mut self, input: Input) {
        self.say(FromViewer::of(input));
    }

    /// The picture is shown.
    fn looks(&mut self) {
        loop {
            let said = Self::hears(&mut self.stream).expect("the server has ended the connection");
            match said.what {
                Some(FromServer::Picture(picture)) => {
                    let screen = shown(self.screen.as_ref(), &picture).unwrap();
                    for y in 0..screen.area.height {
                        let row = (0..screen.area.width).filter_map(|x| screen.cell((x, y)));
                        self.seen.extend(row.map(Cell::symbol));
                        self.seen.push('\n');
                    }
                    self.screen = Some(screen);
                    self.say(FromViewer::Shown(Shown {}));
                    return;
                }
                other => self.seen.push_str(&format!("{other:?}\n")),
            }
        }
    }

    fn seen(&self) -> &str {
        &self.seen
    }
}

pub fn hello() -> Hello {
    Hello { version: VERSION, size: Some(Extent::of(SIZE)), depth: 3, ..Hello::default() }
}

/// In a browser.
pub struct InBrowser<'a> {
    page: &'a Page,
    token: Option<String>,
    stream: Stream,
    rows: BTreeMap<u64, String>,
    seen: String,
}

impl<'a> InBrowser<'a> {
    pub fn open(target: &'a Target, audience: &str, query: &str) -> Self {
        let token = Target::token(audience);
        let headers: Vec<&str> = token.iter().map(String::as_str).collect();
        let stream = target.page.stream_of(&format!("{}x{}", SIZE.0, SIZE.1), query, &headers);
        let mut eyes = Self { page: &target.page, token, stream, rows: BTreeMap::new(), seen: String::new() };
        eyes.looks();
        eyes
    }
}

impl Eyes for InBrowser<'_> {
    fn sends(&mut self, input: Input) {
        let done = match input {
            Input::Key(Key::Char(character)) => format!("key=char:%{:02x}", u32::from(character)),
            Input::Key(Key::Ctrl(_)) | Input::WheelUp | Input::WheelDown => return,
            Input::Key(key) => format!("key={}", format!("{key:?}").to_lowercase()),
            Input::Click(column, row) => format!("click={column}x{row}"),
        };
        let headers: Vec<&str> = self.token.iter().map(String::as_str).collect();
        let (status, head, body) =
            self.page.ask("GET", &format!("/input?viewer={}&{done}", self.stream.viewer), &headers);
        assert_eq!(status, 204, "{done}: {head} {body}");
        self.seen.push_str(&format!("{head}{body}\n"));
    }

    fn looks(&mut self) {
        let (name, picture) = loop {
            let (name, data) = self.stream.next();
            self.seen.push_str(&format!("{name} {data}\n"));
            if name == "picture" {
                break (name, data);
            }
        };
        assert_eq!(name, "picture");
        for row in picture["changed"].as_array().unwrap() {
            let runs = row[1].as_array().unwrap();
            let text: String = runs.iter().filter_map(|run| run[3].as_str()).collect();
            self.rows.insert(row[0].as_u64().unwrap(), text);
        }
        self.seen.push_str(&self.rows.values().map(String::as_str).collect::<Vec<_>>().join("\n"));
    }

    fn seen(&self) -> &str {
        &self.seen
    }
}

/// Every page, every panel of it zoomed, every list scrolled, searched, filtered and grouped, all events, the help, themes.
pub fn explores(eyes: &mut dyn Eyes, panels: usize) {
    let named = [Key::Enter, Key::Esc, Key::Esc, Key::Esc].map(Input::Key);
    for page in ['1', '2', '3'] {
        eyes.does(Input::Key(Key::Char(page)));
        for _ in 0..panels {
            eyes.does(Input::Key(Key::Tab));
            eyes.does(named[0]);
            for key in "nvvj".chars() {
                eyes.does(Input::Key(Key::Char(key)));
            }
            for key in [Key::Left, Key::Right] {
                eyes.does(Input::Key(key));
            }
            for key in "/z".chars() {
                eyes.does(Input::Key(Key::Char(key)));
            }
            eyes.does(Input::Key(Key::Enter));
            named[1..].iter().for_each(|key| eyes.does(*key));
        }
        for (key, then) in [('!', '!'), ('?', ' '), ('p', 'p'), ('T', 'T'), (']', '['), ('g', 'r')] {
            eyes.does(Input::Key(Key::Char(key)));
            eyes.does(Input::Key(Key::Char(then)));
        }
        for (column, row) in [(1, 0), (30, 1), (60, 10), (60, 10), (200, 50), (200, 50), (0, 69), (u16::MAX, u16::MAX)]
        {
            eyes.does(Input::Click(column, row));
        }
        named[1..].iter().for_each(|key| eyes.does(*key));
    }
}

/// Every key there is, but for those that leave.
pub fn every_key() -> Vec<Input> {
    let printable = (' '..='~').filter(|key| *key != 'q').map(Key::Char);
    let with_ctrl = ('a'..='z').filter(|key| *key != 'c').map(Key::Ctrl);
    let others =
        [Key::Enter, Key::Esc, Key::Backspace, Key::Tab, Key::BackTab, Key::Up, Key::Down, Key::Left, Key::Right];
    let keys: Vec<Key> = printable.chain(with_ctrl).chain(others).collect();
    assert!(
        HELP.iter()
            .flat_map(|(keys, _)| keys.chars())
            .filter(|key| key.is_ascii_graphic() && *key != 'q')
            .all(|key| { keys.contains(&Key::Char(key)) })
    );
    keys.into_iter().map(Input::Key).chain([Input::WheelUp, Input::WheelDown]).collect()
}
