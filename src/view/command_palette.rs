//! Goes anywhere by a few letters: pages, panels, themes, commands.

use std::cmp::Reverse;
use std::sync::Arc;

use super::fuzzy;
use super::prompt::{Prompt, Question};
use super::scene::Scene;
use crate::model::status::Status;

/// What a command is called, and its key.
pub type CommandNames = &'static [(&'static str, &'static str)];

/// Where an entry leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A page.
    Page(usize),
    /// A panel, by its page and its index there.
    Panel(usize, usize),
    /// A theme, by its index among all.
    Theme(usize),
    /// A command, by its index.
    Command(usize),
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it leads.
    pub target: Target,
    /// Its name.
    pub name: String,
    /// What it is: "page", "panel of Shop", "theme", the key of a command.
    pub kind: String,
    /// How it is; none where it has no status.
    pub status: Option<Status>,
}

/// The palette, while it is open.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandPalette {
    /// What was typed.
    pub prompt: Prompt,
    /// Which of the entries is chosen.
    pub chosen: usize,
    themes: Arc<[String]>,
    commands: CommandNames,
}

impl CommandPalette {
    /// Nothing was typed yet.
    pub const fn new(themes: Arc<[String]>, commands: CommandNames) -> Self {
        Self { prompt: Prompt::new(Question::GoTo), chosen: 0, themes, commands }
    }

    /// What matches, best first; of equal ones as on the board.
    pub fn entries(&self, scene: &Scene) -> Vec<Entry> {
        let mut all: Vec<(i64, Entry)> = self
            .everything(scene)
            .filter_map(|entry| Some((fuzzy::score(&self.prompt.text, &entry.name)?, entry)))
            .collect();
        // Not by status, which may change between a look and the key: what is chosen would be another entry.
        all.sort_by_key(|(score, _)| Reverse(*score));
        all.into_iter().map(|(_, entry)| entry).collect()
    }

    fn everything<'a>(&'a self, scene: &'a Scene) -> impl Iterator<Item = Entry> + 'a {
        let pages = scene.shown().enumerate().map(|(index, page)| Entry {
            target: Target::Page(index),
            name: page.title.to_string(),
            kind: "page".to_owned(),
            status: page.tally.status(),
        });
        let panels = scene.pages.iter().enumerate().flat_map(|(index, page)| {
            page.panels.iter().enumerate().map(move |(panel, one)| Entry {
                target: Target::Panel(index, panel),
                name: one.title.to_string(),
                kind: format!("panel of {}", page.title),
                status: one.is_fed.then_some(one.status),
            })
        });
        let themes = self.themes.iter().enumerate().map(|(index, name)| Entry {
            target: Target::Theme(index),
            name: name.clone(),
            kind: "theme".to_owned(),
            status: None,
        });
        let commands = self.commands.iter().enumerate().map(|(index, (name, key))| Entry {
            target: Target::Command(index),
            name: (*name).to_owned(),
            kind: (*key).to_owned(),
            status: None,
        });
        pages.chain(panels).chain(commands).chain(themes)
    }

    /// Chooses the entry below, or the one above, around the ends.
    pub fn step(&mut self, below: bool, scene: &Scene) {
        let count = self.entries(scene).len().max(1);
        self.chosen = (self.chosen + if below { 1 } else { count - 1 }) % count;
    }

    /// The entry that is chosen.
    pub fn choice(&self, scene: &Scene) -> Option<Entry> {
        self.entries(scene).into_iter().nth(self.chosen)
    }
}
