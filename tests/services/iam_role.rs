//! Roles, and what is made of them in the same configuration.

use flowctl_testkit::{Moto, TestEnvironment};

/// A role and a profile that uses it. Names are of one test alone.
fn configuration(name: &str) -> String {
    r#"
//- main.tf
variable "description" {
  default = "For AppFlow"
}
variable "actions" {
  type    = list(string)
  default = ["s3:GetObject"]
}
provider "aws" {
  default_tags {
    tags = { team = "crm" }
  }
}
resource "aws_iam_role" "loader" {
  name_prefix = "NAME-"
  description = var.description
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Principal = { Service = "appflow.amazonaws.com" }
    }]
  })
  inline_policy {
    name = "read"
    policy = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = var.actions, Resource = "*" }]
    })
  }
  tags = { purpose = "test" }
  lifecycle {
    ignore_changes = [tags["seen"], tags_all]
  }
}
resource "aws_appflow_connector_profile" "warehouse" {
  name            = "NAME"
  connector_type  = "Redshift"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = "loader"
        password = "CANARY-password-1"
      }
    }
    connector_profile_properties {
      redshift {
        bucket_name  = "example-bucket"
        database_url = "jdbc:redshift://c.abc123.eu-west-1.redshift.amazonaws.com:5439/dev"
        role_arn     = aws_iam_role.loader.arn
      }
    }
  }
}
output "role" {
  value = aws_iam_role.loader.name
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

#[test]
fn a_role_lives_through_everything() {
    let Some(environment) = super::with(&configuration("lives")) else {
        return;
    };
    let apply = ["--emulator", "apply", "-auto-approve"];
    let made = environment.flowctl(&apply).success();
    assert!(made.stdout.contains("2 added"), "{made}");
    assert!(!made.stderr.contains("ignore_changes"), "{made}");
    plans_empty(&environment, &[]);
    let name = environment.flowctl(&["output", "-raw", "role"]).out();
    assert!(name.starts_with("lives-"), "{name}");

    // What others change and is ignored is no change to make.
    if let Some(moto) = Moto::shared() {
        moto.elsewhere(&format!(
            "import boto3\nboto3.client('iam').tag_role(RoleName='{name}', \
             Tags=[{{'Key': 'seen', 'Value': '1'}}])\n"
        ));
    }
    plans_empty(&environment, &[]);
    let looked = ["--emulator", "plan", "-refresh-only", "-detailed-exitcode"];
    let _ = environment.flowctl(&looked).code(2);

    // In place, with everything that can be changed so.
    let change = [
        "-var=description=x",
        "-var=actions=[\"s3:PutObject\",\"s3:GetObject\"]",
    ];
    let plan = environment
        .flowctl(&[&["--emulator", "plan"][..], &change].concat())
        .success();
    assert!(
        plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
    let _ = environment
        .flowctl(&[&apply[..], &change].concat())
        .success();
    plans_empty(&environment, &change);

    // Taken over by another state.
    let other = ["--state", "other.db"];
    let import = ["import", "aws_iam_role.loader", &name];
    let _ = environment
        .flowctl(&[&["--emulator"][..], &other, &import].concat())
        .success();
    let target = ["-target=aws_iam_role.loader"];
    let plan = [&["--emulator", "plan"][..], &other, &change, &target].concat();
    let plan = environment.flowctl(&plan).success();
    assert!(
        plan.stdout.contains("0 to add, 0 to change, 0 to destroy"),
        "{plan}"
    );

    let destroyed = environment
        .flowctl(&["--emulator", "destroy", "-auto-approve"])
        .success();
    assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    let gone = environment
        .flowctl(&[&["--emulator"][..], &["--state", "third.db"], &import].concat())
        .code(1);
    assert!(
        gone.stderr.contains("there is no role") || gone.stderr.contains("There is no role"),
        "{gone}"
    );
}

#[test]
fn a_role_whose_making_was_cut_off_is_found_again() {
    // Before the answer is written down, with an answer that never came, and between the role and
    // its policy.
    for (point, name) in [
        ("before-result", "cut-a"),
        ("after-send", "cut-b"),
        ("before-result", "cut-bare"),
    ] {
        let Some(environment) = super::with(&configuration(name)) else {
            return;
        };
        let apply = [
            "--emulator",
            "apply",
            "-auto-approve",
            "-target=aws_iam_role.loader",
        ];
        let fault = format!("{point}:1");
        let mut cut = environment.command(&apply);
        let cut = cut.env("FLOWCTL_FAULT", fault).output();
        assert!(
            cut.is_ok_and(|cut| cut.status.code().is_none()),
            "{point}: it was not killed"
        );
        if let (Some(moto), "cut-bare") = (Moto::shared(), name) {
            moto.elsewhere(
                "import boto3\niam = boto3.client('iam')\nfor role in iam.list_roles()['Roles']:\n  \
                 name = role['RoleName']\n  if name.startswith('cut-bare-'): \
                 iam.delete_role_policy(RoleName=name, PolicyName='read')\n",
            );
        }
        let again = environment.flowctl(&["--emulator", "apply", "-auto-approve"]);
        let _ = again.success();
        plans_empty(&environment, &[]);
        let count = format!(
            "import boto3\nnames = [r['RoleName'] for r in \
             boto3.client('iam').list_roles()['Roles']]\nassert len([n for n in names if \
             n.startswith('{name}-')]) == 1, names\n"
        );
        if let Some(moto) = Moto::shared() {
            moto.elsewhere(&count);
        }
        let destroyed = environment
            .flowctl(&["--emulator", "destroy", "-auto-approve"])
            .success();
        assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
    }
}

/// A role with whatever inline policies are said.
fn bare(inline: &str) -> String {
    r#"
//- main.tf
resource "aws_iam_role" "bare" {
  name = "exclusive"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "appflow.amazonaws.com" }
    }]
  })
  INLINE
}
"#
    .replace("INLINE", inline)
}

