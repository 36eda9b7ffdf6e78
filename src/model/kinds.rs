//! The list of telemetry kinds. Each is one file a room, and one line here.

use super::fault::FetchError;

/// Hands the list to a macro of a room: the word of a kind, which is also the name of its file in `store/`, its
/// variant, and what a source answers, whose file in `model/` says the rest ([`AnswerKind`]).
macro_rules! kinds {
    ($make:ident) => {
        $make! {
            /// Numbers over time.
            series => Series($crate::model::series::SeriesSet),
            /// Rows and columns.
            table => Table($crate::model::table::Table),
            /// Builds of a CI server.
            builds => Builds(Vec<$crate::model::build::Build>),
            /// What happened, and what is planned.
            events => Events(Vec<$crate::model::event::Event>),
            /// Reviews, open ones and those merged lately.
            reviews => Reviews(Vec<$crate::model::review::Review>),
            /// Free text, line by line.
            text => Text(Vec<$crate::model::text::SafeText>),
        }
    };
}
pub(crate) use kinds;

/// Something of an answer that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// What is counted, in the plural: "points".
    pub what: &'static str,
    /// How much of it there is.
    pub is: usize,
    /// How much there may be.
    pub most: usize,
}

/// What every kind of answer says of itself.
pub trait AnswerKind {
    /// What is limited in it.
    fn counts(&self) -> Vec<Count>;

    /// Whether the source answered, but with nothing in it.
    fn is_empty(&self) -> bool;

    /// Refuses an answer that contradicts itself.
    fn check(&self) -> Result<(), FetchError> {
        Ok(())
    }

    /// The same without names of people.
    #[must_use]
    fn without_people(self) -> Self
    where
        Self: Sized,
    {
        self
    }
}
