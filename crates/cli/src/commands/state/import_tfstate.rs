//! `flowctl state import-tfstate`: taking over what a state file of Terraform knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use flowctl_executor::object::Keeping;
use flowctl_lang::{convert, json};
use flowctl_model::address::{InstanceKey, Mode};
use flowctl_model::journal::StateWrite;
use flowctl_model::secret::withhold;
use flowctl_model::snapshot::{OutputState, ResourceState, Snapshot};
use flowctl_model::{
    Address, AttributePath, Digester, Marks, ModuleInstance, Number, ResourceAddress, Step, Target,
    Text, Type, Value,
};
use flowctl_schema::{Block, Nesting, Presence, Providers, ResourceType};
use zeroize::Zeroizing;

use super::tfstate;
use crate::app::App;
use crate::args::LockArgs;
use crate::error::{CommandError, Outcome};
use crate::services::{Endpoint, providers};
use crate::state::{Held, Known, StateFiles};

/// Take over a state file of Terraform (`terraform.tfstate`)
///
/// What flowctl manages too comes into state under the same addresses; everything else is left
/// out and named. Of secrets only a digest is kept. The file stays as it is, and Terraform goes on
/// managing the objects in it: let only one of the two go on.
#[derive(Args, Debug)]
pub(crate) struct ImportTfstateArgs {
    /// The state file; what `terraform state pull` prints is one
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Say what would be taken over, and take over nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    lock: LockArgs,
}

pub(super) fn run(app: &mut App, args: &ImportTfstateArgs) -> Result<Outcome, CommandError> {
    let document = load(&args.file)?;
    let wrong = |detail: String| unreadable(&args.file, &detail);
    let providers = providers(Endpoint::default());
    let take = |known: &Known| {
        let found = read(&document, &providers, &known.digester).map_err(wrong)?;
        let fresh = fresh(&found, &known.snapshot)?;
        Ok::<_, CommandError>((found, fresh))
    };
    let (found, fresh) = if args.dry_run {
        take(&Known::to_read(
            &StateFiles::of(&app.context),
            &app.context.env,
        )?)?
    } else {
        let name = args.file.file_name().unwrap_or_default().to_string_lossy();
        let command = format!("state import-tfstate {name}");
        let mut held = Held::take(&app.context, &args.lock, &command)?;
        crate::runtime::small()?.block_on(async {
            let known = held.known().await?;
            let (found, fresh) = take(&known)?;
            if fresh.is_empty() {
                return Ok((found, fresh));
            }
            held.begin().await?;
            held.store.key_is_known(&known.digester).await?;
            held.store.write(fresh.writes.clone()).await?;
            let mut outputs = known.snapshot.outputs;
            outputs.extend(fresh.outputs.iter().cloned());
            held.store
                .set_outputs(outputs.into_iter().collect())
                .await?;
            held.store.end_run("done".to_owned()).await?;
            Ok::<_, CommandError>((found, fresh))
        })?
    };
    app.ui.print(&said(&found, &fresh, args.dry_run))?;
    Ok(Outcome::Done)
}

fn unreadable(file: &Path, detail: &str) -> CommandError {
    CommandError::user(
        "Cannot read the state file of Terraform",
        format!("{}: {detail}.", file.display()),
    )
}

/// The document in a file.
fn load(file: &Path) -> Result<Value, CommandError> {
    let text = std::fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| unreadable(file, &error.to_string()))?;
    let document = json::decode(&text)
        .map_err(|error| unreadable(file, &format!("it is no JSON: {error}")))?;
    let version = document.get("version").and_then(Value::as_number);
    if version.and_then(Number::to_i64) == i64::try_from(tfstate::VERSION).ok() {
        return Ok(document);
    }
    let (detail, help) = if document.get("encrypted_data").is_some() {
        (
            "it is encrypted".to_owned(),
            "give the output of `tofu state pull` in its place",
        )
    } else {
        let version = version.map_or("none".to_owned(), ToString::to_string);
        (
            format!("its format version is {version}, not {}", tfstate::VERSION),
            "`terraform state pull` prints the state of a backend in this format",
        )
    };
    Err(unreadable(file, &detail).with_help(help))
}

