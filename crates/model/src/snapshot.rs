//! A snapshot of state: what flowctl knew at the end of the last run.

use std::collections::BTreeMap;

use crate::{Address, ResourceAddress, Text, Value};

/// Everything in a state store at one serial. Secrets are withheld (see [`crate::secret`]).
#[derive(Clone, Default, Debug)]
pub struct Snapshot {
    /// Identifies the state through all its changes; empty for a state not written yet.
    pub lineage: String,
    /// Grows with every change.
    pub serial: u64,
    /// The managed resource instances.
    pub resources: BTreeMap<Address, ResourceState>,
    /// Root module outputs.
    pub outputs: BTreeMap<Text, OutputState>,
}

/// One resource instance in state.
#[derive(Clone, PartialEq, Debug)]
pub struct ResourceState {
    /// Provider configuration it was made with: `aws`, or `aws.alias`.
    pub provider: Text,
    /// Identity in the service (a profile's name).
    pub id: Text,
    /// Its attributes, secrets withheld.
    pub attributes: Value,
    /// Resources it depended on when it was made, for the order of deletion.
    pub dependencies: Vec<ResourceAddress>,
    /// Version of the schema the attributes were written with.
    pub schema_version: u64,
    /// Whether it is to be replaced by creating the new one first.
    pub create_before_destroy: bool,
    /// Must be replaced: its creation did not finish.
    pub tainted: bool,
    /// Objects that were replaced and are still to be deleted, as (id, attributes).
    pub deposed: Vec<(Text, Value)>,
}

/// A root module output in state.
#[derive(Clone, PartialEq, Debug)]
pub struct OutputState {
    /// Its value; withheld if sensitive.
    pub value: Value,
    /// Declared sensitive.
    pub sensitive: bool,
}
