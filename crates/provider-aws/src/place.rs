//! Looking into a configuration that may not be known in all its parts.

use flowctl_model::{AttributePath, Text, Value};

/// What is found under a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found<T> {
    /// This.
    Is(T),
    /// Nothing, or null.
    Unset,
    /// It will be known only later.
    Unknown,
}

/// A block of a configuration, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place<'a> {
    value: &'a Value,
    pub(crate) path: AttributePath,
}

impl<'a> Place<'a> {
    pub(crate) fn root(value: &'a Value) -> Self {
        let path = AttributePath::root();
        Self { value, path }
    }

    /// The value of an argument.
    pub(crate) fn argument(&self, name: &str) -> Found<&'a Value> {
        if !self.value.is_known() {
            return Found::Unknown;
        }
        match self.value.get(name) {
            Some(value) if !value.is_known() => Found::Unknown,
            Some(value) if !value.is_null() => Found::Is(value),
            _ => Found::Unset,
        }
    }

    /// The text of an argument; of a wrong type it is as good as not set.
    pub(crate) fn text(&self, name: &str) -> Found<&'a str> {
        self.argument(name).and_then(Value::as_str)
    }

    /// The truth of an argument.
    pub(crate) fn flag(&self, name: &str) -> Found<bool> {
        self.argument(name).and_then(Value::as_bool)
    }

    /// The first block of a type.
    pub(crate) fn block(&self, name: &str) -> Found<Place<'a>> {
        let path = || self.path.child(name).index(0);
        match self.argument(name) {
            Found::Is(blocks) => match blocks.elements().and_then(<[Value]>::first) {
                Some(value) if !value.is_known() => Found::Unknown,
                Some(value) if !value.is_null() => Found::Is(Place {
                    value,
                    path: path(),
                }),
                _ => Found::Unset,
            },
            Found::Unset => Found::Unset,
            Found::Unknown => Found::Unknown,
        }
    }

    /// Each block of a type, as far as it is known.
    pub(crate) fn each(&self, name: &str) -> Vec<Place<'a>> {
        let Found::Is(blocks) = self.argument(name) else {
            return Vec::new();
        };
        let blocks = blocks.elements().unwrap_or_default().iter().enumerate();
        let known = blocks.filter(|(_, value)| value.is_known() && !value.is_null());
        let place = |(at, value)| Place {
            value,
            path: self.path.child(name).index(at),
        };
        known.map(place).collect()
    }

    /// The arguments that are set, and whether others may come to be set.
    pub(crate) fn arguments(&self) -> (Vec<&'a str>, bool) {
        let Some(members) = self.value.members() else {
            return (Vec::new(), true);
        };
        let set = members
            .iter()
            .filter(|(_, value)| value.is_known() && !value.is_null());
        let names = set.map(|(name, _)| name.as_str()).collect();
        (names, members.values().any(|value| !value.is_known()))
    }

    /// The types of nested blocks that are there, and whether others may come to be there.
    pub(crate) fn blocks(&self) -> (Vec<&'a str>, bool) {
        let Some(members) = self.value.members() else {
            return (Vec::new(), true);
        };
        let is_there = |(name, value): (&'a Text, &'a Value)| {
            let first = value.elements().and_then(<[Value]>::first);
            first.is_some_and(|v| !v.is_null()).then_some(name.as_str())
        };
        let given = members.iter().filter_map(is_there).collect();
        (given, members.values().any(|value| !value.is_known()))
    }

    /// Whether there is an argument or block at a dotted path from here.
    pub(crate) fn has(&self, dotted: &str) -> Found<()> {
        match dotted.split_once('.') {
            Some((block, rest)) => match self.block(block) {
                Found::Is(place) => place.has(rest),
                Found::Unset => Found::Unset,
                Found::Unknown => Found::Unknown,
            },
            None => match self.argument(dotted) {
                Found::Is(value) if value.elements().is_some_and(<[Value]>::is_empty) => {
                    Found::Unset
                }
                Found::Is(_) => Found::Is(()),
                Found::Unset => Found::Unset,
                Found::Unknown => Found::Unknown,
            },
        }
    }
}

impl<'a> Found<Place<'a>> {
    /// The block of a type in this block.
    pub(crate) fn block(&self, name: &str) -> Found<Place<'a>> {
        match self {
            Self::Is(place) => place.block(name),
            Self::Unset => Found::Unset,
            Self::Unknown => Found::Unknown,
        }
    }
}

impl<T> Found<T> {
    fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Found<U> {
        match self {
            Self::Is(value) => read(value).map_or(Found::Unset, Found::Is),
            Self::Unset => Found::Unset,
            Self::Unknown => Found::Unknown,
        }
    }
}
