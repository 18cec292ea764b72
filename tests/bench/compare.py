#!/usr/bin/env python3
"""Measures flowctl beside Terraform on configurations of the same size.

    tests/bench/compare.py [--sizes 10,1000,10000] [--flowctl PATH] [--no-terraform]

Generates N connector profiles for flowctl (every tenth refers to another) and N terraform_data
resources of about the same size for Terraform, then reports wall time and peak memory of validate,
plan from empty, apply, and a second plan that has nothing to do, and their ratios. flowctl talks to
its embedded endpoint over HTTP and refreshes every profile; Terraform has no service to talk to.

Each figure is one run of the whole command; no Terraform run of more than --limit seconds is begun
twice. The result goes to standard output as a Markdown table.
"""
import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROFILE = """
resource "aws_appflow_connector_profile" "p{i}" {{
  name            = "profile-{i}"
  connector_type  = "Redshift"
  connection_mode = "Public"
  connector_profile_config {{
    connector_profile_credentials {{
      redshift {{
        username = "loader"
        password = "not-a-real-password-{i}"
      }}
    }}
    connector_profile_properties {{
      redshift {{
        bucket_name        = "staging-{i}"
        bucket_prefix      = {prefix}
        database_url       = "jdbc:redshift://cluster-{i}.example.com:5439/db"
        role_arn           = "arn:aws:iam::123456789012:role/appflow-{i}"
        cluster_identifier = "cluster-{i}"
        database_name      = "db"
      }}
    }}
  }}
}}
"""

DATA = """
resource "terraform_data" "p{i}" {{
  input = {{
    name               = "profile-{i}"
    connector_type     = "Redshift"
    connection_mode    = "Public"
    username           = "loader"
    password           = "not-a-real-password-{i}"
    bucket_name        = "staging-{i}"
    bucket_prefix      = {prefix}
    database_url       = "jdbc:redshift://cluster-{i}.example.com:5439/db"
    role_arn           = "arn:aws:iam::123456789012:role/appflow-{i}"
    cluster_identifier = "cluster-{i}"
    database_name      = "db"
    kms_arn            = "arn:aws:kms:us-east-1:123456789012:key/{i}"
    connector_label    = "label-{i}"
    description        = "one of many profiles, number {i}"
    owner              = "data-platform"
  }}
}}
"""


def generate(directory, count, text, reference):
    with open(directory / "main.tf", "w") as out:
        if "aws_" in text:
            out.write('provider "aws" {\n  region = "us-east-1"\n}\n')
        for i in range(count):
            prefix = reference.format(j=i - 1) if i % 10 == 9 else f'"in/{i}"'
            out.write(text.format(i=i, prefix=prefix))


def measure(command, cwd, env=None):
    """Wall seconds, peak resident megabytes and exit status of one command."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.chdir(cwd)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1):
            os.dup2(null, fd)
        os.close(read)
        os.dup2(write, 2)
        os.execvpe(command[0], command, {**os.environ, **(env or {})})
    os.close(write)
    started = time.monotonic()
    errors = b""
    while chunk := os.read(read, 65536):
        errors = (errors + chunk)[-2000:]
    os.close(read)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: {errors.decode(errors='replace')}")
    return seconds, usage.ru_maxrss / 1024


def run_flowctl(binary, count):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        generate(directory, count, PROFILE, '"${{aws_appflow_connector_profile.p{j}.name}}/in"')
        flow = [str(binary)]
        yield "validate", measure([*flow, "validate"], directory)
        yield "plan", measure([*flow, "--emulator", "plan"], directory)
        yield "apply", measure([*flow, "--emulator", "apply", "--auto-approve"], directory)
        yield "no-op plan", measure([*flow, "--emulator", "plan", "--detailed-exitcode"], directory)


def run_terraform(count, limit):
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        generate(directory, count, DATA, '"${{terraform_data.p{j}.input.name}}/in"')
        terraform = ["terraform"]
        measure([*terraform, "init"], directory)
        yield "validate", measure([*terraform, "validate"], directory)
        yield "plan", measure([*terraform, "plan"], directory)
        if count > limit:
            return
        yield "apply", measure([*terraform, "apply", "-auto-approve"], directory)
        yield "no-op plan", measure([*terraform, "plan", "-detailed-exitcode"], directory)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10,1000,10000")
    parser.add_argument("--flowctl", default=ROOT / "target/release/flowctl", type=pathlib.Path)
    parser.add_argument("--no-terraform", action="store_true")
    parser.add_argument(
        "--limit", type=int, default=1000, help="largest number that Terraform applies"
    )
    options = parser.parse_args()
    binary = options.flowctl.resolve()
    terraform = shutil.which("terraform") is not None and not options.no_terraform
    started = min(measure([str(binary), "--version"], ROOT)[0] for _ in range(10))
    print(f"`flowctl --version`: {started * 1000:.1f} ms (best of 10)\n")
    print("| N | command | flowctl | Terraform | time ratio | memory ratio |")
    print("|---|---|---|---|---|---|")
    for count in map(int, options.sizes.split(",")):
        other = dict(run_terraform(count, options.limit)) if terraform else {}
        for command, (seconds, memory) in run_flowctl(binary, count):
            row = f"| {count} | {command} | {seconds:.2f} s, {memory:.0f} MB "
            if command in other:
                their_seconds, their_memory = other[command]
                row += f"| {their_seconds:.2f} s, {their_memory:.0f} MB "
                row += f"| {their_seconds / seconds:.1f} | {their_memory / memory:.1f} |"
            else:
                row += "| – | – | – |"
            print(row, flush=True)


if __name__ == "__main__":
    main()
