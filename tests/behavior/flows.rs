//! Flows, together with the profiles that they use.

use flowctl_testkit::Emulator;

use crate::applied;

/// A profile, and a scheduled flow from it to two buckets.
const FLOWS: &str = r#"
//- main.tf
provider "aws" {
  region = "us-east-1"
  default_tags {
    tags = { team = "crm" }
  }
}

resource "aws_appflow_connector_profile" "slack" {
  name            = "slack"
  connector_type  = "Slack"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = "CANARY-secret"
        access_token  = "CANARY-token"
      }
    }
    connector_profile_properties {
      slack {
        instance_url = "https://acme.slack.com"
      }
    }
  }
}

locals {
  fields = ["Id", "Name"]
}

resource "aws_appflow_flow" "accounts" {
  name        = "accounts"
  description = "Accounts, every hour"
  flow_status = "Active"

  source_flow_config {
    connector_type         = "Slack"
    connector_profile_name = aws_appflow_connector_profile.slack.name
    source_connector_properties {
      slack {
        object = "conversations/C1"
      }
    }
  }

  dynamic "destination_flow_config" {
    for_each = ["raw-bucket", "archive-bucket"]
    content {
      connector_type = "S3"
      destination_connector_properties {
        s3 {
          bucket_name = destination_flow_config.value
          s3_output_format_config {
            file_type = "PARQUET"
            prefix_config {
              prefix_type      = "PATH"
              prefix_format    = "DAY"
              prefix_hierarchy = ["EXECUTION_ID"]
            }
            aggregation_config {
              aggregation_type = "None"
            }
          }
        }
      }
    }
  }

  task {
    task_type     = "Filter"
    source_fields = local.fields
    connector_operator {
      slack = "PROJECTION"
    }
  }

  dynamic "task" {
    for_each = local.fields
    iterator = each
    content {
      task_type         = "Map"
      source_fields     = [each.value]
      destination_field = lower(each.value)
      task_properties   = { SOURCE_DATA_TYPE = "string", DESTINATION_DATA_TYPE = "string" }
      connector_operator {
        slack = "NO_OP"
      }
    }
  }

  trigger_config {
    trigger_type = "Scheduled"
    trigger_properties {
      scheduled {
        schedule_expression = "rate(1hours)"
        data_pull_mode      = "Incremental"
        schedule_start_time = "2030-01-01T01:00:00+01:00"
        timezone            = "Europe/Berlin"
      }
    }
  }

  tags = { stage = "test" }
}

output "flow" {
  value = {
    arn    = aws_appflow_flow.accounts.arn
    status = aws_appflow_flow.accounts.flow_status
    tags   = aws_appflow_flow.accounts.tags_all
  }
}
"#;

const PLAN: [&str; 3] = ["--emulator", "plan", "-detailed-exitcode"];
const APPLY: [&str; 3] = ["--emulator", "apply", "-auto-approve"];

