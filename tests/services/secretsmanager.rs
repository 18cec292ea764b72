//! Secrets with their values and policies, and a profile that reads its credentials from one.

use flowctl_testkit::{Moto, TestEnvironment};

/// A secret, its value, who may read it, and a profile that does. Names are of one test alone.
fn configuration(name: &str) -> String {
    r#"
//- main.tf
variable "description" {
  default = "For AppFlow"
}
variable "client_secret" {
  default   = "CANARY-client-1"
  sensitive = true
}
variable "window" {
  default = 0
}
variable "tags" {
  type    = map(string)
  default = { purpose = "test" }
}
locals {
  readers = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "appflow.amazonaws.com" }
      Action    = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
      Resource  = "*"
    }]
  })
}
resource "aws_secretsmanager_secret" "crm" {
  name_prefix             = "NAME-"
  description             = var.description
  recovery_window_in_days = var.window
  tags                    = var.tags
}
resource "aws_secretsmanager_secret_version" "crm" {
  secret_id = aws_secretsmanager_secret.crm.id
  secret_string = jsonencode({
    clientId     = "crm"
    clientSecret = var.client_secret
  })
}
resource "aws_secretsmanager_secret_policy" "crm" {
  secret_arn = aws_secretsmanager_secret.crm.arn
  policy     = local.readers
}
resource "aws_appflow_connector_profile" "crm" {
  name            = "NAME"
  connector_type  = "Salesforce"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      salesforce {
        refresh_token          = "CANARY-refresh-1"
        client_credentials_arn = aws_secretsmanager_secret_version.crm.arn
      }
    }
    connector_profile_properties {
      salesforce {
        instance_url = "https://example.my.salesforce.com"
      }
    }
  }
  depends_on = [aws_secretsmanager_secret_policy.crm]
}
data "aws_secretsmanager_secret" "crm" {
  arn        = aws_secretsmanager_secret.crm.arn
  depends_on = [aws_secretsmanager_secret_policy.crm]
}
output "secret" {
  value = aws_secretsmanager_secret.crm.name
}
output "looked_up" {
  value = [
    data.aws_secretsmanager_secret.crm.name,
    can(jsondecode(data.aws_secretsmanager_secret.crm.policy)),
  ]
}
"#
    .replace("NAME", name)
}

/// Does or asserts something with the secrets whose names begin like this: `secrets` are those
/// that are not to be deleted, `value` is the current value of one.
fn secrets(name: &str, program: &str) {
    let program = format!(
        "import boto3\nsm = boto3.client('secretsmanager')\n\
         secrets = [s for s in sm.list_secrets()['SecretList'] if s['Name'].startswith('{name}')]\n\
         value = lambda s: sm.get_secret_value(SecretId=s['Name'])['SecretString']\n\
         {program}\n"
    );
    if let Some(moto) = Moto::shared() {
        moto.elsewhere(&program);
    }
}

fn emulated(environment: &TestEnvironment, code: i32, arguments: &[&str]) -> String {
    let ran = environment
        .flowctl(&[&["--emulator"][..], arguments].concat())
        .code(code);
    assert!(
        !ran.stdout.contains("CANARY") && !ran.stderr.contains("CANARY"),
        "{ran}"
    );
    format!("{}{}", ran.stdout, ran.stderr)
}

const APPLY: [&str; 2] = ["apply", "-auto-approve"];
const PLAN: [&str; 2] = ["plan", "-detailed-exitcode"];

