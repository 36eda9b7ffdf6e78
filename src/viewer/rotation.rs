//! Pages that turn by themselves, on a wall. What is red comes at once and stays; a key holds the page for a minute.
//! Pure: time is an argument.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::status::Status;
use crate::view::lens::Turning;
use crate::view::scene::{Page, Scene};

/// How long a key holds the page.
const PAUSE: Duration = Duration::from_mins(1);
/// The steps in which the time that is left is said: a wall is not to be read like a stopwatch.
const STEP: u64 = 5;

/// Which page is shown, and since when.
#[derive(Debug, Default)]
pub(super) struct Rotation {
    shown_since: Duration,
    held_until: Option<Duration>,
    /// The names of the pages that were red at the last look.
    red: BTreeSet<String>,
}

impl Rotation {
    /// Somebody has pressed a key: the page stays for a minute, whatever turns red.
    pub(super) const fn hold(&mut self, now: Duration) {
        self.held_until = Some(now.saturating_add(PAUSE));
        self.shown_since = now;
    }

    /// The page to show now, where `page` is shown; also an index of a scene that has fewer.
    pub(super) fn turn(&mut self, scene: &Scene, page: usize, now: Duration) -> usize {
        let red: BTreeSet<String> =
            turning(scene).filter(|(_, page)| is_red(page)).map(|(_, page)| page.name.clone()).collect();
        let new =
            turning(scene).find(|(_, page)| is_red(page) && !self.red.contains(&page.name)).map(|(index, _)| index);
        if self.held_until.is_some_and(|until| now < until) {
            // What turns red meanwhile comes when the pause is over.
            self.red.retain(|name| red.contains(name));
            return page;
        }
        self.held_until = None;
        if red.is_empty() && !self.red.is_empty() {
            // That all is well again is seen for as long as any page.
            self.shown_since = now;
        }
        self.red = red;
        let next = new.or_else(|| self.next(scene, page, now));
        match next.filter(|next| *next != page) {
            Some(next) => {
                self.shown_since = now;
                next
            }
            None => page,
        }
    }

    /// The next page of those that take turns, when it is time, or when this one is none of them.
    fn next(&mut self, scene: &Scene, page: usize, now: Duration) -> Option<usize> {
        let any_red = turning(scene).any(|(_, page)| is_red(page));
        let takes_turns = |(_, page): &(usize, &Page)| !any_red || is_red(page);
        let is_due = scene.shown().nth(page).is_none_or(|shown| now >= self.shown_since + stay(shown));
        let belongs = turning(scene).filter(takes_turns).any(|(index, _)| index == page);
        if belongs && !is_due {
            return None;
        }
        if is_due {
            self.shown_since = now;
        }
        let after = turning(scene).filter(takes_turns).find(|(index, _)| *index > page);
        after.or_else(|| turning(scene).find(takes_turns)).map(|(index, _)| index)
    }

    /// What a viewer is told of it.
    pub(super) fn state(&self, scene: &Scene, page: usize, now: Duration) -> Turning {
        let seconds = |left: Duration| left.as_secs_f64().ceil() as u64;
        let held = self.held_until.map(|until| until.saturating_sub(now)).filter(|left| !left.is_zero());
        let left =
            scene.shown().nth(page).map_or(Duration::ZERO, |page| (self.shown_since + stay(page)).saturating_sub(now));
        let red = turning(scene).filter(|(_, page)| is_red(page)).count();
        let turns = turning(scene).filter(|(_, page)| red == 0 || is_red(page)).count();
        Turning {
            paused: held.map(|left| seconds(left).div_ceil(STEP) * STEP),
            next: (held.is_none() && turns > 1).then(|| seconds(left).div_ceil(STEP) * STEP),
            red,
        }
    }
}

/// The pages that a wall shows at this time of the week, with their indexes; all of them when no dashboard is scheduled.
fn turning(scene: &Scene) -> impl Iterator<Item = (usize, &Page)> {
    let any = scene.pages.iter().any(|page| page.is_scheduled);
    scene.shown().enumerate().filter(move |(_, page)| page.is_scheduled || !any)
}

