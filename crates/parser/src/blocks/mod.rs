//! From syntax trees to the typed blocks of a module, with the diagnostics of structure: unknown
//! blocks and arguments, missing ones, wrong labels, names given twice.

mod call;
mod changes;
mod check;
mod condition;
mod input;
mod module;
mod policy;
mod provider;
mod reader;
mod resource;
mod settings;
mod values;
mod version;

pub(crate) use module::{Files, module};
pub(crate) use policy::policies;
pub use version::{TERRAFORM_VERSION, meets};
