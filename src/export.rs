//! What andon has learned, for other programs.

pub mod table;
