//! Buckets and their policies.

use flowctl_testkit::{Moto, TestEnvironment};

const APPLY: [&str; 3] = ["--emulator", "apply", "-auto-approve"];
const DESTROY: [&str; 3] = ["--emulator", "destroy", "-auto-approve"];

/// A bucket and its policy. Names are of one test alone.
fn configuration(name: &str) -> String {
    r#"
//- main.tf
variable "force" {
  default = null
}
variable "stage" {
  default = "test"
}
variable "action" {
  default = "s3:GetObject"
}
provider "aws" {
  default_tags {
    tags = { team = "crm" }
  }
}
resource "aws_s3_bucket" "archive" {
  bucket_prefix = "NAME-"
  force_destroy = var.force
  tags          = { stage = var.stage }
  timeouts {
    create = "5m"
    delete = "1h"
  }
  lifecycle {
    # Configurations from before these were resources of their own say this.
    ignore_changes = [server_side_encryption_configuration, versioning[0].enabled]
  }
}
data "aws_iam_policy_document" "appflow" {
  statement {
    actions   = ["s3:PutObject", var.action]
    resources = ["${aws_s3_bucket.archive.arn}/*"]
    principals {
      type        = "Service"
      identifiers = ["appflow.amazonaws.com"]
    }
  }
}
resource "aws_s3_bucket_policy" "archive" {
  bucket = aws_s3_bucket.archive.bucket
  policy = data.aws_iam_policy_document.appflow.json
}
output "bucket" {
  value = aws_s3_bucket.archive.id
}
output "told" {
  value = {
    arn      = aws_s3_bucket.archive.arn
    domain   = aws_s3_bucket.archive.bucket_domain_name
    regional = aws_s3_bucket.archive.bucket_regional_domain_name
    region   = aws_s3_bucket.archive.region
    zone     = aws_s3_bucket.archive.hosted_zone_id
    tags     = aws_s3_bucket.archive.tags_all
  }
}
"#
    .replace("NAME", name)
}

fn plans_empty(environment: &TestEnvironment, more: &[&str]) {
    let arguments = ["--emulator", "plan", "-detailed-exitcode"];
    let _ = environment
        .flowctl(&[&arguments[..], more].concat())
        .code(0);
}

/// Runs Python where `s3` is a client of moto.
fn elsewhere(program: &str) {
    if let Some(moto) = Moto::shared() {
        moto.elsewhere(&format!("import boto3\ns3 = boto3.client('s3')\n{program}"));
    }
}

