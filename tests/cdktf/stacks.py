"""Programs of the CDK for Terraform, as its users write them, for the tests of the JSON that they
synthesise. Run by run.sh; the directory to write to is the only argument.

`profiles` needs AppFlow alone, `complete` other services of AWS as well, and `forms` has what programs
do beyond declaring resources: iterators over resources, aspects, escape hatches, aliases of providers,
conditions, and objects that are imported or moved.
"""

import sys

import jsii
from cdktf import (
    App,
    Aspects,
    Fn,
    IAspect,
    LocalBackend,
    Op,
    Precondition,
    TerraformCount,
    TerraformIterator,
    TerraformLocal,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
    Token,
    VariableType,
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
from cdktf_cdktf_provider_aws.data_aws_caller_identity import DataAwsCallerIdentity
from cdktf_cdktf_provider_aws.data_aws_iam_policy import DataAwsIamPolicy
from cdktf_cdktf_provider_aws.data_aws_iam_policy_document import (
    DataAwsIamPolicyDocument,
    DataAwsIamPolicyDocumentStatement as Statement,
    DataAwsIamPolicyDocumentStatementPrincipals as Principals,
)
from cdktf_cdktf_provider_aws.data_aws_partition import DataAwsPartition
from cdktf_cdktf_provider_aws.iam_role import IamRole
from cdktf_cdktf_provider_aws.kms_alias import KmsAlias
from cdktf_cdktf_provider_aws.kms_key import KmsKey
from cdktf_cdktf_provider_aws.provider import AwsProvider, AwsProviderDefaultTags
from cdktf_cdktf_provider_aws.redshift_cluster import RedshiftCluster, RedshiftClusterTimeouts
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_policy import S3BucketPolicy
from cdktf_cdktf_provider_aws.secretsmanager_secret import SecretsmanagerSecret
from cdktf_cdktf_provider_aws.secretsmanager_secret_policy import SecretsmanagerSecretPolicy
from cdktf_cdktf_provider_aws.secretsmanager_secret_version import SecretsmanagerSecretVersion
from constructs import Construct, IConstruct


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


def allows(action: str, resource: str, principal: dict[str, str]) -> str:
    """A policy with one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Principal": principal}
    return Fn.jsonencode({"Version": "2012-10-17", "Statement": [statement]})


@jsii.implements(IAspect)
class Tagged:
    """Gives a tag to everything that can have one."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, (IamRole, KmsKey, RedshiftCluster, S3Bucket, SecretsmanagerSecret)):
            node.add_override("tags.aspect", "visited")


class Forms(TerraformStack):
    """What programs do beyond declaring resources."""

    def __init__(self, scope: Construct, name: str) -> None:
        super().__init__(scope, name)
        LocalBackend(self, path="terraform.forms.tfstate")
        AwsProvider(
            self,
            "aws",
            region="eu-west-1",
            s3_use_path_style=True,
            default_tags=[AwsProviderDefaultTags(tags={"made-by": "cdktf"})],
        )
        elsewhere = AwsProvider(self, "elsewhere", alias="elsewhere", region="us-west-2")
        account = DataAwsCallerIdentity(self, "account")
        partition = DataAwsPartition(self, "partition")
        stage = TerraformVariable(
            self,
            "stage",
            type="string",
            default="dev",
            validation=[
                TerraformVariableValidationConfig(
                    condition="${length(var.stage) > 1}", error_message="The stage is too short."
                )
            ],
        )
        names = TerraformVariable(
            self, "names", type=VariableType.set(VariableType.STRING), default=["raw", "clean"]
        )
        size = TerraformVariable(
            self,
            "size",
            type=VariableType.object({"type": VariableType.STRING, "nodes": VariableType.NUMBER}),
            default={"type": "ra3.large", "nodes": 1},
        )
        password = TerraformVariable(
            self, "password", type="string", sensitive=True, default="CANARY-Passw0rd"
        )
        trust = DataAwsIamPolicyDocument(
            self,
            "trust",
            statement=[
                Statement(
                    actions=["sts:AssumeRole"],
                    principals=[
                        Principals(type="Service", identifiers=[f"{service}.amazonaws.com"])
                        for service in ("appflow", "redshift")
                    ],
                )
            ],
        )

        # One of each name, and one for each of them.
        each = TerraformIterator.from_list(names.list_value)
        buckets = S3Bucket(
            self,
            "stores",
            for_each=each,
            bucket=f"cdktf-forms-{Token.as_string(each.value)}",
            force_destroy=True,
            tags={"account": account.account_id, Fn.upper(stage.string_value): "on"},
        )
        store = TerraformIterator.from_resources(buckets)
        S3BucketPolicy(
            self,
            "policies",
            for_each=store,
            bucket=store.get_string("id"),
            policy=allows(
                "s3:PutObject",
                f"{store.get_string('arn')}/*",
                {"Service": "appflow.amazonaws.com"},
            ),
        )

        # Blocks of an iterator, and what the bindings do not offer.
        rights = TerraformIterator.from_map({"read": "s3:GetObject", "write": "s3:PutObject"})
        right = {"Effect": "Allow", "Action": rights.value, "Resource": "*"}
        role = IamRole(
            self,
            "role",
            name_prefix="cdktf-forms-",
            assume_role_policy=trust.json,
            inline_policy=rights.dynamic(
                {
                    "name": rights.key,
                    "policy": Fn.jsonencode({"Version": "2012-10-17", "Statement": [right]}),
                }
            ),
            lifecycle=TerraformResourceLifecycle(
                ignore_changes=["permissions_boundary"],
                precondition=[
                    Precondition(condition="${length(var.names) > 0}", error_message="No names.")
                ],
            ),
        )
        role.add_override("description", "For ${var.stage}")
        role.add_override("max_session_duration", 7200)
        count = TerraformCount.of(2)
        IamRole(
            self,
            "spare",
            count=count,
            name=f"cdktf-forms-{Token.as_string(count.index)}",
            assume_role_policy=trust.json,
        )

        # In another region.
        key = KmsKey(self, "key", provider=elsewhere, description="forms", enable_key_rotation=True)
        KmsAlias(
            self, "alias", provider=elsewhere, name="alias/cdktf-forms", target_key_id=key.key_id
        )

        secret = SecretsmanagerSecret(self, "secret", name="cdktf-forms", recovery_window_in_days=0)
        SecretsmanagerSecretVersion(
            self,
            "version",
            secret_id=secret.id,
            secret_string=Fn.jsonencode({"password": password.string_value, "all": ["a", 1, True]}),
        )
        SecretsmanagerSecretPolicy(
            self,
            "readers",
            secret_arn=secret.arn,
            policy=allows(
                "secretsmanager:GetSecretValue",
                "*",
                {"AWS": f"arn:{partition.partition}:iam::{account.account_id}:root"},
            ),
        )
        cluster = RedshiftCluster(
            self,
            "cluster",
            cluster_identifier="cdktf-forms",
            node_type=Fn.lookup_nested(size.value, ["type"]),
            number_of_nodes=Token.as_number(Fn.lookup_nested(size.value, ["nodes"])),
            master_username="admin",
            master_password=password.string_value,
            iam_roles=[role.arn],
            skip_final_snapshot=True,
            timeouts=RedshiftClusterTimeouts(create="10m"),
        )

        # What is there already, and what had another address.
        S3Bucket(self, "kept", bucket="cdktf-forms-kept").import_from("cdktf-forms-kept")
        S3Bucket(self, "renamed", bucket="cdktf-forms-renamed").move_from_id("aws_s3_bucket.old")

        TerraformOutput(self, "endpoint", value=cluster.endpoint)
        TerraformOutput(self, "passphrase", value=password.string_value, sensitive=True)
        TerraformOutput(self, "stores-arns", value="${[for store in aws_s3_bucket.stores : store.arn]}")
        TerraformOutput(
            self,
            "summary",
            value={
                "role": role.arn,
                "names": Fn.join(",", Fn.sort(names.list_value)),
                "mode": Fn.conditional(Op.eq(stage.string_value, "dev"), "cheap", "safe"),
                "sum": Op.add(1, 2),
                "size": size.value,
            },
        )
        Aspects.of(self).add(Tagged())


app = App(outdir=sys.argv[1])
Profiles(app, "profiles")
Complete(app, "complete")
Forms(app, "forms")
app.synth()