#[test]
fn a_profile_with_client_credentials_from_a_secret_in_one_apply() {
    let Some(environment) = super::with(&configuration("profile-s")) else {
        return;
    };
    let made = emulated(&environment, 0, &APPLY);
    assert!(made.contains("4 added"), "{made}");
    let _ = emulated(&environment, 0, &PLAN);
    let name = environment.flowctl(&["output", "-raw", "secret"]).out();
    assert!(name.starts_with("profile-s-"), "{name}");
    let looked_up = environment
        .flowctl(&["output", "-json", "looked_up"])
        .json();
    assert_eq!(looked_up, serde_json::json!([name, true]));
    secrets(
        "profile-s",
        "assert 'CANARY-client-1' in value(secrets[0]), secrets",
    );

    // What is part of the secret is changed in place.
    let change = ["-var=description=x", "-var=tags={a=1}", "-var=window=7"];
    let plan = emulated(&environment, 0, &[&["plan"][..], &change].concat());
    assert!(
        plan.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = emulated(&environment, 0, &[&APPLY[..], &change].concat());
    let _ = emulated(&environment, 0, &[&PLAN[..], &change].concat());
    secrets(
        "profile-s",
        "assert secrets[0]['Description'] == 'x' and secrets[0]['Tags'] == \
         [{'Key': 'a', 'Value': '1'}], secrets",
    );
    let _ = emulated(&environment, 0, &APPLY);

    // The profile goes before what it reads, and the secret last.
    let mut destroy = environment.command(&["--emulator", "destroy", "-auto-approve", "-json"]);
    let ran = destroy.output();
    let events = ran.map(|ran| String::from_utf8_lossy(&ran.stdout).into_owned());
    let events = events.unwrap_or_default();
    let order: Vec<_> = events
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|event| event["type"] == "apply_complete")
        .filter_map(|event| Some(event["hook"]["resource"]["addr"].as_str()?.to_owned()))
        .collect();
    assert_eq!(order.len(), 4, "{events}");
    assert_eq!(order[0], "aws_appflow_connector_profile.crm");
    assert_eq!(order[3], "aws_secretsmanager_secret.crm");
    secrets("profile-s", "assert not secrets, secrets");
}

/// The configuration without the profile, for what is about the secret alone.
fn secret_alone(name: &str) -> String {
    let whole = configuration(name);
    let profile = whole.find("resource \"aws_appflow_connector_profile\"");
    let after = whole.find("data \"aws_secretsmanager_secret\"");
    match (profile, after) {
        (Some(profile), Some(after)) => format!("{}{}", &whole[..profile], &whole[after..]),
        _ => whole,
    }
}

fn alone(environment: &TestEnvironment, code: i32, arguments: &[&str]) -> String {
    let ran = environment.flowctl(arguments).code(code);
    assert!(
        !ran.stdout.contains("CANARY") && !ran.stderr.contains("CANARY"),
        "{ran}"
    );
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn another_value_is_another_version_and_one_from_outside_is_seen() {
    let Some(environment) = super::with(&secret_alone("value-s")) else {
        return;
    };
    let _ = alone(&environment, 0, &APPLY);
    let other = "-var=client_secret=CANARY-client-2";
    let plan = alone(&environment, 2, &[PLAN[0], PLAN[1], other]);
    assert!(
        plan.contains("1 to add, 0 to change, 1 to destroy"),
        "{plan}"
    );
    assert!(plan.contains("# forces replacement"), "{plan}");
    let _ = alone(&environment, 0, &[APPLY[0], APPLY[1], other]);
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], other]);
    secrets("value-s", "assert 'CANARY-client-2' in value(secrets[0])");

    // The same value under another version is no change; another value is.
    secrets(
        "value-s",
        "sm.put_secret_value(SecretId=secrets[0]['Name'], SecretString=value(secrets[0]))",
    );
    let plan = alone(&environment, 0, &["plan", other]);
    assert!(plan.contains("No changes."), "{plan}");
    assert!(
        plan.contains("version_id") && !plan.contains("secret_string"),
        "{plan}"
    );
    secrets(
        "value-s",
        "sm.put_secret_value(SecretId=secrets[0]['Name'], SecretString='CANARY-theirs')",
    );
    let plan = alone(&environment, 2, &[PLAN[0], PLAN[1], other]);
    assert!(plan.contains("changed outside"), "{plan}");
    assert!(
        plan.contains("1 to add, 0 to change, 1 to destroy"),
        "{plan}"
    );
    let _ = alone(&environment, 0, &[APPLY[0], APPLY[1], other]);
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], other]);
    secrets("value-s", "assert 'CANARY-client-2' in value(secrets[0])");
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
}

