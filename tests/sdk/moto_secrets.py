"""Credentials out of Secrets Manager and Systems Manager: flowctl against moto's server.

Usage: moto_secrets.py FLOWCTL. AppFlow itself is flowctl's own endpoint, run beside.
"""

import base64
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

import boto3

REGION = "eu-west-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

PROFILES = """
ephemeral "aws_secretsmanager_secret_version" "warehouse" {
  secret_id = "team/warehouse"
}

ephemeral "aws_ssm_parameter" "metrics" {
  name = "/team/metrics/api-key"
}

locals {
  warehouse = jsondecode(ephemeral.aws_secretsmanager_secret_version.warehouse.secret_string)
}

resource "aws_appflow_connector_profile" "warehouse" {
  name            = "warehouse"
  connector_type  = "Redshift"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      redshift {
        username = "loader"
        password = local.warehouse.password
      }
    }
    connector_profile_properties {
      redshift {
        bucket_name  = "example-bucket"
        database_url = "jdbc:redshift://c.abc123.eu-west-1.redshift.amazonaws.com:5439/dev"
        role_arn     = "arn:aws:iam::123456789012:role/redshift"
      }
    }
  }
}

resource "aws_appflow_connector_profile" "metrics" {
  name            = "metrics"
  connector_type  = "Datadog"
  connection_mode = "Public"

  connector_profile_config {
    connector_profile_credentials {
      datadog {
        api_key         = ephemeral.aws_ssm_parameter.metrics.value
        application_key = "application"
      }
    }
    connector_profile_properties {
      datadog {
        instance_url = "https://api.datadoghq.com"
      }
    }
  }
}
"""

DATA = """
data "aws_secretsmanager_secret_version" "previous" {
  secret_id     = "team/warehouse"
  version_stage = "AWSPREVIOUS"
}

data "aws_secretsmanager_secret_version" "key" {
  secret_id = "team/key"
}

data "aws_ssm_parameter" "plain" {
  name = "/team/plain"
}

data "aws_ssm_parameter" "locked" {
  name            = "/team/metrics/api-key"
  with_decryption = false
}

output "previous" {
  value     = data.aws_secretsmanager_secret_version.previous.secret_string
  sensitive = true
}

output "key" {
  value     = data.aws_secretsmanager_secret_version.key.secret_binary
  sensitive = true
}

output "locked" {
  value     = data.aws_ssm_parameter.locked.value != "CANARY-api-key"
  sensitive = true
}

output "plain" {
  value = {
    type    = data.aws_ssm_parameter.plain.type
    version = data.aws_ssm_parameter.plain.version
    name    = data.aws_ssm_parameter.plain.name
  }
}

output "stages" {
  value = data.aws_secretsmanager_secret_version.previous.version_stages
}
"""

failures = []


def check(what, holds, seen=""):
    """Counts what does not hold."""
    print(("ok      " if holds else "FAILED  ") + what)
    if not holds:
        failures.append(what)
        print(seen)


