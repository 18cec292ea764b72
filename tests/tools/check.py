"""Tools that were made for Terraform's plans, over plans of flowctl. Started by run.sh.

Each check names what has to be in a tool's output, so that a tool which merely does not fail does
not pass. With names as arguments, only the checks of these names are run.
"""

import base64
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import traceback

import plans
import shape

TOOLS = plans.ROOT / "target/tools"
HERE = plans.ROOT / "tests/tools"
# How Terraform's documents name what flowctl's counts are of.
KINDS = {
    "create": [["create"]],
    "update": [["update"]],
    "replace": [["delete", "create"], ["create", "delete"]],
    "delete": [["delete"]],
}


class Checks:
    """What the checks work with."""

    def __init__(self, place):
        self.place = place
        self.texts = plans.make(place)
        self.documents = {name: json.loads(text) for name, text in self.texts.items()}
        for name, text in self.texts.items():
            (place / f"{name}.json").write_text(text)

    def file(self, name):
        return str(self.place / f"{name}.json")

    def counts(self, name):
        return dict(zip(KINDS, plans.PLANS[name][3]))

    def run(self, *command, code=0, cwd=None):
        command = [str(part) for part in command]
        home = {"HOME": str(self.place), "PATH": os.environ["PATH"], "NO_COLOR": "1"}
        ran = subprocess.run(
            command, cwd=cwd or self.place, env=home, capture_output=True, text=True
        )
        said = ran.stdout + ran.stderr
        assert plans.SECRET not in said, f"{command} tells a secret"
        assert ran.returncode == code, f"{command} ended with {ran.returncode}\n{said}"
        return ran.stdout


def python(name):
    return TOOLS / "python/bin" / name


def check_plans(checks):
    """The plans are what they are meant to be, and tell no secret."""
    for name, document in checks.documents.items():
        assert plans.SECRET not in checks.texts[name], name
        for kind, actions in KINDS.items():
            found = plans.addresses(document, *actions)
            assert len(found) == checks.counts(name)[kind], f"{name}, {kind}: {found}"
    variables = checks.documents["create"]["variables"]
    assert variables["project"] == {"value": "quickstart"}, variables
    assert variables["redshift_password"] == {}, variables
    # What `plan` prints at once is what is saved, but for when.
    work = plans.Work(checks.place / "new", "quickstart")
    at_once = json.loads(work.flowctl("plan", "--format=json"))
    saved = dict(checks.documents["create"])
    del at_once["timestamp"], saved["timestamp"]
    assert at_once == saved


def check_terraform_compliance(checks):
    def run(plan, features, code):
        tool = [python("terraform-compliance"), "--no-ansi"]
        arguments = ["-p", checks.file(plan), "-f", HERE / "features" / features]
        return checks.run(*tool, *arguments, code=code)

    for plan in ("create", "nothing", "update", "rotate", "replace", "mixed"):
        said = run(plan, "pass", 0)
        assert "4 scenarios (4 passed)" in said, f"{plan}: {said}"
    said = run("create", "fail", 1)
    assert "1 scenarios (0 passed, 1 failed)" in said, said
    for address in plans.addresses(checks.documents["create"], ["create"]):
        assert f"{address} (aws_appflow_connector_profile) does not have kms_arn" in said, said


def check_checkov(checks):
    def findings(plan):
        tool = [TOOLS / "checkov/bin/checkov", "--skip-download", "--compact"]
        only = ["--framework", "terraform_plan", "--check", "CKV_AWS_263,CKV_AWS_264"]
        said = checks.run(*tool, *only, "--soft-fail", "-o", "json", "-f", checks.file(plan))
        results = json.loads(said)["results"]
        assert not results.get("parsing_errors"), results
        kinds = results["passed_checks"], results["failed_checks"]
        return [{(f["check_id"], f["resource_address"]) for f in kind} for kind in kinds]

    profile = "aws_appflow_connector_profile"
    # In one plan, a violation that must be found and a resource in which there is none.
    assert findings("keys") == [
        {("CKV_AWS_264", f"{profile}.metrics")},
        {("CKV_AWS_264", f"{profile}.legacy")},
    ]
    created = plans.addresses(checks.documents["connectors"], ["create"])
    passed, failed = findings("connectors")
    assert {address for _, address in passed | failed} == set(created)
    _, failed = findings("flow")
    assert ("CKV_AWS_263", "aws_appflow_flow.accounts") in failed, failed