#[test]
fn a_version_from_outside_is_replaced_and_not_forgotten() {
    let whole = secret_alone("after-s").replace(
        "  secret_id = aws_secretsmanager_secret.crm.id\n",
        "  secret_id = aws_secretsmanager_secret.crm.id\n  lifecycle {\n    \
         create_before_destroy = true\n  }\n",
    );
    let Some(environment) = super::with(&whole) else {
        return;
    };
    let theirs = "sm.put_secret_value(SecretId=secrets[0]['Name'], SecretString='CANARY-theirs')";
    let ours = "assert 'CANARY-client-1' in value(secrets[0])";
    let _ = alone(&environment, 0, &APPLY);
    secrets("after-s", theirs);
    let _ = alone(&environment, 0, &APPLY);
    secrets("after-s", ours);
    // Nothing is left that was put aside.
    let _ = alone(&environment, 0, &PLAN);
    // The new version is made, and the old one's end is cut off.
    secrets("after-s", theirs);
    let mut cut = environment.command(&APPLY);
    cut.env("FLOWCTL_FAULT", "before-result:2");
    assert!(cut.status().is_ok_and(|ended| ended.code().is_none()));
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &PLAN);
    secrets("after-s", ours);
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
}

#[test]
fn a_value_that_is_left_to_others_is_left_alone() {
    let configuration = secret_alone("left-s").replace(
        "  secret_id = aws_secretsmanager_secret.crm.id\n",
        "  secret_id = aws_secretsmanager_secret.crm.id\n  lifecycle {\n    ignore_changes = \
         [secret_string]\n  }\n",
    );
    let Some(environment) = super::with(&configuration) else {
        return;
    };
    let _ = alone(&environment, 0, &APPLY);
    secrets(
        "left-s",
        "sm.put_secret_value(SecretId=secrets[0]['Name'], SecretString='CANARY-theirs')",
    );
    let plan = alone(&environment, 0, &["plan"]);
    assert!(
        plan.contains("secret_string = (sensitive value, changed)"),
        "{plan}"
    );
    assert!(plan.contains("No changes."), "{plan}");
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &["refresh"]);
    let _ = alone(&environment, 0, &PLAN);
    secrets("left-s", "assert value(secrets[0]) == 'CANARY-theirs'");
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
}

#[test]
fn a_value_that_is_only_written_is_sent_with_its_number() {
    let Some(environment) = super::with(
        r#"
//- main.tf
variable "value" {
  default   = "CANARY-1"
  ephemeral = true
}
variable "number" {
  default = 1
}
variable "stages" {
  type    = set(string)
  default = ["AWSCURRENT"]
}
resource "aws_secretsmanager_secret" "s" {
  name                    = "written-s"
  recovery_window_in_days = 0
}
resource "aws_secretsmanager_secret_version" "s" {
  secret_id                = aws_secretsmanager_secret.s.id
  secret_string_wo         = var.value
  secret_string_wo_version = var.number
  version_stages           = var.stages
}
resource "aws_secretsmanager_secret" "b" {
  name                    = "written-s-binary"
  recovery_window_in_days = 0
}
resource "aws_secretsmanager_secret_version" "b" {
  secret_id     = aws_secretsmanager_secret.b.name
  secret_binary = base64encode("CANARY-binary")
}
"#,
    ) else {
        return;
    };
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &PLAN);
    // Without a new number nobody looks whether it is another value.
    let value = "-var=value=CANARY-2";
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], value]);
    let number = "-var=number=2";
    let plan = alone(&environment, 2, &[PLAN[0], PLAN[1], value, number]);
    assert!(
        plan.contains("1 to add, 0 to change, 1 to destroy"),
        "{plan}"
    );
    let _ = alone(&environment, 0, &[APPLY[0], APPLY[1], value, number]);
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], value, number]);
    secrets(
        "written-s",
        "secrets = {s['Name']: s for s in secrets}\n\
         assert value(secrets['written-s']) == 'CANARY-2'\n\
         b = sm.get_secret_value(SecretId='written-s-binary')['SecretBinary']\n\
         assert b == b'CANARY-binary', b",
    );
    // Labels move in place.
    let stages = "-var=stages=[\"AWSCURRENT\",\"blue\"]";
    let plan = alone(&environment, 2, &[PLAN[0], PLAN[1], number, stages]);
    assert!(
        plan.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = alone(&environment, 0, &[APPLY[0], APPLY[1], number, stages]);
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], number, stages]);
    secrets(
        "written-s",
        "sm.get_secret_value(SecretId='written-s', VersionStage='blue')",
    );
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
}

