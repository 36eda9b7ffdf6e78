//! `andon schema`: JSON Schema of the config file, for editors.

use super::out::{Done, print};
use crate::config::schema::whole;

pub(super) fn run() -> Done {
    print(&format!("{:#}\n", whole()))
}
