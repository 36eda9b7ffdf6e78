//! What a terminal shows, wherever it is drawn.

use std::future::Future;

use crate::viewer::{Effect, Input, Signal};

/// One viewer, as its terminal sees it.
pub trait Shown {
    /// Takes a key, a click or a turn of the wheel, and returns what reaches beyond the picture.
    fn input(&mut self, input: Input) -> Option<Effect>;

    /// The size that is drawn in, in columns and rows.
    fn size(&self) -> (u16, u16);

    /// Another size is drawn in from now on. What was shown is gone.
    fn resize(&mut self, size: (u16, u16));

    /// The terminal was away for a while: what it showed is gone.
    fn wake(&mut self);

    /// Once a second.
    fn tick(&mut self);

    /// Waits until what comes from outside changes the picture. Nothing is lost when it is dropped before.
    fn changed(&mut self) -> impl Future<Output = ()>;

    /// Whether there may be something to draw.
    fn is_dirty(&self) -> bool;

    /// Whether what is shown is as new as it should be.
    fn is_up_to_date(&self) -> bool;

    /// Whether nothing comes any more: it was left elsewhere.
    fn has_ended(&self) -> bool {
        false
    }

    /// Draws; none while nothing has changed. Who gets a drawing has to show it, the next one builds on it.
    fn draw(&mut self) -> Option<Drawn>;

    /// The terminal is left.
    fn leave(&mut self);
}

/// What a terminal has to write.
#[derive(Debug)]
pub struct Drawn {
    /// The bytes of the cells.
    pub bytes: Vec<u8>,
    /// Whether every cell is written.
    pub is_whole: bool,
    /// What is told once, by the bell or the desktop.
    pub ring: Option<Signal>,
}
