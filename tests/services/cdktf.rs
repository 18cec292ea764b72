//! Stacks that the CDK for Terraform synthesised: `complete`, a policy that is looked up, a role, a
//! bucket, a profile and a flow, each of which needs the one before; and `forms`, what programs do
//! beyond declaring resources.

use flowctl_testkit::{Moto, Ran, TestEnvironment};

const STACK: &str = "cdktf.out/stacks/complete";
const JSON: &str = include_str!("../cdktf/fixtures/complete/cdk.tf.json");

const FORMS: &str = include_str!("../cdktf/fixtures/forms/cdk.tf.json");

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

/// What the stack `forms` takes over: a bucket under another address, and one of somebody else.
const BEFORE: &str = r#"
resource "aws_s3_bucket" "old" {
  bucket = "cdktf-forms-renamed"
  region = "eu-west-1"
}
"#;

#[test]
fn iterators_aspects_overrides_aliases_imports_and_moves_have_their_effect() {
    let Some(environment) = super::with(&format!("//- {STACK}/main.tf\n{BEFORE}")) else {
        return;
    };
    let _ = run(&environment, &["apply", "-auto-approve"]).success();
    std::fs::remove_file(environment.path(&format!("{STACK}/main.tf"))).expect("the old program");
    environment.write(&format!("//- {STACK}/cdk.tf.json\n{FORMS}\n"));
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(
        "import boto3\nboto3.client('s3').create_bucket(Bucket='cdktf-forms-kept', \
         CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})\n",
    );
    let made = run(&environment, &["apply", "-auto-approve"]).success();
    assert!(
        made.stdout
            .contains("1 imported, 13 added, 2 changed, 0 destroyed"),
        "{made}"
    );
    assert!(!made.stdout.contains("CANARY"), "{made}");
    let _ = run(&environment, &["plan", "-detailed-exitcode"]).code(0);
    let outputs = run(&environment, &["output", "-json"]).json();
    let value = |name: &str| outputs[name]["value"].clone();
    assert_eq!(
        value("stores-arns"),
        serde_json::json!([
            "arn:aws:s3:::cdktf-forms-clean",
            "arn:aws:s3:::cdktf-forms-raw"
        ])
    );
    let summary = value("summary");
    assert_eq!(summary["names"], "clean,raw");
    assert_eq!(summary["mode"], "cheap");
    assert_eq!(summary["sum"], 3);
    assert_eq!(outputs["passphrase"]["sensitive"], true);
    moto.elsewhere(
        "import boto3, json\n\
         of = lambda name, region='eu-west-1': boto3.client(name, region_name=region)\n\
         tags = lambda pairs: {t['Key']: t['Value'] for t in pairs}\n\
         stored = of('s3').get_bucket_tagging(Bucket='cdktf-forms-raw')['TagSet']\n\
         assert tags(stored) == {'account': '123456789012', 'DEV': 'on', 'aspect': 'visited', \
         'made-by': 'cdktf'}, stored\n\
         policy = json.loads(of('s3').get_bucket_policy(Bucket='cdktf-forms-clean')['Policy'])\n\
         assert policy['Statement'][0]['Resource'] == 'arn:aws:s3:::cdktf-forms-clean/*', policy\n\
         role = next(r for r in of('iam').list_roles()['Roles'] if r.get('Description') == 'For dev')\n\
         assert role['MaxSessionDuration'] == 7200, role\n\
         inline = of('iam').list_role_policies(RoleName=role['RoleName'])['PolicyNames']\n\
         assert sorted(inline) == ['read', 'write'], inline\n\
         aliases = of('kms', 'us-west-2').list_aliases()['Aliases']\n\
         assert 'alias/cdktf-forms' in [a['AliasName'] for a in aliases], aliases\n",
    );
    let destroyed = run(&environment, &["destroy", "-auto-approve"]).success();
    assert!(destroyed.stdout.contains("15 destroyed"), "{destroyed}");
}
