#!/usr/bin/env python3
"""Asks Terraform and flowctl the same random questions and prints where their answers differ.

    python3 tests/conformance/compare.py expressions --seed 1 --count 400
    python3 tests/conformance/compare.py syntax --seed 1 --count 400
    python3 tests/conformance/compare.py configs --seed 1 --count 60
    python3 tests/conformance/compare.py fmt --seed 1 --count 3000
    python3 tests/conformance/compare.py lines FILE            # expressions of one's own, one a line

Needs `terraform` 1.11 and a built flowctl (`--flowctl`, or `target/debug/flowctl`). It is run by
hand; what it finds is recorded in `functions.jsonl` and its siblings, which the tests run.
Nothing but `terraform_data` is used, so no provider is downloaded.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
from decimal import Decimal

import generate
import layouts

HERE = pathlib.Path(__file__).resolve().parent
# What expressions may refer to: names, and files to read.
SURROUNDINGS = {
    str(path.relative_to(HERE / "surroundings")): path.read_text(encoding="utf-8")
    for path in sorted((HERE / "surroundings").rglob("*"))
    if path.is_file()
}


class Tool:
    """One of the two programs, in a directory of its own."""

    def __init__(self, name, command, directory):
        self.name, self.command, self.directory = name, command, directory
        directory.mkdir(parents=True)
        self.environment = {
            **os.environ,
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "TF_DATA_DIR": str(directory / ".data"),
        }

    def write(self, files, surroundings=SURROUNDINGS):
        for path in self.directory.iterdir():
            if path.name != ".data":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, text in {**surroundings, **files}.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(self, *args, stdin=None):
        return subprocess.run(
            [self.command, *args],
            cwd=self.directory,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
        )

    def validate(self):
        """The diagnostics of `validate`, or what was printed instead of them."""
        ran = self.run("validate", "-json")
        try:
            return read(ran.stdout)["diagnostics"]
        except (ValueError, KeyError):
            return [{"severity": "error", "summary": "CRASH " + (ran.stdout + ran.stderr)[-600:]}]

    def plan(self):
        """The plan as JSON, and the diagnostics of planning."""
        ran = self.run("plan", "-json", "-input=false", "-out=plan.out")
        found = []
        for line in ran.stdout.splitlines():
            try:
                entry = read(line)
            except ValueError:
                continue
            if entry.get("type") == "diagnostic":
                found.append(entry["diagnostic"])
        if ran.returncode not in (0, 2):
            if not found:
                found = [{"severity": "error", "summary": "CRASH " + (ran.stdout + ran.stderr)[-600:]}]
            return None, found
        shown = self.run("show", "-json", "plan.out").stdout
        if not shown:
            return None, found or [{"severity": "error", "summary": "CRASH " + (ran.stdout + ran.stderr)[-600:]}]
        return read(shown), found

    def types(self, names):
        """What `type()` says of each name; of all in one tuple, for one answer is all it gives."""
        ran = self.run("console", stdin=f"type([{', '.join(names)}])\n")
        parts, depth = [""], 0
        for line in ran.stdout.splitlines()[1:]:
            if line == "])":
                break
            depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
            parts[-1] += line + " "
            if depth == 0:
                parts[-1] = " ".join(parts[-1].split()).removesuffix(",")
                parts.append("")
        if len(parts) - 1 != len(names):
            print(f"!! {self.name} console: {ran.stdout[-300:]} {ran.stderr[-600:]}")
        return parts[:-1]


def read(text):
    return json.loads(text, parse_float=Decimal)


def place(diagnostic):
    where = diagnostic.get("range")
    if not where:
        return None
    start, end = where["start"], where["end"]
    return (where["filename"], start["line"], start["column"], end["line"], end["column"])


def errors(diagnostics):
    return [d for d in diagnostics if d["severity"] == "error"]


def masked(value, sensitive):
    """A value without what is sensitive in it."""
    if sensitive is True:
        return "(sensitive)"
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {k: masked(v, sensitive.get(k, False)) for k, v in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        longer = sensitive + [False] * (len(value) - len(sensitive))
        return [masked(v, s) for v, s in zip(value, longer)]
    return value


def sketch(change):
    """Value, what of it is not known, and what is sensitive, as one text."""
    after = (change.get("after") or {}).get("input")
    unknown = (change.get("after_unknown") or {}).get("input", False)
    sensitive = change.get("after_sensitive") or {}
    sensitive = sensitive.get("input", False) if isinstance(sensitive, dict) else sensitive
    after = masked(after, sensitive)
    return (after, simple(unknown), simple(sensitive))


def simple(tree):
    """A tree of booleans without the branches that say nothing."""
    if isinstance(tree, dict):
        kept = {k: simple(v) for k, v in tree.items()}
        return {k: v for k, v in sorted(kept.items()) if v} or False
    if isinstance(tree, list):
        kept = [simple(v) for v in tree]
        while kept and not kept[-1]:
            kept.pop()
        return kept or False
    return tree


def recorded(text, found, value, kind):
    """What Terraform answered, as the files of recorded cases have it: the name of the file, and
    the case. The local value is called `e` there."""
    case = {"id": hashlib.sha256(text.encode()).hexdigest()[:12], "expr": text}
    if found:
        where = place(found[0])
        if not where or "panic" in found[0].get("detail", ""):
            return None
        longer = len(re.match(r"e\d+", where[0])[0]) - 1
        shift = [0, 0 if where[1] == 5 else longer * (where[1] == 2), 0, longer * (where[3] in (2, 5))]
        case["error"] = found[0]["summary"]
        case["place"] = [a - b for a, b in zip(where[1:], shift)]
        return "places.jsonl", case
    if "local." in text or "terraform" in text or kind is None:
        return None
    after, unknown, sensitive = value
    if unknown or sensitive or exact(after):
        return None
    return "functions.jsonl", {**case, "group": "random", "value": after, "type": kind}


def exact(value):
    """Whether there is a number in it that JSON readers would round."""
    if isinstance(value, dict):
        return any(map(exact, value.values()))
    if isinstance(value, list):
        return any(map(exact, value))
    return isinstance(value, Decimal) or (isinstance(value, int) and abs(value) > 2**53)


class Expressions:
    """Many expressions, each a local value in a file of its own."""

    def __init__(self, tools, texts):
        self.tools, self.texts = tools, texts

    def files(self, indices, resources=False):
        files = {}
        for i in indices:
            text = f"locals {{\n  e{i} = {self.texts[i]}\n}}\n"
            if resources:
                text += f'resource "terraform_data" "r{i}" {{\n  input = local.e{i}\n}}\n'
            files[f"e{i}.tf"] = text
        return files

    def by_index(self, diagnostics):
        """Which errors each expression has."""
        found = {}
        for error in errors(diagnostics):
            where = place(error)
            match = where and re.fullmatch(r"e(\d+)\.tf", where[0])
            match = match or re.search(r"terraform_data\.r(\d+) in state", error["summary"])
            found.setdefault(int(match[1]) if match else None, []).append(error)
        return found

    def answers(self, tool):
        """The errors of each expression, and the values of those without."""
        left, refused = list(range(len(self.texts))), {}
        plan = {}
        for resources in (False, True):
            # Errors of syntax hide all others, so again without.
            while left:
                tool.write(self.files(left, resources))
                if resources:
                    plan, said = tool.plan()
                else:
                    said = tool.validate()
                found = self.by_index(said)
                for error in found.pop(None, []):
                    print(f"!! {tool.name} says elsewhere: {error['summary']} {error.get('detail', '')}")
                refused.update(found)
                before = len(left)
                left = [i for i in left if i not in found]
                if len(left) == before:
                    break
        changes = {c["address"]: c["change"] for c in (plan or {}).get("resource_changes", [])}
        values = {i: sketch(changes[f"terraform_data.r{i}"]) for i in left if plan}
        tool.write(self.files(left))
        types = tool.types([f"local.e{i}" for i in left])
        if len(types) != len(left):
            print(f"!! {tool.name}: {len(left)} types asked, {len(types)} answered")
        return refused, values, dict(zip(left, types))

    def compare(self, record=None):
        (their_errors, their_values, their_types), ours = map(self.answers, self.tools)
        our_errors, our_values, our_types = ours
        for i in range(len(self.texts)):
            if i in their_errors or i in our_errors:
                self.judge(i, their_errors.get(i), our_errors.get(i))
            elif their_values.get(i) != our_values.get(i):
                self.differ(i, "VALUE", their_values.get(i), our_values.get(i))
            elif their_types.get(i) != our_types.get(i):
                self.differ(i, "TYPE", their_types.get(i), our_types.get(i))
        for i, text in enumerate(self.texts if record else []):
            made = recorded(text, their_errors.get(i), their_values.get(i), their_types.get(i))
            if made:
                with (record / made[0]).open("a", encoding="utf-8") as file:
                    file.write(json.dumps(made[1], ensure_ascii=False) + "\n")
        return their_values

    def judge(self, i, theirs, ours):
        if bool(theirs) != bool(ours):
            said = lambda found: [(e["summary"], e.get("detail")) for e in found or []] or "fine"
            self.differ(i, "VERDICT", said(theirs), said(ours))
            return
        # Later errors of one expression often follow from the first.
        first = theirs[0]
        mine = {(e["summary"], place(e)) for e in ours or []}
        if (first["summary"], place(first)) not in mine:
            kind = "PLACE" if first["summary"] in {s for s, _ in mine} else "SUMMARY"
            said = (first["summary"], (place(first) or ())[1:], first.get("detail"))
            self.differ(i, kind, said, sorted((s, p and p[1:]) for s, p in mine))

    def differ(self, i, kind, theirs, ours):
        print(f"-- {kind}\n   {self.texts[i]}\n   terraform: {theirs}\n   flowctl:   {ours}")


def configurations(tools, seed, count):
    """Whole configurations: verdict, diagnostics with places, outputs and a second plan."""
    for number in range(count):
        files = generate.configuration(random.Random(f"{seed}/{number}"))
        compare_configuration(tools, f"{seed}/{number}", files)


def compare_configuration(tools, label, files):
    results = []
    for tool in tools:
        tool.write(files, {})
        (tool.directory / "terraform.tfstate").unlink(missing_ok=True)
        shutil.rmtree(tool.directory / ".data", ignore_errors=True)
        result = {}
        if tool.name == "terraform":
            started = tool.run("init", "-input=false", "-no-color")
            if started.returncode != 0:
                result["init"] = started.stdout + started.stderr
        result["validate"] = tool.validate()
        if not errors(result["validate"]) and "init" not in result:
            result.update(applied(tool))
        results.append(result)
    show_difference(label, files, *results)
    return results[0]


def expected(result):
    """What Terraform did, as `expected.json` has it."""

    def said(stages):
        found = []
        for stage in stages:
            for d in result.get(stage, []):
                entry = {"severity": d["severity"], "summary": d["summary"]}
                where = place(d)
                if where and where[0]:
                    entry |= dict(zip(("file", "line", "column", "end_line", "end_column"), where))
                if entry not in found:
                    found.append(entry)
        return found

    valid = not errors(result["validate"])
    made = {"args": [], "env": {}, "validate": {"valid": valid, "diagnostics": said(["validate"])}}
    ok = result.get("applied", False)
    made["apply"] = {"ok": ok, "diagnostics": said(["plan", "apply"] if valid else ["validate"])}
    if ok:
        made["outputs"] = result["output"]
        made["resources"] = sorted(result["resources"])
        made["second_plan_empty"] = result["second"] == 0
    return made


def applied(tool):
    result = {}
    plan, found = tool.plan()
    result["plan"] = found
    if plan is None:
        return result
    result["outputs planned"] = {
        name: repr((masked(c.get("after"), c.get("after_sensitive")), simple(c.get("after_unknown"))))
        for name, c in (plan.get("output_changes") or {}).items()
    }
    result["actions"] = {
        c["address"]: c["change"]["actions"] for c in plan.get("resource_changes") or []
    }
    ran = tool.run("apply", "-json", "-auto-approve", "-input=false")
    said = []
    for line in ran.stdout.splitlines():
        try:
            entry = read(line)
        except ValueError:
            continue
        if entry.get("type") == "diagnostic":
            said.append(entry["diagnostic"])
    result["apply"] = said
    result["applied"] = ran.returncode == 0
    if ran.returncode == 0:
        outputs = read(tool.run("output", "-json").stdout or "{}")
        result["outputs"] = {
            name: repr((o["type"], None if o["sensitive"] else o["value"], o["sensitive"]))
            for name, o in outputs.items()
        }
        result["output"] = {
            name: {k: o[k] for k in ("value", "type", "sensitive")} for name, o in outputs.items()
        }
        shown = read(tool.run("show", "-json").stdout or "{}").get("values") or {}
        result["resources"] = addresses(shown.get("root_module") or {})
        result["second"] = tool.run("plan", "-detailed-exitcode", "-input=false").returncode
    return result


def addresses(module):
    """Of all resources in a module of a state and below it."""
    found = [r["address"] for r in module.get("resources", [])]
    for child in module.get("child_modules", []):
        found += addresses(child)
    return found


def show_difference(label, files, theirs, ours):
    lines = []
    if "init" in theirs and not errors(theirs["validate"]):
        if not errors(ours["validate"]):
            lines.append(f"init refuses: {theirs['init'][-800:]}")
    else:
        for stage in ("validate", "plan", "apply"):
            if (stage in theirs) != (stage in ours):
                lines.append(f"{stage}: reached by one only")
            mine = {(d["severity"], d["summary"], place(d)) for d in ours.get(stage, [])}
            summaries = {(severity, summary) for severity, summary, _ in mine}
            for d in theirs.get(stage, []):
                key = (d["severity"], d["summary"], place(d))
                if key not in mine:
                    near = (d["severity"], d["summary"]) in summaries
                    lines.append(f"{stage} {'PLACE' if near else 'NOT SAID'}: {key}: {d.get('detail')}")
            said = {(d["severity"], d["summary"]) for d in theirs.get(stage, [])}
            for severity, summary, where in mine:
                if (severity, summary) not in said and not (severity == "error" and errors(theirs.get(stage, []))):
                    lines.append(f"{stage} ONLY OURS: {severity} {summary} {where}")
        hide = lambda text: re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", repr(text))
        for key in ("outputs planned", "actions", "applied", "outputs", "second"):
            if key in theirs and key in ours and hide(theirs[key]) != hide(ours[key]):
                lines.append(f"{key}: {theirs[key]}\n      ours: {ours[key]}")
    if lines:
        print(f"-- CONFIGURATION {label}")
        for name, text in files.items():
            print(f"   | //- {name}")
            for line in text.splitlines():
                print(f"   | {line}")
        for line in lines:
            print(f"   {line}")
        said = [(d["severity"], d["summary"], place(d)) for s in ("validate", "plan", "apply") for d in ours.get(s, [])]
        print(f"   ours said: {said}")


def formatted(tool, texts):
    """What a tool makes of each text; nothing where it refuses it."""
    tool.write({f"m{i}.tf": "" for i in range(len(texts))}, {})
    for i, text in enumerate(texts):
        (tool.directory / f"m{i}.tf").write_bytes(text.encode())
    ran = tool.run("fmt", "-no-color", "-list=false", ".")
    refused = {int(i) for i in re.findall(r"\bm(\d+)\.tf\b", ran.stderr + ran.stdout)}
    return [
        None if i in refused else (tool.directory / f"m{i}.tf").read_bytes()
        for i in range(len(texts))
    ]


def layout(tools, seed, count, record):
    """Texts through `fmt`: which are refused, and the bytes of the others."""
    maker = layouts.Maker(random.Random(seed))
    texts = [maker.text() for _ in range(count)]
    theirs, ours = (formatted(tool, texts) for tool in tools)
    made = [wanted.decode() if wanted is not None else "" for wanted in theirs]
    again = formatted(tools[0], made)
    differ = broken = 0
    for text, wanted, made, kept in zip(texts, theirs, ours, again):
        if wanted == made:
            continue
        # Terraform leaves labels with templates out, and makes some texts invalid.
        if wanted is not None and (kept is None or re.search(r'\w[ \t]*"[^"\n]*[$%][^\n]*\{', text)):
            broken += 1
            continue
        differ += 1
        kind = "VERDICT" if wanted is None or made is None else "BYTES"
        print(f"-- {kind}\n   {text!r}\n   terraform: {wanted}\n   flowctl:   {made}")
        if record:
            case = {"input": text, "output": wanted and wanted.decode()}
            with (record / "found.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(case, ensure_ascii=False) + "\n")
    valid = sum(wanted is not None for wanted in theirs)
    print(f"{count} texts, {valid} of them valid, {differ} differ, {broken} more that Terraform spoils", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["expressions", "syntax", "configs", "fmt", "lines", "directories"])
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--record", type=pathlib.Path, help="append what Terraform says to files in this directory")
    parser.add_argument("--only", help="functions to call, with commas between")
    parser.add_argument("--terraform", default="terraform")
    parser.add_argument("--flowctl", default=str(HERE.parent.parent / "target/debug/flowctl"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        tools = [
            Tool("terraform", given.terraform, root / "t"),
            Tool("flowctl", given.flowctl, root / "f"),
        ]
        if given.what == "configs":
            configurations(tools, given.seed, given.count)
            return
        if given.what == "fmt":
            layout(tools, given.seed, given.count, given.record)
            return
        if given.what == "directories":
            for path in given.paths:
                files = {
                    str(p.relative_to(path)): p.read_text()
                    for p in sorted(path.rglob("*"))
                    if p.is_file() and p.name != "expected.json"
                }
                result = compare_configuration(tools, path.name, files)
                if given.record:
                    target = given.record / path.name
                    shutil.copytree(path, target, dirs_exist_ok=True)
                    text = json.dumps(expected(result), indent=1, ensure_ascii=False, default=float)
                    (target / "expected.json").write_text(text + "\n", encoding="utf-8")
            return
        if given.what == "lines":
            texts = [t for path in given.paths for t in path.read_text().split("\n") if t.strip()]
            texts = [t.replace("⏎", "\n") for t in texts]
        else:
            random_source = random.Random(given.seed)
            maker = generate.Maker(random_source, given.only and given.only.split(","))
            make = maker.expression if given.what == "expressions" else maker.broken
            texts = [make() for _ in range(given.count)]
        fine = Expressions(tools, texts).compare(given.record)
        print(f"{len(texts)} expressions, {len(fine)} of them with a value", file=sys.stderr)


if __name__ == "__main__":
    main()
