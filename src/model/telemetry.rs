//! What comes back from a source.

use super::answer::AnswerKind;
use super::fault::{FetchError, Reason};
use super::kinds::kinds;
use super::text::SafeText;

macro_rules! answers {
    ($($(#[$about:meta])* $word:ident => $kind:ident($answer:ty)),+ $(,)?) => {
        /// The answer to one query.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Telemetry {
            $($(#[$about])* $kind($answer),)+
            /// Any of these, with what its source says about the answer itself.
            Caveat {
                /// The answer.
                telemetry: Box<Self>,
                /// What to know about it.
                caveat: Caveat,
            },
        }

        impl Telemetry {
            /// The word for its kind, in messages.
            pub const fn shape(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($word),)+
                    Self::Caveat { telemetry, .. } => telemetry.shape(),
                }
            }

            fn kind(&self) -> &dyn AnswerKind {
                match self {
                    $(Self::$kind(answer) => answer,)+
                    Self::Caveat { telemetry, .. } => telemetry.kind(),
                }
            }

            /// The same without names of people: on a wall they are off unless the board asks for them.
            #[must_use]
            pub fn without_people(self) -> Self {
                match self {
                    $(Self::$kind(answer) => Self::$kind(AnswerKind::without_people(answer)),)+
                    Self::Caveat { telemetry, caveat } => {
                        Self::Caveat { telemetry: Box::new(telemetry.without_people()), caveat }
                    }
                }
            }
        }
    };
}

kinds!(answers);

/// What a source says about its own answer: a warning of the server, or a part that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caveat {
    /// In a few words: "partial: no store matched", "acme/web: no access (403)".
    pub text: SafeText,
    /// Whether a part of the answer is missing: then nobody knows that all is well.
    pub partial: bool,
}

impl Telemetry {
    /// Refuses an answer that is too much to show (all of it, never a part that would look like the whole), or
    /// that contradicts itself.
    pub fn within_limits(self) -> Result<Self, FetchError> {
        match self.kind().counts().iter().find(|count| count.is > count.most) {
            None => self.kind().check().map(|()| self),
            Some(count) => {
                let detail = format!("{} {}, more than {}; narrow the query", count.is, count.what, count.most);
                Err(FetchError::new(Reason::TooLarge, detail))
            }
        }
    }

    /// The same, with what its source says about it.
    #[must_use]
    pub fn with_caveat(self, text: SafeText, partial: bool) -> Self {
        Self::Caveat { telemetry: Box::new(self), caveat: Caveat { text, partial } }
    }

    /// The answer itself, and what its source says about it; of several caveats the outermost.
    pub fn split(self) -> (Self, Option<Caveat>) {
        match self {
            Self::Caveat { telemetry, caveat } => (telemetry.split().0, Some(caveat)),
            plain => (plain, None),
        }
    }

    /// Whether it was sent to us: that somebody listens is no datum.
    pub fn is_pushed(&self) -> bool {
        self.kind().is_pushed()
    }

    /// Whether the source answered, but with nothing in it.
    pub fn is_empty(&self) -> bool {
        self.kind().is_empty()
    }
}
