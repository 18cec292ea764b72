//! `flowctl destroy`.

use crate::{DATA, PROFILE, applied};

#[test]
fn everything_goes_and_nothing_is_left() {
    let environment = applied(PROFILE);
    insta::assert_snapshot!(environment.flowctl(&["--emulator", "destroy", "-auto-approve"]));
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
    assert_eq!(environment.flowctl(&["output", "-json"]).out(), "{}\n");
    let again = environment.flowctl(&["--emulator", "destroy"]).success();
    assert!(again.stdout.contains("No changes"), "{again}");
}

#[test]
fn what_depends_goes_first() {
    let environment = applied(DATA);
    let ran = environment
        .flowctl(&["destroy", "-auto-approve", "-parallelism=1"])
        .success();
    let place = |text: &str| ran.stdout.find(text).unwrap_or_else(|| panic!("{ran}"));
    assert!(place("many[0]: Destruction complete") < place("one: Destroying"));
}
