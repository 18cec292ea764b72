//! `terraform_data`, the resource type that needs no service, and the provider it belongs to.
//!
//! It proves that nothing in the engine is tied to one service, and is the worked example of both
//! halves of a resource type: [`ResourceType`] decides what changes and what must be replaced,
//! [`RemoteObjects`] carries it out (here by computing the answer that a service would give).

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::{AttributePath, Text, Type, Value};
use uuid::Uuid;

use crate::{
    Attribute, Block, ConfiguredProvider, ErrorKind, PlanRequest, PlannedChange, Presence,
    Provider, ProviderError, ReadRequest, RemoteObject, RemoteObjects, ResourceType, Schema,
};

/// The name of the resource type.
pub const TERRAFORM_DATA: &str = "terraform_data";

/// Makes an id of an idempotency token, so that sending a creation again gives the same object.
const ID_NAMESPACE: Uuid = Uuid::from_u128(0x7f1c_52a0_93d4_4c1e_8a36_5b0d_e2f7_9461);

/// The provider `terraform`, which is always there and has no settings.
pub struct BuiltinProvider {
    schema: Schema,
    types: [Arc<dyn ResourceType>; 1],
}

impl BuiltinProvider {
    /// The provider.
    pub fn new() -> Self {
        Self {
            schema: Schema {
                version: 0,
                block: Block::default(),
            },
            types: [Arc::new(DataType::new())],
        }
    }
}

impl Default for BuiltinProvider {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider for BuiltinProvider {
    fn name(&self) -> &'static str {
        "terraform"
    }
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn resource_types(&self) -> &[Arc<dyn ResourceType>] {
        &self.types
    }
    fn configure(
        &self,
        _config: Option<&Value>,
    ) -> Result<Arc<dyn ConfiguredProvider>, ProviderError> {
        Ok(Arc::new(ConfiguredBuiltin))
    }
}

struct ConfiguredBuiltin;

impl ConfiguredProvider for ConfiguredBuiltin {
    fn remote(&self, type_name: &str) -> Option<Arc<dyn RemoteObjects>> {
        (type_name == TERRAFORM_DATA).then(|| Arc::new(DataObjects) as Arc<dyn RemoteObjects>)
    }
}

struct DataType {
    schema: Schema,
}

impl DataType {
    fn new() -> Self {
        let attribute = |name, ty, presence, doc| Attribute {
            name,
            ty,
            presence,
            secret: false,
            replace: false,
            returned: true,
            ignorable: false,
            constraints: Vec::new(),
            doc,
        };
        let attributes = vec![
            attribute(
                "id",
                Type::String,
                Presence::Computed,
                "A unique identifier, made with the object.",
            ),
            attribute(
                "input",
                Type::Any,
                Presence::Optional,
                "A value of any type that is kept with the object and becomes `output`.",
            ),
            attribute(
                "output",
                Type::Any,
                Presence::Computed,
                "The value of `input`, known once the object was made or changed.",
            ),
            Attribute {
                replace: true,
                ..attribute(
                    "triggers_replace",
                    Type::Any,
                    Presence::Optional,
                    "A value of any type whose change replaces the object.",
                )
            },
        ];
        let doc = "Keeps a value in state without any service behind it, and is replaced when \
                   another value changes.";
        Self {
            schema: Schema {
                version: 0,
                block: Block {
                    attributes,
                    blocks: Vec::new(),
                    doc,
                    ..Block::default()
                },
            },
        }
    }
}

impl ResourceType for DataType {
    fn name(&self) -> &'static str {
        TERRAFORM_DATA
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let input = member(request.proposed, "input");
        let changed = |name: &str| {
            let attribute = AttributePath::attribute(name);
            request
                .changed
                .iter()
                .any(|path| path.starts_with(&attribute))
        };
        // An unchanged input is the output, also where state holds only the digest of a secret:
        // what refers to the output gets the value itself.
        let (id, output) = match request.prior {
            Some(prior) if !changed("triggers_replace") => {
                let output = if changed("input") || !input.is_wholly_known() {
                    output_to_be(&input)
                } else {
                    input.clone()
                };
                (member(prior, "id"), output)
            }
            _ => (Value::unknown_not_null(Type::String), output_to_be(&input)),
        };
        PlannedChange {
            planned: Value::object([
                ("id", id),
                ("input", input),
                ("output", output),
                (
                    "triggers_replace",
                    member(request.proposed, "triggers_replace"),
                ),
            ]),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }
}

/// The requests of `terraform_data`, answered on the spot.
struct DataObjects;

#[async_trait]
impl RemoteObjects for DataObjects {
    async fn read_many(
        &self,
        requests: &[ReadRequest],
    ) -> Result<Vec<Option<RemoteObject>>, ProviderError> {
        let read = |request: &ReadRequest| {
            Some(RemoteObject {
                id: request.id.clone(),
                attributes: request.prior.clone()?,
                created_at: None,
            })
        };
        Ok(requests.iter().map(read).collect())
    }

    async fn create(&self, planned: &Value, token: &str) -> Result<RemoteObject, ProviderError> {
        let id = Uuid::new_v5(&ID_NAMESPACE, token.as_bytes()).to_string();
        Ok(answer(id.into(), planned))
    }

    async fn update(
        &self,
        id: &str,
        _prior: &Value,
        planned: &Value,
        _token: &str,
    ) -> Result<RemoteObject, ProviderError> {
        Ok(answer(id.into(), planned))
    }

