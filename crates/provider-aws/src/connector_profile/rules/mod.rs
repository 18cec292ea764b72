//! What must hold between the arguments of a profile, beyond what the table says of each: checked
//! before any request. Nothing is said about what is not known yet.
//!
//! Most rules are rows: which sets of arguments are enough for a block ([`needs`]), and which of
//! several blocks is the right one. The rest is here, one function per connector with a rule of
//! its own.

mod needs;
#[cfg(test)]
mod tests;

use flowctl_model::{AttributePath, Problem, Value};

use super::connectors::{ConnectorKind, connector, type_of};
use super::schema::{CONFIG, CREDENTIALS, PROPERTIES};
use crate::place::{Found, Place};

const MISSING: &str = "Missing required argument";

/// Everything that is wrong across arguments.
pub(super) fn check(config: &Value) -> Vec<Problem> {
    let mut out = Vec::new();
    let root = Place::root(config);
    let kind = match root.text("connector_type") {
        Found::Is(kind) => Some(kind),
        Found::Unset | Found::Unknown => None,
    };
    if let Some(kind) = kind
        && let Some(connector) = connector(kind)
        && let ConnectorKind::Unprofiled(instead) = connector.kind
    {
        let detail = format!("AppFlow uses {kind} without a connector profile.");
        let summary = "Connector type without profiles";
        let path = AttributePath::attribute("connector_type");
        out.push(
            Problem::error(path, summary, detail)
                .with_help(format!("Remove this resource, and {instead}.")),
        );
        return out;
    }
    label(&root, kind, &mut out);
    let Found::Is(config) = root.block(CONFIG) else {
        return out;
    };
    let credentials = config.block(CREDENTIALS);
    let properties = config.block(PROPERTIES);
    mode(&root, kind, &properties, &mut out);
    if let Found::Is(properties) = &properties {
        only_block(
            properties,
            kind,
            "properties",
            properties_needed(kind),
            &mut out,
        );
    }
    if let Found::Is(credentials) = &credentials {
        let needed = kind != Some("Redshift") || !by_data_api(&properties);
        only_block(credentials, kind, "credentials", needed, &mut out);
    }
    let Some(kind) = kind else { return out };
    needs::check(kind, &credentials, &mut out);
    match kind {
        "CustomConnector" => custom(&credentials, &mut out),
        "Redshift" => redshift(&credentials, &properties, &mut out),
        "Salesforce" => salesforce(&credentials, &mut out),
        "SAPOData" => sap(&credentials, &properties, &mut out),
        _ => {}
    }
    out
}

fn label(root: &Place<'_>, kind: Option<&str>, out: &mut Vec<Problem>) {
    const LABEL: &str = "connector_label";
    match (kind, root.argument(LABEL)) {
        (Some("CustomConnector"), Found::Unset) => {
            let detail = "`connector_type = \"CustomConnector\"` needs `connector_label`.";
            out.push(
                Problem::error(root.path.clone(), MISSING, detail).with_help(
                    "Set `connector_label` to the label under which the connector is registered in \
                 this account and region; `aws appflow list-connectors` shows the labels.",
                ),
            );
        }
        (Some(kind), Found::Is(_)) if kind != "CustomConnector" => {
            let detail = format!(
                "`connector_label` is for connectors of your own; `connector_type` is `{kind}`."
            );
            let summary = "Unexpected connector label";
            out.push(
                Problem::error(root.path.child(LABEL), summary, detail).with_help(
                    "Remove `connector_label`, or set `connector_type = \"CustomConnector\"`.",
                ),
            );
        }
        _ => {}
    }
}

/// Private connections are known of a few connectors; the service publishes no list.
fn mode(
    root: &Place<'_>,
    kind: Option<&str>,
    properties: &Found<Place<'_>>,
    out: &mut Vec<Problem>,
) {
    const SERVICE: &str = "private_link_service_name";
    let (Some(kind), Found::Is("Private")) = (kind, root.text("connection_mode")) else {
        return;
    };
    let path = root.path.child("connection_mode");
    let block = match kind {
        "Salesforce" => return,
        "SAPOData" => "sapo_data",
        "Snowflake" => "snowflake",
        _ => {
            let detail = format!(
                "Private connections are known of Salesforce, SAPOData and Snowflake; the service may refuse one to {kind}."
            );
            out.push(Problem::warning(
                path,
                "Private connection not known to be supported",
                detail,
            ));
            return;
        }
    };
    if let Found::Is(properties) = properties
        && let Found::Is(block) = properties.block(block)
        && matches!(block.argument(SERVICE), Found::Unset)
    {
        let detail = format!(
            "A private connection to {kind} goes through a VPC endpoint service, but `{SERVICE}` is not set."
        );
        out.push(
            Problem::warning(
                block.path,
                "No endpoint service for a private connection",
                detail,
            )
            .with_help(format!(
                "Set `{SERVICE} = \"com.amazonaws.vpce.REGION.vpce-svc-ID\"`."
            )),
        );
    }
}

