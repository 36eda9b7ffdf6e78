//! The clock of a site: how old its answer is, and what its moments are by our clock.
//!
//! Two clocks are never quite the same. What is compared is therefore the moment that is written in an answer with the
//! moment at which the same machine sent it (`Date`), and that only once the site's clock was seen to move: a page that
//! somebody has kept has the old `Date` of its site, too.

use tokio::time::Instant;

use crate::model::time::{Span, Timestamp};

/// Clocks that differ by less agree: moments are taken as they are, so that no answer moves what another has told.
const AGREES: Span = Span::seconds(5);

/// What is known of the clock of a site.
#[derive(Debug, Default)]
pub(super) struct SiteClock {
    /// By how much its moments are ahead of ours; zero while the clocks agree.
    ahead: Span,
    /// The same, as the last answer has told it.
    told: Span,
    /// The last moment of the site, and since when it is known here.
    last: Option<(Timestamp, Instant)>,
    /// Whether it was seen to go on to it.
    has_moved: bool,
}

impl SiteClock {
    /// Takes in by how much an answer says that its clock is ahead of ours. Whether that changes what its moments are.
    pub(super) fn hear(&mut self, told: Option<Span>) -> bool {
        self.told = told.unwrap_or_default();
        let agrees = |span: i64| span.saturating_abs() < AGREES.0;
        let still_holds = agrees(self.told.0.saturating_sub(self.ahead.0));
        if !still_holds {
            self.ahead = if agrees(self.told.0) { Span(0) } else { self.told };
        }
        !still_holds
    }

    /// A moment of the site by our clock.
    pub(super) const fn ours(&self, theirs: Timestamp) -> Timestamp {
        theirs.minus(self.ahead)
    }

    /// How old an answer of a moment of the site is at `now`: by the site's own clock, and by how long that has stood
    /// still as seen from here. The older one counts.
    pub(super) fn age(&mut self, theirs: Timestamp, (now, seen): (Timestamp, Instant)) -> Span {
        let since = match self.last {
            Some((last, since)) if theirs == last => since,
            last => {
                // Of a clock that was set back nobody knows whether it goes, as at the first look.
                self.has_moved = last.is_some_and(|(last, _)| theirs > last);
                self.last = Some((theirs, seen));
                seen
            }
        };
        // That it is behind is believed when it goes.
        let ahead = if self.has_moved { self.told } else { Span(self.told.0.max(0)) };
        let by_its_clock = theirs.age_at(now.plus(ahead));
        let stood = seen.saturating_duration_since(since).as_millis();
        by_its_clock.max(Span(i64::try_from(stood).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: i64 = 1_795_996_800;

    /// Looks at a site: seconds that have gone, the site's moment, by how much its clock is said to be ahead. The ages.
    fn ages<const N: usize>(looks: [(i64, i64, i64); N]) -> [i64; N] {
        let (mut clock, begin) = (SiteClock::default(), Instant::now());
        looks.map(|(gone, theirs, ahead)| {
            clock.hear((ahead != 0).then(|| Span::seconds(ahead)));
            let moment = |seconds: i64| Timestamp((NOW + seconds) * 1000);
            let seen = begin + Duration::from_secs(gone as u64);
            clock.age(moment(theirs), (moment(gone), seen)).0 / 1000
        })
    }

    #[test]
    fn an_old_answer_is_old_whatever_the_clocks_say_and_a_fresh_one_is_fresh() {
        assert_eq!(ages([(0, 0, 0), (5, 5, 0), (10, 5, 0), (60, 5, 0)]), [0, 0, 5, 55], "it stands from then on");
        assert_eq!(ages([(0, -3600, 0), (5, -3595, 0)]), [3600, 3600], "its Date is of now, and it is an hour old");
        assert_eq!(ages([(0, 600, 600), (5, 605, 600)]), [0, 0], "ten minutes ahead, and fresh");
        assert_eq!(ages([(0, 300, 600), (5, 305, 600)]), [300, 300], "ahead, and five minutes old");
        assert_eq!(ages([(0, 600, 0), (5, 600, 0), (40, 600, 0)]), [0, 5, 40], "ahead of its proxy, and it stands");
        assert_eq!(ages([(0, -600, -600), (5, -595, -600)]), [600, 0], "behind: believed when it goes");
        assert_eq!(ages([(0, 600, 600), (5, 0, -5), (10, 5, -5)]), [0, 5, 0], "set back");
        assert_eq!(ages([(0, -600, -600), (5, -600, -605)]), [600, 605], "a page that was kept with its Date");
    }

    #[test]
    fn moments_are_moved_only_where_clocks_differ_and_then_by_the_same_until_that_changes() {
        let mut clock = SiteClock::default();
        let mut ours = |ahead: i64| (clock.hear(Some(Span(ahead))), clock.ours(Timestamp(0)).0);
        assert_eq!(ours(4_000), (false, 0));
        assert_eq!(ours(60_400), (true, -60_400));
        assert_eq!(ours(62_000), (false, -60_400));
        assert_eq!(ours(-1_500), (true, 0));
        assert_eq!(ours(i64::MIN), (true, i64::MAX));
    }
}
