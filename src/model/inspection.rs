//! How one viewer looks through a long list: what is searched, what is left out, what is grouped.

/// The choices of a viewer, beside those that the config makes for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// What is marked; nothing is hidden.
    pub search: String,
    /// What is shown; the rest is hidden.
    pub filter: String,
    /// Groups are shown, and not what is in them.
    pub groups: bool,
    /// The group that is shown alone.
    pub group: Option<String>,
    /// Long lines are wrapped, and not cut; or the other way round where the config wraps them.
    pub wraps: bool,
    /// What is being typed, if anything.
    pub typing: Option<Field>,
}

/// A text that a viewer types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// What is marked.
    Search,
    /// What is shown.
    Filter,
}

/// Longest text that is typed.
const LONGEST: usize = 200;

impl Inspection {
    /// The text that is being typed.
    pub const fn typed(&mut self) -> Option<&mut String> {
        match self.typing {
            Some(Field::Search) => Some(&mut self.search),
            Some(Field::Filter) => Some(&mut self.filter),
            None => None,
        }
    }

    /// Adds a character to what is being typed.
    pub fn add(&mut self, character: char) {
        if let Some(text) = self.typed().filter(|text| text.len() < LONGEST && !character.is_control()) {
            text.push(character);
        }
    }

    /// One step back: typing, the group, the groups, the texts. False where there is nothing to leave.
    pub fn back(&mut self) -> bool {
        if let Some(text) = self.typed() {
            text.clear();
            self.typing = None;
        } else if self.group.take().is_some() {
            // The groups are shown again.
        } else if self.groups {
            self.groups = false;
        } else if !self.search.is_empty() || !self.filter.is_empty() {
            self.search.clear();
            self.filter.clear();
        } else {
            return false;
        }
        true
    }
}
