//! Addresses of modules and resources: immutable, ordered, and parsed once at the edge.
//!
//! A *static* address names something as written (`ModulePath`); an *absolute* one names an
//! instance after `count` and `for_each` are expanded (`ModuleInstance`, `Address`).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use unicode_id_start::{is_id_continue, is_id_start};

use crate::Text;

/// A module as written, without instance keys; empty for the root module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct ModulePath(pub Vec<Text>);

impl ModulePath {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }
    /// The module called `name` inside this one.
    #[must_use]
    pub fn child(&self, name: impl Into<Text>) -> Self {
        let mut names = self.0.clone();
        names.push(name.into());
        Self(names)
    }
    /// Whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.0.iter().enumerate() {
            write!(f, "{}module.{name}", if i == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

/// Which of the instances of a `count` or `for_each`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum InstanceKey {
    /// `[0]`, from `count`.
    Int(u64),
    /// `["key"]`, from `for_each`.
    Str(Text),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(i) => write!(f, "[{i}]"),
            Self::Str(s) => write!(f, "[{}]", quote(s)),
        }
    }
}

/// One step of a [`ModuleInstance`]: the call's name and which of its instances.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModuleStep {
    /// Label of the `module` block.
    pub name: Text,
    /// Its instance, when the call has `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

/// A module instance; empty for the root module.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct ModuleInstance(pub Vec<ModuleStep>);

impl ModuleInstance {
    /// The root module.
    pub fn root() -> Self {
        Self::default()
    }
    /// The instance `key` of the call `name` inside this one.
    #[must_use]
    pub fn child(&self, name: impl Into<Text>, key: Option<InstanceKey>) -> Self {
        let mut steps = self.0.clone();
        steps.push(ModuleStep {
            name: name.into(),
            key,
        });
        Self(steps)
    }
    /// The module as written.
    pub fn path(&self) -> ModulePath {
        ModulePath(self.0.iter().map(|s| s.name.clone()).collect())
    }
    /// Whether this is the root module.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for ModuleInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.0.iter().enumerate() {
            write!(f, "{}module.{}", if i == 0 { "" } else { "." }, step.name)?;
            if let Some(key) = &step.key {
                write!(f, "{key}")?;
            }
        }
        Ok(())
    }
}

/// Managed (`resource`), only read (`data`), or read and never kept (`ephemeral`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mode {
    /// A `resource` block.
    Managed,
    /// A `data` block.
    Data,
    /// An `ephemeral` block.
    Ephemeral,
}

impl Mode {
    /// What an address has before the resource type.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Managed => "",
            Self::Data => "data.",
            Self::Ephemeral => "ephemeral.",
        }
    }
    /// The keyword of a block.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Managed => "resource",
            Self::Data => "data",
            Self::Ephemeral => "ephemeral",
        }
    }
}

/// A resource inside a module instance, all its instances together: `module.a.aws_x.y`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceAddress {
    /// The module instance it is declared in.
    pub module: ModuleInstance,
    /// Which kind of block declares it.
    pub mode: Mode,
    /// The resource type, such as `aws_appflow_connector_profile`.
    pub type_name: Text,
    /// The block's second label.
    pub name: Text,
}

impl ResourceAddress {
    /// The instance under `key`.
    pub fn instance(&self, key: Option<InstanceKey>) -> Address {
        Address {
            resource: self.clone(),
            key,
        }
    }
}

impl fmt::Display for ResourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.module.is_root() {
            write!(f, "{}.", self.module)?;
        }
        let prefix = self.mode.prefix();
        write!(f, "{prefix}{}.{}", self.type_name, self.name)
    }
}

/// One resource instance: `module.a["x"].aws_appflow_connector_profile.crm[0]`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Address {
    /// The resource.
    pub resource: ResourceAddress,
    /// Which of its instances, with `count` or `for_each`.
    pub key: Option<InstanceKey>,
}

impl Address {
    /// A managed resource of the root module without instances.
    pub fn root(type_name: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self {
            resource: ResourceAddress {
                module: ModuleInstance::root(),
                mode: Mode::Managed,
                type_name: type_name.into(),
                name: name.into(),
            },
            key: None,
        }
    }
}

impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        self.resource
            .cmp(&other.resource)
            .then_with(|| self.key.cmp(&other.key))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.resource)?;
        match &self.key {
            Some(key) => write!(f, "{key}"),
            None => Ok(()),
        }
    }
}

/// Why a text is no address.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct AddressError {
    /// What is wrong with it, with the text.
    pub message: String,
}

/// What a `-target` or `state list` argument may name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// A module instance (or every instance of a call) and all inside.
    Module(ModuleInstance),
    /// A resource with all its instances, or one instance.
    Resource(Address),
}

