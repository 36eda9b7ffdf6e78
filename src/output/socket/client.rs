//! The viewer's side: what a server sends, on this terminal. It knows no board, no source and no theme.

use std::path::PathBuf;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use tokio::sync::watch;
use tokio::time::Instant;

use super::link::{Link, News};
use super::message::{Extent, FromServer, FromViewer, Hello, Picture, Ring, VERSION};
use super::picture::{shown, style};
use crate::model::text::SafeText;
use crate::model::time::Span;
use crate::output::ansi::{Depth, encode};
use crate::output::terminal::screen;
use crate::output::terminal::shown::{Drawn, Shown};
use crate::render::Glyphs;
use crate::render::chrome::alarm;
use crate::viewer::{Effect, Input, Key, MAX_SIZE, Screen, Signal};

/// What a viewer begins with.
#[derive(Debug, Clone)]
pub struct Start {
    /// Where the server listens.
    pub socket: PathBuf,
    /// What this terminal can show.
    pub screen: Screen,
    /// A theme by its name; empty for that of the board.
    pub theme: String,
    /// What is looked at first, as an [`Address`](crate::view::address::Address).
    pub address: String,
}

/// A viewer of a board elsewhere.
#[derive(Debug)]
pub struct Remote {
    socket: PathBuf,
    screen: Screen,
    hello: watch::Sender<Hello>,
    link: Link,
    size: (u16, u16),
    /// What the server has sent last, on this connection or on the one before.
    sent: Option<Buffer>,
    /// Whether that is on the screen; the server waits for it.
    is_acknowledged: bool,
    muted: Style,
    alarm: Style,
    /// When something was heard last, and why nothing is.
    heard_at: Instant,
    lost: Option<String>,
    /// What is on the screen.
    drawn: Option<Buffer>,
    ring: Option<Signal>,
    is_dirty: bool,
    /// The server has said that this is the end.
    has_ended: bool,
}

impl Remote {
    /// Connects, on the current runtime.
    pub fn start(start: Start) -> Self {
        let Start { socket, screen, theme, address } = start;
        let size = screen::size();
        let (depth, glyphs) = numbers(screen);
        let size_of = Some(Extent::of(size));
        let kiosk = screen.kiosk;
        let hello = watch::Sender::new(Hello { version: VERSION, size: size_of, depth, glyphs, kiosk, theme, address });
        Self {
            link: Link::start(socket.clone(), hello.subscribe()),
            socket,
            screen,
            hello,
            size,
            sent: None,
            is_acknowledged: true,
            muted: Style::new().add_modifier(Modifier::DIM),
            alarm: Style::new().add_modifier(Modifier::REVERSED),
            heard_at: Instant::now(),
            lost: None,
            drawn: None,
            ring: None,
            is_dirty: false,
            has_ended: false,
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Said(said) => self.hear(said),
            News::Lost { why, for_good } => {
                self.has_ended |= for_good && why.is_empty();
                self.lost = Some(why);
                self.is_acknowledged = true;
                self.is_dirty = true;
            }
        }
    }

    fn hear(&mut self, said: FromServer) {
        match said {
            FromServer::Picture(picture) => self.look(&picture),
            FromServer::Address(address) => {
                self.hello.send_modify(|hello| hello.address = address);
            }
            FromServer::Ring(Ring { bell, desktop }) => {
                let desktop = (!desktop.is_empty()).then(|| SafeText::new(&desktop));
                self.ring = Some(Signal { bell, desktop });
            }
            FromServer::Welcome(_) | FromServer::Farewell(_) => {}
        }
    }

    fn look(&mut self, picture: &Picture) {
        match shown(self.sent.as_ref(), picture) {
            Ok(buffer) => {
                self.muted = picture.muted.map_or(self.muted, style);
                self.alarm = picture.alarm.map_or(self.alarm, style);
                if picture.is_whole {
                    // It is written over whatever is there.
                    self.drawn = None;
                }
                self.heard_at = Instant::now();
                self.sent = Some(buffer);
                self.lost = None;
                self.is_acknowledged = false;
            }
            // Without its acknowledgement the server gives this connection up, and a new one begins with every cell.
            Err(why) => self.lost = Some(format!("the server has sent something that makes no sense: {why}")),
        }
        self.is_dirty = true;
    }

