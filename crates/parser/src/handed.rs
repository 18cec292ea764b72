//! Provider configurations that modules hand each other: which are missing, which the called
//! module has no use for, which are of another provider. What a provider is and what its settings
//! mean is not known here.

use std::collections::{BTreeMap, HashSet};

use crate::ast::Span;
use crate::configuration::{Module, ModuleCall, Provider, ProviderRef, Requirement, ResourceKind};
use crate::diagnostic::{Diagnostic, nearest};
use crate::reference::{Step, steps};

/// The host of sources that name none.
const REGISTRY: &str = "registry.terraform.io/";

const UNDEFINED: &str = "Reference to undefined provider";
const MISSING: &str = "Missing required provider configuration";
const DUPLICATE: &str = "Duplicate required provider";

/// Checks a root module and all that it calls.
pub(crate) fn check(root: &Module, out: &mut Vec<Diagnostic>) {
    imports(root, out);
    let mut found = Vec::new();
    let place = Place {
        module: root,
        call: None,
        path: String::new(),
        repeated: None,
    };
    place.check(&mut found);
    // A directory that is called twice is wrong twice, in the same places.
    let mut seen = HashSet::new();
    found.retain(|error| seen.insert((error.span, error.summary.clone())));
    out.append(&mut found);
}

/// A module, and how it is called.
struct Place<'a> {
    module: &'a Module,
    /// Its call.
    call: Option<&'a ModuleCall>,
    /// Its address; empty for the root.
    path: String,
    /// Where the call or one around it says how often, or when: blocks of settings cannot follow.
    repeated: Option<Span>,
}

impl<'a> Place<'a> {
    fn check(&self, out: &mut Vec<Diagnostic>) {
        self.requirements(out);
        for call in self.module.calls.values() {
            let own = [&call.count, &call.for_each];
            let own = own.into_iter().flatten().next();
            let repeated = own.or(call.depends_on.first()).map(|expr| expr.span);
            let dot = if self.path.is_empty() { "" } else { "." };
            let inner = Place {
                module: &call.module,
                call: Some(call),
                path: format!("{}{dot}module.{}", self.path, call.name.text),
                repeated: repeated.or(self.repeated),
            };
            for (_, given) in &call.providers {
                self.given(call, given, out);
            }
            inner.called(call, self, out);
            inner.check(out);
        }
    }

    fn shown(&self) -> &str {
        match &*self.path {
            "" => "the root module",
            path => path,
        }
    }

