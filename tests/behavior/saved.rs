//! Saved plans: exactly what was approved is done, or nothing, and why not.

use flowctl_testkit::{Emulator, TestEnvironment};

use crate::{PROFILE, empty, with};

const CONFIGURATION: &str = r#"
//- main.tf
variable "word" {
  default = "one"
}

variable "secret" {
  sensitive = true
}

resource "terraform_data" "a" {
  input = { word = var.word, secret = var.secret }
}

resource "terraform_data" "b" {
  input = "b"
}
"#;

fn environment() -> TestEnvironment {
    let environment = empty().with(CONFIGURATION);
    environment.with_variable("TF_VAR_secret", "CANARY-one")
}

#[test]
fn a_saved_plan_is_shown_and_applied_as_it_was_approved() {
    // Wide enough that no name of a machine breaks a line.
    let environment = environment().with_variable("COLUMNS", "200");
    let planned = environment
        .flowctl(&["plan", "-out=plan.bin", "-var", "word=two"])
        .out();
    let shown = environment.flowctl(&["show", "plan.bin"]).out();
    let plan = planned.split("\nSaved the plan to:").next().unwrap();
    assert_eq!(plan.trim_end(), shown.trim_end());
    let json = environment.flowctl(&["show", "-json", "plan.bin"]).out();
    assert!(json.contains("\"resource_changes\""), "{json}");
    let bytes = std::fs::read(environment.path("plan.bin")).unwrap();
    let bytes = String::from_utf8_lossy(&bytes).into_owned();
    for text in [&planned, &shown, &json, &bytes] {
        assert!(!text.contains("CANARY"), "{text}");
    }
    let _ = environment.flowctl(&["apply", "plan.bin"]).success();
    let again = environment.flowctl(&["apply", "plan.bin"]).code(1);
    insta::assert_snapshot!(again);
    let _ = environment
        .flowctl(&["plan", "-detailed-exitcode", "-var", "word=two"])
        .code(0);
}

#[test]
fn a_plan_for_tools_is_alone_where_it_is_read() {
    let environment = environment();
    let plan = |format| environment.flowctl(&["plan", format, "-out=plan.bin"]);
    let ran = plan("--format=json");
    assert!(ran.stderr.contains("flowctl apply plan.bin"), "{ran}");
    assert!(ran.json()["resource_changes"].is_array());
    let ran = plan("--format=markdown").success();
    assert!(!ran.stdout.contains("Saved the plan"), "{ran}");
}

#[test]
fn a_saved_plan_is_shown_as_wide_and_as_deep_as_it_was_planned() {
    let environment = environment();
    let lists = "//- list.tf\nresource \"terraform_data\" \"c\" {\n  input = [1, 2, 3, 4, 5, 6, 7, 8, var.word]\n}\n";
    environment.write(lists);
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    let changed = ["-var", "word=two"];
    let _ = environment
        .flowctl(&["plan", "-out=plan.bin", changed[0], changed[1]])
        .success();
    let mut seen = Vec::new();
    for look in [
        None,
        Some("--compact"),
        Some("--context=all"),
        Some("-context=0"),
    ] {
        let look: Vec<_> = look.into_iter().collect();
        let plan = [&["plan"], &look[..], &changed].concat();
        let show = [&["show"], &look[..], &["plan.bin"]].concat();
        let planned = environment.flowctl(&plan).success().stdout;
        let shown = environment.flowctl(&show).success().stdout;
        assert_eq!(planned, shown, "{look:?}");
        seen.push(shown);
    }
    assert!(seen[1].len() < seen[0].len() && seen[0].len() < seen[2].len());
    insta::assert_snapshot!(environment.flowctl(&["show", "--compact"]).code(1).stderr);
}

