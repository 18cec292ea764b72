"""Terraform's own representation of a plan beside flowctl's, member by member.

The configuration in terraform/ needs no provider, so the real Terraform plans it too. Whatever
differs has to be in KNOWN, with the reason; and what is there has to be seen.
"""

import json
import os
import re
import shutil
import subprocess

import plans

STEPS = {
    "create": [],
    "nothing": [],
    "change": ["-var=word=two", "-var=count_of=1"],
    "destroy": ["-destroy"],
}

# Members whose difference is meant, as regular expressions over STEP.MEMBER.
KNOWN = {
    r"flowctl_version$": "flowctl says who wrote it",
    r"^create\.prior_state": "before anything exists there is no state; Terraform tells outputs",
    r"variables\.password": "the value of a sensitive variable is left out",
    r"\.value\.hidden|outputs\.hidden|output_changes\.hidden": "sensitive outputs are null",
    r"put\.hidden$": "sensitive parts are null",
    r"^(?!create)\w+\..*resources\[5\].*put(\.open)?$|^(?!create)\w+\.resource_changes\[5\]"
    r".*put(\.open)?$": "state keeps one digest of a value with a secret in it",
    r"sensitive(_values)?\.output": "the output of terraform_data is as secret as its input",
    r"sensitive_values\.input": "as above",
    r"default\.more$": "a default is told as written, without what its type adds",
    r"variables\.count_of\.value$": "the value of a variable has its type; Terraform tells text",
    r"^destroy\.checks": "where all goes nothing is checked; Terraform lists what it did not check",
    r"replace_paths": "the very elements are named that force a replacement",
    r"relevant_attributes": "only what matters to something that changes is relevant",
}


def flat(value, path):
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from flat(member, f"{path}.{name}")
    elif isinstance(value, list) and value:
        for index, member in enumerate(value):
            yield from flat(member, f"{path}[{index}]")
    else:
        yield path, json.dumps(value)


def members(text, step):
    # Identities are of each one's own making, and times go by.
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[0-9:]+Z", "TIME", text)
    document = json.loads(text)
    document.get("relevant_attributes", []).sort(key=json.dumps)
    return dict(flat(document, step))


def compare(place):
    tools = {"terraform": "terraform", "flowctl": plans.FLOWCTL}
    told = {}
    for name, tool in tools.items():
        directory = place / name
        shutil.copytree(plans.ROOT / "tests/tools/terraform", directory)

        def run(*arguments):
            variables = plans.environment(directory) | {"TF_VAR_password": plans.SECRET}
            ran = subprocess.run(
                [tool, *arguments], cwd=directory, env=variables, capture_output=True, text=True
            )
            assert ran.returncode == 0, f"{tool} {arguments}: {ran.stdout}{ran.stderr}"
            return ran.stdout

        if name == "terraform":
            run("init")
        for step, arguments in STEPS.items():
            run("plan", "-out=made.plan", *arguments)
            text = run("show", "-json", "made.plan")
            assert name == "terraform" or plans.SECRET not in text
            told.setdefault(step, []).append(members(text, step))
            if step == "create":
                run("apply", "made.plan")
    seen = set()
    wrong = []
    same = 0
    for terraform, flowctl in told.values():
        for path in sorted(terraform | flowctl):
            old, new = terraform.get(path), flowctl.get(path)
            if old == new:
                same += 1
                continue
            known = [pattern for pattern in KNOWN if re.search(pattern, path)]
            seen.update(known)
            if not known:
                wrong.append(f"{path}: Terraform {old}, flowctl {new}")
    assert not wrong, "\n".join(wrong)
    assert seen == set(KNOWN), f"no longer so: {set(KNOWN) - seen}"
    print(f"        {same} members are the same as Terraform's")
