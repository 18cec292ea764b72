//! A provider without a service, for the sample plans.

use std::sync::Arc;

use flowctl_model::{Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, ConfiguredProvider, Constraint, DataSource, ErrorKind, NestedBlock, Nesting,
    Presence, Provider, ProviderError, ResourceType, Schema,
};

pub(super) struct SampleProvider {
    schema: Schema,
    types: Vec<Arc<dyn ResourceType>>,
    sources: Vec<Arc<dyn DataSource>>,
}

impl SampleProvider {
    pub(super) fn new() -> Self {
        let region = Attribute::new(
            "region",
            Type::String,
            Presence::Optional,
            "The region of the service.",
        );
        let profile = |block| Table {
            name: "aws_appflow_connector_profile",
            schema: Schema { version: 0, block },
        };
        let sample = Table {
            name: "aws_sample",
            schema: Schema {
                version: 0,
                block: sample(),
            },
        };
        Self {
            schema: Schema {
                version: 0,
                block: Block {
                    attributes: vec![region],
                    ..Block::default()
                },
            },
            types: vec![Arc::new(profile(connector_profile())), Arc::new(sample)],
            sources: vec![Arc::new(profile(data_source()))],
        }
    }
}

impl Provider for SampleProvider {
    fn name(&self) -> &'static str {
        "aws"
    }
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn resource_types(&self) -> &[Arc<dyn ResourceType>] {
        &self.types
    }
    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &self.sources
    }
    fn configure(
        &self,
        _config: Option<&Value>,
    ) -> Result<Arc<dyn ConfiguredProvider>, ProviderError> {
        Err(ProviderError::local(
            ErrorKind::NotConfigured,
            "Configure",
            "the samples have no service",
        ))
    }
}

struct Table {
    name: &'static str,
    schema: Schema,
}

impl ResourceType for Table {
    fn name(&self) -> &'static str {
        self.name
    }
    fn schema(&self) -> &Schema {
        &self.schema
    }
    fn identity(&self, object: &Value) -> Option<Text> {
        object.get("name")?.as_str().map(Into::into)
    }
}

impl DataSource for Table {
    fn name(&self) -> &'static str {
        self.name
    }
    fn schema(&self) -> &Schema {
        &self.schema
    }
}

fn required(name: &'static str, doc: &'static str) -> Attribute {
    Attribute::new(name, Type::String, Presence::Required, doc)
}

fn optional(name: &'static str, ty: Type, doc: &'static str) -> Attribute {
    Attribute::new(name, ty, Presence::Optional, doc)
}

fn computed(name: &'static str, doc: &'static str) -> Attribute {
    Attribute::new(name, Type::String, Presence::Computed, doc)
}

fn secret(attribute: Attribute) -> Attribute {
    Attribute {
        secret: true,
        returned: false,
        ..attribute
    }
}

fn block(doc: &'static str, attributes: Vec<Attribute>, blocks: Vec<NestedBlock>) -> Block {
    Block {
        attributes,
        blocks,
        doc,
        ..Block::default()
    }
}

/// A part of the table of `aws_appflow_connector_profile`: three connectors.
fn connector_profile() -> Block {
    const TYPES: &[&str] = &["CustomConnector", "Redshift", "Salesforce"];
    let attributes = vec![
        computed("arn", "ARN of the connector profile."),
        required("connection_mode", "How the service reaches the connector.")
            .constraints(vec![Constraint::OneOf(&["Private", "Public"])]),
        optional(
            "connector_label",
            Type::String,
            "Label of a registered custom connector.",
        )
        .replace(),
        required("connector_type", "Kind of connector.")
            .replace()
            .constraints(vec![Constraint::OneOf(TYPES)]),
        computed("credentials_arn", "ARN of the stored credentials."),
        Attribute::new(
            "kms_arn",
            Type::String,
            Presence::OptionalComputed,
            "Key that encrypts the credentials.",
        )
        .replace()
        .not_returned(),
        required("name", "Name, unique in the account and region.")
            .replace()
            .constraints(vec![
                Constraint::Length(1, 256),
                Constraint::Pattern(r"[\w/!@#+=.-]+"),
            ]),
    ];
    let config = block(
        "Credentials and properties.",
        Vec::new(),
        vec![
            NestedBlock::required("connector_profile_credentials", credentials()),
            NestedBlock::required("connector_profile_properties", properties()),
        ],
    );
    block(
        "Manages an AppFlow connector profile.",
        attributes,
        vec![NestedBlock::required("connector_profile_config", config)],
    )
}

