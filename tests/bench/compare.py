#!/usr/bin/env python3
"""Measures flowctl beside Terraform on configurations of the same size.

    tests/bench/compare.py [--sizes 10,1000,10000] [--flowctl PATH] [--separate] [--no-terraform]

Generates N connector profiles for flowctl and N terraform_data resources of about the same size for
Terraform, every tenth of which refers to another, and reports wall time and peak memory of
validate, of a plan from empty, of apply, and of a plan that refreshes everything and finds nothing
to do, with the ratios of the two. flowctl talks to its embedded endpoint over HTTP; Terraform has
no service to talk to. With --separate the endpoint is a process of its own, whose memory and
processor time then do not count as flowctl's.

Up to 1,000 resources each figure is the median of three runs, but for apply, which is run once.
Terraform does not apply more than --limit resources: beyond that its state is written for it. The
result goes to standard output as Markdown.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]

PROFILE = """
resource "aws_appflow_connector_profile" "p{i}" {{
  name            = "profile-{i}"
  connector_type  = "Redshift"
  connection_mode = "Public"
  kms_arn         = "arn:aws:kms:us-east-1:123456789012:key/{i}"
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
PROFILE_PREFIX = '"${{aws_appflow_connector_profile.p{j}.name}}/in"'

DATA = """
resource "terraform_data" "p{i}" {{
  input = {{
    name               = "profile-{i}"
    connector_type     = "Redshift"
    connection_mode    = "Public"
    kms_arn            = "arn:aws:kms:us-east-1:123456789012:key/{i}"
    username           = "loader"
    password           = "not-a-real-password-{i}"
    bucket_name        = "staging-{i}"
    bucket_prefix      = {prefix}
    database_url       = "jdbc:redshift://cluster-{i}.example.com:5439/db"
    role_arn           = "arn:aws:iam::123456789012:role/appflow-{i}"
    cluster_identifier = "cluster-{i}"
    database_name      = "db"
  }}
}}
"""
DATA_PREFIX = '"${{terraform_data.p{j}.input.name}}/in"'


def refers(i):
    return i % 10 == 9


def generate(directory, count, text, reference):
    with open(directory / "main.tf", "w") as out:
        for i in range(count):
            prefix = reference.format(j=i - 1) if refers(i) else f'"in/{i}"'
            out.write(text.format(i=i, prefix=prefix))


def applied_state(count):
    """The state that Terraform has after it applied the generated configuration."""
    lines = [line.partition("=") for line in DATA.splitlines()]
    members = {name.strip(): text.strip(' "') for name, _, text in lines
               if text and not text.endswith("{{")}
    kind = ["object", dict.fromkeys(members, "string")]
    resources = []
    for i in range(count):
        prefix = f"profile-{i - 1}/in" if refers(i) else f"in/{i}"
        value = {name: text.format(i=i, prefix=prefix) for name, text in members.items()}
        typed = {"value": value, "type": kind}
        resources.append({
            "mode": "managed", "type": "terraform_data", "name": f"p{i}",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{
                "schema_version": 0,
                "attributes": {"id": str(uuid.UUID(int=i)), "input": typed, "output": typed,
                               "triggers_replace": None},
                "sensitive_attributes": [],
                **({"dependencies": [f"terraform_data.p{i - 1}"]} if refers(i) else {}),
            }],
        })
    return {"version": 4, "terraform_version": "1.11.0", "serial": 1, "lineage": str(uuid.uuid4()),
            "outputs": {}, "resources": resources, "check_results": None}


def high_water(pid):
    """Peak resident kilobytes of a live process so far."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def measure(command, cwd, env=None):
    """Wall seconds and peak resident megabytes of one command, which must succeed."""
    with tempfile.TemporaryFile() as errors:
        # Between fork and exec a process is as large as this one, and the kernel's figure has it.
        own = high_water(os.getpid())
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=errors)
        seen, pause = 0, 0.0005
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            seen = max(seen, high_water(process.pid))
            time.sleep(pause)
            pause = min(pause * 1.1, 0.01)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            tail = errors.read()[-2000:].decode(errors="replace")
            sys.exit(f"{' '.join(map(str, command))}: exit {process.returncode}\n{tail}")
    peak = usage.ru_maxrss if usage.ru_maxrss > own + 1024 else seen
    return seconds, peak / 1024


def repeated(times, *arguments):
    runs = [measure(*arguments) for _ in range(times)]
    return statistics.median(seconds for seconds, _ in runs), max(memory for _, memory in runs)


def endpoint(binary, data):
    """A stand-alone endpoint and the settings that lead to it."""
    process = subprocess.Popen(
        [str(binary), "emulator", "--listen", "127.0.0.1:0", "--data", str(data)],
        stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().removeprefix("listening on ").strip()
    return process, {
        "AWS_ENDPOINT_URL_APPFLOW": url, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }


def run_flowctl(binary, count, separate):
    times = 3 if count <= 1000 else 1
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        generate(directory, count, PROFILE, PROFILE_PREFIX)
        yield "validate", repeated(times, [str(binary), "validate"], directory)
        server, env = endpoint(binary, directory / "endpoint.db") if separate else (None, {})
        flow = [str(binary)] if separate else [str(binary), "--emulator"]
        try:
            yield "plan from empty", repeated(times, [*flow, "plan"], directory, env)
            yield "apply", measure([*flow, "apply", "--auto-approve"], directory, env)
            nothing = [*flow, "plan", "--detailed-exitcode"]
            yield "plan, nothing to do", repeated(times, nothing, directory, env)
        finally:
            if server:
                server.terminate()
                server.wait()
        listed = subprocess.run([binary, "state", "list"], cwd=directory, check=True,
                                capture_output=True, text=True).stdout.split()
        if len(listed) != count:
            sys.exit(f"state has {len(listed)} of {count} profiles")


def run_terraform(count, limit):
    times = 3 if count <= 1000 else 1
    # No look for newer versions while the clock runs.
    env = {"CHECKPOINT_DISABLE": "1"}
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        generate(directory, count, DATA, DATA_PREFIX)
        measure(["terraform", "init"], directory, env)
        yield "validate", repeated(times, ["terraform", "validate"], directory, env)
        yield "plan from empty", repeated(times, ["terraform", "plan"], directory, env)
        if count <= limit:
            apply = ["terraform", "apply", "-auto-approve"]
            yield "apply", measure(apply, directory, env)
        else:
            (directory / "terraform.tfstate").write_text(json.dumps(applied_state(count)))
        nothing = ["terraform", "plan", "-detailed-exitcode"]
        yield "plan, nothing to do", repeated(times, nothing, directory, env)


def version(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\n")[0]


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="10,1000,10000")
    parser.add_argument("--flowctl", default=ROOT / "target/release/flowctl", type=pathlib.Path)
    parser.add_argument("--separate", action="store_true", help="the endpoint in its own process")
    parser.add_argument("--no-terraform", action="store_true")
    parser.add_argument("--limit", type=int, default=1000, help="what Terraform applies at most")
    options = parser.parse_args()
    binary = options.flowctl.resolve()
    terraform = shutil.which("terraform") is not None and not options.no_terraform
    started = min(measure([str(binary), "--version"], ROOT)[0] for _ in range(10))
    theirs = f" {version(['terraform', 'version'])};" if terraform else ""
    print(f"{version([binary, '--version'])};{theirs} {os.cpu_count()} × {processor()}, "
          f"{platform.system()}. `flowctl --version`: {started * 1000:.1f} ms (best of ten). "
          f"The endpoint is {'a process of its own' if options.separate else 'in the process'}.\n")
    print("| N | command | flowctl | Terraform | Terraform ÷ flowctl: time | memory |")
    print("|--:|---|--:|--:|--:|--:|", flush=True)
    for count in map(int, options.sizes.split(",")):
        other = dict(run_terraform(count, options.limit)) if terraform else {}
        for command, (seconds, memory) in run_flowctl(binary, count, options.separate):
            row = f"| {count:,} | {command} | {seconds:.3f} s, {memory:.0f} MB "
            if command in other:
                their_seconds, their_memory = other[command]
                row += f"| {their_seconds:.3f} s, {their_memory:.0f} MB "
                row += f"| {their_seconds / seconds:.1f} | {their_memory / memory:.1f} |"
            else:
                row += "| – | – | – |"
            print(row, flush=True)


if __name__ == "__main__":
    main()
