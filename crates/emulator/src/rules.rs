//! What the service demands across members, beyond what the shapes say: which structures belong
//! to a connector type, and what each way of signing in needs.
//!
//! Where the service's own words are known they are used; none of the messages holds a value
//! from the credentials.

mod flow;

use serde_json::Value;

use crate::error::{ErrorKind, ServiceError};
use crate::validate::CREDENTIALS;

pub(crate) use flow::check as check_flow;

/// A connector type that profiles exist for.
struct Connector {
    /// The value of `connectorType`.
    kind: &'static str,
    /// The member of the credentials and properties structures that belongs to it.
    block: &'static str,
    sign_in: SignIn,
}

/// What must be in the credentials beyond the required members.
#[derive(Clone, Copy)]
enum SignIn {
    /// The shape says it all.
    Shape,
    /// An access token, a refresh token or an authorization code with its redirect URI.
    OAuth,
    Salesforce,
    Sap,
    ServiceNow,
    Snowflake,
    Redshift,
    Custom,
}

const fn connector(kind: &'static str, block: &'static str, sign_in: SignIn) -> Connector {
    Connector {
        kind,
        block,
        sign_in,
    }
}

// Marketo's required client id and secret are credentials enough, so the shape says it all.
const CONNECTORS: &[Connector] = &[
    connector("Amplitude", "Amplitude", SignIn::Shape),
    connector("CustomConnector", "CustomConnector", SignIn::Custom),
    connector("Datadog", "Datadog", SignIn::Shape),
    connector("Dynatrace", "Dynatrace", SignIn::Shape),
    connector("Googleanalytics", "GoogleAnalytics", SignIn::OAuth),
    connector("Honeycode", "Honeycode", SignIn::OAuth),
    connector("Infornexus", "InforNexus", SignIn::Shape),
    connector("Marketo", "Marketo", SignIn::Shape),
    connector("Pardot", "Pardot", SignIn::OAuth),
    connector("Redshift", "Redshift", SignIn::Redshift),
    connector("SAPOData", "SAPOData", SignIn::Sap),
    connector("Salesforce", "Salesforce", SignIn::Salesforce),
    connector("Servicenow", "ServiceNow", SignIn::ServiceNow),
    connector("Singular", "Singular", SignIn::Shape),
    connector("Slack", "Slack", SignIn::OAuth),
    connector("Snowflake", "Snowflake", SignIn::Snowflake),
    connector("Trendmicro", "Trendmicro", SignIn::Shape),
    connector("Veeva", "Veeva", SignIn::Shape),
    connector("Zendesk", "Zendesk", SignIn::OAuth),
];

/// The member of the flow structures that belongs to a connector type, for types without
/// profiles too, whose member has the type's own name.
pub(crate) fn block_of(kind: &str) -> &str {
    CONNECTORS
        .iter()
        .find(|c| c.kind == kind)
        .map_or(kind, |c| c.block)
}

/// Whether flows of that connector type name a profile.
pub(crate) fn has_profiles(kind: &str) -> bool {
    CONNECTORS.iter().any(|c| c.kind == kind)
}

/// Checks type and label of a profile that is to be created.
pub(crate) fn check_type(kind: &str, label: Option<&str>) -> Result<(), ServiceError> {
    if !has_profiles(kind) {
        return Err(ServiceError::rule(format!(
            "Connector type {kind} does not use connector profiles"
        )));
    }
    match (kind, label) {
        ("CustomConnector", None) => Err(ServiceError::rule(
            "ConnectorLabel cannot be blank for connector: CUSTOMCONNECTOR",
        )),
        ("CustomConnector", Some(_)) | (_, None) => Ok(()),
        (_, Some(_)) => Err(ServiceError::rule(format!(
            "ConnectorLabel is only allowed for connector: CUSTOMCONNECTOR, not for {}",
            kind.to_uppercase()
        ))),
    }
}

