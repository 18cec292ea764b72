//! The state store: a SQLite database that loses nothing and holds no secret.
//!
//! - [`Store`]: the writes of a run, through one thread that shares transactions;
//! - [`read_snapshot`], [`history`] and [`operations`]: reading, also while a run goes on, and
//!   older schemas too;
//! - [`missing_but_known`], [`expect_lineage`]: states that are gone or not the right ones;
//! - [`key`]: the key of the secret digests, and [`mod@rekey`]: a new one; [`lock`]: exclusive use;
//!   [`backup`]: copies;
//! - [`row`]: how values are written down; [`planfile`]: saved plans.
//!
//! The SQL schema is in the top-level `state/` folder as numbered migrations. This crate must not
//! know HCL or AWS, and reads neither clock nor environment: both come in as values.

pub mod backup;
mod error;
mod files;
mod history;
pub mod key;
pub mod lock;
mod mark;
mod open;
pub mod planfile;
mod process;
mod read;
pub mod rekey;
pub mod row;
mod store;
mod writer;

pub use error::StoreError;
pub use files::make_directory_of;
pub use history::{OperationRecord, Run, RunRecord, history, operations};
pub use open::{Missing, expect_lineage, lineage, missing_but_known};
pub use read::{is_made_with, made_with, read_snapshot};
pub use rekey::{Rekeyed, rekey, rekey_to};
pub use store::Store;
