#!/usr/bin/env python3
"""Fills `corpus/TARGET` with what is recorded in `tests/conformance`: a start for every target.

    python3 fuzz/seed.py
"""

import hashlib
import json
import pathlib

HERE = pathlib.Path(__file__).parent
RECORDED = HERE.parent / "tests" / "conformance"


def lines(name):
    with open(RECORDED / name, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def seed(target, texts):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        (folder / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)
    print(f"{target}: {len(list(folder.iterdir()))} seeds")


def main():
    native, as_json = [], []
    for path in sorted((RECORDED / "configs").rglob("*")):
        if path.name.endswith((".tf", ".tfvars")):
            native.append(path.read_text(encoding="utf-8"))
        elif path.name.endswith((".tf.json", ".tfvars.json")):
            as_json.append(path.read_text(encoding="utf-8"))
    for name in ("native.jsonl", "json.jsonl"):
        for case in lines(f"structure/{name}"):
            for file, text in case["files"].items():
                (as_json if file.endswith(".json") else native).append(text)
    layouts = [
        case["input"]
        for name in ("generated.jsonl", "snippets.jsonl")
        for case in lines(f"fmt/{name}")
    ]
    expressions = [
        case["expr"]
        for name in ("expressions.jsonl", "functions.jsonl", "unknowns.jsonl")
        for case in lines(name)
    ]
    seed("parse_hcl", native + layouts + expressions)
    seed("parse_json", as_json)
    seed("format", native + layouts)
    seed("evaluate", expressions)
    seed("plan_hcl", native + [f"output \"o\" {{\n  value = {e}\n}}\n" for e in expressions[::10]])
    seed("plan_json", as_json)


main()
