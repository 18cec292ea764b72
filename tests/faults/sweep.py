#!/usr/bin/env python3
"""Every command that writes, with its disk failing it in every way and at every place.

    python3 tests/faults/sweep.py [--jobs N] [--every N] [--flowctl BINARY] [FAMILY[/COMMAND]...]

Without families all of them are swept, which takes hours; `--every 7` takes each seventh case. It
needs Linux; `tmpfs` and `inodes` the right to mount; `calls`, `dead` and `kills` strace.

After each case: no crash, an error that names its file, a state that can be read, an apply that
completes with everything made once, and a plan that is empty.
"""

import argparse
import collections
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parents[1] / "target/debug/flowctl"
CANARY = "CANARY-secret"
CONFIGURATION = """
variable "profiles" {
  type = map(object({ name = string, url = string, kms = string, first = bool }))
}
variable "secret" {
  sensitive = true
}
%s
output "names" {
  value = [for profile in aws_appflow_connector_profile.plain : profile.name]
}
""" % "".join(
    """
resource "aws_appflow_connector_profile" "%s" {
  for_each        = { for key, profile in var.profiles : key => profile if profile.first == %s }
  name            = each.value.name
  connector_type  = "Slack"
  connection_mode = "Public"
  kms_arn         = each.value.kms
  connector_profile_config {
    connector_profile_credentials {
      slack {
        client_id     = "id"
        client_secret = var.secret
        access_token  = var.secret
      }
    }
    connector_profile_properties {
      slack {
        instance_url = each.value.url
      }
    }
  }
  %s
}
"""
    % it
    for it in [
        ("plain", "false", ""),
        ("first", "true", "lifecycle {\n    create_before_destroy = true\n  }"),
    ]
)


def profile(name, url="x", kms=1, first=False):
    kms = f"arn:aws:kms:us-east-1:123456789012:key/{kms}"
    return {"name": name, "url": f"https://{url}.slack.com", "kms": kms, "first": first}


BEFORE = {
    "a": profile("a"),
    "b": profile("b"),
    "c": profile("c"),
    "d": profile("d", first=True),
    "e": profile("e", first=True),
}
# One is changed, one replaced under its name, one deleted, one replaced by creating first, two made.
AFTER = {
    "a": profile("a", url="y"),
    "b": profile("b", kms=2),
    "d": profile("d2", first=True),
    "e": profile("e", first=True),
    "f": profile("f"),
    "g": profile("g", first=True),
}
ADDRESS = 'aws_appflow_connector_profile.plain["%s"]'
WITH_X = {**BEFORE, "x": profile("x")}


