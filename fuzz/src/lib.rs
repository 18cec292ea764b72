//! What the targets share: a machine of one file, names that expressions may use, and the limit
//! up to which an input is taken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flowctl_lang::functions::is_panic_guarded;
use flowctl_lang::world::FileError;
use flowctl_lang::{Reference, Resolved, Scope, Subject, World};
use flowctl_model::snapshot::Snapshot;
use flowctl_model::{Digester, Marks, Type, Value};
use flowctl_parser::diagnostic::Diagnostic;
use flowctl_parser::{FileSystem, SourceMap, load};
use flowctl_planner::{GivenVariables, Input, Options, Policies, plan, resolve_json, validate};
use flowctl_schema::Providers;
use flowctl_schema::builtin::BuiltinProvider;

/// Longer inputs find nothing that shorter ones do not.
const MAX_LENGTH: usize = 4096;

/// What makes much out of little, and how often it may appear.
const REPEATING: [&str; 3] = ["range", "setproduct", "count"];
const MAX_REPEATING: usize = 1;

/// Whether an input is worth running. Work that the configuration itself asks for is no fault:
/// loops within loops, and hashes that are meant to take long.
pub fn is_taken(text: &str) -> bool {
    let repeated: usize = REPEATING
        .iter()
        .map(|word| text.matches(word).count())
        .sum();
    text.len() <= MAX_LENGTH && repeated <= MAX_REPEATING && !text.contains("bcrypt")
}

/// A panic that is caught where it is caused ends no run.
pub fn start() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !is_panic_guarded() {
            hook(panic);
        }
    }));
}

/// A machine whose clock stands still, with one file.
pub struct Machine<'a> {
    /// What the file is called.
    pub name: &'a str,
    /// What is in it.
    pub text: &'a str,
    /// Neither the time nor anything random is known yet.
    pub planning: bool,
}

impl FileSystem for Machine<'_> {
    fn list(&self, directory: &str) -> Result<Vec<String>, String> {
        if directory == "." {
            Ok(vec![self.name.to_owned()])
        } else {
            Err("there is no such directory".to_owned())
        }
    }
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(self.text.to_owned())
    }
}

impl World for Machine<'_> {
    fn read_file(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match path {
            "a.txt" => Ok(b"Hello ${name}%{ for x in [1] }!%{ endfor }".to_vec()),
            "b.bin" => Ok(vec![0xff, 0xfe, 0]),
            _ => Err(FileError::NotFound),
        }
    }
    fn file_exists(&self, path: &str) -> Result<bool, FileError> {
        Ok(self.read_file(path).is_ok())
    }
    fn list_files(&self, _: &str) -> Result<Vec<String>, FileError> {
        Ok(vec![
            "a.txt".to_owned(),
            "b.bin".to_owned(),
            "c/d.txt".to_owned(),
        ])
    }
    fn now(&self) -> Option<SystemTime> {
        (!self.planning).then(|| self.plan_timestamp())
    }
    fn plan_timestamp(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }
    fn random(&self, bytes: &mut [u8]) -> bool {
        bytes.fill(7);
        !self.planning
    }
    fn home(&self) -> Option<String> {
        Some("/home".to_owned())
    }
    fn working_directory(&self) -> String {
        "/project".to_owned()
    }
}

/// A few local values, of every kind; those that are not known until later may be known already.
#[derive(Clone, Copy)]
pub struct Names {
    /// Whether everything is known.
    pub known: bool,
    /// Whether what is secret is marked so.
    pub marked: bool,
    /// Whether the secrets are other ones than usual.
    pub others: bool,
}

impl Names {
    fn value(self, name: &str) -> Option<Value> {
        let later = |value: Value| {
            if self.known {
                value
            } else {
                Value::unknown_not_null(value.ty())
            }
        };
        let secret = |value: Value| {
            if self.marked {
                value.marked(Marks::SENSITIVE)
            } else {
                value
            }
        };
        let usual = !self.others;
        let words = || vec!["a".into(), "b".into(), "a".into()];
        let map = || {
            let members = [("a", 1), ("b", 2)].map(|(k, v)| (k.into(), Value::number(v)));
            Value::map(Type::Number, BTreeMap::from(members))
        };
        Some(match name {
            "s" => "text".into(),
            "n" => Value::number(3),
            "b" => true.into(),
            "z" => Value::null(Type::String),
            "l" => Value::list(Type::String, words()),
            "m" => map(),
            "o" => Value::object([("x", Value::number(1)), ("y", Value::tuple(words()))]),
            "us" => later("later".into()),
            "un" => later(Value::number(2)),
            "ub" => later(true.into()),
            "ul" => later(Value::list(Type::String, words())),
            "um" => later(map()),
            "xs" => secret(if usual { "hunter2" } else { "tr0ub4dor" }.into()),
            "xl" => secret(Value::list(Type::String, words().split_off(usize::from(usual)))),
            "xo" => {
                let number = Value::number(if usual { 1 } else { 2 });
                Value::object([("x", secret(number)), ("y", "open".into())])
            }
            _ => return None,
        })
    }
}

impl Scope for Names {
    fn resolve(&self, reference: &Reference) -> Result<Resolved, Diagnostic> {
        match &reference.subject {
            Subject::Local(name) => match self.value(name) {
                Some(value) => Ok(Resolved::Whole(value)),
                None => Err(reference.undeclared([])),
            },
            Subject::Workspace => Ok(Resolved::Whole("default".into())),
            Subject::Path(_) => Ok(Resolved::Whole(".".into())),
            _ => Err(reference.undeclared([])),
        }
    }
}

/// Loads, validates and plans a configuration of one file.
pub fn configuration(name: &str, text: &str) {
    let machine = Machine {
        name,
        text,
        planning: true,
    };
    let providers = Providers::new(vec![Arc::new(BuiltinProvider::new())]);
    let mut loaded = load(".", &machine);
    let mut found = std::mem::take(&mut loaded.diagnostics);
    found.extend(resolve_json(&mut loaded.configuration, &providers));
    let configuration = &loaded.configuration;
    found.extend(validate(configuration, &providers, &machine, "default", &Policies::default()));
    are_placed(&found, &loaded.sources);
    let (variables, options) = (GivenVariables::new(), Options::default());
    let (snapshot, digester) = (Snapshot::default(), Digester::new([1; 32]));
    let (live, data, imports, resume) = Default::default();
    let planned = plan(&Input {
        configuration,
        variables: &variables,
        snapshot: &snapshot,
        live: &live,
        data: &data,
        imports: &imports,
        resume: &resume,
        interrupted: &[],
        providers: &providers,
        digester: &digester,
        settings: &flowctl_planner::settings::NO_SETTINGS,
        key_changed: false,
        world: &machine,
        workspace: "default",
        options: &options,
    });
    are_placed(&planned.diagnostics, &loaded.sources);
}

/// Every place that is named is one of the text.
pub fn are_placed(found: &[Diagnostic], sources: &SourceMap) {
    for span in found.iter().filter_map(|diagnostic| diagnostic.span) {
        let file = sources.get(span.file).expect("the file is there");
        let range = span.start as usize..span.end as usize;
        assert!(
            file.text.get(range).is_some(),
            "{span:?} of {:?}",
            file.text
        );
    }
}
