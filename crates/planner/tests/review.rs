//! Two configurations compared without state.

mod common;

use common::Project;
use flowctl_model::Digester;
use flowctl_model::plan::{Action, Plan, Reason};
use flowctl_planner::review::{Side, review};
use flowctl_planner::{Given, GivenValue, Origin};

/// A project whose root variables without a default are set to nobody knows what.
fn project(fixture: &str) -> Project {
    let mut project = Project::new(fixture);
    for (name, variable) in &project.load().configuration.root.variables {
        if variable.default.is_none() {
            let given = Given {
                value: GivenValue::Unknown,
                origin: Origin::Environment,
            };
            project.variables.insert(name.clone(), given);
        }
    }
    project
}

fn compared(base: &str, head: &str) -> Plan {
    let (base, head) = (project(base), project(head));
    base.plan(|one, loaded| {
        assert!(one.diagnostics.is_empty(), "{:?}", one.diagnostics);
        let old = Side {
            configuration: &loaded.configuration,
            plan: &one.plan,
        };
        head.plan(|other, loaded| {
            assert!(other.diagnostics.is_empty(), "{:?}", other.diagnostics);
            let new = Side {
                configuration: &loaded.configuration,
                plan: &other.plan,
            };
            review(old, new, &head.providers, &Digester::new([3; 32]))
        })
    })
}

/// What happens to each instance, and where.
fn told(base: &str, head: &str) -> Vec<String> {
    let plan = compared(base, head);
    assert_eq!(plan.edges.len(), plan.changes.len());
    let shown = plan
        .changes
        .iter()
        .filter(|change| change.action != Action::NoOp || change.previous_address.is_some());
    shown
        .map(|change| {
            let paths: Vec<_> = change
                .changed_paths
                .iter()
                .map(ToString::to_string)
                .collect();
            let from = change.previous_address.as_ref();
            let from = from.map_or(String::new(), |from| format!(" from {from}"));
            format!(
                "{} {:?}{from} {}",
                change.address,
                change.action,
                paths.join(" ")
            )
            .trim_end()
            .to_owned()
        })
        .collect()
}

#[test]
fn what_comes_goes_and_changes() {
    let base = r#"
        resource "terraform_data" "same" { input = "a" }
        resource "terraform_data" "changed" { input = "a" }
        resource "terraform_data" "replaced" { triggers_replace = "a" }
        resource "terraform_data" "gone" {}
        resource "terraform_data" "left" {}
        resource "terraform_data" "counted" { count = 2 }
    "#;
    let head = r#"
        resource "terraform_data" "same" {
            # only the layout is another
            input = ("a")
        }
        resource "terraform_data" "changed" { input = "b" }
        resource "terraform_data" "replaced" { triggers_replace = "b" }
        resource "terraform_data" "counted" { count = 1 }
        resource "terraform_data" "new" {}
        removed {
            from = terraform_data.left
            lifecycle { destroy = false }
        }
    "#;
    assert_eq!(
        told(base, head),
        [
            "terraform_data.changed Update input",
            "terraform_data.counted[1] Delete",
            "terraform_data.gone Delete",
            "terraform_data.left Forget",
            "terraform_data.new Create",
            "terraform_data.replaced DeleteThenCreate triggers_replace",
        ]
    );
    assert!(told(head, head).is_empty() && compared(head, head).is_empty());
    // What only the service would say of an object is nothing that goes.
    let plan = compared(base, head);
    let gone = plan
        .changes
        .iter()
        .find(|c| c.action == Action::Delete)
        .unwrap();
    assert!(gone.before.as_ref().unwrap().get("id").unwrap().is_null());
}

