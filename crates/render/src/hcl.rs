//! Configuration for an object that exists already: the `resource` block for it, and `variable`
//! blocks for what the service keeps to itself.

mod layout;

use std::collections::BTreeSet;

use flowctl_model::{Address, AttributePath, Kind, Value};
use flowctl_schema::{Attribute, Block, NestedBlock, Presence, Schema};
use hcl::expr::{
    FuncCall, Heredoc, HeredocStripMode, ObjectKey, TemplateExpr, Traversal, Variable,
};
use hcl::{Body, Expression, Identifier};

use crate::value::{heredoc_mark, is_identifier, is_text, quote};

/// Columns up to which a list or an encoded document stays on one line.
const SHORT: usize = 60;

/// Configuration that was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generated {
    /// The `resource` block.
    pub resource: String,
    /// A `variable` block for each value that is not known, or nothing.
    pub variables: String,
    /// The names of these variables, those that must be given first.
    pub names: Vec<String>,
}

/// Configuration cannot be written in the language's syntax.
#[derive(Debug, thiserror::Error)]
#[error("the configuration of {address} cannot be written: {source}")]
pub struct GenerateError {
    address: String,
    source: hcl::Error,
}

/// The configuration of which `object` is the outcome. What only the service sets and what is not
/// set is left out; secrets, and whatever must be set and is not known, are variables.
/// `provider` is a provider configuration other than the type's default one, such as `aws.west`.
pub fn resource(
    address: &Address,
    provider: Option<&str>,
    object: &Value,
    schema: &Schema,
) -> Result<Generated, GenerateError> {
    let failed = |source| GenerateError {
        address: address.to_string(),
        source,
    };
    let mut writer = Writer {
        address,
        object,
        wanted: Vec::new(),
    };
    let mut body = Body::builder();
    if let Some(provider) = provider {
        body = body.add_attribute(("provider", raw(provider)));
    }
    let content = writer.block(&schema.block, object, &AttributePath::root(), 1);
    let block = hcl::Block::builder("resource")
        .add_label(address.resource.type_name.as_str())
        .add_label(address.resource.name.as_str())
        .add_structures(body.build().into_inner())
        .add_structures(content.into_inner())
        .build();
    // Those that must be given come first.
    writer.wanted.sort_by_key(|wanted| !wanted.required);
    let variables = Body::from_iter(writer.wanted.iter().map(|w| w.block(address)));
    Ok(Generated {
        resource: write(&Body::from_iter([block])).map_err(failed)?,
        variables: write(&variables).map_err(failed)?,
        names: writer.wanted.into_iter().map(|w| w.name).collect(),
    })
}

fn write(body: &Body) -> Result<String, hcl::Error> {
    use hcl::format::{Format, Formatter};
    let mut formatter = Formatter::builder().prefer_ident_keys(true).build_vec();
    Ok(layout::tidy(&body.format_string(&mut formatter)?))
}

/// A value that the configuration takes from a variable.
struct Wanted {
    name: String,
    path: AttributePath,
    ty: String,
    secret: bool,
    required: bool,
    doc: &'static str,
}

impl Wanted {
    fn block(&self, address: &Address) -> hcl::Block {
        let names: Vec<&str> = self.path.names().map(|name| name.as_str()).collect();
        // The innermost block and the argument say which it is.
        let place = names[names.len().saturating_sub(2)..].join(".");
        let doc = self.doc.trim_end_matches('.');
        let description = format!("{doc} ({place} of {address}).");
        let mut block = hcl::Block::builder("variable")
            .add_label(self.name.as_str())
            .add_attribute(("description", string(&description)))
            .add_attribute(("type", raw(&self.ty)));
        if !self.required {
            block = block.add_attribute(("default", Expression::Null));
        }
        if self.secret {
            block = block.add_attribute(("sensitive", true));
        }
        block.build()
    }
}

struct Writer<'a> {
    address: &'a Address,
    object: &'a Value,
    wanted: Vec<Wanted>,
}

