//! Plans of whole configurations, applied with the real executor.

mod common;

use common::Project;

#[test]
fn what_is_applied_is_not_planned_again() {
    let project = Project::new(
        r#"
        variable "names" { default = ["a", "b"] }
        locals { tags = { for n in var.names : n => upper(n) } }
        resource "terraform_data" "each" {
          for_each = local.tags
          input    = each.value
        }
        resource "terraform_data" "all" {
          input = join(",", [for d in terraform_data.each : d.output])
        }
        resource "terraform_data" "count" {
          count = 2
          input = "${count.index}-${terraform_data.all.id}"
        }
        output "joined" { value = terraform_data.all.output }
        "#,
    );
    assert_eq!(
        project.actions(),
        [
            "Create terraform_data.all (New)",
            "Create terraform_data.count[0] (New)",
            "Create terraform_data.count[1] (New)",
            "Create terraform_data.each[\"a\"] (New)",
            "Create terraform_data.each[\"b\"] (New)",
        ]
    );
    project.applied();
    let snapshot = project.snapshot();
    let joined = &snapshot.outputs[&common::text("joined")];
    assert_eq!(joined.value.as_str(), Some("A,B"));
}

#[test]
fn actions_have_their_reasons() {
    let project = Project::new(
        r#"
        resource "terraform_data" "kept" { input = 1 }
        resource "terraform_data" "changed" { input = 1 }
        resource "terraform_data" "replaced" { triggers_replace = 1 }
        resource "terraform_data" "gone" { input = 2 }
        resource "terraform_data" "counted" { count = 2 }
        resource "terraform_data" "each" { for_each = toset(["a", "b"]) }
        resource "terraform_data" "follower" {
          lifecycle { replace_triggered_by = [terraform_data.changed.input] }
        }
        resource "terraform_data" "old" { input = 5 }
        module "m" { source = "./m" }
        //- m/main.tf
        resource "terraform_data" "inside" {}
        "#,
    );
    project.applied();
    project.write(
        r#"
        resource "terraform_data" "kept" { input = 1 }
        resource "terraform_data" "changed" { input = 2 }
        resource "terraform_data" "replaced" { triggers_replace = 2 }
        resource "terraform_data" "counted" { count = 1 }
        resource "terraform_data" "each" { for_each = toset(["b"]) }
        resource "terraform_data" "follower" {
          lifecycle { replace_triggered_by = [terraform_data.changed.input] }
        }
        resource "terraform_data" "new" { input = 5 }
        moved {
          from = terraform_data.old
          to   = terraform_data.new
        }
        "#,
    );
    assert_eq!(
        project.actions(),
        [
            "Update terraform_data.changed",
            "Delete terraform_data.counted[1] (CountIndex)",
            "Delete terraform_data.each[\"a\"] (EachKey)",
            "DeleteThenCreate terraform_data.follower \
             (ReplaceTriggered([\"terraform_data.changed.input\"]))",
            "Delete terraform_data.gone (NoResourceConfig)",
            "NoOp terraform_data.new from terraform_data.old",
            "DeleteThenCreate terraform_data.replaced (CannotUpdate)",
            "Delete module.m.terraform_data.inside (NoModule)",
        ]
    );
    project.applied();
}

#[test]
fn a_secret_is_seen_to_change_and_never_kept() {
    let source = |secret: &str| {
        format!(
            "resource \"terraform_data\" \"a\" {{ input = sensitive(\"{secret}\") }}\n\
             output \"o\" {{\n value = terraform_data.a.output\n sensitive = true\n}}\n"
        )
    };
    let project = Project::new(&source("hunter-two"));
    project.applied();
    let state = format!("{:?}", project.snapshot());
    assert!(!state.contains("hunter-two"), "{state}");
    project.write(&source("hunter-three"));
    assert_eq!(project.actions(), ["Update terraform_data.a"]);
    project.applied();
}