#[test]
fn a_flow_lives_with_its_profile() {
    let environment = applied(FLOWS);
    let _ = environment.flowctl(&PLAN).success();
    insta::assert_snapshot!("outputs", environment.flowctl(&["output"]).out());
    // The order of tasks makes no difference, nor does another way to write what is not set.
    let text = environment.read("main.tf");
    let turned = text.replace("[\"Id\", \"Name\"]", "reverse([\"Name\", \"Id\"])");
    let turned = turned.replace(
        "for_each = local.fields",
        "for_each = reverse(local.fields)",
    );
    let turned = turned.replace("2030-01-01T01:00:00+01:00", "2030-01-01T00:00:00Z");
    let turned = turned.replace(
        "\"rate(1hours)\"",
        "\"rate(1 hours)\"\n        schedule_offset = 0",
    );
    std::fs::write(environment.path("main.tf"), &turned).unwrap();
    let _ = environment.flowctl(&PLAN).success();
    // A change stops the flow and starts it again.
    let changed = text.replace("\"EXECUTION_ID\"", "\"SCHEMA_VERSION\"");
    let changed = changed.replace("stage = \"test\"", "stage = \"live\"");
    std::fs::write(environment.path("main.tf"), changed).unwrap();
    insta::assert_snapshot!("changed", environment.flowctl(&PLAN).code(2));
    let _ = environment.flowctl(&APPLY).success();
    let _ = environment.flowctl(&PLAN).success();
    insta::assert_snapshot!("outputs_after", environment.flowctl(&["output"]).out());
    // Another name makes another flow; the profile stays.
    let renamed = text.replace("name        = \"accounts\"", "name        = \"customers\"");
    std::fs::write(environment.path("main.tf"), renamed).unwrap();
    let plan = environment
        .flowctl(&["--emulator", "plan", "-compact"])
        .success();
    assert!(plan.stdout.contains("accounts"), "{plan}");
    let _ = environment.flowctl(&APPLY).success();
    let _ = environment.flowctl(&PLAN).success();
    // The flow goes before the profile that it uses.
    let destroyed = environment
        .flowctl(&["--emulator", "destroy", "-auto-approve"])
        .success();
    let at = |words: &str| {
        destroyed
            .stderr
            .find(words)
            .or_else(|| destroyed.stdout.find(words))
    };
    let (flow, profile) = (
        at("aws_appflow_flow.accounts: Destruction complete"),
        at("aws_appflow_connector_profile.slack: Destroying"),
    );
    assert!(
        flow.is_some() && profile.is_some() && flow < profile,
        "{destroyed}"
    );
}

#[test]
fn a_flow_is_adopted_and_plans_clean() {
    for status in ["flow_status = \"Active\"", ""] {
        let (fixture, _) = FLOWS.split_once("output \"flow\"").unwrap();
        let fixture = fixture.replace("flow_status = \"Active\"", status);
        let environment = applied(&fixture);
        let address = "aws_appflow_flow.accounts";
        let _ = environment.flowctl(&["state", "rm", address]).success();
        let text = environment.read("main.tf");
        let begins = text.find("resource \"aws_appflow_flow\"").unwrap();
        std::fs::write(environment.path("main.tf"), &text[..begins]).unwrap();
        let arn = "arn:aws:appflow:us-east-1:123456789012:flow/accounts";
        let ran = environment
            .flowctl(&["--emulator", "import", arn, address])
            .success();
        assert!(ran.stdout.contains(address), "{ran}");
        let written = environment.list(".").into_iter().find(|name| {
            name.ends_with(".tf") && environment.read(name).contains("\"aws_appflow_flow\"")
        });
        let written = environment.read(&written.unwrap());
        assert_eq!(
            written.contains("flow_status"),
            !status.is_empty(),
            "{written}"
        );
        if status.is_empty() {
            insta::assert_snapshot!("written", written);
        }
        assert_eq!(environment.flowctl(&["fmt", "-check"]).out(), "");
        let _ = environment.flowctl(&PLAN).success();
    }
}

#[test]
fn mistakes_are_told_where_they_are() {
    let wrong = FLOWS
        .replace(
            "connector_type         = \"Slack\"",
            "connector_type         = \"Redshift\"",
        )
        .replace("slack = \"NO_OP\"", "slack = \"NOP\"")
        .replace("\"EXECUTION_ID\"", "\"EXECUTION\"")
        .replace(
            "SOURCE_DATA_TYPE = \"string\", ",
            "SOURCE_TYPE = \"string\", ",
        )
        .replace("\"2030-01-01T01:00:00+01:00\"", "\"2030-13-01T01:00:00Z\"");
    let environment = crate::with(&wrong);
    insta::assert_snapshot!("wrong", environment.flowctl(&["validate"]).code(1));
    let absent = FLOWS.replace("aws_appflow_connector_profile.slack.name", "\"nobody\"");
    let environment = crate::with(&absent);
    let refused = environment.flowctl(&APPLY).code(1);
    assert!(
        refused.stderr.contains("make the connector profile first"),
        "{refused}"
    );
    // What does not depend on it was made.
    let listed = environment.flowctl(&["state", "list"]).out();
    assert_eq!(listed, "aws_appflow_connector_profile.slack\n");
}

