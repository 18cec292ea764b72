//! The evaluator.

use flowctl_model::{Type, Value};
use flowctl_parser::ast::Expr;
use flowctl_parser::diagnostic::Diagnostic;

use crate::scope::Scope;
use crate::world::World;

/// A value and what was found on the way. With an error among the diagnostics, the parts of the
/// value that could not be computed are unknown.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The value.
    pub value: Value,
    /// Errors and warnings, in order of appearance.
    pub diagnostics: Vec<Diagnostic>,
}

/// Evaluates expressions in one scope.
#[derive(Clone, Copy)]
pub struct Evaluator<'a> {
    scope: &'a dyn Scope,
    world: &'a dyn World,
}

impl<'a> Evaluator<'a> {
    /// An evaluator for what `scope` and `world` hold.
    pub fn new(scope: &'a dyn Scope, world: &'a dyn World) -> Self {
        Self { scope, world }
    }

    /// The value of an expression.
    pub fn evaluate(&self, expr: &Expr) -> Evaluated {
        let _ = (self.scope, self.world, expr);
        Evaluated {
            value: Value::unknown(Type::Any),
            diagnostics: Vec::new(),
        }
    }
}