#[test]
fn a_bucket_lives_through_everything() {
    let Some(environment) = super::with(&configuration("lives")) else {
        return;
    };
    let made = environment.flowctl(&APPLY).success();
    assert!(made.stdout.contains("2 added"), "{made}");
    plans_empty(&environment, &[]);
    let name = environment.flowctl(&["output", "-raw", "bucket"]).out();
    assert!(name.starts_with("lives-") && name.len() == 32, "{name}");
    let told = environment.flowctl(&["output", "-json", "told"]).json();
    assert_eq!(
        told,
        serde_json::json!({
            "arn": format!("arn:aws:s3:::{name}"),
            "domain": format!("{name}.s3.amazonaws.com"),
            "regional": format!("{name}.s3.eu-west-1.amazonaws.com"),
            "region": "eu-west-1",
            "zone": "Z1BKCTXD74EZPE",
            "tags": { "stage": "test", "team": "crm" },
        })
    );

    // In place: tags, and the policy, in which only the meaning counts.
    let change = ["-var=stage=production", "-var=action=s3:ListBucket"];
    let plan = environment
        .flowctl(&[&["--emulator", "plan"][..], &change].concat())
        .success();
    assert!(
        plan.stdout.contains("0 to add, 2 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = environment
        .flowctl(&[&APPLY[..], &change].concat())
        .success();
    plans_empty(&environment, &change);
    elsewhere(&format!(
        "import json\n\
         tags = s3.get_bucket_tagging(Bucket='{name}')['TagSet']\n\
         assert {{t['Key']: t['Value'] for t in tags}} == {{'stage': 'production', 'team': 'crm'}}, tags\n\
         policy = json.loads(s3.get_bucket_policy(Bucket='{name}')['Policy'])\n\
         policy['Statement'][0]['Action'].reverse()\n\
         s3.put_bucket_policy(Bucket='{name}', Policy=json.dumps(policy))\n"
    ));
    plans_empty(&environment, &change);

    // Taken over by another state, by name and by ARN.
    let other = ["--emulator", "--state", "other.db"];
    for (address, id) in [
        ("aws_s3_bucket.archive", format!("arn:aws:s3:::{name}")),
        ("aws_s3_bucket_policy.archive", name.clone()),
    ] {
        let import = [&other[..], &["import", address, &id]].concat();
        let _ = environment.flowctl(&import).success();
    }
    let plan = [&other[..], &["plan"], &change].concat();
    let plan = environment.flowctl(&plan).success();
    // The service knows nothing of the limits.
    assert!(
        plan.stdout.contains("+ timeouts {") && plan.stdout.contains("0 to add, 1 to change"),
        "{plan}"
    );
    assert!(
        plan.stdout.contains("(10 unchanged attributes hidden)"),
        "{plan}"
    );

    // What is in it is not deleted by the way.
    elsewhere(&format!(
        "s3.put_bucket_versioning(Bucket='{name}', VersioningConfiguration={{'Status': 'Enabled'}})\n\
         for i in range(1200):\n  \
           s3.put_object(Bucket='{name}', Key=f'a & <b>/{{i}}', Body=b'x')\n\
         s3.put_object(Bucket='{name}', Key='a & <b>/7', Body=b'y')\n\
         s3.delete_object(Bucket='{name}', Key='a & <b>/8')\n"
    ));
    let full = environment
        .flowctl(&[&DESTROY[..], &change].concat())
        .code(1);
    assert!(full.stderr.contains("force_destroy"), "{full}");
    let force = [&change[..], &["-var=force=true"]].concat();
    let _ = environment
        .flowctl(&[&APPLY[..], &force].concat())
        .success();
    plans_empty(&environment, &force);
    let destroyed = environment
        .flowctl(&[&DESTROY[..], &force].concat())
        .success();
    assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    let gone = [
        &["--emulator", "--state", "third.db", "import"][..],
        &["aws_s3_bucket.archive", &name],
    ];
    let gone = environment.flowctl(&gone.concat()).code(1);
    assert!(
        gone.stderr.contains("there is no bucket") || gone.stderr.contains("There is no bucket"),
        "{gone}"
    );
}

#[test]
fn a_bucket_that_others_deleted_is_made_again_and_their_tags_are_seen() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_s3_bucket" "drifts" {
  bucket = "drifts-away"
}
"#,
    ) else {
        return;
    };
    let _ = environment.flowctl(&APPLY).success();
    elsewhere(
        "s3.put_bucket_tagging(Bucket='drifts-away', Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})\n",
    );
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(plan.stdout.contains("0 to add, 1 to change"), "{plan}");
    let _ = environment.flowctl(&APPLY).success();
    plans_empty(&environment, &[]);
    elsewhere("s3.delete_bucket(Bucket='drifts-away')\n");
    let again = environment.flowctl(&APPLY).success();
    assert!(again.stdout.contains("1 added"), "{again}");
    let _ = environment.flowctl(&DESTROY).success();
}

#[test]
fn a_bucket_whose_making_was_cut_off_is_found_again() {
    // Before the answer is written down, with an answer that never came, and before its tags.
    for (point, name) in [
        ("before-result", "cut-a"),
        ("after-send", "cut-b"),
        ("before-result", "cut-bare"),
    ] {
        let Some(environment) = super::with(&configuration(name)) else {
            return;
        };
        let only = [&APPLY[..], &["-target=aws_s3_bucket.archive"]].concat();
        let mut cut = environment.command(&only);
        let cut = cut.env("FLOWCTL_FAULT", format!("{point}:1")).output();
        assert!(
            cut.is_ok_and(|cut| cut.status.code().is_none()),
            "{point}: it was not killed"
        );
        if name == "cut-bare" {
            elsewhere(
                "for bucket in s3.list_buckets()['Buckets']:\n  \
                 if bucket['Name'].startswith('cut-bare-'): \
                 s3.delete_bucket_tagging(Bucket=bucket['Name'])\n",
            );
        }
        let _ = environment.flowctl(&APPLY).success();
        plans_empty(&environment, &[]);
        elsewhere(&format!(
            "names = [b['Name'] for b in s3.list_buckets()['Buckets']]\n\
             assert len([n for n in names if n.startswith('{name}-')]) == 1, names\n"
        ));
        let destroyed = environment.flowctl(&DESTROY).success();
        assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    }
}