fn credentials() -> Block {
    let oauth_request = block(
        "The result of an authorization.",
        vec![
            secret(optional(
                "auth_code",
                Type::String,
                "The code that the connector issued.",
            )),
            optional(
                "redirect_uri",
                Type::String,
                "Where the browser was sent with the code.",
            )
            .not_returned(),
        ],
        Vec::new(),
    );
    let salesforce = block(
        "Credentials for Salesforce.",
        vec![
            secret(optional(
                "access_token",
                Type::String,
                "The token that requests carry.",
            )),
            optional(
                "client_credentials_arn",
                Type::String,
                "Secret with id and secret of the OAuth client.",
            )
            .not_returned(),
            secret(optional(
                "refresh_token",
                Type::String,
                "The token that renews the access token.",
            )),
        ],
        vec![NestedBlock::optional("oauth_request", oauth_request)],
    );
    let redshift = block(
        "Credentials for Amazon Redshift.",
        vec![
            secret(optional("password", Type::String, "The password.")),
            optional("username", Type::String, "The name to log in with.").not_returned(),
        ],
        Vec::new(),
    );
    let custom = block(
        "Credentials of a kind of the connector's own.",
        vec![
            secret(optional(
                "credentials_map",
                Type::map(Type::String),
                "The credentials by name.",
            )),
            required("custom_authentication_type", "The kind.").not_returned(),
        ],
        Vec::new(),
    );
    let custom_connector = block(
        "Credentials for a connector of your own.",
        vec![required("authentication_type", "Which block holds the credentials.").not_returned()],
        vec![NestedBlock::optional("custom", custom)],
    );
    block(
        "How the service logs in: exactly the block of `connector_type`.",
        Vec::new(),
        vec![
            NestedBlock::optional("custom_connector", custom_connector),
            NestedBlock::optional("redshift", redshift),
            NestedBlock::optional("salesforce", salesforce),
        ],
    )
}

fn properties() -> Block {
    let redshift = block(
        "Properties of Amazon Redshift.",
        vec![
            required("bucket_name", "Bucket for the data on their way."),
            optional("bucket_prefix", Type::String, "Folder in the bucket."),
            optional("database_url", Type::String, "JDBC address of the cluster."),
            required("role_arn", "Role that reads the bucket."),
        ],
        Vec::new(),
    );
    let salesforce = block(
        "Properties of Salesforce.",
        vec![
            optional("instance_url", Type::String, "Address of the instance."),
            optional(
                "is_sandbox_environment",
                Type::Bool,
                "Whether it is a sandbox.",
            ),
        ],
        Vec::new(),
    );
    let custom_connector = block(
        "Properties of a connector of your own.",
        vec![optional(
            "profile_properties",
            Type::map(Type::String),
            "Properties by name.",
        )],
        Vec::new(),
    );
    block(
        "How to reach the connector: exactly the block of `connector_type`.",
        Vec::new(),
        vec![
            NestedBlock::optional("custom_connector", custom_connector),
            NestedBlock::optional("redshift", redshift),
            NestedBlock::optional("salesforce", salesforce),
        ],
    )
}

fn data_source() -> Block {
    block(
        "Looks an AppFlow connector profile up by its name.",
        vec![
            computed("arn", "ARN of the connector profile."),
            computed("connector_type", "Kind of connector."),
            required("name", "Name of the profile to look up."),
        ],
        Vec::new(),
    )
}

/// A table with an attribute of every kind of value, and blocks of both nestings.
fn sample() -> Block {
    let rule = Type::object([("name", Type::String), ("port", Type::Number)]);
    let attributes = vec![
        optional("amount", Type::Number, "A number."),
        optional("anything", Type::Any, "A value of any type."),
        optional("document", Type::String, "A string that holds JSON."),
        optional("enabled", Type::Bool, "A boolean."),
        computed("id", "Identifier."),
        required("name", "Name.").replace(),
        optional("names", Type::set(Type::String), "A set."),
        optional("notes", Type::String, "A text of several lines."),
        secret(optional("password", Type::String, "A secret.")),
        optional("rules", Type::list(rule), "A list of objects."),
        optional("steps", Type::list(Type::String), "A list."),
        optional("tags", Type::map(Type::String), "A map."),
        optional("title", Type::String, "A string."),
        secret(optional(
            "tokens",
            Type::map(Type::String),
            "A map of secrets.",
        )),
    ];
    let listener = block(
        "A block in a list.",
        vec![
            required("name", "Name of the listener."),
            optional("port", Type::Number, "Its port."),
            optional("protocol", Type::String, "Its protocol."),
        ],
        Vec::new(),
    );
    let label = block(
        "A block in a set.",
        vec![
            required("key", "Key of the label."),
            optional("value", Type::String, "Value of the label."),
        ],
        Vec::new(),
    );
    let many = |name, nesting, block| NestedBlock {
        name,
        nesting,
        min: 0,
        max: None,
        block,
    };
    block(
        "Has an attribute of every kind of value.",
        attributes,
        vec![
            many("label", Nesting::Set, label),
            many("listener", Nesting::List, listener),
        ],
    )
}
