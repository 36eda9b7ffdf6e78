//! The stages of pipelines, from left to right: how far each run has come, and where it stopped.
//!
//! ```text
//! ✖ shop/main  #482 failed  main             ● build 40 s ─ ● test 3 min ─ ✖ deploy: smoke tests ─ ◌ release
//! ● mail/main  #77 ok  ▶ running 1 min  main  ● build 20 s ─ ▶ test running 40 s ─ ◌ deploy
//!
//! where it is narrow:   ✖ shop/main  2 ok ─ ✖ deploy: smoke tests ─ 1 to come
//! ```

mod flow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

use super::ink::{Ink, Role};
use super::marks::{columns, row, write};
use super::{Need, Panel, PanelInput, Room, Shape};
use crate::model::build::{Activity, BuildResult, TrackedBuild};
use crate::model::judgement::Content;
use crate::model::layer::Layer;
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;
use flow::{Fate, Step, elapsed, fitted, total, write_flow};

/// The least that a flow is given before the facts of its build are.
const FLOW: u16 = 24;
/// Widest the facts of a build grow beside its flow.
const FACTS: u16 = 40;
/// Between a name, its facts and its flow.
const SPACE: u16 = 2;

/// The panel.
#[derive(Debug)]
pub struct Stages;

/// The keys of a stages panel.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Options {}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    lines: Vec<Line>,
    answered: bool,
}

/// One build.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Line {
    name: SafeText,
    status: Status,
    /// "#482 failed".
    facts: String,
    activity: Activity,
    /// "running 40 s".
    doing: String,
    branch: SafeText,
    steps: Vec<Step>,
}

impl Line {
    fn from_build(one: &TrackedBuild, now: Timestamp) -> Self {
        let build = &one.build;
        let word = match build.result {
            BuildResult::Unknown if !build.raw.is_empty() => build.raw.as_str(),
            result => result.word(),
        };
        let label = build.label.as_str();
        let hash = if !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()) { "#" } else { "" };
        let facts = format!("{hash}{label} {word}").trim_start().to_owned();
        let doing = match build.activity {
            Activity::Idle => String::new(),
            Activity::Queued => "queued".to_owned(),
            Activity::Waiting => "waiting for a person".to_owned(),
            Activity::Disabled => "switched off".to_owned(),
            Activity::Running => {
                one.running_since.map_or_else(|| "running".to_owned(), |at| format!("running {}", elapsed(at, now)))
            }
        };
        Self {
            name: one.name.clone(),
            status: build.result.status(),
            facts,
            activity: build.activity,
            doing,
            branch: build.branch.clone(),
            steps: build.stages.iter().map(|stage| Step::from_stage(stage, now)).collect(),
        }
    }

    /// The worst that can be said of its stages, in half a line.
    fn verdict(&self) -> String {
        let first = |fate: Fate| self.steps.iter().find(|step| step.fate == fate);
        let notable = [Fate::Failed, Fate::Running, Fate::Waiting, Fate::Unstable].into_iter().find_map(first);
        let ok = self.steps.iter().filter(|step| step.fate == Fate::Ok).count();
        match (notable, self.steps.len()) {
            (_, 0) => "no stages known".to_owned(),
            (Some(step), _) => step.words(true),
            (None, all) if ok == all => format!("all {all} stages ok"),
            (None, all) => format!("{ok} of {all} stages ok"),
        }
    }

    /// How much it asks for attention: what is red comes before what goes on.
    fn weight(&self) -> u8 {
        let has = |fate: Fate| self.steps.iter().any(|step| step.fate == fate);
        if has(Fate::Failed) {
            3
        } else if self.status == Status::Critical {
            2
        } else {
            u8::from(has(Fate::Running) || has(Fate::Waiting) || has(Fate::Unstable))
        }
    }

    /// "#482 failed", "running 40 s", "main", each with its colour.
    fn facts(&self, with_branch: bool, ink: &Ink) -> Vec<(String, Role)> {
        let mut facts = vec![(self.facts.clone(), Role::from(self.status))];
        if self.activity == Activity::Running {
            facts.push((format!("{} {}", ink.glyphs.running(), self.doing), Role::Accent));
        } else if !self.doing.is_empty() {
            facts.push((self.doing.clone(), Role::Accent));
        }
        if with_branch && !self.branch.is_empty() {
            facts.push((self.branch.to_string(), Role::Muted));
        }
        facts
    }
}

impl Panel for Stages {
    const VIEW: &'static str = "stages";
    const SUMMARY: &'static str = "the stages of pipelines as a flow: which is red, at which step, and which runs";
    const HISTORY: bool = false;
    const SOURCE: Need = Need::Needed;
    const TAKES: Option<Shape> = Some(Shape::Builds);
    const LAYER: Layer = Layer::Pipeline;
    const ROOM: Room = Room::new((30, 1), (80, 6), (160, 30), 5);
    type Options = Options;
    type View = View;

