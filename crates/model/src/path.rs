//! Where inside a value: `connector_profile_config[0].connector_profile_properties[0].redshift[0].bucket_name`.

use std::fmt;

use crate::Text;

/// One step of an [`AttributePath`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Step {
    /// `.name`: an attribute of an object, or a nested block by its type.
    Attribute(Text),
    /// `[0]`: an element of a list, tuple or set (sets: position in the set's order).
    Index(usize),
    /// `["key"]`: an element of a map.
    Key(Text),
}

/// A path from the root of a resource's value to a value inside it; empty means the whole.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct AttributePath(Vec<Step>);

impl AttributePath {
    /// The whole value.
    pub fn root() -> Self {
        Self::default()
    }
    /// A path of one attribute.
    pub fn attribute(name: impl Into<Text>) -> Self {
        Self(vec![Step::Attribute(name.into())])
    }
    /// This path and `.name`.
    #[must_use]
    pub fn child(&self, name: impl Into<Text>) -> Self {
        self.with(Step::Attribute(name.into()))
    }
    /// This path and `[index]`.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }
    /// This path and `["key"]`.
    #[must_use]
    pub fn key(&self, key: impl Into<Text>) -> Self {
        self.with(Step::Key(key.into()))
    }
    /// This path and one more step.
    #[must_use]
    pub fn with(&self, step: Step) -> Self {
        let mut steps = Vec::with_capacity(self.0.len() + 1);
        steps.extend_from_slice(&self.0);
        steps.push(step);
        Self(steps)
    }
    /// Appends a step; pairs with [`Self::pop`] in walks.
    pub fn push(&mut self, step: Step) {
        self.0.push(step);
    }
    /// Removes the last step.
    pub fn pop(&mut self) -> Option<Step> {
        self.0.pop()
    }
    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
    /// Whether `prefix` leads to this value or to one that contains it.
    pub fn starts_with(&self, prefix: &Self) -> bool {
        self.0.starts_with(&prefix.0)
    }
    /// The attribute names alone, which is how a schema is looked up: indices and keys dropped.
    pub fn names(&self) -> impl Iterator<Item = &Text> {
        self.0.iter().filter_map(|s| match s {
            Step::Attribute(n) => Some(n),
            Step::Index(_) | Step::Key(_) => None,
        })
    }
}

impl From<Vec<Step>> for AttributePath {
    fn from(steps: Vec<Step>) -> Self {
        Self(steps)
    }
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if i == 0 => write!(f, "{name}")?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{:?}]", key.as_str())?,
            }
        }
        Ok(())
    }
}
