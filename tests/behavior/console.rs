//! `flowctl console`.

use crate::{DATA, applied, empty, with};

#[test]
fn expressions_from_a_pipe_one_a_line() {
    let environment = applied(DATA);
    let lines = "1 + 2\n\nterraform_data.one.output\nterraform_data.many[*].output\n\
                 type(terraform_data.many)\nvar.password\ntype([1, \"a\"])\ntolist([\"x\"])\nhelp\n\
                 exit\nnever(\n";
    insta::assert_snapshot!(environment.flowctl_reading(lines, &["console"]).success());
}

#[test]
fn it_needs_no_configuration() {
    let ran = empty().flowctl_reading("1 + 2\n", &["console"]);
    assert_eq!(ran.success().out(), "3\n");
}

#[test]
fn an_error_ends_it_with_1() {
    let environment = with(DATA);
    let ran = environment.flowctl_reading("1\nnope.x\n2\n", &["console"]);
    insta::assert_snapshot!(ran.code(1));
    let unknown = environment.flowctl_reading("terraform_data.one.output\n", &["console"]);
    assert_eq!(unknown.out(), "(known after apply)\n");
}

/// The YAML library panics at a tag before a comma; that is an error like any other.
#[test]
fn what_a_library_cannot_read_is_no_fault_of_flowctl() {
    let environment = with(DATA);
    let ran = environment.flowctl_reading("yamldecode(\"[!!str, a]\")\n", &["console"]);
    let ran = ran.code(1);
    assert!(
        ran.stderr.contains("did not find expected whitespace"),
        "{ran}"
    );
    assert!(!ran.stderr.contains("internal error"), "{ran}");
}
