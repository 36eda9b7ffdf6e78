//! From what is known to what is seen: the scene, and one viewer's lens on it. Pure.

pub mod address;
pub mod arrange;
pub mod audience;
pub mod build;
pub mod command_palette;
mod fuzzy;
pub mod lens;
pub mod overview;
pub mod page_filter;
pub mod past;
pub mod prompt;
pub mod scene;
pub mod wide;
