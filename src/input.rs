//! Keys and mouse to actions on a lens.

pub mod action;
pub mod keymap;
