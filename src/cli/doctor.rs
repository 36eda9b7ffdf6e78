//! `andon doctor`: every source probed step by step, and which panel gets nothing, and why.

use std::process::ExitCode;

use super::arguments::DoctorFlags;
use super::load::{load, zone};
use super::out::{Done, count, print};
use crate::app::diagnosis::{Diagnosis, Probe, Step, Verdict, diagnose};
use crate::model::status::Status;
use crate::model::text::SafeText;
use crate::output::ansi::Depth;
use crate::output::terminal::caps::Variables;
use crate::panel::ink::Glyphs;
use crate::view::scene::PanelScene;

pub(super) fn run(flags: &DoctorFlags) -> Done {
    let (board, _) = load(&flags.board)?;
    let diagnosis = diagnose(board, zone(), flags.wait)?;
    let variables = Variables::read();
    let is_terminal = rustix::termios::isatty(rustix::stdio::stdout());
    let pen =
        Pen { colours: is_terminal && variables.depth() != Depth::None, plain: variables.glyphs() == Glyphs::Ascii };
    let (text, healthy) = report(&diagnosis, pen);
    print(&text)?;
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// How marks are written.
#[derive(Debug, Clone, Copy)]
struct Pen {
    colours: bool,
    plain: bool,
}

impl Pen {
    fn mark(self, verdict: Verdict) -> String {
        let (glyph, letter, colour) = match verdict {
            Verdict::Good => ("✔", "ok  ", "32"),
            Verdict::Doubtful => ("!", "note", "33"),
            Verdict::Bad => ("✖", "FAIL", "31"),
        };
        self.paint(if self.plain { letter } else { glyph }, colour)
    }

    fn paint(self, text: &str, colour: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The whole report, and whether all is well.
fn report(diagnosis: &Diagnosis, pen: Pen) -> (String, bool) {
    let mut lines = Vec::new();
    for probe in &diagnosis.probes {
        lines.extend(source(probe, pen));
        lines.push(String::new());
    }
    let panels: Vec<(&str, &PanelScene)> = diagnosis
        .scene
        .pages
        .iter()
        .flat_map(|page| page.panels.iter().map(move |panel| (page.name.as_str(), panel)))
        .filter(|(_, panel)| panel.is_fed)
        .collect();
    let width = panels.iter().map(|(page, panel)| page.len() + panel.id.len() + 1).max().unwrap_or(0);
    lines.push("panels".to_owned());
    let mut empty = 0;
    for (page, panel) in &panels {
        let got_nothing = gets_nothing(panel);
        empty += usize::from(got_nothing);
        let verdict = if got_nothing { Verdict::Bad } else { Verdict::Good };
        let name = SafeText::new(&format!("{page}/{}", panel.id));
        let got = if got_nothing { &panel.reason } else { &panel.text };
        lines.push(format!("{} {name:<width$}  {}", pen.mark(verdict), SafeText::new(got)));
    }
    let broken = diagnosis.probes.iter().filter(|probe| worst(probe) == Verdict::Bad).count();
    let healthy = broken == 0 && empty == 0;
    lines.push(String::new());
    lines.push(if healthy {
        format!("all well: {}, {}", count(diagnosis.probes.len(), "source"), count(panels.len(), "panel"))
    } else {
        format!(
            "{broken} of {} not well, {empty} of {} without data",
            count(diagnosis.probes.len(), "source"),
            count(panels.len(), "panel")
        )
    });
    (lines.join("\n") + "\n", healthy)
}

fn gets_nothing(panel: &PanelScene) -> bool {
    !panel.freshness.can_be_judged() || (panel.status == Status::Unknown && !panel.reason.is_empty())
}

fn worst(probe: &Probe) -> Verdict {
    let has = |verdict| probe.steps.iter().any(|step| step.verdict == verdict);
    [Verdict::Bad, Verdict::Doubtful].into_iter().find(|verdict| has(*verdict)).unwrap_or(Verdict::Good)
}

fn source(probe: &Probe, pen: Pen) -> Vec<String> {
    let address = if probe.address.is_empty() { String::new() } else { format!("  {}", SafeText::new(&probe.address)) };
    let head = format!("{} {} ({}){address}", pen.mark(worst(probe)), probe.name, probe.kind);
    std::iter::once(head).chain(probe.steps.iter().flat_map(|step| lines_of(step, pen))).collect()
}

fn lines_of(step: &Step, pen: Pen) -> Vec<String> {
    let mut lines = vec![format!("    {} {:<14} {}", pen.mark(step.verdict), step.what, SafeText::new(&step.found))];
    if !step.remedy.is_empty() {
        let indent = if pen.plain { 24 } else { 21 };
        lines.push(pen.paint(&format!("{:indent$}-> {}", "", step.remedy), "2"));
    }
    lines
}