impl Writer<'_> {
    /// The content of a block at `path`; `depth` blocks are around it.
    fn block(&mut self, schema: &Block, value: &Value, path: &AttributePath, depth: usize) -> Body {
        let mut body = Body::builder();
        // Where nothing of a block is required, all that the service keeps to itself is offered,
        // or else there would be nothing to fill in.
        let nothing_required = schema
            .attributes
            .iter()
            .all(|a| a.presence != Presence::Required);
        for attribute in schema
            .attributes
            .iter()
            .filter(|a| a.presence.is_configurable())
        {
            let path = path.child(attribute.name);
            let known = value
                .get(attribute.name)
                .filter(|v| !v.is_null() && v.is_wholly_known() && !attribute.secret)
                .filter(|v| v.deep_marks().is_none());
            let present = value.get(attribute.name).is_some_and(|v| !v.is_null());
            let offered = attribute.secret || !attribute.returned;
            let expression = match known {
                Some(known) => expression(known, depth),
                None if attribute.presence == Presence::Required
                    || present
                    || (offered && nothing_required) =>
                {
                    let required = present || attribute.presence == Presence::Required;
                    self.variable(attribute, path, required)
                }
                None => continue,
            };
            body = body.add_attribute((attribute.name, expression));
        }
        for nested in &schema.blocks {
            for block in self.nested(nested, value, path, depth) {
                body = body.add_block(block);
            }
        }
        body.build()
    }

    fn nested(
        &mut self,
        nested: &NestedBlock,
        value: &Value,
        path: &AttributePath,
        depth: usize,
    ) -> Vec<hcl::Block> {
        let path = path.child(nested.name);
        let given = value
            .get(nested.name)
            .and_then(Value::elements)
            .unwrap_or_default();
        let nothing = Value::object::<&str>([]);
        let occurrences: Vec<&Value> = if !given.is_empty() {
            given.iter().collect()
        } else if nested.min > 0 || self.is_kind(nested.name) && !nested.block.returned() {
            vec![&nothing; nested.min.max(1)]
        } else {
            Vec::new()
        };
        occurrences
            .into_iter()
            .enumerate()
            .map(|(index, value)| {
                let body = self.block(&nested.block, value, &path.index(index), depth + 1);
                hcl::Block::builder(nested.name)
                    .add_structures(body.into_inner())
                    .build()
            })
            .collect()
    }

    /// Whether a block is the one that belongs to the object's kind: where blocks exclude each
    /// other, an argument of the object says which it is (`connector_type = "SAPOData"` for
    /// `sapo_data`).
    fn is_kind(&self, block: &str) -> bool {
        let plain = |text: &str| text.replace('_', "").to_lowercase();
        let members = self.object.members().into_iter().flatten();
        members
            .filter_map(|(_, value)| value.as_str().filter(|_| !value.is_sensitive()))
            .any(|text| plain(text) == plain(block))
    }

    fn variable(
        &mut self,
        attribute: &Attribute,
        path: AttributePath,
        required: bool,
    ) -> Expression {
        let name = self.name(&path);
        self.wanted.push(Wanted {
            name: name.clone(),
            path,
            ty: attribute.ty.to_string(),
            secret: attribute.secret,
            required,
            doc: attribute.doc,
        });
        let traversal = Traversal::builder(Variable::unchecked("var"))
            .attr(Identifier::unchecked(name))
            .build();
        traversal.into()
    }

    /// A name that is not taken yet: the resource's and the argument's, with as many of the blocks
    /// around it as it needs to be unique.
    fn name(&self, path: &AttributePath) -> String {
        let taken: BTreeSet<&str> = self.wanted.iter().map(|w| w.name.as_str()).collect();
        let names: Vec<&str> = path.names().map(|name| name.as_str()).collect();
        let resource = &self.address.resource.name;
        let candidates = (1..=names.len()).map(|count| {
            let inner = names[names.len() - count..].join("_");
            format!("{resource}_{inner}")
        });
        let numbered = (2..).map(|n| format!("{resource}_{}_{n}", names.join("_")));
        let free = candidates
            .chain(numbered)
            .find(|name| !taken.contains(name.as_str()));
        // The numbers do not end.
        free.unwrap_or_default()
    }
}

/// A known value; `depth` blocks are around it.
fn expression(value: &Value, depth: usize) -> Expression {
    match value.kind() {
        Kind::Null(_) | Kind::Unknown(_) => Expression::Null,
        Kind::Bool(b) => Expression::Bool(*b),
        // The literal itself: hcl-rs holds numbers as 64 bits.
        Kind::Number(number) => raw(&number.to_string()),
        Kind::String(text) => text_expression(text, depth),
        Kind::List(_, elements) | Kind::Set(_, elements) | Kind::Tuple(elements) => {
            array(elements.iter().map(inside).collect())
        }
        Kind::Map(_, members) | Kind::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (object_key(name), inside(value)));
            Expression::Object(members.collect())
        }
    }
}

