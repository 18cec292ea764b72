//! The provider `external`: values that a program of the user's prints, as a data source and, for
//! secrets, as an ephemeral resource. What is said between the two is the protocol of Terraform's
//! provider of that name: an object of strings as JSON in, one out.
//!
//! A configuration that runs programs can do anything, so nothing is started unless the person who
//! runs flowctl allows it.
//!
//! This crate must not know HCL, state or terminals.

mod program;

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::{Marks, Type, Value};
use flowctl_schema::{
    Attribute, Block, ConfiguredProvider, Constraint, DataSource, ErrorKind, Presence, Provider,
    ProviderError, RemoteData, RemoteObjects, ResourceType, Schema,
};
use program::{Program, run};

/// The name of the provider, its data source and its ephemeral resource type.
pub const EXTERNAL: &str = "external";

/// The provider `external`.
pub struct ExternalProvider {
    allowed: bool,
    schema: Schema,
    data: [Arc<dyn DataSource>; 1],
    ephemeral: [Arc<dyn DataSource>; 1],
}

impl ExternalProvider {
    /// The provider; without `allowed` it knows everything and starts nothing.
    pub fn new(allowed: bool) -> Self {
        Self {
            allowed,
            schema: Schema {
                version: 0,
                block: Block::default(),
            },
            data: [Arc::new(Source::new(Form::Data))],
            ephemeral: [Arc::new(Source::new(Form::Ephemeral))],
        }
    }
}

impl Provider for ExternalProvider {
    fn name(&self) -> &'static str {
        EXTERNAL
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn resource_types(&self) -> &[Arc<dyn ResourceType>] {
        &[]
    }

    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &self.data
    }

    fn ephemeral_resources(&self) -> &[Arc<dyn DataSource>] {
        &self.ephemeral
    }

    fn configure(
        &self,
        _config: Option<&Value>,
    ) -> Result<Arc<dyn ConfiguredProvider>, ProviderError> {
        Ok(Arc::new(Configured {
            allowed: self.allowed,
        }))
    }
}

struct Configured {
    allowed: bool,
}

impl Configured {
    fn reader(&self, name: &str, form: Form) -> Option<Arc<dyn RemoteData>> {
        let allowed = self.allowed;
        (name == EXTERNAL).then(|| Arc::new(Reader { allowed, form }) as Arc<dyn RemoteData>)
    }
}

impl ConfiguredProvider for Configured {
    fn remote(&self, _type_name: &str) -> Option<Arc<dyn RemoteObjects>> {
        None
    }

    fn data(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        self.reader(name, Form::Data)
    }

    fn ephemeral(&self, name: &str) -> Option<Arc<dyn RemoteData>> {
        self.reader(name, Form::Ephemeral)
    }
}

/// Which kind of block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Data,
    Ephemeral,
}

struct Source {
    schema: Schema,
}

impl Source {
    fn new(form: Form) -> Self {
        let strings = Type::map(Type::String);
        let mut attributes = vec![
            Attribute::new(
                "program",
                Type::list(Type::String),
                Presence::Required,
                "The program and its arguments. It is started without a shell.",
            )
            .constraints(vec![Constraint::Entries(1, 1000)]),
            Attribute::new(
                "working_dir",
                Type::String,
                Presence::Optional,
                "Where the program is started; the directory of the configuration if not set.",
            ),
            Attribute::new(
                "query",
                strings.clone(),
                Presence::Optional,
                "What the program gets as one JSON object on its standard input.",
            ),
        ];
        let result = "The JSON object of strings that the program prints.";
        let doc = match form {
            Form::Data => {
                attributes.push(Attribute::new(
                    "sensitive",
                    Type::Bool,
                    Presence::Optional,
                    "Whether `result` is sensitive; false if not set. A secret is better read with \
                     `ephemeral \"external\"`.",
                ));
                attributes.push(Attribute::new(
                    "result",
                    strings,
                    Presence::Computed,
                    result,
                ));
                "What a program prints. Programs run only with `--allow-external`."
            }
            Form::Ephemeral => {
                attributes.push(Attribute {
                    secret: true,
                    ..Attribute::new("result", strings, Presence::Computed, result)
                });
                "Secrets that a program prints; they are kept nowhere. Programs run only with \
                 `--allow-external`."
            }
        };
        let block = Block {
            attributes,
            doc,
            ..Block::default()
        };
        Self {
            schema: Schema { version: 0, block },
        }
    }
}

impl DataSource for Source {
    fn name(&self) -> &'static str {
        EXTERNAL
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }
}

struct Reader {
    allowed: bool,
    form: Form,
}

impl Reader {
    async fn read(&self, config: &Value) -> Result<Value, ProviderError> {
        let program = Program::of(config)?;
        if !self.allowed {
            let message = format!("the configuration wants to run `{}`", program.name());
            let error = ProviderError::local(ErrorKind::NotConfigured, program::OPERATION, message);
            return Err(error.with_hint(
                "if you know the program and want it to run, give --allow-external or set \
                 FLOWCTL_ALLOW_EXTERNAL=1",
            ));
        }
        let mut result = run(&program).await?;
        let sensitive = config.get("sensitive").and_then(Value::as_bool);
        if self.form == Form::Ephemeral || sensitive == Some(true) {
            result = result.marked(Marks::SENSITIVE);
        }
        let members = config.members().cloned().unwrap_or_default();
        let members = members.into_iter().filter(|(name, _)| &**name != "result");
        Ok(Value::object(members.chain([("result".into(), result)])))
    }
}

#[async_trait]
impl RemoteData for Reader {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        futures::future::join_all(configs.iter().map(|config| self.read(config))).await
    }
}

#[cfg(test)]
mod tests;
