//! What planning needs to know of the service and was not told.

use flowctl_model::{Address, Text, Value};

/// What has to be read before the plan is complete. The answers go into
/// [`Input::data`](crate::Input::data) and [`Input::imports`](crate::Input::imports); then the plan
/// is made again.
#[derive(Clone, Default, Debug)]
pub struct Needs {
    /// Data sources.
    pub data: Vec<DataRead>,
    /// Objects that `import` blocks name.
    pub imports: Vec<ImportRead>,
}

/// A data source whose configuration is known.
#[derive(Clone, Debug)]
pub struct DataRead {
    /// The instance.
    pub address: Address,
    /// Provider configuration: `aws`, or `aws.alias`.
    pub provider: Text,
    /// Its configuration.
    pub config: Value,
}

/// An object to adopt.
#[derive(Clone, Debug)]
pub struct ImportRead {
    /// The address it is adopted under.
    pub address: Address,
    /// Provider configuration.
    pub provider: Text,
    /// Its identity, as given.
    pub id: Text,
}

impl Needs {
    /// Whether the plan is complete.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty() && self.imports.is_empty()
    }
}
