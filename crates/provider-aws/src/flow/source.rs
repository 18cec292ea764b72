//! The table of a flow's source: one block per connector that can be one.

use std::collections::HashMap;

use aws_sdk_appflow::types::{
    ConnectorType, DataTransferApiType, S3InputFileType, SalesforceDataTransferApi,
};

use super::limits::{api_version, document_type, entity, object, profile_name, transfer_name};
use crate::limits::{any, bucket, line, one_of, properties, range};
use crate::structure::{enumerations, structures};

enumerations!(DataTransferApiType S3InputFileType SalesforceDataTransferApi);

structures! {
    SourceFlowConfig "Where the data come from." {
        connector_type connector_type: ConnectorType = Required, shown, one_of(ConnectorType::values()), "The connector.";
        api_version api_version: String = Optional, shown, api_version(), "The version of the connector's API.";
        connector_profile_name connector_profile_name: String = Optional, shown, profile_name(), "The connector profile, for connectors that have profiles.";
    } {
        source_connector_properties source_connector_properties: SourceConnectorProperties = required;
        incremental_pull_config incremental_pull_config: IncrementalPullConfig = optional;
    }
    IncrementalPullConfig "How a scheduled flow recognises what is new." {
        datetime_type_field_name datetime_type_field_name: String = Optional, shown, line(256), "The field with the time of a record.";
    } {}
    SourceConnectorProperties "What to read: exactly the block of `connector_type`." {} {
        amplitude amplitude: AmplitudeSourceProperties = optional;
        custom_connector custom_connector: CustomConnectorSourceProperties = optional;
        datadog datadog: DatadogSourceProperties = optional;
        dynatrace dynatrace: DynatraceSourceProperties = optional;
        google_analytics google_analytics: GoogleAnalyticsSourceProperties = optional;
        infor_nexus infor_nexus: InforNexusSourceProperties = optional;
        marketo marketo: MarketoSourceProperties = optional;
        pardot pardot: PardotSourceProperties = optional;
        s3 s3: S3SourceProperties = optional;
        salesforce salesforce: SalesforceSourceProperties = optional;
        sapo_data sapo_data: SapoDataSourceProperties = optional;
        service_now service_now: ServiceNowSourceProperties = optional;
        singular singular: SingularSourceProperties = optional;
        slack slack: SlackSourceProperties = optional;
        trendmicro trendmicro: TrendmicroSourceProperties = optional;
        veeva veeva: VeevaSourceProperties = optional;
        zendesk zendesk: ZendeskSourceProperties = optional;
    }

    AmplitudeSourceProperties "What to read of Amplitude." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    CustomConnectorSourceProperties "What to read of a connector of your own." {
        entity_name entity_name: String = Required, shown, entity(), "The entity.";
        custom_properties custom_properties via set_custom_properties: HashMap<String, String> = Optional, shown, properties(), "What the connector wants to know, by name.";
    } {
        data_transfer_api data_transfer_api: DataTransferApi = optional;
    }
    DataTransferApi "The API of the connector that transfers the data." {
        name name: String = Optional, shown, transfer_name(), "Its name.";
        type r#type: DataTransferApiType = Optional, shown, one_of(DataTransferApiType::values()), "Whether it answers at once (`SYNC`), later (`ASYNC`), or as the connector chooses (`AUTOMATIC`).";
    } {}
    DatadogSourceProperties "What to read of Datadog." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    DynatraceSourceProperties "What to read of Dynatrace." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    GoogleAnalyticsSourceProperties "What to read of Google Analytics." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    InforNexusSourceProperties "What to read of Infor Nexus." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    MarketoSourceProperties "What to read of Marketo." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    PardotSourceProperties "What to read of Salesforce Pardot." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    S3SourceProperties "What to read of Amazon S3." {
        bucket_name bucket_name: String = Required, shown, bucket(), "The bucket.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of the objects; the service needs one.";
    } {
        s3_input_format_config s3_input_format_config: S3InputFormatConfig = optional;
    }
    S3InputFormatConfig "The format of the objects." {
        s3_input_file_type s3_input_file_type: S3InputFileType = Optional, shown, one_of(S3InputFileType::values()), "The type of the files; `CSV` if not set.";
    } {}
    SalesforceSourceProperties "What to read of Salesforce." {
        object object: String = Required, shown, object(), "The object.";
        enable_dynamic_field_update enable_dynamic_field_update: bool = Optional, shown, any(), "Whether fields that were added to the object lately are read too.";
        include_deleted_records include_deleted_records: bool = Optional, shown, any(), "Whether deleted records are read too.";
        data_transfer_api data_transfer_api: SalesforceDataTransferApi = Optional, shown, one_of(SalesforceDataTransferApi::values()), "Which API of Salesforce transfers the data; `AUTOMATIC` if not set.";
    } {}
    SapoDataSourceProperties "What to read of SAP OData." {
        object_path object_path: String = Required, shown, object(), "The path of the object.";
    } {
        pagination_config pagination_config: SapoDataPaginationConfig = optional;
        parallelism_config parallelism_config: SapoDataParallelismConfig = optional;
    }
    SapoDataPaginationConfig "How much SAP answers with at a time." {
        max_page_size max_page_size: i32 = Required, shown, range(1, 10000), "The most records in a page.";
    } {}
    SapoDataParallelismConfig "How many processes read at the same time." {
        max_page_size max_parallelism: i32 = Required, shown, range(1, 10), "The most processes at the same time; Terraform gave the argument this name.";
    } {}
    ServiceNowSourceProperties "What to read of ServiceNow." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    SingularSourceProperties "What to read of Singular." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    SlackSourceProperties "What to read of Slack." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    TrendmicroSourceProperties "What to read of Trend Micro." {
        object object: String = Required, shown, object(), "The object.";
    } {}
    VeevaSourceProperties "What to read of Veeva." {
        object object: String = Required, shown, object(), "The object.";
        document_type document_type: String = Optional, shown, document_type(), "The type of the documents.";
        include_source_files include_source_files: bool = Optional, shown, any(), "Whether the files of documents are read too.";
        include_renditions include_renditions: bool = Optional, shown, any(), "Whether renditions of documents are read too.";
        include_all_versions include_all_versions: bool = Optional, shown, any(), "Whether all versions of documents are read.";
    } {}
    ZendeskSourceProperties "What to read of Zendesk." {
        object object: String = Required, shown, object(), "The object.";
    } {}
}
