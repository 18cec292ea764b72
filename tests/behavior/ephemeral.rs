//! Ephemeral resources: a secret that a program prints becomes a credential and is kept nowhere.

use std::path::Path;

use flowctl_testkit::TestEnvironment;

use crate::with;

const REDSHIFT: &str = r#"
//- main.tf
ephemeral "external" "database" {
  program = ["/bin/sh", "${path.module}/secret.sh"]
  query   = { name = "warehouse" }

  lifecycle {
    postcondition {
      condition     = self.result.password != ""
      error_message = "The password is empty."
    }
  }
}

locals {
  password = ephemeral.external.database.result.password
}

module "warehouse" {
  source   = "./warehouse"
  password = local.password
}
//- warehouse/main.tf
variable "password" {
  type      = string
  ephemeral = true
}

resource "aws_appflow_connector_profile" "this" {
  name            = "warehouse"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = "loader"
        password = var.password
      }
    }
    connector_profile_properties {
      redshift {
        bucket_name  = "example-bucket"
        database_url = "jdbc:redshift://c.abc123.us-east-1.redshift.amazonaws.com:5439/dev"
        role_arn     = "arn:aws:iam::123456789012:role/redshift"
      }
    }
  }
}
//- secret.sh
grep -q '"name":"warehouse"' || exit 4
printf '{"password":"%s"}' "$(cat secret.txt)"
//- secret.txt
CANARY-first-Aa1
"#;

fn redshift() -> TestEnvironment {
    with(REDSHIFT)
        .with_variable("FLOWCTL_ALLOW_EXTERNAL", "1")
        .with_variable("FLOWCTL_LOG", "trace")
}

/// Every file that flowctl wrote, but for what the service itself knows.
fn without_trace(environment: &TestEnvironment) {
    fn look(directory: &Path) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                look(&path);
            } else if !name.starts_with("emulator") {
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes.windows(6).any(|bytes| bytes == b"CANARY");
                assert!(!found, "{name} holds a secret");
            }
        }
    }
    look(&environment.path(".flowctl"));
}

#[test]
fn a_secret_leaves_no_trace_and_its_change_is_seen() {
    let environment = redshift();
    let run = |arguments: &[&str], code: i32| {
        let all: Vec<&str> = ["--emulator"].iter().chain(arguments).copied().collect();
        let ran = environment.flowctl(&all).code(code);
        assert!(!ran.to_string().contains("CANARY"), "{ran}");
        ran
    };
    let ran = run(&["plan", "-detailed-exitcode", "-out=first.plan"], 2);
    assert!(!ran.stdout.contains("ephemeral.external"), "{ran}");
    let plan = std::fs::read(environment.path("first.plan")).unwrap();
    assert!(!plan.windows(6).any(|bytes| bytes == b"CANARY"));
    let _ = run(&["apply", "first.plan"], 0);
    without_trace(&environment);
    // The same secret is read again, and nothing is to be done.
    let _ = run(&["plan", "-detailed-exitcode"], 0);
    let json = run(&["plan", "--format=json"], 0).json();
    let resources = json["planned_values"].to_string();
    assert!(!resources.contains("ephemeral"), "{resources}");
    let _ = run(&["state", "list"], 0);

    environment.write("//- secret.txt\nCANARY-second-Aa1\n");
    let ran = run(&["plan", "-detailed-exitcode"], 2);
    assert!(ran.stdout.contains("will be updated in-place"), "{ran}");
    let _ = run(&["apply", "-auto-approve"], 0);
    without_trace(&environment);
    let _ = run(&["plan", "-detailed-exitcode"], 0);
    let _ = run(&["history", "1"], 0);
    let _ = run(&["destroy", "-auto-approve"], 0);
    without_trace(&environment);
}

