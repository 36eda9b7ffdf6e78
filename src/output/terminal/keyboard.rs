//! What a terminal sends, as keys, clicks and turns of the wheel.
//!
//! Sequences are told apart by `vte` (ECMA-48). What they mean is from xterm's ctlseqs: "PC-Style Function
//! Keys", "Mouse Tracking".

use vte::{Params, Perform};

use crate::viewer::{Input, Key};

const ESCAPE: u8 = 0x1b;
/// No sequence that means anything is longer than this, in bytes.
const LONGEST: usize = 64;

/// Bytes in, inputs out.
#[derive(Default)]
pub struct Keyboard {
    parser: vte::Parser,
    decoded: Decoded,
    /// How many bytes of a sequence that is not complete.
    begun: usize,
    last: u8,
}

impl std::fmt::Debug for Keyboard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Keyboard").field("begun", &self.begun).finish_non_exhaustive()
    }
}

impl Keyboard {
    /// What these bytes say, together with a sequence that was not complete before.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Input> {
        for byte in bytes {
            self.take_one(*byte);
        }
        std::mem::take(&mut self.decoded.inputs)
    }

    fn take_one(&mut self, byte: u8) {
        if byte == ESCAPE || !self.decoded.takes(byte) {
            self.decoded.rest = Rest::Nothing;
            self.decoded.ended = false;
            self.parser.advance(&mut self.decoded, &[byte]);
        }
        let ended = self.decoded.ended && self.decoded.rest == Rest::Nothing;
        if ended || self.begun == LONGEST {
            self.parser = vte::Parser::default();
            self.decoded.rest = Rest::Nothing;
            self.begun = 0;
        } else {
            self.begun += 1;
        }
        self.last = byte;
    }

    /// Whether there is a sequence that is not complete.
    pub const fn has_begun(&self) -> bool {
        self.begun > 0
    }

    /// Nothing more came for a while: an escape on its own was the key, and the rest of what has begun is
    /// dropped, so that it cannot swallow the next key.
    pub fn pause(&mut self) -> Option<Input> {
        let is_key = self.has_begun() && self.last == ESCAPE;
        *self = Self::default();
        is_key.then_some(Input::Key(Key::Esc))
    }
}

/// What follows a sequence that ECMA-48 calls complete.
#[derive(Debug, Default, PartialEq, Eq)]
enum Rest {
    #[default]
    Nothing,
    /// The letter of an arrow in application mode (SS3).
    Letter,
    /// The letter of a function key of the Linux console.
    FunctionKey,
    /// Button, column and row of a terminal that has no SGR mouse reports.
    Mouse(Vec<u8>),
}

#[derive(Debug, Default)]
struct Decoded {
    inputs: Vec<Input>,
    rest: Rest,
    ended: bool,
}

impl Decoded {
    /// Takes a byte that belongs to what follows a sequence; false if none is expected.
    fn takes(&mut self, byte: u8) -> bool {
        match std::mem::take(&mut self.rest) {
            Rest::Nothing => return false,
            Rest::Letter => self.inputs.extend(letter(char::from(byte))),
            Rest::FunctionKey => {}
            Rest::Mouse(mut bytes) => {
                bytes.push(byte);
                if let &[button, column, row] = bytes.as_slice() {
                    let from = |byte: u8, zero: u8| u16::from(byte.saturating_sub(zero));
                    self.inputs.extend(mouse(from(button, 32), from(column, 33), from(row, 33)));
                } else {
                    self.rest = Rest::Mouse(bytes);
                }
            }
        }
        true
    }

    fn key(&mut self, key: Key) {
        self.inputs.push(Input::Key(key));
        self.ended = true;
    }
}

impl Perform for Decoded {
    fn print(&mut self, character: char) {
        self.key(if character == '\x7f' { Key::Backspace } else { Key::Char(character) });
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' | b'\n' => self.key(Key::Enter),
            b'\t' => self.key(Key::Tab),
            8 | 127 => self.key(Key::Backspace),
            1..=26 => self.key(Key::Ctrl(char::from(byte - 1 + b'a'))),
            _ => self.ended = true,
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], _too_long: bool, action: char) {
        self.ended = true;
        let number = |n| params.iter().nth(n).and_then(|values| values.first().copied()).unwrap_or(0);
        match (intermediates, action) {
            (b"<", 'M') => {
                self.inputs.extend(mouse(number(0), number(1).saturating_sub(1), number(2).saturating_sub(1)));
            }
            ([], 'M') => self.rest = Rest::Mouse(Vec::new()),
            ([], '[') => self.rest = Rest::FunctionKey,
            ([], action) => self.inputs.extend(letter(action)),
            _ => {}
        }
    }

    /// A key with Alt is the key: an escape that was typed just before it looks the same.
    fn esc_dispatch(&mut self, intermediates: &[u8], _too_long: bool, byte: u8) {
        self.ended = true;
        match (intermediates, byte) {
            ([], b'O') => self.rest = Rest::Letter,
            ([], byte) => self.key(Key::Char(char::from(byte))),
            _ => {}
        }
    }

    /// An answer to a question that somebody else asked.
    fn osc_dispatch(&mut self, _: &[&[u8]], _: bool) {
        self.ended = true;
    }
}

