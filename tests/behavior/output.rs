//! `flowctl output`.

use crate::{DATA, applied, empty};

#[test]
fn outputs_for_people_and_scripts() {
    let environment = applied(DATA);
    let mut said = String::new();
    for arguments in [
        &["output"][..],
        &["output", "-json"],
        &["output", "text"],
        &["output", "-json", "object"],
        &["output", "-raw", "text"],
    ] {
        said.push_str(&environment.flowctl(arguments).success().to_string());
        said.push('\n');
    }
    assert!(!said.contains("CANARY"), "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn what_cannot_be_printed_is_an_error() {
    let environment = applied(DATA);
    let mut said = String::new();
    for arguments in [
        &["output", "nope"][..],
        &["output", "hidden"],
        &["output", "-raw", "hidden"],
        &["output", "-raw", "object"],
    ] {
        said.push_str(&environment.flowctl(arguments).code(1).to_string());
    }
    insta::assert_snapshot!(said);
}

#[test]
fn without_a_state_there_are_none() {
    insta::assert_snapshot!(empty().flowctl(&["output"]).success());
    assert_eq!(empty().flowctl(&["output", "-json"]).out(), "{}\n");
}
