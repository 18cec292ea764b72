//! What a plan was made of, as digests: enough to say what has changed since, and nothing more.
//!
//! Files may hold secrets as well as anything else does, so each digest is made with the key of the
//! state: nobody who only has the plan can try words until one fits.

use std::collections::BTreeMap;

use flowctl_model::snapshot::ResourceState;
use flowctl_model::{Address, Digester, Value};

use crate::files::hex;

/// How many bytes of a digest are kept: it tells two contents apart, nobody has to trust it.
const KEPT: usize = 16;

/// What a plan was made of, by name, each with its digest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Basis {
    /// Files that the configuration was read from, and those that its functions read.
    pub files: BTreeMap<String, String>,
    /// Variables of the root module.
    pub variables: BTreeMap<String, String>,
    /// Data sources and ephemeral resources: what they gave.
    pub reads: BTreeMap<String, String>,
    /// What state had of the instances that the plan changes.
    pub objects: BTreeMap<String, String>,
}

/// What became of a part of a basis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Became {
    /// It was not there before.
    New,
    /// It has another content.
    Changed,
    /// It is there no more.
    Gone,
}

impl Basis {
    /// The digest of a part of this name.
    pub fn digest(digester: &Digester, name: &str, content: &Value) -> String {
        let digest = digester.digest(&format!("plan basis\n{name}"), content);
        hex(digest.mac[..KEPT].iter())
    }

    /// The digest of what state has of an instance.
    pub fn of_object(digester: &Digester, address: &Address, state: &ResourceState) -> String {
        let content = Value::object([
            ("attributes", state.attributes.clone()),
            ("id", Value::string(&*state.id)),
            ("tainted", Value::bool(state.tainted)),
        ]);
        Self::digest(digester, &address.to_string(), &content)
    }

    /// What differs between two times.
    pub fn compare<'a>(
        before: &'a BTreeMap<String, String>,
        after: &'a BTreeMap<String, String>,
    ) -> BTreeMap<&'a str, Became> {
        let old = before.iter().filter_map(|(name, digest)| {
            let became = match after.get(name) {
                None => Became::Gone,
                Some(now) if now == digest => return None,
                Some(_) => Became::Changed,
            };
            Some((name.as_str(), became))
        });
        let new = after.keys().filter(|name| !before.contains_key(*name));
        old.chain(new.map(|name| (name.as_str(), Became::New)))
            .collect()
    }
}
