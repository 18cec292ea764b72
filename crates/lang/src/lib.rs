//! Evaluation of expressions: syntax trees in, values out.
//!
//! Unknown and sensitive values flow through every operator and function. What an expression
//! refers to comes in through [`Scope`]; what it reads of the machine (files, clock, randomness)
//! comes in through [`World`]. So evaluation is a function of its arguments.
//!
//! This crate must not know resources, state, the service or a terminal.

pub mod convert;
pub mod eval;
pub mod functions;
pub mod json;
pub mod reference;
pub mod scope;
pub mod show;
pub mod strings;
pub mod type_expr;
pub mod unify;
pub mod world;

pub use convert::{ConvertError, convert};
pub use eval::{Evaluated, Evaluator};
pub use functions::{Call, Function, FunctionError, Param, function};
pub use reference::{PathKind, Reference, Subject, references};
pub use scope::{NoScope, Resolved, Scope};
pub use type_expr::{Defaults, type_constraint};
pub use unify::unify;
pub use world::World;
