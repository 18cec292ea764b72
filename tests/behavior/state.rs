//! `flowctl state`.

use crate::{DATA, applied, empty};

#[test]
fn addresses_one_a_line() {
    let environment = applied(DATA);
    let list = |more: &[&str]| {
        let arguments: Vec<&str> = ["state", "list"].iter().chain(more).copied().collect();
        environment.flowctl(&arguments).out()
    };
    assert_eq!(
        list(&[]),
        "terraform_data.many[0]\nterraform_data.many[1]\nterraform_data.one\n"
    );
    assert_eq!(
        list(&["terraform_data.many"]),
        "terraform_data.many[0]\nterraform_data.many[1]\n"
    );
    assert_eq!(
        list(&["terraform_data.many[1]"]),
        "terraform_data.many[1]\n"
    );
    let shown = environment.flowctl(&["show", "-json"]).json();
    let id = shown["values"]["root_module"]["resources"][2]["values"]["id"].clone();
    assert_eq!(
        list(&[&format!("-id={}", id.as_str().unwrap())]),
        "terraform_data.one\n"
    );
    assert_eq!(list(&["-id=nothing"]), "");
    insta::assert_snapshot!(environment.flowctl(&["state", "list", "a.b"]).code(1));
}

#[test]
fn without_a_state_there_is_nothing_to_list() {
    insta::assert_snapshot!(empty().flowctl(&["state", "list"]).code(1));
}

#[test]
fn one_instance_is_shown() {
    let environment = applied(DATA);
    let one = environment.flowctl(&["state", "show", "terraform_data.many[1]"]);
    let none = environment.flowctl(&["state", "show", "terraform_data.many[7]"]);
    insta::assert_snapshot!(format!("{}\n{}", one.success(), none.code(1)));
}

#[test]
fn what_moves_leaves_an_empty_plan_and_a_trace() {
    let environment = applied(DATA);
    let dry = [
        "state",
        "mv",
        "-dry-run",
        "terraform_data.one",
        "terraform_data.uno",
    ];
    let mut said = environment.flowctl(&dry).success().to_string();
    for arguments in [
        &["state", "mv", "terraform_data.one", "terraform_data.uno"][..],
        &[
            "state",
            "mv",
            "terraform_data.many",
            "module.m.terraform_data.some",
        ],
    ] {
        said.push_str(&environment.flowctl(arguments).success().to_string());
    }
    for arguments in [
        &["state", "mv", "terraform_data.one", "terraform_data.x"][..],
        &[
            "state",
            "mv",
            "module.m.terraform_data.some[0]",
            "terraform_data.uno",
        ],
        &["state", "mv", "terraform_data.uno", "other_type.uno"],
        &["state", "mv", "terraform_data.uno", "module.m"],
    ] {
        said.push_str(&environment.flowctl(arguments).code(1).to_string());
    }
    said.push_str(&environment.flowctl(&["state", "list"]).to_string());
    said.push_str(&environment.flowctl(&["history"]).to_string());
    insta::assert_snapshot!(said);
    environment.write(
        r#"
//- main.tf
resource "terraform_data" "uno" {
  input = "first"
}
module "m" {
  source = "./m"
  text   = terraform_data.uno.output
}
//- m/main.tf
variable "text" {}
resource "terraform_data" "some" {
  count = 2
  input = "${var.text}-${count.index}"
}
"#,
    );
    let plan = environment.flowctl(&["plan"]).success();
    assert!(
        plan.stdout.contains("0 to add, 0 to change, 0 to destroy")
            || plan.stdout.contains("No changes"),
        "{plan}"
    );
}

#[test]
fn what_is_removed_is_forgotten_and_can_be_had_back() {
    let environment = applied(DATA);
    let mut said = String::new();
    for arguments in [
        &["state", "rm", "-dry-run", "terraform_data.many"][..],
        &[
            "state",
            "rm",
            "terraform_data.many[0]",
            "terraform_data.one",
        ],
        &["state", "list"],
        &["state", "restore"],
    ] {
        said.push_str(&environment.flowctl(arguments).success().to_string());
    }
    let unknown = environment.flowctl(&["state", "rm", "terraform_data.one"]);
    said.push_str(&unknown.code(1).to_string());
    let restored = environment.flowctl(&["state", "restore", "2"]);
    said.push_str(&restored.success().to_string());
    said.push_str(&environment.flowctl(&["state", "list"]).to_string());
    said.push_str(
        &environment
            .flowctl(&["state", "restore", "99"])
            .code(1)
            .to_string(),
    );
    insta::assert_snapshot!(said);
    let _ = environment.flowctl(&["plan", "-detailed-exitcode"]).code(0);
}

#[test]
fn a_damaged_state_is_never_taken_for_an_empty_one() {
    let environment = applied(DATA);
    let _ = environment
        .flowctl(&["apply", "-auto-approve", "-replace=terraform_data.one"])
        .success();
    std::fs::write(
        environment.path(".flowctl/state.db"),
        "no database at all, but long enough",
    )
    .unwrap();
    for side in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(environment.path(&format!(".flowctl/state.db{side}")));
    }
    let plan = environment.flowctl(&["plan"]).code(1);
    assert!(plan.stderr.contains("The state is damaged"), "{plan}");
    assert_eq!(plan.stdout, "");
    let restored = environment.flowctl(&["state", "restore", "2"]);
    let _ = restored.success();
    assert!(
        environment
            .list(".flowctl")
            .contains(&"state.damaged".to_owned())
    );
    let list = environment.flowctl(&["state", "list"]).out();
    assert_eq!(list.lines().count(), 3);
}
