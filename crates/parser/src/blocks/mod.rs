//! From syntax trees to the typed blocks of a module, with the diagnostics of structure: unknown
//! blocks and arguments, missing ones, wrong labels, names given twice.

mod module;
mod reader;
mod resource;
mod settings;

pub(crate) use module::{Files, module};