/// A list, on one line if its elements are simple and few.
fn array(elements: Vec<Expression>) -> Expression {
    use hcl::format::{Format, Formatter};
    let simple = |e: &Expression| !matches!(e, Expression::Object(_) | Expression::Array(_));
    let is_simple = elements.iter().all(simple);
    let array = Expression::Array(elements);
    let mut formatter = Formatter::builder().compact(true).build_vec();
    match array.format_string(&mut formatter) {
        Ok(line) if is_simple && line.len() <= SHORT => raw(&line),
        _ => array,
    }
}

/// A value inside a collection, where text stays on one line.
fn inside(value: &Value) -> Expression {
    match value.kind() {
        Kind::String(text) => match encoded(text) {
            Some(json) => FuncCall::builder("jsonencode").arg(json).build().into(),
            None => string(text),
        },
        _ => expression(value, 0),
    }
}

fn object_key(name: &str) -> ObjectKey {
    if is_identifier(name) {
        ObjectKey::Identifier(Identifier::unchecked(name))
    } else {
        ObjectKey::Expression(string(name))
    }
}

fn text_expression(text: &str, depth: usize) -> Expression {
    if let Some(json) = encoded(text) {
        let call: Expression = FuncCall::builder("jsonencode")
            .arg(json.clone())
            .build()
            .into();
        return match hcl::format::to_string(&call) {
            Ok(line) if line.len() <= SHORT => call,
            // The arguments of a call are written on one line; `layout` puts the name back.
            _ => Expression::Parenthesis(Box::new(json)),
        };
    }
    match heredoc(text, depth) {
        Some(heredoc) => TemplateExpr::Heredoc(heredoc).into(),
        None => string(text),
    }
}

/// What `jsonencode` makes the very same text of.
fn encoded(text: &str) -> Option<Expression> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    as_encoded(&json, text).then(|| json_expression(&json))
}

/// Whether `jsonencode` gives the text back: it sorts keys, leaves out white space and escapes
/// what is special in HTML.
fn as_encoded(json: &serde_json::Value, text: &str) -> bool {
    let mut sorted = json.clone();
    sorted.sort_all_objects();
    let compact = sorted.to_string();
    let escaped = compact
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029");
    escaped == text
}

fn json_expression(json: &serde_json::Value) -> Expression {
    match json {
        serde_json::Value::Null => Expression::Null,
        serde_json::Value::Bool(b) => Expression::Bool(*b),
        serde_json::Value::Number(number) => raw(&number.to_string()),
        serde_json::Value::String(text) => string(text),
        serde_json::Value::Array(elements) => array(elements.iter().map(json_expression).collect()),
        serde_json::Value::Object(members) => Expression::Object(
            members
                .iter()
                .map(|(name, value)| (object_key(name), json_expression(value)))
                .collect(),
        ),
    }
}

/// Text of several lines, indented as the blocks around it; `None` if that would change it.
fn heredoc(text: &str, depth: usize) -> Option<Heredoc> {
    let visible = |c: char| c == '\n' || !crate::style::is_active(c);
    if !is_text(text) || !text.ends_with('\n') || !text.chars().all(visible) {
        return None;
    }
    let mark = Identifier::unchecked(heredoc_mark(&[text]));
    let content = text.replace("${", "$${").replace("%{", "%%{");
    let lines = || content.lines();
    // The indent that is taken away again is the smallest of all lines.
    let indentable =
        lines().all(|line| !line.is_empty()) && lines().any(|line| !line.starts_with([' ', '\t']));
    if !indentable {
        return Some(Heredoc::new(mark, content));
    }
    let indent = " ".repeat(2 * depth);
    let content: String = lines().map(|line| format!("{indent}{line}\n")).collect();
    Some(Heredoc::new(mark, content).with_strip_mode(HeredocStripMode::Indent))
}

/// A quoted string in which nothing acts upon a terminal.
fn string(text: &str) -> Expression {
    let quoted = quote(text);
    let inner = quoted
        .strip_prefix('"')
        .and_then(|q| q.strip_suffix('"'))
        .unwrap_or_default();
    TemplateExpr::QuotedString(inner.to_owned()).into()
}

