//! Who is told of what turned: rules with names, quiet hours and a limit. Pure; telling is done elsewhere.

use std::collections::VecDeque;

use super::transitions::{Transition, Turn};
use crate::model::glob::Globs;
use crate::model::hours::Hours;
use crate::model::time::{Span, Timestamp, Zone};

/// The time a limit is for.
const HOUR: Span = Span::seconds(3600);

/// One rule of the board.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it tells of.
    pub on: Vec<Turn>,
    /// Names of builds and ids of panels; empty for all.
    pub keep: Globs,
    /// Services; empty for all.
    pub services: Globs,
    /// Whether terminals ring.
    pub bell: bool,
    /// Whether terminals show a notification of the desktop.
    pub desktop: bool,
    /// When it is silent.
    pub quiet: Vec<Hours>,
    /// How often at most, an hour.
    pub per_hour: usize,
}

impl Rule {
    fn wants(&self, one: &Transition) -> bool {
        self.on.contains(&one.turn) && self.keep.keep(one.name.as_str()) && self.services.keep(one.service.as_str())
    }

    fn is_quiet(&self, now: Timestamp, zone: &Zone) -> bool {
        self.quiet.iter().any(|hours| hours.contain(now, zone))
    }
}

/// A message of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Which rule, by its index.
    pub rule: usize,
    /// What turned.
    pub what: Transition,
    /// How many were held back before it, since the last message of this rule.
    pub held_back: usize,
    /// How many were lost before it: they were to be told, and could not be.
    pub lost: usize,
}

/// What each rule has told lately.
#[derive(Debug, Default)]
pub struct SentMessages(Vec<OfRule>);

#[derive(Debug, Default)]
struct OfRule {
    /// The rule itself: after a reload another one may stand in its place.
    rule: Option<Rule>,
    times: VecDeque<Timestamp>,
    held_back: usize,
    lost: usize,
    /// What turned red in quiet hours and is red still.
    slept_on: Vec<Transition>,
}

impl SentMessages {
    /// The messages that these transitions make now. When quiet hours are over, one message tells of what
    /// turned red in them and is red still: it must be asked at every look, whether or not something turned.
    pub fn messages<'a>(
        &mut self,
        rules: impl ExactSizeIterator<Item = &'a Rule>,
        turned: &[Transition],
        now: Timestamp,
        zone: &Zone,
    ) -> Vec<Message> {
        self.0.resize_with(rules.len(), OfRule::default);
        let of_rule = |(index, (rule, told)): (usize, (&Rule, &mut OfRule))| {
            let said = told.messages(rule, turned, now, zone).into_iter();
            said.map(|said| Message { rule: index, ..said }).collect::<Vec<_>>()
        };
        rules.zip(&mut self.0).enumerate().flat_map(of_rule).collect()
    }

    /// A message of a rule could not be passed on: the next one counts it, and all that it counted itself.
    pub fn lose(&mut self, rule: usize, counted: usize) {
        if let Some(told) = self.0.get_mut(rule) {
            told.lost += 1 + counted;
        }
    }
}

impl OfRule {
    /// What is told, each with how many were held back or lost before it.
    fn messages(&mut self, rule: &Rule, turned: &[Transition], now: Timestamp, zone: &Zone) -> Vec<Message> {
        if self.rule.as_ref() != Some(rule) {
            *self = Self { rule: Some(rule.clone()), ..Self::default() };
        }
        // What lies in the future was told before the clock was set back.
        self.times.retain(|at| *at <= now && at.age_at(now) < HOUR);
        self.slept_on.retain(|red| !turned.iter().any(|one| one.supersedes(red)));
        let wanted = turned.iter().filter(|one| rule.wants(one));
        if rule.is_quiet(now, zone) {
            for one in wanted {
                self.held_back += 1;
                if one.turn.is_red() {
                    self.slept_on.push(one.clone());
                }
            }
            return Vec::new();
        }
        let mut said = Vec::new();
        let mut slept_on = std::mem::take(&mut self.slept_on);
        if !slept_on.is_empty() {
            // It is one of those that were held back.
            self.held_back -= 1;
            said.extend(self.within_limit(slept_on.swap_remove(0), rule, now));
        }
        for one in wanted {
            said.extend(self.within_limit(one.clone(), rule, now));
        }
        said
    }