fn letter(letter: char) -> Option<Input> {
    let key = match letter {
        'A' => Key::Up,
        'B' => Key::Down,
        'C' => Key::Right,
        'D' => Key::Left,
        'M' => Key::Enter,
        'Z' => Key::BackTab,
        _ => return None,
    };
    Some(Input::Key(key))
}

/// A press of the first button or a turn of the wheel; column and row from 0.
fn mouse(button: u16, column: u16, row: u16) -> Option<Input> {
    const SHIFT_ALT_CTRL: u16 = 4 | 8 | 16;
    match button & !SHIFT_ALT_CTRL {
        0 => Some(Input::Click(column, row)),
        64 => Some(Input::WheelUp),
        65 => Some(Input::WheelDown),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inputs(bytes: &[u8]) -> Vec<Input> {
        let mut keyboard = Keyboard::default();
        let mut inputs = keyboard.take(bytes);
        inputs.extend(keyboard.pause());
        inputs
    }

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let key = |input| if let Input::Key(key) = input { key } else { panic!("{input:?} is no key") };
        inputs(bytes).into_iter().map(key).collect()
    }

    #[test]
    fn every_key_of_the_board_is_understood() {
        let table: [(&str, Key); 19] = [
            ("q", Key::Char('q')),
            ("é", Key::Char('é')),
            ("\x1bq", Key::Char('q')),
            ("\x03", Key::Ctrl('c')),
            ("\x0c", Key::Ctrl('l')),
            ("\r", Key::Enter),
            ("\x1bOM", Key::Enter),
            ("\t", Key::Tab),
            ("\x1b[Z", Key::BackTab),
            ("\x1b", Key::Esc),
            ("\x1b[A", Key::Up),
            ("\x1b[B", Key::Down),
            ("\x1b[C", Key::Right),
            ("\x1b[D", Key::Left),
            ("\x1bOA", Key::Up),
            ("\x1bOB", Key::Down),
            ("\x1bOC", Key::Right),
            ("\x1bOD", Key::Left),
            ("\x1b[1;5A", Key::Up),
        ];
        for (bytes, key) in table {
            assert_eq!(keys(bytes.as_bytes()), [key], "{bytes:?}");
        }
    }

    #[test]
    fn clicks_and_the_wheel_come_in_two_manners() {
        assert_eq!(inputs(b"\x1b[<0;10;5M\x1b[<0;10;5m"), [Input::Click(9, 4)]);
        assert_eq!(inputs(b"\x1b[M\x20\x2a\x25\x1b[M\x23\x2a\x25"), [Input::Click(9, 4)], "the release means nothing");
        assert_eq!(
            inputs(b"\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<81;1;1M"),
            [Input::WheelUp, Input::WheelDown, Input::WheelDown]
        );
        assert_eq!(inputs(b"\x1b[M\x20qq"), [Input::Click(80, 80)], "a column is no key");
        assert_eq!(inputs(b"\x1b[<0;0;0M"), [Input::Click(0, 0)]);
        assert_eq!(inputs(b"\x1b[<35;7;7M\x1b[<2;7;7M"), []);
    }

    #[test]
    fn a_sequence_may_come_in_pieces() {
        for (bytes, input) in [
            ("\x1b[A", Input::Key(Key::Up)),
            ("\x1bOA", Input::Key(Key::Up)),
            ("\x1b[<65;10;10M", Input::WheelDown),
            ("é", Input::Key(Key::Char('é'))),
        ] {
            let mut keyboard = Keyboard::default();
            let inputs: Vec<Input> = bytes.bytes().flat_map(|byte| keyboard.take(&[byte])).collect();
            assert_eq!((inputs, keyboard.has_begun()), (vec![input], false), "{bytes:?}");
        }
    }

    #[test]
    fn what_means_nothing_here_is_no_key() {
        for bytes in ["\x1b[[A", "\x1b[15~", "\x1b]11;rgb:0000/0000/0000\x07", "\x1b[I", "\x1b[5;7R", "\x1b[", "\x1bO"]
        {
            assert_eq!(inputs(bytes.as_bytes()), [], "{bytes:?}");
        }
    }

    #[test]
    fn an_escape_ends_whatever_has_begun() {
        assert_eq!(keys(b"\x1b[12\x1b[A"), [Key::Up]);
        assert_eq!(keys(b"\x1bO\x1b"), [Key::Esc]);
        assert_eq!(keys(b"\x1b\x1b"), [Key::Esc]);
    }

    proptest! {
        #[test]
        fn whatever_came_before_after_a_pause_a_key_is_that_key(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut keyboard = Keyboard::default();
            keyboard.take(&bytes);
            keyboard.pause();
            prop_assert_eq!(keyboard.take(b"q"), [Input::Key(Key::Char('q'))]);
        }

        #[test]
        fn nothing_that_goes_on_and_on_keeps_a_key_away(begin in "\x1b[\\[\\]PX_^O]?", middle in "[0-9;]{0,400}") {
            let mut keyboard = Keyboard::default();
            keyboard.take(begin.as_bytes());
            keyboard.take(middle.as_bytes());
            let heard = (0..=LONGEST).any(|_| keyboard.take(b"q").contains(&Input::Key(Key::Char('q'))));
            prop_assert!(heard);
        }
    }
}
