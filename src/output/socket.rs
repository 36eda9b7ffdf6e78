//! A board for `andon view`: frames over a Unix socket, as what differs from the one before.
//!
//! ```text
//! viewer                                     server
//! Hello: version, size, colours, page  --->
//!                                      <---  Welcome: version        (or Farewell: why not)
//!                                      <---  Picture: what differs   (the first: every cell)
//! Shown                                --->
//!                                      <---  Picture
//! Key, Click, Wheel, Size              --->
//! ```
//!
//! A message is its length (four bytes, big endian) and a message of Protocol Buffers. The server sends a picture when the
//! one before has been shown, and then the newest there is: a slow viewer misses pictures and holds up nobody. Something is
//! sent each second; a viewer that hears nothing for longer says so. What a viewer sends reaches nothing but its own lens.

pub mod client;
pub mod framing;
mod link;
pub mod message;
pub mod picture;
pub mod server;

pub use link::reason;
