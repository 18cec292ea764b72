//! What is not served at all, and what is told of it.

use flowctl_testkit::TestEnvironment;

#[test]
fn beside_the_emulator_nothing_is_sent_to_aws() {
    let environment = TestEnvironment::new(env!("CARGO_BIN_EXE_flowctl")).with(
        r#"
//- main.tf
data "aws_secretsmanager_secret_version" "s" {
  secret_id = "team/warehouse"
}
output "arn" {
  value = data.aws_secretsmanager_secret_version.s.arn
}
"#,
    );
    let ran = environment.flowctl(&["plan", "--emulator"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("The emulator has no Secrets Manager"),
        "{said}"
    );
    assert!(said.contains("AWS_ENDPOINT_URL_SECRETS_MANAGER"), "{said}");
}
