//! Saved plans: what a reviewer approved, in a file that can be published.
//!
//! A saved plan holds no secret: digests stand in their place, as in state. It is sealed with the
//! key of the digests, so that a changed byte is noticed. Applying it plans again and requires the
//! same outcome ([`differences`]): nothing in the file is trusted to be what it says it is. What the
//! plan was made of ([`Basis`]) is kept to say why the outcome is another.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flowctl_model::plan::{Action, Change, Drift, Plan};
use flowctl_model::{Address, Digester, Text, Value};

use crate::StoreError;
use crate::files::hex;

mod basis;
mod form;

pub use basis::{Basis, Became};

/// What every saved plan begins with; the number is the version of the format.
const MAGIC: &str = "flowctl-plan-3\n";

/// The most that a plan file may hold when it is unpacked, in bytes.
const LARGEST: u64 = 1 << 30;

/// What the seal is made for.
const SEAL: &str = "saved plan";

/// A saved plan.
#[derive(Clone, PartialEq, Debug)]
pub struct SavedPlan {
    /// The version of flowctl that wrote it.
    pub version: String,
    /// When it was made, in seconds since 1970.
    pub created_at: f64,
    /// What it was made of.
    pub basis: Basis,
    /// The state it was made from.
    pub lineage: String,
    /// The state's serial at that time.
    pub serial: u64,
    /// The kind of plan and what was selected, as command-line arguments.
    pub arguments: Vec<String>,
    /// Root module variables that were given on the command line, as text; none that is sensitive.
    pub variables: BTreeMap<String, String>,
    /// The value of each variable of the root module; secrets are withheld.
    pub values: BTreeMap<Text, Value>,
    /// What is shown of the configuration, as text that the one who shows it understands; the
    /// constants of secret arguments are no part of it.
    pub configuration: String,
    /// The plan; secrets are withheld.
    pub plan: Plan,
}

/// Why a saved plan cannot be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] StoreError),
    /// It is something else.
    #[error("{path} is no saved plan of flowctl")]
    NotAPlan {
        /// The file.
        path: String,
    },
    /// Another version of flowctl wrote it in another format.
    #[error("{path} was saved by a flowctl that writes another format of plans: plan again")]
    OtherVersion {
        /// The file.
        path: String,
    },
    /// It was sealed with a key that is not the one in use.
    #[error(
        "{path} was saved with another state key than the one in use, so that its seal proves \
         nothing here"
    )]
    OtherKey {
        /// The file.
        path: String,
    },
    /// The seal does not fit.
    #[error("{path} was altered or damaged after it was saved: it cannot be trusted")]
    Altered {
        /// The file.
        path: String,
    },
}

