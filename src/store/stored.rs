//! The list of telemetry kinds becomes what is kept, and what one answer adds to it.

use super::kind::Kind;
use crate::model::event::Event;
use crate::model::kinds::kinds;
use crate::model::telemetry::Telemetry;
use crate::model::time::{Span, Timestamp};

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

            /// Takes in what an answer of a moment has added. An answer of another kind starts again.
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
            /// All that is known, as the word of its kind and text for a file; none of what is not kept as a whole.
            pub fn written(&self) -> Option<(&'static str, String)> {
                match self {
                    $(Self::$kind(news) => Some((stringify!($file), <$file::State as Kind>::written(news)?)),)+
                }
            }

            /// What such a text says.
            pub fn read(kind: &str, text: &str) -> Option<Self> {
                match kind {
                    $(stringify!($file) => <$file::State as Kind>::read(text).map(Self::$kind),)+
                    _ => None,
                }
            }

            /// The memory that it takes besides its own size, about, in bytes.
            pub(super) fn bytes(&self) -> usize {
                match self {
                    $(Self::$kind(news) => <$file::State as Kind>::bytes(news),)+
                }
            }
        }
    };
}

kinds!(stored);