/// An expression as it is written: a reference, a type or a literal.
fn raw(text: &str) -> Expression {
    Variable::unchecked(text).into()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::samples::{self, CANARY, providers};

    fn generated(text: &str, json: &Json) -> Generated {
        let address = samples::address(text);
        let object = samples::object(&address, json);
        let providers = providers();
        let resource_type = providers
            .resource_type(&address.resource.type_name)
            .unwrap();
        resource(&address, None, &object, resource_type.schema()).unwrap()
    }

    /// What an import finds: everything but what the service keeps to itself.
    fn profile(kind: &str, properties: &Json) -> Json {
        json!({
            "name": "crm",
            "connector_type": kind,
            "connection_mode": "Public",
            "arn": "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/crm",
            "credentials_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
            "connector_profile_config": {"connector_profile_properties": properties},
        })
    }

    fn all() -> Vec<(&'static str, Generated)> {
        let redshift =
            json!({"redshift": {"bucket_name": "b", "role_arn": "arn:aws:iam::1:role/r"}});
        let text = json!({
            "name": "text",
            "amount": 12_345.5,
            "notes": "a ${x}\n  b\nEOT\n",
            "title": "say \"hi\" \u{1b} %{if} \u{202e}\n",
            "names": ["b", "a"],
            "tags": {"env": "dev", "cost center": "1", "コスト": "研究"},
            "document": "{\"a\":[1,2.50,{\"b\":null}],\"c\":\"<\"}",
            "anything": {"json": "[1]", "lines": "a\nb\n", "none": null, "list": []},
            "rules": [{"name": "http", "port": 80}],
            "steps": ["one"],
            "password": "CANARY",
            "tokens": {"a": "CANARY"},
            "label": [{"key": "a", "value": "1"}, {"key": "b"}],
            "listener": {"name": "web", "port": 80},
        });
        let document = json!({
            "name": "document",
            "id": "i",
            "document": "{\"Statement\":[{\"Action\":[\"s3:GetObject\",\"s3:ListBucket\"],\"Effect\":\"Allow\"}],\"Version\":\"2012-10-17\"}",
            "notes": "  all\n  indented\n",
            "title": {"secret": "CANARY"},
        });
        vec![
            (
                "salesforce",
                generated(
                    "aws_appflow_connector_profile.crm",
                    &profile(
                        "Salesforce",
                        &json!({"salesforce": {"instance_url": "https://x.example.com", "is_sandbox_environment": false}}),
                    ),
                ),
            ),
            (
                "redshift",
                generated(
                    "aws_appflow_connector_profile.crm",
                    &profile("Redshift", &redshift),
                ),
            ),
            (
                "custom",
                generated(
                    "aws_appflow_connector_profile.crm",
                    &profile(
                        "CustomConnector",
                        &json!({"custom_connector": {"profile_properties": {"a": "1"}}}),
                    ),
                ),
            ),
            ("text", generated("aws_sample.text", &text)),
            ("document", generated("aws_sample.document[0]", &document)),
            (
                "data",
                generated(
                    "terraform_data.d",
                    &json!({"id": "x", "input": [1, "a"], "output": [1, "a"]}),
                ),
            ),
        ]
    }

    #[test]
    fn objects_become_configuration() {
        for (name, generated) in all() {
            let text = format!("{}\n{}", generated.resource, generated.variables);
            assert!(!text.contains(CANARY) && !text.contains('\u{1b}'), "{text}");
            let _: hcl::Body = hcl::from_str(&text).unwrap();
            insta::assert_snapshot!(format!("hcl_{name}"), text);
        }
    }

    #[test]
    fn nothing_is_left_to_terraform_fmt() {
        if Command::new("terraform").arg("version").output().is_err() {
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped: there is no terraform to compare with").unwrap();
            return;
        }
        for (name, generated) in all() {
            let text = format!("{}\n{}", generated.resource, generated.variables);
            let mut child = Command::new("terraform")
                .args(["fmt", "-no-color", "-"])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            child
                .stdin
                .take()
                .unwrap()
                .write_all(text.as_bytes())
                .unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{name}: {text}");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{name}");
        }
    }

    #[test]
    fn another_provider_configuration_is_named() {
        let address = samples::address("terraform_data.d");
        let object = samples::object(&address, &json!({"input": 1}));
        let providers = providers();
        let schema = providers.resource_type("terraform_data").unwrap().schema();
        let generated = resource(&address, Some("aws.west"), &object, schema).unwrap();
        let expected =
            "resource \"terraform_data\" \"d\" {\n  provider = aws.west\n  input    = 1\n}\n";
        assert_eq!(generated.resource, expected);
        assert_eq!(generated.variables, "");
    }
}
