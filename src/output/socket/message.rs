//! The messages, in Protocol Buffers. A field is never given another meaning; what is new gets a new number.

use prost::{Message, Oneof};

use crate::viewer::{Input, Key};

/// The version of the protocol. Both sides must speak the same.
pub const VERSION: u32 = 1;

/// What a viewer sends.
#[derive(Clone, PartialEq, Message)]
pub struct ToServer {
    /// One of these.
    #[prost(oneof = "FromViewer", tags = "1, 2, 3, 4, 5, 6")]
    pub what: Option<FromViewer>,
}

/// What a viewer sends.
#[derive(Clone, PartialEq, Oneof)]
pub enum FromViewer {
    /// The first message.
    #[prost(message, tag = "1")]
    Hello(Hello),
    /// The last picture is on the screen.
    #[prost(message, tag = "2")]
    Shown(Shown),
    /// A key, by its number.
    #[prost(uint32, tag = "3")]
    Key(u32),
    /// A click.
    #[prost(message, tag = "4")]
    Click(Extent),
    /// The wheel is turned: up, or down.
    #[prost(bool, tag = "5")]
    Wheel(bool),
    /// The screen has another size.
    #[prost(message, tag = "6")]
    Size(Extent),
}

/// Who looks, and on what.
#[derive(Clone, PartialEq, Message)]
pub struct Hello {
    /// The version of the protocol.
    #[prost(uint32, tag = "1")]
    pub version: u32,
    /// The size of the screen.
    #[prost(message, optional, tag = "2")]
    pub size: Option<Extent>,
    /// Its colours: 0 none, 1 sixteen, 2 of 256, 3 of 24 bits.
    #[prost(uint32, tag = "3")]
    pub depth: u32,
    /// Its characters: 0 full, 1 blocks, 2 ASCII.
    #[prost(uint32, tag = "4")]
    pub glyphs: u32,
    /// Whether it hangs on a wall.
    #[prost(bool, tag = "5")]
    pub kiosk: bool,
    /// The name of a theme; empty for that of the board.
    #[prost(string, tag = "6")]
    pub theme: String,
    /// What it wants to look at, as an [`Address`](crate::view::address::Address); empty for the first page.
    #[prost(string, tag = "7")]
    pub address: String,
}

/// Nothing to say but that.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Shown {}

/// Columns and rows: a size, or a cell counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Extent {
    /// Columns.
    #[prost(uint32, tag = "1")]
    pub columns: u32,
    /// Rows.
    #[prost(uint32, tag = "2")]
    pub rows: u32,
}

/// What a server sends.
#[derive(Clone, PartialEq, Message)]
pub struct ToViewer {
    /// One of these.
    #[prost(oneof = "FromServer", tags = "1, 2, 3, 4, 5")]
    pub what: Option<FromServer>,
}

/// What a server sends.
#[derive(Clone, PartialEq, Oneof)]
pub enum FromServer {
    /// The first message, where the viewer may look.
    #[prost(message, tag = "1")]
    Welcome(Welcome),
    /// What is to be seen.
    #[prost(message, tag = "2")]
    Picture(Picture),
    /// What the viewer looks at now, as in [`Hello`].
    #[prost(string, tag = "3")]
    Address(String),
    /// What is told once.
    #[prost(message, tag = "4")]
    Ring(Ring),
    /// The last message.
    #[prost(message, tag = "5")]
    Farewell(Farewell),
}

/// The viewer may look.
#[derive(Clone, PartialEq, Message)]
pub struct Welcome {
    /// The version of the protocol.
    #[prost(uint32, tag = "1")]
    pub version: u32,
}

/// What differs from the picture before.
#[derive(Clone, PartialEq, Message)]
pub struct Picture {
    /// Its size. When that is another one than before, every cell is sent.
    #[prost(message, optional, tag = "1")]
    pub size: Option<Extent>,
    /// Whether every cell is sent.
    #[prost(bool, tag = "2")]
    pub is_whole: bool,
    /// The styles that the runs have.
    #[prost(message, repeated, tag = "3")]
    pub styles: Vec<Look>,
    /// The cells.
    #[prost(message, repeated, tag = "4")]
    pub runs: Vec<Run>,
    /// How data looks that is too old: with this the viewer dims the picture when the server is gone.
    #[prost(message, optional, tag = "5")]
    pub muted: Option<Look>,
    /// How it says so.
    #[prost(message, optional, tag = "6")]
    pub alarm: Option<Look>,
}

/// Neighbouring cells of one style.
#[derive(Clone, PartialEq, Message)]
pub struct Run {
    /// Row, from 0.
    #[prost(uint32, tag = "1")]
    pub row: u32,
    /// The first column, from 0.
    #[prost(uint32, tag = "2")]
    pub column: u32,
    /// Which style of the picture.
    #[prost(uint32, tag = "3")]
    pub style: u32,
    /// The characters.
    #[prost(string, tag = "4")]
    pub text: String,
}