class World:
    """A directory with a configuration, and the endpoint that it is applied to."""

    def __init__(self, directory, binary):
        self.directory, self.binary = pathlib.Path(directory), binary
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "USER": "tester",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_REGION": "us-east-1",
            "COLUMNS": "1000",
            "TF_VAR_secret": CANARY,
        }
        options = ["--listen", "127.0.0.1:0", "--data", "emulator.db", "--request-log", "10000"]
        self.emulator = subprocess.Popen(
            [binary, "emulator", *options],
            cwd=directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = self.emulator.stdout.readline().split("http://")[1].strip()
        self.environment["AWS_ENDPOINT_URL_APPFLOW"] = f"http://{self.address}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.emulator.kill()
        self.emulator.communicate()

    def run(self, *arguments, before=(), limit=None):
        """Runs a command to its end, after `before`, with files of at most `limit` bytes."""

        def set_limit():
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

        return subprocess.run(
            [*before, self.binary, *arguments],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            errors="replace",
            text=True,
            timeout=120,
            preexec_fn=set_limit,
        )

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request(method, path, body and json.dumps(body))
        return json.loads(connection.getresponse().read())

    def configure(self, profiles):
        text = json.dumps({"profiles": profiles})
        (self.directory / "terraform.tfvars.json").write_text(text)

    def wanted(self):
        text = (self.directory / "terraform.tfvars.json").read_text()
        return {wanted["name"] for wanted in json.loads(text)["profiles"].values()}

    def live(self):
        told = self.ask("POST", "/describe-connector-profiles", {"maxResults": 100})
        return {found["connectorProfileName"] for found in told["connectorProfileDetails"]}

    def in_state(self):
        ran = self.run("state", "list")
        return ran.stdout.splitlines() if ran.returncode == 0 else []

    def outside(self, operation, name, url):
        credentials = {"clientId": "id", "clientSecret": CANARY, "accessToken": CANARY}
        body = {
            "connectorProfileName": name,
            "connectionMode": "Public",
            "connectorProfileConfig": {
                "connectorProfileProperties": {"Slack": {"instanceUrl": url}},
                "connectorProfileCredentials": {"Slack": credentials},
            },
        }
        if operation == "create":
            body["connectorType"] = "Slack"
        self.ask("POST", f"/{operation}-connector-profile", body)


def apply(world):
    ran = world.run("apply", "-auto-approve")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def applied(world):
    """Two runs, so that there is a copy of a state with something in it."""
    world.configure({key: profile for key, profile in BEFORE.items() if key != "c"})
    apply(world)
    world.configure(BEFORE)
    apply(world)


def moved_back(world):
    if ADDRESS % "z" in world.in_state():
        return world.run("state", "mv", ADDRESS % "z", ADDRESS % "a")


def taken_over(name):
    def again(world):
        if ADDRESS % name not in world.in_state():
            return world.run("import", ADDRESS % name, name)

    return again


def as_approved(world):
    if (world.directory / "saved").exists():
        return world.run("apply", "saved")


def written_whole(file, must):
    def check(world):
        path = world.directory / file
        text = path.read_text() if path.exists() else None
        if not must(text):
            return f"{file} is {text!r}"

    return check


class Command:
    """A command, what is there before it, and what is to be done after it."""

    def __init__(self, *arguments, before=applied, then=None, after=None, check=None):
        self.arguments, self.before, self.after = arguments, before, after
        self.then = then or (lambda world: None)
        self.check = check or (lambda world: None)


def others_first(world):
    applied(world)
    world.outside("create", "x", "https://x.slack.com")
    world.configure(WITH_X)


def changed_outside(world):
    applied(world)
    world.outside("update", "a", "https://theirs.slack.com")


def planned(world):
    applied(world)
    world.configure(AFTER)
    ran = world.run("plan", "-out=saved")
    assert ran.returncode == 0, ran.stderr


UGLY = 'locals {\n a=1\n    bcd   = [ 1,2 ]\n}\n'


def ugly(world):
    applied(world)
    (world.directory / "ugly.tf").write_text(UGLY)


COMMANDS = {
    "first": Command("apply", "-auto-approve", before=lambda world: world.configure(BEFORE)),
    "change": Command("apply", "-auto-approve", then=lambda world: world.configure(AFTER)),
    "destroy": Command("destroy", "-auto-approve"),
    "saved": Command("apply", "saved", before=planned),
    "plan-out": Command(
        "plan", "-out=saved", then=lambda world: world.configure(AFTER), after=as_approved
    ),
    "import": Command(
        "import", ADDRESS % "x", "x", before=others_first, after=taken_over("x")
    ),
    "refresh": Command("refresh", before=changed_outside),
    "mv": Command("state", "mv", ADDRESS % "a", ADDRESS % "z", after=moved_back),
    "rm": Command("state", "rm", ADDRESS % "a", after=taken_over("a")),
    "restore": Command("state", "restore", "2", after=taken_over("c")),
    "rekey": Command("state", "rekey"),
    "export": Command(
        "state",
        "export-tfstate",
        "out.json",
        check=written_whole("out.json", lambda text: text is None or json.loads(text)),
    ),
    "fmt": Command(
        "fmt",
        "ugly.tf",
        before=ugly,
        check=written_whole("ugly.tf", lambda text: text and text.endswith("}\n")),
    ),
}


# The families of faults: each gives cases for a command, a case runs it.

FILES = [
    ".flowctl",
    ".flowctl/backups",
    *(f".flowctl/{name}" for name in ["lock", "key", "key.new", "key.next", "state.restoring"]),
    *(f".flowctl/state.db{suffix}" for suffix in ["", "-wal", "-shm", "-journal", "-mark"]),
    *(f".flowctl/backups/unfinished.db{suffix}" for suffix in ["", "-journal"]),
    *(f".flowctl/backups/state-{number:010}.db" for number in range(1, 6)),
]


def strace(world, *options):
    paths = [world.directory / file for file in FILES] + FILES
    only = [option for path in paths for option in ("-P", str(path))]
    return ["strace", "-f", "--quiet=all", "-o", str(world.directory / "trace"), *only, *options]


def limited(sizes):
    def family(_):
        for size in sizes:
            yield str(size), lambda world, command, size=size: world.run(
                *command.arguments, limit=size
            )

    return family


def mounted(option, values):
    def run(world, command, value):
        directory = world.directory / ".flowctl"
        aside = world.directory / "aside"
        if directory.exists():
            directory.rename(aside)
        directory.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"mode=700,{option}={value}", "none", directory]
        subprocess.run(mount, check=True)
        if aside.exists():
            # What does not fit was never there: such a case is none.
            copied = subprocess.run(
                ["cp", "-a", f"{aside}/.", f"{directory}/"], capture_output=True
            )
            if copied.returncode != 0:
                return None
        ran = world.run(*command.arguments)
        subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=1000", directory], check=True)
        return ran

    def family(_):
        for value in values:
            yield value, lambda world, command, value=value: run(world, command, value)

    return family


