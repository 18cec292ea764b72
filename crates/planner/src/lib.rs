//! The heart of flowctl: configuration, state and live objects in, a plan out.
//!
//! - [`mod@plan`]: the whole course, from [`Input`] to [`Planned`];
//! - [`graph`]: what depends on what, and names that are not declared;
//! - `walk`: evaluation of every node in every module instance, with [`variables`], [`mod@settings`],
//!   [`expansion`], `outputs` and `conditions` for the kinds of node;
//! - `instance`: what becomes of one resource instance, with [`decode`] (a body becomes a value),
//!   [`diff`] (where two objects differ by meaning), `ignore` and `triggers`; `data` for data
//!   sources, `ephemeral` for ephemeral resources, `imports`, [`moves`], `removal` and `edges` for
//!   the rest of a plan;
//! - [`apply`]: evaluation while the plan is carried out;
//! - [`review`]: two configurations compared by what they ask for, with `origin` for where secrets
//!   come from;
//! - [`policy`]: rules that every plan has to meet;
//! - [`mod@validate`]: what can be found without state or network.
//!
//! Everything here is a function of its arguments: no file, clock, environment or network. This
//! crate must not know HTTP, SQLite or terminals.

mod adoption;
pub mod apply;
mod awaits;
mod conditions;
mod data;
mod declared;
pub mod decode;
pub mod diff;
mod dynamic;
mod edges;
mod ephemeral;
pub mod expansion;
pub mod graph;
mod ignore;
mod imports;
pub mod input;
mod instance;
mod json;
pub mod moves;
pub mod needs;
mod origin;
mod outputs;
pub mod plan;
pub mod policy;
mod removal;
pub mod review;
pub mod settings;
mod statements;
mod store;
mod suggest;
mod target;
mod triggers;
pub mod validate;
pub mod variables;
mod walk;

pub use apply::{Evaluation, Finished};
pub use conditions::ASSERTED_LATER;
pub use input::{Input, Mode, Options};
pub use json::resolve_json;
pub use needs::{DataRead, ImportRead, Needs};
pub use plan::{Planned, creations, exists_already, is_configured, place_of, plan};
pub use policy::Policies;
pub use settings::{ProviderSettings, settings};
pub use validate::validate;
pub use variables::{Given, GivenValue, GivenVariables, Origin, declarations};
