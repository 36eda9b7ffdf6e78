//! Each audience presses every key on every page, at its socket and in a browser: what it gets is searched for what it must
//! not see.

use std::time::{Duration, Instant};

use super::attacker::{AtSocket, Eyes, InBrowser, every_key, explores};
use super::board::{SECRET, SHOP, Target, VAULT};
use crate::support::pty::PATIENCE;

/// Panels of a dashboard.
const PANELS: usize = 6;
/// What the team finds: else nothing would be hidden from anybody.
const FOUND: [&str; 11] =
    ["-host1", "-error", "-link", "-build", "-label", "-line", "-p", "-page", "-title", "-panel", "-mistake"];

/// What an audience must not see.
fn hidden(audience: &str) -> &'static [&'static str] {
    match audience {
        "team" => &[SECRET],
        "sales" => &[SECRET, VAULT],
        _ => &[SECRET, VAULT, SHOP],
    }
}

/// All that an audience sees, at its socket or in a browser. Its viewers begin where there is nothing for them.
fn sees(target: &Target, audience: &str, is_browser: bool) -> String {
    let address = format!("page={VAULT}-page&panel=zvault-panel-chart19&zoom=1");
    let mut at_socket;
    let mut in_browser;
    let eyes: &mut dyn Eyes = if is_browser {
        in_browser = InBrowser::open(target, audience, &address);
        &mut in_browser
    } else {
        at_socket = AtSocket::open(&target.socket(audience), &address);
        &mut at_socket
    };
    explores(eyes, PANELS);
    for input in every_key() {
        eyes.sends(input);
    }
    for _ in 0..3 {
        eyes.looks();
    }
    eyes.seen().to_lowercase()
}

/// Whether any of these was seen, with what is around it.
fn check(audience: &str, place: &str, seen: &str) {
    for canary in hidden(audience) {
        let around = seen.find(canary).map(|at| seen.get(at.saturating_sub(100)..(at + 100).min(seen.len())));
        assert_eq!(around, None, "{audience} {place}");
    }
}

fn wait(what: &str, holds: impl Fn() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < PATIENCE, "waited for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// All of these audiences at once, at both places.
fn all_see(target: &Target, audiences: &[&str]) -> Vec<String> {
    std::thread::scope(|scope| {
        let each = audiences.iter().flat_map(|audience| [false, true].map(|is_browser| (*audience, is_browser)));
        let looking: Vec<_> = each
            .map(|(audience, is_browser)| {
                let looking = scope.spawn(move || sees(target, audience, is_browser));
                (audience, if is_browser { "in a browser" } else { "at its socket" }, looking)
            })
            .collect();
        let seen = looking.into_iter().map(|(audience, place, looking)| {
            let seen = looking.join().unwrap();
            check(audience, place, &seen);
            seen
        });
        seen.collect()
    })
}

#[test]
fn nobody_sees_what_is_not_for_them_and_the_server_does_no_more_than_without_them() {
    let target = Target::start();
    wait("answers", || target.asked().1 > 30);
    let (before, (queries, count), begin) = (target.traces(), target.asked(), Instant::now());

    let seen = all_see(&target, &["sales", "public"]);
    let (queries_after, count_after) = target.asked();
    assert_eq!(queries_after, queries, "others than the team have made the board ask for something else");
    let asked = count_after - count;
    assert!(asked <= Target::most(begin.elapsed().as_secs()), "{asked} requests in {:?}", begin.elapsed());
    assert_eq!(target.traces(), before);
    for (found, is_for_sales) in [("-host1", true), ("-error", true), ("-build", true), ("-line", true)] {
        let found = format!("{SHOP}{found}");
        assert_eq!([0, 1].map(|n| seen[n].contains(&found)), [is_for_sales; 2], "{found}");
    }

    target.break_config();
    let (before, count, begin) = (target.traces(), target.asked().1, Instant::now());
    for seen in all_see(&target, &["team"]) {
        let missing: Vec<&str> = FOUND.into_iter().filter(|end| !seen.contains(&format!("{VAULT}{end}"))).collect();
        assert!(missing.is_empty(), "{missing:?} is nowhere: nothing is hidden from others\n{seen}");
    }
    let asked = target.asked().1 - count;
    assert!(asked <= Target::most(begin.elapsed().as_secs()), "{asked} requests in {:?}", begin.elapsed());
    assert_eq!(target.traces(), before);
    // What is wrong with the file is of the team.
    for audience in ["sales", "public"] {
        check(audience, "at its socket", &AtSocket::open(&target.socket(audience), "").seen().to_lowercase());
        check(audience, "in a browser", &InBrowser::open(&target, audience, "").seen().to_lowercase());
    }
}
