//! What a calendar does not tell, or not so that it can be read.

/// Why it is not certain when an entry takes place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It repeats by a rule that is not known.
    Rule,
    /// It repeats so often that it is not worked out.
    TooOften,
    /// It says when it ends in a way that cannot be read.
    End,
    /// Dates of it cannot be read.
    Dates,
    /// When it does not take place cannot be worked out.
    Exceptions,
    /// Its time zone is not known.
    Zone,
    /// It has no date that can be read.
    NoDate,
}

impl Doubt {
    /// The words of it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Rule => "repeats in a way that andon does not know",
            Self::TooOften => "repeats too often to be worked out",
            Self::End => "has an end that cannot be read",
            Self::Dates => "has dates that cannot be read",
            Self::Exceptions => "has exceptions that andon does not know",
            Self::Zone => "is in a time zone that andon does not know",
            Self::NoDate => "has no date that can be read",
        }
    }

    /// Whether it may take place when nothing tells so.
    pub const fn hides_dates(self) -> bool {
        matches!(self, Self::Rule | Self::TooOften | Self::End | Self::Dates | Self::NoDate)
    }
}