fn is_red(page: &Page) -> bool {
    page.tally.status() == Some(Status::Critical)
}

fn stay(page: &Page) -> Duration {
    Duration::from_millis(u64::try_from(page.page_time.0).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Span;
    use crate::view::scene::Tally;

    /// Pages of ten seconds; those named in `red` are.
    fn scene(red: &[usize]) -> Scene {
        let page = |index: usize| Page {
            name: index.to_string(),
            title: "".into(),
            tally: Tally { critical: usize::from(red.contains(&index)), ok: 1, ..Tally::default() },
            page_time: Span::seconds(10),
            is_scheduled: true,
            rows: Vec::new(),
            panels: Vec::new(),
        };
        let overview = Page { tally: Tally::default(), ..page(9) };
        let nothing = super::super::tests::scene(None).as_ref().clone();
        Scene { pages: (0..3).map(page).collect(), overview: Some(overview), ..nothing }
    }

    /// The page of each second, of scenes that come once a second.
    fn shown(rotation: &mut Rotation, seconds: std::ops::Range<u64>, mut page: usize, scene: &Scene) -> Vec<usize> {
        let mut all = Vec::new();
        for second in seconds {
            page = rotation.turn(scene, page, Duration::from_secs(second));
            all.push(page);
        }
        all
    }

    #[test]
    fn pages_take_turns_and_a_red_one_comes_at_once_and_stays() {
        let mut rotation = Rotation::default();
        let calm = shown(&mut rotation, 0..31, 0, &scene(&[]));
        assert_eq!([calm[9], calm[10], calm[19], calm[20], calm[29], calm[30]], [0, 1, 1, 2, 2, 3]);
        assert!(shown(&mut rotation, 31..120, 0, &scene(&[2])).iter().all(|page| *page == 2), "at once, and held");
        let well = shown(&mut rotation, 120..131, 2, &scene(&[]));
        assert_eq!([well[0], well[9], well[10]], [2, 2, 3], "well again: seen for as long as any page");
    }

    #[test]
    fn several_red_pages_alternate_and_the_newest_comes_first() {
        let mut rotation = Rotation::default();
        assert_eq!(shown(&mut rotation, 0..1, 1, &scene(&[0])), [0]);
        let two = shown(&mut rotation, 1..32, 0, &scene(&[0, 2]));
        assert_eq!([two[0], two[9], two[10], two[19], two[20]], [2, 2, 0, 0, 2]);
        assert!(!two.contains(&1));
        assert_eq!(rotation.state(&scene(&[0, 2]), 2, Duration::from_secs(32)).red, 2);
    }

    #[test]
    fn a_key_holds_the_page_for_a_minute_and_a_red_one_waits_for_that() {
        let mut rotation = Rotation::default();
        rotation.hold(Duration::from_secs(5));
        let held = shown(&mut rotation, 5..65, 1, &scene(&[2]));
        assert!(held.iter().all(|page| *page == 1));
        let state = rotation.state(&scene(&[2]), 1, Duration::from_secs(25));
        assert_eq!((state.paused, state.next, state.red), (Some(40), None, 1));
        assert_eq!(shown(&mut rotation, 65..67, 1, &scene(&[2])), [2, 2]);
    }

    #[test]
    fn a_page_out_of_its_hours_is_left_out_and_if_all_are_none_is() {
        let mut rotation = Rotation::default();
        let mut scene = scene(&[1]);
        scene.pages[1].is_scheduled = false;
        let pages = shown(&mut rotation, 0..40, 1, &scene);
        assert!(pages.contains(&0) && pages.contains(&2) && !pages.contains(&1), "{pages:?}");
        assert_eq!(rotation.state(&scene, 0, Duration::from_secs(40)).red, 0, "and does not hold the others");
        for page in &mut scene.pages {
            page.is_scheduled = false;
        }
        assert_eq!(rotation.turn(&scene, 0, Duration::from_secs(40)), 1, "all: then the red one comes");
    }
}