CALLS = [
    "openat",
    "pwrite64",
    "write",
    "pread64",
    "read",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "unlink",
    "flock",
    "fcntl",
    "mmap",
    "statx",
    "mkdir",
    "fallocate",
]
ERRORS = {
    "EIO": CALLS,
    "ENOSPC": ["openat", "pwrite64", "write", "fsync", "fdatasync", "ftruncate", "rename", "mkdir"],
    "EINTR": ["openat", "pwrite64", "write", "pread64", "read", "fsync", "ftruncate", "flock"],
    "EACCES": ["openat", "rename", "unlink", "mkdir", "statx"],
    "EROFS": ["openat", "rename", "unlink", "mkdir", "pwrite64"],
    "ENOLCK": ["flock", "fcntl"],
    "ENOMEM": ["mmap"],
    "EMFILE": ["openat"],
}


def counted(template, command, binary):
    """How often each call comes at most in one thread, when nothing fails."""
    with copy(template) as directory, World(directory, binary) as world:
        command.then(world)
        world.run(*command.arguments, before=strace(world, "-e", f"trace={','.join(CALLS)}"))
        calls = re.findall(r"^(\d+) +(\w+)\(", (world.directory / "trace").read_text(), re.M)
    times = collections.Counter()
    for (_, call), count in collections.Counter(calls).items():
        times[call] = max(times[call], count)
    return times


def injected(what, errors=ERRORS, and_after=""):
    def family(prepared):
        times = counted(*prepared)
        for error, calls in errors.items():
            for call in calls:
                for number in range(1, times[call] + 1):
                    inject = f"inject={call}:{what}={error}:when={number}{and_after}"

                    def run(world, command, inject=inject):
                        return world.run(*command.arguments, before=strace(world, "-e", inject))

                    yield inject, run

    return family


PAGE, FRAME = 4096, 4096 + 24
ODD = sorted(
    {
        *range(0, 200, 3),
        *(PAGE * n + off for n in range(1, 45) for off in (-1, 1, 2000)),
        *(32 + FRAME * n + off for n in range(0, 45) for off in (-1, 0, 1, 12, 24, 1000)),
        *(32768 * n + off for n in (1, 2, 3) for off in (-1, 0, 1)),
    }
)
FAMILIES = {
    "blocks": limited([512 * n for n in range(0, 601)]),
    "bytes": limited(ODD),
    "tmpfs": mounted("size", [f"{4 * n}k" for n in range(1, 160)]),
    "inodes": mounted("nr_inodes", range(2, 22)),
    "calls": injected("error"),
    "dead": injected("error", {"EIO": CALLS, "ENOSPC": ERRORS["ENOSPC"]}, "+"),
    "kills": injected("signal", {"KILL": CALLS}),
}


# What must hold after each case.


def crashed(ran, may_be_killed=False):
    said = ran.stdout + ran.stderr
    if "panicked" in said or "internal error" in said:
        return "it crashed"
    # strace ends as what it traces did.
    killed = ran.returncode < 0 or ran.returncode > 128
    if ran.returncode not in (0, 1) and not (may_be_killed and killed):
        return f"it ended with {ran.returncode}"


def created_twice(world):
    there = set()
    for request in world.ask("GET", "/_flowctl/requests")["requests"]:
        name, status = request.get("connectorProfileName"), request["status"]
        if request["operation"] == "CreateConnectorProfile" and status == 200:
            if (name, request["clientToken"]) in there:
                continue
            if any(name == other for other, _ in there):
                yield f"{name} was made twice"
            there.add((name, request["clientToken"]))
        elif request["operation"] == "CreateConnectorProfile" and status == 409:
            yield f"{name} was to be made a second time"
        elif request["operation"] == "DeleteConnectorProfile" and status == 200:
            there = {(other, token) for other, token in there if other != name}


