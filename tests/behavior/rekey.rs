//! `flowctl state rekey`.

use crate::{PROFILE, applied};

#[test]
fn a_new_key_means_that_credentials_are_sent_again() {
    let environment = applied(PROFILE);
    let old = environment.read(".flowctl/key");
    let said = environment.flowctl(&["state", "rekey"]).out();
    assert!(said.starts_with("The state has a new key."), "{said}");
    assert_ne!(environment.read(".flowctl/key"), old);
    let planned = environment
        .flowctl(&["--emulator", "plan", "-detailed-exitcode"])
        .code(2);
    insta::assert_snapshot!(flowctl_testkit::filtered(&planned.stdout));
    let _ = environment
        .flowctl(&["--emulator", "apply", "-auto-approve"])
        .success();
    let _ = environment
        .flowctl(&["--emulator", "plan", "-detailed-exitcode"])
        .code(0);
}