    fn required(&self, name: &str) -> Option<&'a Requirement> {
        let mut all = self.module.required_providers.iter();
        all.find(|required| *required.name.text == *name)
    }

    fn block(&self, of: &str) -> Option<&'a Provider> {
        let mut all = self.module.providers.iter();
        all.find(|block| key(block) == of)
    }

    fn settled(&self, of: &str) -> Option<&'a Provider> {
        self.block(of).filter(|block| block.settled)
    }

    /// What the call hands in under a name.
    fn handed(&self, of: &str) -> Option<&'a (ProviderRef, ProviderRef)> {
        let mut all = self.call?.providers.iter();
        all.find(|(inside, _)| inside.to_string() == of)
    }

    /// The provider that a local name stands for, as its source has it.
    fn source(&self, local: &str) -> String {
        match self.required(local) {
            Some(required) => source(required),
            None => default_source(local),
        }
    }

    /// Looks at a configuration that this module hands to one that it calls.
    fn given(&self, call: &ModuleCall, given: &ProviderRef, out: &mut Vec<Diagnostic>) {
        let name = given.to_string();
        let local = &*given.name.text;
        let declared = given.alias.is_some()
            || self.settled(&name).is_some()
            || self.required(local).is_some();
        if !declared {
            let source = default_source(local);
            out.push(
                Diagnostic::warning(
                    given.name.span,
                    UNDEFINED,
                    format!(
                        "Nothing in {} says what {local:?} is, so it is taken to be the provider \
                         {:?}.",
                        self.shown(),
                        short(&source)
                    ),
                )
                .with_help(require(local, &source)),
            );
        } else if given.alias.is_none()
            && let Some(own) = self.call
            && self.settled(&name).is_none()
            && self.handed(&name).is_none()
        {
            out.push(
                Diagnostic::warning(
                    own.header,
                    MISSING,
                    format!(
                        "{} hands on a configuration of the provider {local:?}, but is given none.",
                        self.path
                    ),
                )
                .with_help(format!(
                    "add `providers = {{ {local} = {local} }}` to this block"
                )),
            );
        }
        // The root module has a configuration of all that it requires, be there a block or not.
        let implied = self.call.is_none() && given.alias.is_none() && declared;
        if implied || self.block(&name).is_some() || self.handed(&name).is_some() {
            return;
        }
        let dot = if self.path.is_empty() { "" } else { "." };
        let alias = given.alias.as_ref().map(|alias| format!(".{}", alias.text));
        let summary = format!(
            "missing provider {}{dot}provider[{:?}]{}",
            self.path,
            self.source(local),
            alias.unwrap_or_default()
        );
        let detail = format!(
            "{} has no provider configuration {name} that could be handed to module {:?}.",
            capital(self.shown()),
            call.name.text
        );
        let names = self.available();
        let near = nearest(&name, names.iter().map(String::as_str));
        let help = match (near, &given.alias) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(alias)) => format!(
                "write `provider {local:?} {{ alias = {:?} … }}` in this module, or have it handed \
                 in",
                &*alias.text
            ),
            (None, None) => format!("write a block `provider {local:?} {{ … }}` in this module"),
        };
        out.push(Diagnostic::error(given.place(), summary, detail).with_help(help));
    }

    /// The names of all configurations that there are in this module.
    fn available(&self) -> Vec<String> {
        let blocks = self.module.providers.iter().map(key);
        let handed = self.call.into_iter().flat_map(|call| &call.providers);
        let handed = handed.map(|(inside, _)| inside.to_string());
        let mut names: Vec<String> = blocks.chain(handed).collect();
        if self.call.is_none() {
            let required = self.module.required_providers.iter();
            names.extend(required.map(|required| required.name.text.to_string()));
        }
        names
    }

    /// Checks what a called module has and needs against what it is given.
    fn called(&self, call: &ModuleCall, outer: &Place<'_>, out: &mut Vec<Diagnostic>) {
        let module = self.module;
        let mut settled = module.providers.iter().filter(|block| block.settled);
        if let (Some(block), Some(span)) = (settled.next(), self.repeated) {
            out.push(
                Diagnostic::error(
                    span,
                    "Module is incompatible with count, for_each, and depends_on",
                    format!(
                        "{} has provider configurations of its own, and such a module is called \
                         once and depends on nothing as a whole.",
                        self.path
                    ),
                )
                .with_label(block.header, "a configuration is here")
                .with_help(
                    "move the provider block to the root module, and hand it down with `providers`",
                ),
            );
        }
        for required in &module.required_providers {
            for alias in &required.aliases {
                let name = alias.to_string();
                if self.settled(&name).is_some() || self.handed(&name).is_some() {
                    continue;
                }
                let available = outer.available();
                let near = nearest(&name, available.iter().map(String::as_str));
                let value = near.map_or_else(|| format!("{}.NAME", required.name.text), Into::into);
                out.push(
                    Diagnostic::error(
                        call.header,
                        MISSING,
                        format!(
                            "The module needs a configuration of the provider {} under the name \
                             {name}.",
                            short(&source(required))
                        ),
                    )
                    .with_label(alias.place(), "required here")
                    .with_help(format!(
                        "add `{name} = {value}` to `providers` in this block"
                    )),
                );
            }
        }
        for (inside, given) in &call.providers {
            self.handed_in(inside, given, outer, out);
        }
        self.empty_blocks(out);
    }

    /// Checks one entry of `providers`.
    fn handed_in(
        &self,
        inside: &ProviderRef,
        given: &ProviderRef,
        outer: &Place<'_>,
        out: &mut Vec<Diagnostic>,
    ) {
        let name = inside.to_string();
        if let Some(block) = self.settled(&name) {
            out.push(
                Diagnostic::error(
                    inside.name.span,
                    "Cannot override provider configuration",
                    format!(
                        "{} has a configuration of its own for {name}, so {} cannot give it \
                         another.",
                        self.path,
                        outer.shown()
                    ),
                )
                .with_label(block.header, "the module's own is here")
                .with_help("leave one of the two out"),
            );
        }
        let local = &*inside.name.text;
        let source = self.source(local);
        let required = self.required(local);
        let expected = match &inside.alias {
            None => required.is_some(),
            Some(_) => required.is_some_and(|required| {
                let mut aliases = required.aliases.iter();
                aliases.any(|alias| alias.to_string() == name)
            }),
        };
        let empty = self.block(&name).is_some_and(|block| !block.settled);
        if !expected && !empty {
            let shown = short(&source);
            out.push(if source.starts_with(REGISTRY) {
                Diagnostic::warning(
                    inside.name.span,
                    UNDEFINED,
                    format!(
                        "{} does not say that it takes a configuration {name}, so one of the \
                         provider {shown:?} is handed in.",
                        self.path
                    ),
                )
                .with_help(match &inside.alias {
                    None => require(local, &source),
                    Some(_) => format!(
                        "add `configuration_aliases = [{name}]` to {local:?} in the module's \
                         required_providers"
                    ),
                })
            } else {
                Diagnostic::error(
                    inside.name.span,
                    UNDEFINED,
                    format!("{} takes no provider configuration {name}.", self.path),
                )
                .with_help(format!(
                    "leave the entry out, or add `configuration_aliases = [{name}]` to {local:?} in \
                     the module's required_providers"
                ))
            });
        }
        let theirs = outer.source(&given.name.text);
        if theirs != source {
            let detail = format!(
                "{given} in {} is a configuration of the provider {}, but {name} in {} is one of \
                 {}, whose settings are others.",
                outer.shown(),
                short(&theirs),
                self.path,
                short(&source)
            );
            let error = Diagnostic::error(given.name.span, "Provider type mismatch", detail);
            out.push(error.with_help(format!(
                "hand in a configuration of {}, or give both modules the same source in \
                 required_providers",
                short(&source)
            )));
        }
    }

    /// Blocks without settings, with which modules once said what they want to be handed in.
    fn empty_blocks(&self, out: &mut Vec<Diagnostic>) {
        let mut of_provider: BTreeMap<&str, Vec<&Provider>> = BTreeMap::new();
        for block in self.module.providers.iter().filter(|block| !block.settled) {
            of_provider.entry(&block.name.text).or_default().push(block);
        }
        for (local, blocks) in of_provider {
            let Some(first) = blocks.first() else {
                continue;
            };
            let names: Vec<String> = blocks.iter().map(|block| key(block)).collect();
            let aliased = blocks.iter().any(|block| block.alias.is_some());
            let aliases = if aliased {
                format!(", configuration_aliases = [{}]", names.join(", "))
            } else {
                String::new()
            };
            out.push(
                Diagnostic::warning(
                    first.header,
                    "Redundant empty provider block",
                    "A block without settings in a called module stands for a configuration that is \
                     handed in, which is better said in required_providers.",
                )
                .with_help(format!(
                    "replace it by `required_providers {{ {local} = {{ source = {:?}{aliases} }} }}`",
                    short(&self.source(local))
                )),
            );
        }
    }

    /// Providers that are required under one name and used under another, or required twice.
    fn requirements(&self, out: &mut Vec<Diagnostic>) {
        let mut seen: BTreeMap<String, &Requirement> = BTreeMap::new();
        for required in &self.module.required_providers {
            let source = source(required);
            let name = &*required.name.text;
            let implied = short(&source)
                .strip_prefix("hashicorp/")
                .unwrap_or_default();
            let block = self.module.providers.iter();
            let mut block = block.filter(|block| *block.name.text == *implied);
            if let Some(first) = seen.insert(source.clone(), required) {
                out.push(
                    Diagnostic::warning(
                        required.place,
                        DUPLICATE,
                        format!(
                            "{name:?} is the provider {}, which was already required as {:?}.",
                            short(&source),
                            first.name.text
                        ),
                    )
                    .with_label(first.place, "first required here")
                    .with_help("leave one of them out"),
                );
            } else if name != implied
                && let Some(block) = block.next()
            {
                out.push(self.other_name(required, required.place, implied, block.header));
            }
        }
        let resources = self.module.resources.iter();
        let kinds = [ResourceKind::Managed, ResourceKind::Data];
        for resource in resources.filter(|r| r.provider.is_none() && kinds.contains(&r.kind)) {
            let type_name = &*resource.type_name.text;
            let local = type_name.split('_').next().unwrap_or(type_name);
            if self.required(local).is_some() {
                continue;
            }
            let implied = match local {
                "terraform" => BUILT_IN.to_owned(),
                _ => default_source(local),
            };
            if let Some(required) = seen.get(&implied) {
                let place = resource.header;
                out.push(self.other_name(required, place, local, required.place));
            }
        }
    }

    fn other_name(
        &self,
        required: &Requirement,
        place: Span,
        implied: &str,
        other: Span,
    ) -> Diagnostic {
        let name = &*required.name.text;
        let detail = format!(
            "The provider {} is required as {name:?} in {}, but used as {implied:?}.",
            short(&source(required)),
            self.shown()
        );
        Diagnostic::warning(place, DUPLICATE, detail)
            .with_label(other, format!("the other name of {name:?} is here"))
            .with_help(format!("call it {implied:?} in required_providers"))
    }
}