#[test]
fn what_was_cut_off_is_found_again_and_made_once() {
    // Each of the three objects, before its answer is written down and with an answer that never
    // came.
    for (point, name) in [
        ("before-result:1", "cut-s-a"),
        ("after-send:1", "cut-s-b"),
        ("before-result:2", "cut-s-c"),
        ("after-send:2", "cut-s-d"),
        ("before-result:3", "cut-s-e"),
    ] {
        let Some(environment) = super::with(&secret_alone(name)) else {
            return;
        };
        let mut cut = environment.command(&["apply", "-auto-approve", "-parallelism=1"]);
        let cut = cut.env("FLOWCTL_FAULT", point).output();
        assert!(
            cut.is_ok_and(|cut| cut.status.code().is_none()),
            "{point}: it was not killed"
        );
        let _ = alone(&environment, 0, &APPLY);
        let _ = alone(&environment, 0, &PLAN);
        secrets(
            name,
            "assert len(secrets) == 1, secrets\n\
             versions = sm.describe_secret(SecretId=secrets[0]['Name'])['VersionIdsToStages']\n\
             assert len(versions) == 1, versions",
        );
        let destroyed = alone(&environment, 0, &["destroy", "-auto-approve"]);
        assert!(destroyed.contains("3 destroyed"), "{destroyed}");
        secrets(name, "assert not secrets, secrets");
    }
}

#[test]
fn a_name_that_waits_for_its_end_is_told_with_a_way_out() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_secretsmanager_secret" "s" {
  name = "waits-s"
}
"#,
    ) else {
        return;
    };
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
    let refused = alone(&environment, 1, &APPLY);
    let said = refused.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("keeps the name until its recovery window ends"),
        "{refused}"
    );
    assert!(
        said.contains("restore-secret --secret-id waits-s"),
        "{refused}"
    );
    // One that somebody else deletes is gone too.
    secrets("waits-s", "sm.restore_secret(SecretId='waits-s')");
    let _ = alone(
        &environment,
        0,
        &["import", "aws_secretsmanager_secret.s", "waits-s"],
    );
    let _ = alone(&environment, 0, &PLAN);
    secrets("waits-s", "sm.delete_secret(SecretId='waits-s')");
    let plan = alone(&environment, 2, &PLAN);
    assert!(plan.contains("1 to add"), "{plan}");
}

#[test]
fn secrets_are_adopted_with_the_configuration_that_is_written_for_them() {
    let Some(environment) = super::with("") else {
        return;
    };
    secrets(
        "adopted-s",
        "import json\n\
         policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': \
         {'Service': 'appflow.amazonaws.com'}, 'Action': 'secretsmanager:GetSecretValue', \
         'Resource': '*'}]}\n\
         for name in ['adopted-s', 'adopted-s-2']:\n  \
           sm.create_secret(Name=name, SecretString='CANARY-adopted', ClientRequestToken='v' * 32, \
           Tags=[{'Key': 'a', 'Value': 'b'}])\n\
         sm.put_resource_policy(SecretId='adopted-s-2', ResourcePolicy=json.dumps(policy))",
    );
    let version = "v".repeat(32);
    environment.write(
        &r#"
//- main.tf
import {
  to = aws_secretsmanager_secret.s
  id = "adopted-s"
}
import {
  to = aws_secretsmanager_secret_version.s
  id = "adopted-s|VERSION"
}
import {
  to = aws_secretsmanager_secret_policy.other
  id = "adopted-s-2"
}
"#
        .replace("VERSION", &version),
    );
    let plan = alone(&environment, 0, &["plan", "-generate-config-out=made.tf"]);
    assert!(
        plan.contains("3 to import, 0 to add, 0 to change"),
        "{plan}"
    );
    let random = regex::Regex::new("adopted-s-2-[A-Za-z0-9]{6}");
    let written = environment.read("made.tf");
    let written = random.map(|random| {
        random
            .replace_all(&written, "adopted-s-2-XyZ123")
            .into_owned()
    });
    insta::assert_snapshot!(written.unwrap_or_default());
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &PLAN);
    // With the value that it has it stays as it is, and with another one it does not.
    let same = "-var=s_secret_string=CANARY-adopted";
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], same]);
    let plan = alone(
        &environment,
        2,
        &[PLAN[0], PLAN[1], "-var=s_secret_string=CANARY-new"],
    );
    assert!(
        plan.contains("1 to add, 0 to change, 1 to destroy"),
        "{plan}"
    );
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
    secrets(
        "adopted-s-2",
        "sm.delete_secret(SecretId='adopted-s-2', ForceDeleteWithoutRecovery=True)",
    );
}

