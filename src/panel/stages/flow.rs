//! Stages in words, as many of them as a line has room for: what is red or runs is the last to be cut.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::model::build::{Activity, BuildResult, Stage};
use crate::model::status::Status;
use crate::model::text::{SafeText, ellipsis};
use crate::model::time::{Span, Timestamp};
use crate::panel::ink::{Ink, Role};
use crate::panel::marks::write;

/// Columns between two stages.
const BETWEEN: usize = 3;
/// The least that is left of the stage that matters before the counts beside it are given up.
const LEAST: usize = 12;

/// What became of a stage, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fate {
    Failed,
    Unstable,
    Running,
    Waiting,
    Cancelled,
    Skipped,
    Ok,
    ToCome,
}

impl Fate {
    const ALL: [Self; 8] = [
        Self::Failed,
        Self::Unstable,
        Self::Running,
        Self::Waiting,
        Self::Cancelled,
        Self::Skipped,
        Self::Ok,
        Self::ToCome,
    ];

    /// A stage that has failed while a part of it still runs is red already.
    const fn from_stage(stage: &Stage) -> Self {
        match stage.activity {
            _ if stage.result.is_red() => Self::Failed,
            Activity::Running => Self::Running,
            Activity::Waiting => Self::Waiting,
            Activity::Queued => Self::ToCome,
            Activity::Disabled => Self::Skipped,
            Activity::Idle => Self::of_result(stage.result),
        }
    }

    const fn of_result(result: BuildResult) -> Self {
        match result {
            BuildResult::Success => Self::Ok,
            BuildResult::Warning => Self::Unstable,
            BuildResult::Failure | BuildResult::Error => Self::Failed,
            BuildResult::Cancelled => Self::Cancelled,
            BuildResult::Skipped => Self::Skipped,
            BuildResult::NeverRun | BuildResult::Unknown => Self::ToCome,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Unstable => "unstable",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Ok => "ok",
            Self::ToCome => "to come",
        }
    }

    const fn lamp(self, ink: &Ink) -> &'static str {
        match self {
            Self::Failed => ink.lamp(Status::Critical),
            Self::Unstable => ink.lamp(Status::Warning),
            Self::Ok => ink.lamp(Status::Ok),
            Self::Running => ink.glyphs.running(),
            Self::Waiting | Self::Cancelled | Self::Skipped | Self::ToCome => ink.lamp(Status::Unknown),
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::Failed => Role::Critical,
            Self::Unstable => Role::Warning,
            Self::Ok => Role::Ok,
            Self::Running | Self::Waiting => Role::Accent,
            Self::Cancelled | Self::Skipped | Self::ToCome => Role::Muted,
        }
    }
}

/// A stage, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Step {
    name: SafeText,
    /// What became of it.
    pub(super) fate: Fate,
    /// "40 s": how long it took, or has been running.
    took: String,
    /// The step that failed, or that runs.
    at: SafeText,
}

impl Step {
    /// A stage as of a moment.
    pub(super) fn from_stage(stage: &Stage, now: Timestamp) -> Self {
        let fate = Fate::from_stage(stage);
        let took = if fate == Fate::Running {
            stage.started_at.map(|at| elapsed(at, now))
        } else {
            stage.duration.map(Span::brief)
        };
        Self { name: stage.name.clone(), fate, took: took.unwrap_or_default(), at: stage.step.clone() }
    }

    /// "test 3 min", "deploy failed: smoke tests", "release". Beside its lamp a red stage with a step needs
    /// no word more; alone it does.
    pub(super) fn words(&self, alone: bool) -> String {
        let mut words = self.name.to_string();
        let is_plain = matches!(self.fate, Fate::Ok | Fate::ToCome);
        let step = if is_plain || self.at.is_empty() { String::new() } else { format!(": {}", self.at) };
        if !is_plain && (alone || self.fate != Fate::Failed || step.is_empty()) {
            words = format!("{words} {}", self.fate.word());
        }
        if matches!(self.fate, Fate::Ok | Fate::Running) && !self.took.is_empty() {
            words = format!("{words} {}", self.took);
        }
        words + &step
    }

