//! The stack `complete` that the CDK for Terraform synthesised: a policy that is looked up, a role, a
//! bucket, a profile and a flow, each of which needs the one before.

use flowctl_testkit::{Moto, Ran, TestEnvironment};

const STACK: &str = "cdktf.out/stacks/complete";
const JSON: &str = include_str!("../cdktf/fixtures/complete/cdk.tf.json");

fn run(environment: &TestEnvironment, arguments: &[&str]) -> Ran {
    environment.flowctl(&[&["-C", STACK, "--emulator"], arguments].concat())
}

#[test]
fn a_synthesised_stack_runs_whole() {
    let Some(environment) = super::with(&format!("//- {STACK}/cdk.tf.json\n{JSON}\n")) else {
        return;
    };
    let planned = run(&environment, &["plan"]).success();
    assert!(
        planned
            .stdout
            .contains("4 to add, 0 to change, 0 to destroy"),
        "{planned}"
    );
    let _ = run(&environment, &["apply", "-auto-approve"]).success();
    let _ = run(&environment, &["plan", "-detailed-exitcode"]).code(0);
    let outputs = run(&environment, &["output", "-json"]).json();
    let arn = |name: &str| {
        outputs[name]["value"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        arn("role-arn"),
        "arn:aws:iam::123456789012:role/cdktf-appflow"
    );
    let bucket = arn("bucket-arn");
    let bucket = bucket.strip_prefix("arn:aws:s3:::").unwrap_or_default();
    assert!(bucket.starts_with("cdktf-"), "{bucket}");
    if let Some(moto) = Moto::shared() {
        moto.elsewhere(&format!(
            "import boto3\n\
             attached = boto3.client('iam').list_attached_role_policies(RoleName='cdktf-appflow')\n\
             assert attached['AttachedPolicies'][0]['PolicyName'] == \
             'AmazonRedshiftAllCommandsFullAccess', attached\n\
             boto3.client('s3', region_name='us-east-1').put_object(Bucket='{bucket}', Key='a', Body=b'b')\n"
        ));
    }
    // In reverse order, with what is in the bucket.
    let destroyed = run(&environment, &["destroy", "-auto-approve"]).success();
    assert!(destroyed.stdout.contains("4 destroyed"), "{destroyed}");
}