def check_rego(checks):
    from regopy import Input, Interpreter

    rego = Interpreter()
    rego.add_module("plan", (HERE / "plan.rego").read_text())
    for name, document in checks.documents.items():
        rego.set_input(Input(document))

        def found(rule):
            found = rego.query(f"data.plan.{rule}").results[0].expressions[0]
            return {base64.b64decode(address).decode() for address in found}

        for kind, actions in KINDS.items():
            expected = set(plans.addresses(document, *actions))
            assert found(f"{kind}s") == expected, f"{name}, {kind}: {found(f'{kind}s')}"
        assert not found("told"), f"{name} tells what is secret: {found('told')}"
    # The rule does find a secret that is told.
    told = json.loads(checks.texts["create"])
    told["resource_changes"][0]["change"]["after"]["connector_profile_config"][0][
        "connector_profile_credentials"
    ][0]["redshift"][0]["password"] = "told"
    rego.set_input(Input(told))
    assert found("told") == {told["resource_changes"][0]["address"]}, found("told")
    rego.set_input(Input(checks.documents["keys"]))
    assert found("no_key") == {"aws_appflow_connector_profile.legacy"}, found("no_key")


def check_tf_peek(checks):
    words = dict(zip(KINDS, ["➕ Create", "🛠️ Update", "⚠️ Replace", "➖ Delete"]))
    for name, document in checks.documents.items():
        report = checks.run(python("tf-peek"), checks.file(name))
        for kind, word in words.items():
            row = re.search(rf"^\| {word} \|.*\*\*(\d+)\*\* \|$", report, re.M)
            assert int(row[1] if row else 0) == checks.counts(name)[kind], f"{name}: {report}"
        for address in plans.addresses(document, *sum(KINDS.values(), [])):
            assert address in report, f"{name} lacks {address}"
    # Even asked for secrets it has none to show.
    report = checks.run(python("tf-peek"), "--show-sensitive", checks.file("connectors"))
    assert "aws_appflow_connector_profile.salesforce_jwt" in report
    assert "https://other.my.salesforce.com" in checks.run(
        python("tf-peek"), "--show-sensitive", checks.file("update")
    )


def check_readtheplan(checks):
    for name, document in checks.documents.items():
        tool = [python("readtheplan"), "analyze", "--format", "json"]
        report = json.loads(checks.run(*tool, checks.file(name)))
        changes = {c["address"]: c["actions"] for c in report["changes"]}
        for change in document.get("resource_changes", []):
            address, actions = change["address"], change["change"]["actions"]
            if actions != ["no-op"]:
                assert changes[address] == actions, f"{name}: {changes}"
    gate = [python("readtheplan"), "analyze", "--fail-on", "dangerous"]
    checks.run(*gate, checks.file("create"))
    checks.run(*gate, checks.file("destroy"), code=2)
    checks.run(*gate, checks.file("replace"), code=2)


def check_tofui(checks):
    for name, document in checks.documents.items():
        into = checks.place / "tofui"
        into.mkdir(exist_ok=True)
        said = checks.run(python("tofui"), checks.file(name), "--build-name", name, cwd=into)
        count = checks.counts(name)
        summary = re.search(r"(\d+) to create, (\d+) to update, (\d+) to delete", said)
        told = tuple(map(int, summary.groups())) if summary else (0, 0, 0)
        # A replacement counts on both sides.
        both = count["replace"]
        expected = (count["create"] + both, count["update"], count["delete"] + both)
        assert told == expected, f"{name}: {said}"
        page = html.unescape((into / f"{name}.html").read_text())
        assert plans.SECRET not in page
        for address in plans.addresses(document, *sum(KINDS.values(), [])):
            assert address in page, f"{name} lacks {address}"


def check_terraform_visual(checks):
    for name in ("create", "mixed", "destroy"):
        tool = TOOLS / "npm/node_modules/.bin/terraform-visual"
        checks.run(tool, "--plan", f"{name}.json", "--out", f"visual-{name}")
        report = checks.place / f"visual-{name}/terraform-visual-report"
        script = (report / "plan.js").read_text()
        assert plans.SECRET not in script
        plan = json.loads(script.removeprefix("window.TF_PLAN = "))
        assert plan == checks.documents[name]
        # The page itself is drawn by a browser, where there is one: the graph is on a canvas, and
        # of what is no plan there is a message in its place.
        browser = shutil.which("chromium")
        if browser:
            drawn = [browser, "--headless", "--no-sandbox", "--disable-gpu"]
            drawn += ["--virtual-time-budget=8000", "--dump-dom", f"file://{report}/index.html"]
            page = checks.run(*drawn)
            assert "<canvas" in page and "unexpected error" not in page, page
            (report / "plan.js").write_text("window.TF_PLAN = {}")
            assert "unexpected error" in checks.run(*drawn)


