//! `flowctl plan`.

use crate::{DATA, PROFILE, applied, with};

#[test]
fn a_first_plan_writes_nothing() {
    let environment = with(DATA);
    insta::assert_snapshot!(environment.flowctl(&["plan"]));
    assert_eq!(environment.list("."), ["main.tf"]);
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(2);
}

#[test]
fn an_applied_plan_leads_to_an_empty_one() {
    for fixture in [DATA, PROFILE] {
        let environment = applied(fixture);
        let ran = environment.flowctl(&["--emulator", "plan", "-detailed-exitcode"]);
        assert_eq!(
            ran.code(0).out(),
            "No changes. Your infrastructure matches the configuration.\n"
        );
    }
}

#[test]
fn changes_and_their_reasons() {
    let environment = applied(DATA);
    let text = environment
        .read("main.tf")
        .replace("\"first\"", "\"second\"");
    environment.write(&format!("//- main.tf\n{text}"));
    insta::assert_snapshot!(environment.flowctl(&["plan", "-replace=terraform_data.many[0]"]));
}

#[test]
fn destroying_everything() {
    let environment = applied(DATA);
    insta::assert_snapshot!(environment.flowctl(&["plan", "-destroy"]));
    let _ = environment
        .flowctl(&["plan", "-destroy", "-detailed-exitcode"])
        .code(2);
}

#[test]
fn a_rotated_secret_is_a_change_and_is_not_shown() {
    let environment = applied(PROFILE);
    environment.write("//- secrets.auto.tfvars\napi_key = \"CANARY-rotated\"\n");
    let ran = environment
        .flowctl(&["--emulator", "plan", "-detailed-exitcode"])
        .code(2);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    insta::assert_snapshot!(ran);
}

#[test]
fn terraforms_json_representation() {
    let environment = with(PROFILE);
    let ran = environment.flowctl(&["--emulator", "plan", "--format=json"]);
    assert!(!ran.to_string().contains("CANARY"), "{ran}");
    let json = ran.json();
    assert_eq!(
        json["resource_changes"][0]["change"]["actions"][0],
        "create"
    );
    assert!(json["variables"]["api_key"]["value"].is_null());
    assert_eq!(json["errored"], false);
}

#[test]
fn a_comment_and_a_page() {
    let environment = with(PROFILE);
    let markdown = environment
        .flowctl(&["--emulator", "plan", "--format=markdown"])
        .out();
    assert!(
        markdown.contains("<details>") && !markdown.contains("CANARY"),
        "{markdown}"
    );
    let plain = [
        "--emulator",
        "plan",
        "--format=markdown",
        "--markdown-host=bitbucket",
    ];
    assert!(!environment.flowctl(&plain).out().contains("<details>"));
    let page = environment
        .flowctl(&["--emulator", "plan", "--format=html"])
        .out();
    assert!(page.starts_with("<!") && !page.contains("CANARY"), "{page}");
    let _ = environment
        .flowctl(&["plan", "--format=json", "-json"])
        .code(1);
}

