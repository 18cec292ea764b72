#!/usr/bin/env python3
"""Derives src/service.json, the emulator's constraint table, from the service model.

    python3 scripts/service.py MODEL > src/service.json

MODEL is the service description that botocore ships (data/appflow/2020-08-23/service-2.json,
plain or gzipped) or any file with the same `operations` and `shapes`. Only what the emulator
checks is kept: the operations it serves and the shapes that their inputs reach, without
documentation. `regex` stands beside a `pattern` that the Rust regex engine cannot take as it
is; error messages always quote `pattern`.
"""

import gzip
import json
import sys

SERVED = """
CreateConnectorProfile DescribeConnectorProfiles UpdateConnectorProfile DeleteConnectorProfile
DescribeConnectors DescribeConnector ListConnectors RegisterConnector
UpdateConnectorRegistration UnregisterConnector
CreateFlow DescribeFlow UpdateFlow DeleteFlow ListFlows StartFlow StopFlow
TagResource UntagResource ListTagsForResource ResetConnectorMetadataCache
""".split()

# Look-around and surrogate pairs: the two things that the Rust engine lacks.
REWRITTEN = {
    "^(?!aws:)[a-zA-Z+-=._:/]+$": {"regex": "[a-zA-Z+-=._:/]+", "notPrefix": "aws:"},
    "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*": {
        "regex": "(?u:[ -\\u{D7FF}\\u{E000}-\\u{FFFD}\\u{10000}-\\u{10FFFF}\\t]*)"
    },
}


def load(path):
    opened = gzip.open(path) if path.endswith(".gz") else open(path, "rb")
    with opened as file:
        return json.load(file)


def shape(model):
    kept = {"type": model["type"]}
    for limit in ("min", "max", "sensitive", "enum"):
        if limit in model:
            kept[limit] = model[limit]
    if "pattern" in model:
        kept["pattern"] = model["pattern"]
        kept.update(REWRITTEN.get(model["pattern"], {}))
    match model["type"]:
        case "structure":
            if model.get("required"):
                kept["required"] = model["required"]
            kept["members"] = {name: member["shape"] for name, member in model["members"].items()}
        case "list":
            kept["member"] = model["member"]["shape"]
        case "map":
            kept["key"] = model["key"]["shape"]
            kept["value"] = model["value"]["shape"]
    return kept


def references(kept):
    yield from kept.get("members", {}).values()
    yield from (kept[key] for key in ("member", "key", "value") if key in kept)


def main():
    model = load(sys.argv[1])
    operations, shapes, pending = {}, {}, []
    for name in SERVED:
        operation = model["operations"][name]
        operations[name] = {
            "method": operation["http"]["method"],
            "path": operation["http"]["requestUri"],
            "input": operation["input"]["shape"],
        }
        pending.append(operation["input"]["shape"])
    while pending:
        name = pending.pop()
        if name not in shapes:
            shapes[name] = shape(model["shapes"][name])
            pending.extend(references(shapes[name]))

    # One operation or shape a line: small, and readable as a diff.
    def lines(table):
        return ",\n".join(f"{json.dumps(name)}: {json.dumps(table[name])}" for name in sorted(table))

    print(f'{{"operations": {{\n{lines(operations)}\n}},\n"shapes": {{\n{lines(shapes)}\n}}}}')


main()
