//! Keys and mouse to actions on a lens.

pub mod action;
mod intent;
pub mod keymap;
