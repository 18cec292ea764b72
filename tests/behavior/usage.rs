//! What is typed wrongly.

use crate::{DATA, empty, with};

#[test]
fn wrong_arguments_end_with_1_and_say_what_is_wrong() {
    let environment = empty();
    let mut said = String::new();
    for arguments in [
        &["bogus"][..],
        &["plann"],
        &["plan", "-nonsense=1"],
        &["plan", "-parallelism=0"],
        &["plan", "-lock-timeout=5"],
        &["state", "mv", "a.b"],
        &["output", "-raw"],
        &["import"],
        &["plan", "-refresh=maybe"],
    ] {
        said.push_str(&environment.flowctl(arguments).code(1).to_string());
    }
    insta::assert_snapshot!(said);
}

#[test]
fn spellings_of_terraform_are_understood() {
    let environment = with(DATA);
    environment.write("//- elsewhere/main.tf\noutput \"o\" { value = 1 }\n");
    let ran = environment.flowctl(&["-chdir=elsewhere", "apply", "-auto-approve", "-no-color"]);
    let _ = ran.success();
    let out = environment.flowctl(&["output", "-raw", "-chdir=elsewhere", "o"]);
    assert_eq!(out.out(), "1");
    let injected = with("//- main.tf\nvariable \"x\" {}\noutput \"x\" { value = var.x }\n")
        .with_variable("TF_CLI_ARGS_apply", "-auto-approve -var 'x=a b'");
    let _ = injected.flowctl(&["apply"]).success();
    assert_eq!(injected.flowctl(&["output", "-raw", "x"]).out(), "a b");
}

#[test]
fn a_workspace_of_the_environment_is_refused_by_name() {
    let environment = empty().with_variable("TF_WORKSPACE", "staging");
    let ran = environment.flowctl(&["state", "list"]).code(1);
    assert!(ran.stderr.contains("staging"), "{ran}");
    let fine = empty().with_variable("TF_WORKSPACE", "default");
    assert_eq!(fine.flowctl(&["workspace", "show"]).out(), "default\n");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let environment = with(DATA);
    let mut child = environment.start(&mut environment.command(&["schema"]));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn looking_at_everything_or_at_what_changes_exclude_each_other() {
    let ran = with(DATA).flowctl(&["plan", "-refresh-only", "-refresh=changed"]);
    assert!(ran.code(1).stderr.contains("give one of them"));
}
