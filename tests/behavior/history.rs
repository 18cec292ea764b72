//! `flowctl history`.

use crate::{DATA, applied};

#[test]
fn runs_and_what_they_did() {
    let environment = applied(DATA);
    let _ = environment
        .flowctl(&["destroy", "-auto-approve", "-target=terraform_data.many"])
        .success();
    // A run that changes nothing is no run of the history.
    let _ = environment.flowctl(&["plan"]).success();
    let all = environment.flowctl(&["history"]).success();
    let one = environment.flowctl(&["history", "1"]).success();
    let none = environment.flowctl(&["history", "9"]).code(1);
    insta::assert_snapshot!(format!("{all}\n{one}\n{none}"));
    let runs = environment.flowctl(&["history", "-json"]).json();
    assert_eq!(runs[0]["run"], 2);
    assert_eq!(runs[1]["outcome"], "done");
    let run = environment.flowctl(&["history", "1", "--json"]).json();
    assert_eq!(run["operations"].as_array().unwrap().len(), 3);
    assert_eq!(run["operations"][0]["status"], "succeeded");
}
