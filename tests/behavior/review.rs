//! `flowctl review`.

use std::process::Command;

use flowctl_testkit::TestEnvironment;

use crate::{PROFILE, empty, with};

/// Runs git in the directory of a test.
pub(crate) fn git(environment: &TestEnvironment, arguments: &[&str]) {
    let done = Command::new("git")
        .args([
            "-c",
            "user.name=tester",
            "-c",
            "user.email=tester@example.com",
        ])
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "commit.gpgSign=false",
        ])
        .args(arguments)
        .current_dir(environment.path("."))
        .env("HOME", environment.path("."))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "git {arguments:?}: {said}");
}

/// Everything in the directory becomes a commit.
pub(crate) fn commit(environment: &TestEnvironment) {
    git(environment, &["add", "--all"]);
    git(environment, &["commit", "--quiet", "--message", "a change"]);
}

/// A repository with these files in its first commit, which is tagged `before`.
fn repository(fixture: &str) -> TestEnvironment {
    let environment = with_git(fixture);
    git(&environment, &["init", "--quiet"]);
    commit(&environment);
    git(&environment, &["tag", "before"]);
    environment
}

/// These files, where git can be found wherever it is installed.
fn with_git(fixture: &str) -> TestEnvironment {
    with(fixture).with_variable("PATH", &std::env::var("PATH").unwrap())
}

pub(crate) fn replace(environment: &TestEnvironment, file: &str, from: &str, to: &str) {
    let text = environment.read(file);
    assert!(text.contains(from), "{file} has no {from}");
    environment.write(&format!("//- {file}\n{}", text.replace(from, to)));
}

const SAME: &str = "No differences. What before and the working tree ask for is the same.\n";

#[test]
fn a_change_is_shown_for_each_resource_it_reaches() {
    let environment = repository(
        r#"
//- main.tf
locals {
  stage = "test"
}
resource "terraform_data" "a" {
  input = "a-${local.stage}"
}
resource "terraform_data" "b" {
  input = "b-${local.stage}"
}
resource "terraform_data" "old" {
  input = "moves"
}
resource "terraform_data" "untouched" {
  input = file("text.txt")
}
resource "terraform_data" "replaced" {
  triggers_replace = "one"
}
output "stage" {
  value = local.stage
}
//- text.txt
text
"#,
    );
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    replace(&environment, "main.tf", "\"test\"", "\"live\"");
    replace(&environment, "main.tf", "\"old\"", "\"new\"");
    replace(&environment, "main.tf", "\"one\"", "\"two\"");
    environment.write(
        "//- moved.tf\nmoved {\n  from = terraform_data.old\n  to   = terraform_data.new\n}\n",
    );
    let review = ["review", "--base=before", "--detailed-exitcode"];
    let ran = environment.flowctl(&review).code(2);
    insta::assert_snapshot!(ran);
    assert!(!ran.stdout.contains("untouched"));
    // A committed head is the same, and nothing is left behind.
    commit(&environment);
    let committed = [
        "review",
        "--base=before",
        "--head=HEAD",
        "-detailed-exitcode",
    ];
    let committed = environment.flowctl(&committed).code(2);
    let lines = |ran: &flowctl_testkit::Ran| -> Vec<String> {
        ran.stdout.lines().skip(1).map(str::to_owned).collect()
    };
    assert_eq!(lines(&committed), lines(&ran));
    assert_eq!(
        environment.list("."),
        [".git", "main.tf", "moved.tf", "text.txt"]
    );
}

#[test]
fn layout_is_no_difference() {
    let environment = repository(PROFILE);
    let text = environment
        .read("main.tf")
        .replace("\n\n", "\n\n# a remark\n\n");
    environment.write(&format!(
        "//- main.tf\n\n\n{}",
        text.replace(" = ", "   =   ")
    ));
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    let same = ["review", "--base=before", "--detailed-exitcode"];
    let _ = environment.flowctl(&same).success();
}

#[test]
fn secrets_are_compared_and_never_shown() {
    let environment = repository(PROFILE);
    environment.write("//- secrets.auto.tfvars\napi_key = \"CANARY-rotated\"\n");
    let ran = environment.flowctl(&["review", "--base=before"]).success();
    insta::assert_snapshot!("a_rotated_secret", ran);
    for format in ["human", "json", "markdown", "html"] {
        let format = format!("--format={format}");
        let ran = environment.flowctl(&["review", "--base=before", &format]);
        assert!(!ran.to_string().contains("CANARY"), "{ran}");
    }
}

#[test]
fn a_secret_from_another_source_is_a_change_even_where_nobody_knows_it() {
    let unset = PROFILE.split("//- secrets").next().unwrap();
    let environment = repository(unset);
    environment.write("//- more.tf\nvariable \"other\" {\n  sensitive = true\n}\n");
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    replace(&environment, "main.tf", "= var.api_key", "= var.other");
    replace(
        &environment,
        "main.tf",
        "= \"CANARY-literal\"",
        "= var.api_key",
    );
    let ran = environment.flowctl(&["review", "--base=before"]).success();
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    insta::assert_snapshot!(ran);
}