impl SavedPlan {
    /// Writes the plan; nothing is left of a file that could not be written whole.
    pub fn write(&self, path: &Path, digester: &Digester) -> Result<(), PlanFileError> {
        let failed =
            |reason: String| StoreError::file(path, format!("cannot be written: {reason}"));
        let text = form::encode(self)?;
        let seal = seal(digester, &text);
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed
            .write_all(text.as_bytes())
            .map_err(|error| failed(error.to_string()))?;
        let packed = packed.finish().map_err(|error| failed(error.to_string()))?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            return Err(failed(format!("there is no directory {}", directory.display())).into());
        }
        let write = || {
            let mut file = tempfile::Builder::new()
                .prefix(".plan")
                .tempfile_in(directory)?;
            file.write_all(MAGIC.as_bytes())?;
            file.write_all(seal.as_bytes())?;
            file.write_all(b"\n")?;
            file.write_all(&packed)?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        };
        write().map_err(|error| failed(error.to_string()))?;
        Ok(())
    }

    /// Reads a plan. Without a digester the seal is not checked, which is good enough to show it.
    pub fn read(path: &Path, digester: Option<&Digester>) -> Result<Self, PlanFileError> {
        let name = || path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| StoreError::file(path, format!("cannot be read: {error}")))?;
        let begins = |magic: &str| bytes.starts_with(magic.as_bytes());
        if !begins(MAGIC) {
            return Err(if begins("flowctl-plan-") {
                PlanFileError::OtherVersion { path: name() }
            } else {
                PlanFileError::NotAPlan { path: name() }
            });
        }
        let altered = || PlanFileError::Altered { path: name() };
        let rest = &bytes[MAGIC.len()..];
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(altered)?;
        let (said, packed) = (&rest[..end], &rest[end + 1..]);
        let mut text = String::new();
        GzDecoder::new(packed)
            .take(LARGEST)
            .read_to_string(&mut text)
            .map_err(|_| altered())?;
        if let Some(digester) = digester {
            let seal = seal(digester, &text);
            let (key, _) = seal.split_once('-').unwrap_or_default();
            if !said.starts_with(key.as_bytes()) {
                return Err(PlanFileError::OtherKey { path: name() });
            }
            if seal.as_bytes() != said {
                return Err(altered());
            }
        }
        form::decode(&text).ok_or_else(altered)
    }

    /// Whether a file holds a saved plan, by how it begins.
    pub fn is_one(path: &Path) -> bool {
        let mut beginning = [0; 13];
        std::fs::File::open(path)
            .and_then(|mut file| file.read_exact(&mut beginning))
            .is_ok_and(|()| MAGIC.as_bytes().starts_with(&beginning))
    }
}

/// The key that it is made with, and what is made with it.
fn seal(digester: &Digester, text: &str) -> String {
    let digest = digester.digest(SEAL, &Value::string(text));
    let (key, seal) = (digester.key_id(), digest.mac);
    format!("{}-{}", hex(key.iter()), hex(seal.iter()))
}

/// One thing that a plan made now would do otherwise than was approved.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    /// What, in a line.
    pub text: String,
    /// The instance whose object is not what it was, and whether it is there at all.
    pub found: Option<(Address, bool)>,
}

/// How a plan that is made now differs from what was approved, one for each resource and output;
/// empty if applying does what was approved. Both plans have their secrets withheld. What would be
/// done now beyond what was approved is no difference: it is left alone ([`approved_only`]).
/// Where `records` says so, what changed outside was approved too.
pub fn differences(saved: &Plan, now: &Plan, records: bool) -> Vec<Difference> {
    let by_key = |plan: &Plan| -> BTreeMap<(Address, Option<Text>), Change> {
        let changes = plan.changes.iter().cloned();
        changes
            .map(|change| ((change.address.clone(), change.deposed.clone()), change))
            .collect()
    };
    let (saved_changes, now_changes) = (by_key(saved), by_key(now));
    let mut found = Vec::new();
    for (key, old) in saved_changes.iter().filter(|(_, old)| !is_nothing(old)) {
        let new = now_changes.get(key);
        let before = new.and_then(|new| new.before.as_ref());
        let other = !form::same(old.before.as_ref(), before);
        let differences = of_change(&key.0, old, new).into_iter();
        found.extend(differences.map(|text| Difference {
            text,
            found: other.then(|| (key.0.clone(), before.is_some())),
        }));
    }
    if records {
        found.extend(of_drift(saved, now));
    }
    for (name, old) in &saved.outputs {
        let new = now.outputs.get(name);
        let same = new.is_some_and(|new| form::same(old.after.as_ref(), new.after.as_ref()));
        if old.changed && !same {
            found.push(Difference {
                text: format!("output.{name}: its new value is another"),
                found: None,
            });
        }
    }
    found
}

