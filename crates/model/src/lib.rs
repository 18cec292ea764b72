//! The nouns of flowctl and their laws, as pure data: values and types, addresses, attribute
//! paths, secrets, snapshots of state, plans, events and problems.
//!
//! This crate must not know syntax (HCL, JSON), I/O, the service, or any serialization format:
//! no type here derives `Serialize`, so that no format changes by accident and no secret can be
//! written by accident. Crates at the edges own mirror types and convert by hand.

pub mod address;
pub mod event;
pub mod journal;
pub mod number;
pub mod path;
pub mod plan;
pub mod problem;
pub mod secret;
pub mod snapshot;
pub mod text;
pub mod ty;
pub mod value;

pub use address::{
    Address, InstanceKey, Mode, ModuleInstance, ModulePath, ModuleStep, ResourceAddress, Target,
};
pub use number::Number;
pub use path::{AttributePath, Step};
pub use problem::Problem;
pub use secret::{Digest, Digester};

pub use text::Text;
pub use ty::{ObjectType, Type};
pub use value::{Kind, Marks, Refinement, Unknown, Value};
