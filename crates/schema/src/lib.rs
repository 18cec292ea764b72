//! A resource type as data, the checks and documentation that are derived from it, and the two
//! traits of a resource type.
//!
//! This crate must not know the AWS SDK, state or HCL.

pub mod resource_type;
pub mod table;

pub use resource_type::{
    ErrorKind, PlanRequest, PlannedChange, ProviderError, ReadRequest, RemoteObject, RemoteObjects,
    ResourceType,
};
pub use table::{Attribute, Block, Constraint, NestedBlock, Nesting, Presence, Schema};
