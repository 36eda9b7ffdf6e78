//! The five metrics of software delivery, from deploys and incidents: with what each is made of, and never
//! a number where nothing is reported.
//!
//! Source: DORA, "DORA's software delivery performance metrics" (dora.dev/guides/dora-metrics), 2026.
//! Failures are counted by deploy, not by incident, so that no rate is over one.

mod cases;

use std::collections::BTreeSet;

use crate::model::event::{ChangeReason, Event, EventKind, EventState};
use crate::model::time::{Span, Timestamp};
use cases::{Case, cases};

const DAY: Span = Span::seconds(86_400);

/// One metric: what it is made of, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// How many count.
    pub numerator: usize,
    /// Of how many.
    pub denominator: usize,
    /// The value, or why there is none.
    pub value: Result<f64, Missing>,
}

/// Why a metric has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// No deploy is known in the window.
    NoDeploys,
    /// No deploy names a commit that was made before it.
    NoCommits,
    /// Whether a deploy did harm is reported nowhere: not one incident, failed deploy, hotfix or rollback is known,
    /// in the window or before it.
    NoIncidents,
    /// None of the deploys failed.
    NoFailures,
    /// Some failed, and of none is it known when all was well again.
    NotRecovered,
    /// Why deploys were made is reported nowhere: not one hotfix or rollback is known.
    NoReasons,
}

/// The five, of one service or of all.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The begin of the window, or the oldest deploy of any service that is known, where that is later.
    pub covered_from: Timestamp,
    /// Days from then to the end of the window, at least one.
    pub days: f64,
    /// Days without a successful deploy: whole ones, counted back from the end of the window.
    pub idle_days: usize,
    /// Deploys that were planned, as far as is reported.
    pub planned: usize,
    /// Deploys to fix what an earlier one broke.
    pub hotfix: usize,
    /// Deploys back to an earlier version.
    pub rollback: usize,
    /// Deployment frequency: successful deploys a day; of so many whole days.
    pub frequency: Metric,
    /// Commits that the lead time is the median of.
    pub commits: usize,
    /// Change lead time, in seconds from commit to deploy: of how many successful deploys it is known. (A
    /// rollback ships nothing for the first time: it is not among them.)
    pub lead_time: Metric,
    /// Change fail rate: deploys that somebody had to fix, of all.
    pub fail_rate: Metric,
    /// Failed deployment recovery time, in seconds: of how many failed deploys it is known.
    pub recovery_time: Metric,
    /// Deployment rework rate: hotfixes and rollbacks, of all deploys.
    pub rework_rate: Metric,
}

impl Delivery {
    /// All deploys that count: those that were done and those that failed.
    pub const fn deploys(&self) -> usize {
        self.planned + self.hotfix + self.rollback
    }
}

/// Counts what reached an environment between two moments. What names no service or no environment belongs
/// to all; deploys that are under way, or whose end is not known, do not count.
pub fn delivery(
    events: &[&Event],
    service: Option<&str>,
    environment: &str,
    from: Timestamp,
    to: Timestamp,
) -> Delivery {
    let known: Vec<&Event> = events.iter().copied().filter(|event| event.at <= to).collect();
    let told = DataCoverage::new(&known);
    let here = |event: &&Event| event.at >= from && event.belongs_to(service, Some(environment));
    let cases = cases(known.into_iter().filter(here));
    let none = cases.is_empty().then_some(Missing::NoDeploys);
    let count = |reason: ChangeReason| cases.iter().filter(|case| case.deploy.reason == reason).count();
    let (hotfix, rollback) = (count(ChangeReason::Hotfix), count(ChangeReason::Rollback));
    let failed = cases.iter().filter(|case| case.has_failed()).count();
    let untold_failures = (!told.failures).then_some(Missing::NoIncidents);
    let untold_reasons = (!told.reasons).then_some(Missing::NoReasons);
    let covered_from = told.oldest_deploy.map_or(from, |oldest| oldest.max(from));
    let days = (covered_from.age_at(to).0 as f64 / DAY.0 as f64).max(1.0);
    let whole_days = days.floor() as usize;
    let successes: Vec<&Event> = cases.iter().filter(|case| case.has_landed()).map(|case| case.deploy).collect();
    let (lead_time, commits) = lead_time(&successes, none);
    Delivery {
        covered_from,
        days,
        idle_days: idle_days(&successes, to, whole_days),
        planned: count(ChangeReason::Planned),
        hotfix,
        rollback,
        frequency: Metric {
            numerator: successes.len(),
            denominator: whole_days,
            value: none.map_or(Ok(successes.len() as f64 / days), Err),
        },
        commits,
        lead_time,
        fail_rate: ratio(failed, cases.len(), none.or(untold_failures)),
        recovery_time: recovery_time(&cases, to, none.or(untold_failures)),
        rework_rate: ratio(hotfix + rollback, cases.len(), none.or(untold_reasons)),
    }
}

