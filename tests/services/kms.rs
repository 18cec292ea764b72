//! Keys and their aliases.

use flowctl_testkit::{Moto, TestEnvironment};

/// A key, an alias of it, and what the data sources tell of both. Names are of one test alone.
fn configuration(name: &str) -> String {
    r#"
//- main.tf
variable "description" {
  default = "For AppFlow"
}
variable "rotates" {
  default = true
}
variable "enabled" {
  default = true
}
variable "team" {
  default = "crm"
}
data "aws_caller_identity" "me" {}
resource "aws_kms_key" "k" {
  description             = var.description
  deletion_window_in_days = 7
  enable_key_rotation     = var.rotates
  is_enabled              = var.enabled
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NAME"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = ["kms:*"]
      Resource  = "*"
    }]
  })
  tags = { team = var.team, NAME = "" }
}
resource "aws_kms_alias" "a" {
  name          = "alias/NAME"
  target_key_id = aws_kms_key.k.arn
}
data "aws_kms_key" "k" {
  key_id = aws_kms_alias.a.name
}
data "aws_kms_alias" "a" {
  name = aws_kms_alias.a.name
}
output "key" {
  value = aws_kms_key.k.key_id
}
output "same" {
  value = [
    aws_kms_key.k.id,
    element(split("/", aws_kms_alias.a.target_key_arn), 1),
    data.aws_kms_key.k.id,
    data.aws_kms_alias.a.target_key_id,
  ]
}
"#
    .replace("NAME", name)
}

/// Asserts about the keys whose policy has this name in it: `keys` are those that are not to be
/// deleted, described, and `tags` are the tags of one.
fn keys(name: &str, assertion: &str) {
    let program = format!(
        "import boto3\nkms = boto3.client('kms')\nkeys = []\n\
         for key in kms.list_keys()['Keys']:\n  \
           key = kms.describe_key(KeyId=key['KeyId'])['KeyMetadata']\n  \
           policy = kms.get_key_policy(KeyId=key['KeyId'], PolicyName='default')['Policy']\n  \
           if '\"{name}\"' in policy and key['KeyState'] != 'PendingDeletion': keys.append(key)\n\
         tags = lambda key: {{t['TagKey']: t['TagValue'] for t in \
           kms.list_resource_tags(KeyId=key['KeyId'])['Tags']}}\n\
         {assertion}\n"
    );
    if let Some(moto) = Moto::shared() {
        moto.elsewhere(&program);
    }
}

fn plans_empty(environment: &TestEnvironment, more: &[&str]) {
    let arguments = ["plan", "-detailed-exitcode"];
    let _ = environment
        .flowctl(&[&arguments[..], more].concat())
        .code(0);
}

