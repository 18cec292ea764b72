//! Objects in other regions than the one that their provider configuration works in.

use flowctl_testkit::TestEnvironment;

use crate::with;

/// The same profile in two regions beside the provider's own.
const REGIONS: &str = r#"
//- main.tf
provider "aws" {
  region = "us-east-1"
}

variable "regions" {
  type    = set(string)
  default = ["eu-west-1", "us-west-2"]
}

variable "home" {
  default = null
}

resource "aws_appflow_connector_profile" "metrics" {
  for_each        = var.regions
  region          = each.key
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "CANARY-key"
        application_key = "CANARY-application"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "home" {
  region          = var.home
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "CANARY-key"
        application_key = "CANARY-application"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

data "aws_appflow_connector_profile" "there" {
  region     = "eu-west-1"
  name       = "metrics"
  depends_on = [aws_appflow_connector_profile.metrics]
}

data "aws_region" "elsewhere" {
  region = "ap-south-1"
}

output "elsewhere" {
  value = data.aws_region.elsewhere.endpoint
}

output "arns" {
  value = concat(
    [for profile in aws_appflow_connector_profile.metrics : profile.arn],
    [aws_appflow_connector_profile.home.arn, data.aws_appflow_connector_profile.there.arn],
  )
}
"#;

fn apply(environment: &TestEnvironment, more: &[&str]) -> String {
    let arguments = [&["--emulator", "apply", "-auto-approve"], more].concat();
    environment.flowctl(&arguments).success().stdout
}

fn plan(environment: &TestEnvironment, more: &[&str]) -> String {
    let arguments = [&["--emulator", "plan"], more].concat();
    environment.flowctl(&arguments).success().stdout
}

#[test]
fn one_name_lives_in_several_regions() {
    let environment = with(REGIONS);
    let made = apply(&environment, &[]);
    assert!(made.contains("3 added"), "{made}");
    let arns = environment.flowctl(&["output", "-json", "arns"]).json();
    let regions: Vec<_> = arns
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|arn| arn.as_str()?.split(':').nth(3))
        .collect();
    assert_eq!(
        regions,
        ["eu-west-1", "us-west-2", "us-east-1", "eu-west-1"]
    );
    let elsewhere = environment.flowctl(&["output", "-raw", "elsewhere"]);
    assert_eq!(elsewhere.out(), "ec2.ap-south-1.amazonaws.com");
    let empty = ["--emulator", "plan", "-detailed-exitcode"];
    let _ = environment.flowctl(&empty).code(0);

    // Each is read, changed and deleted where it is.
    let fewer = "-var=regions=[\"eu-west-1\"]";
    let changed = apply(&environment, &[fewer]);
    assert!(changed.contains("1 destroyed"), "{changed}");
    let _ = environment
        .flowctl(&[&empty[..], &[fewer]].concat())
        .code(0);
    let moved = plan(&environment, &["-var=regions=[\"ap-south-1\"]"]);
    assert!(
        moved.contains("1 to add, 0 to change, 1 to destroy"),
        "{moved}"
    );
    let destroyed = environment
        .flowctl(&["--emulator", "destroy", "-auto-approve"])
        .success();
    assert!(destroyed.stdout.contains("2 destroyed"), "{destroyed}");
}

#[test]
fn saying_where_an_object_is_anyway_replaces_nothing() {
    let environment = with(REGIONS);
    let none = "-var=regions=[]";
    let target = "-target=aws_appflow_connector_profile.home";
    let _ = apply(&environment, &[none, target]);
    let here = "-var=home=us-east-1";
    let said = plan(&environment, &[none, target, here]);
    assert!(said.contains("0 to add, 1 to change"), "{said}");
    let _ = apply(&environment, &[none, target, here]);
    let empty = ["--emulator", "plan", "-detailed-exitcode", none, target];
    let _ = environment.flowctl(&[&empty[..], &[here]].concat()).code(0);
    // Said no more: it stays where the provider works.
    let _ = environment.flowctl(&empty).code(0);
    let there = plan(&environment, &[none, target, "-var=home=eu-west-1"]);
    let line = "\"us-east-1\" -> \"eu-west-1\" # forces replacement";
    assert!(there.contains(line), "{there}");
}

#[test]
fn an_object_of_another_region_is_imported_and_written_with_it() {
    let environment = with(REGIONS);
    let _ = apply(&environment, &[]);
    environment.write("//- main.tf\nprovider \"aws\" {}\n");
    let rm = ["state", "rm", "aws_appflow_connector_profile.metrics"];
    let _ = environment.flowctl(&rm).success();
    for id in [
        "metrics@eu-west-1",
        "arn:aws:appflow:us-west-2:123456789012:connectorprofile/metrics",
    ] {
        let _ = environment.flowctl(&["--emulator", "import", id]).success();
    }
    let written =
        ["metrics_eu_west_1.tf", "metrics_us_west_2.tf"].map(|name| environment.read(name));
    insta::assert_snapshot!("written", written.concat());
    let target = "-target=aws_appflow_connector_profile.metrics_us_west_2";
    let clean = plan(&environment, &[target]);
    assert!(clean.contains("No changes"), "{clean}");
}

#[test]
fn a_creation_in_another_region_that_was_cut_off_is_found_again() {
    for point in ["after-send:1", "before-result:1"] {
        let environment = with(REGIONS);
        let apply = ["--emulator", "apply", "-auto-approve"];
        let mut cut = environment.command(&apply);
        let cut = cut.env("FLOWCTL_FAULT", point).output();
        assert!(cut.is_ok_and(|cut| cut.status.code().is_none()), "{point}");
        let again = environment.flowctl(&apply).success();
        assert!(again.stdout.contains("Apply complete"), "{again}");
        let empty = ["--emulator", "plan", "-detailed-exitcode"];
        let _ = environment.flowctl(&empty).code(0);
    }
}

#[test]
fn what_is_no_region_is_told_where_it_stands() {
    let environment = with(REGIONS);
    environment.write("//- home.auto.tfvars\nhome = \"Ireland\"\n");
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    insta::assert_snapshot!(ran.stderr);
}
