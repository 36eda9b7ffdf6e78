//! The one place that draws: scene, lens, theme and size to a frame. Pure.

pub mod chrome;
pub mod frame;
mod header;
mod help;
pub mod theme;

pub use frame::{Frame, render};

pub use crate::panel::ink::{Glyphs, Ink, ROLES};