#[test]
fn replicas_come_and_go_in_place() {
    let Some(environment) = super::with(
        r#"
//- main.tf
variable "regions" {
  type    = set(string)
  default = ["us-east-1"]
}
resource "aws_secretsmanager_secret" "s" {
  name                    = "replica-s"
  recovery_window_in_days = 0
  dynamic "replica" {
    for_each = var.regions
    content {
      region = replica.value
    }
  }
}
"#,
    ) else {
        return;
    };
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &PLAN);
    let other = "-var=regions=[\"us-west-2\",\"eu-central-1\"]";
    let plan = alone(&environment, 2, &[PLAN[0], PLAN[1], other]);
    assert!(
        plan.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = alone(&environment, 0, &[APPLY[0], APPLY[1], other]);
    let _ = alone(&environment, 0, &[PLAN[0], PLAN[1], other]);
    secrets(
        "replica-s",
        "s = sm.describe_secret(SecretId='replica-s')\n\
         assert sorted(r['Region'] for r in s['ReplicationStatus']) == ['eu-central-1', \
         'us-west-2'], s",
    );
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
    secrets("replica-s", "assert not secrets, secrets");
}

#[test]
fn a_secret_in_another_region_with_a_key_of_its_own() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_kms_key" "k" {
  region = "us-west-2"
}
resource "aws_secretsmanager_secret" "s" {
  name                    = "other-s"
  region                  = "us-west-2"
  kms_key_id              = aws_kms_key.k.id
  recovery_window_in_days = 0
}
resource "aws_secretsmanager_secret_version" "s" {
  secret_id     = aws_secretsmanager_secret.s.id
  region        = "us-west-2"
  secret_string = "CANARY-there"
}
output "version" {
  value = aws_secretsmanager_secret_version.s.id
}
"#,
    ) else {
        return;
    };
    let _ = alone(&environment, 0, &APPLY);
    let _ = alone(&environment, 0, &PLAN);
    secrets("other-s", "assert not secrets, secrets");
    let version = environment.flowctl(&["output", "-raw", "version"]).out();
    let other = ["--state", "other.db"];
    let address = "aws_secretsmanager_secret_version.s";
    let import = [&other[..], &["import", address, &version]].concat();
    let _ = alone(&environment, 0, &import);
    let shown = alone(
        &environment,
        0,
        &[&other[..], &["state", "show", address]].concat(),
    );
    assert!(shown.contains("\"us-west-2\""), "{shown}");
    let _ = alone(&environment, 0, &["destroy", "-auto-approve"]);
}

#[test]
fn what_is_wrong_with_a_secret_is_told_before_any_request() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_secretsmanager_secret" "s" {
  name                    = "not a name"
  recovery_window_in_days = 3
  policy                  = "{\"Version\": 1"
}
resource "aws_secretsmanager_secret_version" "both" {
  secret_id     = "s"
  secret_string = "CANARY"
  secret_binary = "CANARY, as it is"
}
resource "aws_secretsmanager_secret_version" "none" {
  secret_id = "s"
}
resource "aws_secretsmanager_secret_policy" "s" {
  secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:s-XyZ123"
  policy     = "[]"
}
"#,
    ) else {
        return;
    };
    let ran = environment.flowctl(&["plan"]).code(1);
    assert!(!ran.stderr.contains("CANARY"), "{ran}");
    insta::assert_snapshot!(ran.stderr);
}
