//! Compares the table of functions with the signatures that Terraform lists for its own.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use flowctl_lang::functions::{self, Param, Returns};
use serde_json::{Value as Json, json};

fn recorded() -> BTreeMap<String, Json> {
    let path = "../../tests/conformance/signatures.json";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn param(param: &Param) -> Json {
    let mut json = json!({ "name": param.name, "type": param.kind.to_type().to_string() });
    if param.null {
        json["null"] = true.into();
    }
    json
}

#[test]
fn names_and_parameters_are_those_of_terraform() {
    let mut ours = BTreeMap::new();
    for function in functions::all() {
        let params: Vec<Json> = function.params.iter().map(param).collect();
        let mut json = json!({ "params": params });
        if let Some(variadic) = &function.variadic {
            json["variadic"] = param(variadic);
        }
        assert!(
            ours.insert(function.name.to_owned(), json).is_none(),
            "{} is there twice",
            function.name
        );
    }
    let theirs = recorded();
    assert!(ours.keys().eq(theirs.keys()));
    for (name, mut wanted) in theirs {
        wanted.as_object_mut().unwrap().remove("returns");
        assert_eq!(ours[&name], wanted, "{name}");
    }
}

#[test]
fn results_are_of_the_types_that_terraform_says() {
    let theirs = recorded();
    for function in functions::all() {
        let wanted = theirs[function.name]["returns"].as_str().unwrap();
        if let Returns::Fixed(kind) = function.returns
            && !wanted.contains("any")
        {
            assert_eq!(kind.to_type().to_string(), wanted, "{}", function.name);
        }
    }
}