/// What a state file holds, as far as it is of use.
struct Found {
    instances: BTreeMap<Address, ResourceState>,
    outputs: BTreeMap<Text, OutputState>,
    /// Resources of types that nobody here manages.
    left_out: BTreeSet<String>,
}

/// What of it is not in state yet.
struct Fresh {
    writes: Vec<StateWrite>,
    outputs: Vec<(Text, OutputState)>,
}

impl Fresh {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.outputs.is_empty()
    }
}

fn fresh(found: &Found, snapshot: &Snapshot) -> Result<Fresh, CommandError> {
    let is_other = |(address, state): &(&Address, &ResourceState)| {
        let there = snapshot.resources.get(address);
        there.is_some_and(|there| there != *state)
    };
    let taken: Vec<_> = found.instances.iter().filter(is_other).collect();
    if !taken.is_empty() {
        let mut list = String::new();
        for (address, _) in taken {
            let _ = write!(list, "\n  - {address}");
        }
        return Err(CommandError::user(
            "Resource already managed",
            format!(
                "Nothing was taken over: under these addresses there is something else in state \
                 already.{list}"
            ),
        )
        .with_help("drop them with `flowctl state rm` first, or give them another address"));
    }
    let instances = found.instances.iter();
    let instances = instances.filter(|(address, _)| !snapshot.resources.contains_key(address));
    let outputs = found.outputs.iter();
    let outputs = outputs.filter(|(name, _)| !snapshot.outputs.contains_key(*name));
    Ok(Fresh {
        writes: instances
            .map(|(address, state)| StateWrite::Put(address.clone(), Box::new(state.clone())))
            .collect(),
        outputs: outputs.map(|(n, o)| (n.clone(), o.clone())).collect(),
    })
}

fn said(found: &Found, fresh: &Fresh, dry_run: bool) -> String {
    let (each, all) = if dry_run {
        ("Would take over", "Would have taken over")
    } else {
        ("Took over", "Successfully took over")
    };
    let mut said = String::new();
    for write in &fresh.writes {
        if let StateWrite::Put(address, _) = write {
            let _ = writeln!(said, "{each} {address}");
        }
    }
    for resource in &found.left_out {
        let _ = writeln!(
            said,
            "Left out {resource}: flowctl does not manage this type"
        );
    }
    let there = found.instances.len() - fresh.writes.len();
    if there > 0 {
        let _ = writeln!(said, "{there} resource instance(s) are in state already.");
    }
    let _ = writeln!(
        said,
        "{all} {} resource instance(s) and {} output(s).",
        fresh.writes.len(),
        fresh.outputs.len()
    );
    said
}

