//! A plan: what would be done to reach the configuration, and why. Pure data.

use std::collections::BTreeMap;

use crate::problem::Severity;
use crate::{Address, AttributePath, ResourceAddress, Text, Value};

/// What is done to one resource instance. Decisions are made by this alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Nothing.
    NoOp,
    /// Make it.
    Create,
    /// Read a data source.
    Read,
    /// Change it in place.
    Update,
    /// Replace it: the old one goes first.
    DeleteThenCreate,
    /// Replace it: the new one comes first.
    CreateThenDelete,
    /// Delete it.
    Delete,
    /// Drop it from state and leave it alone in the service.
    Forget,
}

impl Action {
    /// Whether the old object goes and a new one comes.
    pub fn is_replace(self) -> bool {
        matches!(self, Self::DeleteThenCreate | Self::CreateThenDelete)
    }
}

/// Why an action was chosen: for people, never for decisions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It is configured and not in state.
    New,
    /// It was in state but is gone from the service.
    DeletedOutside,
    /// An attribute that cannot change in place changes.
    CannotUpdate,
    /// Asked for with `-replace`.
    ReplaceRequested,
    /// `replace_triggered_by` names something that changes.
    ReplaceTriggered(Vec<String>),
    /// Its creation did not finish.
    Tainted,
    /// Its `resource` block is gone from the configuration.
    NoResourceConfig,
    /// Its module is gone, or has no such instance any more.
    NoModule,
    /// `count` no longer reaches its index.
    CountIndex,
    /// `for_each` no longer has its key.
    EachKey,
    /// The resource changed between having instance keys and not.
    WrongRepetition,
    /// Everything is being destroyed.
    DestroyRequested,
    /// The key of the secret digests changed or was lost, so credentials are sent again.
    SecretKeyChanged,
    /// An interrupted run may or may not have changed it, so the change is sent again.
    Interrupted,
    /// A `removed` block says so.
    RemovedBlock,
    /// A data source that depends on what is not known yet.
    ReadDependsOnUnknown,
}

/// What happens to one resource instance.
#[derive(Clone, PartialEq, Debug)]
pub struct Change {
    /// The instance.
    pub address: Address,
    /// Where it was in state, if a `moved` block moves it.
    pub previous_address: Option<Address>,
    /// Provider configuration: `aws`, or `aws.alias`, with the module in front if not the root's.
    pub provider: Text,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Option<Reason>,
    /// Identity in the service, if it exists.
    pub id: Option<Text>,
    /// The object before, secrets withheld; `None` if there is none.
    pub before: Option<Value>,
    /// The object after: secrets are real and marked sensitive, what is not known yet is unknown;
    /// `None` if there will be none.
    pub after: Option<Value>,
    /// Attributes that force a replacement.
    pub replace_paths: Vec<AttributePath>,
    /// Attributes whose value differs between `before` and `after` by meaning.
    pub changed_paths: Vec<AttributePath>,
    /// Resources it depends on, kept in state for the order of deletion.
    pub dependencies: Vec<ResourceAddress>,
    /// Replacements create first.
    pub create_before_destroy: bool,
    /// An object that an `import` block adopts, by the identity given there.
    pub importing: Option<Text>,
    /// The idempotency token of an interrupted creation, to be sent again.
    pub resume_token: Option<Text>,
    /// The old object of an interrupted replacement, still to be deleted: its identity.
    pub deposed: Option<Text>,
    /// What the parts that the configuration sets and that are not known yet wait for.
    pub awaits: Vec<Awaited>,
}

/// What a part of a value waits for that is not known yet: for people, never for decisions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Awaited {
    /// The part.
    pub path: AttributePath,
    /// References to what it is made from, with the modules that they are in.
    pub on: Vec<String>,
}

/// How an output of the root module changes.
#[derive(Clone, PartialEq, Debug)]
pub struct OutputChange {
    /// Before; `None` if it was not there. Withheld if sensitive.
    pub before: Option<Value>,
    /// After; `None` if it goes.
    pub after: Option<Value>,
    /// Declared sensitive.
    pub sensitive: bool,
    /// Whether the values differ (an unknown value differs from any).
    pub changed: bool,
    /// What the parts that are not known yet wait for.
    pub awaits: Vec<Awaited>,
}

/// An object that was changed outside of flowctl since the last run.
#[derive(Clone, PartialEq, Debug)]
pub struct Drift {
    /// The instance.
    pub address: Address,
    /// As it was in state.
    pub before: Value,
    /// As it is in the service; `None` if it is gone.
    pub after: Option<Value>,
}

/// Outcome of a `check` block, precondition, postcondition or variable validation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckStatus {
    /// The condition holds.
    Pass,
    /// It does not.
    Fail,
    /// It depends on something not known yet.
    Unknown,
}

/// One checked condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckResult {
    /// What was checked: `check.name`, a resource or an output.
    pub address: String,
    /// How it went.
    pub status: CheckStatus,
    /// Error or warning when it fails.
    pub severity: Severity,
    /// The configured message, if it failed.
    pub message: Option<String>,
}

/// What would be done.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Plan {
    /// What happens to each instance, by address; also the ones to which nothing happens.
    pub changes: Vec<Change>,
    /// For each change, indices into `changes` of those that must be done first.
    pub edges: Vec<Vec<usize>>,
    /// Changes of the root module's outputs.
    pub outputs: BTreeMap<Text, OutputChange>,
    /// What changed outside since the last run.
    pub drift: Vec<Drift>,
    /// Conditions that were checked.
    pub checks: Vec<CheckResult>,
}

/// How many instances each action concerns; a replacement counts as one to add and one to destroy.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// To adopt.
    pub import: usize,
    /// To create.
    pub add: usize,
    /// To change in place.
    pub change: usize,
    /// To delete.
    pub destroy: usize,
    /// To drop from state only.
    pub forget: usize,
}

impl Plan {
    /// Counts for the summary line.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            counts.import += usize::from(change.importing.is_some());
            match change.action {
                Action::Create => counts.add += 1,
                Action::Update => counts.change += 1,
                Action::Delete => counts.destroy += 1,
                Action::Forget => counts.forget += 1,
                Action::DeleteThenCreate | Action::CreateThenDelete => {
                    counts.add += 1;
                    counts.destroy += 1;
                }
                Action::NoOp | Action::Read => {}
            }
        }
        counts
    }

    /// Whether applying would change nothing: no action, no move, no import, no output.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| {
            matches!(change.action, Action::NoOp | Action::Read)
                && change.importing.is_none()
                && change.previous_address.is_none()
        }) && self.outputs.values().all(|output| !output.changed)
    }
}