#[test]
fn what_only_the_service_knows_is_asked_of_nobody() {
    let environment = repository(&PROFILE.replace("//- secrets", ASKS));
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    replace(
        &environment,
        "main.tf",
        "= \"CANARY-literal\"",
        "= data.aws_caller_identity.here.id",
    );
    let ran = environment.flowctl(&["review", "--base=before"]).success();
    assert!(
        ran.stdout
            .contains("application_key = (sensitive value, changed)"),
        "{ran}"
    );
    // Neither state nor anything else was written.
    assert_eq!(
        environment.list("."),
        [".git", "main.tf", "more.tf", "secrets.auto.tfvars"]
    );
}

/// Much that a plan would ask the service for.
const ASKS: &str = r#"
//- more.tf
variable "region" {}
provider "aws" {
  region = var.region
}
data "aws_caller_identity" "here" {}
import {
  to = aws_appflow_connector_profile.metrics
  id = "metrics"
}
check "account" {
  assert {
    condition     = data.aws_caller_identity.here.account_id == "123456789012"
    error_message = "Another account."
  }
}
output "account" {
  value = data.aws_caller_identity.here.account_id
}
//- secrets"#;

#[test]
fn the_source_of_a_secret_is_followed_into_dynamic_blocks() {
    let environment = repository(
        r#"
//- main.tf
variable "keys" {
  type      = list(string)
  sensitive = false
}
variable "others" {
  type      = list(string)
  sensitive = false
}
resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    dynamic "connector_profile_credentials" {
      for_each = ["only"]
      content {
        datadog {
          api_key         = join("", var.keys)
          application_key = "${connector_profile_credentials.value}-${join("", var.keys)}"
        }
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
"#,
    );
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    let (from, to) = (
        "api_key         = join(\"\", var.keys)",
        "api_key = join(\"\", var.others)",
    );
    replace(&environment, "main.tf", from, to);
    let ran = environment.flowctl(&["review", "--base=before"]).success();
    let changed = ran.stdout.matches("(sensitive value, changed)").count();
    assert_eq!(changed, 1, "{ran}");
}

#[test]
fn the_other_formats() {
    let environment = repository(PROFILE);
    replace(&environment, "main.tf", "datadoghq.com", "datadoghq.eu");
    let json = environment
        .flowctl(&["review", "--base=before", "--format=json"])
        .json();
    let change = &json["resource_changes"][0]["change"];
    assert_eq!(change["actions"][0], "update");
    let properties = |side: &str| {
        let config = &change[side]["connector_profile_config"][0];
        config["connector_profile_properties"][0]["datadog"][0]["instance_url"].clone()
    };
    assert_eq!(properties("before"), "https://api.datadoghq.com");
    assert_eq!(properties("after"), "https://api.datadoghq.eu");
    let markdown = ["review", "--base=before", "--format=markdown"];
    let markdown = environment.flowctl(&markdown).out();
    assert!(markdown.starts_with("<!-- flowctl:plan:"), "{markdown}");
    assert!(markdown.contains("datadoghq.eu"), "{markdown}");
    let html = environment.flowctl(&["review", "--base=before", "--format=html"]);
    assert!(html.out().contains("api.datadoghq.<mark>eu</mark>"));
}

#[test]
fn each_side_has_its_own_modules_variables_and_files() {
    let environment = repository(
        r#"
//- live/main.tf
module "m" {
  source = "../modules/m"
  text   = var.text
}
variable "text" {}
//- live/terraform.tfvars
text = "first"
//- modules/m/main.tf
variable "text" {}
resource "terraform_data" "x" {
  input = "${var.text} ${file("${path.module}/motto.txt")} ${join(",", fileset(path.module, "*.txt"))}"
}
//- modules/m/motto.txt
old
"#,
    );
    let review = ["-C", "live", "review", "--base=before"];
    assert_eq!(environment.flowctl(&review).out(), SAME);
    environment.write("//- live/terraform.tfvars\ntext = \"second\"\n//- modules/m/motto.txt\nnew\n//- modules/m/more.txt\n");
    insta::assert_snapshot!(environment.flowctl(&review));
}

#[test]
fn variable_files_that_git_ignores_hold_for_both_sides() {
    let environment = repository(
        "//- main.tf\nvariable \"text\" {}\nresource \"terraform_data\" \"x\" {\n  input = \
         var.text\n}\n//- .gitignore\nlocal.auto.tfvars\nextra.tfvars\n",
    );
    environment.write("//- local.auto.tfvars\ntext = \"x\"\n//- extra.tfvars\ntext = \"y\"\n");
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    let extra = ["review", "--base=before", "-var-file=extra.tfvars"];
    assert_eq!(environment.flowctl(&extra).out(), SAME);
    // One that is new in the working tree is a difference.
    environment.write("//- new.tfvars\ntext = \"z\"\n");
    let new = ["review", "--base=before", "-var-file=new.tfvars"];
    let ran = environment.flowctl(&new).success();
    assert!(ran.stdout.contains("\"x\" -> \"z\""), "{ran}");
    let missing = ["review", "--base=before", "-var-file=missing.tfvars"];
    let ran = environment.flowctl(&missing).code(1);
    assert!(ran.stderr.contains("missing.tfvars"), "{ran}");
}

#[test]
fn a_variable_that_is_new_may_be_given() {
    let environment = repository("//- main.tf\nresource \"terraform_data\" \"x\" {}\n");
    environment.write(
        "//- main.tf\nvariable \"new\" {}\nresource \"terraform_data\" \"x\" {\n  input = \
         var.new\n}\n",
    );
    let given = ["review", "--base=before", "-var=new=value"];
    let ran = environment.flowctl(&given).success();
    assert!(ran.stdout.contains("\"value\""), "{ran}");
    let ran = environment
        .flowctl(&["review", "--base=before", "-var=nowhere=1"])
        .code(1);
    assert!(ran.stderr.contains("nowhere"), "{ran}");
}

#[test]
fn a_directory_that_is_new_is_empty_before() {
    let environment = repository("//- README.md\nnothing yet\n");
    environment.write("//- new/main.tf\nresource \"terraform_data\" \"x\" {}\n");
    let ran = environment.flowctl(&["-C", "new", "review", "--base=before"]);
    assert!(ran.success().stdout.contains("1 to add"));
    let nothing = environment.flowctl(&["review", "--base=before"]).code(1);
    assert!(
        nothing.stderr.contains("No configuration files"),
        "{nothing}"
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_the_repository() {
    let environment = with_git(
        "//- shared/m/main.tf\nresource \"terraform_data\" \"x\" {\n  input = \"old\"\n}\n//- \
         live/main.tf\nmodule \"m\" {\n  source = \"./linked/m\"\n}\n",
    );
    std::os::unix::fs::symlink("../shared", environment.path("live/linked")).unwrap();
    git(&environment, &["init", "--quiet"]);
    commit(&environment);
    git(&environment, &["tag", "before"]);
    replace(&environment, "shared/m/main.tf", "old", "new");
    let ran = environment.flowctl(&["-C", "live", "review", "--base=before"]);
    assert!(ran.success().stdout.contains("\"old\" -> \"new\""));
}

#[test]
fn errors_are_told_with_their_revision() {
    let broken = "//- main.tf\nresource \"terraform_data\" \"x\" {\n  input = nope.b\n}\n";
    let environment = repository(broken);
    environment.write("//- main.tf\nresource \"terraform_data\" \"x\" {\n  inptu = 1\n}\n");
    insta::assert_snapshot!(environment.flowctl(&["review", "--base=before"]).code(1));
}

#[test]
fn where_there_is_nothing_to_compare_with() {
    let environment = with_git(PROFILE);
    let outside = environment.flowctl(&["review", "--base=main"]).code(1);
    assert!(
        outside.stderr.contains("Not a git repository (or any"),
        "{outside}"
    );
    git(&environment, &["init", "--quiet"]);
    commit(&environment);
    let mut said = String::new();
    for base in ["nowhere", "--all", "HEAD:main.tf", ""] {
        let base = format!("--base={base}");
        said.push_str(&environment.flowctl(&["review", &base]).code(1).to_string());
    }
    insta::assert_snapshot!(said);
    let without = empty().with_variable("PATH", "/nowhere");
    let without = without.flowctl(&["review", "--base=main"]).code(1);
    assert!(without.stderr.contains("Cannot run git"), "{without}");
}

#[test]
fn what_nobody_knows_yet_is_compared_by_how_it_is_written() {
    let environment = repository(
        r#"
//- main.tf
variable "region" {
  type = string
}
variable "one" {
  type      = string
  sensitive = true
}
variable "two" {
  type      = string
  sensitive = true
}
resource "terraform_data" "first" {
  input = { a = 1 }
}
resource "terraform_data" "list" {
  input = [terraform_data.first.id, var.region, upper(var.region)]
}
resource "terraform_data" "secret" {
  input = { known = "k", token = var.one }
}
resource "terraform_data" "untouched" {
  input = [var.region, terraform_data.first.id]
}
"#,
    );
    assert_eq!(
        environment.flowctl(&["review", "--base=before"]).out(),
        SAME
    );
    replace(
        &environment,
        "main.tf",
        ", var.region, upper",
        ", \"${var.region}-1\", upper",
    );
    replace(
        &environment,
        "main.tf",
        "token = var.one",
        "token = var.two",
    );
    replace(
        &environment,
        "main.tf",
        "[var.region, terraform",
        "[ (var.region), terraform",
    );
    // A rename that nobody has written down.
    replace(&environment, "main.tf", "\"untouched\"", "\"renamed\"");
    replace(
        &environment,
        "main.tf",
        "[ (var.region), terraform_data.first.id]",
        "[\"x\"]",
    );
    commit(&environment);
    git(&environment, &["tag", "between"]);
    insta::assert_snapshot!(environment.flowctl(&["review", "--base=before"]));
    replace(&environment, "main.tf", "\"renamed\"", "\"again\"");
    let renamed = environment.flowctl(&["review", "--base=between"]).success();
    assert!(
        renamed.stderr.contains("to   = terraform_data.again"),
        "{renamed}"
    );
}
