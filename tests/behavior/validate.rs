//! `flowctl validate`.

use crate::{DATA, PROFILE, with};

#[test]
fn a_valid_configuration() {
    let environment = with(PROFILE);
    assert_eq!(
        environment.flowctl(&["validate"]).out(),
        "Success! The configuration is valid.\n"
    );
    let json = environment.flowctl(&["validate", "-json"]).json();
    assert_eq!(
        (&json["valid"], &json["error_count"]),
        (&true.into(), &0.into())
    );
    // Neither state nor anything else is written.
    assert_eq!(environment.list("."), ["main.tf", "secrets.auto.tfvars"]);
}

#[test]
fn all_mistakes_in_one_run_and_no_secret_in_the_excerpts() {
    let environment = with(PROFILE);
    let text = environment
        .read("main.tf")
        .replace("instance_url", "instnace_url")
        .replace("var.api_key", "\"CANARY-inline\", 1")
        .replace("application_key ", "aplication_key ");
    environment.write(&format!("//- main.tf\n{text}"));
    let mut said = environment.flowctl(&["validate"]).code(1).to_string();
    let text = text.replace("\"CANARY-inline\", 1", "\"CANARY-inline\"");
    environment.write(&format!("//- main.tf\n{text}"));
    said.push_str(&environment.flowctl(&["validate"]).code(1).to_string());
    assert!(!said.contains("CANARY"), "{said}");
    insta::assert_snapshot!(said);
    let json = environment.flowctl(&["validate", "--format=json"]).code(1);
    assert!(!json.stdout.contains("CANARY"), "{json}");
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["valid"], false);
    assert_eq!(json["diagnostics"][0]["range"]["filename"], "main.tf");
}

#[test]
fn variables_need_no_value() {
    let environment = with(DATA);
    environment.write("//- more.tf\nvariable \"needed\" {}\noutput \"n\" { value = var.needed }\n");
    let _ = environment.flowctl(&["validate"]).success();
}

#[test]
fn what_code_scanning_reads() {
    let environment = with(PROFILE);
    let text = environment
        .read("main.tf")
        .replace("instance_url", "instnace_url");
    environment.write(&format!("//- main.tf\n{text}"));
    let ran = environment.flowctl(&["validate", "--format=sarif"]).code(1);
    assert!(
        !ran.to_string().contains("CANARY") && ran.stderr.is_empty(),
        "{ran}"
    );
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(json["version"], "2.1.0");
    let place = &json["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "main.tf");
}
