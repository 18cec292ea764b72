//! What bad input gets: a message that says what is wrong and what to do, exit code 1, and nothing
//! is changed.

use std::collections::BTreeMap;
use std::fs;

use flowctl_testkit::{Emulator, Ran, TestEnvironment};

use crate::{DATA, PROFILE, applied, empty, with};

/// Everything that flowctl keeps, but for the files of an open database, which come and go.
fn kept(environment: &TestEnvironment) -> BTreeMap<String, Vec<u8>> {
    if !environment.path(".flowctl").is_dir() {
        return BTreeMap::new();
    }
    let names = environment.list(".flowctl").into_iter();
    // What the endpoint keeps is the endpoint's, which writes when it likes.
    let names = names.filter(|name| {
        !name.ends_with("-wal") && !name.ends_with("-shm") && !name.starts_with("emulator.db")
    });
    names
        .filter_map(|name| {
            let bytes = fs::read(environment.path(&format!(".flowctl/{name}"))).ok()?;
            Some((name, bytes))
        })
        .collect()
}

/// A command that is refused and changes nothing that is kept.
#[track_caller]
fn refused(environment: &TestEnvironment, arguments: &[&str]) -> Ran {
    let before = kept(environment);
    let ran = environment.flowctl(arguments).code(1);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    let after = kept(environment);
    for (name, bytes) in &before {
        assert!(after.get(name) == Some(bytes), "{name} was changed: {ran}");
    }
    ran
}

/// The same for a configuration, by `plan` and `apply` alike.
#[track_caller]
fn refused_configuration(fixture: &str) -> String {
    let environment = with(fixture);
    let plan = refused(&environment, &["plan"]);
    let apply = refused(&environment, &["apply", "-auto-approve"]);
    assert_eq!(plan.stderr, apply.stderr);
    assert_eq!(environment.flowctl(&["state", "list"]).stdout, "");
    plan.to_string()
}

fn with_credentials(environment: TestEnvironment) -> TestEnvironment {
    environment
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "CANARY-credentials")
        .with_variable("AWS_REGION", "us-east-1")
}

#[test]
fn a_directory_that_is_not_there() {
    insta::assert_snapshot!(refused(&empty(), &["-chdir=nowhere", "plan"]));
}

#[test]
fn a_directory_without_configuration() {
    insta::assert_snapshot!(refused(&empty(), &["plan"]));
}

#[test]
fn a_variable_file_that_is_not_there() {
    let environment = with(DATA);
    insta::assert_snapshot!(refused(&environment, &["plan", "-var-file=nowhere.tfvars"]));
}

#[test]
fn text_that_is_no_configuration() {
    insta::assert_snapshot!(refused_configuration(
        "//- main.tf\nresource \"terraform_data\" \"a\" {\n  input = [1, 2\n}\n"
    ));
}

#[test]
fn an_unknown_block() {
    insta::assert_snapshot!(refused_configuration(
        "//- main.tf\nresorce \"terraform_data\" \"a\" {}\n"
    ));
}

#[test]
fn an_unknown_argument_and_an_unknown_type() {
    insta::assert_snapshot!(refused_configuration(
        r#"
//- main.tf
resource "terraform_data" "a" {
  inputs = 1
}
resource "aws_appflow_connector_profil" "b" {
  name = "b"
}
"#
    ));
}

#[test]
fn a_wrong_type() {
    insta::assert_snapshot!(refused_configuration(&PROFILE.replace(
        "instance_url = \"https://api.datadoghq.com\"",
        "instance_url = [\"https://api.datadoghq.com\"]"
    )));
}

#[test]
fn a_value_that_the_service_would_refuse() {
    insta::assert_snapshot!(refused_configuration(
        &PROFILE.replace("= \"metrics\"", "= \"no such name\"")
    ));
}

#[test]
fn an_undeclared_variable() {
    insta::assert_snapshot!(refused_configuration(
        "//- main.tf\nvariable \"region\" {}\nresource \"terraform_data\" \"a\" {\n  input = var.regoin\n}\n"
    ));
}

#[test]
fn a_variable_without_a_value() {
    insta::assert_snapshot!(refused_configuration(
        "//- main.tf\nvariable \"region\" {\n  type = string\n}\noutput \"o\" {\n  value = var.region\n}\n"
    ));
}

#[test]
fn a_cycle() {
    insta::assert_snapshot!(refused_configuration(
        r#"
//- main.tf
resource "terraform_data" "a" {
  input = terraform_data.b.id
}
resource "terraform_data" "b" {
  input = terraform_data.a.id
}
"#
    ));
}

#[test]
fn one_resource_twice() {
    insta::assert_snapshot!(refused_configuration(
        r#"
//- a.tf
resource "terraform_data" "a" {}
//- b.tf
resource "terraform_data" "a" {}
"#
    ));
}

#[test]
fn one_profile_twice() {
    let environment = with(
        &PROFILE
            .replace(
                "\"aws_appflow_connector_profile\" \"metrics\"",
                "\"aws_appflow_connector_profile\" \"first\"",
            )
            .replace("profile.metrics", "profile.first"),
    );
    let text = environment
        .read("main.tf")
        .replace("output \"arn\"", "output \"arn_again\"");
    let text = text
        .replace("profile.first", "profile.second")
        .replace("\"first\"", "\"second\"");
    let (_, second) = text.split_once("\n}\n").unwrap();
    fs::write(environment.path("second.tf"), second).unwrap();
    insta::assert_snapshot!(refused(&environment, &["--emulator", "plan"]));
    let _ = refused(&environment, &["--emulator", "apply", "-auto-approve"]);
}

