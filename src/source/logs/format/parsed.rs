//! What one line says.

use crate::model::log::Level;
use crate::model::text::SafeText;
use crate::model::time::Timestamp;

/// Most fields kept of a line.
const MAX_FIELDS: usize = 50;

/// What one line says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// When, where it says so.
    pub at: Option<Timestamp>,
    /// How bad it is, where it says so.
    pub level: Option<Level>,
    /// What part of the program wrote it.
    pub category: String,
    /// What it says.
    pub message: String,
    /// What else it says, by name.
    pub fields: Vec<(String, String)>,
}

impl Parsed {
    /// The fields, made safe.
    pub(in crate::source::logs) fn safe_fields(&self) -> Vec<(SafeText, SafeText)> {
        let fields = self.fields.iter().take(MAX_FIELDS);
        fields.map(|(key, value)| (SafeText::new(key), SafeText::new(value))).collect()
    }
}
