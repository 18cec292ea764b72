//! Types of values: Terraform's type system (<https://developer.hashicorp.com/terraform/language/expressions/type-constraints>).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::Text;

/// The type of a value, or a constraint that a value is to be converted to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
    /// Not known yet, or `any` in a constraint (Terraform's dynamic pseudo-type).
    Any,
    /// `true` or `false`.
    Bool,
    /// A number of up to 512 bits of precision.
    Number,
    /// Unicode text, NFC-normalized.
    String,
    /// A sequence of values of one type.
    List(Arc<Type>),
    /// Distinct values of one type, without order.
    Set(Arc<Type>),
    /// Values of one type under string keys.
    Map(Arc<Type>),
    /// A sequence with a type per element.
    Tuple(Arc<Vec<Type>>),
    /// Named attributes with a type each.
    Object(Arc<ObjectType>),
}

/// The attributes of an object type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ObjectType {
    /// Type of each attribute by name.
    pub attributes: BTreeMap<Text, Type>,
    /// Names that may be absent in a value to be converted (`optional(…)` in a constraint).
    pub optional: BTreeSet<Text>,
}

impl Type {
    /// `list(element)`.
    pub fn list(element: Type) -> Self {
        Self::List(Arc::new(element))
    }
    /// `set(element)`.
    pub fn set(element: Type) -> Self {
        Self::Set(Arc::new(element))
    }
    /// `map(element)`.
    pub fn map(element: Type) -> Self {
        Self::Map(Arc::new(element))
    }
    /// `tuple([…])`.
    pub fn tuple(elements: Vec<Type>) -> Self {
        Self::Tuple(Arc::new(elements))
    }
    /// `object({…})` with every attribute required.
    pub fn object<N: Into<Text>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self::Object(Arc::new(ObjectType {
            attributes: attributes.into_iter().map(|(n, t)| (n.into(), t)).collect(),
            optional: BTreeSet::new(),
        }))
    }
    /// Whether this is `bool`, `number` or `string`.
    pub fn is_primitive(&self) -> bool {
        matches!(self, Self::Bool | Self::Number | Self::String)
    }
    /// Whether `any` occurs anywhere inside.
    pub fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::Bool | Self::Number | Self::String => false,
            Self::List(t) | Self::Set(t) | Self::Map(t) => t.has_any(),
            Self::Tuple(ts) => ts.iter().any(Self::has_any),
            Self::Object(o) => o.attributes.values().any(Self::has_any),
        }
    }
    /// The name used in error messages, as Terraform's: `string`, `list of string`, `object`, ….
    pub fn friendly_name(&self) -> String {
        match self {
            Self::Any => "dynamic".into(),
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::List(t) => format!("list of {}", t.friendly_name()),
            Self::Set(t) => format!("set of {}", t.friendly_name()),
            Self::Map(t) => format!("map of {}", t.friendly_name()),
            Self::Tuple(_) => "tuple".into(),
            Self::Object(_) => "object".into(),
        }
    }
}

/// The constraint syntax on one line: `object({a=string})`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Bool => f.write_str("bool"),
            Self::Number => f.write_str("number"),
            Self::String => f.write_str("string"),
            Self::List(t) => write!(f, "list({t})"),
            Self::Set(t) => write!(f, "set({t})"),
            Self::Map(t) => write!(f, "map({t})"),
            Self::Tuple(ts) => {
                f.write_str("tuple([")?;
                for (i, t) in ts.iter().enumerate() {
                    write!(f, "{}{t}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("])")
            }
            Self::Object(o) => {
                f.write_str("object({")?;
                for (i, (n, t)) in o.attributes.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    if o.optional.contains(n) {
                        write!(f, "{separator}{n}=optional({t})")?;
                    } else {
                        write!(f, "{separator}{n}={t}")?;
                    }
                }
                f.write_str("})")
            }
        }
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
