//! Saved plans: what a reviewer approved, in a file that can be published.
//!
//! A saved plan holds no secret: digests stand in their place, as in state. It is bound to what it
//! was made of (configuration, state, the digests of variables), and sealed with the key of the
//! digests, so that a changed byte is noticed. Applying it plans again and requires the same
//! outcome ([`differences`]): nothing in the file is trusted to be what it says it is.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use flowctl_model::plan::{Action, Change, Plan};
use flowctl_model::{Address, Digester, Text, Value};

use crate::StoreError;
use crate::files::hex;

mod form;

/// What every saved plan begins with; the number is the version of the format.
const MAGIC: &str = "flowctl-plan-1\n";

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
    /// SHA-256 of every file that the plan was made of, by path, as hexadecimal digits.
    pub files: BTreeMap<String, String>,
    /// The state it was made from.
    pub lineage: String,
    /// The state's serial at that time.
    pub serial: u64,
    /// The kind of plan and what was selected, as command-line arguments.
    pub arguments: Vec<String>,
    /// Root module variables that were given on the command line, as text; none that is sensitive.
    pub variables: BTreeMap<String, String>,
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
    /// The seal does not fit.
    #[error(
        "{path} was altered after it was saved, or was saved with another state key: it cannot be \
         trusted"
    )]
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
        if digester.is_some_and(|digester| seal(digester, &text).as_bytes() != said) {
            return Err(altered());
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

fn seal(digester: &Digester, text: &str) -> String {
    let digest = digester.digest(SEAL, &Value::string(text));
    hex(digest.mac.iter())
}

/// How a plan that is made now differs from what was approved, one line for each resource and
/// output; empty if applying does what was approved. Both plans have their secrets withheld. What
/// would be done now beyond what was approved is no difference: it is left alone
/// ([`approved_only`]).
pub fn differences(saved: &Plan, now: &Plan) -> Vec<String> {
    let by_key = |plan: &Plan| -> BTreeMap<(Address, Option<Text>), Change> {
        let changes = plan.changes.iter().cloned();
        changes
            .map(|change| ((change.address.clone(), change.deposed.clone()), change))
            .collect()
    };
    let (saved_changes, now_changes) = (by_key(saved), by_key(now));
    let mut found = Vec::new();
    for (key, old) in &saved_changes {
        if is_nothing(old) {
            continue;
        }
        let address = &key.0;
        let Some(new) = now_changes.get(key) else {
            found.push(format!("{address}: there is nothing left to do for it"));
            continue;
        };
        if old.action != new.action {
            found.push(format!(
                "{address}: the approved plan would {}, now it would {}",
                verb(old.action),
                verb(new.action)
            ));
            continue;
        }
        found.extend(differing(
            address,
            "is now",
            old.before.as_ref(),
            new.before.as_ref(),
        ));
        found.extend(differing(
            address,
            "would become",
            old.after.as_ref(),
            new.after.as_ref(),
        ));
    }
    for (name, old) in &saved.outputs {
        let new = now.outputs.get(name);
        let same = new.is_some_and(|new| form::same(old.after.as_ref(), new.after.as_ref()));
        if old.changed && !same {
            found.push(format!("output.{name}: its new value is another"));
        }
    }
    found
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

/// The plan made now, reduced to what was approved.
#[must_use]
pub fn approved_only(saved: &Plan, mut now: Plan) -> Plan {
    let approved: BTreeMap<_, _> = saved
        .changes
        .iter()
        .map(|change| ((&change.address, &change.deposed), is_nothing(change)))
        .collect();
    for change in &mut now.changes {
        let nothing = approved.get(&(&change.address, &change.deposed));
        if nothing.copied().unwrap_or(true) && !is_nothing(change) {
            change.action = Action::NoOp;
            change.after.clone_from(&change.before);
            change.importing = None;
            // Without an object before there is nothing to be recorded either.
            if change.before.is_none() {
                change.id = None;
            }
        }
    }
    now
}

#[cfg(test)]
mod tests;