#[test]
fn what_a_precondition_forbids_is_not_planned() {
    let project = Project::new(
        r#"
        variable "two" { default = 2 }
        resource "terraform_data" "a" {
          input = 3
          lifecycle {
            precondition {
              condition     = 1 > var.two
              error_message = "never"
            }
            postcondition {
              condition     = self.input == 3
              error_message = "three"
            }
          }
        }
        resource "terraform_data" "b" {
          lifecycle { prevent_destroy = true }
        }
        "#,
    );
    assert_eq!(
        project.actions(),
        [
            "Error: Resource precondition failed",
            "Create terraform_data.b (New)"
        ]
    );
}

#[test]
fn what_must_not_be_destroyed_is_not() {
    let source = |trigger: u8| {
        format!(
            "resource \"terraform_data\" \"a\" {{\n triggers_replace = {trigger}\n \
             lifecycle {{ prevent_destroy = true }}\n}}\n"
        )
    };
    let mut project = Project::new(&source(1));
    project.applied();
    project.write(&source(2));
    assert_eq!(
        project.actions(),
        [
            "Error: Instance cannot be destroyed",
            "DeleteThenCreate terraform_data.a (CannotUpdate)"
        ]
    );
    project.options.mode = flowctl_planner::Mode::Destroy;
    assert_eq!(
        project.actions(),
        [
            "Error: Instance cannot be destroyed",
            "Delete terraform_data.a (DestroyRequested)"
        ]
    );
}

#[test]
fn ignored_changes_do_not_count() {
    let source = |a: u8, b: u8| {
        format!(
            "resource \"terraform_data\" \"a\" {{\n input = {{ a = {a}, b = {b} }}\n \
             lifecycle {{ ignore_changes = [input.a] }}\n}}\n"
        )
    };
    let project = Project::new(&source(1, 1));
    project.applied();
    project.write(&source(2, 1));
    assert!(project.actions().is_empty());
    project.write(&source(2, 2));
    assert_eq!(project.actions(), ["Update terraform_data.a"]);
    project.applied();
    let state = project.snapshot();
    let (_, kept) = state.resources.first_key_value().unwrap();
    let input = kept.attributes.get("input").unwrap();
    assert_eq!(input.get("a"), Some(&flowctl_model::Value::number(1)));
}

#[test]
fn targets_take_along_what_they_need() {
    let mut project = Project::new(
        r#"
        resource "terraform_data" "base" {}
        resource "terraform_data" "middle" { input = terraform_data.base.id }
        resource "terraform_data" "other" {}
        "#,
    );
    project.options.targets = vec!["terraform_data.middle".parse().unwrap()];
    assert_eq!(
        project.actions(),
        [
            "Warning: Resource targeting is in effect",
            "Create terraform_data.base (New)",
            "Create terraform_data.middle (New)"
        ]
    );
    project.options.targets.clear();
    project.options.excludes = vec!["terraform_data.base".parse().unwrap()];
    assert_eq!(
        project.actions(),
        [
            "Warning: Resource targeting is in effect",
            "Create terraform_data.other (New)"
        ]
    );
}

#[test]
fn modules_are_expanded_and_their_values_flow() {
    let project = Project::new(
        r#"
        module "m" {
          source   = "./m"
          for_each = { x = 1, y = 2 }
          value    = each.value
        }
        output "o" { value = { for k, m in module.m : k => m.doubled } }
        //- m/main.tf
        variable "value" { type = number }
        resource "terraform_data" "a" { input = var.value * 2 }
        output "doubled" { value = terraform_data.a.output }
        "#,
    );
    project.applied();
    let snapshot = project.snapshot();
    let addresses: Vec<String> = snapshot.resources.keys().map(ToString::to_string).collect();
    assert_eq!(
        addresses,
        [
            "module.m[\"x\"].terraform_data.a",
            "module.m[\"y\"].terraform_data.a"
        ]
    );
    let output = &snapshot.outputs[&common::text("o")].value;
    assert_eq!(output.get("y"), Some(&flowctl_model::Value::number(4)));
}

#[test]
fn imports_adopt_what_exists() {
    let project = Project::new(
        r#"
        resource "terraform_data" "a" {}
        import {
          to = terraform_data.a
          id = "an-id"
        }
        "#,
    );
    assert_eq!(project.actions(), ["NoOp terraform_data.a"]);
    project.applied();
    let snapshot = project.snapshot();
    let (_, state) = snapshot.resources.first_key_value().unwrap();
    assert_eq!(&*state.id, "an-id");
}

