"""Plans of flowctl over the examples, as `show -json` of a saved plan tells them."""

import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOWCTL = os.environ["FLOWCTL"]

# What no output of any tool may hold: the secrets that the plans are made with.
SECRET = "CANARY"


def environment(home):
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "FLOWCTL_ALLOW_EXTERNAL": "1",
        "TF_VAR_application_key": f"{SECRET}-application",
        "TF_VAR_redshift_password": f"{SECRET}-password",
        "TF_VAR_salesforce_refresh_token": f"{SECRET}-token",
        "TF_VAR_variable_password": f"{SECRET}-variable",
    }


class Work:
    """A copy of an example, in which flowctl is run."""

    def __init__(self, place, example):
        self.home = place
        self.directory = place / example
        if not self.directory.exists():
            shutil.copytree(ROOT / "examples" / example, self.directory)
            # Placeholders of the examples are secrets here.
            for path in self.directory.rglob("*"):
                if path.is_file() and path.suffix != ".md":
                    text = path.read_text()
                    path.write_text(text.replace("placeholder-", f"{SECRET}-"))

    def flowctl(self, *arguments, code=0):
        command = [FLOWCTL, "--emulator", *arguments]
        ran = subprocess.run(
            command, cwd=self.directory, env=environment(self.home), capture_output=True, text=True
        )
        if ran.returncode != code:
            raise AssertionError(f"{command}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout

    def plan(self, *arguments):
        self.flowctl("plan", "-out=made.plan", *arguments)
        return self.flowctl("show", "-json", "made.plan")


# Each: the example, the arguments of an apply before (or none), those of the plan, and how many
# instances are created, updated, replaced and destroyed.
NEW_URL = "-var=salesforce_instance_url=https://other.my.salesforce.com"
ONE_WORKSPACE = (
    '-var=slack_workspaces={support={url="https://example-support.slack.com",'
    'client_id="100.300"},sales={url="https://example-sales.slack.com",client_id="100.400"}}'
)
SECRETS = (
    f'-var=slack_secrets={{support={{client_secret="{SECRET}",access_token="{SECRET}"}},'
    f'sales={{client_secret="{SECRET}",access_token="{SECRET}"}}}}'
)
PLANS = {
    "create": ("quickstart", None, [], (4, 0, 0, 0)),
    "connectors": ("all-connectors", None, [], (28, 0, 0, 0)),
    "redshift": ("redshift", None, [], (3, 0, 0, 0)),
    "flow": ("flow", None, [], (2, 0, 0, 0)),
    "secrets": ("secrets", None, [], (3, 0, 0, 0)),
    "keys": ("policy", None, [], (2, 0, 0, 0)),
    "nothing": ("quickstart", [], [], (0, 0, 0, 0)),
    "update": ("quickstart", [], [NEW_URL], (0, 1, 0, 0)),
    "rotate": ("quickstart", [], [f"-var=redshift_password={SECRET}-other"], (0, 1, 0, 0)),
    "replace": ("quickstart", [], ["-var=project=renamed"], (0, 0, 4, 0)),
    "mixed": (
        "quickstart",
        [],
        [NEW_URL, ONE_WORKSPACE, SECRETS, "-replace=aws_appflow_connector_profile.redshift"],
        # The other workspace has other secrets now.
        (1, 2, 1, 1),
    ),
    "destroy": ("quickstart", [], ["-destroy"], (0, 0, 0, 4)),
}


def make(place):
    """All plans: the text by name."""
    texts = {}
    for name, (example, before, arguments, _) in PLANS.items():
        work = Work(place / ("new" if before is None else "applied"), example)
        if before is not None:
            work.flowctl("apply", "-auto-approve", *before)
        texts[name] = work.plan(*arguments)
    return texts


def addresses(document, *actions):
    changes = document.get("resource_changes", [])
    return [c["address"] for c in changes if c["change"]["actions"] in map(list, actions)]


def parsed(text):
    return json.loads(text)
