//! From text to a typed configuration: files, source map, HCL native and JSON syntax, spans, and
//! all diagnostics of syntax and structure.
//!
//! This crate must not know values, resource schemas, AWS or state. It reads no file itself: files
//! come through the [`load::FileSystem`] trait.

pub mod ast;
mod blocks;
pub mod configuration;
mod constant;
pub mod diagnostic;
pub mod exception;
mod format;
mod handed;
pub mod hcl;
pub mod json;
pub mod load;
mod overrides;
pub mod policy;
mod reference;
pub mod source;
pub mod traversal;
pub mod unicode;
mod variables;
mod visit;

pub use ast::{FileId, Span};
pub use blocks::{TERRAFORM_VERSION, meets};
pub use configuration::Configuration;
pub use diagnostic::{Diagnostic, Severity, nearest};
pub use exception::Exception;
pub use format::format;
pub use hcl::is_name;
pub use load::{FileSystem, Loaded, NO_CONFIGURATION, load};
pub use policy::load_policies;
pub use source::{Position, Source, SourceMap};
pub use variables::parse_variable_file;
