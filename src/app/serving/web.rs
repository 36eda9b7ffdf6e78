//! The board in a browser: one page, its frames as server-sent events, and requests that move a viewer's own lens.
//!
//! ```text
//! /  /page.css  /page.js   the page; nothing of the board is in it
//! /session                 who one is here; 401 where a token is needed
//! /login  /logout          a token in the header becomes a cookie, and the cookie goes
//! /stream?size=&light=&page=&panel=&zoom=    the frames of a viewer of its own
//! /input?viewer=&key= | click= | size=       what somebody does
//! /status                  the status page for customers, where the board has one (`status.rs`)
//! ```

mod access;
mod desk;
mod refusal;
mod request;
mod status;
mod stream;

pub(super) use access::Access;
pub(super) use desk::{Desk, attend};
pub(super) use status::Status;
