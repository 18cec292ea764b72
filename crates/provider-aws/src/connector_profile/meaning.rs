//! When two values mean the same to the service although they differ.

use flowctl_model::{AttributePath, Value};

use super::schema::{CONFIG, PROPERTIES};
use crate::arn::Arn;
use crate::imported::PROFILE;
use crate::values::is_blank;

/// Whether two different values at a path of the resource mean the same.
pub(super) fn equivalent(path: &AttributePath, one: &Value, other: &Value) -> bool {
    if !one.is_known() || !other.is_known() {
        return false;
    }
    let mut names = path.names().map(flowctl_model::Text::as_str);
    match (names.next(), names.next()) {
        // It changes with everything else, and alone it says nothing.
        (Some("last_updated_at"), _) => true,
        // Other tools that kept this profile called it by its ARN.
        (Some("id"), _) => is_arn_of(one, other) || is_arn_of(other, one),
        (Some("force_delete"), _) => is_blank(one) && is_blank(other),
        (Some(CONFIG), Some(PROPERTIES)) => match (names.next(), names.last()) {
            (Some("snowflake"), Some("stage")) => same_stage(one, other),
            (Some("sapo_data"), Some("oauth_scopes")) => same_scopes(one, other),
            _ => is_blank(one) && is_blank(other),
        },
        _ => false,
    }
}

fn is_arn_of(arn: &Value, name: &Value) -> bool {
    let arn = arn.as_str().and_then(|arn| Arn::parse(arn).ok());
    matches!((arn, name.as_str()), (Some(arn), Some(name)) if PROFILE.named(&arn) == Some(name))
}

/// The service puts an `@` before the name of a stage.
fn same_stage(one: &Value, other: &Value) -> bool {
    let name = |value: &'_ Value| -> Option<String> {
        let text = value.as_str()?;
        Some(text.strip_prefix('@').unwrap_or(text).to_owned())
    };
    matches!((name(one), name(other)), (Some(one), Some(other)) if one == other)
}

/// Scopes are asked for together; their order says nothing.
fn same_scopes(one: &Value, other: &Value) -> bool {
    let sorted = |value: &'_ Value| -> Option<Vec<String>> {
        let texts = value.elements()?.iter().map(Value::as_str);
        let mut scopes: Vec<_> = texts.map(|t| t.map(str::to_owned)).collect::<Option<_>>()?;
        scopes.sort_unstable();
        Some(scopes)
    };
    matches!((sorted(one), sorted(other)), (Some(one), Some(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use flowctl_model::Type;

    use super::*;

    fn properties(block: &str, leaf: &str) -> AttributePath {
        let config = AttributePath::attribute(CONFIG).index(0);
        let block = config.child(PROPERTIES).index(0).child(block);
        if leaf.is_empty() {
            block
        } else {
            block.index(0).child(leaf)
        }
    }

    fn scopes(texts: &[&str]) -> Value {
        Value::list(
            Type::String,
            texts.iter().map(|t| Value::from(*t)).collect(),
        )
    }

    #[test]
    fn values_that_mean_the_same() {
        let stage = properties("snowflake", "stage");
        let prefix = properties("snowflake", "bucket_prefix");
        let sandbox = properties("salesforce", "is_sandbox_environment");
        let salesforce = properties("salesforce", "");
        let sap = properties("sapo_data", "oauth_properties")
            .index(0)
            .child("oauth_scopes");
        let updated = AttributePath::attribute("last_updated_at");
        let id = AttributePath::attribute("id");
        let created = AttributePath::attribute("created_at");
        let force = AttributePath::attribute("force_delete");
        let null = || Value::null(Type::String);
        let unknown = || Value::unknown(Type::String);
        let block = |value: Value| {
            let object =
                Value::object([("is_sandbox_environment", value), ("instance_url", null())]);
            Value::list(object.ty(), vec![object])
        };
        let none = || Value::list(Type::Any, Vec::new());
        let cases: Vec<(&AttributePath, Value, Value, bool)> = vec![
            (&stage, "@D.S.T".into(), "D.S.T".into(), true),
            (&stage, "D.S.T".into(), "@D.S.T".into(), true),
            (&stage, "@D.S.T".into(), "@D.S.U".into(), false),
            (&stage, "@D.S.T".into(), null(), false),
            (&stage, "@D.S.T".into(), unknown(), false),
            (&sap, scopes(&["a", "b"]), scopes(&["b", "a"]), true),
            (&sap, scopes(&["a", "a"]), scopes(&["a"]), false),
            (&sap, scopes(&["a"]), scopes(&["b"]), false),
            (&sandbox, Value::bool(false), null(), true),
            (&sandbox, Value::bool(true), null(), false),
            (&prefix, "".into(), null(), true),
            (&prefix, "a".into(), null(), false),
            (&salesforce, none(), block(Value::bool(false)), true),
            (&salesforce, none(), block(Value::bool(true)), false),
            (&salesforce, block(unknown()), none(), false),
            (&updated, "1".into(), "2".into(), true),
            (&updated, unknown(), "2".into(), false),
            (
                &id,
                "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/a".into(),
                "a".into(),
                true,
            ),
            (
                &id,
                "arn:aws:appflow:eu-west-1:123456789012:connectorprofile/a".into(),
                "b".into(),
                false,
            ),
            (&created, "1".into(), "2".into(), false),
            (&force, Value::bool(false), null(), true),
            (&force, Value::bool(true), null(), false),
        ];
        for (path, one, other, same) in cases {
            assert_eq!(
                equivalent(path, &one, &other),
                same,
                "{path}: {one:?} {other:?}"
            );
            assert_eq!(
                equivalent(path, &other, &one),
                same,
                "{path}: {other:?} {one:?}"
            );
        }
    }
}
