"""Programs of the CDK for Terraform, as its users write them, for the tests of the JSON that they
synthesise. Run by run.sh; the directory to write to is the only argument.

`profiles` needs AppFlow alone, `complete` other services of AWS as well.
"""

import sys

from cdktf import (
    App,
    Fn,
    LocalBackend,
    TerraformCount,
    TerraformIterator,
    TerraformLocal,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    Token,
)
from cdktf_cdktf_provider_aws.appflow_connector_profile import (
    AppflowConnectorProfile,
    AppflowConnectorProfileConnectorProfileConfig as Config,
    AppflowConnectorProfileConnectorProfileConfigConnectorProfileCredentials as Credentials,
    AppflowConnectorProfileConnectorProfileConfigConnectorProfileCredentialsSalesforce as SalesforceCredentials,
    AppflowConnectorProfileConnectorProfileConfigConnectorProfileCredentialsSlack as SlackCredentials,
    AppflowConnectorProfileConnectorProfileConfigConnectorProfileProperties as Properties,
    AppflowConnectorProfileConnectorProfileConfigConnectorProfilePropertiesSalesforce as SalesforceProperties,
    AppflowConnectorProfileConnectorProfileConfigConnectorProfilePropertiesSlack as SlackProperties,
)
from cdktf_cdktf_provider_aws.appflow_flow import (
    AppflowFlow,
    AppflowFlowDestinationFlowConfig as Destination,
    AppflowFlowDestinationFlowConfigDestinationConnectorProperties as DestinationProperties,
    AppflowFlowDestinationFlowConfigDestinationConnectorPropertiesS3 as S3Destination,
    AppflowFlowDestinationFlowConfigDestinationConnectorPropertiesS3S3OutputFormatConfig as OutputFormat,
    AppflowFlowDestinationFlowConfigDestinationConnectorPropertiesS3S3OutputFormatConfigPrefixConfig as Prefix,
    AppflowFlowSourceFlowConfig as Source,
    AppflowFlowSourceFlowConfigSourceConnectorProperties as SourceProperties,
    AppflowFlowSourceFlowConfigSourceConnectorPropertiesSalesforce as SalesforceSource,
    AppflowFlowTask as Task,
    AppflowFlowTaskConnectorOperator as Operator,
    AppflowFlowTriggerConfig as Trigger,
    AppflowFlowTriggerConfigTriggerProperties as TriggerProperties,
    AppflowFlowTriggerConfigTriggerPropertiesScheduled as Schedule,
)
from cdktf_cdktf_provider_aws.data_aws_iam_policy import DataAwsIamPolicy
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from constructs import Construct


def salesforce(scope: Construct, name: str, token: str) -> AppflowConnectorProfile:
    """A profile of Salesforce: every block is an object."""
    return AppflowConnectorProfile(
        scope,
        "salesforce",
        name=name,
        connection_mode="Public",
        connector_type="Salesforce",
        connector_profile_config=Config(
            connector_profile_credentials=Credentials(
                salesforce=SalesforceCredentials(access_token=token)
            ),
            connector_profile_properties=Properties(
                salesforce=SalesforceProperties(
                    instance_url="https://acme.my.salesforce.com",
                    is_sandbox_environment=True,
                )
            ),
        ),
    )


def flow(scope: Construct, name: str, profile: str, bucket: str, fields: list[str]) -> AppflowFlow:
    """A flow: some blocks are lists, and the tasks come of an iterator."""
    iterator = TerraformIterator.from_list(fields)
    accounts = AppflowFlow(
        scope,
        "accounts",
        name=name,
        description="Accounts of the CRM, every day",
        source_flow_config=Source(
            connector_type="Salesforce",
            connector_profile_name=profile,
            source_connector_properties=SourceProperties(
                salesforce=SalesforceSource(object="Account", include_deleted_records=False)
            ),
        ),
        destination_flow_config=[
            Destination(
                connector_type="S3",
                destination_connector_properties=DestinationProperties(
                    s3=S3Destination(
                        bucket_name=bucket,
                        s3_output_format_config=OutputFormat(
                            file_type="JSON", prefix_config=Prefix(prefix_type="PATH")
                        ),
                    )
                ),
            )
        ],
        trigger_config=Trigger(
            trigger_type="Scheduled",
            trigger_properties=TriggerProperties(
                scheduled=Schedule(schedule_expression="rate(1days)")
            ),
        ),
        task=iterator.dynamic(
            {
                "task_type": "Map",
                "source_fields": [Token.as_string(iterator.value)],
                "destination_field": Fn.lower(Token.as_string(iterator.value)),
                "connector_operator": [{"salesforce": "NO_OP"}],
            }
        ),
        lifecycle=TerraformResourceLifecycle(create_before_destroy=False),
    )
    accounts.add_override("tags.stage", "${terraform.workspace}")
    return accounts


