//! What a plan is made of.

use std::collections::BTreeMap;

use flowctl_lang::World;
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Address, Digester, Target, Text, Value};
use flowctl_parser::configuration::Configuration;
use flowctl_schema::{Providers, RemoteObject};

use crate::policy::Policies;
use crate::settings::ProviderSettings;
use crate::variables::GivenVariables;

/// What a plan is for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Mode {
    /// To bring the service to the configuration.
    #[default]
    Normal,
    /// To delete everything that is in state.
    Destroy,
    /// To bring state to the service, and change nothing there.
    RefreshOnly,
}

/// What was asked for on the command line.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// What the plan is for.
    pub mode: Mode,
    /// Only these and what they depend on; empty for everything.
    pub targets: Vec<Target>,
    /// Everything but these and what depends on them.
    pub excludes: Vec<Target>,
    /// To be replaced even if nothing changes.
    pub replace: Vec<Address>,
    /// The configuration of objects that `import` blocks name is to be written, so that its
    /// absence is no error.
    pub generate_config: bool,
    /// What the plan has to meet.
    pub policies: Policies,
}

impl<'a> Input<'a> {
    /// The settings of a provider configuration, if there are any and they are known.
    pub(crate) fn provider(&self, key: &str) -> Option<&'a Value> {
        self.settings.get(key)?.config.as_ref()
    }
}

/// Everything that planning looks at. It looks at nothing else.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The configuration.
    pub configuration: &'a Configuration,
    /// Root module variables that are set.
    pub variables: &'a GivenVariables,
    /// State.
    pub snapshot: &'a Snapshot,
    /// What the service has under the addresses of state, merged with what state knows of it.
    /// Instances that are absent here were not read and are taken as state has them.
    pub live: &'a BTreeMap<Address, Option<RemoteObject>>,
    /// Data sources that were read already.
    pub data: &'a BTreeMap<Address, Value>,
    /// Objects of `import` blocks that were read already.
    pub imports: &'a BTreeMap<Address, RemoteObject>,
    /// Tokens of interrupted creations that are to be sent again.
    pub resume: &'a BTreeMap<Address, Text>,
    /// Instances whose update was interrupted.
    pub interrupted: &'a [Address],
    /// Every provider.
    pub providers: &'a Providers,
    /// The settings of provider configurations by key; those that are absent have none.
    pub settings: &'a BTreeMap<Text, ProviderSettings>,
    /// Makes and compares the digests of secrets.
    pub digester: &'a Digester,
    /// The digester's key is not the one that state was written with.
    pub key_changed: bool,
    /// What functions see of the machine.
    pub world: &'a dyn World,
    /// The name of the workspace.
    pub workspace: &'a str,
    /// What was asked for.
    pub options: &'a Options,
}