/// Connectors whose properties are all optional may leave the block out: it is sent empty.
fn properties_needed(kind: Option<&str>) -> bool {
    let block = kind.and_then(super::connectors::block_of);
    block.is_some_and(|block| !super::profile::may_be_empty(PROPERTIES, block))
}

/// The one block below credentials or properties must be that of the connector type.
fn only_block(
    parent: &Place<'_>,
    kind: Option<&str>,
    what: &str,
    needed: bool,
    out: &mut Vec<Problem>,
) {
    let right = kind.and_then(super::connectors::block_of);
    let (given, uncertain) = parent.blocks();
    if kind.is_some() && right.is_none() {
        return;
    }
    for (at, name) in given.iter().enumerate() {
        let path = parent.path.child(*name).index(0);
        match (kind, right) {
            (Some(kind), Some(right)) if *name != right => {
                let detail = format!(
                    "`connector_type = \"{kind}\"` takes the block `{right}` here, not `{name}`."
                );
                let help = match type_of(name) {
                    Some(other) if !given.contains(&right) => {
                        format!("Write a block `{right}`, or set `connector_type = \"{other}\"`.")
                    }
                    _ => format!("Remove the block `{name}`."),
                };
                let summary = format!("{what} of another connector");
                out.push(Problem::error(path, capitalized(&summary), detail).with_help(help));
            }
            (None, _) if at > 0 => {
                let detail = format!(
                    "Only the block of the profile's connector type may be here, but both `{}` and `{name}` are.",
                    given[0]
                );
                let summary = format!("{what} of more than one connector");
                let help = "Keep the block of the connector that `connector_type` will name.";
                out.push(Problem::error(path, capitalized(&summary), detail).with_help(help));
            }
            _ => {}
        }
    }
    if let (Some(kind), Some(right)) = (kind, right)
        && given.is_empty()
        && !uncertain
        && needed
    {
        let detail = format!("`connector_type = \"{kind}\"` needs a block `{right}` here.");
        let summary = format!("Missing {right} block");
        out.push(
            Problem::error(parent.path.clone(), summary, detail).with_help(format!(
                "Write `{right} {{ … }}` with the {what} for {kind}."
            )),
        );
    }
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn custom(credentials: &Found<Place<'_>>, out: &mut Vec<Problem>) {
    const BLOCKS: [(&str, &str); 4] = [
        ("OAUTH2", "oauth2"),
        ("APIKEY", "api_key"),
        ("BASIC", "basic"),
        ("CUSTOM", "custom"),
    ];
    let Found::Is(custom) = credentials.block("custom_connector") else {
        return;
    };
    let Found::Is(chosen) = custom.text("authentication_type") else {
        return;
    };
    let Some((_, right)) = BLOCKS.iter().find(|(name, _)| *name == chosen) else {
        return;
    };
    for (kind, block) in BLOCKS {
        match custom.block(block) {
            Found::Unset if kind == chosen => {
                let detail =
                    format!("`authentication_type = \"{chosen}\"` needs a block `{block}` here.");
                let summary = format!("Missing {block} block");
                out.push(
                    Problem::error(custom.path.clone(), summary, detail)
                        .with_help(format!("Write `{block} {{ … }}` with the credentials.")),
                );
            }
            Found::Is(extra) if kind != chosen => {
                let detail = format!(
                    "`authentication_type = \"{chosen}\"` takes the block `{right}`, not `{block}`."
                );
                let help = format!(
                    "Remove the block `{block}`, or set `authentication_type = \"{kind}\"` and remove the others."
                );
                let summary = "Credentials of another authentication type";
                out.push(Problem::error(extra.path, summary, detail).with_help(help));
            }
            _ => {}
        }
    }
}

fn salesforce(credentials: &Found<Place<'_>>, out: &mut Vec<Problem>) {
    let Found::Is(salesforce) = credentials.block("salesforce") else {
        return;
    };
    let grant = match salesforce.text("oauth2_grant_type") {
        Found::Unset => "AUTHORIZATION_CODE",
        Found::Is(grant) => grant,
        Found::Unknown => return,
    };
    match grant {
        "AUTHORIZATION_CODE" => needs::SALESFORCE_CODE.check(&salesforce, out),
        "JWT_BEARER" => needs::SALESFORCE_JWT.check(&salesforce, out),
        "CLIENT_CREDENTIALS" => {
            let path = salesforce.path.child("oauth2_grant_type");
            let detail = "The service's documentation says that CLIENT_CREDENTIALS is not supported for Salesforce; it has been seen to answer 'AuthCode cannot be blank for connector: SALESFORCE'.";
            out.push(
                Problem::warning(path, "Grant type not supported for Salesforce", detail).with_help(
                    "Use AUTHORIZATION_CODE with `access_token` or `refresh_token`, or JWT_BEARER \
                     with `jwt_token`.",
                ),
            );
            needs::SALESFORCE_CLIENT.check(&salesforce, out);
        }
        _ => {}
    }
}

fn sap(credentials: &Found<Place<'_>>, properties: &Found<Place<'_>>, out: &mut Vec<Problem>) {
    const BASIC: &str = "basic_auth_credentials";
    const OAUTH: &str = "oauth_credentials";
    let Found::Is(sap) = credentials.block("sapo_data") else {
        return;
    };
    let properties = properties.block("sapo_data");
    match (sap.block(BASIC), sap.block(OAUTH)) {
        (Found::Unset, Found::Unset) => {
            let detail = format!("SAP OData needs one of the blocks `{BASIC}` and `{OAUTH}` here.");
            out.push(
                Problem::error(sap.path, "Missing credentials block", detail).with_help(format!(
                    "Write `{BASIC} {{ … }}` with user name and password, or `{OAUTH} {{ … }}`."
                )),
            );
        }
        (Found::Is(_), Found::Is(oauth)) => {
            let detail = format!("Only one of the blocks `{BASIC}` and `{OAUTH}` may be here.");
            let summary = "Two kinds of credentials";
            out.push(Problem::error(oauth.path, summary, detail).with_help("Remove one of them."));
        }
        (Found::Unset, Found::Is(_)) => {
            let Found::Is(properties) = properties else {
                return;
            };
            if let Found::Unset = properties.block("oauth_properties") {
                let detail = format!("`{OAUTH}` needs the block `oauth_properties` here.");
                out.push(
                    Problem::error(properties.path.clone(), "Missing oauth_properties block", detail)
                        .with_help("Write `oauth_properties { … }` with `auth_code_url`, `oauth_scopes` and `token_url`."),
                );
            }
            if let Found::Is(true) = properties.flag("disable_sso") {
                let detail = format!(
                    "`disable_sso` is for basic authentication; with `{OAUTH}` the service ignores it."
                );
                let path = properties.path.child("disable_sso");
                out.push(Problem::warning(path, "Argument without effect", detail));
            }
        }
        _ => {}
    }
}

/// Whether Redshift is, or may be, reached by the Data API, which needs no user name.
fn by_data_api(properties: &Found<Place<'_>>) -> bool {
    match properties.block("redshift") {
        Found::Is(redshift) => !matches!(redshift.argument("data_api_role_arn"), Found::Unset),
        Found::Unset => false,
        Found::Unknown => true,
    }
}

fn redshift(credentials: &Found<Place<'_>>, properties: &Found<Place<'_>>, out: &mut Vec<Problem>) {
    const SCHEME: &str = "jdbc:redshift://";
    if !by_data_api(properties)
        && let Found::Is(credentials) = credentials.block("redshift")
    {
        needs::REDSHIFT_LOGIN.check(&credentials, out);
    }
    let Found::Is(redshift) = properties.block("redshift") else {
        return;
    };
    if let Found::Is(url) = redshift.text("database_url")
        && !url.starts_with(SCHEME)
    {
        let detail = format!("`database_url` must start with `{SCHEME}`.");
        out.push(
            Problem::error(
                redshift.path.child("database_url"),
                "Invalid value for `database_url`",
                detail,
            )
            .with_help(format!(
                "Write `database_url = \"{SCHEME}ENDPOINT:PORT/DATABASE\"`."
            )),
        );
    }
    let serverless = redshift.flag("is_redshift_serverless");
    let workgroup = redshift.argument("workgroup_name");
    match (&serverless, &workgroup) {
        (Found::Unset | Found::Is(false), Found::Is(_)) => {
            let detail = "`workgroup_name` names a workgroup of Redshift Serverless, but `is_redshift_serverless` is not true.";
            out.push(
                Problem::error(
                    redshift.path.child("workgroup_name"),
                    "Workgroup without Redshift Serverless",
                    detail,
                )
                .with_help("Set `is_redshift_serverless = true`, or remove `workgroup_name`."),
            );
        }
        (Found::Is(true), _) => {
            if let Found::Is(_) = redshift.argument("cluster_identifier") {
                let detail = "Redshift Serverless has no clusters; with `is_redshift_serverless = true` the service does not use `cluster_identifier`.";
                let path = redshift.path.child("cluster_identifier");
                out.push(Problem::warning(path, "Argument without effect", detail));
            }
        }
        _ => {}
    }
    match redshift.argument("data_api_role_arn") {
        Found::Unknown => {}
        Found::Unset => needs::REDSHIFT_JDBC.check(&redshift, out),
        Found::Is(_) => match serverless {
            Found::Is(true) => needs::REDSHIFT_WORKGROUP.check(&redshift, out),
            Found::Unknown => {}
            _ => needs::REDSHIFT_CLUSTER.check(&redshift, out),
        },
    }
}