impl Target {
    /// Whether `address` is the target or lies inside it. A step or resource without a key
    /// stands for all its instances.
    pub fn covers(&self, address: &Address) -> bool {
        let module_covers = |target: &ModuleInstance, exact: bool| {
            let actual = &address.resource.module.0;
            (if exact {
                target.0.len() == actual.len()
            } else {
                target.0.len() <= actual.len()
            }) && target
                .0
                .iter()
                .zip(actual)
                .all(|(t, a)| t.name == a.name && (t.key.is_none() || t.key == a.key))
        };
        match self {
            Self::Module(module) => module_covers(module, false),
            Self::Resource(target) => {
                module_covers(&target.resource.module, true)
                    && target.resource.mode == address.resource.mode
                    && target.resource.type_name == address.resource.type_name
                    && target.resource.name == address.resource.name
                    && (target.key.is_none() || target.key == address.key)
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Module(module) => module.fmt(f),
            Self::Resource(address) => address.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut parser = Parser { text, rest: text };
        let mut module = ModuleInstance::root();
        loop {
            let word = parser.name()?;
            if word == "module" {
                parser.dot()?;
                let name = parser.name()?;
                let key = parser.key()?;
                module = module.child(name, key);
                if parser.rest.is_empty() {
                    return Ok(Self::Module(module));
                }
                parser.dot()?;
                continue;
            }
            let mode = match word {
                "data" => Mode::Data,
                "ephemeral" => Mode::Ephemeral,
                _ => Mode::Managed,
            };
            let type_name = if mode == Mode::Managed && word != "resource" {
                word
            } else {
                parser.dot()?;
                parser.name()?
            };
            parser.dot()?;
            let name = parser.name()?;
            let key = parser.key()?;
            if !parser.rest.is_empty() {
                return Err(parser.error("unexpected text after the address"));
            }
            let resource = ResourceAddress {
                module,
                mode,
                type_name: type_name.into(),
                name: name.into(),
            };
            return Ok(Self::Resource(Address { resource, key }));
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.parse()? {
            Target::Resource(address) => Ok(address),
            Target::Module(_) => Err(AddressError {
                message: format!(
                    "`{text}` names a module; a resource address is TYPE.NAME, TYPE.NAME[0] or \
                     TYPE.NAME[\"key\"], after the module if there is one"
                ),
            }),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn error(&self, what: &str) -> AddressError {
        AddressError {
            message: format!(
                "`{}` is not a resource address: {what} (at character {})",
                self.text,
                self.text.chars().count() - self.rest.chars().count() + 1
            ),
        }
    }
    fn name(&mut self) -> Result<&'a str, AddressError> {
        let end = self
            .rest
            .find(|c: char| !(is_id_continue(c) || c == '-'))
            .unwrap_or(self.rest.len());
        let starts_well = self
            .rest
            .chars()
            .next()
            .is_some_and(|c| is_id_start(c) || c == '_');
        if end == 0 || !starts_well {
            return Err(self.error("a name was expected"));
        }
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(name)
    }
    fn dot(&mut self) -> Result<(), AddressError> {
        match self.rest.strip_prefix('.') {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => Err(self.error("a dot and a name were expected")),
        }
    }
    fn key(&mut self) -> Result<Option<InstanceKey>, AddressError> {
        let Some(rest) = self.rest.strip_prefix('[') else {
            return Ok(None);
        };
        let key;
        if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) =
                unquote(quoted).ok_or_else(|| self.error("the quoted key has no end"))?;
            key = InstanceKey::Str(text.into());
            self.rest = after;
        } else {
            let end = rest.find(']').ok_or_else(|| self.error("`]` is missing"))?;
            let index = rest[..end].parse().map_err(|_| {
                self.error("an index is a whole number or a quoted key, as in [0] or [\"a\"]")
            })?;
            key = InstanceKey::Int(index);
            self.rest = &rest[end..];
        }
        match self.rest.strip_prefix(']') {
            Some(after) => {
                self.rest = after;
                Ok(Some(key))
            }
            None => Err(self.error("`]` is missing")),
        }
    }
}

/// A key as a quoted HCL string.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Reads a quoted key up to its closing quote; the text and what follows the quote.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Some((out, &text[i + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                other => out.push(other),
            },
            '$' | '%' if text[i + 1..].starts_with(c) && text[i + 2..].starts_with('{') => {
                out.push(c);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_survive_a_round_trip() {
        for text in [
            "aws_appflow_connector_profile.crm",
            "terraform_data.a[0]",
            "terraform_data.a[\"x.y\"]",
            "terraform_data.a[\"quote \\\" slash \\\\ $${a}\"]",
            "module.m.terraform_data.a",
            "module.m[\"k\"].module.n[3].data.aws_region.here",
            "module.m.ephemeral.external.secret[0]",
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
        }
        let module: Target = "module.a.module.b[1]".parse().unwrap();
        assert_eq!(module.to_string(), "module.a.module.b[1]");
    }

    #[test]
    fn bad_addresses_say_what_is_wrong() {
        for text in [
            "", "a", "a.", "a.b[", "a.b[x]", "a.b[\"x]", "a.b.c", "module", "1.a", "a.b[-1]",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.message.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn a_target_without_key_covers_all_instances() {
        let target: Target = "module.m".parse().unwrap();
        assert!(target.covers(&"module.m[\"a\"].t.r[0]".parse().unwrap()));
        assert!(!target.covers(&"t.r".parse().unwrap()));
        let target: Target = "t.r".parse().unwrap();
        assert!(target.covers(&"t.r[3]".parse().unwrap()));
        assert!(!target.covers(&"module.m.t.r[3]".parse().unwrap()));
    }
}
