//! What the store does with every kind of telemetry alike. Each kind is one file beside this one, and one line in
//! [`crate::model::kinds`]; the list becomes [`Stored`] and [`News`].

use std::sync::Arc;

use crate::model::event::Event;
use crate::model::kinds::kinds;
use crate::model::telemetry::Telemetry;
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
    fn set_back(&mut self, by: Span) {
        let _nothing_is_stamped = by;
    }

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
}

/// A kind whose answer says how all is now: nothing of the answer before stays, but for what is made of both.
pub trait Snapshot: Default + PartialEq {
    /// What a source answers.
    type Answer;

    /// What is known after an answer of a moment.
    fn after(before: Option<&Self>, answer: Self::Answer, at: Timestamp) -> Self;

    /// The room that it takes in memory, about, in bytes.
    fn bytes(&self) -> usize;

    /// The clock was set back: what was stamped by it goes back as far.
    fn set_back(&self, by: Span) -> Option<Self> {
        let _nothing_is_stamped = by;
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
        let after = S::after(before.map(Arc::as_ref), answer, at);
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
}

/// The room that texts take in memory, about, in bytes.
pub(super) fn text_bytes<'a>(texts: impl IntoIterator<Item = &'a SafeText>) -> usize {
    texts.into_iter().map(|text| size_of::<SafeText>() + text.as_str().len()).sum()
}

macro_rules! stored {
    ($($(#[$about:meta])* $file:ident => $kind:ident($answer:ty)),+ $(,)?) => {
        use super::{$($file),+};

        /// What the good answers to a query have left.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub enum Stored {
            /// Nothing yet.
            #[default]
            Nothing,
            $($(#[$about])* $kind($file::State),)+
        }

        /// What one answer adds to what is known.
        #[derive(Debug, Clone, PartialEq)]
        pub enum News {
            $($(#[$about])* $kind(<$file::State as Kind>::News),)+
        }

        impl Stored {
            /// What an answer of a moment adds; none where nothing has changed.
            pub(super) fn news(&self, answer: Telemetry, at: Timestamp) -> Option<News> {
                match answer {
                    $(Telemetry::$kind(answer) => {
                        let before = if let Self::$kind(state) = self { Some(state) } else { None };
                        Kind::news(before, answer, at).map(News::$kind)
                    })+
                    Telemetry::Caveat { telemetry, .. } => self.news(*telemetry, at),
                }
            }

            /// Takes in what an answer of a moment has added. An answer of another kind begins anew.
            pub(super) fn merge(&mut self, news: &News, at: Timestamp, window: Span) {
                match news {
                    $(News::$kind(news) => {
                        if !matches!(self, Self::$kind(_)) {
                            *self = Self::$kind(Default::default());
                        }
                        if let Self::$kind(state) = self {
                            Kind::merge(state, news, at, window);
                        }
                    })+
                }
            }

            /// The clock was set back: what was stamped by it goes back as far.
            pub(super) fn set_back(&mut self, by: Span) {
                match self {
                    Self::Nothing => {}
                    $(Self::$kind(state) => Kind::set_back(state, by),)+
                }
            }

            /// The newest moment that a datum is of; none where data have no moment of their own.
            pub(super) fn newest(&self) -> Option<Timestamp> {
                match self {
                    Self::Nothing => None,
                    $(Self::$kind(state) => Kind::newest(state),)+
                }
            }

            /// The usual time between two data; zero where they have no time of their own.
            pub(super) fn spacing(&self) -> Span {
                match self {
                    Self::Nothing => Span(0),
                    $(Self::$kind(state) => Kind::spacing(state),)+
                }
            }

            /// What happened, oldest first.
            pub(super) fn events(&self) -> &[Event] {
                match self {
                    Self::Nothing => &[],
                    $(Self::$kind(state) => Kind::events(state),)+
                }
            }

            /// Forgets what the last answer did not have.
            pub(super) fn forget_missing(&mut self) {
                match self {
                    Self::Nothing => {}
                    $(Self::$kind(state) => Kind::forget_missing(state),)+
                }
            }
        }

        impl News {
            /// The room that it takes in memory beside itself, about, in bytes.
            pub(super) fn bytes(&self) -> usize {
                match self {
                    $(Self::$kind(news) => <$file::State as Kind>::bytes(news),)+
                }
            }
        }
    };
}

kinds!(stored);