def words(text):
    """The text without frames and line breaks, which come where the line is full."""
    return "".join(text.replace("│", " ").split())


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_moto():
    port = free_port()
    server = subprocess.Popen(
        [pathlib.Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    server.kill()
    sys.exit("error: moto did not start")


def start_appflow(flowctl):
    server = subprocess.Popen(
        [flowctl, "emulator", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    for line in server.stdout:
        if found := re.search(r"listening on (\S+)", line):
            return server, found.group(1)
    sys.exit("error: the AppFlow endpoint did not start")


def main():
    flowctl = str(pathlib.Path(sys.argv[1]).resolve())
    moto, secrets_url = start_moto()
    appflow, appflow_url = start_appflow(flowctl)
    try:
        with tempfile.TemporaryDirectory() as directory:
            run_all(flowctl, secrets_url, appflow_url, pathlib.Path(directory))
    finally:
        moto.terminate()
        appflow.terminate()
    if failures:
        sys.exit(f"{len(failures)} failed")
    print("all hold")


def run_all(flowctl, secrets_url, appflow_url, directory):
    session = boto3.Session("test", "test", region_name=REGION)
    manager = session.client("secretsmanager", endpoint_url=secrets_url)
    ssm = session.client("ssm", endpoint_url=secrets_url)
    secret = manager.create_secret(
        Name="team/warehouse", SecretString=json.dumps({"password": "CANARY-first-1"})
    )
    manager.create_secret(Name="team/key", SecretBinary=b"\x00\xffCANARY")
    ssm.put_parameter(Name="/team/metrics/api-key", Value="CANARY-api-key", Type="SecureString")
    ssm.put_parameter(Name="/team/plain", Value="CANARY-plain", Type="String")

    addresses = {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": secrets_url,
        "AWS_ENDPOINT_URL_SSM": secrets_url,
    }

    def run(*arguments, code=0, environment=addresses):
        ran = subprocess.run(
            [flowctl, "--endpoint-url", appflow_url, *arguments],
            cwd=directory,
            env={**CREDENTIALS, **environment, "HOME": str(directory), "FLOWCTL_LOG": "trace"},
            capture_output=True,
            text=True,
            check=False,
        )
        said = ran.stdout + ran.stderr
        check(f"{' '.join(arguments)} ends with {code}", ran.returncode == code, said)
        check(f"{' '.join(arguments)} shows no secret", "CANARY" not in said, said)
        return ran

    def trace():
        files = [path for path in (directory / ".flowctl").rglob("*") if path.is_file()]
        forms = [b"CANARY", base64.b64encode(b"\x00\xffCANARY")]
        found = [path.name for path in files for form in forms if form in path.read_bytes()]
        check("no file holds a secret", files and not found, found)

    (directory / "main.tf").write_text(PROFILES)
    run("apply", "-auto-approve")
    trace()
    run("plan", "-detailed-exitcode")
    manager.put_secret_value(
        SecretId="team/warehouse", SecretString=json.dumps({"password": "CANARY-second-1"})
    )
    ran = run("plan", "-detailed-exitcode", code=2)
    changed = "aws_appflow_connector_profile.warehouse will be updated" in ran.stdout
    check("the changed secret is a change", changed, ran.stdout)
    same = "aws_appflow_connector_profile.metrics will be" not in ran.stdout
    check("the other is none", same, ran.stdout)
    run("apply", "-auto-approve")
    run("plan", "-detailed-exitcode")

    # By ARN, by a version of its own, and with addresses out of the configuration.
    version = secret["VersionId"]
    by_arn = PROFILES.replace('secret_id = "team/warehouse"', f'secret_id = "{secret["ARN"]}"')
    provider = f"""
provider "aws" {{
  endpoints {{
    secretsmanager = "{secrets_url}"
    ssm            = "{secrets_url}"
  }}
}}
"""
    (directory / "main.tf").write_text(by_arn + provider)
    run("plan", "-detailed-exitcode", environment={})
    first = by_arn.replace("secret_id", f'version_id = "{version}"\n  secret_id')
    (directory / "main.tf").write_text(first)
    run("plan", "-detailed-exitcode", code=2)

    (directory / "main.tf").write_text(PROFILES + DATA)
    ran = run("apply", "-auto-approve")
    check("labels are known", '"AWSPREVIOUS"' in ran.stdout, ran.stdout)
    check("what is no secret is shown", '"/team/plain"' in ran.stdout, ran.stdout)
    trace()
    run("plan", "-detailed-exitcode")

    for broken, hint in [
        (PROFILES.replace("team/warehouse", "team/nobody"), "check `secret_id`"),
        (PROFILES.replace("/team/metrics/api-key", "/team/nobody"), "every slash"),
    ]:
        (directory / "main.tf").write_text(broken)
        ran = run("plan", code=1)
        told = words(hint) in words(ran.stderr) and REGION in words(ran.stderr)
        check("what is not there has a hint", told, ran.stderr)

    (directory / "main.tf").write_text(PROFILES)
    nowhere = {name: f"http://127.0.0.1:{free_port()}" for name in addresses}
    ran = run("plan", code=1, environment=nowhere)
    said = words(ran.stderr)
    check("an address without a service", "AWS_ENDPOINT_URL_SSM" in said, ran.stderr)
    check("which service it is", "NoconnectiontoSecretsManager" in said, ran.stderr)
    run("destroy", "-auto-approve")


main()