/// The content of a document. An error says what is wrong where, without values.
fn read(document: &Value, providers: &Providers, digester: &Digester) -> Result<Found, String> {
    let mut found = Found {
        instances: BTreeMap::new(),
        outputs: BTreeMap::new(),
        left_out: BTreeSet::new(),
    };
    let outputs = document.get("outputs").and_then(Value::members);
    for (name, output) in outputs.into_iter().flatten() {
        let wrong = |what: &str| format!("output {name:?}: {what}");
        let sensitive = flag(output, "sensitive");
        let value = typed(output).map_err(|what| wrong(&what))?;
        let value = withhold(&value, &format!("output.{name}"), &|_| sensitive, digester);
        let output = OutputState { value, sensitive };
        found.outputs.insert(name.clone(), output);
    }
    let mut dependencies = BTreeMap::new();
    for resource in elements(document, "resources") {
        let address = address(resource)?;
        if address.mode != Mode::Managed {
            continue;
        }
        let Some(of) = providers.resource_type(&address.type_name) else {
            found.left_out.insert(address.to_string());
            continue;
        };
        let provider = text(resource, "provider").and_then(tfstate::provider_key);
        let provider = provider.ok_or_else(|| format!("{address}: its provider is not clear"))?;
        let mut deposed = Vec::new();
        for written in elements(resource, "instances") {
            let address = address.instance(key(written));
            let wrong = |what: String| format!("{address}: {what}");
            let keeping = Keeping {
                address: &address,
                provider: &provider,
                dependencies: &[],
                create_before_destroy: flag(written, "create_before_destroy"),
            };
            let object = object(&**of, written).map_err(wrong)?;
            let id = of
                .identity(&object)
                .or_else(|| text(&object, "id").map(Into::into));
            let id = id.ok_or_else(|| wrong("it has no id".to_owned()))?;
            let mut state = keeping.state(&**of, digester, id, &object);
            if text(written, "deposed").is_some() {
                deposed.push((address, state));
                continue;
            }
            state.tainted = text(written, "status") == Some("tainted");
            let depends = elements(written, "dependencies").filter_map(Value::as_str);
            let depends: Vec<Address> = depends.filter_map(|on| on.parse().ok()).collect();
            dependencies.insert(address.clone(), depends);
            found.instances.insert(address, state);
        }
        for (address, old) in deposed {
            match found.instances.get_mut(&address) {
                Some(state) => state.deposed.push((old.id, old.attributes)),
                // Only the old object is left: what is there must be replaced.
                None => {
                    let state = ResourceState {
                        tainted: true,
                        ..old
                    };
                    drop(found.instances.insert(address, state));
                }
            }
        }
    }
    depend(&mut found.instances, &dependencies);
    Ok(found)
}

/// A state file names resources of configuration; here they are those of module instances.
fn depend(
    instances: &mut BTreeMap<Address, ResourceState>,
    dependencies: &BTreeMap<Address, Vec<Address>>,
) {
    let there: BTreeSet<ResourceAddress> = instances.keys().map(|a| a.resource.clone()).collect();
    for (address, state) in instances {
        let named = dependencies.get(address).into_iter().flatten();
        let resources: BTreeSet<_> = named
            .flat_map(|on| {
                let target = Target::Resource(on.clone());
                there.iter().filter(move |resource| {
                    target.covers(&resource.instance(None))
                        && same_branch(&address.resource.module, &resource.module)
                })
            })
            .collect();
        state.dependencies = resources.into_iter().cloned().collect();
    }
}

/// Inside of a call, an instance of the module depends on what is in the same instance only.
fn same_branch(one: &ModuleInstance, other: &ModuleInstance) -> bool {
    let mut steps = one.0.iter().zip(&other.0);
    steps
        .by_ref()
        .take_while(|(one, other)| one.name == other.name)
        .all(|(one, other)| one.key == other.key)
}

fn elements<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let elements = value.get(name).and_then(Value::elements);
    elements.unwrap_or_default().iter()
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool) == Some(true)
}

fn address(resource: &Value) -> Result<ResourceAddress, String> {
    let (Some(type_name), Some(name)) = (text(resource, "type"), text(resource, "name")) else {
        return Err("a resource has no type or no name".to_owned());
    };
    let module = match text(resource, "module") {
        None | Some("") => ModuleInstance::root(),
        Some(module) => match module.parse() {
            Ok(Target::Module(module)) => module,
            _ => return Err(format!("{module:?} is no module")),
        },
    };
    Ok(ResourceAddress {
        module,
        mode: match text(resource, "mode") {
            Some("data") => Mode::Data,
            _ => Mode::Managed,
        },
        type_name: type_name.into(),
        name: name.into(),
    })
}

fn key(instance: &Value) -> Option<InstanceKey> {
    let key = instance.get("index_key")?;
    match key.as_str() {
        Some(text) => Some(InstanceKey::Str(text.into())),
        None => {
            let index = key.as_number()?.to_i64()?;
            Some(InstanceKey::Int(u64::try_from(index).ok()?))
        }
    }
}