fn of_change(address: &Address, old: &Change, new: Option<&Change>) -> Vec<String> {
    let Some(new) = new else {
        return vec![format!("{address}: there is nothing left to do for it")];
    };
    if old.action != new.action {
        return vec![format!(
            "{address}: the approved plan would {}, now it would {}",
            verb(old.action),
            verb(new.action)
        )];
    }
    let sides = [
        ("is now", &old.before, &new.before),
        ("would become", &old.after, &new.after),
    ];
    let differing = |(what, old, new): (_, &Option<_>, &Option<_>)| {
        differing(address, what, old.as_ref(), new.as_ref())
    };
    sides.into_iter().filter_map(differing).collect()
}

/// What was approved to be taken in, and is not what is there now.
fn of_drift(saved: &Plan, now: &Plan) -> Vec<Difference> {
    let now: BTreeMap<_, _> = now
        .drift
        .iter()
        .map(|drift| (&drift.address, drift))
        .collect();
    let differs = |old: &Drift| {
        let address = &old.address;
        let new = now.get(address);
        let text = match new {
            None => format!("{address}: it is again as it was before"),
            Some(new) => differing(address, "is now", old.after.as_ref(), new.after.as_ref())?,
        };
        Some(Difference {
            text,
            found: Some((address.clone(), new.is_none_or(|new| new.after.is_some()))),
        })
    };
    saved.drift.iter().filter_map(differs).collect()
}

fn differing(
    address: &Address,
    what: &str,
    old: Option<&Value>,
    new: Option<&Value>,
) -> Option<String> {
    if form::same(old, new) {
        return None;
    }
    let path = form::first_difference(old, new);
    Some(match path {
        Some((path, true)) => format!("{address}: the secret `{path}` {what} another"),
        Some((path, false)) => format!("{address}: `{path}` {what} another"),
        None => format!("{address}: it {what} another"),
    })
}

fn is_nothing(change: &Change) -> bool {
    change.action == Action::NoOp && change.importing.is_none() && change.previous_address.is_none()
}

/// The instances that a plan changes, and those that changed outside, as state calls them.
pub fn touched(plan: &Plan) -> impl Iterator<Item = &Address> {
    let changes = plan.changes.iter().filter(|change| !is_nothing(change));
    changes
        .map(|change| change.previous_address.as_ref().unwrap_or(&change.address))
        .chain(plan.drift.iter().map(|drift| &drift.address))
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::NoOp => "leave it as it is",
        Action::Create => "create it",
        Action::Read => "read it",
        Action::Update => "update it",
        Action::DeleteThenCreate | Action::CreateThenDelete => "replace it",
        Action::Delete => "destroy it",
        Action::Forget => "forget it",
    }
}

/// The plan made now, reduced to what was approved: what changed outside since is not taken in
/// either, so that the next plan shows it.
#[must_use]
pub fn approved_only(saved: &Plan, mut now: Plan) -> Plan {
    let approved: BTreeMap<_, _> = saved
        .changes
        .iter()
        .map(|change| ((&change.address, &change.deposed), is_nothing(change)))
        .collect();
    let seen: BTreeSet<_> = saved.drift.iter().map(|drift| &drift.address).collect();
    let (kept, unseen) = now
        .drift
        .into_iter()
        .partition(|drift| seen.contains(&drift.address));
    now.drift = kept;
    let unseen: BTreeMap<_, _> = Vec::into_iter(unseen)
        .map(|drift| (drift.address, drift.before))
        .collect();
    for change in &mut now.changes {
        let nothing = approved.get(&(&change.address, &change.deposed));
        if !nothing.copied().unwrap_or(true) {
            continue;
        }
        let old = change.previous_address.as_ref().unwrap_or(&change.address);
        let in_state = unseen.get(old).filter(|_| change.deposed.is_none());
        if is_nothing(change) && in_state.is_none() {
            continue;
        }
        if let Some(in_state) = in_state {
            change.before = Some(in_state.clone());
        }
        change.action = Action::NoOp;
        change.after.clone_from(&change.before);
        change.importing = None;
        // Without an object before there is nothing to be recorded either.
        if change.before.is_none() {
            change.id = None;
        }
    }
    now
}

#[cfg(test)]
mod tests;
