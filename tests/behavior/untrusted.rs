//! Configurations of strangers: nothing outside of their directory is read, nothing runs, and they
//! say neither who asks nor where.

use std::os::unix::fs::symlink;

use flowctl_testkit::TestEnvironment;

use crate::with;

/// A directory with a configuration in `in/` and a secret beside it.
fn strangers(configuration: &str) -> TestEnvironment {
    let environment =
        with("//- secret.txt\nCANARY-outside\n//- secret.tfvars\nx = \"CANARY-outside\"\n");
    environment.write(&format!(
        "//- in/main.tf\n{configuration}\n//- in/inside.txt\nfine\n"
    ));
    symlink("../secret.txt", environment.path("in/link.txt")).unwrap();
    environment
}

/// What is said of a configuration, which is refused and shows nothing of what is outside.
fn refused(configuration: &str) -> String {
    let environment = strangers(configuration);
    let ran = environment
        .flowctl(&["-C", "in", "--untrusted", "--emulator", "plan"])
        .code(1);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    ran.stderr.clone()
}

#[test]
fn nothing_outside_is_read() {
    let value = |function: &str| format!("output \"o\" {{\n  value = {function}\n}}\n");
    let mut said = String::new();
    for function in [
        "file(\"/proc/self/environ\")",
        "file(\"../secret.txt\")",
        "file(\"link.txt\")",
        "fileexists(\"../secret.txt\")",
        "fileexists(\"../nothing.txt\")",
        "fileset(\"..\", \"*\")",
        "templatefile(\"../secret.txt\", {})",
        "filesha256(\"${path.module}/../secret.txt\")",
    ] {
        said.push_str(&refused(&value(function)));
    }
    said.push_str(&refused("module \"m\" {\n  source = \"../\"\n}\n"));
    insta::assert_snapshot!(said);
}

#[test]
fn what_is_inside_is() {
    let environment = strangers(
        "output \"o\" {\n  value = [file(\"${path.module}/inside.txt\"), fileset(path.module, \"*.txt\")]\n}\n",
    );
    let ran = environment
        .flowctl(&["-C", "in", "--untrusted", "apply", "-auto-approve"])
        .success();
    assert!(ran.stdout.contains("fine"), "{ran}");
    let listed = environment.flowctl(&["-C", "in", "output", "-json"]).out();
    assert!(
        listed.contains("inside.txt") && !listed.contains("link.txt"),
        "{listed}"
    );
    // The directory can be a wider one.
    let wider = ["-C", "in", "--untrusted=..", "plan"];
    environment.write("//- in/more.tf\nlocals {\n  s = file(\"../secret.txt\")\n}\n");
    let _ = environment.flowctl(&wider).success();
    let confined = environment.with_variable("FLOWCTL_UNTRUSTED", "1");
    let ran = confined.flowctl(&["-C", "in", "validate"]).code(1);
    assert!(ran.stderr.contains("untrusted configuration"), "{ran}");
}

#[test]
fn files_of_variables_are_no_way_out() {
    let environment = strangers("variable \"x\" {}\noutput \"x\" {\n  value = var.x\n}\n");
    symlink("../secret.tfvars", environment.path("in/terraform.tfvars")).unwrap();
    let ran = environment
        .flowctl(&["-C", "in", "--untrusted", "plan"])
        .code(1);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    assert!(ran.stderr.contains("leads out of the directory"), "{ran}");
    let ran = environment.flowctl(&["-C", "in", "plan"]).success();
    assert!(ran.stdout.contains("CANARY"), "{ran}");
}

#[test]
fn nothing_runs_and_nobody_else_is_asked() {
    let program =
        "data \"external\" \"e\" {\n  program = [\"/bin/sh\", \"-c\", \"touch ran\"]\n}\n";
    let environment = strangers(program).with_variable("FLOWCTL_ALLOW_EXTERNAL", "1");
    let _ = environment
        .flowctl(&["-C", "in", "--untrusted", "--emulator", "plan"])
        .code(1);
    assert!(!environment.path("in/ran").exists());
    let mut said = refused(
        "provider \"aws\" {\n  region  = \"us-east-1\"\n  profile = \"admin\"\n  endpoints {\n    appflow = \
         \"https://example.com\"\n  }\n}\ndata \"aws_region\" \"r\" {}\n",
    );
    said.push_str(&refused(
        "ephemeral \"aws_ssm_parameter\" \"p\" {\n  name = \"/team/key\"\n}\nprovider \"aws\" {\n  alias  = \"other\"\n  \
         region = ephemeral.aws_ssm_parameter.p.type\n}\n",
    ));
    insta::assert_snapshot!(said);
}

#[test]
fn a_file_named_by_the_configuration_runs_no_program() {
    let environment = with(
        "//- main.tf\nprovider \"aws\" {\n  region              = \"us-east-1\"\n  profile             = \"p\"\n  \
         shared_config_files = [\"config\"]\n}\ndata \"aws_caller_identity\" \"me\" {}\n//- config\n[profile p]\n\
         credential_process = /bin/sh -c \"touch ran\"\n",
    );
    let ran = environment.flowctl(&["plan"]).code(1);
    assert!(ran.stderr.contains("credential_process"), "{ran}");
    assert!(!environment.path("ran").exists());
}
