//! The tables of what a flow does to the data, when it does so, and where it is catalogued.

use std::collections::HashMap;

use aws_sdk_appflow::types::{
    AmplitudeConnectorOperator, DataPullMode, DatadogConnectorOperator, DynatraceConnectorOperator,
    GoogleAnalyticsConnectorOperator, InforNexusConnectorOperator, MarketoConnectorOperator,
    Operator, OperatorPropertiesKeys, PardotConnectorOperator, S3ConnectorOperator,
    SalesforceConnectorOperator, SapoDataConnectorOperator, ServiceNowConnectorOperator,
    SingularConnectorOperator, SlackConnectorOperator, TaskType, TrendmicroConnectorOperator,
    TriggerType, VeevaConnectorOperator, ZendeskConnectorOperator,
};
use aws_smithy_types::DateTime;

use super::limits::{database, source_fields, table_prefix, task_properties, time};
use crate::limits::{line, one_of, range, role};
use crate::structure::{enumerations, structures};

enumerations!(
    AmplitudeConnectorOperator DataPullMode DatadogConnectorOperator DynatraceConnectorOperator
    GoogleAnalyticsConnectorOperator InforNexusConnectorOperator MarketoConnectorOperator
    Operator PardotConnectorOperator S3ConnectorOperator SalesforceConnectorOperator
    SapoDataConnectorOperator ServiceNowConnectorOperator SingularConnectorOperator
    SlackConnectorOperator TaskType TrendmicroConnectorOperator TriggerType VeevaConnectorOperator
    ZendeskConnectorOperator
);

structures! {
    Task "Something that is done to the data. The order of tasks makes no difference." {
        task_type task_type: TaskType = Required, shown, one_of(TaskType::values()), "What is done.";
        source_fields source_fields via set_source_fields: Vec<String> = Required, shown, source_fields(), "The fields of the source that it is done to; `[]` for all of them.";
        destination_field destination_field: String = Optional, shown, line(256), "The field of the destination that takes the result.";
        task_properties task_properties via set_task_properties: HashMap<OperatorPropertiesKeys, String> = Optional, shown, task_properties(OperatorPropertiesKeys::values()), "What the task needs to know, by name.";
    } {
        connector_operator connector_operator: ConnectorOperator = optional;
    }
    ConnectorOperator "How it is done: exactly the argument of the source's connector." {
        amplitude amplitude: AmplitudeConnectorOperator = Optional, shown, one_of(AmplitudeConnectorOperator::values()), "The operator for Amplitude.";
        custom_connector custom_connector: Operator = Optional, shown, one_of(Operator::values()), "The operator for a connector of your own.";
        datadog datadog: DatadogConnectorOperator = Optional, shown, one_of(DatadogConnectorOperator::values()), "The operator for Datadog.";
        dynatrace dynatrace: DynatraceConnectorOperator = Optional, shown, one_of(DynatraceConnectorOperator::values()), "The operator for Dynatrace.";
        google_analytics google_analytics: GoogleAnalyticsConnectorOperator = Optional, shown, one_of(GoogleAnalyticsConnectorOperator::values()), "The operator for Google Analytics.";
        infor_nexus infor_nexus: InforNexusConnectorOperator = Optional, shown, one_of(InforNexusConnectorOperator::values()), "The operator for Infor Nexus.";
        marketo marketo: MarketoConnectorOperator = Optional, shown, one_of(MarketoConnectorOperator::values()), "The operator for Marketo.";
        pardot pardot: PardotConnectorOperator = Optional, shown, one_of(PardotConnectorOperator::values()), "The operator for Salesforce Pardot.";
        s3 s3: S3ConnectorOperator = Optional, shown, one_of(S3ConnectorOperator::values()), "The operator for Amazon S3.";
        salesforce salesforce: SalesforceConnectorOperator = Optional, shown, one_of(SalesforceConnectorOperator::values()), "The operator for Salesforce.";
        sapo_data sapo_data: SapoDataConnectorOperator = Optional, shown, one_of(SapoDataConnectorOperator::values()), "The operator for SAP OData.";
        service_now service_now: ServiceNowConnectorOperator = Optional, shown, one_of(ServiceNowConnectorOperator::values()), "The operator for ServiceNow.";
        singular singular: SingularConnectorOperator = Optional, shown, one_of(SingularConnectorOperator::values()), "The operator for Singular.";
        slack slack: SlackConnectorOperator = Optional, shown, one_of(SlackConnectorOperator::values()), "The operator for Slack.";
        trendmicro trendmicro: TrendmicroConnectorOperator = Optional, shown, one_of(TrendmicroConnectorOperator::values()), "The operator for Trend Micro.";
        veeva veeva: VeevaConnectorOperator = Optional, shown, one_of(VeevaConnectorOperator::values()), "The operator for Veeva.";
        zendesk zendesk: ZendeskConnectorOperator = Optional, shown, one_of(ZendeskConnectorOperator::values()), "The operator for Zendesk.";
    } {}

    TriggerConfig "When the flow runs." {
        trigger_type trigger_type: TriggerType = Required, shown, one_of(TriggerType::values()), "Whether it runs by a schedule, at events of the source, or when somebody starts it.";
    } {
        trigger_properties trigger_properties: TriggerProperties = optional;
    }
    TriggerProperties "Details, for `trigger_type = \"Scheduled\"`." {} {
        scheduled scheduled: ScheduledTriggerProperties = optional;
    }
    ScheduledTriggerProperties "The schedule." {
        schedule_expression schedule_expression: String = Required, shown, line(256), "How often it runs, such as `rate(5minutes)`.";
        data_pull_mode data_pull_mode: DataPullMode = Optional, shown, one_of(DataPullMode::values()), "Whether each run takes all data (`Complete`) or what is new (`Incremental`).";
        schedule_start_time schedule_start_time: DateTime = Optional, shown, time(), "When it begins, as in RFC 3339.";
        schedule_end_time schedule_end_time: DateTime = Optional, shown, time(), "When it ends, as in RFC 3339.";
        timezone timezone: String = Optional, shown, line(256), "The time zone of the schedule, such as `Europe/Berlin`.";
        schedule_offset schedule_offset: i64 = Optional, shown, range(0, 36000), "How many seconds later than the schedule says it runs.";
        first_execution_from first_execution_from: DateTime = Optional, shown, time(), "From which time on the first run takes records, as in RFC 3339.";
        flow_error_deactivation_threshold flow_error_deactivation_threshold: i32 = Optional, shown, range(1, 100), "After how many failed runs in a row the flow is stopped.";
    } {}

    MetadataCatalogConfig "Where the data are catalogued." {} {
        glue_data_catalog glue_data_catalog: GlueDataCatalogConfig = optional;
    }
    GlueDataCatalogConfig "The Data Catalog of AWS Glue." {
        database_name database_name: String = Required, shown, database(), "The database that the tables are in.";
        role_arn role_arn: String = Required, shown, role(), "The role that lets AppFlow make tables, databases and partitions.";
        table_prefix table_prefix: String = Required, shown, table_prefix(), "What names of tables begin with.";
    } {}
}
