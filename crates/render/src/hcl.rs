//! Configuration for an object that exists already: the `resource` block for it, and `variable`
//! blocks for what the service keeps to itself.

mod expression;
mod layout;

use std::collections::BTreeSet;

use flowctl_model::{Address, AttributePath, Text, Value};
use flowctl_parser::FileId;
use flowctl_schema::{Attribute, Block, NestedBlock, Presence, Schema, may_be_set};
use hcl::expr::{Traversal, Variable};
use hcl::format::{Format as _, Formatter};
use hcl::{Body, Expression, Identifier};

use self::expression::{expression, raw, string};

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
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the configuration of {address} cannot be written: {reason}")]
pub struct GenerateError {
    address: String,
    reason: String,
}

/// The configuration of which `object` is the outcome. What only the service sets and what is not
/// set is left out; secrets, and whatever must be set and is not known, are variables.
/// `provider` is a provider configuration other than the type's default one, such as `aws.west`;
/// `taken` are names of variables that are there already.
pub fn resource(
    address: &Address,
    provider: Option<&str>,
    object: &Value,
    schema: &Schema,
    taken: &BTreeSet<String>,
) -> Result<Generated, GenerateError> {
    let failed = |reason| GenerateError {
        address: address.to_string(),
        reason,
    };
    let mut writer = Writer {
        address,
        object,
        taken,
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
    let variables: Body = writer.wanted.iter().map(|w| w.block(address)).collect();
    Ok(Generated {
        resource: write(&Body::from_iter([block])).map_err(failed)?,
        variables: write(&variables).map_err(failed)?,
        names: writer.wanted.into_iter().map(|w| w.name).collect(),
    })
}

fn write(body: &Body) -> Result<String, String> {
    let mut formatter = Formatter::builder().prefer_ident_keys(true).build_vec();
    let text = body
        .format_string(&mut formatter)
        .map_err(|error| error.to_string())?;
    // The layout of `terraform fmt` is the formatter's business.
    flowctl_parser::format(FileId(0), &layout::with_calls(&text)).map_err(|diagnostics| {
        let first = diagnostics.into_iter().next();
        first.map_or_else(|| "its syntax is not valid".to_owned(), |d| d.summary)
    })
}

/// Whether what a name begins with, for objects whose name is made up, is that of a name that is
/// there.
fn is_in_name(attribute: &str, prefix: &Value, object: &Value) -> bool {
    let name = attribute.strip_suffix("_prefix");
    let name = name.and_then(|name| object.get(name)?.as_str());
    name.zip(prefix.as_str())
        .is_some_and(|(name, prefix)| name.starts_with(prefix))
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
        let names: Vec<&str> = self.path.names().map(Text::as_str).collect();
        // The innermost block and the argument say which it is.
        let place = names[names.len().saturating_sub(2)..].join(".");
        let doc = self.doc.trim_end_matches('.');
        let description = format!("{doc} ({place} of {address}).");
        let mut block = hcl::Block::builder("variable")
            .add_label(self.name.as_str())
            .add_attribute(("description", string(&description)))
            .add_attribute(("type", raw(&self.ty)));
        // Until it has a value, the object is left as it is.
        block = block.add_attribute(("default", Expression::Null));
        if self.secret {
            block = block.add_attribute(("sensitive", true));
        }
        block.build()
    }
}

struct Writer<'a> {
    address: &'a Address,
    object: &'a Value,
    taken: &'a BTreeSet<String>,
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
            // What the service chose, and nobody may ask for, stays its choice.
            if attribute.presence == Presence::OptionalComputed
                && let Some(chosen) = value.get(attribute.name)
                && (!may_be_set(attribute, chosen) || is_in_name(attribute.name, chosen, value))
            {
                continue;
            }
            let known = value
                .get(attribute.name)
                .filter(|v| !v.is_null() && v.is_wholly_known() && !attribute.secret)
                .filter(|v| v.deep_marks().is_none());
            let present = value.get(attribute.name).is_some_and(|v| !v.is_null());
            // Options of the resource itself that the service does not keep are no part of the object.
            let kept_back = attribute.secret || (!attribute.returned && depth > 1);
            // Of secrets in a block one may stand for another, as tokens do.
            let offered = kept_back && (nothing_required || (attribute.secret && depth > 1));
            let expression = match known {
                Some(known) => expression(known, depth),
                None if attribute.presence == Presence::Required || present || offered => {
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
        let is_taken =
            |name: &str| self.taken.contains(name) || self.wanted.iter().any(|w| w.name == name);
        let names: Vec<&str> = path.names().map(Text::as_str).collect();
        let resource = &self.address.resource.name;
        let candidates = (1..=names.len()).map(|count| {
            let inner = names[names.len() - count..].join("_");
            format!("{resource}_{inner}")
        });
        let numbered = (2..).map(|n| format!("{resource}_{}_{n}", names.join("_")));
        let free = candidates.chain(numbered).find(|name| !is_taken(name));
        // The numbers do not end.
        free.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