    /// What is to be on the screen.
    fn picture(&self) -> Buffer {
        let (width, height) = (self.size.0.min(MAX_SIZE.0), self.size.1.min(MAX_SIZE.1));
        let area = Rect::new(0, 0, width, height);
        let Some(why) = &self.lost else {
            return self.sent.clone().unwrap_or_else(|| Buffer::empty(area));
        };
        let mut buffer = Buffer::empty(area);
        buffer.set_style(area, self.muted);
        let silence = Span(i64::try_from(self.heard_at.elapsed().as_millis()).unwrap_or(i64::MAX));
        if let Some(sent) = &self.sent {
            for position in sent.area.intersection(area).positions() {
                if let (Some(here), Some(cell)) = (buffer.cell_mut(position), sent.cell(position)) {
                    here.set_symbol(cell.symbol());
                }
            }
            // The footer says what was so then: which keys there were, how old the data was.
            let footer = format!(" q quit · this is how it was {} ago", silence.brief());
            let footer = format!("{footer:<width$}", width = usize::from(width));
            buffer.set_string(0, height.saturating_sub(1), footer, self.muted);
        }
        let below = format!("for {} · {}: {why}", silence.brief(), self.socket.display());
        alarm("NO SIGNAL", &below, area, &mut buffer, (self.alarm, self.screen.glyphs));
        buffer
    }
}

fn numbers(screen: Screen) -> (u32, u32) {
    let depth = match screen.depth {
        Depth::None => 0,
        Depth::Ansi16 => 1,
        Depth::Ansi256 => 2,
        Depth::True => 3,
    };
    let glyphs = match screen.glyphs {
        Glyphs::Full => 0,
        Glyphs::Block => 1,
        Glyphs::Ascii => 2,
    };
    (depth, glyphs)
}

impl Shown for Remote {
    fn input(&mut self, input: Input) -> Option<Effect> {
        match input {
            // Whatever a server does: who looks can leave.
            Input::Key(Key::Ctrl('c')) => return Some(Effect::Quit),
            Input::Key(Key::Char('q')) if self.lost.is_some() => return Some(Effect::Quit),
            _ => self.link.send(FromViewer::of(input)),
        }
        // The server repaints; the terminal is cleared here.
        (input == Input::Key(Key::Ctrl('l'))).then_some(Effect::Repaint)
    }

    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
        self.hello.send_modify(|hello| hello.size = Some(Extent::of(size)));
        self.link.send(FromViewer::Size(Extent::of(size)));
        self.wake();
    }

    fn wake(&mut self) {
        self.drawn = None;
        self.is_dirty = true;
    }

    fn tick(&mut self) {
        // The age grows.
        self.is_dirty |= self.lost.is_some();
    }

    async fn changed(&mut self) {
        match self.link.news.recv().await {
            Some(news) => self.take(news),
            None => std::future::pending().await,
        }
    }

    fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// A viewer without its server says so, and is well.
    fn is_up_to_date(&self) -> bool {
        true
    }

    fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn draw(&mut self) -> Option<Drawn> {
        if !std::mem::take(&mut self.is_dirty) {
            return None;
        }
        let after = self.picture();
        let before = self.drawn.take().filter(|before| before.area == after.area);
        let bytes = encode(before.as_ref(), &after, self.screen.depth);
        self.drawn = Some(after);
        if !std::mem::replace(&mut self.is_acknowledged, true) {
            self.link.has_shown();
        }
        Some(Drawn { bytes, is_whole: before.is_none(), ring: self.ring.take() })
    }

    fn leave(&mut self) {}
}
