//! The example of a role, a bucket, a cluster and a profile: made in one go, changed, interrupted and
//! destroyed.

use std::fs;
use std::path::Path;
use std::process::Command;

use flowctl_testkit::{Moto, TestEnvironment};

const APPLY: [&str; 3] = ["--emulator", "apply", "-auto-approve"];
const EMPTY: [&str; 3] = ["--emulator", "plan", "-detailed-exitcode"];

/// The example in a directory of its own, with a cluster of this name.
fn example(cluster: &str) -> Option<TestEnvironment> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/redshift-complete");
    let environment = super::with("")?.with_variable("TF_VAR_cluster", cluster);
    for file in fs::read_dir(from).expect("the example").flatten() {
        let to = environment.path(&file.file_name().to_string_lossy());
        fs::copy(file.path(), to).expect("a file of the example");
    }
    Some(environment)
}

/// The steps of an apply or a destroy, in the order in which they were completed.
fn completed(output: &str) -> Vec<String> {
    let done = [
        "Creation complete",
        "Destruction complete",
        "Modifications complete",
    ];
    let lines = output
        .lines()
        .filter(|line| done.iter().any(|done| line.contains(done)));
    let address = |line: &str| line.split(':').next().unwrap_or_default().to_owned();
    lines.map(address).collect()
}

/// Whether the first was completed before the second.
fn before(first: &str, second: &str, all: &[String]) -> bool {
    let place = |of: &str| all.iter().position(|address| address == of);
    matches!((place(first), place(second)), (Some(first), Some(second)) if first < second)
}

const ROLE: &str = "aws_iam_role.redshift";
const BUCKET: &str = "aws_s3_bucket.staging";
const CLUSTER: &str = "aws_redshift_cluster.warehouse";
const PROFILE: &str = "aws_appflow_connector_profile.warehouse";

#[test]
fn it_is_made_changed_and_destroyed_in_order() {
    let Some(environment) = example("complete-whole") else {
        return;
    };
    let made = environment.flowctl(&APPLY).success();
    assert!(made.stdout.contains("5 added"), "{made}");
    let order = completed(&made.stdout);
    assert!(before(ROLE, CLUSTER, &order), "{order:?}");
    assert!(before(BUCKET, PROFILE, &order), "{order:?}");
    assert!(before(CLUSTER, PROFILE, &order), "{order:?}");
    let _ = environment.flowctl(&EMPTY).code(0);

    // The folder of the bucket concerns the profile alone.
    let prefix = "-var=prefix=landing";
    let changed = environment
        .flowctl(&[&APPLY[..], &[prefix]].concat())
        .success();
    assert_eq!(completed(&changed.stdout), [PROFILE]);
    let _ = environment
        .flowctl(&[&EMPTY[..], &[prefix]].concat())
        .code(0);

    // The password is that of the cluster and of the profile, and seen nowhere.
    let password = "-var=password=CANARY-Secret-2";
    let planned = environment
        .flowctl(&[&["--emulator", "plan"][..], &[prefix, password]].concat())
        .success();
    assert!(
        planned
            .stdout
            .contains("0 to add, 2 to change, 0 to destroy"),
        "{planned}"
    );
    let changed = environment
        .flowctl(&[&APPLY[..], &[prefix, password]].concat())
        .success();
    assert_eq!(completed(&changed.stdout), [CLUSTER, PROFILE]);
    for ran in [&planned, &changed] {
        assert!(!ran.stdout.contains("CANARY"), "{ran}");
    }
    let _ = environment
        .flowctl(&[&EMPTY[..], &[prefix, password]].concat())
        .code(0);

    let destroyed = environment
        .flowctl(&["--emulator", "destroy", "-auto-approve"])
        .success();
    assert!(destroyed.stdout.contains("5 destroyed"), "{destroyed}");
    let order = completed(&destroyed.stdout);
    assert!(before(PROFILE, CLUSTER, &order), "{order:?}");
    assert!(before(CLUSTER, ROLE, &order), "{order:?}");
}

#[test]
fn killed_at_any_step_the_next_apply_finishes() {
    let Some(moto) = Moto::shared() else {
        return;
    };
    for (at, fault) in ["after-send", "before-result"]
        .iter()
        .flat_map(|point| (1..=5).map(move |nth| format!("{point}:{nth}")))
        .enumerate()
    {
        let cluster = format!("complete-{at}");
        let Some(environment) = example(&cluster) else {
            return;
        };
        let mut cut: Command = environment.command(&APPLY);
        let cut = cut
            .env("FLOWCTL_FAULT", &fault)
            .output()
            .expect("it starts");
        assert!(cut.status.code().is_none(), "{fault} killed nothing");
        let again = environment.flowctl(&APPLY);
        assert_eq!(again.code, Some(0), "{fault}: {again}");
        let _ = environment.flowctl(&EMPTY).code(0);
        let _ = environment
            .flowctl(&["--emulator", "destroy", "-auto-approve"])
            .success();
        // Nothing was made twice: nothing is left.
        moto.elsewhere(&format!(
            "import boto3\nof = boto3.client\nleft = [c['ClusterIdentifier'] for c in \
             of('redshift').describe_clusters()['Clusters']] + [r['RoleName'] for r in \
             of('iam').list_roles()['Roles']] + [b['Name'] for b in \
             of('s3').list_buckets()['Buckets']]\nleft = [n for n in left if \
             n.startswith({cluster:?} + '-') or n == {cluster:?}]\nassert not left, left\n"
        ));
    }
}

#[test]
fn what_needs_a_service_that_fails_is_made_later() {
    // Nobody answers, or somebody who refuses everything.
    let refusing = super::provider::refusing();
    for (cluster, address, words) in [
        (
            "complete-later",
            "http://127.0.0.1:9",
            "no connection to Redshift",
        ),
        ("complete-denied", &refusing, "is not authorized"),
    ] {
        let Some(environment) = example(cluster) else {
            return;
        };
        let environment = environment.with_variable("AWS_ENDPOINT_URL_REDSHIFT", address);
        let ran = environment.flowctl(&APPLY).code(1);
        assert!(ran.stdout.contains("3 added"), "{ran}");
        let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.to_lowercase().contains(&words.to_lowercase()), "{ran}");
        assert!(
            said.contains("Cannot create aws_redshift_cluster.warehouse"),
            "{ran}"
        );
        let moto = Moto::shared().map(Moto::url).unwrap_or_default();
        let environment = environment.with_variable("AWS_ENDPOINT_URL_REDSHIFT", &moto);
        let ran = environment.flowctl(&APPLY).success();
        assert!(
            ran.stdout.contains("2 added, 0 changed, 0 destroyed"),
            "{ran}"
        );
        let _ = environment.flowctl(&EMPTY).code(0);
    }
}