/// `provider` in `import` blocks is for resources that have no block yet.
fn imports(root: &Module, out: &mut Vec<Diagnostic>) {
    for import in &root.imports {
        let (Some(place), Some(steps)) = (import.provider_place, steps(&import.to, false)) else {
            continue;
        };
        let help = match steps[..] {
            [(Step::Name("module"), _), ..] => {
                "leave it out: what is handed to the module with `providers` is used"
            }
            [(Step::Name(kind), _), (Step::Name(name), _), ..]
                if root.resources.iter().any(|resource| {
                    resource.kind == ResourceKind::Managed
                        && *resource.type_name.text == *kind
                        && *resource.name.text == *name
                }) =>
            {
                "leave it out: what the resource block says is used"
            }
            _ => continue,
        };
        let detail = "Only an import for which configuration is to be generated names a provider.";
        let error = Diagnostic::error(place, "Invalid import provider argument", detail);
        out.push(error.with_help(help));
    }
}

/// A block's own name: `aws`, `aws.west`.
fn key(block: &Provider) -> String {
    match &block.alias {
        Some(alias) => format!("{}.{}", block.name.text, alias.text),
        None => block.name.text.to_string(),
    }
}

/// The provider that is part of the language's own program.
const BUILT_IN: &str = "terraform.io/builtin/terraform";

/// The source of a provider that nothing is said about.
fn default_source(local: &str) -> String {
    format!("{REGISTRY}hashicorp/{local}")
}

/// The source of a provider in full: host, namespace and type.
fn source(required: &Requirement) -> String {
    let Some(text) = &required.source else {
        return match &*required.name.text {
            "terraform" => BUILT_IN.to_owned(),
            local => default_source(local),
        };
    };
    let text = text.to_lowercase();
    match text.matches('/').count() {
        0 => default_source(&text),
        1 => format!("{REGISTRY}{text}"),
        _ => text,
    }
}

/// The same as it is usually written.
fn short(source: &str) -> &str {
    source.strip_prefix(REGISTRY).unwrap_or(source)
}

fn require(local: &str, source: &str) -> String {
    format!(
        "require it in the module's terraform block: `required_providers {{ {local} = {{ source = \
         {:?} }} }}`",
        short(source)
    )
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some('m') if text.starts_with("module.") => text.to_owned(),
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}