/// A bucket that was made, and a run that died after its policy was set and before state knew it.
fn with_a_policy_cut_off(name: &str) -> Option<TestEnvironment> {
    let environment = super::with(&configuration(name))?;
    let only = [&APPLY[..], &["-target=aws_s3_bucket.archive"]].concat();
    let _ = environment.flowctl(&only).success();
    let mut cut = environment.command(&APPLY);
    let cut = cut.env("FLOWCTL_FAULT", "before-result:1").output();
    assert!(cut.is_ok_and(|cut| cut.status.code().is_none()));
    Some(environment)
}

#[test]
fn a_policy_whose_setting_was_cut_off_is_set_once_more() {
    let Some(environment) = with_a_policy_cut_off("cut-policy") else {
        return;
    };
    let _ = environment.flowctl(&APPLY).success();
    plans_empty(&environment, &[]);
    let _ = environment.flowctl(&DESTROY).success();
}

#[test]
fn a_policy_whose_setting_was_cut_off_is_ours_after_the_configuration_changed() {
    let Some(environment) = with_a_policy_cut_off("cut-other") else {
        return;
    };
    let other = "-var=action=s3:ListBucket";
    let again = environment.flowctl(&[&APPLY[..], &[other]].concat());
    let again = again.success();
    assert!(again.stdout.contains("0 added, 1 changed"), "{again}");
    plans_empty(&environment, &[other]);
    let _ = environment.flowctl(&DESTROY).success();
}

#[test]
fn a_bucket_that_is_made_anew_under_its_name_gets_its_policy_again() {
    let text = configuration("anew")
        .replace(
            "bucket_prefix = \"anew-\"",
            "bucket = \"anew-under-its-name\"",
        )
        .replace(
            "aws_s3_bucket.archive.bucket\n",
            "aws_s3_bucket.archive.id\n",
        );
    let Some(environment) = super::with(&text) else {
        return;
    };
    let _ = environment.flowctl(&APPLY).success();
    let replace = ["-replace=aws_s3_bucket.archive"];
    let made = environment.flowctl(&[&APPLY[..], &replace].concat());
    let made = made.success();
    assert!(
        made.stdout.contains("2 added, 0 changed, 2 destroyed"),
        "{made}"
    );
    elsewhere("assert s3.get_bucket_policy(Bucket='anew-under-its-name')['Policy']\n");
    plans_empty(&environment, &[]);
    let _ = environment.flowctl(&DESTROY).success();
}

#[test]
fn a_name_that_is_taken_is_told_with_a_way_out() {
    let bucket = |name: &str, region: &str| {
        format!(
            "\n//- main.tf\nresource \"aws_s3_bucket\" \"b\" {{\n  bucket = \"{name}\"\n  region = \
             \"{region}\"\n}}\n"
        )
    };
    let Some(environment) = super::with("") else {
        return;
    };
    // In one region the service would take the owner's bucket for a new one.
    for (name, region) in [("taken-first", "us-east-1"), ("taken-far", "eu-central-1")] {
        elsewhere(&format!(
            "place = {{}} if '{region}' == 'us-east-1' else \
             {{'CreateBucketConfiguration': {{'LocationConstraint': '{region}'}}}}\n\
             client = boto3.client('s3', region_name='{region}')\n\
             client.create_bucket(Bucket='{name}', **place)\n\
             client.put_bucket_tagging(Bucket='{name}', Tagging={{'TagSet': [{{'Key': 'is', \
             'Value': 'theirs'}}]}})\n"
        ));
        environment.write(&bucket(name, region));
        let ours = environment.flowctl(&APPLY).code(1);
        assert!(ours.stderr.contains("import"), "{ours}");
        elsewhere(&format!(
            "tags = boto3.client('s3', region_name='{region}').get_bucket_tagging(Bucket='{name}')\n\
             assert tags['TagSet'][0]['Value'] == 'theirs', tags\n"
        ));
    }
    elsewhere(
        "there = boto3.client('sts').assume_role(RoleArn='arn:aws:iam::111111111111:role/r', \
         RoleSessionName='another')['Credentials']\n\
         boto3.client('s3', aws_access_key_id=there['AccessKeyId'], \
         aws_secret_access_key=there['SecretAccessKey'], aws_session_token=there['SessionToken'])\
         .create_bucket(Bucket='taken-by-another', \
         CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n",
    );
    environment.write(&bucket("taken-by-another", "eu-west-1"));
    let theirs = environment.flowctl(&APPLY).code(1);
    insta::assert_snapshot!(theirs.stderr);
}

