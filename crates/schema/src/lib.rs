//! A resource type as data: its attributes and blocks, their constraints, which of them are
//! secret, computed or force a new object; the laws that follow from that data; and the traits
//! that a resource type and a provider implement.
//!
//! This crate must not know the syntax of configurations, any service's SDK, or how state is
//! stored. The planner sees the pure half ([`ResourceType`], [`Provider`]), the executor the
//! asynchronous one ([`RemoteObjects`], [`ConfiguredProvider`]).

mod attribute;
pub mod change;
mod constraint;
mod error;
mod resource_type;
mod validate;

pub use attribute::{Attribute, Block, Equivalence, Item, NestedBlock, Nesting, Presence, Schema};
pub use change::merge_read;
pub use constraint::Constraint;
pub use error::{ErrorKind, ProviderError};
pub use resource_type::{
    ConfiguredProvider, DataSource, PlanRequest, PlannedChange, Provider, Providers, ReadRequest,
    RemoteData, RemoteObject, RemoteObjects, ResourceType,
};
pub use validate::{nearest, validate};