#[test]
fn an_instance_of_a_module_that_is_gone_is_told_as_such() {
    let configuration = |regions: &str, other: &str| {
        format!(
            r#"
            module "m" {{
                source   = "./m"
                for_each = toset({regions})
            }}
            {other}
            //- m/main.tf
            resource "terraform_data" "inside" {{ count = 1 }}
            resource "terraform_data" "alone" {{}}
            "#
        )
    };
    let other = "module \"other\" {\n source = \"./m\"\n}\n";
    let base = configuration("[\"a\", \"b\"]", other);
    let plan = compared(&base, &configuration("[\"a\"]", ""));
    let reasons: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| (change.address.to_string(), change.reason.clone()))
        .collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for (address, reason) in reasons {
        assert_eq!(reason, Some(Reason::NoModule), "{address}");
    }
}

#[test]
fn what_moves_is_neither_made_nor_deleted() {
    let base = r#"resource "terraform_data" "a" { input = "x" }"#;
    let head = r#"
        resource "terraform_data" "b" { input = "x" }
        moved {
            from = terraform_data.a
            to   = terraform_data.b
        }
    "#;
    assert_eq!(
        told(base, head),
        ["terraform_data.b NoOp from terraform_data.a"]
    );
}

#[test]
fn what_nobody_knows_is_compared_by_how_it_is_written() {
    let base = r#"
        variable "a" {}
        variable "b" {}
        resource "terraform_data" "one" { input = var.a }
        resource "terraform_data" "two" { input = "${terraform_data.one.id}-x" }
        output "o" { value = terraform_data.one.id }
    "#;
    let laid_out = base.replace("input = var.a", "input = (\n  var.a\n)");
    assert!(told(base, &laid_out).is_empty());
    let head = base.replace("input = var.a", "input = var.b");
    assert_eq!(told(base, &head), ["terraform_data.one Update input"]);
    let known = base.replace("input = var.a", "input = 1");
    assert_eq!(told(base, &known), ["terraform_data.one Update input"]);
}

#[test]
fn a_secret_from_elsewhere_is_a_change_and_is_not_in_the_plan() {
    let base = r#"
        variable "a" { sensitive = true }
        variable "b" { sensitive = true }
        locals { key = var.a }
        resource "terraform_data" "one" { input = local.key }
        resource "terraform_data" "two" { input = sensitive("hunter2") }
        resource "terraform_data" "three" { input = sensitive("hunter2") }
    "#;
    let head = base
        .replace("{ key = var.a }", "{\n  key = (var.b)\n}")
        .replacen("sensitive(\"hunter2\")", "sensitive(\"hunter3\")", 1)
        .replacen("sensitive(\"hunter2\")", "sensitive( \"hunter2\" )", 1);
    assert_eq!(
        told(base, &head),
        [
            "terraform_data.one Update input",
            "terraform_data.two Update input",
        ]
    );
    for change in compared(base, &head).changes {
        if change.action == Action::Update {
            let before = change.before.unwrap();
            assert!(before.get("input").unwrap().digest().is_some());
        }
    }
}

#[test]
fn the_source_of_a_secret_is_followed_into_modules() {
    let module = r#"
        //- m/main.tf
        variable "key" {
          sensitive = true
        }
        resource "terraform_data" "x" {
          input = var.key
        }
    "#;
    let root = |from: &str| {
        format!(
            "variable \"a\" {{}}\nvariable \"b\" {{}}\n\
             module \"m\" {{\n  source = \"./m\"\n  key = var.{from}\n}}\n{module}"
        )
    };
    assert_eq!(
        told(&root("a"), &root("b")),
        ["module.m.terraform_data.x Update input"]
    );
}

#[test]
fn outputs_are_compared_by_what_they_say() {
    let output = |value: &str, sensitive: bool| {
        format!("output \"o\" {{\n  value = {value}\n  sensitive = {sensitive}\n}}")
    };
    let changes = |a: &str, b: &str| compared(a, b).outputs["o"].changed;
    assert!(!changes(&output("1", false), &output("1", false)));
    assert!(changes(&output("1", false), &output("2", false)));
    assert!(changes(&output("1", true), &output("2", true)));
    assert!(!changes(&output("1", true), &output("1", true)));
    assert!(changes(&output("1", false), "locals {}"));
}