    fn view(_: &Options, input: &PanelInput<'_>) -> View {
        match &input.content {
            Content::Builds(builds) => {
                View { lines: builds.iter().map(|one| Line::from_build(one, input.now)).collect(), answered: true }
            }
            content => View { lines: Vec::new(), answered: !matches!(content, Content::Nothing) },
        }
    }

    fn draw(view: &View, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        if view.lines.is_empty() {
            write(buffer, area, 1, 0, if view.answered { "no builds" } else { "" }, ink.style(Role::Muted));
            return;
        }
        let (count, height) = (view.lines.len(), usize::from(area.height));
        let plan = Plan::new(&view.lines, area.width, ink);
        // What does not fit beside its build goes below it, where there is room.
        let below = height >= 2 * count && !view.lines.iter().all(|line| plan.fits(line, area.width, ink));
        let rows = 1 + usize::from(below);
        // With room to spare, builds stand apart.
        let each = if height >= (rows + 1) * count { rows + 1 } else { rows };
        let shown = if count > height { height.saturating_sub(1) } else { count };
        for (n, line) in view.lines.iter().take(shown).enumerate() {
            let at = row(area, (n * each) as u16);
            if below {
                plan.draw_head(line, at, buffer, ink);
                let under = row(area, (n * each + 1) as u16);
                draw_flow(line, columns(under, 2, under.width), buffer, ink);
            } else {
                plan.draw_beside(line, at, buffer, ink);
            }
        }
        let rest = view.lines.get(shown..).unwrap_or_default();
        if !rest.is_empty() && height > 0 {
            write(buffer, row(area, shown as u16), 2, 0, &counted(rest), ink.style(Role::Muted));
        }
    }

    fn room(view: &View) -> Room {
        Self::ROOM.for_rows(view.lines.len(), (1, 3))
    }

    fn strip(view: &View) -> String {
        // The first of the weightiest: the builds come worst first.
        let worst = view.lines.iter().rev().max_by_key(|line| line.weight());
        match worst {
            None if view.answered => "no builds".to_owned(),
            None => String::new(),
            Some(line) if line.weight() == 2 => format!("{} {}", line.name, line.facts),
            Some(line) if view.lines.len() > 1 => format!("{} {}", line.name, line.verdict()),
            Some(line) => line.verdict(),
        }
    }
}

/// "2 more red, 18 more ok".
fn counted(lines: &[Line]) -> String {
    let part = |status: Status| {
        let count = lines.iter().filter(|line| line.status == status).count();
        let word = if status == Status::Critical { "red" } else { status.word() };
        (count > 0).then(|| format!("{count} more {word}"))
    };
    Status::WORST_FIRST.into_iter().filter_map(part).collect::<Vec<_>>().join(", ")
}

fn facts_width(facts: &[(String, Role)]) -> u16 {
    let words: usize = facts.iter().map(|(words, _)| words.width() + usize::from(SPACE)).sum();
    words.saturating_sub(usize::from(SPACE)).min(usize::from(u16::MAX)) as u16
}

fn write_facts(facts: &[(String, Role)], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut x = 0;
    for (words, role) in facts {
        x += write(buffer, area, x, 0, words, ink.style(*role)) + SPACE;
    }
}

/// The columns of names and facts, left of the flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    names: u16,
    /// 0 where flows need the room.
    facts: u16,
    with_branch: bool,
}

impl Plan {
    fn new(lines: &[Line], width: u16, ink: &Ink) -> Self {
        let names = lines.iter().map(|line| line.name.width()).max().unwrap_or(0).min(usize::from(width) / 3) as u16;
        let flows = lines.iter().map(|line| total(&line.steps, ink)).max().unwrap_or(0);
        let plan = |with_branch: bool| {
            let facts = lines.iter().map(|line| facts_width(&line.facts(with_branch, ink))).max().unwrap_or(0);
            Self { names, facts: facts.min(FACTS), with_branch }
        };
        let (long, short) = (plan(true), plan(false));
        if usize::from(long.flow_at()) + flows <= usize::from(width) {
            long
        } else if short.flow_at() + FLOW <= width {
            short
        } else {
            Self { facts: 0, ..short }
        }
    }

    /// Where flows begin.
    const fn flow_at(self) -> u16 {
        2 + self.names + SPACE + if self.facts > 0 { self.facts + SPACE } else { 0 }
    }