/// The median of some lengths of time; of an even number of them, the middle between the two in the middle.
pub fn median(spans: impl Iterator<Item = Span>) -> Option<Span> {
    let mut sorted: Vec<Span> = spans.collect();
    sorted.sort_unstable();
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied()?;
    let lower = if sorted.len() % 2 == 1 { upper } else { sorted.get(half.checked_sub(1)?).copied()? };
    Some(Span(lower.0 + (upper.0 - lower.0) / 2))
}

/// What the sources report at all: of whatever service, in the window or before it.
struct DataCoverage {
    failures: bool,
    reasons: bool,
    oldest_deploy: Option<Timestamp>,
}

impl DataCoverage {
    fn new(events: &[&Event]) -> Self {
        let deploys = || events.iter().filter(|event| event.kind == EventKind::Deploy);
        let reasons = deploys().any(|deploy| deploy.reason != ChangeReason::Planned);
        let incidents = events.iter().any(|event| event.kind == EventKind::Incident);
        let failed = deploys().any(|deploy| deploy.state == EventState::Failed);
        let oldest_deploy = deploys().map(|deploy| deploy.at).min();
        Self { failures: incidents || failed || reasons, reasons, oldest_deploy }
    }
}

fn ratio(numerator: usize, denominator: usize, missing: Option<Missing>) -> Metric {
    Metric { numerator, denominator, value: missing.map_or(Ok(numerator as f64 / denominator as f64), Err) }
}

/// From each commit to the deploy that shipped it first; a commit that is not older than its deploy is a
/// merge that somebody pushed later, and does not count.
fn lead_times(deploy: &Event) -> impl Iterator<Item = Span> {
    deploy.commits.iter().filter(move |commit| **commit < deploy.at).map(move |commit| commit.age_at(deploy.at))
}

/// The median, and of how many commits.
fn lead_time(successes: &[&Event], none: Option<Missing>) -> (Metric, usize) {
    let shipped = || successes.iter().filter(|deploy| deploy.reason != ChangeReason::Rollback);
    let spans: Vec<Span> = shipped().flat_map(|deploy| lead_times(deploy)).collect();
    let commits = spans.len();
    let metric = Metric {
        numerator: shipped().filter(|deploy| lead_times(deploy).next().is_some()).count(),
        denominator: shipped().count(),
        value: seconds(spans.into_iter(), none, Missing::NoCommits),
    };
    (metric, commits)
}

