//! How the evaluator asks for what an expression refers to.

use flowctl_model::Value;
use flowctl_parser::diagnostic::Diagnostic;

use crate::reference::Reference;

/// The answer to a [`Reference`].
#[derive(Clone, Debug)]
pub enum Resolved {
    /// The value of the subject without its instance key: for a resource with `count` a tuple,
    /// with `for_each` an object, otherwise the one instance. The evaluator applies the key.
    Whole(Value),
    /// The value of exactly the instance whose key is in the reference.
    Instance(Value),
}

impl From<Value> for Resolved {
    fn from(value: Value) -> Self {
        Self::Whole(value)
    }
}

/// What the names of an expression stand for.
pub trait Scope {
    /// The value of what `reference` names.
    ///
    /// An error means that the name is wrong for good (not declared, not available here); `try`
    /// and `can` do not catch it. A key that has no instance is no such error: answer with
    /// [`Resolved::Whole`] and let the evaluator say that the index is invalid.
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic>;

    /// Whether root names are plain variables, as in a template file, and not the configuration's
    /// `var`, `local`, `module` and so on.
    fn plain_names(&self) -> bool {
        false
    }
}

/// A scope for places where nothing can be referred to, such as variable files.
#[derive(Clone, Copy, Debug)]
pub struct NoScope;

impl Scope for NoScope {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        Err(Diagnostic::error(
            reference.span,
            "Variables not allowed",
            "Values here must be written out: nothing can be referred to.",
        ))
    }

    fn plain_names(&self) -> bool {
        true
    }
}