#[test]
fn a_profile_that_is_there_already() {
    let environment = with_credentials(with(PROFILE));
    let emulator = Emulator::start(&environment, &[]);
    let url = emulator.url();
    let others = [
        "--endpoint-url",
        &url,
        "--state",
        "other.db",
        "apply",
        "-auto-approve",
    ];
    let _ = environment.flowctl(&others).success();
    let ran = refused(
        &environment,
        &["--endpoint-url", &url, "apply", "-auto-approve"],
    );
    assert!(ran.stderr.contains("flowctl import metrics"), "{ran}");
    insta::assert_snapshot!(ran);
    assert_eq!(
        emulator.requests()["counts"]["CreateConnectorProfile"]["total"],
        1
    );
}

#[test]
fn no_credentials() {
    let environment = with(PROFILE).with_variable("AWS_REGION", "us-east-1");
    insta::assert_snapshot!(refused(&environment, &["apply", "-auto-approve"]));
}

#[test]
fn no_region() {
    let environment = with(PROFILE)
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "CANARY-credentials");
    insta::assert_snapshot!(refused(&environment, &["apply", "-auto-approve"]));
}

#[test]
fn an_endpoint_that_does_not_answer() {
    let environment = with_credentials(with(PROFILE));
    let arguments = [
        "--endpoint-url",
        "http://127.0.0.1:1",
        "apply",
        "-auto-approve",
    ];
    insta::assert_snapshot!(refused(&environment, &arguments));
    let arguments = ["--endpoint-url", "127.0.0.1:1", "apply", "-auto-approve"];
    insta::assert_snapshot!("no_url", refused(&environment, &arguments));
}

#[test]
fn access_denied() {
    let environment = with_credentials(with(PROFILE));
    let emulator = Emulator::start(&environment, &["--faults", "*:denied"]);
    let url = emulator.url();
    let ran = refused(
        &environment,
        &["--endpoint-url", &url, "apply", "-auto-approve"],
    );
    insta::assert_snapshot!(filter_ids(&ran.to_string()));
}

/// Ids of requests are not always UUIDs.
fn filter_ids(text: &str) -> String {
    let ids = regex::Regex::new(r"request id: \S+").unwrap();
    ids.replace_all(text, "request id: [ID]").into_owned()
}

#[test]
fn a_profile_that_was_deleted_by_somebody_else() {
    let environment = with_credentials(with(PROFILE));
    let emulator = Emulator::start(&environment, &[]);
    let url = emulator.url();
    let run = |arguments: &[&str]| {
        let all = [&["--endpoint-url", &url][..], arguments].concat();
        environment.flowctl(&all)
    };
    let _ = run(&["apply", "-auto-approve"]).success();
    let address = "aws_appflow_connector_profile.metrics";
    let _ = run(&["--state", "other.db", "import", "metrics", address]).success();
    let _ = run(&["--state", "other.db", "destroy", "-auto-approve"]).success();
    let plan = run(&["plan", "-detailed-exitcode"]).code(2);
    assert!(
        plan.stdout.contains("1 to add, 0 to change, 0 to destroy"),
        "{plan}"
    );
    insta::assert_snapshot!(plan);
    let _ = run(&["apply", "-auto-approve"]).success();
    let _ = run(&["plan", "-detailed-exitcode"]).code(0);
}

#[test]
fn a_state_of_a_later_version() {
    let environment = applied(DATA);
    let path = environment.path(".flowctl/state.db");
    let state = rusqlite::Connection::open(path).unwrap();
    state.pragma_update(None, "user_version", 999).unwrap();
    state.close().unwrap();
    let mut said = String::new();
    for arguments in [
        &["plan"][..],
        &["apply", "-auto-approve"],
        &["state", "rm", "terraform_data.one"],
    ] {
        said.push_str(&refused(&environment, arguments).to_string());
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_state_that_cannot_be_written() {
    let environment = with(DATA);
    fs::write(environment.path("file"), "not a directory").unwrap();
    let mut said = String::new();
    for state in ["file/state.db", "/proc/nowhere/state.db", "."] {
        let ran = refused(&environment, &["--state", state, "apply", "-auto-approve"]);
        assert!(!ran.stdout.contains("Creating"), "{ran}");
        said.push_str(&ran.to_string());
    }
    assert_eq!(environment.read("file"), "not a directory");
    insta::assert_snapshot!(said);
}

#[test]
fn several_mistakes_in_several_files_are_told_at_once() {
    insta::assert_snapshot!(refused_configuration(
        r#"
//- a.tf
resource "terraform_data" "a" {
  inputs = 1
}
//- b.tf
output "b" {
  value = var.nowhere
}
//- c.tf
output "c" {
  value = terraform_data.nowhere.id
}
output "d" {
  value = upercase("x")
}
//- m/main.tf
variable "needed" {}
//- modules.tf
module "m" {
  source = "./m"
}
"#
    ));
}