    fn piece(&self, ink: &Ink, with_time: bool) -> Piece {
        let words = if with_time || self.fate != Fate::Ok { self.words(false) } else { self.name.to_string() };
        let role = if self.fate == Fate::Ok { Role::Text } else { self.fate.role() };
        Piece { lamp: self.fate.lamp(ink), lamp_style: ink.style(self.fate.role()), words, style: ink.style(role) }
    }
}

/// What stands between two strokes: a stage, or some of them counted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    lamp: &'static str,
    lamp_style: Style,
    words: String,
    style: Style,
}

impl Piece {
    fn width(&self) -> usize {
        let lamp = if self.lamp.is_empty() { 0 } else { self.lamp.width() + 1 };
        lamp + self.words.width()
    }

    /// "1 failed, 2 ok, 1 to come", with the lamp of what is red among them.
    fn counted(steps: &[Step], ink: &Ink) -> Option<Self> {
        let count = |fate: Fate| steps.iter().filter(|step| step.fate == fate).count();
        let counts = Fate::ALL.into_iter().filter(|fate| count(*fate) > 0);
        let words = counts.map(|fate| format!("{} {}", count(fate), fate.word())).collect::<Vec<_>>().join(", ");
        let (lamp, role) =
            if count(Fate::Failed) > 0 { (Fate::Failed.lamp(ink), Role::Critical) } else { ("", Role::Muted) };
        (!steps.is_empty()).then(|| Self { lamp, lamp_style: ink.style(role), words, style: ink.style(role) })
    }
}

fn width(pieces: &[Piece]) -> usize {
    pieces.iter().map(Piece::width).sum::<usize>() + BETWEEN * pieces.len().saturating_sub(1)
}

fn pieces(steps: &[Step], ink: &Ink, with_times: bool) -> Vec<Piece> {
    steps.iter().map(|step| step.piece(ink, with_times)).collect()
}

/// The columns that all stages take, with all their words.
pub(super) fn total(steps: &[Step], ink: &Ink) -> usize {
    width(&pieces(steps, ink, true))
}

/// The stages in a line of so many columns. First the times of those that are ok go, then what is before
/// the stage that matters is counted, then what is behind it; at last its own words are cut.
pub(super) fn fitted(steps: &[Step], room: usize, ink: &Ink) -> Vec<Piece> {
    let whole = [pieces(steps, ink, true), pieces(steps, ink, false)].into_iter().find(|pieces| width(pieces) <= room);
    if let Some(pieces) = whole {
        return pieces;
    }
    let index = |fate: Fate| steps.iter().position(|step| step.fate == fate);
    let notable = [Fate::Failed, Fate::Running, Fate::Waiting, Fate::Unstable].into_iter().find_map(index);
    let Some((index, main)) = notable.and_then(|index| Some((index, steps.get(index)?))) else {
        return Piece::counted(steps, ink).into_iter().collect();
    };
    let (before, behind) = (steps.get(..index).unwrap_or_default(), steps.get(index + 1..).unwrap_or_default());
    let main = main.piece(ink, true);
    let before = Piece::counted(before, ink);
    let counted: Vec<Piece> = before.clone().into_iter().chain([main.clone()]).collect();
    let half: Vec<Piece> = counted.iter().cloned().chain(pieces(behind, ink, false)).collect();
    if width(&half) <= room {
        return half;
    }
    let behind = Piece::counted(behind, ink);
    let counted: Vec<Piece> = counted.into_iter().chain(behind.clone()).collect();
    let over = width(&counted).saturating_sub(room);
    let words = main.words.width();
    if over == 0 {
        counted
    } else if words >= over + LEAST {
        let cut = Piece { words: ellipsis(&main.words, words - over), ..main };
        before.into_iter().chain([cut]).chain(behind).collect()
    } else {
        vec![main]
    }
}

/// Writes the pieces with strokes between them; what is too long is cut at the right.
pub(super) fn write_flow(pieces: &[Piece], area: Rect, buffer: &mut Buffer, ink: &Ink) {
    let mut x = 0;
    for (n, piece) in pieces.iter().enumerate() {
        if n > 0 {
            x += write(buffer, area, x, 0, &format!(" {} ", ink.glyphs.ground()), ink.style(Role::Border));
        }
        if !piece.lamp.is_empty() {
            x += write(buffer, area, x, 0, piece.lamp, piece.lamp_style) + 1;
        }
        x += write(buffer, area, x, 0, &piece.words, piece.style);
    }
}

