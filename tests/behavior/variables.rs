//! Where the values of variables come from.

use crate::with;

const FILES: &str = r#"
//- main.tf
variable "x" {
  default = "default"
}
output "x" {
  value = var.x
}
"#;

#[test]
fn later_ways_of_giving_a_value_win() {
    let environment = with(FILES).with_variable("TF_VAR_x", "environment");
    let value = |arguments: &[&str]| {
        let all: Vec<&str> = ["console"].iter().chain(arguments).copied().collect();
        environment.flowctl_reading("var.x\n", &all).out()
    };
    assert_eq!(value(&[]), "\"environment\"\n");
    for (file, text) in [
        ("terraform.tfvars", "x = \"file\"\n"),
        ("terraform.tfvars.json", "{\"x\": \"json ${1 + 1}\"}\n"),
        ("a.auto.tfvars", "x = \"a\"\n"),
        ("b.auto.tfvars.json", "{\"x\": \"b\"}\n"),
    ] {
        environment.write(&format!("//- {file}\n{text}"));
        let expected = match file {
            "terraform.tfvars" => "\"file\"\n",
            // Nothing in a JSON value file is evaluated.
            "terraform.tfvars.json" => "\"json ${1 + 1}\"\n",
            "a.auto.tfvars" => "\"a\"\n",
            _ => "\"b\"\n",
        };
        assert_eq!(value(&[]), expected, "{file}");
    }
    environment.write("//- given.tfvars\nx = \"given\"\n");
    assert_eq!(value(&["-var-file=given.tfvars"]), "\"given\"\n");
    assert_eq!(
        value(&["-var", "x=1", "-var-file=given.tfvars"]),
        "\"given\"\n"
    );
    assert_eq!(
        value(&["-var-file=given.tfvars", "-var", "x=-1"]),
        "\"-1\"\n"
    );
}

#[test]
fn warnings_are_shown_in_full_or_in_one_line_each() {
    let environment = with(FILES);
    environment.write("//- terraform.tfvars\nother = 1\n");
    let full = environment.flowctl(&["plan"]).success();
    let compact = environment
        .flowctl(&["plan", "-compact-warnings"])
        .success();
    insta::assert_snapshot!(format!("{full}\n{compact}"));
}

#[test]
fn what_is_wrong_with_variables_is_said_without_their_values() {
    let environment = with(
        r#"
//- main.tf
variable "secret" {
  type      = number
  sensitive = true
}
variable "needed" {
  description = "Nobody gives it."
}
"#,
    );
    environment.write("//- bad.tfvars\nsecret = \"CANARY-text\"\n");
    let mut said = String::new();
    for arguments in [
        &["plan"][..],
        &["plan", "-var", "needed=1", "-var", "secret=CANARY-typed"],
        &["plan", "-var", "needed=1", "-var-file=bad.tfvars"],
        &[
            "plan", "-var", "needed=1", "-var", "secret=1", "-var", "nedeed=1",
        ],
        &["plan", "-var", "CANARY"],
        &["plan", "-var-file=absent.tfvars"],
    ] {
        said.push_str(&environment.flowctl(arguments).code(1).to_string());
    }
    let excerpt = said.replace("$ flowctl plan -var needed=1 -var secret=CANARY-typed", "");
    let excerpt = excerpt.replace("$ flowctl plan -var CANARY", "");
    assert!(!excerpt.contains("CANARY"), "{said}");
    insta::assert_snapshot!(said);
}
