//! `flowctl import`.

use crate::{PROFILE, applied, with};

/// A profile that exists, and a directory that knows nothing of it.
fn unmanaged() -> flowctl_testkit::TestEnvironment {
    let environment = applied(PROFILE);
    let _ = environment
        .flowctl(&["state", "rm", "aws_appflow_connector_profile.metrics"])
        .success();
    std::fs::remove_file(environment.path("main.tf")).unwrap();
    std::fs::remove_file(environment.path("secrets.auto.tfvars")).unwrap();
    environment.write("//- provider.tf\nprovider \"aws\" {\n  region = \"us-east-1\"\n}\n");
    environment
}

#[test]
fn configuration_is_written_and_plans_clean() {
    let environment = unmanaged();
    insta::assert_snapshot!(
        environment
            .flowctl(&["--emulator", "import", "metrics"])
            .success()
    );
    insta::assert_snapshot!("written", environment.read("metrics.tf"));
    assert_eq!(environment.flowctl(&["fmt", "-check"]).out(), "");
    let _ = environment.flowctl(&["validate"]).success();
    let again = environment
        .flowctl(&["--emulator", "import", "metrics"])
        .success();
    assert!(again.stdout.contains("metrics_2"), "{again}");
}

#[test]
fn an_arn_and_an_address() {
    let environment = unmanaged();
    let arn = "arn:aws:appflow:us-east-1:123456789012:connectorprofile/metrics";
    let address = "aws_appflow_connector_profile.crm";
    let file = "--generate-config-out=generated.tf";
    let ran = environment
        .flowctl(&["--emulator", "import", arn, address, file])
        .success();
    assert!(
        ran.stdout.contains("as aws_appflow_connector_profile.crm"),
        "{ran}"
    );
    assert!(environment.read("generated.tf").contains("\"crm\""));
    let taken = environment
        .flowctl(&["--emulator", "import", address, arn])
        .code(1);
    let absent = environment
        .flowctl(&["--emulator", "import", "nothing"])
        .code(1);
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    let elsewhere = environment
        .flowctl(&["--emulator", "import", &elsewhere])
        .code(1);
    insta::assert_snapshot!(format!("{taken}\n{absent}\n{elsewhere}"));
}

#[test]
fn a_configured_resource_is_adopted_under_its_own_address() {
    let environment = unmanaged();
    std::fs::remove_file(environment.path("provider.tf")).unwrap();
    environment.write(PROFILE);
    let ran = environment
        .flowctl(&["--emulator", "import", "metrics"])
        .success();
    assert_eq!(
        ran.stdout,
        "Imported metrics as aws_appflow_connector_profile.metrics.\n"
    );
    // The credentials of the configuration were never sent by this state: the next plan sends them.
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(
        plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
}

#[test]
fn files_are_not_overwritten() {
    let environment = unmanaged();
    environment.write("//- metrics.tf\n# mine\n");
    let ran = environment
        .flowctl(&["--emulator", "import", "metrics"])
        .code(1);
    assert!(ran.stderr.contains("metrics.tf"), "{ran}");
    assert_eq!(environment.read("metrics.tf"), "# mine\n");
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
    let _ = with("");
}

#[test]
fn the_key_of_an_adopted_profile_is_taken_from_the_configuration() {
    let keyed = PROFILE.replace(
        "  connection_mode = \"Public\"\n",
        "  connection_mode = \"Public\"\n  kms_arn         = \"arn:aws:kms:us-east-1:123456789012:key/a\"\n",
    );
    let environment = applied(&keyed);
    let rm = ["state", "rm", "aws_appflow_connector_profile.metrics"];
    let _ = environment.flowctl(&rm).success();
    let import = ["--emulator", "import", "metrics"];
    let _ = environment.flowctl(&import).success();
    // The service does not tell the key: that it is another one cannot be known.
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(
        plan.stdout.contains("0 to add, 1 to change, 0 to destroy"),
        "{plan}"
    );
    let apply = ["--emulator", "apply", "-auto-approve"];
    let _ = environment.flowctl(&apply).success();
    let empty = ["--emulator", "plan", "-detailed-exitcode"];
    let _ = environment.flowctl(&empty).code(0);
    // From then on it is known.
    environment.write(&keyed.replace("key/a", "key/b"));
    let plan = environment.flowctl(&["--emulator", "plan"]).success();
    assert!(
        plan.stdout.contains("1 to add, 0 to change, 1 to destroy"),
        "{plan}"
    );
}