def check_sarif(checks):
    schema = next((TOOLS / "npm/node_modules/@microsoft/jest-sarif").rglob("sarif-2.1.0*.json"))
    # One of its patterns is none for engines that are strict.
    validate = [python("check-jsonschema"), "--regex-variant=nonunicode", "--schemafile", schema]
    quickstart = plans.Work(checks.place / "new", "quickstart")
    policy = plans.Work(checks.place / "new", "policy")
    wrong = plans.Work(checks.place / "wrong", "redshift")
    text = (wrong.directory / "main.tf").read_text()
    (wrong.directory / "main.tf").write_text(text.replace("bucket_name", "bucket_nmae"))
    sarif = ["validate", "--format=sarif"]
    reports = {
        "nothing": quickstart.flowctl(*sarif),
        "policies": policy.flowctl(*sarif, "--policy=policy", code=1),
        "mistakes": wrong.flowctl(*sarif, code=1),
    }
    ignored = plans.Work(checks.place / "ignored", "policy")
    text = (ignored.directory / "main.tf").read_text()
    comment = "= local.api_key # flowctl:ignore no-literals a key for tests"
    (ignored.directory / "main.tf").write_text(text.replace("= local.api_key", comment))
    reports["ignored"] = ignored.flowctl(*sarif, "--policy=policy")
    found = {name: json.loads(text)["runs"][0]["results"] for name, text in reports.items()}
    assert found["nothing"] == [] and len(found["mistakes"]) >= 2, found
    assert any("no-literals" in json.dumps(result) for result in found["policies"]), found
    suppressed = [result for result in found["ignored"] if "suppressions" in result]
    assert [r["suppressions"][0]["justification"] for r in suppressed] == ["a key for tests"]
    for name, report in reports.items():
        path = checks.place / f"{name}.sarif"
        path.write_text(report)
        said = checks.run(*validate, path)
        assert "ok -- validation done" in said, said
    # The schema does find what is wrong.
    bad = json.loads(reports["policies"])
    bad["runs"][0]["results"][0]["level"] = "fatal"
    path = checks.place / "bad.sarif"
    path.write_text(json.dumps(bad))
    checks.run(*validate, path, code=1)


def check_pipelines(checks):
    for schema, name in (
        ("vendor.github-workflows", "github-actions.yml"),
        ("vendor.gitlab-ci", "gitlab-ci.yml"),
    ):
        tool = [python("check-jsonschema"), "--builtin-schema", schema]
        path = plans.ROOT / "examples/ci" / name
        said = checks.run(*tool, path)
        assert "ok -- validation done" in said, said
        # What would not run is found, so the schema is one.
        bad = checks.place / name
        bad.write_text(path.read_text().replace("runs-on:", "runs-at:").replace("script:", "scripts:"))
        checks.run(*tool, bad, code=1)


def check_shape(checks):
    if not shutil.which("terraform"):
        return "skipped: terraform is not installed"
    shape.compare(checks.place / "shape")


def main():
    wanted = set(sys.argv[1:])
    named = {n.removeprefix("check_"): f for n, f in globals().items() if n.startswith("check_")}
    unknown = wanted - set(named)
    if unknown:
        sys.exit(f"error: no check is called {', '.join(unknown)}; there are {', '.join(named)}")
    passed = failed = skipped = 0
    with tempfile.TemporaryDirectory() as place:
        checks = Checks(pathlib.Path(place))
        for name, check in named.items():
            if wanted and name not in wanted:
                continue
            try:
                why = check(checks)
            except Exception:
                traceback.print_exc()
                print(f"FAILED  {name}")
                failed += 1
            else:
                print(f"ok      {name}" if why is None else f"{name} {why}")
                passed, skipped = passed + (why is None), skipped + (why is not None)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    sys.exit(failed > 0)


main()
