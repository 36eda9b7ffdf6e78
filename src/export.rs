//! What was learned, in the forms of other programs.

pub mod remote_write;
pub mod status;
pub mod table;
