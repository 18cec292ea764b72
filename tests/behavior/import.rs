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

const BLOCK: &str = "
//- imports.tf
import {
  to = aws_appflow_connector_profile.crm
  id = \"metrics\"
}
";

#[test]
fn a_plan_writes_the_configuration_of_import_blocks() {
    let environment = unmanaged();
    environment.write(BLOCK);
    let missing = environment.flowctl(&["--emulator", "plan"]).code(1);
    let option = "-generate-config-out=generated.tf";
    let plan = environment
        .flowctl(&["--emulator", "plan", option, "-out=saved.plan"])
        .success();
    insta::assert_snapshot!("plan_writes", format!("{missing}\n{plan}"));
    insta::assert_snapshot!("plan_written", environment.read("generated.tf"));
    assert_eq!(environment.flowctl(&["fmt", "-check"]).out(), "");
    let _ = environment.flowctl(&["validate"]).success();
    // What was written is what the saved plan is about.
    let _ = environment
        .flowctl(&["--emulator", "apply", "saved.plan"])
        .success();
    let _ = environment
        .flowctl(&["--emulator", "plan", "-detailed-exitcode"])
        .code(0);
}

#[test]
fn a_plan_writes_no_configuration_where_it_should_not() {
    let environment = unmanaged();
    environment.write(BLOCK);
    let option = "--generate-config-out=provider.tf";
    let there = environment.flowctl(&["--emulator", "plan", option]).code(1);
    let option = "--generate-config-out=generated.tf.json";
    let json = environment.flowctl(&["--emulator", "plan", option]).code(1);
    let option = "--generate-config-out=generated.tf";
    let destroy = environment
        .flowctl(&["--emulator", "plan", "-destroy", option])
        .code(1);
    environment.write(
        r#"
//- imports.tf
import {
  for_each = toset(["metrics"])
  to       = aws_appflow_connector_profile.crm[each.key]
  id       = each.key
}
import {
  to = module.inner.aws_appflow_connector_profile.crm
  id = "metrics"
}
"#,
    );
    let several = environment.flowctl(&["--emulator", "plan", option]).code(1);
    insta::assert_snapshot!(format!("{there}\n{json}\n{destroy}\n{several}"));
    assert!(!environment.path("generated.tf").exists());
    // Everything has a resource block: there is nothing to write.
    std::fs::remove_file(environment.path("provider.tf")).unwrap();
    environment.write(&BLOCK.replace("crm", "metrics"));
    environment.write(PROFILE);
    let nothing = environment
        .flowctl(&["--emulator", "plan", option])
        .success();
    assert!(!nothing.stdout.contains("Wrote"), "{nothing}");
    assert!(!environment.path("generated.tf").exists());
}

/// Names of variables are not taken twice, a file elsewhere counts for this plan, and what was
/// given stays given.
#[test]
fn generated_configuration_fits_the_one_that_is_there() {
    let environment = unmanaged();
    environment.write(BLOCK);
    environment.write(
        "//- variables.tf\nvariable \"crm_api_key\" {}\nvariable \"id\" {}\n\
         output \"id\" {\n  value = var.id\n}\n",
    );
    let set = ["-var=id=x", "-var=crm_api_key=y"];
    let option = "--generate-config-out=generated.txt";
    let plan = environment
        .flowctl(&["--emulator", "plan", option, set[0], set[1]])
        .success();
    assert!(
        plan.stdout.contains("1 to import, 0 to add, 0 to change"),
        "{plan}"
    );
    let text = environment.read("generated.txt");
    assert!(!text.contains("variable \"crm_api_key\""), "{text}");
}
