//! `aws_kms_key`: all that is decided without a request.

use std::sync::Arc;

use flowctl_model::{AttributePath, Problem, Text, Type, Value};
use flowctl_schema::{
    Attribute, Block, Constraint, PlanRequest, PlannedChange, Presence, ResourceType, Schema,
};

use super::key_objects::KeyObjects;
use crate::registry::ResourceEntry;
use crate::table::{
    boolean, flag, is_set, number, or_default, problem, same_or_blank, same_or_no, string, text,
    timeout_problems, timeouts, with,
};
use crate::{name, policy, tags};

pub(super) const POLICY: &str = "policy";
pub(super) const ENABLED: &str = "is_enabled";
pub(super) const ROTATES: &str = "enable_key_rotation";
pub(super) const PERIOD: &str = "rotation_period_in_days";
pub(super) const USAGE: &str = "key_usage";
pub(super) const SPEC: &str = "customer_master_key_spec";
pub(super) const STORE: &str = "custom_key_store_id";
pub(super) const EXTERNAL: &str = "xks_key_id";
pub(super) const BYPASS: &str = "bypass_policy_lockout_safety_check";
pub(super) const WINDOW: &str = "deletion_window_in_days";
const SYMMETRIC: &str = "SYMMETRIC_DEFAULT";
const ENCRYPT: &str = "ENCRYPT_DECRYPT";

/// What stands in the journal for a key that has no identifier yet, before what its tag says.
pub(super) const NEW: &str = "new-key/";

/// What keys of each spec may be used for.
const USAGES: &[(&str, &[&str])] = &[
    (SYMMETRIC, &[ENCRYPT]),
    ("RSA_2048", RSA),
    ("RSA_3072", RSA),
    ("RSA_4096", RSA),
    ("ECC_NIST_P256", AGREES),
    ("ECC_NIST_P384", AGREES),
    ("ECC_NIST_P521", AGREES),
    ("ECC_NIST_EDWARDS25519", SIGNS),
    ("ECC_SECG_P256K1", SIGNS),
    ("HMAC_224", MAC),
    ("HMAC_256", MAC),
    ("HMAC_384", MAC),
    ("HMAC_512", MAC),
    ("ML_DSA_44", SIGNS),
    ("ML_DSA_65", SIGNS),
    ("ML_DSA_87", SIGNS),
    ("SM2", &[ENCRYPT, "SIGN_VERIFY", "KEY_AGREEMENT"]),
];
const RSA: &[&str] = &[ENCRYPT, "SIGN_VERIFY"];
const AGREES: &[&str] = &["SIGN_VERIFY", "KEY_AGREEMENT"];
const SIGNS: &[&str] = &["SIGN_VERIFY"];
const MAC: &[&str] = &["GENERATE_VERIFY_MAC"];
/// The same specs, for the table.
const SPECS: &[&str] = &[
    SYMMETRIC,
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_NIST_EDWARDS25519",
    "ECC_SECG_P256K1",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "SM2",
];

/// The resource type, for the registry.
pub(super) fn resource() -> ResourceEntry {
    ResourceEntry {
        pure: Arc::new(Key::new()),
        remote: Box::new(|client| Arc::new(KeyObjects::new(Arc::clone(client)))),
    }
}

/// The resource type.
pub(super) struct Key {
    schema: Schema,
}

impl Key {
    pub(super) fn new() -> Self {
        Self { schema: schema() }
    }
}

