//! Policies of IAM that are looked up.

const LOOKUPS: &str = r#"
//- main.tf
data "aws_iam_policy" "redshift" {
  name = "AmazonRedshiftAllCommandsFullAccess"
}
data "aws_iam_policy" "same" {
  arn = data.aws_iam_policy.redshift.arn
}
data "aws_iam_policy" "own" {
  name        = "looked-up"
  path_prefix = "/team/"
}
output "redshift" {
  value = data.aws_iam_policy.redshift.arn
}
output "same" {
  value = data.aws_iam_policy.same.policy == data.aws_iam_policy.redshift.policy
}
output "own" {
  value = {
    path     = data.aws_iam_policy.own.path
    text     = jsondecode(data.aws_iam_policy.own.policy)
    tags     = data.aws_iam_policy.own.tags
    attached = data.aws_iam_policy.own.attachment_count
    about    = data.aws_iam_policy.own.description
  }
}
"#;

#[test]
fn a_policy_is_found_by_name_path_and_arn() {
    let Some(environment) = super::with(LOOKUPS) else {
        return;
    };
    if let Some(moto) = flowctl_testkit::Moto::shared() {
        moto.elsewhere(
            "import boto3\niam = boto3.client('iam')\n\
             iam.create_policy(PolicyName='looked-up', Path='/team/', Description='of the team', \
             Tags=[{'Key': 'team', 'Value': 'crm'}], PolicyDocument='{\"Version\": \"2012-10-17\", \
             \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}')\n",
        );
    }
    let _ = environment
        .flowctl(&["--emulator", "apply", "-auto-approve"])
        .success();
    let told = environment.flowctl(&["output", "-json"]).json();
    assert_eq!(
        told["redshift"]["value"],
        "arn:aws:iam::aws:policy/AmazonRedshiftAllCommandsFullAccess"
    );
    assert_eq!(told["same"]["value"], true);
    assert_eq!(
        told["own"]["value"],
        serde_json::json!({
            "path": "/team/",
            "text": {
                "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }],
            },
            "tags": { "team": "crm" },
            "attached": 0,
            "about": "of the team",
        })
    );
}

#[test]
fn a_policy_that_is_not_there_is_told_where_it_is_asked_for() {
    let Some(environment) = super::with(
        r#"
//- main.tf
data "aws_iam_policy" "missing" {
  name = "AmazonRedshiftAllCommandsFullAcces"
}
"#,
    ) else {
        return;
    };
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn a_sensitive_name_is_not_told_when_nothing_is_found() {
    let Some(environment) = super::with(
        r#"
//- main.tf
variable "name" {
  default   = "CANARY-policy"
  sensitive = true
}
data "aws_iam_policy" "missing" {
  name = var.name
}
"#,
    ) else {
        return;
    };
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    assert!(ran.stderr.contains("no policy called"), "{ran}");
    assert!(!ran.stderr.contains("CANARY"), "{ran}");
}
