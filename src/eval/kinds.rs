//! What evaluation makes of each kind of telemetry. A kind is one file here (the list is in `model/kinds.rs`):
//!
//! - `select`: the part of the answers that a panel shows, and what is missing in them, in words;
//! - `answered_nothing`: whether the answer is there and has nothing in it;
//! - `nothing_to_judge`: why there is nothing that a check could judge, if so;
//! - `count`: how many of them `expect` counts, if they can be counted;
//! - `headline`: what there is, in half a line.

use super::evidence::Evidence;
use super::look::{Asked, Look};
use crate::model::format::Format;
use crate::model::judgement::Content;
use crate::model::kinds::kinds;
use crate::model::time::Timestamp;
use crate::store::Stored;

mod words;

macro_rules! judged {
    ($($(#[$about:meta])* $file:ident => $kind:ident($answer:ty)),+ $(,)?) => {
        $(pub(super) mod $file;)+

        /// All answers of the kind of the first one.
        pub(super) fn select<'a>(look: Look<'a, '_>, alike: &[Asked<'a>]) -> (Content<'a>, Vec<String>) {
            match alike.first().map(|(_, _, entry)| &entry.stored) {
                None | Some(Stored::Nothing) => (Content::Nothing, Vec::new()),
                $(Some(Stored::$kind(..)) => {
                    let (shown, gaps) = $file::select(look, alike);
                    (Content::$kind(shown), gaps)
                })+
            }
        }

        /// Whether an answer is there and has nothing in it.
        pub(super) fn answered_nothing(stored: &Stored) -> bool {
            match stored {
                Stored::Nothing => false,
                $(Stored::$kind(..) => $file::answered_nothing(stored),)+
            }
        }

        /// Why there is nothing that a check could judge, if so.
        pub(super) fn nothing_to_judge(evidence: &Evidence<'_>) -> Option<String> {
            match evidence.content {
                Content::Nothing => Some("no data yet".to_owned()),
                $(Content::$kind(shown) => $file::nothing_to_judge(shown, evidence),)+
            }
        }

        /// How many there are of what `expect` counts, if they can be counted.
        pub(super) fn count(content: &Content<'_>) -> Option<usize> {
            match content {
                Content::Nothing => None,
                $(Content::$kind(shown) => $file::count(shown),)+
            }
        }

        /// "96.4 %", "in 1.2 MB/s  out 0.4 MB/s", "2 red, 5 ok", "12 rows".
        pub(super) fn headline(content: &Content<'_>, format: &Format, now: Timestamp) -> String {
            match content {
                Content::Nothing => String::new(),
                $(Content::$kind(shown) => $file::headline(shown, format, now),)+
            }
        }
    };
}

kinds!(judged);