#[test]
fn an_empty_inline_policy_takes_all_of_them_away() {
    let Some(environment) = super::with(&bare("")) else {
        return;
    };
    let Some(moto) = Moto::shared() else {
        return;
    };
    let apply = ["--emulator", "apply", "-auto-approve"];
    let theirs = "import boto3\nboto3.client('iam').put_role_policy(RoleName='exclusive', \
                  PolicyName='theirs', PolicyDocument='{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \
                  \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}')\n";
    let count = |expected: &str| {
        moto.elsewhere(&format!(
            "import boto3\nnames = boto3.client('iam').list_role_policies(RoleName='exclusive')\n\
             assert names['PolicyNames'] == {expected}, names\n"
        ));
    };
    let _ = environment.flowctl(&apply).success();
    // Those of others are left alone until the configuration says that there are none.
    moto.elsewhere(theirs);
    plans_empty(&environment, &[]);
    environment.write(&bare("inline_policy {}"));
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(plan.stdout.contains("0 to add, 1 to change"), "{plan}");
    let _ = environment.flowctl(&apply).success();
    count("[]");
    plans_empty(&environment, &[]);
    // And from then on.
    moto.elsewhere(theirs);
    let _ = environment.flowctl(&apply).success();
    count("[]");
    plans_empty(&environment, &[]);
    environment.write(&bare(""));
    plans_empty(&environment, &[]);
    let _ = environment
        .flowctl(&["--emulator", "destroy", "-auto-approve"])
        .success();
}

#[test]
fn a_policy_that_is_none_is_told_before_any_request() {
    let Some(environment) = super::with(
        r#"
//- main.tf
resource "aws_iam_role" "r" {
  name               = "wrong name"
  assume_role_policy = "{\"Version\": 1"
}
"#,
    ) else {
        return;
    };
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    insta::assert_snapshot!(ran.stderr);
}
