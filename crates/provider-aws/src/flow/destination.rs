//! The table of a flow's destinations: one block per connector that can be one.

use std::collections::HashMap;

use aws_sdk_appflow::types::{
    AggregationType, ConnectorType, FileType, PathPrefix, PrefixFormat, PrefixType,
    SalesforceDataTransferApi, WriteOperationType,
};

use super::limits::{
    any_of, api_version, domain, entity, fields, object, object_type, profile_name, upsolver_bucket,
};
use crate::limits::{any, bucket, line, one_of, properties};
use crate::structure::{enumerations, structures};

enumerations!(AggregationType FileType PathPrefix PrefixFormat PrefixType WriteOperationType);

structures! {
    DestinationFlowConfig "Where the data go." {
        connector_type connector_type: ConnectorType = Required, shown, one_of(ConnectorType::values()), "The connector.";
        api_version api_version: String = Optional, shown, api_version(), "The version of the connector's API.";
        connector_profile_name connector_profile_name: String = Optional, shown, profile_name(), "The connector profile, for connectors that have profiles.";
    } {
        destination_connector_properties destination_connector_properties: DestinationConnectorProperties = required;
    }
    DestinationConnectorProperties "What to write: exactly the block of `connector_type`." {} {
        custom_connector custom_connector: CustomConnectorDestinationProperties = optional;
        customer_profiles customer_profiles: CustomerProfilesDestinationProperties = optional;
        event_bridge event_bridge: EventBridgeDestinationProperties = optional;
        honeycode honeycode: HoneycodeDestinationProperties = optional;
        lookout_metrics lookout_metrics: LookoutMetricsDestinationProperties = optional;
        marketo marketo: MarketoDestinationProperties = optional;
        redshift redshift: RedshiftDestinationProperties = optional;
        s3 s3: S3DestinationProperties = optional;
        salesforce salesforce: SalesforceDestinationProperties = optional;
        sapo_data sapo_data: SapoDataDestinationProperties = optional;
        snowflake snowflake: SnowflakeDestinationProperties = optional;
        upsolver upsolver: UpsolverDestinationProperties = optional;
        zendesk zendesk: ZendeskDestinationProperties = optional;
    }

    // What several connectors share.

    ErrorHandlingConfig "What happens to records that the destination refuses." {
        bucket_name bucket_name: String = Optional, shown, bucket(), "The bucket that they are put into.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of objects in the bucket.";
        fail_on_first_destination_error fail_on_first_destination_error: bool = Optional, shown, any(), "Whether the flow ends at the first of them.";
    } {}
    AggregationConfig "Whether records are put together into files." {
        aggregation_type aggregation_type: AggregationType = Optional, shown, one_of(AggregationType::values()), "Into one file (`SingleFile`), or as they come (`None`).";
        target_file_size target_file_size: i64 = Optional, shown, any(), "The size that files are to have, in megabytes.";
    } {}
    PrefixConfig "How files and folders are named." {
        prefix_format prefix_format: PrefixFormat = Optional, shown, one_of(PrefixFormat::values()), "How exact the time in the name is.";
        prefix_hierarchy path_prefix_hierarchy via set_path_prefix_hierarchy: Vec<PathPrefix> = Optional, shown, any_of(PathPrefix::values()), "What the path has beside the time.";
        prefix_type prefix_type: PrefixType = Optional, shown, one_of(PrefixType::values()), "Whether the name is of the file, of its folder, or both.";
    } {}

    // One per connector.

    CustomConnectorDestinationProperties "What to write to a connector of your own." {
        entity_name entity_name: String = Required, shown, entity(), "The entity.";
        custom_properties custom_properties via set_custom_properties: HashMap<String, String> = Optional, shown, properties(), "What the connector wants to know, by name.";
        id_field_names id_field_names via set_id_field_names: Vec<String> = Optional, shown, fields(), "The field that identifies a record, for `write_operation_type` other than `INSERT`.";
        write_operation_type write_operation_type: WriteOperationType = Optional, shown, one_of(WriteOperationType::values()), "What is done to records.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    CustomerProfilesDestinationProperties "What to write to Amazon Connect Customer Profiles." {
        domain_name domain_name: String = Required, shown, domain(), "The domain.";
        object_type_name object_type_name: String = Optional, shown, object_type(), "The type of the objects.";
    } {}
    EventBridgeDestinationProperties "What to write to Amazon EventBridge." {
        object object: String = Required, shown, object(), "The partner event source.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    HoneycodeDestinationProperties "What to write to Amazon Honeycode." {
        object object: String = Required, shown, object(), "The object.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    LookoutMetricsDestinationProperties "Lookout for Metrics has no properties." {} {}
    MarketoDestinationProperties "What to write to Marketo." {
        object object: String = Required, shown, object(), "The object.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    RedshiftDestinationProperties "What to write to Amazon Redshift." {
        object object: String = Required, shown, object(), "The table.";
        intermediate_bucket_name intermediate_bucket_name: String = Required, shown, bucket(), "The bucket that data pass through.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of objects in the bucket.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    S3DestinationProperties "What to write to Amazon S3." {
        bucket_name bucket_name: String = Required, shown, bucket(), "The bucket.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of the objects.";
    } {
        s3_output_format_config s3_output_format_config: S3OutputFormatConfig = optional;
    }
    S3OutputFormatConfig "The format of the objects." {
        file_type file_type: FileType = Optional, shown, one_of(FileType::values()), "The type of the files.";
        preserve_source_data_typing preserve_source_data_typing: bool = Optional, shown, any(), "Whether types of the source are kept, for `file_type = \"PARQUET\"`.";
    } {
        aggregation_config aggregation_config: AggregationConfig = optional;
        prefix_config prefix_config: PrefixConfig = optional;
    }
    SalesforceDestinationProperties "What to write to Salesforce." {
        object object: String = Required, shown, object(), "The object.";
        data_transfer_api data_transfer_api: SalesforceDataTransferApi = Optional, shown, one_of(SalesforceDataTransferApi::values()), "Which API of Salesforce transfers the data; `AUTOMATIC` if not set.";
        id_field_names id_field_names via set_id_field_names: Vec<String> = Optional, shown, fields(), "The field that identifies a record, for `write_operation_type` other than `INSERT`.";
        write_operation_type write_operation_type: WriteOperationType = Optional, shown, one_of(WriteOperationType::values()), "What is done to records.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    SapoDataDestinationProperties "What to write to SAP OData." {
        object_path object_path: String = Required, shown, object(), "The path of the object.";
        id_field_names id_field_names via set_id_field_names: Vec<String> = Optional, shown, fields(), "The field that identifies a record, for `write_operation_type` other than `INSERT`.";
        write_operation_type write_operation_type: WriteOperationType = Optional, shown, one_of(WriteOperationType::values()), "What is done to records.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
        success_response_handling_config success_response_handling_config: SuccessResponseHandlingConfig = optional;
    }
    SuccessResponseHandlingConfig "Where answers of SAP to records that it took are put." {
        bucket_name bucket_name: String = Optional, shown, bucket(), "The bucket.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of objects in the bucket.";
    } {}
    SnowflakeDestinationProperties "What to write to Snowflake." {
        object object: String = Required, shown, object(), "The table.";
        intermediate_bucket_name intermediate_bucket_name: String = Required, shown, bucket(), "The bucket that data pass through.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of objects in the bucket.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
    UpsolverDestinationProperties "What to write to Upsolver." {
        bucket_name bucket_name: String = Required, shown, upsolver_bucket(), "The bucket, whose name begins with `upsolver-appflow`.";
        bucket_prefix bucket_prefix: String = Optional, shown, line(512), "The prefix of the objects.";
    } {
        s3_output_format_config s3_output_format_config: UpsolverS3OutputFormatConfig = required;
    }
    UpsolverS3OutputFormatConfig "The format of the objects." {
        file_type file_type: FileType = Optional, shown, one_of(FileType::values()), "The type of the files.";
    } {
        aggregation_config aggregation_config: AggregationConfig = optional;
        prefix_config prefix_config: PrefixConfig = required;
    }
    ZendeskDestinationProperties "What to write to Zendesk." {
        object object: String = Required, shown, object(), "The object.";
        id_field_names id_field_names via set_id_field_names: Vec<String> = Optional, shown, fields(), "The field that identifies a record, for `write_operation_type` other than `INSERT`.";
        write_operation_type write_operation_type: WriteOperationType = Optional, shown, one_of(WriteOperationType::values()), "What is done to records.";
    } {
        error_handling_config error_handling_config: ErrorHandlingConfig = optional;
    }
}