def whole(world):
    path = world.directory / ".flowctl/state.db"
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    for question, right in [
        ("PRAGMA integrity_check", "ok"),
        ("SELECT count(*) FROM operations WHERE status IN ('started', 'unknown')", 0),
        ("SELECT count(*) FROM resources WHERE deposed <> '[]'", 0),
        ("SELECT count(*) FROM resources", len(world.wanted())),
    ]:
        (answer,) = database.execute(question).fetchone()
        if answer != right:
            yield f"{question}: {answer}, not {right}"
    database.close()
    known = {"backups", "key", "lock", "state.db", "state.db-shm", "state.db-wal"}
    # What could not be copied when another state was put in its place.
    known |= {"state.damaged", "state.damaged-wal"}
    for file in (world.directory / ".flowctl").rglob("*"):
        inside = file.parent.name == "backups"
        if file.name not in known and not (inside and re.fullmatch(r"state-\d+\.db", file.name)):
            yield f"{file.name} was left behind"
        if file.is_file() and CANARY.encode() in file.read_bytes():
            yield f"a secret is in {file.name}"


def looked_after(world, command, ran, family):
    """What is wrong after a case."""
    if wrong := crashed(ran, family == "kills"):
        yield wrong
    if ran.returncode == 1 and not re.search(r"\.flowctl|saved|ugly\.tf|out\.json", ran.stderr):
        yield "the error names no file"
    for reading in (["plan"], ["state", "list"]):
        read = world.run(*reading)
        # Nothing was applied yet; what is not in state is nobody's.
        expected = "No state file was found" in read.stderr or "Object already" in read.stderr
        if read.returncode != 0 and not expected:
            yield f"then `{' '.join(reading)}` fails: {read.stderr}"
    if wrong := command.check(world):
        yield wrong
    if command.after and (then := command.after(world)) and then.returncode != 0:
        yield f"then `{' '.join(then.args[1:])}` fails: {then.stderr}"
    again = world.run("apply", "-auto-approve")
    if again.returncode != 0:
        yield f"the next apply fails: {again.stdout[-600:]}{again.stderr}"
        return
    plan = world.run("plan", "-detailed-exitcode")
    if plan.returncode != 0:
        yield f"the plan is not empty: {plan.stdout[-1500:]}{plan.stderr}"
    if (live := world.live()) != (wanted := world.wanted()):
        yield f"live is {sorted(live)}, not {sorted(wanted)}"
    yield from created_twice(world)
    yield from whole(world)


def copy(template):
    directory = tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True)
    shutil.copytree(template, directory.name, dirs_exist_ok=True)
    return directory


TOLD = collections.Counter()
LOCK = threading.Lock()


def case(template, binary, family, name, label, run):
    command = COMMANDS[name]
    with copy(template) as directory:
        try:
            with World(directory, binary) as world:
                command.then(world)
                ran = run(world, command)
                if ran is None:
                    return []
                told = "; ".join(re.findall(r"Error: .*|│ \S.*", ran.stderr))
                with LOCK:
                    TOLD[f"{ran.returncode} {re.sub(r'[0-9]+', 'N', told)}"] += 1
                wrong = list(looked_after(world, command, ran, family))
                place = f"{family}/{name} {label}: ended with {ran.returncode}"
                said = f"{ran.stdout[-600:]}{ran.stderr}"
                return [f"{place}: {what}\n  {said}" for what in wrong]
        except Exception as error:
            return [f"{family}/{name} {label}: {error!r}"]
        finally:
            subprocess.run(["umount", "-l", f"{directory}/.flowctl"], capture_output=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--every", type=int, default=1)
    options.add_argument("--flowctl", default=str(BINARY))
    options.add_argument("--told", action="store_true", help="tell every message that was seen")
    options.add_argument("which", nargs="*")
    options = options.parse_args()
    asked = [which.split("/") for which in options.which] or [[family] for family in FAMILIES]
    total, found = 0, 0
    with tempfile.TemporaryDirectory() as templates:
        for family, *names in asked:
            for name in names or COMMANDS:
                template = pathlib.Path(templates, name)
                if not template.exists():
                    template.mkdir()
                    (template / "main.tf").write_text(CONFIGURATION)
                    with World(template, options.flowctl) as world:
                        COMMANDS[name].before(world)
                prepared = (template, COMMANDS[name], options.flowctl)
                cases = list(FAMILIES[family](prepared))[:: options.every]
                with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
                    begun = [
                        pool.submit(case, template, options.flowctl, family, name, label, run)
                        for label, run in cases
                    ]
                    broken = [what for done in begun for what in done.result()]
                total, found = total + len(cases), found + len(broken)
                print(f"{family}/{name}: {len(cases)} cases, {len(broken)} broken", flush=True)
                for what in broken:
                    print(f"  {what}", flush=True)
    for told, times in TOLD.most_common() if options.told else ():
        print(f"{times:6} {told}")
    print(f"{total} cases, {found} broken")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
