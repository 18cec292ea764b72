//! A resource type as data: attributes, blocks, constraints, what is secret, what is computed and
//! what forces a replacement. Everything that deals with a resource reads these tables.

use std::sync::{Arc, OnceLock};

use flowctl_model::{AttributePath, ObjectType, Type};

/// The schema of a resource type, data source or provider.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Version of the stored attributes; grows when their shape changes.
    pub version: u64,
    /// The attributes and blocks.
    pub block: Block,
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The attributes, in the order of the documentation.
    pub attributes: Vec<Attribute>,
    /// The nested blocks, in the order of the documentation.
    pub blocks: Vec<NestedBlock>,
    /// Names that configurations written for other programs have here and that are refused, each with
    /// what to do instead.
    pub refused: &'static [(&'static str, &'static str)],
    /// One sentence for the reference documentation.
    pub doc: &'static str,
    /// The type of the block's value, once it was asked for; see [`Block::ty`].
    pub known_type: OnceLock<Type>,
}

/// Who sets an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// The configuration, always.
    Required,
    /// The configuration, or nobody.
    Optional,
    /// The service.
    Computed,
    /// The configuration, or else the service.
    OptionalComputed,
}

/// One argument or exported attribute.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and most are true of few"
)]
pub struct Attribute {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Who sets it.
    pub presence: Presence,
    /// Never shown and never stored.
    pub secret: bool,
    /// A change replaces the object.
    pub replace: bool,
    /// Whether reading the object returns it; if not, the last known value is kept.
    pub returned: bool,
    /// Whether `ignore_changes` may name it although no configuration sets it: elsewhere one could.
    pub ignorable: bool,
    /// What the service demands of its value.
    pub constraints: Vec<Constraint>,
    /// One sentence for the reference documentation.
    pub doc: &'static str,
}

/// What the service demands of a value. Lengths count characters; patterns hold for the whole
/// value.
#[derive(Clone, PartialEq, Debug)]
pub enum Constraint {
    /// Length of a string, both ends included.
    Length(usize, usize),
    /// A pattern in the syntax of the `regex` crate.
    Pattern(&'static str),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A number, both ends included.
    Range(i64, i64),
    /// Number of elements of a collection, both ends included.
    Entries(usize, usize),
    /// Holds for each key of a map.
    Keys(Vec<Constraint>),
    /// Holds for each element of a collection.
    Values(Vec<Constraint>),
}

/// A nested block.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// Its type in the configuration.
    pub name: &'static str,
    /// Its collection in values: [`Nesting::List`] gives a list of objects.
    pub nesting: Nesting,
    /// Fewest occurrences.
    pub min: usize,
    /// Most occurrences; `None` for any number.
    pub max: Option<usize>,
    /// Its content.
    pub block: Block,
}

/// How the occurrences of a block are collected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nesting {
    /// In order.
    List,
    /// Without order.
    Set,
}

impl Presence {
    /// Whether a configuration may set the attribute.
    pub fn is_configurable(self) -> bool {
        self != Self::Computed
    }
    /// Whether the service may decide the value.
    pub fn is_computed(self) -> bool {
        matches!(self, Self::Computed | Self::OptionalComputed)
    }
}

impl Attribute {
    /// An attribute that is shown, returned, changed in place and free of constraints; the
    /// methods below say otherwise.
    pub fn new(name: &'static str, ty: Type, presence: Presence, doc: &'static str) -> Self {
        Self {
            name,
            ty,
            presence,
            secret: false,
            replace: false,
            returned: true,
            ignorable: false,
            constraints: Vec::new(),
            doc,
        }
    }
    /// A change replaces the object.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }
    /// Reading does not return it.
    #[must_use]
    pub fn not_returned(mut self) -> Self {
        self.returned = false;
        self
    }
    /// What the service demands of its value.
    #[must_use]
    pub fn constraints(mut self, constraints: Vec<Constraint>) -> Self {
        self.constraints = constraints;
        self
    }
}

impl Block {
    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }

    /// The nested block called `name`.
    pub fn nested(&self, name: &str) -> Option<&NestedBlock> {
        self.blocks.iter().find(|b| b.name == name)
    }

    /// What to do instead of writing a name that is refused.
    pub fn instead_of(&self, name: &str) -> Option<&'static str> {
        let refused = self.refused.iter().find(|(refused, _)| *refused == name);
        refused.map(|(_, instead)| *instead)
    }

    /// The type of the block's value. It is made once: all values share it.
    pub fn ty(&self) -> Type {
        self.known_type.get_or_init(|| self.make_type()).clone()
    }

    fn make_type(&self) -> Type {
        let attributes = self
            .attributes
            .iter()
            .map(|a| (a.name.into(), a.ty.clone()));
        let blocks = self.blocks.iter().map(|b| (b.name.into(), b.ty()));
        Type::Object(Arc::new(ObjectType {
            attributes: attributes.chain(blocks).collect(),
            ..ObjectType::default()
        }))
    }

    /// Whether the block can hold nothing.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.blocks.is_empty()
    }

    /// Everything that a configuration may write in the block: arguments, then nested blocks.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let arguments = self
            .attributes
            .iter()
            .filter(|a| a.presence.is_configurable());
        arguments
            .map(|a| a.name)
            .chain(self.blocks.iter().map(|b| b.name))
    }

    /// Whether reading the object returns anything of the block. Of an empty block there is
    /// nothing to return.
    pub fn returned(&self) -> bool {
        self.attributes.iter().any(|a| a.returned) || self.blocks.iter().any(|b| b.block.returned())
    }

    /// Whether reading the object tells what is at a path.
    pub fn tells(&self, path: &AttributePath) -> bool {
        let mut block = self;
        for name in path.names() {
            match block.nested(name) {
                Some(nested) if nested.block.returned() => block = &nested.block,
                Some(_) => return false,
                None => return block.attribute(name).is_none_or(|a| a.returned),
            }
        }
        true
    }

    /// The attribute that a path leads to or into, indices and keys passed over.
    pub fn attribute_at(&self, path: &AttributePath) -> Option<&Attribute> {
        let mut block = self;
        for name in path.names() {
            match block.nested(name) {
                Some(nested) => block = &nested.block,
                None => return block.attribute(name),
            }
        }
        None
    }
}

impl NestedBlock {
    /// A block that occurs at most once.
    pub fn optional(name: &'static str, block: Block) -> Self {
        Self {
            name,
            nesting: Nesting::List,
            min: 0,
            max: Some(1),
            block,
        }
    }

    /// A block that occurs exactly once.
    pub fn required(name: &'static str, block: Block) -> Self {
        Self {
            name,
            nesting: Nesting::List,
            min: 1,
            max: Some(1),
            block,
        }
    }

    /// The type of all occurrences together.
    pub fn ty(&self) -> Type {
        match self.nesting {
            Nesting::List => Type::list(self.block.ty()),
            Nesting::Set => Type::set(self.block.ty()),
        }
    }
}

impl Schema {
    /// Whether the value at `path` is, by the table, a secret.
    pub fn is_secret(&self, path: &AttributePath) -> bool {
        self.block.attribute_at(path).is_some_and(|a| a.secret)
    }
}
