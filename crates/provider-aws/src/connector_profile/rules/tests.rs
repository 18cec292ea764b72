//! One table: a configuration, and what is said about it.

use std::collections::BTreeMap;

use flowctl_model::problem::Severity;
use flowctl_model::{Text, Type, Value};
use flowctl_schema::Block;

use super::check;
use crate::connector_profile::schema::{CONFIG, CREDENTIALS, PROPERTIES, resource};

/// A configuration in few words: `path = text` entries; a path that ends with a block makes the
/// block, `?` is unknown, `true` a truth, `-` removes the block at the path.
fn config(entries: &[&str]) -> Value {
    let schema = resource();
    let mut value = empty(&schema.block);
    for part in [CREDENTIALS, PROPERTIES] {
        value = put(&schema.block, &value, &format!("{CONFIG}.{part}"), None);
    }
    for entry in entries {
        let (path, text) = match entry.split_once(" = ") {
            Some((path, text)) => (path, Some(text)),
            None => (*entry, None),
        };
        let path = path
            .replacen(
                "c.",
                &format!("{CONFIG}.{CREDENTIALS}."),
                usize::from(path.starts_with("c.")),
            )
            .replacen(
                "p.",
                &format!("{CONFIG}.{PROPERTIES}."),
                usize::from(path.starts_with("p.")),
            );
        value = put(&schema.block, &value, &path, text);
    }
    value
}

fn empty(block: &Block) -> Value {
    let attributes = block
        .attributes
        .iter()
        .map(|a| (a.name, Value::null(a.ty.clone())));
    let blocks = block
        .blocks
        .iter()
        .map(|b| (b.name, Value::list(b.block.ty(), Vec::new())));
    Value::object(attributes.chain(blocks))
}

fn put(block: &Block, value: &Value, path: &str, text: Option<&str>) -> Value {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(f, r)| (f, Some(r)));
    let mut members: BTreeMap<Text, Value> = value.members().unwrap().clone();
    let new = match block.nested(first) {
        Some(nested) if rest.is_none() && text == Some("?") => Value::unknown(nested.ty()),
        Some(nested) if rest.is_none() && text == Some("-") => {
            Value::list(nested.block.ty(), Vec::new())
        }
        Some(nested) => {
            let existing = value
                .get(first)
                .and_then(Value::elements)
                .and_then(<[_]>::first);
            let inner = existing.cloned().unwrap_or_else(|| empty(&nested.block));
            let inner = match rest {
                Some(rest) => put(&nested.block, &inner, rest, text),
                None => inner,
            };
            Value::list(nested.block.ty(), vec![inner])
        }
        None => {
            let attribute = block.attribute(first).unwrap_or_else(|| panic!("{first}"));
            match text.unwrap() {
                "?" => Value::unknown(attribute.ty.clone()),
                flag @ ("true" | "false") => Value::bool(flag == "true"),
                text => Value::from(text),
            }
        }
    };
    members.insert(first.into(), new);
    Value::object(members)
}

/// What is said: severity, short path, summary.
fn said(entries: &[&str]) -> Vec<String> {
    let problems = check(&config(entries));
    let say = |p: &flowctl_model::Problem| {
        let mark = if p.severity == Severity::Error {
            "E"
        } else {
            "W"
        };
        let path = p.path.to_string();
        let path = path
            .replace(&format!("{CONFIG}[0].{CREDENTIALS}[0]"), "c")
            .replace(&format!("{CONFIG}[0].{PROPERTIES}[0]"), "p")
            .replace("[0]", "");
        assert!(!p.detail.is_empty() && p.detail.ends_with('.'), "{p:?}");
        assert!(p.severity == Severity::Warning || p.help.is_some(), "{p:?}");
        format!("{mark} {path}: {}", p.summary)
    };
    problems.iter().map(say).collect()
}

