//! `flowctl fmt`.

use crate::with;

const FILES: &str = "
//- x.tf
a=1
bb = 2
//- ok.tf
a = 1
//- sub/y.tfvars
c=3
//- data.json
{}
";

#[test]
fn files_are_rewritten_and_named() {
    let environment = with(FILES);
    assert_eq!(environment.flowctl(&["fmt"]).out(), "x.tf\n");
    assert_eq!(environment.read("x.tf"), "a  = 1\nbb = 2\n");
    assert_eq!(environment.read("sub/y.tfvars"), "c=3\n");
    assert_eq!(
        environment.flowctl(&["fmt", "-recursive"]).out(),
        "sub/y.tfvars\n"
    );
    assert_eq!(
        environment.flowctl(&["fmt", "-recursive", "-check"]).out(),
        ""
    );
}

#[test]
fn files_of_every_kind_have_a_layout_and_hidden_ones_where_they_are_named() {
    let environment = with(
        "
//- a.tf
a=1
//- a.tfvars
a=1
//- a.tftest.hcl
a=1
//- a.tfmock.hcl
a=1
//- a.hcl
a=1
//- .hidden.tf
a=1
",
    );
    assert_eq!(
        environment.flowctl(&["fmt"]).out(),
        "a.tf\na.tfmock.hcl\na.tftest.hcl\na.tfvars\n"
    );
    assert_eq!(
        environment.flowctl(&["fmt", ".hidden.tf"]).out(),
        ".hidden.tf\n"
    );
}

#[test]
fn a_check_writes_nothing_and_shows_the_difference() {
    let environment = with(FILES);
    let ran = environment.flowctl(&["fmt", "-check", "-diff", "-recursive"]);
    insta::assert_snapshot!(ran.code(1));
    assert_eq!(environment.read("x.tf"), "a=1\nbb = 2\n");
}

#[test]
fn stdin_goes_to_stdout() {
    let environment = with("");
    // What is printed ends its line, as with Terraform.
    let ran = environment.flowctl_reading("a=1", &["fmt", "-"]);
    assert_eq!(ran.out(), "a = 1\n");
    let ran = environment.flowctl_reading("a=1\nbb=2\n", &["fmt", "-"]);
    assert_eq!(ran.out(), "a  = 1\nbb = 2\n");
    insta::assert_snapshot!(environment.flowctl_reading("a = \n", &["fmt", "-"]).code(1));
}