#[test]
fn the_variables_of_a_saved_plan_are_told_but_for_secret_ones() {
    let environment = with(
        r#"
//- main.tf
variable "word" {}
variable "number" { type = number }
variable "nothing" { default = null }
variable "secret" { sensitive = true }
variable "brief" {
  ephemeral = true
  default   = "CANARY-brief"
}
variable "key" {}
variable "mixed" {
  type    = object({ open = string, list = list(number) })
  default = { open = "yes", list = [1, 2] }
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = var.key
        application_key = var.secret
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
//- values.auto.tfvars
number = "3"
key    = "CANARY-key"
secret = "CANARY-secret"
"#,
    )
    .with_variable("TF_VAR_word", "one");
    let at_once = environment
        .flowctl(&["--emulator", "plan", "-out=plan.bin", "-format=json"])
        .success();
    let at_once = at_once.stdout.lines().next().unwrap().to_owned();
    // What it was made of is not there any more.
    environment.write("//- values.auto.tfvars\nnumber = 4\n");
    let later = environment.flowctl(&["show", "-json", "plan.bin"]).out();
    assert!(!at_once.contains("CANARY") && !later.contains("CANARY"));
    let variables = |text: &str| {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        document["variables"].clone()
    };
    assert_eq!(
        variables(&later),
        serde_json::json!({
            "key": {},
            "mixed": { "value": { "list": [1, 2], "open": "yes" } },
            "nothing": { "value": null },
            "number": { "value": 3 },
            "secret": {},
            "word": { "value": "one" },
        })
    );
    assert_eq!(variables(&at_once), variables(&later));
}

#[test]
fn a_saved_plan_tells_what_it_was_made_of_whatever_became_of_it() {
    let environment = with(
        r#"
//- main.tf
variable "word" {}
variable "secret" {
  sensitive = true
  default   = "CANARY-default"
}

resource "terraform_data" "a" {
  input = { word = var.word, secret = var.secret }
}

resource "terraform_data" "b" {
  input      = "b"
  depends_on = [terraform_data.a]
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = "CANARY-key"
        application_key = "CANARY-application-${var.word}"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}

output "word" {
  value = "${terraform_data.b.output}-${var.word}"
}
"#,
    );
    let flowctl = |arguments: &[&str], word: &str| {
        let word = format!("word={word}");
        let arguments = [&["--emulator"], arguments, &["-var", &word]].concat();
        environment.flowctl(&arguments).success()
    };
    let _ = flowctl(&["apply", "-auto-approve"], "one");
    let at_once = flowctl(&["plan", "-out=plan.bin", "-format=json"], "two").stdout;
    let at_once: serde_json::Value = serde_json::from_str(at_once.lines().next().unwrap()).unwrap();
    let show = || -> serde_json::Value {
        let shown = environment.flowctl(&["show", "-json", "plan.bin"]).out();
        assert!(!shown.contains("CANARY"), "{shown}");
        serde_json::from_str(&shown).unwrap()
    };
    assert_eq!(show(), at_once);
    assert!(at_once["configuration"].to_string().contains("datadoghq"));
    let main = std::fs::read_to_string(environment.path("main.tf")).unwrap();
    let other = main.replace("api.datadoghq", "us5.datadoghq");
    environment.write(&format!("//- main.tf\n{other}"));
    assert_eq!(show(), at_once);
    // State goes on as well: what the plan does not tell of it is in which order things were made.
    let _ = flowctl(&["apply", "-auto-approve"], "three");
    let mut shown = show();
    assert_eq!(shown["prior_state"], at_once["prior_state"]);
    assert_eq!(shown, at_once);
    std::fs::remove_file(environment.path("main.tf")).unwrap();
    std::fs::remove_dir_all(environment.path(".flowctl")).unwrap();
    shown = show();
    assert_eq!(shown, at_once);
}

#[test]
fn what_changed_since_is_named_and_nothing_is_done() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let environment = environment.with_variable("TF_VAR_secret", "CANARY-two");
    let refused = environment.flowctl(&["apply", "plan.bin"]).code(1);
    insta::assert_snapshot!(refused);
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
}

/// Files whose contents end up in one resource, one of them by way of a function.
const FILES: &str = r#"
//- main.tf
resource "terraform_data" "a" {
  input = [file("${path.module}/notes/a.txt"), local.word, fileset("notes", "*")]
}
//- locals.tf
locals {
  word = "one"
}
//- notes/a.txt
first
"#;