#[test]
fn a_move_to_an_address_that_is_taken_is_told() {
    let project = Project::new(
        "resource \"terraform_data\" \"a\" {}\nresource \"terraform_data\" \"b\" {}\n",
    );
    project.applied();
    project.write(
        r#"
        resource "terraform_data" "b" {}
        moved {
          from = terraform_data.a
          to   = terraform_data.b
        }
        "#,
    );
    assert_eq!(
        project.actions(),
        [
            "Warning: Unresolved resource instance address changes",
            "Delete terraform_data.a (NoResourceConfig)"
        ]
    );
    project.plan(|planned, _| {
        let [found] = &planned.diagnostics[..] else {
            panic!("{:?}", planned.diagnostics);
        };
        assert_eq!(
            found.summary,
            "Unresolved resource instance address changes"
        );
        let line = "\n  - terraform_data.a could not move to terraform_data.b\n";
        assert!(found.detail.contains(line), "{found:?}");
    });
    project.applied();
    project.plan(|planned, _| assert_eq!(planned.diagnostics, []));
}

#[test]
fn a_rename_without_a_moved_block_is_noticed() {
    let project = Project::new("resource \"terraform_data\" \"old\" { input = \"same\" }\n");
    project.applied();
    project.write("resource \"terraform_data\" \"new\" { input = \"same\" }\n");
    project.plan(|planned, _| {
        let help: Vec<_> = planned
            .diagnostics
            .iter()
            .filter_map(|d| d.help.clone())
            .collect();
        assert_eq!(help.len(), 1, "{:?}", planned.diagnostics);
        assert!(help[0].contains("from = terraform_data.old"), "{help:?}");
    });
}

#[test]
fn an_infinite_number_is_refused_where_it_would_be_kept() {
    let project = Project::new(
        r#"
        locals {
          infinite = 1 / 0
          huge     = local.infinite > 1000
        }
        resource "terraform_data" "a" { input = local.huge }
        resource "terraform_data" "b" { input = { c = [local.infinite] } }
        output "o" { value = -local.infinite }
        module "m" { source = "./m" }
        //- m/main.tf
        output "o" { value = 1 / 0 }
        "#,
    );
    let errors = project.plan(|planned, _| {
        let found = planned.diagnostics.iter();
        found.map(|d| d.summary.clone()).collect::<Vec<_>>()
    });
    assert_eq!(errors, ["Infinite number", "Infinite number"]);
}

#[test]
fn functions_of_the_built_in_provider_are_there_where_it_is_required() {
    let project = Project::new(
        r#"
        terraform {
          required_providers {
            own = { source = "terraform.io/builtin/terraform" }
          }
        }
        locals {
          file  = provider::own::encode_tfvars({ long = [1, null], b = { c = "a\n$${x}" } })
          again = provider::own::decode_tfvars(local.file)
        }
        output "file" { value = local.file }
        output "same" { value = local.again.long[0] == 1 && local.again.b.c == "a\n$${x}" }
        output "text" { value = provider::own::encode_expr({ "a b" = toset(["y", "x"]) }) }
        "#,
    );
    project.applied();
    let snapshot = project.snapshot();
    let output = |name: &str| &snapshot.outputs[&common::text(name)].value;
    assert_eq!(
        output("file").as_str(),
        Some("b = {\n  c = \"a\\n$${x}\"\n}\nlong = [1, null]\n")
    );
    assert_eq!(output("same").as_bool(), Some(true));
    assert_eq!(
        output("text").as_str(),
        Some("{\n  \"a b\" = [\"x\", \"y\"]\n}")
    );
    for call in [
        "provider::terraform::encode_expr(1)",
        "provider::own::nope(1)",
        "provider::own(1)",
    ] {
        let project = Project::new(&format!(
            "terraform {{\n required_providers {{\n own = {{ source = \
             \"terraform.io/builtin/terraform\" }}\n }}\n}}\noutput \"o\" {{ value = {call} }}\n"
        ));
        let (_, found) = project.apply();
        assert!(
            found
                .iter()
                .any(|d| d.summary == "Unknown provider function"),
            "{call}: {found:?}"
        );
    }
}
