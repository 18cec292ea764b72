//! `flowctl graph`.

use crate::{DATA, with};

#[test]
fn resources_and_what_they_depend_on() {
    let environment = with(DATA);
    let dot = environment.flowctl(&["graph"]);
    let mermaid = environment.flowctl(&["graph", "--format=mermaid"]);
    insta::assert_snapshot!(format!("{dot}\n{mermaid}"));
}

#[test]
fn a_cycle_is_an_error() {
    let environment = with("//- main.tf\nlocals {\n  a = local.b\n  b = local.a\n}\n");
    let ran = environment.flowctl(&["graph"]).code(1);
    assert!(ran.stderr.contains("Cycle"), "{ran}");
}