/// What a creation leaves on its key, so that the key is found if the answer is lost.
pub(super) fn mark(token: &str) -> String {
    name::generated("", token)
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>
fn schema() -> Schema {
    use Presence::{Computed, Optional, OptionalComputed};
    let mut attributes = vec![
        string("arn", Computed, "The ARN."),
        boolean(
            BYPASS,
            Optional,
            "Whether a policy is taken that lets nobody change it any more.",
        )
        .not_returned(),
        string(
            STORE,
            Optional,
            "The custom key store that the key is made in.",
        )
        .constraints(vec![Constraint::Length(1, 64)])
        .replace(),
        string(
            SPEC,
            OptionalComputed,
            "The kind of key; `SYMMETRIC_DEFAULT` if not set.",
        )
        .constraints(vec![Constraint::OneOf(SPECS)])
        .replace(),
        number(
            WINDOW,
            Optional,
            "After how many days a deleted key is gone; 30 if not set.",
        )
        .constraints(vec![Constraint::Range(7, 30)])
        .not_returned(),
        string("description", Optional, "What the key is for.")
            .constraints(vec![Constraint::Length(0, 8192)]),
        boolean(
            ROTATES,
            OptionalComputed,
            "Whether the key's material is renewed by itself; false if not set.",
        ),
        string("id", Computed, "The identifier."),
        boolean(
            ENABLED,
            OptionalComputed,
            "Whether the key may be used; true if not set.",
        ),
        string("key_id", Computed, "The identifier."),
        string(
            USAGE,
            OptionalComputed,
            "What the key is used for; `ENCRYPT_DECRYPT` if not set.",
        )
        .constraints(vec![Constraint::OneOf(&[
            ENCRYPT,
            "SIGN_VERIFY",
            "GENERATE_VERIFY_MAC",
            "KEY_AGREEMENT",
        ])])
        .replace(),
        boolean(
            "multi_region",
            OptionalComputed,
            "Whether the key may have replicas in other regions; false if not set.",
        )
        .replace(),
        string(
            POLICY,
            OptionalComputed,
            "Who may do what with the key, as a JSON policy; the service's own if not set.",
        )
        .constraints(vec![Constraint::Length(1, 32_768)]),
        number(
            PERIOD,
            OptionalComputed,
            "After how many days the key's material is renewed; 365 if not set.",
        )
        .constraints(vec![Constraint::Range(90, 2560)]),
        string(
            EXTERNAL,
            Optional,
            "The key in the external key store that this one stands for.",
        )
        .constraints(vec![Constraint::Length(1, 128)])
        .replace(),
    ];
    attributes.extend(tags::attributes());
    let by_name = |one: &Attribute, other: &Attribute| one.name.cmp(other.name);
    attributes.sort_by(by_name);
    Schema {
        version: 0,
        block: Block {
            attributes,
            blocks: vec![timeouts(&["create"])],
            doc: "A key that services encrypt with. Until its next change a key that flowctl made \
                  has a tag `flowctl:creation`, by which an interrupted run finds it again.",
            ..Block::default()
        },
    }
}

impl ResourceType for Key {
    fn name(&self) -> &'static str {
        "aws_kms_key"
    }

    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn validate(&self, config: &Value) -> Vec<Problem> {
        let document = policy::check(AttributePath::attribute(POLICY), config.get(POLICY));
        document
            .into_iter()
            .chain(uses(config))
            .chain(rotation(config))
            .chain(timeout_problems(config))
            .collect()
    }

    fn equivalent(&self, path: &AttributePath, prior: &Value, proposed: &Value) -> bool {
        match path.names().next().map(Text::as_str) {
            Some(POLICY) => match (prior.as_str(), proposed.as_str()) {
                (Some(one), Some(other)) => policy::equivalent(one, other),
                _ => false,
            },
            Some("description") => same_or_blank(prior, proposed),
            Some(BYPASS | ROTATES | "multi_region") => same_or_no(prior, proposed),
            Some("tags") => tags::are_none(prior, proposed),
            _ => false,
        }
    }

    fn plan(&self, request: PlanRequest<'_>) -> PlannedChange {
        let rotates = or_default(&request, ROTATES, Value::bool(false));
        let period = period(&request, &rotates);
        let members = [
            (SPEC, or_default(&request, SPEC, SYMMETRIC.into())),
            (USAGE, or_default(&request, USAGE, ENCRYPT.into())),
            (ENABLED, or_default(&request, ENABLED, Value::bool(true))),
            (
                "multi_region",
                or_default(&request, "multi_region", Value::bool(false)),
            ),
            (PERIOD, period),
            (ROTATES, rotates),
            ("tags_all", tags::planned(&request)),
        ];
        PlannedChange {
            planned: with(request.proposed, members),
            replace: Vec::new(),
            in_place: Vec::new(),
        }
    }

    fn identity(&self, object: &Value) -> Option<Text> {
        text(object, "key_id").map(Text::from)
    }

    fn identity_with(&self, object: &Value, token: &str) -> Option<Text> {
        let new = || format!("{NEW}{}", mark(token)).into();
        Some(self.identity(object).unwrap_or_else(new))
    }

    fn identity_argument(&self) -> &'static str {
        "key_id"
    }

    fn is_made_with(&self, argument: &str) -> bool {
        !matches!(argument, ENABLED | ROTATES | PERIOD)
    }
}

