//! `flowctl show`.

use crate::{DATA, applied, empty};

#[test]
fn everything_in_state_for_people() {
    let environment = applied(DATA);
    let all = environment.flowctl(&["show"]).success();
    let one = environment
        .flowctl(&["show", "terraform_data.one"])
        .success();
    let none = environment
        .flowctl(&["show", "terraform_data.none"])
        .code(1);
    insta::assert_snapshot!(format!("{all}\n{one}\n{none}"));
}

#[test]
fn everything_in_state_for_tools() {
    let shown = applied(DATA).flowctl(&["show", "--format=json"]).json();
    assert_eq!(shown["format_version"], "1.0");
    let resources = &shown["values"]["root_module"]["resources"];
    let addresses: Vec<_> = resources
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["address"].as_str().unwrap())
        .collect();
    assert_eq!(
        addresses,
        [
            "terraform_data.many[0]",
            "terraform_data.many[1]",
            "terraform_data.one"
        ]
    );
    assert_eq!(shown["values"]["outputs"]["hidden"]["sensitive"], true);
    assert!(!shown.to_string().contains("CANARY"));
}

#[test]
fn nothing_is_shown_before_the_first_apply() {
    insta::assert_snapshot!(empty().flowctl(&["show"]).success());
}