#[test]
fn machine_readable_events() {
    let environment = with(DATA);
    let ran = environment.flowctl(&["plan", "-json"]);
    let types: Vec<String> = ran
        .out()
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["type"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(
        types,
        [
            "version",
            "planned_change",
            "planned_change",
            "planned_change",
            "change_summary",
            "outputs"
        ]
    );
    let both = environment
        .flowctl(&["plan", "--json-into=events.jsonl"])
        .success();
    assert!(both.stdout.contains("Plan: 3 to add"));
    assert_eq!(
        environment.read("events.jsonl").lines().count(),
        types.len()
    );
}

#[test]
fn errors_stop_it_before_anything_is_asked() {
    let environment =
        with("//- main.tf\nresource \"terraform_data\" \"a\" {\n  input = nope.b\n}\n");
    insta::assert_snapshot!(environment.flowctl(&["plan"]).code(1));
    let errored = environment.flowctl(&["plan", "-json"]).code(1);
    assert!(
        errored.stdout.contains("\"type\":\"diagnostic\""),
        "{errored}"
    );
    assert_eq!(errored.stderr, "");
}

#[test]
fn a_line_for_each_resource() {
    let environment = with(PROFILE);
    insta::assert_snapshot!(
        environment
            .flowctl(&["--emulator", "plan", "--compact"])
            .out()
    );
    let all = environment
        .flowctl(&["--emulator", "plan", "--context=all"])
        .out();
    assert!(all.contains("connector_type"), "{all}");
    let refused = environment.flowctl(&["plan", "--context=few"]).code(1);
    assert!(
        refused.stderr.contains("a whole number is needed"),
        "{refused}"
    );
}

#[test]
fn what_is_not_targeted_is_not_looked_up() {
    let environment = with(&format!(
        "{PROFILE}\n//- more.tf\ndata \"aws_appflow_connector_profile\" \"absent\" {{\n  name = \
         \"absent\"\n}}\nresource \"terraform_data\" \"a\" {{}}\noutput \"absent\" {{\n  value = \
         data.aws_appflow_connector_profile.absent.arn\n}}\n"
    ));
    let plan = ["--emulator", "plan"];
    let _ = environment.flowctl(&plan).code(1);
    for some in [
        "-target=terraform_data.a",
        "-exclude=data.aws_appflow_connector_profile.absent",
    ] {
        let ran = environment
            .flowctl(&[&plan[..], &[some]].concat())
            .success();
        assert!(ran.stdout.contains("to add, 0 to change"), "{ran}");
    }
}

#[test]
fn only_what_is_asked_for_forces_a_replacement() {
    let environment = applied(PROFILE);
    let text = environment.read("main.tf");
    let name = text
        .lines()
        .find(|l| l.trim().starts_with("name "))
        .unwrap();
    let renamed = text.replace(name, "  name = \"another\"");
    environment.write(&format!("//- main.tf\n{renamed}"));
    let plan = environment.flowctl(&["--emulator", "plan"]).out();
    let forcing: Vec<_> = plan
        .lines()
        .filter(|line| line.contains("# forces replacement"))
        .collect();
    assert_eq!(forcing.len(), 1, "{plan}");
    assert!(forcing[0].contains("name"), "{plan}");
}

#[test]
fn a_comment_that_is_shortened_says_where_all_of_it_is() {
    let environment = with(
        "//- main.tf\nresource \"terraform_data\" \"many\" {\n  count = 40\n  input = count.index\n}\n",
    );
    let short = ["plan", "--format=markdown", "--max-length=1500"];
    let told = |environment: &flowctl_testkit::TestEnvironment, more: &[&str]| {
        let comment = environment
            .flowctl(&[&short, more].concat())
            .success()
            .stdout;
        assert!(comment.len() <= 1500, "{comment}");
        let last = comment.trim_end().lines().last().unwrap_or_default();
        last.split("All of it: ").nth(1).unwrap_or(last).to_owned()
    };
    assert_eq!(told(&environment, &[]), "`flowctl plan`");
    assert_eq!(told(&environment, &["-out=p"]), "`flowctl show p`");
    let place = "--whole-at=https://example.com/1";
    assert_eq!(told(&environment, &[place]), "<https://example.com/1>");
    let environment = environment
        .with_variable("GITHUB_SERVER_URL", "https://github.com")
        .with_variable("GITHUB_REPOSITORY", "org/repo")
        .with_variable("GITHUB_RUN_ID", "7");
    assert_eq!(
        told(&environment, &[]),
        "<https://github.com/org/repo/actions/runs/7>"
    );
    let environment = environment.with_variable("CI_JOB_URL", "");
    assert_eq!(told(&environment, &[place]), "<https://example.com/1>");
}

#[test]
fn a_comment_is_no_longer_than_asked() {
    let environment = with(PROFILE);
    let arguments = [
        "--emulator",
        "plan",
        "--format=markdown",
        "--max-length=1200",
    ];
    let comment = environment.flowctl(&arguments).out();
    assert!(comment.len() <= 1201, "{}", comment.len());
}

#[test]
fn what_is_not_known_yet_says_what_it_waits_for() {
    let environment = with(
        r#"
//- main.tf
variable "none" {
  type    = string
  default = null
}

resource "terraform_data" "a" {
  count = 2
}

locals {
  first  = terraform_data.a[0].id
  object = { known = "x", other = terraform_data.a[1].output }
}

module "m" {
  source   = "./m"
  for_each = { x = local.first }
  id       = each.value
  index    = 1
  ids      = terraform_data.a[*].id
}

resource "terraform_data" "plain" {
  input = "known"
}

resource "terraform_data" "b" {
  count = 2
  input = {
    direct  = terraform_data.a[count.index].id
    local   = "x-${local.first}"
    inside  = local.object.other
    known   = local.object.known
    list    = ["a", upper(terraform_data.plain.id)]
    module  = module.m["x"].out
    every   = [for one in terraform_data.a : one.id]
    json    = jsonencode({ id = local.first })
    tags    = tomap({ "a b" = local.first, c = "c" })
    cond    = var.none == null ? terraform_data.plain.id : terraform_data.a[0].id
  }
}

output "out" {
  value = { a = terraform_data.plain.id, b = "b" }
}

//- m/main.tf
variable "id" {}
variable "index" {}
variable "ids" {}

resource "terraform_data" "inner" {
  input = { id = var.id, one = var.ids[var.index] }
}

output "out" {
  value = terraform_data.inner.output
}
"#,
    );
    let planned = environment.flowctl(&["plan"]).out();
    insta::assert_snapshot!(planned);
    let _ = environment.flowctl(&["plan", "-out=p"]).success();
    assert_eq!(environment.flowctl(&["show", "p"]).out(), planned);
}

#[test]
fn a_failure_is_said_where_a_plan_was_expected() {
    let environment =
        with("//- main.tf\nresource \"terraform_data\" \"a\" {\n  input = nothing.there\n}\n");
    let comment = environment.flowctl(&["plan", "--format=markdown"]).code(1);
    assert!(comment.stdout.contains("**failed**"), "{comment}");
    assert!(comment.stdout.contains("main.tf:2:11"), "{comment}");
    let page = environment.flowctl(&["plan", "--format=html"]).code(1);
    assert!(page.stdout.contains("Planning failed"), "{page}");
    let json = environment.flowctl(&["plan", "--format=json"]).code(1);
    assert_eq!(json.stdout, "");
}