#[test]
fn files_that_changed_since_are_named() {
    let environment = with(FILES);
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    environment.write("//- notes/a.txt\nsecond\n//- notes/b.txt\nmore\n");
    std::fs::rename(environment.path("locals.tf"), environment.path("words.tf")).unwrap();
    insta::assert_snapshot!(environment.flowctl(&["apply", "plan.bin"]).code(1));
}

#[test]
fn variables_that_changed_since_are_named() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let ran = environment.flowctl(&["apply", "-var=word=two", "plan.bin"]);
    insta::assert_snapshot!(ran.code(1));
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
}

#[test]
fn a_secret_that_a_program_prints_otherwise_is_named() {
    let environment = with(
        r#"
//- main.tf
variable "application_key" {
  ephemeral = true
}

ephemeral "external" "key" {
  program = ["/bin/sh", "-c", "printf '{\"key\":\"%s\"}' $(cat secret.txt)"]
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"
  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = ephemeral.external.key.result.key
        application_key = var.application_key
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
//- secret.txt
CANARY-one
"#,
    )
    .with_variable("FLOWCTL_ALLOW_EXTERNAL", "1")
    .with_variable("TF_VAR_application_key", "CANARY-three");
    let _ = environment
        .flowctl(&["--emulator", "plan", "-out=plan.bin"])
        .success();
    environment.write("//- secret.txt\nCANARY-two\n");
    let environment = environment.with_variable("TF_VAR_application_key", "CANARY-four");
    let ran = environment.flowctl(&["--emulator", "apply", "plan.bin"]);
    let ran = ran.code(1);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    insta::assert_snapshot!(ran);
}

/// A profile that was applied at an endpoint of its own.
fn profile() -> (TestEnvironment, Emulator) {
    let environment = with(PROFILE)
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
        .with_variable("AWS_REGION", "us-east-1");
    let emulator = Emulator::start(&environment, &[]);
    let environment = environment.with_variable("AWS_ENDPOINT_URL_APPFLOW", &emulator.url());
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    (environment, emulator)
}

fn set_url(environment: &TestEnvironment, url: &str) {
    let text = environment.read("main.tf");
    let text = text
        .lines()
        .map(|line| match line.split_once("instance_url = ") {
            Some((before, _)) => format!("{before}instance_url = \"{url}\"\n"),
            None => format!("{line}\n"),
        });
    environment.write(&format!("//- main.tf\n{}", text.collect::<String>()));
}

/// Applies the files of `environment` in another directory, from the same state, which is left as
/// it is: the change comes from outside.
fn change_outside(environment: &TestEnvironment, arguments: &[&str]) {
    let away = environment.path("away");
    std::fs::create_dir_all(away.join(".flowctl")).unwrap();
    for name in [
        "main.tf",
        "secrets.auto.tfvars",
        ".flowctl/state.db",
        ".flowctl/key",
    ] {
        std::fs::copy(environment.path(name), away.join(name)).unwrap();
    }
    let away = [&["-chdir=away"], arguments, &["-auto-approve"]].concat();
    let _ = environment.flowctl(&away).success();
}

#[test]
fn a_live_object_that_changed_since_is_named() {
    let (environment, _emulator) = profile();
    set_url(&environment, "https://api.datadoghq.eu");
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let planned = environment.read("main.tf");
    set_url(&environment, "https://us3.datadoghq.com");
    change_outside(&environment, &["apply"]);
    environment.write(&format!("//- main.tf\n{planned}"));
    let changed = environment.flowctl(&["apply", "plan.bin"]).code(1);
    change_outside(&environment, &["destroy"]);
    let gone = environment.flowctl(&["apply", "plan.bin"]).code(1);
    insta::assert_snapshot!(format!("{changed}\n{gone}"));
}

#[test]
fn state_that_changed_since_is_named() {
    let (environment, _emulator) = profile();
    // Wide enough that no name of a machine breaks a line.
    let environment = environment.with_variable("COLUMNS", "200");
    set_url(&environment, "https://api.datadoghq.eu");
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    set_url(&environment, "https://us3.datadoghq.com");
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    set_url(&environment, "https://api.datadoghq.eu");
    let changed = environment.flowctl(&["apply", "plan.bin"]).code(1);
    let _ = environment
        .flowctl(&["plan", "-destroy", "-out=plan.bin"])
        .success();
    let name = "aws_appflow_connector_profile.metrics";
    let _ = environment.flowctl(&["state", "rm", name]).success();
    let gone = environment.flowctl(&["apply", "plan.bin"]).code(1);
    insta::assert_snapshot!(format!("{changed}\n{gone}"));
}

#[test]
fn of_what_changed_outside_only_what_was_approved_is_taken_in() {
    let (environment, _emulator) = profile();
    set_url(&environment, "https://us3.datadoghq.com");
    change_outside(&environment, &["apply"]);
    let arguments = ["plan", "-refresh-only", "-out=plan.bin"];
    let _ = environment.flowctl(&arguments).success();
    set_url(&environment, "https://us5.datadoghq.com");
    change_outside(&environment, &["apply"]);
    insta::assert_snapshot!(environment.flowctl(&["apply", "plan.bin"]).code(1));
    let state = environment.flowctl(&["show", "-json"]).out();
    assert!(state.contains("https://api.datadoghq.com"), "{state}");
    let _ = environment.flowctl(&arguments).success();
    let _ = environment.flowctl(&["apply", "plan.bin"]).success();
    let state = environment.flowctl(&["show", "-json"]).out();
    assert!(state.contains("https://us5.datadoghq.com"), "{state}");
}

#[test]
fn plans_of_another_version_key_or_state_are_refused_as_such() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let good = std::fs::read(environment.path("plan.bin")).unwrap();
    let mut said = String::new();
    let mut refuse = |environment: &TestEnvironment| {
        let ran = environment.flowctl(&["apply", "plan.bin"]).code(1);
        said.push_str(&ran.to_string());
    };
    let key = "00".repeat(32);
    let other_key = empty().with(CONFIGURATION);
    std::fs::write(other_key.path("plan.bin"), &good).unwrap();
    refuse(&other_key.with_variable("FLOWCTL_STATE_KEY", &key));
    let mut older = good.clone();
    let at = older.iter().position(|byte| *byte == b'\n').unwrap();
    older[at - 1] = b'1';
    std::fs::write(environment.path("plan.bin"), &older).unwrap();
    refuse(&environment);
    std::fs::write(environment.path("plan.bin"), &good[..good.len() - 20]).unwrap();
    refuse(&environment);
    // The state is another one of the same key.
    let keyed = self::environment().with_variable("FLOWCTL_STATE_KEY", &key);
    let _ = keyed.flowctl(&["apply", "-auto-approve"]).success();
    let _ = keyed
        .flowctl(&["plan", "-destroy", "-out=plan.bin"])
        .success();
    std::fs::remove_dir_all(keyed.path(".flowctl")).unwrap();
    let _ = keyed.flowctl(&["apply", "-auto-approve"]).success();
    refuse(&keyed);
    insta::assert_snapshot!(said);
}

#[test]
fn what_was_not_approved_is_left_alone() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    environment.write(&format!(
        "{CONFIGURATION}\nresource \"terraform_data\" \"c\" {{}}\n"
    ));
    let _ = environment.flowctl(&["apply", "plan.bin"]).success();
    let list = environment.flowctl(&["state", "list"]).out();
    assert_eq!(list, "terraform_data.a\nterraform_data.b\n");
}

#[test]
fn a_plan_is_not_saved_where_there_is_no_directory() {
    let environment = environment();
    let ran = environment.flowctl(&["plan", "-out=none/plan.bin"]).code(1);
    assert!(ran.stderr.contains("Cannot save the plan"), "{ran}");
    assert!(ran.stderr.contains("there is no directory none"), "{ran}");
}

#[test]
fn an_altered_plan_is_refused() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let path = environment.path("plan.bin");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let refused = environment.flowctl(&["apply", "plan.bin"]).code(1);
    assert!(refused.stderr.contains("Unusable plan file"), "{refused}");
}