#[test]
fn programs_run_only_if_that_is_allowed() {
    let environment = with(REDSHIFT);
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    assert!(
        ran.stderr
            .contains("the configuration wants to run `/bin/sh`"),
        "{ran}"
    );
    assert!(ran.stderr.contains("--allow-external"), "{ran}");
    let allowed = ["--emulator", "--allow-external", "plan"];
    let _ = environment.flowctl(&allowed).success();
    // Nothing runs to see whether the configuration makes sense.
    let _ = environment.flowctl(&["validate"]).success();
}

#[test]
fn what_a_program_says_when_it_fails_is_shown_without_the_query() {
    let environment = redshift();
    environment.write("//- secret.sh\necho \"no entry for $(cat)\" >&2\nexit 7\n");
    let ran = environment.flowctl(&["--emulator", "plan"]).code(1);
    let said = ran.stderr.replace('│', " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("exit status: 7"), "{ran}");
    let query = "no entry for {\"name\":\"(sensitive value)\"}";
    assert!(said.contains(query), "{ran}");
}

#[test]
fn what_would_be_kept_is_refused() {
    let environment = with(
        r#"
//- main.tf
ephemeral "external" "a" {
  program = ["/bin/cat"]
  query   = { b = "CANARY" }
}

resource "terraform_data" "kept" {
  input = ephemeral.external.a.result.b
}

output "kept" {
  value = ephemeral.external.a.result.b
}

ephemeral "external" "late" {
  program = ["/bin/echo", terraform_data.other.id]
}

resource "terraform_data" "other" {}

ephemeral "extrenal" "misspelt" {}
"#,
    );
    let ran = environment.flowctl(&["validate"]).code(1);
    for summary in [
        "Invalid use of ephemeral value",
        "Ephemeral value not allowed",
        "Invalid ephemeral resource type",
        "did you mean `external`?",
    ] {
        assert!(ran.stderr.contains(summary), "{summary}: {ran}");
    }
    assert!(!ran.stderr.contains("CANARY-"), "{ran}");
}

#[test]
fn what_is_made_by_the_plan_cannot_be_asked_for() {
    let environment = with(
        r#"
//- main.tf
resource "terraform_data" "other" {}

ephemeral "external" "late" {
  program = ["/bin/echo", terraform_data.other.id]
}
"#,
    );
    let ran = environment.flowctl(&["plan"]).code(1);
    assert!(
        ran.stderr.contains("Ephemeral resource cannot be read yet"),
        "{ran}"
    );
    assert!(ran.stderr.contains("-target"), "{ran}");
}

#[test]
fn settings_of_a_provider_may_be_ephemeral() {
    let environment = redshift();
    environment.write(
        r#"
//- provider.tf
ephemeral "external" "session" {
  program = ["/bin/echo", "{\"region\": \"eu-west-1\", \"key\": \"CANARY-key\"}"]
}

provider "aws" {
  region     = ephemeral.external.session.result.region
  access_key = "AKIDEXAMPLE"
  secret_key = ephemeral.external.session.result.key
}

data "aws_region" "here" {}

output "region" {
  value = data.aws_region.here.name
}
"#,
    );
    let ran = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(ran.stdout.contains("\"eu-west-1\""), "{ran}");
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
}

#[test]
fn data_is_shown_unless_it_is_sensitive() {
    let environment = with(
        r#"
//- main.tf
data "external" "open" {
  program = ["/bin/cat"]
  query   = { a = "shown" }
}

data "external" "closed" {
  program   = ["/bin/cat"]
  query     = { a = var.hidden }
  sensitive = true
}

variable "hidden" {
  sensitive = true
  default   = "CANARY"
}

output "open" {
  value = data.external.open.result.a
}

output "closed" {
  value     = data.external.closed.result.a
  sensitive = true
}
"#,
    );
    let apply = ["--allow-external", "apply", "-auto-approve"];
    let ran = environment.flowctl(&apply).success();
    assert!(ran.stdout.contains("open   = \"shown\""), "{ran}");
    assert!(ran.stdout.contains("closed = <sensitive>"), "{ran}");
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    without_trace(&environment);
}
