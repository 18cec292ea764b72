//! No secret in anything that is written or said.

use flowctl_testkit::Emulator;

use crate::{PROFILE, with};

#[test]
fn no_mode_and_no_log_shows_one() {
    let environment = with(PROFILE)
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "CANARY-aws")
        .with_variable("AWS_REGION", "us-east-1")
        .with_variable("FLOWCTL_LOG", "trace");
    let emulator = Emulator::start(&environment, &[]);
    let url = emulator.url();
    for arguments in [
        &["plan"][..],
        &["plan", "-json"],
        &["plan", "--format=json"],
        &["apply", "-auto-approve"],
        &[
            "apply",
            "-auto-approve",
            "-json",
            "-replace=aws_appflow_connector_profile.metrics",
        ],
        &["show"],
        &["show", "-json"],
        &["history", "1"],
        &["destroy", "-auto-approve"],
    ] {
        let all: Vec<&str> = ["--endpoint-url", &url]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        let ran = environment.flowctl(&all).success();
        for hidden in ["CANARY", "Q0FOQVJZ"] {
            assert!(!ran.stdout.contains(hidden), "{ran}");
            assert!(!ran.stderr.contains(hidden), "{ran}");
        }
    }
}
