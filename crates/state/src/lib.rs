//! The state store: a SQLite database that loses nothing and holds no secret.
//!
//! - [`Store`]: opening, reading a snapshot, writing through one thread that shares transactions;
//! - [`key`]: the key of the secret digests; [`lock`]: exclusive use; [`backup`]: copies;
//! - [`row`]: how values are written down.
//!
//! The SQL schema is in the top-level `state/` folder as numbered migrations. This crate must not
//! know HCL or AWS, and reads neither clock nor environment: both come in as values.

pub mod backup;
mod error;
mod files;
pub mod key;
pub mod lock;
pub mod planfile;
pub mod row;
mod store;
mod writer;

pub use error::StoreError;
pub use files::make_directory_of;
pub use store::{
    OperationRecord, Run, RunRecord, Store, history, is_made_with, operations, read_snapshot,
};
