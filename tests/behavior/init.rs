//! `flowctl init`.

use crate::{empty, with};

#[test]
fn a_starter_configuration_is_valid_formatted_and_applies() {
    let environment = empty()
        .with_variable("TF_VAR_datadog_api_key", "CANARY-1")
        .with_variable("TF_VAR_datadog_application_key", "CANARY-2");
    insta::assert_snapshot!(environment.flowctl(&["init"]));
    assert_eq!(
        environment.list("."),
        [".gitignore", "main.tf", "variables.tf"]
    );
    assert_eq!(environment.flowctl(&["fmt", "-check"]).out(), "");
    let _ = environment.flowctl(&["validate"]).success();
    let _ = environment
        .flowctl(&["--emulator", "apply", "-auto-approve"])
        .success();
    let again = environment.flowctl(&["--emulator", "plan", "-detailed-exitcode"]);
    let _ = again.code(0);
}

#[test]
fn nothing_is_overwritten() {
    let environment = with("//- x.tf\n# mine\n//- sub/.gitignore\nmine\n");
    insta::assert_snapshot!("present", environment.flowctl(&["init", "-input=false"]));
    assert_eq!(environment.list("."), ["sub", "x.tf"]);
    insta::assert_snapshot!("sub", environment.flowctl(&["init", "sub"]));
    assert_eq!(environment.read("sub/.gitignore"), "mine\n");
}
