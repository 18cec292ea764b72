//! Which sets of arguments are enough to sign in, or to find a database.

use flowctl_model::Problem;

use crate::place::{Found, Place};

/// A block needs at least one of several sets of arguments, whole.
pub(super) struct Needs {
    /// The sets: dotted paths from the block.
    any_of: &'static [&'static [&'static str]],
    summary: &'static str,
    detail: &'static str,
    help: &'static str,
}

/// A token, or what the service exchanges for one.
const TOKENS: &[&[&str]] = &[
    &["access_token"],
    &["refresh_token"],
    &["oauth_request.auth_code", "oauth_request.redirect_uri"],
];
const NO_TOKEN: &str = "Nothing to sign in with";
const TOKEN_HELP: &str = "Set `access_token` or `refresh_token`, or write `oauth_request { … }` with both `auth_code` and `redirect_uri`.";

const OAUTH: Needs = Needs {
    any_of: TOKENS,
    summary: NO_TOKEN,
    detail: "The connector signs in by OAuth, but there is neither a token nor an authorization code with its redirect URI; the service would answer that AuthCode cannot be blank.",
    help: TOKEN_HELP,
};
/// As [`OAUTH`], for blocks that have no `refresh_token`.
const OAUTH_WITHOUT_REFRESH: Needs = Needs {
    help: "Set `access_token`, or write `oauth_request { … }` with both `auth_code` and `redirect_uri`.",
    ..OAUTH
};
const CUSTOM_OAUTH: Needs = Needs {
    any_of: &[
        &["access_token"],
        &["refresh_token"],
        &["oauth_request.auth_code", "oauth_request.redirect_uri"],
        &["client_id", "client_secret"],
    ],
    summary: NO_TOKEN,
    detail: "The block has neither a token, nor an authorization code with its redirect URI, nor a client's id and secret.",
    help: "Set `client_id` and `client_secret`, or `access_token`, or `refresh_token`, or write `oauth_request { … }` with both `auth_code` and `redirect_uri`.",
};
const SNOWFLAKE: Needs = Needs {
    any_of: &[&["password"], &["private_key"]],
    summary: "Missing password or private key",
    detail: "Snowflake needs `password` or `private_key`.",
    help: "Set `password`, or `private_key` for key-pair authentication.",
};
const SERVICE_NOW: Needs = Needs {
    any_of: &[&["username", "password"], &["oauth2"]],
    summary: NO_TOKEN,
    detail: "ServiceNow needs both `username` and `password`, or the block `oauth2`.",
    help: "Set `username` and `password`, or write `oauth2 { … }`.",
};
pub(super) const SALESFORCE_CODE: Needs = Needs {
    any_of: TOKENS,
    summary: NO_TOKEN,
    detail: "The grant type AUTHORIZATION_CODE, which is taken if `oauth2_grant_type` is not set, needs a token or an authorization code with its redirect URI; the service would answer 'AuthCode cannot be blank for connector: SALESFORCE'.",
    help: TOKEN_HELP,
};
pub(super) const SALESFORCE_JWT: Needs = Needs {
    any_of: &[&["jwt_token"]],
    summary: super::MISSING,
    detail: "The grant type JWT_BEARER needs `jwt_token`.",
    help: "Set `jwt_token`.",
};
pub(super) const SALESFORCE_CLIENT: Needs = Needs {
    any_of: &[
        &["client_credentials_arn"],
        &["access_token"],
        &["refresh_token"],
        &["oauth_request.auth_code", "oauth_request.redirect_uri"],
    ],
    summary: super::MISSING,
    detail: "The grant type CLIENT_CREDENTIALS needs `client_credentials_arn`.",
    help: "Set `client_credentials_arn` to the ARN of the secret with the client's id and secret.",
};
pub(super) const REDSHIFT_LOGIN: Needs = Needs {
    any_of: &[&["username", "password"]],
    summary: super::MISSING,
    detail: "Redshift by JDBC needs both `username` and `password`.",
    help: "Set both, or use the Data API: `data_api_role_arn` in the properties.",
};
pub(super) const REDSHIFT_JDBC: Needs = Needs {
    any_of: &[&["database_url"]],
    summary: super::MISSING,
    detail: "Redshift needs `database_url` to be reached by JDBC, or `data_api_role_arn` to be reached by the Data API.",
    help: "Set `database_url = \"jdbc:redshift://ENDPOINT:PORT/DATABASE\"`, or `data_api_role_arn`, `cluster_identifier` and `database_name`.",
};
pub(super) const REDSHIFT_CLUSTER: Needs = Needs {
    any_of: &[&["cluster_identifier", "database_name"]],
    summary: super::MISSING,
    detail: "The Data API (`data_api_role_arn`) needs both `cluster_identifier` and `database_name`.",
    help: "Set both; on Redshift Serverless set `is_redshift_serverless = true` and `workgroup_name` instead of `cluster_identifier`.",
};
pub(super) const REDSHIFT_WORKGROUP: Needs = Needs {
    any_of: &[&["workgroup_name", "database_name"]],
    summary: super::MISSING,
    detail: "The Data API (`data_api_role_arn`) on Redshift Serverless needs both `workgroup_name` and `database_name`.",
    help: "Set both.",
};

/// Which rule holds for which block of the credentials of a connector type. Marketo is not here:
/// the client's id and secret, which the table requires, are enough to sign in with.
const RULES: &[(&str, &[&str], Needs)] = &[
    ("Googleanalytics", &["google_analytics"], OAUTH),
    ("Honeycode", &["honeycode"], OAUTH),
    ("Pardot", &["pardot"], OAUTH),
    ("SAPOData", &["sapo_data", "oauth_credentials"], OAUTH),
    ("Servicenow", &["service_now"], SERVICE_NOW),
    ("Servicenow", &["service_now", "oauth2"], OAUTH),
    ("Slack", &["slack"], OAUTH_WITHOUT_REFRESH),
    ("Snowflake", &["snowflake"], SNOWFLAKE),
    ("Zendesk", &["zendesk"], OAUTH_WITHOUT_REFRESH),
    (
        "CustomConnector",
        &["custom_connector", "oauth2"],
        CUSTOM_OAUTH,
    ),
];

/// Checks the rules of a connector type.
pub(super) fn check(kind: &str, credentials: &Found<Place<'_>>, out: &mut Vec<Problem>) {
    for (_, blocks, needs) in RULES.iter().filter(|(name, _, _)| *name == kind) {
        let place = blocks
            .iter()
            .fold(credentials.clone(), |place, block| place.block(block));
        if let Found::Is(place) = place {
            needs.check(&place, out);
        }
    }
}

impl Needs {
    /// Says what is missing, unless what is not known yet may be what is missing.
    pub(super) fn check(&self, place: &Place<'_>, out: &mut Vec<Problem>) {
        let hopeless = self.any_of.iter().all(|set| {
            set.iter()
                .any(|argument| matches!(place.has(argument), Found::Unset))
        });
        if hopeless {
            let problem = Problem::error(place.path.clone(), self.summary, self.detail);
            out.push(problem.with_help(self.help));
        }
    }
}