#[test]
fn a_key_and_its_alias_live_through_everything() {
    let Some(environment) = super::with(&configuration("lives-k")) else {
        return;
    };
    let apply = ["apply", "-auto-approve"];
    let made = environment.flowctl(&apply).success();
    assert!(made.stdout.contains("2 added"), "{made}");
    plans_empty(&environment, &[]);
    let key = environment.flowctl(&["output", "-raw", "key"]).out();
    let same = environment.flowctl(&["output", "-json", "same"]).json();
    assert_eq!(same, serde_json::json!([key, key, key, key]));

    // In place, with everything that can be changed so; the mark of the creation goes with it.
    keys("lives-k", "assert tags(keys[0]).pop('flowctl:creation')");
    let change = [
        "-var=description=x",
        "-var=rotates=false",
        "-var=enabled=false",
        "-var=team=erp",
    ];
    let plan = environment
        .flowctl(&[&["plan"][..], &change].concat())
        .success();
    assert!(
        plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = environment
        .flowctl(&[&apply[..], &change].concat())
        .success();
    plans_empty(&environment, &change);
    keys(
        "lives-k",
        "assert tags(keys[0]) == {'team': 'erp', 'lives-k': ''}, tags(keys[0])\n\
         assert not keys[0]['Enabled'] and keys[0]['Description'] == 'x', keys\n\
         assert not kms.get_key_rotation_status(KeyId=keys[0]['KeyId'])['KeyRotationEnabled']",
    );
    // And back again, of which a key that may not be used is a part.
    let _ = environment.flowctl(&apply).success();
    plans_empty(&environment, &[]);

    let destroyed = environment.flowctl(&["destroy", "-auto-approve"]).success();
    assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    keys("lives-k", "assert not keys, keys");
    let gone = environment
        .flowctl(&["--state", "other.db", "import", "aws_kms_key.k", &key])
        .code(1);
    assert!(gone.stderr.contains("scheduled for deletion"), "{gone}");
}

#[test]
fn a_key_that_was_changed_outside_is_set_right() {
    let Some(environment) = super::with(&configuration("drift-k")) else {
        return;
    };
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    keys(
        "drift-k",
        "kms.disable_key_rotation(KeyId=keys[0]['KeyId'])\n\
         kms.tag_resource(KeyId=keys[0]['KeyId'], Tags=[{'TagKey': 'x', 'TagValue': 'y'}])",
    );
    let plan = environment.flowctl(&["plan", "-detailed-exitcode"]).code(2);
    assert!(plan.stdout.contains("1 to change"), "{plan}");
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    plans_empty(&environment, &[]);
    // A key that somebody deletes is gone, however long it is kept.
    keys(
        "drift-k",
        "kms.schedule_key_deletion(KeyId=keys[0]['KeyId'], PendingWindowInDays=7)",
    );
    let plan = environment.flowctl(&["plan", "-detailed-exitcode"]).code(2);
    assert!(plan.stdout.contains("1 to add, 1 to change"), "{plan}");
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    plans_empty(&environment, &[]);
    keys("drift-k", "assert len(keys) == 1, keys");
    let _ = environment.flowctl(&["destroy", "-auto-approve"]).success();
}

#[test]
fn a_key_whose_making_was_cut_off_is_found_again() {
    // Before it is sent, with an answer that never came, before the answer is written down, and
    // before a change that was not asked for when it was made; and its alias.
    for (point, name, changed) in [
        ("after-intent:1", "cut-k-a", false),
        ("after-send:1", "cut-k-b", false),
        ("before-result:1", "cut-k-c", false),
        ("before-result:1", "cut-k-d", true),
        ("after-send:2", "cut-k-e", false),
        ("before-result:2", "cut-k-f", false),
    ] {
        let Some(environment) = super::with(&configuration(name)) else {
            return;
        };
        let mut cut = environment.command(&["apply", "-auto-approve", "-parallelism=1"]);
        let cut = cut.env("FLOWCTL_FAULT", point).output();
        assert!(
            cut.is_ok_and(|cut| cut.status.code().is_none()),
            "{point}: it was not killed"
        );
        let change: &[&str] = if changed {
            &["-var=description=other", "-var=enabled=false"]
        } else {
            &[]
        };
        let apply = ["apply", "-auto-approve"];
        let _ = environment
            .flowctl(&[&apply[..], change].concat())
            .success();
        plans_empty(&environment, change);
        keys(
            name,
            "assert len(keys) == 1, keys\n\
             assert kms.get_key_rotation_status(KeyId=keys[0]['KeyId'])['KeyRotationEnabled']",
        );
        let destroyed = environment.flowctl(&["destroy", "-auto-approve"]).success();
        assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    }
}

#[test]
fn keys_and_aliases_are_adopted_with_the_configuration_that_is_written_for_them() {
    let Some(environment) = super::with("") else {
        return;
    };
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(
        "import boto3, json\nkms = boto3.client('kms')\n\
         policy = {'Version': '2012-10-17', 'Statement': [{'Sid': 'adopted-k', 'Effect': 'Allow', \
         'Principal': {'AWS': 'arn:aws:iam::123456789012:root'}, 'Action': 'kms:*', 'Resource': \
         '*'}]}\n\
         key = kms.create_key(Policy=json.dumps(policy), Description='Theirs', \
         KeyUsage='ENCRYPT_DECRYPT', \
         Tags=[{'TagKey': 'a', 'TagValue': 'b'}])['KeyMetadata']\n\
         kms.create_alias(AliasName='alias/adopted-k', TargetKeyId=key['KeyId'])\n",
    );
    environment.write(
        r#"
//- main.tf
import {
  to = aws_kms_key.k
  id = "alias/adopted-k"
}
import {
  to = aws_kms_alias.a
  id = "alias/adopted-k"
}
"#,
    );
    let plan = environment
        .flowctl(&["plan", "-generate-config-out=made.tf"])
        .success();
    assert!(
        plan.stdout.contains("2 to import, 0 to add, 0 to change"),
        "{plan}"
    );
    let id = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    let written = environment.read("made.tf");
    let written = id.map(|id| id.replace_all(&written, "KEY").into_owned());
    insta::assert_snapshot!(written.unwrap_or_default());
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    plans_empty(&environment, &[]);
    let destroyed = environment.flowctl(&["destroy", "-auto-approve"]).success();
    assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
}

#[test]
fn a_key_in_another_region() {
    let configuration = configuration("other-k")
        .replace(
            "enable_key_rotation ",
            "region = \"us-east-1\"\n  enable_key_rotation ",
        )
        .replace(
            "target_key_id = ",
            "region = \"us-east-1\"\n  target_key_id = ",
        )
        .replace(
            "{\n  key_id = aws",
            "{\n  region = \"us-east-1\"\n  key_id = aws",
        )
        .replace(
            "\"a\" {\n  name = aws",
            "\"a\" {\n  region = \"us-east-1\"\n  name = aws",
        );
    let Some(environment) = super::with(&configuration) else {
        return;
    };
    let mut cut = environment.command(&["apply", "-auto-approve"]);
    let cut = cut.env("FLOWCTL_FAULT", "before-result:1").output();
    assert!(cut.is_ok_and(|cut| cut.status.code().is_none()));
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    plans_empty(&environment, &[]);
    keys("other-k", "assert not keys, keys");
    let there = "kms = boto3.client('kms', region_name='us-east-1')";
    let moto = Moto::shared().expect("it ran before");
    moto.elsewhere(&format!(
        "import boto3\n{there}\nassert len(kms.list_keys()['Keys']) == 1"
    ));
    let key = environment.flowctl(&["output", "-raw", "key"]).out();
    let arn = format!("arn:aws:kms:us-east-1:123456789012:key/{key}");
    for id in [arn, format!("{key}@us-east-1")] {
        let other = ["--state", "other.db"];
        let import = [&other[..], &["import", "aws_kms_key.k", &id]].concat();
        let _ = environment.flowctl(&import).success();
        let plan = [&other[..], &["plan", "-target=aws_kms_key.k"]].concat();
        let plan = environment.flowctl(&plan).success();
        // But for what the service does not keep.
        assert!(
            plan.stdout.contains("+ deletion_window_in_days = 7"),
            "{plan}"
        );
        assert!(
            plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
            "{plan}"
        );
        let forget = [&other[..], &["state", "rm", "aws_kms_key.k"]].concat();
        let _ = environment.flowctl(&forget).success();
    }
    let _ = environment.flowctl(&["destroy", "-auto-approve"]).success();
}

#[test]
fn what_is_wrong_with_a_key_is_told_before_any_request() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_kms_key" "k" {
  customer_master_key_spec = "RSA_2048"
  enable_key_rotation      = true
  deletion_window_in_days  = 3
  policy                   = "{\"Version\": 1"
}
resource "aws_kms_key" "mac" {
  customer_master_key_spec = "HMAC_256"
  timeouts {
    create = "soon"
  }
}
resource "aws_kms_alias" "a" {
  name          = "crm"
  target_key_id = aws_kms_key.k.id
}
resource "aws_kms_alias" "reserved" {
  name          = "alias/aws/crm"
  target_key_id = aws_kms_key.k.id
}
"#,
    ) else {
        return;
    };
    let ran = environment.flowctl(&["plan"]).code(1);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn an_alias_of_somebody_else_is_not_taken() {
    let Some(environment) = super::with(&configuration("taken-k")) else {
        return;
    };
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(
        "import boto3\nkms = boto3.client('kms')\nkey = kms.create_key()['KeyMetadata']\n\
         kms.create_alias(AliasName='alias/taken-k', TargetKeyId=key['KeyId'])\n",
    );
    let ran = environment.flowctl(&["apply", "-auto-approve"]).code(1);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Object already exists"), "{ran}");
    keys("taken-k", "assert not keys, keys");
}