#[test]
fn a_policy_of_others_is_not_lost() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_s3_bucket_policy" "p" {
  bucket = "has-a-policy"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow", Principal = "*", Action = "s3:GetObject", Resource = "arn:aws:s3:::has-a-policy/*"
    }]
  })
}
"#,
    ) else {
        return;
    };
    elsewhere(
        "s3.create_bucket(Bucket='has-a-policy', \
         CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n\
         s3.put_bucket_policy(Bucket='has-a-policy', Policy='{\"Version\": \"2012-10-17\", \
         \"Statement\": [{\"Effect\": \"Deny\", \"Principal\": \"*\", \"Action\": \"s3:*\", \
         \"Resource\": \"arn:aws:s3:::has-a-policy/*\"}]}')\n",
    );
    let refused = environment.flowctl(&APPLY).code(1);
    assert!(refused.stderr.contains("exists already"), "{refused}");
    let import = [
        "--emulator",
        "import",
        "aws_s3_bucket_policy.p",
        "has-a-policy",
    ];
    let _ = environment.flowctl(&import).success();
    let _ = environment.flowctl(&APPLY).success();
    plans_empty(&environment, &[]);
    let _ = environment.flowctl(&DESTROY).success();
}

#[test]
fn a_bucket_may_be_in_another_region_than_the_provider() {
    let Some(environment) = super::with(
        r#"
//- main.tf
provider "aws" {
  region = "eu-west-1"
}
resource "aws_s3_bucket" "first" {
  bucket = "regions-first"
  region = "us-east-1"
}
resource "aws_s3_bucket" "home" {
  bucket = "regions-home"
}
resource "aws_s3_bucket" "found" {
  bucket = "regions-found"
}
import {
  to = aws_s3_bucket.found
  id = "regions-found"
}
output "regions" {
  value = [for b in [aws_s3_bucket.first, aws_s3_bucket.home, aws_s3_bucket.found] : b.bucket_region]
}
"#,
    ) else {
        return;
    };
    elsewhere(
        "boto3.client('s3', region_name='ap-south-1').create_bucket(Bucket='regions-found', \
         CreateBucketConfiguration={'LocationConstraint': 'ap-south-1'})\n",
    );
    let _ = environment.flowctl(&APPLY).success();
    plans_empty(&environment, &[]);
    let regions = environment.flowctl(&["output", "-json", "regions"]).json();
    assert_eq!(
        regions,
        serde_json::json!(["us-east-1", "eu-west-1", "ap-south-1"])
    );
    elsewhere(
        "for name, region in [('first', None), ('home', 'eu-west-1'), ('found', 'ap-south-1')]:\n  \
         told = s3.get_bucket_location(Bucket='regions-' + name)['LocationConstraint']\n  \
         assert told == region, (name, told)\n",
    );
    let destroyed = environment.flowctl(&DESTROY).success();
    assert!(destroyed.stdout.contains("3 destroyed"), "{destroyed}");
}

#[test]
fn what_is_wrong_is_told_before_any_request() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_s3_bucket" "name" {
  bucket = "Archive_1"
}
resource "aws_s3_bucket" "prefix" {
  bucket        = "archive"
  bucket_prefix = "an-archive-of-all-that-was-ever-written-"
}
resource "aws_s3_bucket" "old" {
  bucket = "archive"
  acl    = "private"
  policy = "{}"
  versioning {
    enabled = true
  }
  dynamic "lifecycle_rule" {
    for_each = [1]
    content {
      enabled = true
    }
  }
}
resource "aws_s3_bucket_policy" "p" {
  bucket = "arn:aws:s3:::archive"
  policy = "{}"
}
"#,
    ) else {
        return;
    };
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    insta::assert_snapshot!(ran.stderr);
}

#[test]
fn configuration_is_written_of_a_bucket_a_policy_and_a_role() {
    let Some(environment) = super::with(
        r#"
//- main.tf
import {
  to = aws_s3_bucket.b
  id = "written-0123456789abcdef0123456789"
}
import {
  to = aws_s3_bucket_policy.p
  id = "arn:aws:s3:::written-0123456789abcdef0123456789"
}
import {
  to = aws_iam_role.r
  id = "written-0123456789abcdef0123456789"
}
"#,
    ) else {
        return;
    };
    elsewhere(
        "name = 'written-0123456789abcdef0123456789'\n\
         s3.create_bucket(Bucket=name, CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n\
         s3.put_bucket_tagging(Bucket=name, Tagging={'TagSet': [{'Key': 'a', 'Value': 'b'}]})\n\
         s3.put_bucket_policy(Bucket=name, Policy='{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\
         \"Deny\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"arn:aws:s3:::' + name + '/*\"}]}')\n\
         iam = boto3.client('iam')\n\
         iam.create_role(RoleName=name, AssumeRolePolicyDocument='{\"Version\":\"2012-10-17\",\
         \"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"Service\":\
         \"appflow.amazonaws.com\"}}]}')\n",
    );
    let write = ["--emulator", "plan", "-generate-config-out=made.tf"];
    let plan = environment.flowctl(&write).success();
    assert!(
        plan.stdout.contains("0 to add, 0 to change, 0 to destroy"),
        "{plan}"
    );
    insta::assert_snapshot!(environment.read("made.tf"));
    let _ = environment.flowctl(&APPLY).success();
    plans_empty(&environment, &[]);
    let _ = environment.flowctl(&DESTROY).success();
}

/// State that Terraform's provider wrote, with attributes that became resources of their own.
#[test]
fn a_bucket_of_terraforms_state_plans_empty() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_s3_bucket" "b" {
  bucket = "of-terraform"
  tags   = { a = "b" }
}
resource "aws_s3_bucket_policy" "p" {
  bucket = aws_s3_bucket.b.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "${aws_s3_bucket.b.arn}/*"
    }]
  })
}
"#,
    ) else {
        return;
    };
    let document = r#"{"Statement":[{"Action":"s3:*","Effect":"Deny","Principal":"*","Resource":"arn:aws:s3:::of-terraform/*"}],"Version":"2012-10-17"}"#;
    elsewhere(&format!(
        "name = 'of-terraform'\n\
         s3.create_bucket(Bucket=name, CreateBucketConfiguration={{'LocationConstraint': 'eu-west-1'}})\n\
         s3.put_bucket_tagging(Bucket=name, Tagging={{'TagSet': [{{'Key': 'a', 'Value': 'b'}}]}})\n\
         s3.put_bucket_policy(Bucket=name, Policy='{document}')\n"
    ));
    let source = "provider[\"registry.terraform.io/hashicorp/aws\"]";
    let resource = |kind: &str, name: &str, attributes: serde_json::Value| {
        serde_json::json!({
            "mode": "managed", "type": kind, "name": name, "provider": source,
            "instances": [{ "schema_version": 0, "attributes": attributes }],
        })
    };
    let state = serde_json::json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a", "outputs": {},
        "resources": [
            resource("aws_s3_bucket", "b", serde_json::json!({
                "acceleration_status": "", "acl": null, "arn": "arn:aws:s3:::of-terraform",
                "bucket": "of-terraform", "bucket_domain_name": "of-terraform.s3.amazonaws.com",
                "bucket_prefix": "", "bucket_region": "eu-west-1",
                "bucket_regional_domain_name": "of-terraform.s3.eu-west-1.amazonaws.com",
                "cors_rule": [], "force_destroy": false,
                "grant": [{ "id": "x", "permissions": ["FULL_CONTROL"], "type": "CanonicalUser", "uri": "" }],
                "hosted_zone_id": "Z1BKCTXD74EZPE", "id": "of-terraform", "lifecycle_rule": [],
                "logging": [], "object_lock_configuration": [], "object_lock_enabled": false,
                "policy": document, "region": "eu-west-1", "replication_configuration": [],
                "request_payer": "BucketOwner", "tags": { "a": "b" }, "tags_all": { "a": "b" },
                "timeouts": null, "versioning": [{ "enabled": false, "mfa_delete": false }],
                "website": [], "website_domain": null, "website_endpoint": null,
            })),
            resource("aws_s3_bucket_policy", "p", serde_json::json!({
                "bucket": "of-terraform", "id": "of-terraform", "policy": document,
                "region": "eu-west-1",
            })),
        ],
    });
    environment.write(&format!("//- terraform.tfstate\n{state}\n"));
    let took = ["state", "import-tfstate", "terraform.tfstate"];
    let took = environment.flowctl(&took).success();
    assert!(took.stdout.contains("took over 2 resource"), "{took}");
    plans_empty(&environment, &[]);
    let _ = environment.flowctl(&DESTROY).success();
}
