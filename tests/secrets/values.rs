//! Values of secrets of Secrets Manager: what is read back from the service to be compared is as
//! secret as what is sent there.

use flowctl_testkit::Moto;

use crate::canary::{plain, quoted, spicy};
use crate::ground::Ground;
use crate::rest::look_at_everything;

const MAIN: &str = r#"
resource "aws_secretsmanager_secret" "s" {
  for_each                = toset(["text", "binary", "written"])
  name                    = "canary-${each.key}"
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "text" {
  secret_id     = aws_secretsmanager_secret.s["text"].id
  secret_string = jsonencode({ user = "u", password = var.text })
}

resource "aws_secretsmanager_secret_version" "binary" {
  secret_id     = aws_secretsmanager_secret.s["binary"].id
  secret_binary = base64encode(var.text)
}

resource "aws_secretsmanager_secret_version" "written" {
  secret_id                = aws_secretsmanager_secret.s["written"].id
  secret_string_wo         = var.passing
  secret_string_wo_version = 1
}

# What is read back goes on into other arguments.
resource "terraform_data" "carrier" {
  input = {
    text   = aws_secretsmanager_secret_version.text.secret_string
    binary = aws_secretsmanager_secret_version.binary.secret_binary
  }
}

output "hidden" {
  value     = aws_secretsmanager_secret_version.text
  sensitive = true
}
"#;

const VARIABLES: &str = r#"
variable "text" {
  type      = string
  sensitive = true
}
variable "passing" {
  type      = string
  ephemeral = true
  sensitive = true
}
"#;

/// The files with these secrets.
fn configure(ground: &mut Ground, text: &str, passing: &str) {
    let values = format!(
        "text = \"{}\"\npassing = \"{}\"\n",
        quoted(text),
        quoted(passing)
    );
    ground.write(&[
        ("main.tf", MAIN),
        ("variables.tf", VARIABLES),
        ("terraform.tfvars", &values),
    ]);
}

#[test]
fn values_that_are_sent_and_read_back() {
    let Some(moto) = Moto::shared() else {
        return;
    };
    let mut ground = Ground::new().with_variable("AWS_ENDPOINT_URL", &moto.url());
    configure(&mut ground, &spicy(1), &spicy(2));
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["apply", "-auto-approve", "-vvv"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    look_at_everything(&mut ground);

    // Somebody else's value is in the plan as the one that is there.
    let theirs = |n| plain(n);
    moto.elsewhere(&format!(
        "import boto3\nsm = boto3.client('secretsmanager', region_name='us-east-1')\n\
         sm.put_secret_value(SecretId='canary-text', SecretString='{}')\n\
         sm.put_secret_value(SecretId='canary-binary', SecretBinary=b'{}')\n\
         sm.put_secret_value(SecretId='canary-written', SecretString='{}')\n",
        theirs(3),
        theirs(4),
        theirs(5)
    ));
    let _ = ground.expect(2, &["plan", "-detailed-exitcode", "-vvv"]);
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["refresh", "-vvv"]);
    look_at_everything(&mut ground);
    let asked = "aws_secretsmanager_secret_version.text\n\
                 aws_secretsmanager_secret_version.text.secret_string\n\
                 terraform_data.carrier.input\n";
    let ran = ground.environment.flowctl_reading(asked, &["console"]);
    ground.look("stdout of console", ran.stdout.as_bytes());
    ground.look("stderr of console", ran.stderr.as_bytes());
    assert!(ran.stdout.contains("(sensitive value)"), "{ran}");
    let _ = ground.expect(0, &["plan", "-out=third.plan"]);
    let _ = ground.expect(0, &["apply", "-vvv", "third.plan"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);

    // Other values, and a refusal of one.
    configure(&mut ground, &spicy(6), &spicy(7));
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["apply", "-auto-approve", "-json", "-vvv"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    let closed = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9")];
    configure(&mut ground, &spicy(8), &spicy(9));
    let refused = ground.run_with(
        &["apply", "-auto-approve", "-refresh=false", "-vvv"],
        &closed,
    );
    assert_eq!(refused.status.code(), Some(1));
    let _ = ground.expect(0, &["destroy", "-auto-approve", "-vvv"]);
    look_at_everything(&mut ground);
    ground.assert_private();
    ground.assert_clean("values of secrets");
}

#[test]
fn values_that_are_adopted() {
    let Some(moto) = Moto::shared() else {
        return;
    };
    moto.elsewhere(&format!(
        "import boto3\nsm = boto3.client('secretsmanager', region_name='us-east-1')\n\
         sm.create_secret(Name='canary-adopted', SecretString='{}')\n",
        plain(10)
    ));
    let mut ground = Ground::new().with_variable("AWS_ENDPOINT_URL", &moto.url());
    ground.write(&[(
        "main.tf",
        "import {\n  to = aws_secretsmanager_secret_version.s\n  id = \"canary-adopted\"\n}\n",
    )]);
    let _ = ground.expect(0, &["plan", "-generate-config-out=made.tf", "-vvv"]);
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["apply", "-auto-approve", "-vvv"]);
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    ground.assert_clean("a value that was adopted");
}
