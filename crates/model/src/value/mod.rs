//! Values: what expressions evaluate to and what resources are made of.
//!
//! Unknown and sensitive are part of the value, not side tables: an unknown value knows its type
//! and what is certain about it, and marks travel with the value through every operation.
//! The model is that of Terraform's language, including unknown-value refinements.

mod marks;
mod set;
mod share;
mod walk;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::{Digest, Number, ObjectType, Text, Type};

/// A value with its marks. Cloning is cheap: collections are shared.
///
/// `Debug` never shows what is sensitive. Equality is structural and includes marks and unknowns;
/// the language's `==` lives with the evaluator.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Value {
    kind: Kind,
    marks: Marks,
}

/// The shapes of a value.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Kind {
    /// No value, of a type (`Any` for a bare `null`).
    Null(Type),
    /// A value that will be known only later.
    Unknown(Unknown),
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, NFC-normalized.
    String(Text),
    /// A list: element type and elements.
    List(Type, Arc<Vec<Value>>),
    /// A set: element type and distinct elements in the set's order. Elements carry no marks of
    /// their own (marks of elements are moved to the set, as in Terraform).
    Set(Type, Arc<Vec<Value>>),
    /// A map: element type and elements by key.
    Map(Type, Arc<BTreeMap<Text, Value>>),
    /// A tuple.
    Tuple(Arc<Vec<Value>>),
    /// An object.
    Object(Arc<BTreeMap<Text, Value>>),
}

/// A value that is not known yet, and what is certain about it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// Its type, `Any` if even that is not known.
    pub ty: Type,
    /// What is certain, if anything.
    pub refinement: Option<Arc<Refinement>>,
}

/// What is certain about an unknown value.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// A string will start with this.
    pub prefix: Option<Text>,
    /// Smallest possible number, and whether it is itself possible.
    pub lower: Option<(Number, bool)>,
    /// Largest possible number, and whether it is itself possible.
    pub upper: Option<(Number, bool)>,
    /// Smallest length of a collection.
    pub min_length: Option<usize>,
    /// Largest length of a collection.
    pub max_length: Option<usize>,
    /// The value is a secret that was withheld from state: this tells it from another, no more.
    pub digest: Option<Digest>,
}

/// Marks of a value, which spread to everything computed from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Marks(u8);

impl Marks {
    /// No mark.
    pub const NONE: Self = Self(0);
    /// Not to be shown to people.
    pub const SENSITIVE: Self = Self(1);
    /// Not to be kept beyond the run.
    pub const EPHEMERAL: Self = Self(2);

