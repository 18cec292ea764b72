//! A local Amazon AppFlow endpoint: the service's REST-JSON protocol over HTTP, so that any AWS
//! SDK works against it unchanged, without an account.
//!
//! It serves connector profiles in full (create, describe, update, delete), registered custom
//! connectors, flows as documents, and tags. It enforces the service's own constraints, keeps
//! the rules of idempotency tokens, pages its lists and never returns a credential, nor writes
//! one anywhere: of credentials it keeps keyed digests in memory. Regions are told apart by the
//! request's signature, which is not verified. Of STS it has what tells who asks and what takes a
//! role: a session of a role of another account works in that account.
//!
//! Data live in memory or in an SQLite file ([`Store`]). Faults are injected by rules
//! ([`Faults`]): throttling, errors, delays, closed connections, lost answers, lagging reads.
//! For tests there is an administration interface on the same port:
//!
//! | request | what it does |
//! |---|---|
//! | `GET /_flowctl/requests` | counts by operation and the log of the last requests: paths of the members that arrived, keyed digests of credentials, never values |
//! | `GET /_flowctl/faults` | the rules in force |
//! | `POST /_flowctl/faults` | replaces the rules by those in the body |
//! | `POST /_flowctl/reset` | removes all data, counts and logs, and restores the first rules |
//!
//! The crate stands alone: it knows nothing of the rest of flowctl, so that it can judge it.
//! Where the service's behaviour is documented nowhere, the choice is written at the spot.

mod arn;
mod endpoint;
mod error;
mod faults;
mod operations;
mod options;
mod page;
mod recorder;
mod rules;
mod server;
mod service;
mod store;
mod sts;
mod uri;
mod validate;

pub use error::Error;
pub use faults::{Faults, FaultsError};
pub use options::Options;
pub use server::Server;
pub use store::Store;
