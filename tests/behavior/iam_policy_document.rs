//! Policy documents that are written from blocks: nobody is asked for them.

use crate::with;

const DOCUMENT: &str = r#"
//- main.tf
variable "bucket" {
  default = "archive"
}
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = ["arn:aws:s3:::${var.bucket}"]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["home/", "", "home/&{aws:username}/"]
    }
  }
}
data "aws_iam_policy_document" "whole" {
  policy_id               = "whole"
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    effect        = "Deny"
    not_actions   = ["s3:*"]
    not_resources = ["arn:aws:s3:::${var.bucket}/<secret>"]
    principals {
      type        = "AWS"
      identifiers = ["111111111111", "222222222222"]
    }
    principals {
      type        = "Service"
      identifiers = ["appflow.amazonaws.com"]
    }
  }
  statement {
    actions = ["s3:GetObject"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
output "whole" {
  value = data.aws_iam_policy_document.whole.json
}
output "small" {
  value = data.aws_iam_policy_document.base.minified_json
}
output "rest" {
  value = {
    id      = data.aws_iam_policy_document.base.id
    version = data.aws_iam_policy_document.base.version
    effect  = data.aws_iam_policy_document.base.statement[0].effect
  }
}
"#;

#[test]
fn a_document_is_known_in_the_plan_and_as_terraforms_provider_writes_it() {
    let environment = with(DOCUMENT);
    // Neither the emulator nor a region nor credentials are there.
    let plan = environment.flowctl(&["plan", "-format", "json"]).success();
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let outputs = &plan["planned_values"]["outputs"];
    insta::assert_snapshot!("whole", outputs["whole"]["value"].as_str().unwrap());
    let small = outputs["small"]["value"].as_str().unwrap();
    assert_eq!(
        small,
        concat!(
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"List","Effect":"Allow","#,
            r#""Action":["s3:ListBucket","s3:GetBucketLocation"],"Resource":"arn:aws:s3:::archive","#,
            r#""Condition":{"StringLike":{"s3:prefix":["home/","","home/${aws:username}/"]}}}]}"#
        )
    );
    let rest = &outputs["rest"]["value"];
    assert_eq!(rest["version"], "2012-10-17");
    assert_eq!(rest["effect"], "Allow");
    assert!(rest["id"].as_str().unwrap().parse::<u32>().is_ok());
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
}

#[test]
fn a_document_that_depends_on_what_is_made_waits_for_it() {
    let environment = with(
        r#"
//- main.tf
resource "terraform_data" "made" {
  input = "made"
}
data "aws_iam_policy_document" "later" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${terraform_data.made.id}/*"]
  }
}
resource "terraform_data" "uses" {
  input = data.aws_iam_policy_document.later.json
}
data "aws_iam_policy_document" "now" {
  depends_on = [terraform_data.made]
  statement {
    actions   = ["s3:GetObject"]
    resources = [terraform_data.made.input]
  }
}
output "now" {
  value = data.aws_iam_policy_document.now.minified_json
}
output "later" {
  value = jsondecode(terraform_data.uses.output).Statement[0].Resource
}
"#,
    );
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(
        plan.stdout.contains("data.aws_iam_policy_document.later"),
        "{plan}"
    );
    assert!(
        !plan.stdout.contains("data.aws_iam_policy_document.now"),
        "{plan}"
    );
    let _ = environment
        .flowctl(&["--emulator", "apply", "-auto-approve"])
        .success();
    let later = environment.flowctl(&["output", "-raw", "later"]).out();
    assert!(
        later.starts_with("arn:aws:s3:::") && later.ends_with("/*"),
        "{later}"
    );
    let now = environment.flowctl(&["output", "-raw", "now"]).out();
    assert!(now.contains(r#""Resource":"made""#), "{now}");
}

#[test]
fn what_is_sensitive_in_a_document_stays_so() {
    let environment = with(
        r#"
//- main.tf
variable "secret" {
  default   = "CANARY-bucket"
  sensitive = true
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:GetObject"]
    resources = [var.secret]
  }
}
resource "terraform_data" "uses" {
  input = data.aws_iam_policy_document.d.json
}
"#,
    );
    let plan = environment.flowctl(&["plan"]).success();
    assert!(plan.stdout.contains("(sensitive value)"), "{plan}");
    assert!(!plan.stdout.contains("CANARY"), "{plan}");
}

#[test]
fn what_is_wrong_with_a_document_is_told_where_it_stands() {
    let environment = with(
        r#"
//- main.tf
data "aws_iam_policy_document" "twice" {
  statement {
    sid     = "One"
    actions = ["s3:*"]
  }
  statement {
    sid     = "One"
    actions = ["iam:*"]
  }
}
data "aws_iam_policy_document" "broken" {
  override_policy_documents = [jsonencode({ Statement = [] }), "{"]
}
data "aws_iam_policy_document" "old" {
  version     = "2008-10-17"
  source_json = "{}"
  statement {
    effect    = "Permit"
    sid       = "not one"
    resources = ["home/&{aws:username}"]
  }
}
data "aws_iam_policy_document" "variable" {
  version = "2008-10-17"
  statement {
    resources = ["home/&{aws:username}"]
  }
}
"#,
    );
    let ran = environment.flowctl(&["validate"]).code(1);
    insta::assert_snapshot!("wrong", ran.stderr);
}