    /// Marks of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
    /// These marks but for `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// Whether there is no mark.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl Value {
    /// A value without marks.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            marks: Marks::NONE,
        }
    }
    /// `null` of a type.
    pub fn null(ty: Type) -> Self {
        Self::new(Kind::Null(ty))
    }
    /// An unknown value of a type about which nothing else is certain.
    pub fn unknown(ty: Type) -> Self {
        Self::new(Kind::Unknown(Unknown {
            ty,
            refinement: None,
        }))
    }
    /// An unknown value that is certainly not null.
    pub fn unknown_not_null(ty: Type) -> Self {
        Self::refined(
            ty,
            Refinement {
                not_null: true,
                ..Refinement::default()
            },
        )
    }
    /// An unknown value and what is certain about it.
    pub fn refined(ty: Type, refinement: Refinement) -> Self {
        let refinement = (refinement != Refinement::default()).then(|| Arc::new(refinement));
        Self::new(Kind::Unknown(Unknown { ty, refinement }))
    }
    /// In place of a secret of which only a digest is kept.
    pub fn withheld(ty: Type, digest: Digest) -> Self {
        let refinement = Refinement {
            not_null: true,
            digest: Some(digest),
            ..Refinement::default()
        };
        Self::refined(ty, refinement).marked(Marks::SENSITIVE)
    }
    /// A string. The text must be NFC-normalized; the evaluator sees to that.
    pub fn string(text: impl Into<Text>) -> Self {
        Self::new(Kind::String(text.into()))
    }
    /// A boolean.
    pub fn bool(value: bool) -> Self {
        Self::new(Kind::Bool(value))
    }
    /// A number.
    pub fn number(value: impl Into<Number>) -> Self {
        Self::new(Kind::Number(value.into()))
    }
    /// A list; the elements must be of the element type.
    pub fn list(element: Type, elements: Vec<Value>) -> Self {
        Self::new(Kind::List(element, Arc::new(elements)))
    }
    /// A map; the elements must be of the element type.
    pub fn map(element: Type, elements: BTreeMap<Text, Value>) -> Self {
        Self::new(Kind::Map(element, Arc::new(elements)))
    }
    /// A tuple.
    pub fn tuple(elements: Vec<Value>) -> Self {
        Self::new(Kind::Tuple(Arc::new(elements)))
    }
    /// An object.
    pub fn object<N: Into<Text>>(attributes: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::new(Kind::Object(Arc::new(
            attributes.into_iter().map(|(n, v)| (n.into(), v)).collect(),
        )))
    }

    /// The value without its marks.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
    /// The value and its marks, taken apart.
    pub fn into_parts(self) -> (Kind, Marks) {
        (self.kind, self.marks)
    }
    /// The marks of the value itself, not of what is inside.
    pub fn marks(&self) -> Marks {
        self.marks
    }
    /// The value with `marks` added.
    #[must_use]
    pub fn marked(mut self, marks: Marks) -> Self {
        self.marks = self.marks.union(marks);
        self
    }
    /// The value with exactly these marks.
    #[must_use]
    pub fn with_marks(mut self, marks: Marks) -> Self {
        self.marks = marks;
        self
    }
    /// Whether the value itself is sensitive.
    pub fn is_sensitive(&self) -> bool {
        self.marks.contains(Marks::SENSITIVE)
    }
    /// Whether the value itself is null.
    pub fn is_null(&self) -> bool {
        matches!(self.kind, Kind::Null(_))
    }
    /// Whether the value itself is known (something inside may not be).
    pub fn is_known(&self) -> bool {
        !matches!(self.kind, Kind::Unknown(_))
    }
    /// The digest that stands for a withheld secret.
    pub fn digest(&self) -> Option<&Digest> {
        match &self.kind {
            Kind::Unknown(u) => u.refinement.as_ref()?.digest.as_ref(),
            _ => None,
        }
    }
    /// The text of a known string, sensitive or not: for requests and comparisons only.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }
    /// A known boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(b) => Some(b),
            _ => None,
        }
    }
    /// A known number.
    pub fn as_number(&self) -> Option<&Number> {
        match &self.kind {
            Kind::Number(n) => Some(n),
            _ => None,
        }
    }
    /// The elements of a known list, set or tuple, in order.
    pub fn elements(&self) -> Option<&[Value]> {
        match &self.kind {
            Kind::List(_, v) | Kind::Set(_, v) | Kind::Tuple(v) => Some(v),
            _ => None,
        }
    }
    /// The members of a known map or object.
    pub fn members(&self) -> Option<&BTreeMap<Text, Value>> {
        match &self.kind {
            Kind::Map(_, m) | Kind::Object(m) => Some(m),
            _ => None,
        }
    }
    /// A member of a known map or object.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members()?.get(name)
    }
    /// The value's type.
    pub fn ty(&self) -> Type {
        match &self.kind {
            Kind::Null(t) => t.clone(),
            Kind::Unknown(u) => u.ty.clone(),
            Kind::Bool(_) => Type::Bool,
            Kind::Number(_) => Type::Number,
            Kind::String(_) => Type::String,
            Kind::List(t, _) => Type::list(t.clone()),
            Kind::Set(t, _) => Type::set(t.clone()),
            Kind::Map(t, _) => Type::map(t.clone()),
            Kind::Tuple(v) => Type::tuple(v.iter().map(Self::ty).collect()),
            Kind::Object(m) => Type::Object(Arc::new(ObjectType {
                attributes: m.iter().map(|(n, v)| (n.clone(), v.ty())).collect(),
                ..ObjectType::default()
            })),
        }
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::string(text)
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::bool(value)
    }
}

/// For tests and logs: sensitive values are masked.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_sensitive() {
            return f.write_str("(sensitive)");
        }
        match &self.kind {
            Kind::Null(t) => write!(f, "null({t})"),
            Kind::Unknown(u) => write!(f, "unknown({})", u.ty),
            Kind::Bool(b) => write!(f, "{b}"),
            Kind::Number(n) => write!(f, "{n}"),
            Kind::String(s) => write!(f, "{s:?}"),
            Kind::List(_, v) | Kind::Tuple(v) => f.debug_list().entries(v.iter()).finish(),
            Kind::Set(_, v) => f.debug_set().entries(v.iter()).finish(),
            Kind::Map(_, m) | Kind::Object(m) => f.debug_map().entries(m.iter()).finish(),
        }
    }
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::SENSITIVE, "sensitive"),
            (Self::EPHEMERAL, "ephemeral"),
        ];
        f.debug_set()
            .entries(
                names
                    .iter()
                    .filter(|(m, _)| self.contains(*m))
                    .map(|(_, n)| n),
            )
            .finish()
    }
}
