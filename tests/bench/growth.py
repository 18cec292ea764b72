#!/usr/bin/env python3
"""How the time of a plan grows with the number of resources: it should do so in proportion.

    python3 tests/bench/growth.py [FLOWCTL]

Each shape is planned from nothing at several sizes; the time is that of the processor, so that it
says the same on a machine that does other things too.
"""

import pathlib
import resource
import subprocess
import sys
import tempfile

SIZES = [1000, 2000, 5000, 10000]
# All numbers below N, for `range` gives no more than 1,024.
LOCALS = """locals {{
  all  = flatten([for a in range({n} / 100) : [for b in range(100) : a * 100 + b]])
  tags = {{ for i in local.all : "k${{i}}" => "v${{i}}" }}
}}
"""
SHAPES = {
    "`for_each`, every instance uses a local of them all": {
        "main.tf": LOCALS
        + """resource "terraform_data" "r" {{
  for_each = local.tags
  input    = [length(local.tags), local.tags[each.key], lookup(local.tags, each.key, "")]
}}
""",
    },
    "two blocks, each instance refers to one of the other": {
        "main.tf": LOCALS
        + """resource "terraform_data" "a" {{
  for_each = local.tags
  input    = each.value
}}
resource "terraform_data" "b" {{
  for_each = terraform_data.a
  input    = terraform_data.a[each.key].id
}}
""",
    },
    "modules with `for_each`, modules in them, ten resources each": {
        "main.tf": """locals {{
  all  = flatten([for a in range({n} / 100) : [for b in range(10) : a * 10 + b]])
  tags = {{ for i in local.all : "k${{i}}" => "v${{i}}" }}
}}
module "m" {{
  source   = "./m"
  for_each = local.tags
  name     = each.key
  all      = local.tags
}}
output "inputs" {{
  value = [for m in module.m : m.inputs]
}}
""",
        "m/main.tf": """variable "name" {{}}
variable "all" {{}}
module "n" {{
  source = "./n"
  count  = 2
  name   = "${{var.name}}-${{count.index}}"
  size   = length(var.all)
}}
output "inputs" {{
  value = module.n[*].inputs
}}
""",
        "m/n/main.tf": """variable "name" {{}}
variable "size" {{}}
resource "terraform_data" "r" {{
  count = 5
  input = "${{var.name}}-${{count.index}}-${{var.size}}"
}}
output "inputs" {{
  value = terraform_data.r[*].input
}}
""",
    },
}


def seconds(command, directory):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "to add" in done.stdout, done.stdout + done.stderr
    return after.ru_utime - before.ru_utime


def main():
    here = pathlib.Path(__file__).resolve().parent
    default = here.parent.parent / "target/release/flowctl"
    flowctl = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else default).resolve())
    print("| plan of | " + " | ".join(f"N = {size:,}" for size in SIZES) + " |")
    print("|---" + "|--:" * len(SIZES) + "|")
    for shape, files in SHAPES.items():
        times = []
        for size in SIZES:
            with tempfile.TemporaryDirectory() as directory:
                for name, text in files.items():
                    path = pathlib.Path(directory) / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text.format(n=size), encoding="utf-8")
                times.append(min(seconds([flowctl, "plan"], directory) for _ in range(2)))
        print(f"| {shape} | " + " | ".join(f"{time:.2f} s" for time in times) + " |", flush=True)


if __name__ == "__main__":
    main()
