//! From text to a typed configuration: files, source map, HCL native and JSON syntax, spans, and
//! all diagnostics of syntax and structure.
//!
//! This crate must not know values, resource schemas, AWS or state. It reads no file itself: files
//! come through the [`load::FileSystem`] trait.

pub mod ast;
pub mod configuration;
pub mod diagnostic;
pub mod hcl;

pub use ast::{FileId, Span};
pub use configuration::Configuration;
pub use diagnostic::{Diagnostic, Severity};
