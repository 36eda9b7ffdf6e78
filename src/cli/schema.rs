//! `andon schema`: JSON Schema of the config file, for editors.

use super::out::{Done, say};
use crate::config::schema::whole;

pub(super) fn run() -> Done {
    say(&format!("{:#}\n", whole()))
}