class Profiles(TerraformStack):
    """What needs AppFlow and nothing else."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        LocalBackend(self, path="terraform.profiles.tfstate")
        AwsProvider(
            self,
            "aws",
            region="us-east-1",
            default_tags=[AwsProviderDefaultTags(tags={"made-by": "cdktf"})],
        )
        AwsProvider(self, "other", alias="other", region="us-east-1")
        token = TerraformVariable(self, "token", type="string", sensitive=True, default="CANARY-token")
        fields = TerraformVariable(
            self, "fields", type="list(string)", default=["Id", "Name"], description="What to copy"
        )
        settings = TerraformLocal(
            self, "settings", {"prefix": "acme", "quota": 3, "labels": ["a", "b"]}
        )
        crm = salesforce(self, f"{Fn.lookup(settings.as_string_map, 'prefix')}-crm", token.string_value)
        teams = TerraformIterator.from_map(
            {"sales": {"host": "sales"}, "support": {"host": "help"}}
        )
        slack = AppflowConnectorProfile(
            self,
            "slack",
            for_each=teams,
            name=f"slack-{teams.key}",
            connection_mode="Public",
            connector_type="Slack",
            connector_profile_config=Config(
                connector_profile_credentials=Credentials(
                    slack=SlackCredentials(
                        client_id="id", client_secret="CANARY-secret", access_token=token.string_value
                    )
                ),
                connector_profile_properties=Properties(
                    slack=SlackProperties(
                        instance_url=f"https://{Fn.lookup_nested(teams.value, ['host'])}.slack.com"
                    )
                ),
            ),
            depends_on=[crm],
        )
        spare = TerraformCount.of(2)
        AppflowConnectorProfile(
            self,
            "spare",
            count=spare,
            name=f"spare-{Token.as_string(spare.index)}",
            connection_mode="Public",
            connector_type="Slack",
            connector_profile_config=Config(
                connector_profile_credentials=Credentials(
                    slack=SlackCredentials(client_id="id", client_secret="CANARY-s", access_token="CANARY-t")
                ),
                connector_profile_properties=Properties(
                    slack=SlackProperties(instance_url="https://spare.slack.com")
                ),
            ),
        )
        copied = flow(self, "accounts", crm.name, "acme-archive", fields.list_value)
        AppflowConnectorProfile.generate_config_for_import(self, "legacy", "legacy")
        TerraformOutput(self, "arn", value=crm.arn, description="Where the profile is")
        TerraformOutput(self, "flow", value=copied.arn)
        TerraformOutput(self, "slack-profiles", value=Fn.keys(Token.as_any(slack.fqn)))
        TerraformOutput(
            self,
            "summary",
            value=Fn.jsonencode({"crm": crm.name, "fields": fields.list_value, "on": True}),
        )
        TerraformOutput(self, "secret", value=token.string_value, sensitive=True)


class Complete(TerraformStack):
    """A role, a bucket, a profile and a flow, each of which needs the one before."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        LocalBackend(self, path="terraform.complete.tfstate")
        AwsProvider(self, "aws", region="us-east-1", s3_use_path_style=True)
        read_only = DataAwsIamPolicy(self, "read", name="AmazonRedshiftAllCommandsFullAccess")
        role = IamRole(
            self,
            "role",
            name="cdktf-appflow",
            managed_policy_arns=[read_only.arn],
            assume_role_policy=Fn.jsonencode(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Action": "sts:AssumeRole",
                            "Effect": "Allow",
                            "Principal": {"Service": "appflow.amazonaws.com"},
                        }
                    ],
                }
            ),
        )
        bucket = S3Bucket(self, "bucket", bucket_prefix="cdktf-", force_destroy=True)
        crm = salesforce(self, "cdktf-crm", "CANARY-token")
        flow(self, "cdktf-accounts", crm.name, bucket.bucket, ["Id"])
        TerraformOutput(self, "role-arn", value=role.arn)
        TerraformOutput(self, "bucket-arn", value=bucket.arn)


app = App(outdir=sys.argv[1])
Profiles(app, "profiles")
Complete(app, "complete")
app.synth()
