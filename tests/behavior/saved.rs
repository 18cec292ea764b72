//! Saved plans: exactly what was approved is done, or nothing, and why not.

use flowctl_testkit::TestEnvironment;

use crate::empty;

const CONFIGURATION: &str = r#"
//- main.tf
variable "word" {
  default = "one"
}

variable "secret" {
  sensitive = true
}

resource "terraform_data" "a" {
  input = { word = var.word, secret = var.secret }
}

resource "terraform_data" "b" {
  input = "b"
}
"#;

fn environment() -> TestEnvironment {
    let environment = empty().with(CONFIGURATION);
    environment.with_variable("TF_VAR_secret", "CANARY-one")
}

#[test]
fn a_saved_plan_is_shown_and_applied_as_it_was_approved() {
    let environment = environment();
    let planned = environment
        .flowctl(&["plan", "-out=plan.bin", "-var", "word=two"])
        .out();
    let shown = environment.flowctl(&["show", "plan.bin"]).out();
    let plan = planned.split("\nSaved the plan to:").next().unwrap();
    assert_eq!(plan.trim_end(), shown.trim_end());
    let json = environment.flowctl(&["show", "-json", "plan.bin"]).out();
    assert!(json.contains("\"resource_changes\""), "{json}");
    let bytes = std::fs::read(environment.path("plan.bin")).unwrap();
    let bytes = String::from_utf8_lossy(&bytes).into_owned();
    for text in [&planned, &shown, &json, &bytes] {
        assert!(!text.contains("CANARY"), "{text}");
    }
    let _ = environment.flowctl(&["apply", "plan.bin"]).success();
    let again = environment.flowctl(&["apply", "plan.bin"]).code(1);
    insta::assert_snapshot!(again.stderr);
    let _ = environment
        .flowctl(&["plan", "-detailed-exitcode", "-var", "word=two"])
        .code(0);
}

#[test]
fn a_plan_for_tools_is_alone_where_it_is_read() {
    let environment = environment();
    let plan = |format| environment.flowctl(&["plan", format, "-out=plan.bin"]);
    let ran = plan("--format=json");
    assert!(ran.stderr.contains("flowctl apply plan.bin"), "{ran}");
    assert!(ran.json()["resource_changes"].is_array());
    let ran = plan("--format=markdown").success();
    assert!(!ran.stdout.contains("Saved the plan"), "{ran}");
}

#[test]
fn a_saved_plan_is_shown_as_wide_and_as_deep_as_it_was_planned() {
    let environment = environment();
    let lists = "//- list.tf\nresource \"terraform_data\" \"c\" {\n  input = [1, 2, 3, 4, 5, 6, 7, 8, var.word]\n}\n";
    environment.write(lists);
    let _ = environment.flowctl(&["apply", "-auto-approve"]).success();
    let changed = ["-var", "word=two"];
    let _ = environment
        .flowctl(&["plan", "-out=plan.bin", changed[0], changed[1]])
        .success();
    let mut seen = Vec::new();
    for look in [
        None,
        Some("--compact"),
        Some("--context=all"),
        Some("-context=0"),
    ] {
        let look: Vec<_> = look.into_iter().collect();
        let plan = [&["plan"], &look[..], &changed].concat();
        let show = [&["show"], &look[..], &["plan.bin"]].concat();
        let planned = environment.flowctl(&plan).success().stdout;
        let shown = environment.flowctl(&show).success().stdout;
        assert_eq!(planned, shown, "{look:?}");
        seen.push(shown);
    }
    assert!(seen[1].len() < seen[0].len() && seen[0].len() < seen[2].len());
    insta::assert_snapshot!(environment.flowctl(&["show", "--compact"]).code(1).stderr);
}

#[test]
fn what_changed_since_is_named_and_nothing_is_done() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let environment = environment.with_variable("TF_VAR_secret", "CANARY-two");
    let refused = environment.flowctl(&["apply", "plan.bin"]).code(1);
    insta::assert_snapshot!(refused.stderr);
    assert_eq!(environment.flowctl(&["state", "list"]).out(), "");
}

#[test]
fn what_was_not_approved_is_left_alone() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    environment.write(&format!(
        "{CONFIGURATION}\nresource \"terraform_data\" \"c\" {{}}\n"
    ));
    let _ = environment.flowctl(&["apply", "plan.bin"]).success();
    let list = environment.flowctl(&["state", "list"]).out();
    assert_eq!(list, "terraform_data.a\nterraform_data.b\n");
}

#[test]
fn an_altered_plan_is_refused() {
    let environment = environment();
    let _ = environment.flowctl(&["plan", "-out=plan.bin"]).success();
    let path = environment.path("plan.bin");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&path, bytes).unwrap();
    let refused = environment.flowctl(&["apply", "plan.bin"]).code(1);
    assert!(refused.stderr.contains("Unusable plan file"), "{refused}");
}
