//! What was evaluated so far: the values of every module instance, and the scope through which
//! expressions see them.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use flowctl_lang::{PathKind, Reference, Resolved, Scope, Subject, World};
use flowctl_model::{InstanceKey, Marks, Mode, ModuleInstance, ModulePath, Text, Type, Value};
use flowctl_parser::configuration::Module;
use flowctl_parser::diagnostic::Diagnostic;

use crate::expansion::{Expansion, Repetition};

/// A resource as written in a module: its mode, type and name.
pub(crate) type ResourceKey = (Mode, Text, Text);

/// The values of all module instances.
#[derive(Default)]
pub(crate) struct Store<'a> {
    modules: Vec<ModuleValues<'a>>,
    by_path: HashMap<ModulePath, Vec<usize>>,
    by_instance: HashMap<ModuleInstance, usize>,
}

/// The values of one module instance.
pub(crate) struct ModuleValues<'a> {
    /// Which one.
    pub(crate) instance: ModuleInstance,
    /// What it is an instance of.
    pub(crate) module: &'a Module,
    /// Input variables.
    pub(crate) variables: HashMap<Text, Value>,
    /// Local values.
    pub(crate) locals: HashMap<Text, Value>,
    /// Outputs.
    pub(crate) outputs: HashMap<Text, Value>,
    /// Resources and data sources.
    pub(crate) resources: HashMap<ResourceKey, Objects>,
    /// Module calls.
    pub(crate) calls: HashMap<Text, Expansion>,
}

/// The instances of a resource.
pub(crate) struct Objects {
    /// Which there are.
    pub(crate) expansion: Expansion,
    instances: BTreeMap<Option<InstanceKey>, Value>,
    whole: OnceCell<Value>,
}

impl Objects {
    /// No instance has a value yet.
    pub(crate) fn new(expansion: Expansion) -> Self {
        Self {
            expansion,
            instances: BTreeMap::new(),
            whole: OnceCell::new(),
        }
    }

    /// The same instances, whose `each.value` may be known better now.
    pub(crate) fn expand_again(&mut self, expansion: Expansion) {
        if expansion.keys() == self.expansion.keys() {
            self.expansion = expansion;
        }
    }

    /// Sets what an instance is, or will be.
    pub(crate) fn set(&mut self, key: Option<InstanceKey>, value: Value) {
        self.whole = OnceCell::new();
        self.instances.insert(key, value);
    }

    /// What an instance is, or will be.
    pub(crate) fn instance(&self, key: Option<&InstanceKey>) -> Value {
        // An instance whose planning failed has no value; the error is reported already.
        self.instances
            .get(&key.cloned())
            .cloned()
            .unwrap_or_else(|| Value::unknown(Type::Any))
    }

    fn whole(&self) -> &Value {
        self.whole
            .get_or_init(|| self.expansion.collect(|key| self.instance(key)))
    }
}

impl<'a> Store<'a> {
    /// Adds a module instance; its place.
    pub(crate) fn add(&mut self, instance: ModuleInstance, module: &'a Module) -> usize {
        let place = self.modules.len();
        self.by_path.entry(instance.path()).or_default().push(place);
        self.by_instance.insert(instance.clone(), place);
        self.modules.push(ModuleValues {
            instance,
            module,
            variables: HashMap::new(),
            locals: HashMap::new(),
            outputs: HashMap::new(),
            resources: HashMap::new(),
            calls: HashMap::new(),
        });
        place
    }

    /// How many module instances there are; their places count from zero.
    pub(crate) fn len(&self) -> usize {
        self.modules.len()
    }

    /// The places of all instances of a module.
    pub(crate) fn places(&self, path: &ModulePath) -> Vec<usize> {
        self.by_path.get(path).cloned().unwrap_or_default()
    }

    /// The place of a module instance.
    pub(crate) fn place(&self, instance: &ModuleInstance) -> Option<usize> {
        self.by_instance.get(instance).copied()
    }