    fn within_limit(&mut self, what: Transition, rule: &Rule, now: Timestamp) -> Option<Message> {
        if self.times.len() >= rule.per_hour {
            self.held_back += 1;
            return None;
        }
        self.times.push_back(now);
        let (held_back, lost) = (std::mem::take(&mut self.held_back), std::mem::take(&mut self.lost));
        Some(Message { rule: 0, what, held_back, lost })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(on: &[Turn], keep: &[&str]) -> Rule {
        Rule {
            on: on.to_vec(),
            keep: Globs::new(&keep.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>()),
            services: Globs::default(),
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
        let messages = SentMessages::default().messages(rules.iter(), &all, Timestamp(0), &Zone::utc());
        assert_eq!(names(&messages), [(0, "shop/main", 0), (1, "shop/main", 0), (1, "mail/main", 0)]);
    }

    #[test]
    fn too_many_are_held_back_and_counted() {
        let rules = [rule(&[Turn::Broken], &[])];
        let many: Vec<Transition> = (0..30).map(|n| turned(Turn::Broken, &format!("b{n}"))).collect();
        let mut told = SentMessages::default();
        assert_eq!(told.messages(rules.iter(), &many, Timestamp(0), &Zone::utc()).len(), 2);
        assert_eq!(told.messages(rules.iter(), &many[..1], Timestamp(3_599_000), &Zone::utc()).len(), 0);
        let later = told.messages(rules.iter(), &many[..1], Timestamp(3_600_000), &Zone::utc());
        assert_eq!(names(&later), [(0, "b0", 29)]);
    }

    #[test]
    fn what_was_lost_is_counted_by_the_next_message_of_its_rule() {
        let rules = [rule(&[Turn::Broken], &[]), rule(&[Turn::Broken], &[])];
        let one = [turned(Turn::Broken, "b")];
        let mut told = SentMessages::default();
        let mut lost = |hour: i64| {
            let messages = told.messages(rules.iter(), &one, Timestamp(hour * 3_600_000), &Zone::utc());
            told.lose(1, messages[1].held_back + messages[1].lost);
            messages.iter().map(|message| message.lost).collect::<Vec<_>>()
        };
        assert_eq!([lost(0), lost(1), lost(2)], [[0, 0], [0, 1], [0, 2]]);
    }

    #[test]
    fn quiet_hours_are_quiet_across_midnight() {
        let mut quiet = rule(&[Turn::Broken], &[]);
        quiet.quiet = vec!["22:00-07:00".parse().unwrap()];
        let at = |hour: i64| Timestamp(hour * 3_600_000);
        let one = [turned(Turn::Broken, "b")];
        for (hour, told) in [(21, 1), (22, 0), (3, 0), (7, 1)] {
            let messages = SentMessages::default().messages([&quiet].into_iter(), &one, at(hour), &Zone::utc());
            assert_eq!(messages.len(), told, "at {hour}:00");
        }
    }

    #[test]
    fn another_rule_in_the_same_place_knows_nothing_of_the_one_before() {
        let (mut told, mut night) = (SentMessages::default(), rule(&[Turn::Broken], &[]));
        night.quiet = vec!["00:00-23:59".parse().unwrap()];
        let mut at_once = |rule: &Rule, turned: &[Transition]| {
            names(&told.messages([rule].into_iter(), turned, Timestamp(0), &Zone::utc())).len()
        };
        assert_eq!(at_once(&night, &[turned(Turn::Broken, "a")]), 0);
        assert_eq!(at_once(&rule(&[Turn::Broken], &["b"]), &[]), 0);
    }

    #[test]
    fn the_morning_tells_once_of_what_turned_red_at_night_and_is_red_still() {
        let mut quiet = rule(&[Turn::Broken, Turn::Critical], &[]);
        quiet.quiet = vec!["22:00-07:00".parse().unwrap()];
        let mut told = SentMessages::default();
        let mut at = |hour: i64, turned: &[Transition]| {
            let messages = told.messages([&quiet].into_iter(), turned, Timestamp(hour * 3_600_000), &Zone::utc());
            names(&messages).into_iter().map(|(_, name, held_back)| (name.to_owned(), held_back)).collect::<Vec<_>>()
        };
        let none: Vec<(String, usize)> = Vec::new();
        assert_eq!(at(23, &[turned(Turn::Broken, "a"), turned(Turn::Broken, "b")]), none);
        assert_eq!(at(25, &[turned(Turn::Critical, "c"), turned(Turn::Fixed, "a")]), none);
        // Recovered is of panels: the build is still red.
        assert_eq!(at(26, &[turned(Turn::Recovered, "b")]), none);
        assert_eq!(at(31, &[]), [("b".to_owned(), 2)]);
        assert_eq!(at(32, &[]), none, "once");
        // A night in which all became well again is a quiet one.
        assert_eq!(at(47, &[turned(Turn::Critical, "c")]), none);
        assert_eq!(at(48, &[turned(Turn::Recovered, "c")]), none);
        assert_eq!(at(55, &[]), none);
    }
}