/// How often the key's material is to be renewed: a key that is not renewed has no period, and the
/// service says that of one that begins to be.
fn period(request: &PlanRequest<'_>, rotates: &Value) -> Value {
    let null = || Value::null(Type::Number);
    let prior = request.prior;
    let default = match rotates.as_bool() {
        Some(false) => null(),
        Some(true) if prior.and_then(|prior| flag(prior, ROTATES)) == Some(true) => {
            let known = prior.and_then(|prior| prior.get(PERIOD));
            known.cloned().unwrap_or_else(null)
        }
        _ => Value::unknown(Type::Number),
    };
    or_default(request, PERIOD, default)
}

/// An error if a key of this spec cannot be used so.
fn uses(config: &Value) -> Option<Problem> {
    let said = |name, default| match config.get(name) {
        Some(value) if !value.is_known() => None,
        Some(value) => Some(value.as_str().unwrap_or(default)),
        None => Some(default),
    };
    let (spec, usage) = (said(SPEC, SYMMETRIC)?, said(USAGE, ENCRYPT)?);
    let (_, usages) = USAGES.iter().find(|(known, _)| *known == spec)?;
    if usages.contains(&usage) {
        return None;
    }
    // What was said is wrong, and not what was left out.
    let argument = if is_set(config, USAGE) { USAGE } else { SPEC };
    let detail = format!(
        "A key with `{SPEC}` = {spec:?} cannot have `{USAGE}` = {usage:?}, but {}.",
        usages
            .iter()
            .map(|usage| format!("{usage:?}"))
            .collect::<Vec<_>>()
            .join(" or ")
    );
    let found = problem(argument, "Invalid use of a key", detail);
    Some(found.with_help("set both arguments so that they fit each other"))
}