    async fn delete(&self, _id: &str, _prior: &Value) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn import(&self, id: &str) -> Result<RemoteObject, ProviderError> {
        if id.is_empty() {
            let message = "the id of a terraform_data to import must not be empty";
            let error = ProviderError::local(ErrorKind::Validation, "Import", message);
            return Err(error.with_hint("any other text will do: there is no service to ask"));
        }
        Ok(answer(id.into(), &Value::null(Type::Any)))
    }
}

/// The object as a service would tell it after a request.
fn answer(id: Text, planned: &Value) -> RemoteObject {
    let input = member(planned, "input");
    let attributes = Value::object([
        ("id", Value::string(id.clone())),
        ("output", input.clone()),
        ("input", input),
        ("triggers_replace", member(planned, "triggers_replace")),
    ]);
    RemoteObject {
        id,
        attributes,
        created_at: None,
    }
}

/// The output before the object is made or changed. Unlike Terraform's, it is as sensitive as the
/// input: a secret must not become public by passing through.
fn output_to_be(input: &Value) -> Value {
    if input.is_null() {
        input.clone()
    } else {
        Value::unknown(input.ty()).marked(input.deep_marks())
    }
}

fn member(object: &Value, name: &str) -> Value {
    object.get(name).cloned().unwrap_or(Value::null(Type::Any))
}

#[cfg(test)]
mod tests {
    use flowctl_model::{Digester, Marks};

    use super::*;

    fn config(input: Value, triggers: Value) -> Value {
        let null = Value::null(Type::Any);
        Value::object([
            ("id", null.clone()),
            ("input", input),
            ("output", null),
            ("triggers_replace", triggers),
        ])
    }

    fn object(input: &Value, triggers: &Value) -> Value {
        let known = config(input.clone(), triggers.clone());
        answer("the-id".into(), &known).attributes
    }

    #[test]
    fn changes_are_planned_as_terraform_plans_them() {
        type Case = (
            Option<Value>,
            Value,
            &'static [&'static str],
            &'static str,
            &'static str,
        );
        let null = || Value::null(Type::Any);
        let secret = || Value::from("s").marked(Marks::SENSITIVE);
        let unknown = || Value::unknown(Type::String);
        let digest = Digester::new([1; 32]).digest("a", &"s".into());
        let withheld = || Value::withheld(Type::String, digest);
        // Prior input, configured input, what changed, planned id and output.
        #[rustfmt::skip]
        let cases: Vec<Case> = vec![
            (None, "a".into(), &[], "unknown(string)", "unknown(string)"),
            (None, null(), &[], "unknown(string)", "null(any)"),
            (None, secret(), &[], "unknown(string)", "(sensitive)"),
            (Some("a".into()), "a".into(), &[], "\"the-id\"", "\"a\""),
            (Some("a".into()), "b".into(), &["input"], "\"the-id\"", "unknown(string)"),
            (Some("a".into()), null(), &["input"], "\"the-id\"", "null(any)"),
            (Some("a".into()), unknown(), &["input"], "\"the-id\"", "unknown(string)"),
            (Some("a".into()), "a".into(), &["triggers_replace"], "unknown(string)", "unknown(string)"),
            (Some(withheld()), secret(), &[], "\"the-id\"", "(sensitive)"),
        ];
        for (prior, input, changed, id, output) in cases {
            let what = format!("{prior:?} -> {input:?}, {changed:?} changed");
            let prior: Option<Value> = prior.map(|input| object(&input, &null()));
            let config = config(input.clone(), null());
            let changed: Vec<_> = changed
                .iter()
                .map(|&n| AttributePath::attribute(n))
                .collect();
            let change = DataType::new().plan(PlanRequest {
                prior: prior.as_ref(),
                config: &config,
                proposed: &config,
                changed: &changed,
                provider: None,
            });
            assert_eq!(format!("{:?}", member(&change.planned, "id")), id, "{what}");
            let planned_output = member(&change.planned, "output");
            assert_eq!(format!("{planned_output:?}"), output, "{what}");
            if prior.is_some() && changed.is_empty() {
                assert_eq!(planned_output, input, "{what}");
            }
        }
    }

    #[test]
    fn the_same_token_makes_the_same_object() {
        let objects = DataObjects;
        let planned = config("a".into(), Value::null(Type::Any));
        let id = |token| now(objects.create(&planned, token)).unwrap().id;
        assert_eq!(id("one"), id("one"));
        assert_ne!(id("one"), id("two"));
        assert!(Uuid::parse_str(&id("one")).is_ok());
    }

    #[test]
    fn requests_answer_the_input_as_output() {
        let planned = config("b".into(), Value::null(Type::Any));
        let prior = object(&"a".into(), &Value::null(Type::Any));
        let updated = now(DataObjects.update("the-id", &prior, &planned, "t")).unwrap();
        assert_eq!(
            updated.attributes,
            object(&"b".into(), &Value::null(Type::Any))
        );
        let request = ReadRequest {
            id: "the-id".into(),
            prior: Some(prior.clone()),
        };
        let read = now(DataObjects.read_many(&[request])).unwrap();
        assert_eq!(read[0].as_ref().unwrap().attributes, prior);
        assert_eq!(now(DataObjects.import("x")).unwrap().id, "x");
        assert_eq!(
            now(DataObjects.import("")).unwrap_err().kind,
            ErrorKind::Validation
        );
        let unheard_of = ReadRequest {
            id: "other".into(),
            prior: None,
        };
        assert_eq!(now(DataObjects.read_many(&[unheard_of])).unwrap(), [None]);
    }

    /// The answer of a future that never waits.
    fn now<F: Future>(future: F) -> F::Output {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::pin!(future).poll(&mut context) {
            std::task::Poll::Ready(answer) => answer,
            std::task::Poll::Pending => panic!("it waits"),
        }
    }
}
