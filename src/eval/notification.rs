//! Who is told of what turned: rules with names, quiet hours and a limit. Pure; telling is done elsewhere.

use std::collections::VecDeque;

use wildmatch::WildMatch;

use super::transitions::{Transition, Turn};
use crate::model::time::{QuietHours, Span, Timestamp, Zone};

/// The time a limit is for.
const HOUR: Span = Span::seconds(3600);

/// One rule of the board.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it tells of.
    pub on: Vec<Turn>,
    /// Names of builds and ids of panels; empty for all.
    pub keep: Vec<WildMatch>,
    /// Services; empty for all.
    pub services: Vec<WildMatch>,
    /// Whether terminals ring.
    pub bell: bool,
    /// Whether terminals show a notification of the desktop.
    pub desktop: bool,
    /// When it is silent.
    pub quiet: Vec<QuietHours>,
    /// How often at most, an hour.
    pub per_hour: usize,
}

impl Rule {
    fn wants(&self, one: &Transition) -> bool {
        let keeps = |globs: &[WildMatch], name: &str| globs.is_empty() || globs.iter().any(|glob| glob.matches(name));
        self.on.contains(&one.turn)
            && keeps(&self.keep, one.name.as_str())
            && keeps(&self.services, one.service.as_str())
    }
}

/// A message of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which rule, by its place.
    pub rule: usize,
    /// What turned.
    pub what: Transition,
    /// How many were held back before it, since the last message of this rule.
    pub held_back: usize,
}

/// What each rule has told lately.
#[derive(Debug, Default)]
pub struct Told(Vec<OfRule>);

#[derive(Debug, Default)]
struct OfRule {
    times: VecDeque<Timestamp>,
    held_back: usize,
}

impl Told {
    /// The messages that these transitions make now.
    pub fn messages(&mut self, rules: &[Rule], turned: &[Transition], now: Timestamp, zone: &Zone) -> Vec<Message> {
        self.0.resize_with(rules.len(), OfRule::default);
        let mut messages = Vec::new();
        for (place, (rule, told)) in rules.iter().zip(&mut self.0).enumerate() {
            let is_quiet = rule.quiet.iter().any(|hours| hours.contain(now, zone));
            for one in turned.iter().filter(|one| rule.wants(one)) {
                // What lies in the future was told before the clock was set back.
                told.times.retain(|at| *at <= now && at.age_at(now) < HOUR);
                if is_quiet || told.times.len() >= rule.per_hour {
                    told.held_back += 1;
                    continue;
                }
                told.times.push_back(now);
                let held_back = std::mem::take(&mut told.held_back);
                messages.push(Message { rule: place, what: one.clone(), held_back });
            }
        }
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(on: &[Turn], keep: &[&str]) -> Rule {
        Rule {
            on: on.to_vec(),
            keep: keep.iter().map(|glob| WildMatch::new(glob)).collect(),
            services: Vec::new(),
            bell: true,
            desktop: false,
            quiet: Vec::new(),
            per_hour: 2,
        }
    }

    fn turned(turn: Turn, name: &str) -> Transition {
        Transition {
            turn,
            name: name.into(),
            text: String::new(),
            service: "".into(),
            environment: "".into(),
            url: None,
        }
    }

    fn names(messages: &[Message]) -> Vec<(usize, &str, usize)> {
        messages.iter().map(|one| (one.rule, one.what.name.as_str(), one.held_back)).collect()
    }

    #[test]
    fn a_rule_tells_of_its_own_group_only() {
        let rules = [rule(&[Turn::Broken], &["shop/*"]), rule(&[Turn::Broken, Turn::Fixed], &[])];
        let all = [turned(Turn::Broken, "shop/main"), turned(Turn::Fixed, "mail/main")];
        let messages = Told::default().messages(&rules, &all, Timestamp(0), &Zone::utc());
        assert_eq!(names(&messages), [(0, "shop/main", 0), (1, "shop/main", 0), (1, "mail/main", 0)]);
    }

    #[test]
    fn too_many_are_held_back_and_counted() {
        let rules = [rule(&[Turn::Broken], &[])];
        let many: Vec<Transition> = (0..30).map(|n| turned(Turn::Broken, &format!("b{n}"))).collect();
        let mut told = Told::default();
        assert_eq!(told.messages(&rules, &many, Timestamp(0), &Zone::utc()).len(), 2);
        assert_eq!(told.messages(&rules, &many[..1], Timestamp(3_599_000), &Zone::utc()).len(), 0);
        let later = told.messages(&rules, &many[..1], Timestamp(3_600_000), &Zone::utc());
        assert_eq!(names(&later), [(0, "b0", 29)]);
    }

    #[test]
    fn quiet_hours_are_quiet_across_midnight() {
        let mut quiet = rule(&[Turn::Broken], &[]);
        quiet.quiet = vec!["22:00-07:00".parse().unwrap()];
        let at = |hour: i64| Timestamp(hour * 3_600_000);
        let one = [turned(Turn::Broken, "b")];
        for (hour, told) in [(21, 1), (22, 0), (3, 0), (7, 1)] {
            let messages = Told::default().messages(std::slice::from_ref(&quiet), &one, at(hour), &Zone::utc());
            assert_eq!(messages.len(), told, "at {hour}:00");
        }
    }
}