/// Errors of keys whose material cannot be renewed.
fn rotation(config: &Value) -> Option<Problem> {
    let rotates = config.get(ROTATES).filter(|rotates| rotates.is_known());
    let rotates = rotates.map(|rotates| rotates.as_bool() == Some(true));
    if is_set(config, EXTERNAL) && !is_set(config, STORE) {
        let detail = format!("`{EXTERNAL}` names a key in the key store that `{STORE}` names.");
        return Some(problem(EXTERNAL, "Missing key store", detail));
    }
    if rotates == Some(false) && is_set(config, PERIOD) {
        let detail = format!("A key that is not rotated has no `{PERIOD}`.");
        let found = problem(PERIOD, "Invalid rotation of a key", detail);
        return Some(found.with_help("set `enable_key_rotation = true`, or remove the period"));
    }
    let asymmetric = text(config, SPEC).is_some_and(|spec| spec != SYMMETRIC);
    let stored = is_set(config, STORE);
    if rotates == Some(true) && (asymmetric || stored) {
        let why = if stored {
            "in a custom key store"
        } else {
            "that is not symmetric"
        };
        let detail = format!("KMS does not rotate a key {why}.");
        let found = problem(ROTATES, "Invalid rotation of a key", detail);
        return Some(found.with_help("remove `enable_key_rotation`"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(members: &[(&'static str, Value)]) -> Value {
        let key = Key::new();
        let attributes = key.schema.block.attributes.iter();
        let null = attributes.map(|a| (a.name, Value::null(a.ty.clone())));
        with(&Value::object(null), members.iter().cloned())
    }

    fn found(members: &[(&'static str, Value)]) -> Vec<String> {
        let problems = Key::new().validate(&key(members)).into_iter();
        problems
            .map(|problem| format!("{}: {}", problem.path, problem.detail))
            .collect()
    }

    #[test]
    fn the_table_has_the_specs_that_there_are_rules_for() {
        let ruled: Vec<_> = USAGES.iter().map(|(spec, _)| *spec).collect();
        assert_eq!(ruled, SPECS);
    }

    #[test]
    fn what_does_not_fit_is_told_where_it_stands() {
        assert!(found(&[]).is_empty());
        assert!(found(&[(SPEC, "RSA_2048".into())]).is_empty());
        assert!(found(&[(SPEC, "HMAC_256".into()), (USAGE, MAC[0].into())]).is_empty());
        assert!(found(&[(SPEC, Value::unknown(Type::String)), (USAGE, MAC[0].into())]).is_empty());
        let both = [(SPEC, "HMAC_256".into()), (USAGE, ENCRYPT.into())];
        assert!(found(&both)[0].starts_with("key_usage: "), "{both:?}");
        assert!(found(&both[..1])[0].starts_with("customer_master_key_spec: "));
        let yes = || Value::bool(true);
        let rotated = [(ROTATES, yes()), (PERIOD, Value::number(90))];
        assert!(found(&rotated).is_empty());
        assert!(found(&rotated[1..])[0].starts_with("rotation_period_in_days: "));
        for odd in [(SPEC, "RSA_2048".into()), (STORE, "cks-1".into())] {
            let found = found(&[odd, (ROTATES, yes())]);
            assert!(
                found[0].starts_with("enable_key_rotation: KMS"),
                "{found:?}"
            );
        }
        assert!(found(&[(EXTERNAL, "1".into())])[0].starts_with("xks_key_id: "));
        assert!(found(&[(POLICY, "{".into())])[0].starts_with("policy: "));
    }

    #[test]
    fn what_is_not_said_has_the_services_defaults() {
        let plan = |prior: Option<&Value>, config: &Value, proposed: &Value| {
            let request = PlanRequest {
                prior,
                config,
                proposed,
                changed: &[],
                provider: None,
            };
            Key::new().plan(request).planned
        };
        let config = key(&[]);
        let made = plan(None, &config, &config);
        assert_eq!(text(&made, SPEC), Some(SYMMETRIC));
        assert_eq!(
            (flag(&made, ENABLED), flag(&made, ROTATES)),
            (Some(true), Some(false))
        );
        assert!(made.get(PERIOD).unwrap().is_null());
        // Rotation begins, goes on, and ends.
        let rotated = key(&[(ROTATES, Value::bool(true))]);
        let begun = plan(Some(&made), &rotated, &rotated);
        assert!(!begun.get(PERIOD).unwrap().is_known());
        let going = with(&begun, [(PERIOD, Value::number(365))]);
        let on = plan(Some(&going), &rotated, &going);
        assert_eq!(on.get(PERIOD), Some(&Value::number(365)));
        assert!(
            plan(Some(&going), &config, &going)
                .get(PERIOD)
                .unwrap()
                .is_null()
        );
    }

    #[test]
    fn a_key_that_is_made_is_found_by_its_mark() {
        let id = Key::new().identity_with(&key(&[]), "token").unwrap();
        assert_eq!(&*id, format!("{NEW}{}", mark("token")));
        let made = key(&[("key_id", "1-2".into())]);
        assert_eq!(
            Key::new().identity_with(&made, "token").as_deref(),
            Some("1-2")
        );
        assert_eq!(Key::new().identity(&key(&[])), None);
    }
}
