//! Paths of keys, and where in the files they are.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use toml_edit::{Document, Item, TableLike};

use super::problem::Location;

/// One step of a key's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A key's path from the root of the config.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Path(pub Vec<Step>);

impl Path {
    pub(super) fn key(&self, key: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Key(key.to_owned()));
        Self(steps)
    }

    pub(super) fn index(&self, index: usize) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Index(index));
        Self(steps)
    }

    /// With the path that `serde_path_to_error` found below it.
    pub(super) fn join(&self, inner: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment;
        let mut path = self.clone();
        for segment in inner {
            match segment {
                Segment::Seq { index } => path.0.push(Step::Index(*index)),
                Segment::Map { key } => path.0.push(Step::Key(key.clone())),
                Segment::Enum { variant } => path.0.push(Step::Key(variant.clone())),
                Segment::Unknown => {}
            }
        }
        path
    }

    /// This path, followed by another one.
    pub(super) fn and(&self, inner: &Self) -> Self {
        Self(self.0.iter().chain(&inner.0).cloned().collect())
    }

    /// Whether another path is a prefix of this one.
    pub(super) fn is_below(&self, above: &Self) -> bool {
        self.0.len() > above.0.len() && self.0.starts_with(&above.0)
    }

    /// The same path before `gone` items were removed from the start of its first list.
    pub(super) fn shifted(&self, gone: usize) -> Self {
        let mut path = self.clone();
        if let Some(Step::Index(index)) = path.0.iter_mut().find(|step| matches!(step, Step::Index(_))) {
            *index += gone;
        }
        path
    }

    /// With the unknown key that a message of serde names, unless the path ends with it.
    pub(super) fn with_key_of(self, message: &str) -> Self {
        match message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
            Some(key) if self.last_key() != Some(key) => self.key(key),
            _ => self,
        }
    }

    /// The value at this path.
    pub(super) fn value<'a>(&self, root: &'a Value) -> Option<&'a Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(*index),
        })
    }

    /// The same, mutable.
    pub(super) fn value_mut<'a>(&self, root: &'a mut Value) -> Option<&'a mut Value> {
        self.0.iter().try_fold(root, |value, step| match step {
            Step::Key(key) => value.get_mut(key),
            Step::Index(index) => value.get_mut(*index),
        })
    }

    /// The last key of it.
    pub(super) fn last_key(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        for step in &self.0 {
            match step {
                Step::Key(key) if text.is_empty() => text.push_str(key),
                Step::Key(key) => write!(text, ".{key}")?,
                Step::Index(index) => write!(text, "[{index}]")?,
            }
        }
        f.write_str(&text)
    }
}

/// A file of the config, parsed, with its masked text.
#[derive(Debug)]
pub(super) struct Source {
    pub file: Arc<str>,
    pub masked: Arc<str>,
    pub document: Document<String>,
}

/// Which part of an entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

/// Finds a path in the files, the strongest layer first. A path that is in none of them has the location of the
/// nearest table above it.
pub(super) fn find(sources: &[Source], path: &Path, part: Part) -> Option<Location> {
    for length in (0..=path.0.len()).rev() {
        let steps = path.0.get(..length)?;
        // Above the path itself, the table's header is what helps.
        let part = if length == path.0.len() { part } else { Part::Key };
        for source in sources.iter().rev() {
            if let Some(span) = span(source.document.as_item(), steps, part) {
                return Some(Location { file: Arc::clone(&source.file), text: Arc::clone(&source.masked), span });
            }
        }
    }
    None
}

fn span(root: &Item, steps: &[Step], part: Part) -> Option<Range<usize>> {
    let (last, above) = steps.split_last()?;
    let mut item = Node::Item(root);
    for step in above {
        item = item.step(step)?;
    }
    match last {
        Step::Key(key) => {
            let (found, value) = item.table()?.get_key_value(key)?;
            let key_span = found.span();
            match part {
                Part::Key => key_span.or_else(|| value.span()),
                Part::Value if value.is_table() || value.is_array_of_tables() => key_span.or_else(|| value.span()),
                Part::Value => value.span().or(key_span),
            }
        }
        Step::Index(_) => item.step(last)?.span(),
    }
}

/// An item, or a value inside an array.
#[derive(Clone, Copy)]
enum Node<'a> {
    Item(&'a Item),
    Value(&'a toml_edit::Value),
    Table(&'a toml_edit::Table),
}

impl<'a> Node<'a> {
    fn table(self) -> Option<&'a dyn TableLike> {
        match self {
            Self::Item(item) => item.as_table_like(),
            Self::Value(value) => value.as_inline_table().map(|table| table as &dyn TableLike),
            Self::Table(table) => Some(table),
        }
    }

    fn step(self, step: &Step) -> Option<Self> {
        match step {
            Step::Key(key) => self.table()?.get(key).map(Node::Item),
            Step::Index(index) => match self {
                Self::Item(item) => match item.as_array_of_tables() {
                    Some(tables) => tables.get(*index).map(Node::Table),
                    None => item.as_array()?.get(*index).map(Node::Value),
                },
                Self::Value(value) => value.as_array()?.get(*index).map(Node::Value),
                Self::Table(_) => None,
            },
        }
    }

    fn span(self) -> Option<Range<usize>> {
        match self {
            Self::Item(item) => item.span(),
            Self::Value(value) => value.span(),
            Self::Table(table) => table.span(),
        }
    }
}
