//! A configuration as written: the blocks of a module, typed, with their expressions not yet
//! evaluated. Built by `blocks` from the syntax trees of the module's files.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Block, Body, Expr, Name, Span};
use crate::exception::Exception;

/// The root module and, below each `module` block, the module that it calls.
#[derive(Clone, Default, Debug)]
pub struct Configuration {
    /// The root module.
    pub root: Module,
    /// Comments of all its files that ask for what is found to be ignored.
    pub exceptions: Vec<Exception>,
}

/// One module: all the files of a directory together.
#[derive(Clone, Default, Debug)]
pub struct Module {
    /// The directory, as given for the root and joined with `source` below it.
    pub directory: String,
    /// `variable` blocks by name.
    pub variables: BTreeMap<Arc<str>, Variable>,
    /// Members of `locals` blocks by name.
    pub locals: BTreeMap<Arc<str>, Local>,
    /// `output` blocks by name.
    pub outputs: BTreeMap<Arc<str>, Output>,
    /// `resource`, `data` and `ephemeral` blocks, in source order.
    pub resources: Vec<Resource>,
    /// `module` blocks by name.
    pub calls: BTreeMap<Arc<str>, ModuleCall>,
    /// `provider` blocks.
    pub providers: Vec<Provider>,
    /// The entries of `required_providers`.
    pub required_providers: Vec<Requirement>,
    /// `moved` blocks.
    pub moved: Vec<Moved>,
    /// `removed` blocks.
    pub removed: Vec<Removed>,
    /// `import` blocks.
    pub imports: Vec<Import>,
    /// `check` blocks.
    pub checks: Vec<Check>,
}

/// An entry of `required_providers`.
#[derive(Clone, Debug)]
pub struct Requirement {
    /// The provider's local name.
    pub name: Name,
    /// Its value.
    pub place: Span,
    /// Where the provider comes from.
    pub source: Option<String>,
    /// `configuration_aliases`: the configurations that the caller has to hand in.
    pub aliases: Vec<ProviderRef>,
}

/// A `variable` block.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its label.
    pub name: Name,
    /// The block's header.
    pub header: Span,
    /// The type constraint.
    pub ty: Option<Expr>,
    /// The default.
    pub default: Option<Expr>,
    /// `description`.
    pub description: Option<String>,
    /// `sensitive = true`.
    pub sensitive: bool,
    /// `ephemeral = true`.
    pub ephemeral: bool,
    /// `nullable`, true unless set to false.
    pub nullable: bool,
    /// `validation` blocks.
    pub validations: Vec<Condition>,
}

/// A condition with its message: `validation`, `precondition`, `postcondition`, `assert`.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The block's header.
    pub header: Span,
    /// What must be true.
    pub condition: Expr,
    /// What is said when it is not.
    pub error_message: Expr,
}

/// A member of a `locals` block.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub expr: Expr,
}

/// An `output` block.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its label.
    pub name: Name,
    /// The block's header.
    pub header: Span,
    /// Its value.
    pub value: Expr,
    /// `description`.
    pub description: Option<String>,
    /// `sensitive = true`.
    pub sensitive: bool,
    /// `ephemeral = true`.
    pub ephemeral: bool,
    /// `depends_on`.
    pub depends_on: Vec<Expr>,
    /// `precondition` blocks.
    pub preconditions: Vec<Condition>,
}

/// Which keyword a block of a resource type has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ResourceKind {
    /// `resource`: made, changed and destroyed.
    Managed,
    /// `data`: only read.
    Data,
    /// `ephemeral`: read in every run and never kept.
    Ephemeral,
}

impl ResourceKind {
    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Managed => "resource",
            Self::Data => "data",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// A `resource`, `data` or `ephemeral` block.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Which of them.
    pub kind: ResourceKind,
    /// The first label.
    pub type_name: Name,
    /// The second label.
    pub name: Name,
    /// The block's header.
    pub header: Span,
    /// `count`.
    pub count: Option<Expr>,
    /// `for_each`.
    pub for_each: Option<Expr>,
    /// `provider`: local name and alias.
    pub provider: Option<ProviderRef>,
    /// `depends_on`.
    pub depends_on: Vec<Expr>,
    /// `lifecycle`.
    pub lifecycle: Lifecycle,
    /// Everything else: the resource's own arguments and blocks, `dynamic` blocks included.
    pub body: Body,
}