/// Checks a `connectorProfileConfig`, already valid by its shape, against the connector type.
pub(crate) fn check_config(kind: &str, config: &Value) -> Result<(), ServiceError> {
    let Some(connector) = CONNECTORS.iter().find(|c| c.kind == kind) else {
        return check_type(kind, None);
    };
    let properties = only_block(config, "connectorProfileProperties", connector)?;
    // The API does not require credentials, and for a Redshift profile on the Data API there
    // may be none; every other connector signs in with something.
    let by_role =
        matches!(connector.sign_in, SignIn::Redshift) && text(properties, "dataApiRoleArn");
    let none = Value::Null;
    let credentials = if by_role && config.get(CREDENTIALS).is_none() {
        &none
    } else {
        only_block(config, CREDENTIALS, connector)?
    };
    let at = Place {
        kind,
        credentials,
        properties,
    };
    match connector.sign_in {
        SignIn::Shape => Ok(()),
        SignIn::OAuth => at.oauth(credentials),
        SignIn::Salesforce => at.salesforce(),
        SignIn::Sap => at.sap(),
        SignIn::ServiceNow => at.service_now(),
        SignIn::Snowflake => at.either("password", "privateKey"),
        SignIn::Redshift => at.redshift(),
        SignIn::Custom => at.custom(),
    }
}

/// The structure of the connector's own in `config.part`; it must be there, possibly empty, and
/// be the only one.
fn only_block<'a>(
    config: &'a Value,
    part: &str,
    connector: &Connector,
) -> Result<&'a Value, ServiceError> {
    let given = config.get(part).and_then(Value::as_object);
    let block = given.and_then(|given| given.get(connector.block));
    let others = given.map_or(0, serde_json::Map::len) - usize::from(block.is_some());
    match (block, others) {
        (Some(block), 0) => Ok(block),
        (None, 0) => Err(ServiceError::rule(format!(
            "{part}.{} cannot be null for connector: {}",
            connector.block,
            connector.kind.to_uppercase()
        ))),
        (_, _) => Err(ServiceError::rule(format!(
            "{part} must have {} and nothing else for connector: {}",
            connector.block,
            connector.kind.to_uppercase()
        ))),
    }
}

/// Whether that member is a string that is not blank.
fn text(value: &Value, member: &str) -> bool {
    value
        .get(member)
        .and_then(Value::as_str)
        .is_some_and(|text| !text.trim().is_empty())
}

struct Place<'a> {
    kind: &'a str,
    credentials: &'a Value,
    properties: &'a Value,
}