fn recovery_time(cases: &[Case<'_>], to: Timestamp, missing: Option<Missing>) -> Metric {
    let failed: Vec<&Case<'_>> = cases.iter().filter(|case| case.has_failed()).collect();
    let spans: Vec<Span> = failed.iter().filter_map(|case| Some(case.deploy.at.age_at(case.recovered(to)?))).collect();
    let missing = missing.or(failed.is_empty().then_some(Missing::NoFailures));
    Metric {
        numerator: spans.len(),
        denominator: failed.len(),
        value: seconds(spans.into_iter(), missing, Missing::NotRecovered),
    }
}

/// The median in seconds, unless something is missing already; without one, `empty`.
fn seconds(spans: impl Iterator<Item = Span>, missing: Option<Missing>, empty: Missing) -> Result<f64, Missing> {
    match missing {
        Some(missing) => Err(missing),
        None => median(spans).map(Span::as_seconds).ok_or(empty),
    }
}

fn idle_days(successes: &[&Event], to: Timestamp, whole_days: usize) -> usize {
    // The oldest moment of a day belongs to it.
    let days = successes.iter().map(|deploy| ((deploy.at.age_at(to).0 - 1).max(0) / DAY.0) as usize);
    let busy: BTreeSet<usize> = days.filter(|day| *day < whole_days).collect();
    whole_days.saturating_sub(busy.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    /// The hour of a day.
    fn moment(day: i64, hour: f64) -> Timestamp {
        Timestamp(day * DAY.0 + (hour * HOUR as f64) as i64)
    }

    fn deploy(at: Timestamp, service: &str, reason: ChangeReason, commits: &[Timestamp]) -> Event {
        Event {
            at,
            kind: EventKind::Deploy,
            reason,
            service: service.into(),
            environment: "production".into(),
            commits: commits.to_vec(),
            ..Event::default()
        }
    }

    fn planned(at: Timestamp, service: &str, commits: &[Timestamp]) -> Event {
        deploy(at, service, ChangeReason::Planned, commits)
    }

    fn failed(at: Timestamp, service: &str) -> Event {
        Event { state: EventState::Failed, ..planned(at, service, &[]) }
    }

    fn incident(from: Timestamp, service: &str, until: Option<Timestamp>) -> Event {
        let state = if until.is_none() { EventState::Running } else { EventState::Done };
        Event { at: from, until, kind: EventKind::Incident, state, service: service.into(), ..Event::default() }
    }

    /// Of ten days.
    fn ten_days(events: &[Event], service: Option<&str>) -> Delivery {
        let events: Vec<&Event> = events.iter().collect();
        delivery(&events, service, "production", moment(0, 0.0), moment(10, 0.0))
    }

    fn metric(numerator: usize, denominator: usize, value: f64) -> Metric {
        Metric { numerator, denominator, value: Ok(value) }
    }

    /// Ten days of two services, counted by hand below.
    fn example() -> Vec<Event> {
        let under_way = Event { state: EventState::Running, ..planned(moment(8, 9.0), "shop", &[]) };
        let elsewhere = Event { environment: "staging".into(), ..planned(moment(8, 10.0), "shop", &[moment(8, 9.0)]) };
        vec![
            // Before the window: the history covers all of it.
            planned(moment(-1, 12.0), "shop", &[moment(-1, 11.0)]),
            // 1: commits 24 h and 6 h before.
            planned(moment(1, 10.0), "shop", &[moment(0, 10.0), moment(1, 4.0)]),
            // 2: a commit 12 h before; an hour later an incident begins, which ends 3 h after the deploy.
            planned(moment(2, 10.0), "shop", &[moment(1, 22.0)]),
            incident(moment(2, 11.0), "shop", Some(moment(2, 13.0))),
            // 3: the hotfix for it: 2 has failed, and is counted once.
            deploy(moment(2, 12.5), "shop", ChangeReason::Hotfix, &[moment(2, 12.0)]),
            // 4: mail, commits 24 h and 12 h before.
            planned(moment(3, 9.0), "mail", &[moment(2, 9.0), moment(2, 21.0)]),
            // 5: failed; what it meant to ship is not there.
            failed(moment(4, 10.0), "shop"),
            // 6: the same again, 2 h later, and done: a commit 4 h before, and one that is later than it.
            planned(moment(4, 12.0), "shop", &[moment(4, 8.0), moment(4, 13.0)]),
            // 49 h after 4: nothing to do with it.
            incident(moment(5, 10.0), "mail", Some(moment(5, 11.0))),
            // 7: tells no commits; 8 takes it back after 6 h.
            planned(moment(6, 10.0), "shop", &[]),
            deploy(moment(6, 16.0), "shop", ChangeReason::Rollback, &[]),
            // 9: mail, tells no commits.
            planned(moment(7, 9.0), "mail", &[]),
            under_way,
            elsewhere,
        ]
    }

    #[test]
    fn the_five_of_all_services_counted_by_hand() {
        let all = ten_days(&example(), None);
        // 1 to 9; one of them is a hotfix and one a rollback.
        assert_eq!((all.deploys(), all.planned, all.hotfix, all.rollback), (9, 7, 1, 1));
        // All but 5 were done: 8 in 10 days. They were done on days 1, 2, 3, 4, 6 and 7: 4 days without.
        assert_eq!((all.covered_from, all.idle_days), (moment(0, 0.0), 4));
        assert_eq!(all.frequency, metric(8, 10, 0.8));
        // Of those 8 all but the rollback could tell commits, and 1, 2, 3, 4 and 6 do: 5 of 7. Hours:
        // 0.5, 4, 6, 12, 12, 24, 24, of which the fourth is the median.
        assert_eq!((all.lead_time, all.commits), (metric(5, 7, 12.0 * 3600.0), 7));
        // 2 (incident and hotfix), 5 (failed), 7 (rollback).
        assert_eq!(all.fail_rate, metric(3, 9, 3.0 / 9.0));
        // 2 after 3 h, 5 after 2 h, 7 after 6 h: the median is 3 h.
        assert_eq!(all.recovery_time, metric(3, 3, 3.0 * 3600.0));
        assert_eq!(all.rework_rate, metric(2, 9, 2.0 / 9.0));
    }

    #[test]
    fn the_five_of_one_service_counted_by_hand() {
        let shop = ten_days(&example(), Some("shop"));
        // Without 4 and 9: 7 deploys, 6 of them done, on days 1, 2, 4 and 6.
        assert_eq!((shop.deploys(), shop.idle_days), (7, 6));
        assert_eq!(shop.frequency, metric(6, 10, 0.6));
        // 1, 2, 3 and 6 of 1, 2, 3, 6 and 7 tell commits; hours 0.5, 4, 6, 12, 24.
        assert_eq!((shop.lead_time, shop.commits), (metric(4, 5, 6.0 * 3600.0), 5));
        assert_eq!(shop.fail_rate, metric(3, 7, 3.0 / 7.0));
        assert_eq!(shop.rework_rate, metric(2, 7, 2.0 / 7.0));
        // Of mail's two deploys none failed. That can be said, for failures are told.
        let mail = ten_days(&example(), Some("mail"));
        assert_eq!(mail.fail_rate, metric(0, 2, 0.0));
        assert_eq!(mail.rework_rate, metric(0, 2, 0.0));
        assert_eq!(mail.recovery_time.value, Err(Missing::NoFailures));
    }

    #[test]
    fn without_deploys_there_is_no_number() {
        let staging = Event { environment: "staging".into(), ..planned(moment(5, 0.0), "shop", &[]) };
        let old = planned(moment(-3, 0.0), "shop", &[]);
        for events in [vec![], vec![staging], vec![old], vec![incident(moment(1, 0.0), "shop", None)]] {
            let none = ten_days(&events, None);
            for metric in [none.frequency, none.lead_time, none.fail_rate, none.recovery_time, none.rework_rate] {
                assert_eq!(metric.value, Err(Missing::NoDeploys));
            }
        }
    }

    #[test]
    fn where_no_failure_is_told_the_rate_is_not_zero() {
        let deploys = [planned(moment(-1, 0.0), "shop", &[]), planned(moment(5, 0.0), "shop", &[])];
        let quiet = ten_days(&deploys, None);
        assert_eq!(quiet.fail_rate.value, Err(Missing::NoIncidents));
        assert_eq!(quiet.recovery_time.value, Err(Missing::NoIncidents));
        assert_eq!(quiet.rework_rate.value, Err(Missing::NoReasons));
        assert_eq!(quiet.lead_time, Metric { numerator: 0, denominator: 1, value: Err(Missing::NoCommits) });
        // An old incident, even of another service, shows that somebody would tell.
        let mut told = deploys.to_vec();
        told.push(incident(moment(-9, 0.0), "mail", Some(moment(-9, 1.0))));
        assert_eq!(ten_days(&told, None).fail_rate, metric(0, 1, 0.0));
    }

    #[test]
    fn an_incident_before_any_deploy_is_nobodys() {
        let events = [incident(moment(1, 0.0), "shop", Some(moment(1, 1.0))), planned(moment(1, 2.0), "shop", &[])];
        assert_eq!(ten_days(&events, None).fail_rate, metric(0, 1, 0.0));
    }

    #[test]
    fn two_incidents_after_one_deploy_are_one_failure() {
        let events = [
            planned(moment(1, 0.0), "shop", &[]),
            incident(moment(1, 1.0), "shop", Some(moment(1, 2.0))),
            incident(moment(1, 3.0), "", Some(moment(1, 5.0))),
        ];
        let one = ten_days(&events, None);
        assert_eq!(one.fail_rate, metric(1, 1, 1.0));
        assert_eq!(one.recovery_time, metric(1, 1, 5.0 * 3600.0), "it was over with the last of them");
    }

    #[test]
    fn a_rollback_mends_the_last_that_was_none_itself() {
        let events = [
            planned(moment(1, 0.0), "shop", &[]),
            planned(moment(1, 1.0), "mail", &[]),
            deploy(moment(1, 2.0), "shop", ChangeReason::Rollback, &[]),
            deploy(moment(1, 3.0), "shop", ChangeReason::Hotfix, &[]),
            // Two days later: a hotfix of something older.
            deploy(moment(3, 4.0), "mail", ChangeReason::Hotfix, &[]),
        ];
        let all = ten_days(&events, None);
        assert_eq!(all.fail_rate, metric(1, 5, 0.2));
        assert_eq!(all.recovery_time, metric(1, 1, 2.0 * 3600.0), "with the rollback all was well");
    }

    #[test]
    fn what_goes_on_has_not_recovered() {
        let goes_on = [planned(moment(9, 0.0), "shop", &[]), incident(moment(9, 1.0), "shop", None)];
        let open = ten_days(&goes_on, None).recovery_time;
        assert_eq!(open, Metric { numerator: 0, denominator: 1, value: Err(Missing::NotRecovered) });
        // One whose end nobody reported was over with the hotfix.
        let mut fixed = goes_on.to_vec();
        fixed[1].state = EventState::Done;
        fixed.push(deploy(moment(9, 3.0), "shop", ChangeReason::Hotfix, &[]));
        assert_eq!(ten_days(&fixed, None).recovery_time, metric(1, 1, 3.0 * 3600.0));
    }

    #[test]
    fn days_before_the_oldest_deploy_do_not_count() {
        // Known for 4 days: 2 deploys, a day apart.
        let events = [planned(moment(6, 0.0), "shop", &[]), planned(moment(7, 0.0), "shop", &[])];
        let short = ten_days(&events, None);
        assert_eq!((short.covered_from, short.idle_days), (moment(6, 0.0), 2));
        assert_eq!(short.frequency, metric(2, 4, 0.5));
        // And for an hour: that is no 24 a day.
        assert_eq!(ten_days(&[planned(moment(9, 23.0), "shop", &[])], None).frequency, metric(1, 1, 1.0));
    }

    #[test]
    fn what_two_sources_tell_is_one() {
        let twice = [planned(moment(6, 0.0), "shop", &[]), planned(moment(6, 0.0), "shop", &[])];
        assert_eq!(ten_days(&twice, None).deploys(), 1);
    }

    #[test]
    fn the_median_is_the_middle() {
        let median_of = |seconds: &[i64]| median(seconds.iter().map(|one| Span::seconds(*one))).map(Span::as_seconds);
        assert_eq!(median_of(&[]), None);
        assert_eq!(median_of(&[9]), Some(9.0));
        assert_eq!(median_of(&[30, 10, 90]), Some(30.0));
        assert_eq!(median_of(&[40, 10, 20, 90]), Some(30.0));
    }
}