#[test]
fn the_example_runs_as_it_stands() {
    let environment = crate::empty();
    let example = include_str!("../../examples/flow/main.tf");
    environment.write(&format!("//- main.tf\n{example}"));
    assert_eq!(environment.flowctl(&["fmt", "-check"]).out(), "");
    let _ = environment.flowctl(&APPLY).success();
    let _ = environment.flowctl(&PLAN).success();
    let _ = environment
        .flowctl(&["--emulator", "destroy", "-auto-approve"])
        .success();
}

/// An answer that is lost, at whichever request, loses no flow and makes none twice.
#[test]
fn lost_answers_lose_no_flow() {
    for faults in [
        "CreateFlow:lost:first=1",
        "CreateFlow:lost:first=6",
        "StartFlow:lost:first=1",
        "StartFlow:lost:first=6",
        "DescribeFlow:500:0.3",
        "CreateFlow:throttle:first=2",
    ] {
        let environment = crate::with(FLOWS);
        let emulator = Emulator::start(&environment, &["--faults", faults]);
        let environment = environment.with_variable("AWS_ENDPOINT_URL", &emulator.url());
        let environment = environment
            .with_variable("AWS_ACCESS_KEY_ID", "test")
            .with_variable("AWS_SECRET_ACCESS_KEY", "test");
        let apply = ["apply", "-auto-approve"];
        // What the first run could not know, the next one finds out.
        let runs = (0..4).map(|_| environment.flowctl(&apply).code);
        assert!(runs.into_iter().any(|code| code == Some(0)), "{faults}");
        let ran = environment.flowctl(&["plan", "-detailed-exitcode"]);
        assert_eq!(ran.code, Some(0), "{faults}: {ran}");
        let output = environment.flowctl(&["output", "-json"]).json();
        assert_eq!(output["flow"]["value"]["status"], "Active", "{faults}");
    }
}

/// A flow that runs is not left standing because the answer to its change is lost.
#[test]
fn a_change_without_an_answer_leaves_a_flow_running() {
    for said in ["flow_status = \"Active\"", ""] {
        let environment = crate::with(FLOWS);
        let emulator = Emulator::start(&environment, &[]);
        let environment = environment
            .with_variable("AWS_ENDPOINT_URL", &emulator.url())
            .with_variable("AWS_ACCESS_KEY_ID", "test")
            .with_variable("AWS_SECRET_ACCESS_KEY", "test");
        let apply = ["apply", "-auto-approve"];
        let _ = environment.flowctl(&apply).success();
        let change = |rate: &str| {
            let changed = FLOWS.replace("rate(1hours)", rate);
            environment.write(&changed.replace("flow_status = \"Active\"", said));
        };
        change("rate(2hours)");
        emulator.set_faults("UpdateFlow:lost:first=5");
        let mut runs = (0..3).map(|_| environment.flowctl(&apply).code);
        assert!(runs.any(|code| code == Some(0)));
        change("rate(3hours)");
        emulator.set_faults("UpdateFlow:denied");
        let _ = environment.flowctl(&apply).code(1);
        emulator.set_faults("");
        let drift = ["plan", "-refresh-only", "-detailed-exitcode"];
        let _ = environment.flowctl(&drift).success();
        let _ = environment.flowctl(&apply).success();
        let _ = environment
            .flowctl(&["plan", "-detailed-exitcode"])
            .success();
        let output = environment.flowctl(&["output", "-json"]).json();
        assert_eq!(output["flow"]["value"]["status"], "Active", "{said}");
    }
}
