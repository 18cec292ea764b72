//! A resource type as data, the checks and documentation that are derived from it, and the two
//! traits of a resource type.
//!
//! This crate must not know the AWS SDK, state or HCL.

pub mod builtin;
pub mod change;
pub mod provider;
pub mod redact;
pub mod resource_type;
pub mod table;
pub mod validate;

pub use change::{agrees, merge_read};
pub use provider::{ConfiguredProvider, Provider, Providers};
pub use redact::Redactor;
pub use resource_type::{
    DataSource, ErrorKind, PlanRequest, PlannedChange, ProviderError, ReadRequest, RemoteData,
    RemoteObject, RemoteObjects, ResourceType,
};
pub use table::{Attribute, Block, Constraint, NestedBlock, Nesting, Presence, Schema};
pub use validate::{may_be_set, nearest, validate};
