//! The shape of a resource type: attributes and nested blocks, as data.

use flowctl_model::{AttributePath, Step, Type};

use crate::Constraint;

/// A resource type, data source or provider block as data.
#[derive(Clone, Debug)]
pub struct Schema {
    /// Version of the shape, recorded with every object in state.
    pub version: u32,
    /// The outermost block.
    pub block: Block,
}

/// What a block may hold.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Arguments and read-only attributes, in the order of the documentation.
    pub attributes: Vec<Attribute>,
    /// Nested blocks, in the order of the documentation.
    pub blocks: Vec<NestedBlock>,
    /// What the block is for, in Markdown.
    pub doc: &'static str,
}

/// An argument of a block or a read-only attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in configurations.
    pub name: &'static str,
    /// The type that a value is converted to.
    pub ty: Type,
    /// Who gives the value.
    pub presence: Presence,
    /// Never shown and never kept: a digest stands in its place.
    pub secret: bool,
    /// A change means a new object.
    pub replace: bool,
    /// Whether the service tells the value. If not, what was configured last is kept.
    pub returned: bool,
    /// Which values mean the same as others.
    pub equivalence: Equivalence,
    /// What is demanded of a value beyond its type.
    pub constraints: &'static [Constraint],
    /// What it is for, in Markdown.
    pub doc: &'static str,
}

/// Who gives the value of an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Presence {
    /// The configuration must.
    Required,
    /// The configuration may.
    Optional,
    /// The service alone does.
    Computed,
    /// The configuration may, otherwise the service does.
    OptionalComputed,
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

/// Which different values of an attribute mean the same to the service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Equivalence {
    /// None: equal or different. (An optional string that is empty equals one that is not set.)
    #[default]
    Exact,
    /// Not set means `false`.
    UnsetIsFalse,
    /// A leading `@` makes no difference.
    LeadingAt,
    /// The order of a list makes no difference.
    Unordered,
}

/// A nested block and how often it may occur. Its value is a list (or set) of objects.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// Its type in configurations.
    pub name: &'static str,
    /// List or set, and how many.
    pub nesting: Nesting,
    /// Whether the service tells anything of the block. If not, what was configured last is kept.
    pub returned: bool,
    /// What it holds.
    pub block: Block,
}

/// How the blocks of one type are held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Nesting {
    /// In order.
    List {
        /// Smallest number of blocks.
        min: usize,
        /// Largest number of blocks.
        max: usize,
    },
    /// Distinct and without order.
    Set {
        /// Smallest number of blocks.
        min: usize,
        /// Largest number of blocks.
        max: usize,
    },
}

impl Nesting {
    /// Exactly one block.
    pub const ONE: Self = Self::List { min: 1, max: 1 };
    /// One block or none.
    pub const AT_MOST_ONE: Self = Self::List { min: 0, max: 1 };

    /// Smallest and largest number of blocks.
    pub fn bounds(self) -> (usize, usize) {
        match self {
            Self::List { min, max } | Self::Set { min, max } => (min, max),
        }
    }
}

impl Attribute {
    /// An attribute of a type; the other facts are set with the methods below.
    pub fn new(name: &'static str, ty: Type, presence: Presence, doc: &'static str) -> Self {
        Self {
            name,
            ty,
            presence,
            secret: false,
            replace: false,
            returned: true,
            equivalence: Equivalence::Exact,
            constraints: &[],
            doc,
        }
    }
    /// Never shown, never kept and never returned.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self.returned = false;
        self
    }
    /// A change means a new object.
    #[must_use]
    pub fn replace(mut self) -> Self {
        self.replace = true;
        self
    }
    /// The service does not tell the value.
    #[must_use]
    pub fn not_returned(mut self) -> Self {
        self.returned = false;
        self
    }
    /// Which values mean the same.
    #[must_use]
    pub fn equivalence(mut self, equivalence: Equivalence) -> Self {
        self.equivalence = equivalence;
        self
    }
    /// What is demanded of a value.
    #[must_use]
    pub fn constraints(mut self, constraints: &'static [Constraint]) -> Self {
        self.constraints = constraints;
        self
    }
}

/// What a path leads to in a schema.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// An attribute, or something inside its value.
    Attribute(&'a Attribute),
    /// A nested block, all of its type or one of them.
    Block(&'a NestedBlock),
}

impl Block {
    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
    /// The nested block of type `name`.
    pub fn nested(&self, name: &str) -> Option<&NestedBlock> {
        self.blocks.iter().find(|b| b.name == name)
    }
    /// Whether the block can hold nothing at all.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.blocks.is_empty()
    }
    /// The names of everything a configuration may write in the block.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let attributes = self
            .attributes
            .iter()
            .filter(|a| a.presence.is_configurable());
        attributes
            .map(|a| a.name)
            .chain(self.blocks.iter().map(|b| b.name))
    }
    /// The object type of the block's value: blocks are lists or sets of objects.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|a| (a.name, a.ty.clone()));
        let blocks = self.blocks.iter().map(|b| (b.name, b.ty()));
        Type::object(attributes.chain(blocks))
    }
    /// What `path` leads to, if it leads anywhere.
    pub fn item(&self, path: &AttributePath) -> Option<Item<'_>> {
        let mut block = self;
        let mut steps = path.steps().iter();
        let mut found = None;
        while let Some(step) = steps.next() {
            let Step::Attribute(name) = step else {
                return None;
            };
            if let Some(attribute) = block.attribute(name) {
                return Some(Item::Attribute(attribute));
            }
            let nested = block.nested(name)?;
            found = Some(Item::Block(nested));
            block = &nested.block;
            if !matches!(steps.next(), Some(Step::Index(_)) | None) {
                return None;
            }
        }
        found
    }
}

impl NestedBlock {
    /// The type of the value of all blocks of this type together.
    pub fn ty(&self) -> Type {
        match self.nesting {
            Nesting::List { .. } => Type::list(self.block.ty()),
            Nesting::Set { .. } => Type::set(self.block.ty()),
        }
    }
}

impl Schema {
    /// A first version of a shape.
    pub fn new(block: Block) -> Self {
        Self { version: 0, block }
    }
    /// The type of the whole object.
    pub fn ty(&self) -> Type {
        self.block.ty()
    }
    /// The attribute that `path` leads to or into.
    pub fn attribute(&self, path: &AttributePath) -> Option<&Attribute> {
        match self.block.item(path)? {
            Item::Attribute(attribute) => Some(attribute),
            Item::Block(_) => None,
        }
    }
    /// Whether the value at `path`, or the one that contains it, is secret.
    pub fn secret(&self, path: &AttributePath) -> bool {
        self.attribute(path).is_some_and(|a| a.secret)
    }
    /// Whether the service tells the value at `path`; `false` for what it keeps to itself.
    pub fn returned(&self, path: &AttributePath) -> bool {
        let mut block = &self.block;
        for name in path.names() {
            if let Some(attribute) = block.attribute(name) {
                return attribute.returned;
            }
            match block.nested(name) {
                Some(nested) if nested.returned => block = &nested.block,
                Some(_) => return false,
                None => return true,
            }
        }
        true
    }
}