    /// Whether nothing of a line would be cut or left out.
    fn fits(self, line: &Line, width: u16, ink: &Ink) -> bool {
        let room = usize::from(width.saturating_sub(self.flow_at()));
        let facts = facts_width(&line.facts(self.with_branch, ink));
        line.name.width() <= usize::from(self.names) && facts <= self.facts && total(&line.steps, ink) <= room
    }

    fn draw_beside(self, line: &Line, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        draw_name(line, self.names, area, buffer, ink);
        let facts = columns(area, 2 + self.names + SPACE, self.facts);
        write_facts(&line.facts(self.with_branch, ink), facts, buffer, ink);
        draw_flow(line, columns(area, self.flow_at(), area.width), buffer, ink);
    }

    /// A line for the build alone: all its facts.
    fn draw_head(self, line: &Line, area: Rect, buffer: &mut Buffer, ink: &Ink) {
        draw_name(line, self.names, area, buffer, ink);
        let facts = columns(area, 2 + self.names + SPACE, area.width);
        write_facts(&line.facts(true, ink), facts, buffer, ink);
    }
}

fn draw_name(line: &Line, width: u16, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    write(buffer, area, 0, 0, ink.lamp(line.status), ink.style(line.status.into()));
    let role = if line.status.severity() > 1 { Role::from(line.status) } else { Role::Text };
    write(buffer, columns(area, 2, width), 0, 0, line.name.as_str(), ink.style(role));
}

fn draw_flow(line: &Line, area: Rect, buffer: &mut Buffer, ink: &Ink) {
    if line.steps.is_empty() {
        write(buffer, area, 0, 0, "no stages known", ink.style(Role::Muted));
    } else {
        write_flow(&fitted(&line.steps, usize::from(area.width), ink), area, buffer, ink);
    }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use crate::model::build::{Build, Stage};
    use crate::model::time::Zone;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn build(name: &str, result: BuildResult, stages: &[(&str, BuildResult, &str)]) -> TrackedBuild {
        let stage = |(name, result, step): &(&str, BuildResult, &str)| Stage {
            name: (*name).into(),
            result: *result,
            step: (*step).into(),
            ..Stage::default()
        };
        let build = Build {
            name: name.into(),
            result,
            label: "482".into(),
            branch: "main".into(),
            stages: stages.iter().map(stage).collect(),
            ..Build::default()
        };
        TrackedBuild {
            name: build.name.clone(),
            build,
            red_since: None,
            red_streak: 0,
            broken_by: SafeText::default(),
            running_since: None,
        }
    }

    fn view(builds: &[TrackedBuild]) -> View {
        let zone = Zone::utc();
        let input = PanelInput::alone(Content::Builds(builds.iter().collect()), NOW, &zone);
        Stages::view(&Options {}, &input)
    }

    fn strip(builds: &[TrackedBuild]) -> String {
        Stages::strip(&view(builds))
    }

    #[test]
    fn the_worst_is_said_in_half_a_line() {
        use BuildResult::{Failure, Skipped, Success, Unknown};
        let green = build("mail", Success, &[("build", Success, ""), ("test", Success, "")]);
        let red = build("shop", Failure, &[("build", Success, ""), ("deploy", Failure, "smoke tests")]);
        let partly = build("docs", Success, &[("build", Success, ""), ("publish", Skipped, ""), ("tell", Unknown, "")]);
        let untold = build("old", Failure, &[]);
        assert_eq!(strip(from_ref(&green)), "all 2 stages ok");
        assert_eq!(strip(from_ref(&red)), "deploy failed: smoke tests");
        assert_eq!(strip(&[partly]), "1 of 3 stages ok");
        assert_eq!(strip(&[green.clone(), red]), "shop deploy failed: smoke tests");
        assert_eq!(strip(&[green, untold]), "old #482 failed", "no stage says why");
        assert_eq!(strip(&[]), "no builds");
    }

    #[test]
    fn a_run_under_way_does_not_hide_the_result_of_before() {
        let mut one = build("shop", BuildResult::Failure, &[("build", BuildResult::Success, "")]);
        one.build.activity = Activity::Running;
        one.running_since = Some(Timestamp(NOW.0 - 47_000));
        let line = Line::from_build(&one, NOW);
        assert_eq!((line.facts.as_str(), line.doing.as_str()), ("#482 failed", "running 40 s"));
    }

    #[test]
    fn a_label_that_is_no_number_stands_for_itself() {
        let mut one = build("shop", BuildResult::Success, &[]);
        one.build.label = "v2.14".into();
        assert_eq!(Line::from_build(&one, NOW).facts, "v2.14 ok");
        one.build.label = SafeText::default();
        assert_eq!(Line::from_build(&one, NOW).facts, "ok");
    }
}
