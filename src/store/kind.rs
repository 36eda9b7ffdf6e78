//! What the store does with every kind of telemetry alike. Each kind is one file beside this one, and one line in
//! [`crate::model::kinds`].

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::event::Event;
use crate::model::text::SafeText;
use crate::model::time::{Span, Timestamp};

/// How one kind of telemetry is kept. `Self` is what is known of one query.
pub trait Kind: Default {
    /// What a source answers.
    type Answer;
    /// What one answer adds to what is known: new points, new lines, or a whole state.
    type News;

    /// What an answer of a moment adds; none where nothing has changed. `before` is what is known, where it is of
    /// this kind.
    fn news(before: Option<&Self>, answer: Self::Answer, at: Timestamp) -> Option<Self::News>;

    /// Takes in what an answer of a moment has added, and lets go what is older than the window.
    fn merge(&mut self, news: &Self::News, at: Timestamp, window: Span);

    /// The room that it takes in memory, about, in bytes.
    fn bytes(news: &Self::News) -> usize;

    /// The clock was set back: what was stamped by it goes back as far.
    fn set_back(&mut self, _: Span) {}

    /// The newest moment that a datum is of; none where data have no moment of their own.
    fn newest(&self) -> Option<Timestamp> {
        None
    }

    /// The usual time between two data; zero where they have no time of their own.
    fn spacing(&self) -> Span {
        Span(0)
    }

    /// What happened, oldest first.
    fn events(&self) -> &[Event] {
        &[]
    }

    /// Forgets what the last answer did not have, and that would be missing.
    fn forget_missing(&mut self) {}

    /// All that is known, as text for a file; none of what is not kept as a whole.
    fn written(_: &Self::News) -> Option<String> {
        None
    }

    /// What such a text says.
    fn read(_: &str) -> Option<Self::News> {
        None
    }
}

/// A kind whose answer says how all is now: nothing of the answer before stays, but for what is made of both.
pub trait Snapshot: Default + PartialEq + Serialize + DeserializeOwned {
    /// What a source answers.
    type Answer;

    /// What is known after an answer of a moment.
    fn after(before: Option<&Self>, answer: Self::Answer, at: Timestamp) -> Self;

    /// The room that it takes in memory, about, in bytes.
    fn bytes(&self) -> usize;

    /// The same after the clock was set back: what was stamped by it goes back as far. None where nothing was.
    fn set_back(&self, _: Span) -> Option<Self> {
        None
    }

    /// What happened, oldest first.
    fn events(&self) -> &[Event] {
        &[]
    }
}

/// Shared by the store and by the facts that have made it.
impl<S: Snapshot> Kind for Arc<S> {
    type Answer = S::Answer;
    type News = Self;

    fn news(before: Option<&Self>, answer: S::Answer, at: Timestamp) -> Option<Self> {
        let after = S::after(before.map(Self::as_ref), answer, at);
        before.is_none_or(|before| **before != after).then(|| Self::new(after))
    }

    fn merge(&mut self, news: &Self, _: Timestamp, _: Span) {
        *self = Self::clone(news);
    }

    fn bytes(news: &Self) -> usize {
        size_of::<S>() + news.as_ref().bytes()
    }

    fn set_back(&mut self, by: Span) {
        if let Some(other) = self.as_ref().set_back(by) {
            *self = Self::new(other);
        }
    }

    fn events(&self) -> &[Event] {
        self.as_ref().events()
    }

    fn written(news: &Self) -> Option<String> {
        serde_json::to_string(news.as_ref()).ok()
    }

    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self::new)
    }
}

/// The room that texts take in memory, about, in bytes.
pub(super) fn text_bytes<'a>(texts: impl IntoIterator<Item = &'a SafeText>) -> usize {
    texts.into_iter().map(|text| size_of::<SafeText>() + text.as_str().len()).sum()
}
