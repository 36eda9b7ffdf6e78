//! A status page for customers, as what is sent: a page, a feed, JSON, a badge. All of it is text that anybody may have.

pub mod badge;
mod days;
pub mod feed;
pub mod html;
pub mod json;

use crate::eval::status_page::Happening;
use crate::model::time::{Span, Timestamp};

/// Where a page is, and since when.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Its address, without a path; empty where none is known, so that links are relative.
    pub url: &'a str,
    /// When it began to be there.
    pub begun: Timestamp,
}

/// Maintenance is news from so long before it: nobody says when it was planned, and what is dated must not move.
const ANNOUNCED: Span = Span::seconds(7 * 86_400);

fn announced(one: &Happening) -> Timestamp {
    one.at.minus(ANNOUNCED)
}

/// The first digits of a name for programs, as Statuspage has them.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::status_page::{Component, Overall, Stage, State, StatusPage, Told};

    pub(super) const NOW: Timestamp = Timestamp(1_796_083_200_000);
    pub(super) const PLACE: Place<'_> = Place { url: "https://status.example.com", begun: NOW };

    /// A page with one of everything.
    pub(super) fn page() -> StatusPage {
        let at = |hours: i64| NOW.plus(Span::seconds(hours * 3600));
        let about = |service: &str, components: Vec<usize>, one: Happening| Happening {
            service: service.into(),
            components,
            ..one
        };
        let goes_on = Happening::named("Cards <b> are refused", at(-1), None, Stage::GoesOn);
        let over = Happening::named("It was slow", at(-500), Some(at(-499)), Stage::Over);
        let planned = Happening::named("New disks", at(24), Some(at(26)), Stage::Planned);
        let far = Happening::named("In a year", at(9000), None, Stage::Planned);
        let done = Happening::named("Old disks", at(-26), Some(at(-24)), Stage::Over);
        let parts = [
            ("Shop", State::Operational),
            ("Checkout", State::Outage),
            ("Search", State::Unknown),
            ("Mail", State::Maintenance),
            ("Feed", State::Degraded),
        ];
        StatusPage {
            id: "0123456789abcdef0123456789abcdef".to_owned(),
            title: "Shop & Sons".into(),
            at: NOW,
            overall: Overall::PartialOutage,
            components: parts.map(|(name, state)| Component::named(name, state)).into(),
            incidents: vec![goes_on, about("search", vec![2], over)],
            maintenance: vec![about("mail", vec![3], planned), far, done],
            told: [Told::All; 2],
        }
    }
}
