//! What every kind of answer says of itself.

use super::fault::FetchError;

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

    /// Whether it was sent to us: that somebody listens is no datum.
    fn is_pushed(&self) -> bool {
        false
    }

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
