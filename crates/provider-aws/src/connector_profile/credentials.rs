//! The table of credentials: one block per connector.
//!
//! The service never returns any of this. Every leaf is a secret but for the few that a reviewer
//! needs to see: user names, client ids, kinds of authentication, redirect addresses and the ARN
//! of a secret kept elsewhere.

use std::collections::HashMap;

use aws_sdk_appflow::types::{AuthenticationType, OAuth2GrantType};

use crate::limits::{
    AUTHENTICATION_TYPES, GRANT_TYPES, code_verifier, jwt, line, matching, one_of, properties,
    secret_arn, word,
};
use crate::structure::structures;

structures! {
    ConnectorProfileCredentials "How AppFlow logs in to the connector: exactly the block of `connector_type`." {} {
        amplitude amplitude: AmplitudeConnectorProfileCredentials = optional;
        custom_connector custom_connector: CustomConnectorProfileCredentials = optional;
        datadog datadog: DatadogConnectorProfileCredentials = optional;
        dynatrace dynatrace: DynatraceConnectorProfileCredentials = optional;
        google_analytics google_analytics: GoogleAnalyticsConnectorProfileCredentials = optional;
        honeycode honeycode: HoneycodeConnectorProfileCredentials = optional;
        infor_nexus infor_nexus: InforNexusConnectorProfileCredentials = optional;
        marketo marketo: MarketoConnectorProfileCredentials = optional;
        pardot pardot: PardotConnectorProfileCredentials = optional;
        redshift redshift: RedshiftConnectorProfileCredentials = optional;
        salesforce salesforce: SalesforceConnectorProfileCredentials = optional;
        sapo_data sapo_data: SapoDataConnectorProfileCredentials = optional;
        service_now service_now: ServiceNowConnectorProfileCredentials = optional;
        singular singular: SingularConnectorProfileCredentials = optional;
        slack slack: SlackConnectorProfileCredentials = optional;
        snowflake snowflake: SnowflakeConnectorProfileCredentials = optional;
        trendmicro trendmicro: TrendmicroConnectorProfileCredentials = optional;
        veeva veeva: VeevaConnectorProfileCredentials = optional;
        zendesk zendesk: ZendeskConnectorProfileCredentials = optional;
    }

    // What several connectors share.

    ConnectorOAuthRequest "The result of an OAuth authorization, which AppFlow exchanges for tokens." {
        auth_code auth_code: String = Optional, secret, word(4096), "The code that the connector issued when the authorization was granted.";
        redirect_uri redirect_uri: String = Optional, unread, word(512), "Where the connector sent the browser with the code.";
        code_verifier code_verifier: String = Optional, secret, code_verifier(), "The verifier that belongs to the code (PKCE).";
    } {}
    BasicAuthCredentials "A user name and a password." {
        username username: String = Required, unread, word(512), "The name to log in with.";
        password password: String = Required, secret, line(512), "The password that belongs to the name.";
    } {}
    OAuth2Credentials "Tokens, or what AppFlow needs to obtain them." {
        client_id client_id: String = Optional, unread, word(512), "The identifier of the OAuth client.";
        client_secret client_secret: String = Optional, secret, word(512), "The secret of the OAuth client.";
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
        refresh_token refresh_token: String = Optional, secret, word(4096), "The token that renews the access token.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    OAuthCredentials "Tokens of an OAuth client, or what AppFlow needs to obtain them." {
        client_id client_id: String = Required, unread, word(512), "The identifier of the OAuth client.";
        client_secret client_secret: String = Required, secret, word(512), "The secret of the OAuth client.";
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
        refresh_token refresh_token: String = Optional, secret, word(4096), "The token that renews the access token.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }

    // One per connector.

    AmplitudeConnectorProfileCredentials "Credentials for Amplitude." {
        api_key api_key: String = Required, secret, word(256), "The key of the API.";
        secret_key secret_key: String = Required, secret, word(256), "The secret that belongs to the key.";
    } {}
    CustomConnectorProfileCredentials "Credentials for a connector of your own." {
        authentication_type authentication_type: AuthenticationType = Required, unread, one_of(AUTHENTICATION_TYPES), "Which of the blocks `api_key`, `basic`, `custom` and `oauth2` holds the credentials.";
    } {
        api_key api_key: ApiKeyCredentials = optional;
        basic basic: BasicAuthCredentials = optional;
        custom custom: CustomAuthCredentials = optional;
        oauth2 oauth2: OAuth2Credentials = optional;
    }
    ApiKeyCredentials "A key, for `authentication_type = \"APIKEY\"`." {
        api_key api_key: String = Required, secret, word(256), "The key of the API.";
        api_secret_key api_secret_key: String = Optional, secret, word(256), "The secret that belongs to the key.";
    } {}
    CustomAuthCredentials "Credentials of a kind that the connector defines, for `authentication_type = \"CUSTOM\"`." {
        custom_authentication_type custom_authentication_type: String = Required, unread, word(256), "The kind of authentication, as the connector names it.";
        credentials_map credentials_map via set_credentials_map: HashMap<String, String> = Optional, secret, properties(), "The credentials by name.";
    } {}
    DatadogConnectorProfileCredentials "Credentials for Datadog." {
        api_key api_key: String = Required, secret, word(256), "The key of the API.";
        application_key application_key: String = Required, secret, word(512), "The key that gives programs access.";
    } {}
    DynatraceConnectorProfileCredentials "Credentials for Dynatrace." {
        api_token api_token: String = Required, secret, word(256), "The token of the API.";
    } {}
    GoogleAnalyticsConnectorProfileCredentials "Credentials for Google Analytics." {
        client_id client_id: String = Required, unread, word(512), "The identifier of the OAuth client.";
        client_secret client_secret: String = Required, secret, word(512), "The secret of the OAuth client.";
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
        refresh_token refresh_token: String = Optional, secret, word(4096), "The token that renews the access token.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    HoneycodeConnectorProfileCredentials "Credentials for Amazon Honeycode." {
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
        refresh_token refresh_token: String = Optional, secret, word(4096), "The token that renews the access token.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    InforNexusConnectorProfileCredentials "Credentials for Infor Nexus." {
        access_key_id access_key_id: String = Required, secret, word(256), "The identifier of the access key.";
        user_id user_id: String = Required, unread, word(512), "The identifier of the user.";
        secret_access_key secret_access_key: String = Required, secret, word(512), "The key that signs requests.";
        datakey datakey: String = Required, secret, word(512), "The key that encrypts data.";
    } {}
    MarketoConnectorProfileCredentials "Credentials for Marketo." {
        client_id client_id: String = Required, unread, word(512), "The identifier of the OAuth client.";
        client_secret client_secret: String = Required, secret, word(512), "The secret of the OAuth client.";
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    PardotConnectorProfileCredentials "Credentials for Salesforce Pardot." {
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
        refresh_token refresh_token: String = Optional, secret, word(4096), "The token that renews the access token.";
        client_credentials_arn client_credentials_arn: String = Optional, unread, secret_arn(), "The Secrets Manager secret with the client's id and secret; its policy must let AppFlow read it.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    RedshiftConnectorProfileCredentials "Credentials for Amazon Redshift; not needed with the Data API." {
        username username: String = Optional, unread, line(2048), "The database user.";
        password password: String = Optional, secret, line(512), "The password of the database user.";
    } {}
    SalesforceConnectorProfileCredentials "Credentials for Salesforce." {
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
        client_credentials_arn client_credentials_arn: String = Optional, unread, secret_arn(), "The Secrets Manager secret with the client's id and secret; its policy must let AppFlow read it.";
        jwt_token jwt_token: String = Optional, secret, jwt(), "The JSON web token that is exchanged for an access token.";
        oauth2_grant_type o_auth2_grant_type: OAuth2GrantType = Optional, unread, one_of(GRANT_TYPES), "How AppFlow obtains tokens; `AUTHORIZATION_CODE` if not set.";
        refresh_token refresh_token: String = Optional, secret, word(4096), "The token that renews the access token.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    SapoDataConnectorProfileCredentials "Credentials for SAP OData: one of the two blocks." {} {
        basic_auth_credentials basic_auth_credentials: BasicAuthCredentials = optional;
        oauth_credentials o_auth_credentials: OAuthCredentials = optional;
    }
    ServiceNowConnectorProfileCredentials "Credentials for ServiceNow: user name and password, or `oauth2`." {
        username username: String = Optional, unread, word(512), "The name to log in with.";
        password password: String = Optional, secret, line(512), "The password that belongs to the name.";
    } {
        oauth2 o_auth2_credentials: OAuth2Credentials = optional;
    }
    SingularConnectorProfileCredentials "Credentials for Singular." {
        api_key api_key: String = Required, secret, word(256), "The key of the API.";
    } {}
    SlackConnectorProfileCredentials "Credentials for Slack." {
        client_id client_id: String = Required, unread, word(512), "The identifier of the OAuth client.";
        client_secret client_secret: String = Required, secret, word(512), "The secret of the OAuth client.";
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
    SnowflakeConnectorProfileCredentials "Credentials for Snowflake: a password or a private key." {
        username username: String = Required, unread, word(512), "The name to log in with.";
        password password: String = Optional, secret, line(512), "The password that belongs to the name.";
        private_key private_key: String = Optional, secret, matching(1, 8192, ".*"), "The private key of key-pair authentication, on one line.";
    } {}
    TrendmicroConnectorProfileCredentials "Credentials for Trend Micro." {
        api_secret_key api_secret_key: String = Required, secret, word(256), "The secret key of the API.";
    } {}
    VeevaConnectorProfileCredentials "Credentials for Veeva." {
        username username: String = Required, unread, word(512), "The name to log in with.";
        password password: String = Required, secret, line(512), "The password that belongs to the name.";
    } {}
    ZendeskConnectorProfileCredentials "Credentials for Zendesk." {
        client_id client_id: String = Required, unread, word(512), "The identifier of the OAuth client.";
        client_secret client_secret: String = Required, secret, word(512), "The secret of the OAuth client.";
        access_token access_token: String = Optional, secret, word(4096), "The token that requests carry.";
    } {
        oauth_request o_auth_request: ConnectorOAuthRequest = optional;
    }
}
