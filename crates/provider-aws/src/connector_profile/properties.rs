//! The table of properties: one block per connector, some of them without any argument.

use std::collections::HashMap;

use aws_sdk_appflow::types::OAuth2GrantType;

use crate::limits::{
    GRANT_TYPES, any, bucket, line, matching, one_of, private_link, properties, range, role,
    scopes, url, word,
};
use crate::structure::structures;

structures! {
    ConnectorProfileProperties "What AppFlow needs to know of the connector: exactly the block of `connector_type`. For a connector without properties, the block or its content may be empty." {} {
        amplitude amplitude: AmplitudeConnectorProfileProperties = optional;
        custom_connector custom_connector: CustomConnectorProfileProperties = optional;
        datadog datadog: DatadogConnectorProfileProperties = optional;
        dynatrace dynatrace: DynatraceConnectorProfileProperties = optional;
        google_analytics google_analytics: GoogleAnalyticsConnectorProfileProperties = optional;
        honeycode honeycode: HoneycodeConnectorProfileProperties = optional;
        infor_nexus infor_nexus: InforNexusConnectorProfileProperties = optional;
        marketo marketo: MarketoConnectorProfileProperties = optional;
        pardot pardot: PardotConnectorProfileProperties = optional;
        redshift redshift: RedshiftConnectorProfileProperties = optional;
        salesforce salesforce: SalesforceConnectorProfileProperties = optional;
        sapo_data sapo_data: SapoDataConnectorProfileProperties = optional;
        service_now service_now: ServiceNowConnectorProfileProperties = optional;
        singular singular: SingularConnectorProfileProperties = optional;
        slack slack: SlackConnectorProfileProperties = optional;
        snowflake snowflake: SnowflakeConnectorProfileProperties = optional;
        trendmicro trendmicro: TrendmicroConnectorProfileProperties = optional;
        veeva veeva: VeevaConnectorProfileProperties = optional;
        zendesk zendesk: ZendeskConnectorProfileProperties = optional;
    }

    AmplitudeConnectorProfileProperties "Amplitude has no properties." {} {}
    GoogleAnalyticsConnectorProfileProperties "Google Analytics has no properties." {} {}
    HoneycodeConnectorProfileProperties "Amazon Honeycode has no properties." {} {}
    SingularConnectorProfileProperties "Singular has no properties." {} {}
    TrendmicroConnectorProfileProperties "Trend Micro has no properties." {} {}

    CustomConnectorProfileProperties "Properties of a connector of your own." {
        profile_properties profile_properties via set_profile_properties: HashMap<String, String> = Optional, shown, properties(), "What the connector wants to know, by name.";
    } {
        oauth2_properties o_auth2_properties: OAuth2Properties = optional;
    }
    OAuth2Properties "How AppFlow obtains tokens for the connector." {
        oauth2_grant_type o_auth2_grant_type: OAuth2GrantType = Required, shown, one_of(GRANT_TYPES), "The OAuth 2.0 grant.";
        token_url token_url: String = Required, shown, url(), "Where tokens are issued.";
        token_url_custom_properties token_url_custom_properties via set_token_url_custom_properties: HashMap<String, String> = Optional, shown, properties(), "What requests for tokens carry in addition, by name.";
    } {}
    DatadogConnectorProfileProperties "Properties of Datadog." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Datadog site is.";
    } {}
    DynatraceConnectorProfileProperties "Properties of Dynatrace." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Dynatrace environment is.";
    } {}
    InforNexusConnectorProfileProperties "Properties of Infor Nexus." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Infor Nexus site is.";
    } {}
    MarketoConnectorProfileProperties "Properties of Marketo." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Marketo instance is.";
    } {}
    PardotConnectorProfileProperties "Properties of Salesforce Pardot." {
        instance_url instance_url: String = Optional, shown, word(256), "Where the Pardot instance is.";
        is_sandbox_environment is_sandbox_environment: bool = Optional, shown, any(), "Whether the instance is a sandbox.";
        business_unit_id business_unit_id: String = Optional, shown, matching(0, 18, r"\S+"), "The business unit in Pardot.";
    } {}
    RedshiftConnectorProfileProperties "Properties of Amazon Redshift: `database_url` for a cluster by JDBC, or `data_api_role_arn` and what names the database for the Data API." {
        bucket_name bucket_name: String = Required, shown, bucket(), "The bucket that data pass through.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of objects in the bucket.";
        cluster_identifier cluster_identifier: String = Optional, shown, word(512), "The cluster, for the Data API.";
        data_api_role_arn data_api_role_arn: String = Optional, shown, role(), "The role that lets AppFlow use the Data API.";
        database_name database_name: String = Optional, shown, word(512), "The database, for the Data API.";
        database_url database_url: String = Optional, shown, word(512), "The JDBC address of the database: `jdbc:redshift://endpoint:port/database`.";
        is_redshift_serverless is_redshift_serverless: bool = Optional, shown, any(), "Whether the database is on Redshift Serverless.";
        role_arn role_arn: String = Required, shown, role(), "The role that lets Redshift read the bucket.";
        workgroup_name workgroup_name: String = Optional, shown, word(512), "The workgroup on Redshift Serverless.";
    } {}
    SalesforceConnectorProfileProperties "Properties of Salesforce." {
        instance_url instance_url: String = Optional, shown, word(256), "Where the Salesforce instance is.";
        is_sandbox_environment is_sandbox_environment: bool = Optional, shown, any(), "Whether the instance is a sandbox.";
        use_privatelink_for_metadata_and_authorization use_private_link_for_metadata_and_authorization: bool = Optional, shown, any(), "Whether metadata and authorization calls go through PrivateLink too, for `connection_mode = \"Private\"`.";
    } {}
    SapoDataConnectorProfileProperties "Properties of SAP OData." {
        application_host_url application_host_url: String = Required, shown, url(), "Where the SAP server is.";
        application_service_path application_service_path: String = Required, shown, word(512), "The path of the catalogue service.";
        client_number client_number: String = Required, shown, matching(3, 3, r"^\d{3}$"), "The SAP client: three digits.";
        disable_sso disable_sso: bool = Optional, shown, any(), "Whether to log in without single sign-on; of use with basic authentication only.";
        logon_language logon_language: String = Optional, shown, matching(0, 2, "^[a-zA-Z0-9_]*$"), "The language of the session.";
        port_number port_number: i32 = Required, shown, range(1, 65535), "The port of the SAP server.";
        private_link_service_name private_link_service_name: String = Optional, shown, private_link(), "The VPC endpoint service, for `connection_mode = \"Private\"`.";
    } {
        oauth_properties o_auth_properties: OAuthProperties = optional;
    }
    OAuthProperties "Where SAP issues authorizations, for `oauth_credentials`." {
        auth_code_url auth_code_url: String = Required, shown, url(), "Where authorization codes are issued.";
        oauth_scopes o_auth_scopes via set_o_auth_scopes: Vec<String> = Required, shown, scopes(), "The scopes to ask for; their order makes no difference.";
        token_url token_url: String = Required, shown, url(), "Where tokens are issued.";
    } {}
    ServiceNowConnectorProfileProperties "Properties of ServiceNow." {
        instance_url instance_url: String = Required, shown, word(256), "Where the ServiceNow instance is.";
    } {}
    SlackConnectorProfileProperties "Properties of Slack." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Slack workspace is.";
    } {}
    SnowflakeConnectorProfileProperties "Properties of Snowflake." {
        account_name account_name: String = Optional, shown, word(512), "The Snowflake account.";
        bucket_name bucket_name: String = Required, shown, bucket(), "The bucket that data pass through.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of objects in the bucket.";
        private_link_service_name private_link_service_name: String = Optional, unread, private_link(), "The VPC endpoint service, for `connection_mode = \"Private\"`.";
        region region: String = Optional, shown, word(64), "The AWS region of the Snowflake account.";
        stage stage: String = Required, shown, word(512), "The external stage, as `Database.Schema.Stage`; a leading `@` makes no difference.";
        warehouse warehouse: String = Required, shown, matching(0, 512, r"[\s\w/!@#+=.-]*"), "The warehouse.";
    } {}
    VeevaConnectorProfileProperties "Properties of Veeva." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Veeva vault is.";
    } {}
    ZendeskConnectorProfileProperties "Properties of Zendesk." {
        instance_url instance_url: String = Required, shown, word(256), "Where the Zendesk site is.";
    } {}

    ConnectorProfileConfig "The connection: what AppFlow needs to know and how it logs in." {} {
        connector_profile_credentials connector_profile_credentials: ConnectorProfileCredentials = required;
        connector_profile_properties connector_profile_properties: ConnectorProfileProperties = required;
    }
}