#[test]
#[rustfmt::skip]
fn rules_say_what_is_wrong_and_nothing_else() {
    type Case<'a> = (&'a [&'a str], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        // The connector type and its blocks.
        (&["connector_type = Slack", "c.slack.access_token = t", "p.slack"], &[]),
        (&["connector_type = ?", "c.slack.access_token = t", "p.slack"], &[]),
        (&["connector_type = ?", "c.slack", "c.zendesk", "p.slack"], &["E c.zendesk: Credentials of more than one connector"]),
        (&["connector_type = Slack", "c.zendesk.access_token = t", "p.slack"], &["E c.zendesk: Credentials of another connector"]),
        (&["connector_type = Slack", "c.slack.access_token = t", "p.zendesk", "p.slack"], &["E p.zendesk: Properties of another connector"]),
        (&["connector_type = Slack", "p.slack"], &["E c: Missing slack block"]),
        (&["connector_type = Slack", "c.slack.access_token = t"], &["E p: Missing slack block"]),
        (&["connector_type = Slack", "c.slack = ?", "p.slack = ?"], &[]),
        (&["connector_type = Slack", "c.zendesk = ?", "p.slack"], &[]),
        (&["connector_type = Singular", "c.singular.api_key = k"], &[]),
        (&["connector_type = Singular", "c.singular.api_key = k", "p.singular"], &[]),
        (&["connector_type = Googleanalytics", "c.google_analytics.access_token = t"], &[]),
        (&["connector_type = Nonsense", "c.slack", "p.slack"], &[]),
        // Types without profiles.
        (&["connector_type = S3"], &["E connector_type: Connector type without profiles"]),
        (&["connector_type = EventBridge"], &["E connector_type: Connector type without profiles"]),
        (&["connector_type = LookoutMetrics"], &["E connector_type: Connector type without profiles"]),
        (&["connector_type = CustomerProfiles", "c.slack"], &["E connector_type: Connector type without profiles"]),
        (&["connector_type = Upsolver"], &["E connector_type: Connector type without profiles"]),
        // Labels.
        (&["connector_type = Veeva", "connector_label = l", "c.veeva", "p.veeva"], &["E connector_label: Unexpected connector label"]),
        (&["connector_type = ?", "connector_label = l", "c.veeva", "p.veeva"], &[]),
        (&["connector_type = CustomConnector", "c.custom_connector.authentication_type = BASIC", "c.custom_connector.basic"], &["E : Missing required argument"]),
        (&["connector_type = CustomConnector", "connector_label = ?", "c.custom_connector.authentication_type = BASIC", "c.custom_connector.basic"], &[]),
        // Custom connectors.
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = BASIC"], &["E c.custom_connector: Missing basic block"]),
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = APIKEY", "c.custom_connector.api_key", "c.custom_connector.basic"], &["E c.custom_connector.basic: Credentials of another authentication type"]),
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = ?", "c.custom_connector.api_key"], &[]),
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = CUSTOM", "c.custom_connector.custom = ?"], &[]),
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = OAUTH2", "c.custom_connector.oauth2"], &["E c.custom_connector.oauth2: Nothing to sign in with"]),
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = OAUTH2", "c.custom_connector.oauth2.client_id = i", "c.custom_connector.oauth2.client_secret = s"], &[]),
        (&["connector_type = CustomConnector", "connector_label = l", "c.custom_connector.authentication_type = OAUTH2", "c.custom_connector.oauth2.client_id = i", "c.custom_connector.oauth2.client_secret = ?"], &[]),
        // Salesforce.
        (&["connector_type = Salesforce", "c.salesforce"], &["E c.salesforce: Nothing to sign in with"]),
        (&["connector_type = Salesforce", "c.salesforce.access_token = ?"], &[]),
        (&["connector_type = Salesforce", "c.salesforce.refresh_token = t", "p.salesforce"], &[]),
        (&["connector_type = Salesforce", "c.salesforce.oauth_request.auth_code = a"], &["E c.salesforce: Nothing to sign in with"]),
        (&["connector_type = Salesforce", "c.salesforce.oauth_request.auth_code = a", "c.salesforce.oauth_request.redirect_uri = u"], &[]),
        (&["connector_type = Salesforce", "c.salesforce.oauth2_grant_type = AUTHORIZATION_CODE", "c.salesforce.client_credentials_arn = a"], &["E c.salesforce: Nothing to sign in with"]),
        (&["connector_type = Salesforce", "c.salesforce.oauth2_grant_type = JWT_BEARER"], &["E c.salesforce: Missing required argument"]),
        (&["connector_type = Salesforce", "c.salesforce.oauth2_grant_type = JWT_BEARER", "c.salesforce.jwt_token = j"], &[]),
        (&["connector_type = Salesforce", "c.salesforce.oauth2_grant_type = ?"], &[]),
        (&["connector_type = Salesforce", "c.salesforce.oauth2_grant_type = CLIENT_CREDENTIALS", "c.salesforce.client_credentials_arn = a"], &["W c.salesforce.oauth2_grant_type: Grant type not supported for Salesforce"]),
        (&["connector_type = Salesforce", "c.salesforce.oauth2_grant_type = CLIENT_CREDENTIALS"], &["W c.salesforce.oauth2_grant_type: Grant type not supported for Salesforce", "E c.salesforce: Missing required argument"]),
        // Other OAuth connectors.
        (&["connector_type = Googleanalytics", "c.google_analytics"], &["E c.google_analytics: Nothing to sign in with"]),
        (&["connector_type = Honeycode", "c.honeycode.refresh_token = t"], &[]),
        (&["connector_type = Honeycode", "c.honeycode.oauth_request.redirect_uri = u"], &["E c.honeycode: Nothing to sign in with"]),
        (&["connector_type = Marketo", "c.marketo", "p.marketo"], &[]),
        (&["connector_type = Pardot", "c.pardot"], &["E c.pardot: Nothing to sign in with"]),
        (&["connector_type = Zendesk", "c.zendesk", "p.zendesk"], &["E c.zendesk: Nothing to sign in with"]),
        (&["connector_type = Zendesk", "c.zendesk.oauth_request = ?", "p.zendesk"], &[]),
        // SAP.
        (&["connector_type = SAPOData", "c.sapo_data", "p.sapo_data"], &["E c.sapo_data: Missing credentials block"]),
        (&["connector_type = SAPOData", "c.sapo_data.basic_auth_credentials", "p.sapo_data.disable_sso = true"], &[]),
        (&["connector_type = SAPOData", "c.sapo_data.basic_auth_credentials", "c.sapo_data.oauth_credentials.access_token = t", "p.sapo_data"], &["E c.sapo_data.oauth_credentials: Two kinds of credentials"]),
        (&["connector_type = SAPOData", "c.sapo_data.oauth_credentials.access_token = t", "p.sapo_data"], &["E p.sapo_data: Missing oauth_properties block"]),
        (&["connector_type = SAPOData", "c.sapo_data.oauth_credentials.access_token = t", "p.sapo_data.oauth_properties", "p.sapo_data.disable_sso = true"], &["W p.sapo_data.disable_sso: Argument without effect"]),
        (&["connector_type = SAPOData", "c.sapo_data.oauth_credentials", "p.sapo_data.oauth_properties"], &["E c.sapo_data.oauth_credentials: Nothing to sign in with"]),
        // Redshift.
        (&["connector_type = Redshift", "c.redshift.username = u", "c.redshift.password = p", "p.redshift.database_url = jdbc:redshift://h:1/d"], &[]),
        (&["connector_type = Redshift", "c.redshift.username = u", "c.redshift.password = p", "p.redshift.database_url = http://h"], &["E p.redshift.database_url: Invalid value for `database_url`"]),
        (&["connector_type = Redshift", "c.redshift.username = u", "p.redshift.database_url = ?"], &["E c.redshift: Missing required argument"]),
        (&["connector_type = Redshift", "p.redshift.database_url = jdbc:redshift://h:1/d"], &["E c: Missing redshift block"]),
        (&["connector_type = Redshift", "c.redshift.username = u", "c.redshift.password = p", "p.redshift.cluster_identifier = k"], &["E p.redshift: Missing required argument"]),
        (&["connector_type = Redshift", "p.redshift.data_api_role_arn = r", "p.redshift.cluster_identifier = k", "p.redshift.database_name = d"], &[]),
        (&["connector_type = Redshift", "p.redshift.data_api_role_arn = ?"], &[]),
        (&["connector_type = Redshift", "c.redshift", "p.redshift.data_api_role_arn = r", "p.redshift.cluster_identifier = k"], &["E p.redshift: Missing required argument"]),
        (&["connector_type = Redshift", "p.redshift.data_api_role_arn = r", "p.redshift.is_redshift_serverless = true", "p.redshift.workgroup_name = w", "p.redshift.database_name = d"], &[]),
        (&["connector_type = Redshift", "p.redshift.data_api_role_arn = r", "p.redshift.is_redshift_serverless = true", "p.redshift.cluster_identifier = k", "p.redshift.database_name = d"], &["W p.redshift.cluster_identifier: Argument without effect", "E p.redshift: Missing required argument"]),
        (&["connector_type = Redshift", "p.redshift.data_api_role_arn = r", "p.redshift.cluster_identifier = k", "p.redshift.workgroup_name = w", "p.redshift.database_name = d"], &["E p.redshift.workgroup_name: Workgroup without Redshift Serverless"]),
        // Snowflake and ServiceNow.
        (&["connector_type = Snowflake", "c.snowflake.username = u", "p.snowflake"], &["E c.snowflake: Missing password or private key"]),
        (&["connector_type = Snowflake", "c.snowflake.private_key = k", "p.snowflake"], &[]),
        (&["connector_type = Servicenow", "c.service_now.username = u", "p.service_now"], &["E c.service_now: Nothing to sign in with"]),
        (&["connector_type = Servicenow", "c.service_now.username = u", "c.service_now.password = p", "p.service_now"], &[]),
        (&["connector_type = Servicenow", "c.service_now.oauth2.access_token = t", "p.service_now"], &[]),
        (&["connector_type = Servicenow", "c.service_now.oauth2", "p.service_now"], &["E c.service_now.oauth2: Nothing to sign in with"]),
        // Private connections.
        (&["connection_mode = Private", "connector_type = Veeva", "c.veeva", "p.veeva"], &["W connection_mode: Private connection not known to be supported"]),
        (&["connection_mode = Private", "connector_type = Salesforce", "c.salesforce.access_token = t"], &[]),
        (&["connection_mode = Private", "connector_type = Snowflake", "c.snowflake.password = p", "p.snowflake"], &["W p.snowflake: No endpoint service for a private connection"]),
        (&["connection_mode = Private", "connector_type = Snowflake", "c.snowflake.password = p", "p.snowflake.private_link_service_name = ?"], &[]),
    ];
    for (entries, expected) in cases {
        assert_eq!(said(entries), *expected, "{entries:?}");
    }
}

