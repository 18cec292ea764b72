"""Looks at comments as a reader of the pull request would: render.py FLOWCTL DIRECTORY."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cmarkgfm
import markdown
from bs4 import BeautifulSoup, Comment, NavigableString
from cmarkgfm.cmark import Options

FLOWCTL, MADE = sys.argv[1], Path(sys.argv[2])
HERE = Path(__file__).parent
LIMITS = {"github": 65_536, "gitlab": 1_000_000, "bitbucket": 32_768}
TINY = [1000, 1500, 2500, 5000, 12_000]
HEADINGS = {
    "Errors", "Destroyed or replaced", "Changes", "Outputs", "Changed outside of flowctl", "Checks",
    "Warnings", "Not shown in full", "All of the errors",
}
# What the hosts turn into a mention, a reference, a link or a picture outside of code.
ACTIVE = re.compile(r"@\w|(?<!&)#\d|GH-\d|https?://|www\.|javascript:|!\[|\]\(|^/\w|~label|:\+1:", re.M)

results = {"passed": 0, "failed": 0}


def check(name, found):
    """Counts a test; `found` are the complaints."""
    results["failed" if found else "passed"] += 1
    print(f"{'FAILED ' if found else 'ok     '} {name}")
    for complaint in found[:5]:
        print(f"          {complaint}")


def flowctl(directory, *arguments):
    ran = subprocess.run([FLOWCTL, "-C", directory, *arguments], capture_output=True, text=True)
    return ran.stdout


def comment(directory, host, limit=None, *more):
    limits = [] if limit is None else [f"--max-length={limit}"]
    arguments = ["--format=markdown", f"--markdown-host={host}", *limits, *more]
    return flowctl(directory, "plan", *arguments)


def rendered(text, host):
    """As the host makes HTML of it, before it throws away what it does not allow."""
    if host == "bitbucket":
        return markdown.markdown(text, extensions=["fenced_code", "tables"])
    return cmarkgfm.github_flavored_markdown_to_html(text, Options.CMARK_OPT_UNSAFE)


def complaints(text, host, limit):
    """What is wrong with a comment, whatever it is about."""
    found = []
    if len(text.encode()) > limit:
        found.append(f"{len(text.encode())} bytes of {limit}")
    html = rendered(text, host)
    page = BeautifulSoup(html, "html.parser")
    marker = text.splitlines()[0]
    hidden = [str(c).strip() for c in page.find_all(string=lambda s: isinstance(s, Comment))]
    if host == "bitbucket":
        if not re.fullmatch(r"\[//\]: # \(flowctl:plan:[\w./%-]+\)", marker) or marker in html:
            found.append(f"the marker is seen or wrong: {marker}")
        if hidden or page.find("details"):
            found.append("HTML where it is not understood")
    elif not re.fullmatch(r"<!-- flowctl:plan:[\w./%-]+ -->", marker) or [f"<!-- {h} -->" for h in hidden] != [marker]:
        found.append(f"the marker is wrong or not alone: {marker} {hidden}")
    allowed = {"h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "code",
               "ul", "li", "strong", "a", "em"}
    strange = sorted({tag.name for tag in page.find_all(True)} - allowed)
    if strange:
        found.append(f"elements that are not ours: {strange}")
    for heading in page.find_all(["h3", "h4"]):
        title = heading.get_text()
        if heading.name == "h3" and heading is not page.find(["h3", "h4"]):
            found.append(f"a second verdict: {title}")
        if heading.name == "h4" and title not in HEADINGS and host != "bitbucket":
            found.append(f"a heading that is not ours: {title}")
    for link in page.find_all("a"):
        if link.get("href") != "https://ci.example/1":
            found.append(f"a link that is not ours: {link}")
    for string in page.find_all(string=True):
        inside = {parent.name for parent in string.parents}
        if isinstance(string, Comment) or inside & {"code", "pre", "a"}:
            continue
        active = ACTIVE.search(str(string))
        if active:
            found.append(f"acts outside of code: {active.group()} in {str(string)[:80]!r}")
    if html.count("<details>") != html.count("</details>"):
        found.append("folds that begin and end are not as many")
    for fold in page.find_all("details"):
        parts = [part for part in fold.children if not (isinstance(part, NavigableString) and not part.strip())]
        names = [part.name for part in parts]
        if names != ["summary", "pre"]:
            found.append(f"a fold of {names}: {fold.get_text()[:60]!r}")
    for block in page.find_all("pre"):
        language = " ".join(block.get("lang") or block.code.get("class") or [] if not isinstance(block.get("lang"), str) else [block.get("lang")])
        if "diff" not in language:
            continue
        for line in block.get_text().splitlines():
            if line and not re.match(r"[ +!-]( |$)", line):
                found.append(f"a line of a diff without a mark: {line[:60]!r}")
    return found


def look(name, directory, hosts=tuple(LIMITS)):
    for host in hosts:
        found = []
        for limit in [LIMITS[host], *TINY]:
            given = None if limit == LIMITS[host] else limit
            text = comment(directory, host, given, "--whole-at=https://ci.example/1")
            (MADE / f"{name}-{host}-{limit}.md").write_text(text)
            (MADE / f"{name}-{host}-{limit}.html").write_text(rendered(text, host))
            found += [f"at {limit}: {complaint}" for complaint in complaints(text, host, limit)]
            if "### flowctl plan" not in text:
                found.append(f"at {limit}: no verdict")
        check(f"{name} on {host}", found)


def folds(text):
    return [fold.summary.get_text() for fold in BeautifulSoup(rendered(text, "github"), "html.parser").find_all("details")]


def steps(directory):
    """What is given up first, and what never."""
    whole = comment(directory, "github")
    places = folds(whole)
    footer = re.compile(r"All of it: `flowctl plan`\n$")
    found = []
    if footer.search(whole):
        found.append("a comment that is whole says that it is not")
    less = comment(directory, "github", len(whole) - 1)
    if folds(less) != places:
        found.append("a fold goes before values are shortened")
    if "Long values and lists are shortened." not in less:
        found.append("values are shortened and nobody says so")
    seen = len(places)
    for limit in range(len(whole), 1000, -500):
        text = comment(directory, "github", limit)
        page = BeautifulSoup(rendered(text, "github"), "html.parser")
        if len(text) < len(whole) and not footer.search(text):
            found.append(f"at {limit} nobody says what is left out and where it is")
        if "6 to destroy" not in text.splitlines()[1] or not page.find("table"):
            found.append(f"at {limit} the verdict or the counts are gone")
        kept = folds(text)
        gone = [place for place in places if place not in kept]
        worth = {"must be replaced": 0, "will be replaced": 0, "will be destroyed": 0}
        rank = lambda place: next((0 for words in worth if words in place), 1)
        if gone and kept and max(map(rank, kept[1:] or kept)) > 0 and min(map(rank, gone)) == 0 and limit > 4000:
            found.append(f"at {limit} {gone[:1]} went before {kept[-1:]}")
        listed = page.find("h4", string="Destroyed or replaced")
        if limit > 2500 and (not listed or "metrics" not in listed.find_next("ul").get_text()):
            found.append(f"at {limit} what is destroyed is not said")
        if len(kept) > seen:
            found.append(f"at {limit} there is more than at {limit + 500}")
        seen = len(kept)
    check("shortened in steps", found)


def many():
    directory = MADE / "many"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / "main.tf").write_text(
        'resource "terraform_data" "many" {\n  count = 5000\n  input = { name = "n-${count.index}", text = join(" ", range(60)) }\n}\n'
    )
    look("many", directory)
    text = comment(directory, "github")
    told = re.search(r"Left out for length: (\d+) shown on one line only(?:, (\d+) only counted above)?\.", text)
    counted = re.search(r"- and (\d+) to create", text)
    shown = len(folds(text))
    total = shown + int(told.group(1)) + int(told.group(2) or 0) if told else 0
    check("everything of 5,000 is shown, listed or counted", [] if total == 5000 and (not told.group(2) or counted.group(1) == told.group(2)) else [f"{shown} folds, {told and told.groups()}"])


def errors():
    directory = MADE / "errors"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    (directory / "main.tf").write_text("\n".join(
        f'resource "terraform_data" "e{n}" {{\n  input = nothing_{n}.there + "``` @acme </details>"\n}}' for n in range(300)
    ))
    look("errors", directory)
    text = comment(directory, "github", 3000)
    check("errors are kept to the last", [] if "**failed**" in text and "#### Errors" in text and "more errors" in text else [text[:300]])


def trips():
    """That the complaints above are made at all."""
    marker, verdict = "<!-- flowctl:plan:x -->\n", "### flowctl plan `x`: no changes\n"
    fold = "\n<details><summary>{}</summary>\n\n{}\n</details>\n"
    bad = {
        "mention": "\nask @acme\n",
        "forged marker": "\n<!-- flowctl:plan:y -->\n",
        "element": "\n<b>x</b>\n",
        "link": "\n[a](https://evil.example)\n",
        "quick action": "\n/close\n",
        "heading": "\n#### Approved\n",
        "fold that ends early": fold.format("a", "```diff\n+ a\n```\n</details>\n\nb\n"),
        "fence that ends early": fold.format("a", "```diff\n+ a\n```\n**b**\n```"),
        "value in the first column": fold.format("a", "```diff\nx + a\n```\n"),
    }
    check("a whole comment has no complaint", complaints(marker + verdict + fold.format("a", "```diff\n+ a\n```\n"), "github", 1000))
    for name, text in bad.items():
        found = complaints(marker + verdict + text, "github", 1000)
        check(f"a {name} is found", [] if found else ["it is not"])


def main():
    trips()
    gallery = MADE / "gallery" / "plan"
    hostile = MADE / "</details> @acme <!-- `x` --> (y) #1"
    shutil.rmtree(MADE / "<", ignore_errors=True)
    shutil.rmtree(hostile, ignore_errors=True)
    hostile.mkdir(parents=True)
    (hostile / "main.tf").write_text('resource "terraform_data" "before" {}\n')
    flowctl(hostile, "apply", "-auto-approve")
    shutil.copy(HERE / "hostile" / "main.tf", hostile / "main.tf")
    (hostile / "after.tf").write_text(
        'resource "terraform_data" "after" {\n  for_each = toset(["``` </details> @acme <!-- flowctl:plan:hostile -->"])\n}\n'
    )
    look("gallery", gallery)
    look("hostile", hostile)
    check("two runs are equal", [] if comment(gallery, "github") == comment(gallery, "github") else ["they differ"])
    text = comment(gallery, "github")
    page = BeautifulSoup(rendered(text, "github"), "html.parser")
    found = []
    if len(folds(text)) != 20:
        found.append(f"{len(folds(text))} folds instead of 19 changes and one drift")
    if [th.get_text() for th in page.find_all("th")] != ["destroy", "replace", "create", "update", "import", "move", "forget"]:
        found.append(f"counts: {page.find('table')}")
    order = [h.get_text() for h in page.find_all("h4")]
    if order != ["Destroyed or replaced", "Checks", "Changes", "Outputs", "Changed outside of flowctl"]:
        found.append(f"sections: {order}")
    for secret in ["first-token", "second-token", "by-hand"]:
        if secret in text:
            found.append("a secret")
    check("every section of a plan with every action", found)
    steps(gallery)
    many()
    errors()
    print(f"{results['passed']} passed, {results['failed']} failed")
    sys.exit(1 if results["failed"] else 0)


main()