    /// The module instance at a place.
    pub(crate) fn get(&self, place: usize) -> &ModuleValues<'a> {
        &self.modules[place]
    }

    /// The same to change it.
    pub(crate) fn get_mut(&mut self, place: usize) -> &mut ModuleValues<'a> {
        &mut self.modules[place]
    }

    /// The module instance that calls the one at `place`, with the call's step; `None` for the
    /// root.
    pub(crate) fn caller(&self, place: usize) -> Option<(usize, flowctl_model::ModuleStep)> {
        let mut steps = self.modules[place].instance.0.clone();
        let step = steps.pop()?;
        Some((self.place(&ModuleInstance(steps))?, step))
    }

    fn outputs(&self, place: usize) -> Value {
        let module = &self.modules[place];
        Value::object(module.module.outputs.keys().map(|name| {
            let value = module.outputs.get(&**name).cloned();
            let name = Text::from(&**name);
            (name, value.unwrap_or_else(|| Value::unknown(Type::Any)))
        }))
    }
}

/// The names that an expression in a module instance may use.
pub(crate) struct ModuleScope<'s, 'a> {
    /// All values.
    pub(crate) store: &'s Store<'a>,
    /// The module instance.
    pub(crate) place: usize,
    /// The instance of the block the expression is in.
    pub(crate) repetition: &'s Repetition,
    /// `self`.
    pub(crate) this: Option<&'s Value>,
    /// For `path.cwd`.
    pub(crate) world: &'s dyn World,
    /// `terraform.workspace`.
    pub(crate) workspace: &'s str,
    /// `terraform.applying`.
    pub(crate) applying: bool,
}

impl Scope for ModuleScope<'_, '_> {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        let values = self.store.get(self.place);
        // What has no value here was not declared or failed, and that is reported elsewhere.
        let or_unknown = |value: Option<&Value>| {
            let value = value.cloned();
            Resolved::Whole(value.unwrap_or_else(|| Value::unknown(Type::Any)))
        };
        Ok(match &reference.subject {
            Subject::Variable(name) => or_unknown(values.variables.get(name)),
            Subject::Local(name) => or_unknown(values.locals.get(name)),
            Subject::Resource {
                mode,
                type_name,
                name,
                key,
            } => {
                let resource = (*mode, type_name.clone(), name.clone());
                let Some(objects) = values.resources.get(&resource) else {
                    return Ok(or_unknown(None));
                };
                let exact = key.as_ref().filter(|key| {
                    !matches!(
                        objects.expansion,
                        Expansion::One | Expansion::Unknown { .. }
                    ) && objects.expansion.has(Some(key))
                });
                match exact {
                    Some(key) => Resolved::Instance(objects.instance(Some(key))),
                    None => Resolved::Whole(objects.whole().clone()),
                }
            }
            Subject::Module { name, .. } => {
                let Some(expansion) = values.calls.get(name) else {
                    return Ok(or_unknown(None));
                };
                let outputs = |key: Option<&InstanceKey>| {
                    let child = values.instance.child(name.clone(), key.cloned());
                    self.store
                        .place(&child)
                        .map_or_else(|| Value::unknown(Type::Any), |p| self.store.outputs(p))
                };
                Resolved::Whole(expansion.collect(outputs))
            }
            Subject::EachKey => or_unknown(self.repetition.key.as_ref()),
            Subject::EachValue => or_unknown(self.repetition.value.as_ref()),
            Subject::CountIndex => or_unknown(self.repetition.index.as_ref()),
            Subject::SelfRef => or_unknown(self.this),
            Subject::Path(PathKind::Module) => Value::string(&*values.module.directory).into(),
            Subject::Path(PathKind::Root) => {
                Value::string(&*self.store.get(0).module.directory).into()
            }
            Subject::Path(PathKind::Cwd) => Value::string(self.world.working_directory()).into(),
            Subject::Applying => Value::bool(self.applying).marked(Marks::EPHEMERAL).into(),
            Subject::Workspace => Value::string(self.workspace).into(),
            Subject::Plain(_) => return Err(reference.undeclared([])),
        })
    }
}
