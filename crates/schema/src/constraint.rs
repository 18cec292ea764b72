//! What is demanded of a value beyond its type.

/// One demand on the value of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constraint {
    /// A string has so many characters.
    Length {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: usize,
    },
    /// The whole string matches this regular expression.
    Pattern(&'static str),
    /// The string is one of these.
    OneOf(&'static [&'static str]),
    /// A whole number within bounds.
    Range {
        /// Smallest number.
        min: i64,
        /// Largest number.
        max: i64,
    },
    /// A list, set or map has so many elements.
    Elements {
        /// Fewest elements.
        min: usize,
        /// Most elements.
        max: usize,
    },
    /// Each key of a map obeys these.
    Keys(&'static [Constraint]),
    /// Each element of a list, set or map obeys these.
    Each(&'static [Constraint]),
}