/// In steps that do not make a wall restless.
pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> String {
    Span(since.age_at(now).0 / 10_000 * 10_000).brief()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panel::ink::Glyphs;

    fn ink() -> Ink {
        Ink::new([Style::default(); 18], Glyphs::Full)
    }

    fn step(name: &str, fate: Fate, at: &str) -> Step {
        let took = if fate == Fate::Ok { "3 min".to_owned() } else { String::new() };
        Step { name: name.into(), fate, took, at: at.into() }
    }

    fn red() -> Vec<Step> {
        vec![
            step("build", Fate::Ok, ""),
            step("lint", Fate::Skipped, ""),
            step("test", Fate::Ok, ""),
            step("deploy", Fate::Failed, "smoke tests of the shop"),
            step("release", Fate::ToCome, ""),
            step("tell", Fate::ToCome, ""),
        ]
    }

    fn text(steps: &[Step], room: usize) -> String {
        let pieces = fitted(steps, room, &ink());
        let words: Vec<String> =
            pieces.iter().map(|piece| format!("{} {}", piece.lamp, piece.words).trim_start().to_owned()).collect();
        words.join(" ─ ")
    }

    #[test]
    fn what_is_red_is_the_last_to_be_cut() {
        let whole =
            "● build 3 min ─ ◌ lint skipped ─ ● test 3 min ─ ✖ deploy: smoke tests of the shop ─ ◌ release ─ ◌ tell";
        assert_eq!(text(&red(), 200), whole);
        assert_eq!(total(&red(), &ink()), whole.width());
        assert_eq!(text(&red(), whole.width()), whole);
        assert_eq!(text(&red(), whole.width() - 1), whole.replace(" 3 min", ""));
        let counted = "1 skipped, 2 ok ─ ✖ deploy: smoke tests of the shop";
        assert_eq!(text(&red(), 80), format!("{counted} ─ ◌ release ─ ◌ tell"));
        assert_eq!(text(&red(), 64), format!("{counted} ─ 2 to come"));
        assert_eq!(text(&red(), 50), "1 skipped, 2 ok ─ ✖ deploy: smoke tes… ─ 2 to come");
        assert_eq!(text(&red(), 30), "✖ deploy: smoke tests of the shop", "and is cut where it is written");
    }

    #[test]
    fn a_second_red_stage_is_counted_as_red() {
        let mut steps = red();
        steps.push(step("notify", Fate::Failed, ""));
        assert_eq!(text(&steps, 70), "1 skipped, 2 ok ─ ✖ deploy: smoke tests of th… ─ ✖ 1 failed, 2 to come");
    }

    #[test]
    fn green_stages_are_counted_when_they_do_not_fit() {
        let steps: Vec<Step> = (0..9).map(|n| step(&format!("stage {n}"), Fate::Ok, "")).collect();
        assert_eq!(text(&steps, 40), "9 ok");
    }

    #[test]
    fn every_activity_and_result_has_a_fate() {
        let fate_of = |activity, result| Fate::from_stage(&Stage { activity, result, ..Stage::default() });
        assert_eq!(fate_of(Activity::Running, BuildResult::Failure), Fate::Failed, "a part of it has failed");
        assert_eq!(fate_of(Activity::Running, BuildResult::Unknown), Fate::Running);
        assert_eq!(fate_of(Activity::Waiting, BuildResult::Unknown), Fate::Waiting);
        assert_eq!(fate_of(Activity::Queued, BuildResult::Unknown), Fate::ToCome);
        assert_eq!(fate_of(Activity::Disabled, BuildResult::Unknown), Fate::Skipped);
        for (result, fate) in [
            (BuildResult::Success, Fate::Ok),
            (BuildResult::Warning, Fate::Unstable),
            (BuildResult::Error, Fate::Failed),
            (BuildResult::Cancelled, Fate::Cancelled),
            (BuildResult::Skipped, Fate::Skipped),
            (BuildResult::Unknown, Fate::ToCome),
        ] {
            assert_eq!(fate_of(Activity::Idle, result), fate);
        }
    }
}