/// A style.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct Look {
    /// The colour of the characters: 0 that of the terminal; 0x01rrggbb; 0x020000nn one of 256.
    #[prost(uint32, tag = "1")]
    pub foreground: u32,
    /// The colour behind them.
    #[prost(uint32, tag = "2")]
    pub background: u32,
    /// 1 bold, 2 dim, 4 underlined, 8 reversed.
    #[prost(uint32, tag = "3")]
    pub modifiers: u32,
}

/// What is told once.
#[derive(Clone, PartialEq, Message)]
pub struct Ring {
    /// Whether the bell rings.
    #[prost(bool, tag = "1")]
    pub bell: bool,
    /// What the desktop behind the terminal shows; empty for nothing.
    #[prost(string, tag = "2")]
    pub desktop: String,
}

/// The server ends the connection.
#[derive(Clone, PartialEq, Message)]
pub struct Farewell {
    /// Why, in a sentence.
    #[prost(string, tag = "1")]
    pub why: String,
    /// Whether it makes no sense to come again: the viewer has quit, or is not welcome.
    #[prost(bool, tag = "2")]
    pub for_good: bool,
}

/// Keys without a character, by their numbers; a character is its own, with Ctrl plus [`CTRL`].
const NAMED: [(u32, Key); 9] = [
    (0x0100_0001, Key::Enter),
    (0x0100_0002, Key::Esc),
    (0x0100_0003, Key::Backspace),
    (0x0100_0004, Key::Tab),
    (0x0100_0005, Key::BackTab),
    (0x0100_0006, Key::Up),
    (0x0100_0007, Key::Down),
    (0x0100_0008, Key::Left),
    (0x0100_0009, Key::Right),
];
const CTRL: u32 = 0x0200_0000;

impl FromViewer {
    /// An input, to be sent.
    pub fn of(input: Input) -> Self {
        match input {
            Input::Key(Key::Char(character)) => Self::Key(u32::from(character)),
            Input::Key(Key::Ctrl(character)) => Self::Key(CTRL | u32::from(character)),
            Input::Key(key) => {
                let named = NAMED.iter().find(|(_, known)| *known == key);
                Self::Key(named.map_or(0, |(number, _)| *number))
            }
            Input::Click(column, row) => Self::Click(Extent { columns: column.into(), rows: row.into() }),
            Input::WheelUp => Self::Wheel(true),
            Input::WheelDown => Self::Wheel(false),
        }
    }

    /// The input that was sent; none where it is something else, or a key that nobody knows.
    pub fn input(&self) -> Option<Input> {
        match self {
            Self::Key(number) => key(*number).map(Input::Key),
            Self::Click(cell) => Some(Input::Click(within(cell.columns), within(cell.rows))),
            Self::Wheel(true) => Some(Input::WheelUp),
            Self::Wheel(false) => Some(Input::WheelDown),
            Self::Hello(_) | Self::Shown(_) | Self::Size(_) => None,
        }
    }
}

fn key(number: u32) -> Option<Key> {
    if let Some((_, key)) = NAMED.iter().find(|(known, _)| *known == number) {
        return Some(*key);
    }
    if number >= CTRL {
        return char::from_u32(number - CTRL).map(Key::Ctrl);
    }
    char::from_u32(number).filter(|character| !character.is_control()).map(Key::Char)
}

fn within(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

impl Extent {
    /// A size in columns and rows.
    pub fn of((columns, rows): (u16, u16)) -> Self {
        Self { columns: columns.into(), rows: rows.into() }
    }

    /// The same, as far as it can be one.
    pub fn size(self) -> (u16, u16) {
        (within(self.columns), within(self.rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_input_arrives_as_it_was_sent() {
        let keys = [Key::Char('q'), Key::Char('é'), Key::Char('日'), Key::Ctrl('c'), Key::Ctrl('l')];
        let named = NAMED.iter().map(|(_, key)| *key);
        let keys = keys.into_iter().chain(named).map(Input::Key);
        for input in keys.chain([Input::Click(3, 199), Input::WheelUp, Input::WheelDown]) {
            let sent = ToServer { what: Some(FromViewer::of(input)) }.encode_to_vec();
            let came = ToServer::decode(sent.as_slice()).unwrap().what.unwrap();
            assert_eq!(came.input(), Some(input));
        }
    }

    #[test]
    fn a_key_that_nobody_knows_is_none() {
        for number in [0, 0x1b, 0x7f, 0x9b, 0xd800, 0x0100_00ff, u32::MAX] {
            assert_eq!(FromViewer::Key(number).input(), None, "{number:#x}");
        }
    }
}