/// A value beside which its type is written.
fn typed(written: &Value) -> Result<Value, String> {
    let (value, ty) = (written.get("value"), written.get("type"));
    let ty = ty
        .and_then(tfstate::type_of)
        .ok_or("its type is not known")?;
    let value = value.ok_or("it has no value")?;
    convert(value, &ty).map_err(|_| "its value is not of its type".to_owned())
}

/// The object of an instance, with marks on what the file says is sensitive.
fn object(of: &dyn ResourceType, instance: &Value) -> Result<Value, String> {
    let attributes = instance.get("attributes").ok_or("it has no attributes")?;
    let object = fitted(&of.schema().block, attributes)?;
    let mut sensitive: Vec<Vec<Place>> = elements(instance, "sensitive_attributes")
        .map(|steps| steps.elements().unwrap_or_default())
        .map(|steps| steps.iter().filter_map(Place::of).collect())
        .collect();
    // What is given to `terraform_data` comes out again, which Terraform does not note.
    let outputs: Vec<_> = sensitive
        .iter()
        .filter(|path| path.first() == Some(&Place::Name("input".into())))
        .map(|path| {
            let mut path = path.clone();
            path[0] = Place::Name("output".into());
            path
        })
        .filter(|_| object.get("output").is_some() && object.get("input").is_some())
        .collect();
    sensitive.extend(outputs);
    Ok(
        object.map_at(&mut AttributePath::root(), &mut |path, value| {
            let here = path.steps().iter().map(Place::from);
            let marked = sensitive.iter().any(|s| here.clone().eq(s.iter().cloned()));
            marked.then(|| value.clone().marked(Marks::SENSITIVE))
        }),
    )
}

/// A step to what is sensitive, members of maps and objects alike.
#[derive(Clone, PartialEq, Debug)]
enum Place {
    Name(Text),
    Index(usize),
}

impl Place {
    fn of(written: &Value) -> Option<Self> {
        let value = written.get("value")?;
        // An index is written with its type.
        let value = value.get("value").unwrap_or(value);
        match value.as_str() {
            Some(name) => Some(Self::Name(name.into())),
            None => value.as_number()?.to_usize().map(Self::Index),
        }
    }
}

impl From<&Step> for Place {
    fn from(step: &Step) -> Self {
        match step {
            Step::Attribute(name) | Step::Key(name) => Self::Name(name.clone()),
            Step::Index(index) => Self::Index(*index),
        }
    }
}

/// The members that a block has here; those that another version of the provider has beside them
/// are passed over.
fn fitted(block: &Block, given: &Value) -> Result<Value, String> {
    let mut members: Vec<(Text, Value)> = Vec::new();
    for attribute in &block.attributes {
        let name = attribute.name;
        let given = given
            .get(name)
            .filter(|given| !is_unset(given, attribute.presence));
        let value = match given {
            None => Value::null(attribute.ty.clone()),
            Some(given) if attribute.ty == Type::Any && !given.is_null() => {
                typed(given).map_err(|what| format!("{name}: {what}"))?
            }
            Some(given) => convert(given, &attribute.ty)
                .map_err(|_| format!("{name} is not {}", attribute.ty.friendly_name()))?,
        };
        members.push((name.into(), value));
    }
    for nested in &block.blocks {
        let blocks = elements(given, nested.name);
        let blocks = blocks
            .map(|inner| fitted(&nested.block, inner))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|what| format!("{}.{what}", nested.name))?;
        let ty = nested.block.ty();
        let blocks = match nested.nesting {
            Nesting::List => Value::list(ty, blocks),
            Nesting::Set => Value::set(ty, blocks),
        };
        members.push((nested.name.into(), blocks));
    }
    Ok(Value::object(members))
}

/// Terraform's provider keeps what is not set as an empty text or map.
fn is_unset(given: &Value, presence: Presence) -> bool {
    let empty = given.as_str() == Some("") || given.members().is_some_and(BTreeMap::is_empty);
    presence != Presence::Required && empty
}
