//! The data source `aws_iam_policy_document`: a policy document, written from blocks. Nobody is asked
//! for it: it follows from the configuration alone. The text is in [`document`].
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>

mod document;

use std::sync::Arc;

use async_trait::async_trait;
use flowctl_model::{Kind, Problem, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, DataSource, ErrorKind, NestedBlock, Nesting, Presence,
    ProviderError, RemoteData, Schema,
};

use crate::registry::SourceEntry;
use crate::table::{is_set, string, strings, with};
use document::{Document, VERSIONS};

const NAME: &str = "aws_iam_policy_document";
const SOURCES: &str = "source_policy_documents";
const OVERRIDES: &str = "override_policy_documents";
const STATEMENT: &str = "statement";

/// The data source, for the registry.
pub(crate) fn source() -> SourceEntry {
    SourceEntry {
        pure: Arc::new(DocumentSource { schema: schema() }),
        remote: Box::new(|_| Arc::new(DocumentData)),
    }
}

fn schema() -> Schema {
    use Presence::{Computed, Optional, Required};
    let block = |attributes, doc| Block {
        attributes,
        doc,
        ..Block::default()
    };
    let documents = |name, doc| Attribute::new(name, Type::list(Type::String), Optional, doc);
    let set = |name, block| NestedBlock {
        name,
        nesting: Nesting::Set,
        min: 0,
        max: None,
        block,
    };
    let who = |doc| {
        let attributes = vec![
            strings("identifiers", Required, "Who, as the type says it."),
            string(
                "type",
                Required,
                "`AWS`, `Service`, `Federated`, `CanonicalUser` or `*`.",
            ),
        ];
        block(attributes, doc)
    };
    let condition = vec![
        string(
            "test",
            Required,
            "How values are compared: `StringEquals` and so on.",
        ),
        Attribute::new(
            "values",
            Type::list(Type::String),
            Required,
            "The values, one of which has to match.",
        ),
        string("variable", Required, "The key whose value is compared."),
    ];
    let statement = Block {
        attributes: vec![
            strings("actions", Optional, "What the statement is about."),
            string("effect", Optional, "`Allow`, if not set, or `Deny`.")
                .constraints(vec![Constraint::OneOf(&["Allow", "Deny"])]),
            strings("not_actions", Optional, "Everything but this."),
            strings("not_resources", Optional, "On everything but this."),
            strings("resources", Optional, "On what."),
            string("sid", Optional, "The identifier of the statement.")
                .constraints(vec![Constraint::Pattern("[a-zA-Z0-9]*")]),
        ],
        blocks: vec![
            set("condition", block(condition, "When it holds.")),
            set("not_principals", who("Everybody but these.")),
            set("principals", who("For whom it holds.")),
        ],
        doc: "A statement.",
        ..Block::default()
    };
    let attributes = vec![
        string("id", Computed, "A number that follows from the text."),
        string("json", Computed, "The document, as JSON in several lines."),
        string(
            "minified_json",
            Computed,
            "The document, as JSON in one line.",
        ),
        documents(
            OVERRIDES,
            "Documents whose statements replace those with the same `sid`.",
        ),
        string("policy_id", Optional, "The identifier of the document."),
        documents(
            SOURCES,
            "Documents whose statements come first; those of this configuration replace them.",
        ),
        string(
            "version",
            Optional,
            "The version of the language; `2012-10-17` if not set.",
        )
        .constraints(vec![Constraint::OneOf(&VERSIONS)]),
    ];
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![NestedBlock {
                name: STATEMENT,
                nesting: Nesting::List,
                min: 0,
                max: None,
                block: statement,
            }],
            refused: &[
                ("override_json", "use `override_policy_documents = [ … ]`"),
                ("source_json", "use `source_policy_documents = [ … ]`"),
            ],
            doc: "A policy document.",
            ..Block::default()
        },
    }
}

/// The table, and what follows from a configuration.
struct DocumentSource {
    schema: Schema,
}

impl DataSource for DocumentSource {
    fn name(&self) -> &'static str {
        NAME
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        Document::of(config).err().into_iter().collect()
    }

    fn answer(&self, config: &Value) -> Option<Value> {
        Document::of(config)
            .ok()
            .map(|document| told(config, &document))
    }
}

/// The object: its texts are as sensitive as what is in them.
fn told(config: &Value, document: &Document) -> Value {
    let marks = config.deep_marks();
    let text = |text: String| Value::string(text).marked(marks);
    let json = document.json();
    let mut members = vec![
        ("id", text(document::checksum(&json).to_string())),
        ("json", text(json)),
        ("minified_json", text(document.minified())),
    ];
    if !is_set(config, "version") {
        members.push(("version", VERSIONS[1].into()));
    }
    if let Some(all) = config.get(STATEMENT)
        && let Kind::List(element, blocks) = all.kind()
    {
        let whole = |block: &Value| {
            if is_set(block, "effect") {
                return block.clone();
            }
            with(block, [("effect", "Allow".into())]).with_marks(block.marks())
        };
        let blocks = blocks.iter().map(whole).collect();
        let all = Value::list(element.clone(), blocks).with_marks(all.marks());
        members.push((STATEMENT, all));
    }
    with(config, members)
}

/// Answers where what the document is made of becomes known only while changes are made.
struct DocumentData;

#[async_trait]
impl RemoteData for DocumentData {
    async fn read_many(&self, configs: &[Value]) -> Vec<Result<Value, ProviderError>> {
        let answer = |config: &Value| {
            let document = Document::of(config).map_err(|problem| {
                let message = format!("{}: {}", problem.path, problem.detail);
                ProviderError::local(ErrorKind::Validation, NAME, message)
            })?;
            Ok(told(config, &document))
        };
        configs.iter().map(answer).collect()
    }
}
