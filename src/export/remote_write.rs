//! Prometheus remote write 1.0: what the board has measured or received, for an engine that keeps it for longer.
//!
//! [`gathering`] puts samples in order and never takes one twice, [`naming`] gives each series its labels, and
//! [`message`] is what is sent.
//!
//! Source: "Prometheus Remote-Write 1.0 specification", <https://prometheus.io/docs/specs/prw/remote_write_spec/>.

pub mod gathering;
pub mod message;
pub mod naming;