impl Place<'_> {
    fn blank(&self, what: &str) -> ServiceError {
        ServiceError::rule(format!(
            "{what} cannot be blank for connector: {}",
            self.kind.to_uppercase()
        ))
    }

    fn need(&self, present: bool, what: &str) -> Result<(), ServiceError> {
        if present {
            Ok(())
        } else {
            Err(self.blank(what))
        }
    }

    fn oauth(&self, credentials: &Value) -> Result<(), ServiceError> {
        if text(credentials, "accessToken") || text(credentials, "refreshToken") {
            return Ok(());
        }
        let request = credentials.get("oAuthRequest").unwrap_or(&Value::Null);
        self.need(text(request, "authCode"), "AuthCode")?;
        self.need(text(request, "redirectUri"), "RedirectUri")
    }

    fn salesforce(&self) -> Result<(), ServiceError> {
        // CLIENT_CREDENTIALS is in the enumeration but does not sign in: the service asks for
        // a code all the same.
        match self
            .credentials
            .get("oAuth2GrantType")
            .and_then(Value::as_str)
        {
            Some("JWT_BEARER") => self.need(text(self.credentials, "jwtToken"), "JwtToken"),
            _ => self.oauth(self.credentials),
        }
    }

    fn sap(&self) -> Result<(), ServiceError> {
        match (
            self.credentials.get("basicAuthCredentials"),
            self.credentials.get("oAuthCredentials"),
        ) {
            (Some(_), None) => Ok(()),
            (None, Some(oauth)) => {
                self.need(
                    self.properties.get("oAuthProperties").is_some(),
                    "OAuthProperties",
                )?;
                self.oauth(oauth)
            }
            (Some(_), Some(_)) => Err(ServiceError::rule(
                "Only one of BasicAuthCredentials and OAuthCredentials is allowed for connector: \
                 SAPODATA",
            )),
            (None, None) => Err(self.blank("BasicAuthCredentials or OAuthCredentials")),
        }
    }

    fn service_now(&self) -> Result<(), ServiceError> {
        if let Some(oauth) = self.credentials.get("oAuth2Credentials") {
            return self.oauth(oauth);
        }
        self.need(text(self.credentials, "username"), "Username")?;
        self.need(text(self.credentials, "password"), "Password")
    }

    fn either(&self, one: &str, other: &str) -> Result<(), ServiceError> {
        self.need(
            text(self.credentials, one) || text(self.credentials, other),
            &format!("{one} or {other}"),
        )
    }

    fn redshift(&self) -> Result<(), ServiceError> {
        let properties = self.properties;
        if let Some(url) = properties.get("databaseUrl").and_then(Value::as_str) {
            if !url.starts_with("jdbc:redshift://") {
                return Err(ServiceError::rule(
                    "databaseUrl must start with jdbc:redshift:// for connector: REDSHIFT",
                ));
            }
            if !text(properties, "dataApiRoleArn") {
                self.need(text(self.credentials, "username"), "Username")?;
                self.need(text(self.credentials, "password"), "Password")?;
            }
            return Ok(());
        }
        if !text(properties, "dataApiRoleArn") {
            return Err(ServiceError::new(
                ErrorKind::ConnectorServer,
                "dataApiRoleArn cannot be null or empty",
            ));
        }
        let serverless = properties.get("isRedshiftServerless") == Some(&Value::Bool(true));
        let place = if serverless {
            "workgroupName"
        } else {
            "clusterIdentifier"
        };
        self.need(text(properties, place), place)?;
        self.need(text(properties, "databaseName"), "databaseName")
    }

    fn custom(&self) -> Result<(), ServiceError> {
        const BLOCKS: [(&str, &str); 4] = [
            ("OAUTH2", "oauth2"),
            ("APIKEY", "apiKey"),
            ("BASIC", "basic"),
            ("CUSTOM", "custom"),
        ];
        let credentials = self.credentials;
        let kind = credentials
            .get("authenticationType")
            .and_then(Value::as_str);
        for (name, block) in BLOCKS {
            match (kind == Some(name), credentials.get(block).is_some()) {
                (true, false) => {
                    return Err(ServiceError::rule(format!(
                        "{block} credentials cannot be null for authentication type {name}"
                    )));
                }
                (false, true) => {
                    return Err(ServiceError::rule(format!(
                        "{block} credentials are not those of authentication type {}",
                        kind.unwrap_or_default()
                    )));
                }
                (true, true) | (false, false) => {}
            }
        }
        match credentials.get("oauth2") {
            Some(oauth) if !(text(oauth, "clientId") && text(oauth, "clientSecret")) => {
                self.oauth(oauth)
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::SERVICE;
    use serde_json::json;

    fn check(kind: &str, credentials: &Value, properties: &Value) -> String {
        let block = block_of(kind);
        let config = json!({
            "connectorProfileCredentials": {block: credentials},
            "connectorProfileProperties": {block: properties},
        });
        check_config(kind, &config).map_or_else(|error| error.message, |()| "ok".to_owned())
    }

    #[test]
    fn the_table_agrees_with_the_model() {
        let mut blocks: Vec<&str> = CONNECTORS.iter().map(|c| c.block).collect();
        blocks.sort_unstable();
        for shape in ["ConnectorProfileCredentials", "ConnectorProfileProperties"] {
            let mut members: Vec<&str> = SERVICE.members(shape).collect();
            members.sort_unstable();
            assert_eq!(members, blocks);
        }
    }

    #[test]
    fn ways_to_sign_in() {
        let jdbc = json!({"databaseUrl": "jdbc:redshift://h/d"});
        let blank = "Validation exception: AuthCode cannot be blank for connector: SALESFORCE";
        let cases = [
            ("Salesforce", json!({}), json!({}), blank),
            (
                "Salesforce",
                json!({"clientCredentialsArn": "arn", "oAuth2GrantType": "CLIENT_CREDENTIALS"}),
                json!({}),
                blank,
            ),
            ("Salesforce", json!({"accessToken": "t"}), json!({}), "ok"),
            ("Salesforce", json!({"refreshToken": "t"}), json!({}), "ok"),
            (
                "Salesforce",
                json!({"oAuthRequest": {"authCode": "c", "redirectUri": "u"}}),
                json!({}),
                "ok",
            ),
            (
                "Salesforce",
                json!({"oAuthRequest": {"authCode": "c"}}),
                json!({}),
                "Validation exception: RedirectUri cannot be blank for connector: SALESFORCE",
            ),
            (
                "Salesforce",
                json!({"oAuth2GrantType": "JWT_BEARER"}),
                json!({}),
                "Validation exception: JwtToken cannot be blank for connector: SALESFORCE",
            ),
            (
                "Slack",
                json!({}),
                json!({}),
                "Validation exception: AuthCode cannot be blank for connector: SLACK",
            ),
            ("Marketo", json!({}), json!({}), "ok"),
            (
                "Snowflake",
                json!({"username": "u"}),
                json!({}),
                "Validation exception: password or privateKey cannot be blank for connector: SNOWFLAKE",
            ),
            (
                "Servicenow",
                json!({"username": "u", "password": "p"}),
                json!({}),
                "ok",
            ),
            (
                "Servicenow",
                json!({"oAuth2Credentials": {"accessToken": "t"}}),
                json!({}),
                "ok",
            ),
            (
                "SAPOData",
                json!({}),
                json!({}),
                "Validation exception: BasicAuthCredentials or OAuthCredentials cannot be blank for connector: SAPODATA",
            ),
            (
                "SAPOData",
                json!({"oAuthCredentials": {"accessToken": "t"}}),
                json!({}),
                "Validation exception: OAuthProperties cannot be blank for connector: SAPODATA",
            ),
            (
                "Redshift",
                json!({"username": "u", "password": "p"}),
                jdbc.clone(),
                "ok",
            ),
            (
                "Redshift",
                json!({}),
                jdbc,
                "Validation exception: Username cannot be blank for connector: REDSHIFT",
            ),
            (
                "Redshift",
                json!({}),
                json!({}),
                "dataApiRoleArn cannot be null or empty",
            ),
            (
                "Redshift",
                json!({}),
                json!({"dataApiRoleArn": "r", "databaseName": "d", "isRedshiftServerless": true, "workgroupName": "w"}),
                "ok",
            ),
            (
                "Redshift",
                json!({}),
                json!({"dataApiRoleArn": "r", "databaseName": "d"}),
                "Validation exception: clusterIdentifier cannot be blank for connector: REDSHIFT",
            ),
            (
                "CustomConnector",
                json!({"authenticationType": "BASIC", "basic": {}}),
                json!({}),
                "ok",
            ),
            (
                "CustomConnector",
                json!({"authenticationType": "APIKEY", "basic": {}}),
                json!({}),
                "Validation exception: apiKey credentials cannot be null for authentication type APIKEY",
            ),
            (
                "CustomConnector",
                json!({"authenticationType": "OAUTH2", "oauth2": {"clientId": "i", "clientSecret": "s"}}),
                json!({}),
                "ok",
            ),
            (
                "CustomConnector",
                json!({"authenticationType": "OAUTH2", "oauth2": {}}),
                json!({}),
                "Validation exception: AuthCode cannot be blank for connector: CUSTOMCONNECTOR",
            ),
        ];
        for (kind, credentials, properties, expected) in cases {
            assert_eq!(
                check(kind, &credentials, &properties),
                expected,
                "{kind} {credentials}"
            );
        }
    }

    #[test]
    fn the_blocks_are_those_of_the_type() {
        let with = |credentials: Value, properties: Value| {
            let config = json!({"connectorProfileCredentials": credentials, "connectorProfileProperties": properties});
            check_config("Singular", &config)
                .map_or_else(|error| error.message, |()| "ok".to_owned())
        };
        let key = json!({"Singular": {"apiKey": "k"}});
        assert_eq!(with(key.clone(), json!({"Singular": {}})), "ok");
        assert!(
            with(key.clone(), json!({}))
                .contains("connectorProfileProperties.Singular cannot be null")
        );
        assert!(
            with(json!({}), json!({"Singular": {}}))
                .contains("connectorProfileCredentials.Singular")
        );
        assert!(with(key, json!({"Singular": {}, "Slack": {}})).contains("and nothing else"));
        assert!(check_type("S3", None).is_err());
        assert!(check_type("CustomConnector", None).is_err());
        assert!(check_type("Slack", Some("x")).is_err());
    }
}