/// A `lifecycle` block.
#[derive(Clone, Default, Debug)]
pub struct Lifecycle {
    /// `create_before_destroy`.
    pub create_before_destroy: Option<Expr>,
    /// `prevent_destroy`.
    pub prevent_destroy: Option<Expr>,
    /// `ignore_changes`.
    pub ignore_changes: IgnoreChanges,
    /// `replace_triggered_by`.
    pub replace_triggered_by: Vec<Expr>,
    /// `precondition` blocks.
    pub preconditions: Vec<Condition>,
    /// `postcondition` blocks.
    pub postconditions: Vec<Condition>,
}

/// `ignore_changes`.
#[derive(Clone, Default, Debug)]
pub enum IgnoreChanges {
    /// Nothing is ignored.
    #[default]
    None,
    /// `all`.
    All,
    /// These attributes, as traversals relative to the resource.
    Some(Vec<Expr>),
}

/// A reference to a provider configuration: `aws` or `aws.eu`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderRef {
    /// Local name.
    pub name: Name,
    /// Alias.
    pub alias: Option<Name>,
}

impl ProviderRef {
    /// Where it stands.
    pub fn place(&self) -> Span {
        match &self.alias {
            Some(alias) => self.name.span.to(alias.span),
            None => self.name.span,
        }
    }
}

impl std::fmt::Display for ProviderRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name.text)?;
        match &self.alias {
            Some(alias) => write!(f, ".{}", alias.text),
            None => Ok(()),
        }
    }
}

/// A `module` block and the module it calls.
#[derive(Clone, Debug)]
pub struct ModuleCall {
    /// Its label.
    pub name: Name,
    /// The block's header.
    pub header: Span,
    /// Where `source` stands.
    pub source: Span,
    /// Where an error about an argument that is not there points; nowhere if the block could not
    /// be read to its end, and the argument may be there.
    pub missing: Option<Span>,
    /// `count`.
    pub count: Option<Expr>,
    /// `for_each`.
    pub for_each: Option<Expr>,
    /// `depends_on`.
    pub depends_on: Vec<Expr>,
    /// `providers`: the name inside the module and the configuration that is handed in.
    pub providers: Vec<(ProviderRef, ProviderRef)>,
    /// The input variables.
    pub arguments: Vec<crate::ast::Attribute>,
    /// The module's content; shared when several calls have the same source.
    pub module: Arc<Module>,
}

/// A `provider` block.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its label.
    pub name: Name,
    /// `alias`.
    pub alias: Option<Name>,
    /// The block's header.
    pub header: Span,
    /// Whether it says anything but its alias. If not, it may stand for one that is handed in.
    pub settled: bool,
    /// Everything else.
    pub body: Body,
}

/// A `moved` block.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The block's header.
    pub header: Span,
    /// The old address.
    pub from: Expr,
    /// The new address.
    pub to: Expr,
}

/// A `removed` block.
#[derive(Clone, Debug)]
pub struct Removed {
    /// The block's header.
    pub header: Span,
    /// The address.
    pub from: Expr,
    /// `lifecycle { destroy }`, true unless set to false.
    pub destroy: bool,
}

/// An `import` block.
#[derive(Clone, Debug)]
pub struct Import {
    /// The block's header.
    pub header: Span,
    /// The address it is adopted under.
    pub to: Expr,
    /// Its identity in the service.
    pub id: Expr,
    /// `for_each`.
    pub for_each: Option<Expr>,
    /// `provider`.
    pub provider: Option<ProviderRef>,
    /// Where `provider` is given.
    pub provider_place: Option<Span>,
}

/// A `check` block.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its label.
    pub name: Name,
    /// The block's header.
    pub header: Span,
    /// The data source inside, if there is one.
    pub data: Option<Box<Resource>>,
    /// `assert` blocks.
    pub asserts: Vec<Condition>,
    /// The block as written.
    pub block: Block,
}