#[test]
fn every_connector_without_profiles_says_what_to_use() {
    for kind in [
        "S3",
        "EventBridge",
        "LookoutMetrics",
        "CustomerProfiles",
        "Upsolver",
    ] {
        let problems = check(&config(&[&format!("connector_type = {kind}")]));
        let help = problems[0].help.as_deref().unwrap();
        assert!(help.starts_with("Remove this resource, and "), "{help}");
        assert!(problems[0].detail.contains(kind));
    }
}

#[test]
fn a_wrong_block_names_the_right_one() {
    let problems = check(&config(&["connector_type = Slack", "c.zendesk", "p.slack"]));
    assert!(
        problems[0]
            .detail
            .contains("takes the block `slack` here, not `zendesk`")
    );
    let help = problems[0].help.as_deref().unwrap();
    assert!(help.contains("`connector_type = \"Zendesk\"`"), "{help}");
}

#[test]
fn nothing_is_said_of_what_is_not_known() {
    let unknown = Value::unknown(Type::Any);
    assert!(check(&unknown).is_empty());
    let schema = resource();
    let members = schema
        .block
        .names()
        .map(|name| (name, Value::unknown(Type::Any)));
    assert!(check(&Value::object(members)).is_empty());
    let broken = Value::object([
        (CONFIG, Value::null(Type::Any)),
        ("connector_type", "Slack".into()),
    ]);
    assert!(check(&broken).is_empty());
}

#[test]
fn no_emptied_part_makes_a_panic() {
    let full = config(&[
        "connector_type = Redshift",
        "c.redshift.username = u",
        "p.redshift.database_url = x",
    ]);
    let mut paths = Vec::new();
    full.visit(&mut |path, _| {
        paths.push(path.clone());
        true
    });
    for path in paths {
        for hole in [
            Value::null(Type::Any),
            Value::unknown(Type::Any),
            Value::tuple(Vec::new()),
            Value::from("x"),
        ] {
            let broken = full.map_at(&mut flowctl_model::AttributePath::root(), &mut |at, _| {
                (*at == path).then(|| hole.clone())
            });
            let _ = check(&broken);
        }
    }
}
