//! The one place that draws: scene, lens, theme and size to a frame. Pure.

pub mod chrome;
mod command_palette;
mod details;
mod footer;
pub mod frame;
mod header;
mod help;
mod overlay;
mod panel_frame;
pub mod theme;

pub use frame::{Frame, render};

pub use crate::panel::ink::{Depth, Glyphs, Ground, Ink, ROLES, Role};
