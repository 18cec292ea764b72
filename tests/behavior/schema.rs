//! `flowctl schema`.

use crate::empty;

#[test]
fn reference_documentation_of_a_type() {
    let environment = empty();
    insta::assert_snapshot!(environment.flowctl(&["schema", "terraform_data"]).success());
    let json = environment
        .flowctl(&["schema", "terraform_data", "--format=json"])
        .json();
    assert!(json.to_string().contains("triggers_replace"));
    let profile = environment
        .flowctl(&["schema", "aws_appflow_connector_profile"])
        .out();
    assert!(profile.contains("connector_profile_credentials"));
    let all = environment.flowctl(&["schema", "-json"]).json();
    assert!(all.to_string().contains("aws_appflow_connector_profile"));
}

#[test]
fn an_unknown_type_names_the_nearest() {
    let ran = empty().flowctl(&["schema", "aws_appflow_connector_profiles"]);
    insta::assert_snapshot!(ran.code(1));
}
