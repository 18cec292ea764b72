//! The protocol, against programs of the shell.

#![cfg(unix)]

use super::*;

fn config(script: &str, query: &[(&str, &str)]) -> Value {
    let words = ["sh", "-c", script].map(Value::from);
    let query = query
        .iter()
        .map(|(name, value)| ((*name).into(), Value::from(*value)));
    Value::object([
        ("program", Value::list(Type::String, words.to_vec())),
        ("working_dir", Value::null(Type::String)),
        ("query", Value::map(Type::String, query.collect())),
        ("sensitive", Value::null(Type::Bool)),
        ("result", Value::null(Type::map(Type::String))),
    ])
}

async fn read(form: Form, allowed: bool, config: &Value) -> Result<Value, ProviderError> {
    let provider = ExternalProvider::new(allowed).configure(None).unwrap();
    let reader = match form {
        Form::Data => provider.data(EXTERNAL),
        Form::Ephemeral => provider.ephemeral(EXTERNAL),
    };
    let configs = std::slice::from_ref(config);
    reader.unwrap().read_many(configs).await.pop().unwrap()
}

fn result<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get("result")?.members()?.get(name)?.as_str()
}

#[tokio::test]
async fn the_query_goes_in_and_the_result_comes_out() {
    let echo = config("cat", &[("id", "crm"), ("text", "a \"b\"\n")]);
    let object = read(Form::Data, true, &echo).await.unwrap();
    assert_eq!(result(&object, "id"), Some("crm"));
    assert_eq!(result(&object, "text"), Some("a \"b\"\n"));
    assert!(!object.get("result").unwrap().is_sensitive());
    let object = read(Form::Ephemeral, true, &echo).await.unwrap();
    assert!(object.get("result").unwrap().is_sensitive());
}

#[tokio::test]
async fn a_data_source_is_sensitive_if_asked() {
    let echo = config("cat", &[("id", "crm")]);
    let members = echo.members().unwrap().clone();
    let asked = members.into_iter().map(|(name, value)| match &*name {
        "sensitive" => (name, Value::from(true)),
        _ => (name, value),
    });
    let object = read(Form::Data, true, &Value::object(asked)).await.unwrap();
    assert!(object.get("result").unwrap().is_sensitive());
}

#[tokio::test]
async fn a_program_need_not_read_its_query() {
    // More than a pipe holds.
    let long = "x".repeat(300_000);
    let deaf = config("echo '{\"a\":\"b\"}'", &[("long", &long)]);
    let object = read(Form::Data, true, &deaf).await.unwrap();
    assert_eq!(result(&object, "a"), Some("b"));
}

#[tokio::test]
async fn nothing_runs_that_is_not_allowed() {
    let directory = std::env::temp_dir().join(format!("flowctl-external-{}", std::process::id()));
    let touch = config(&format!("touch {}", directory.display()), &[]);
    let error = read(Form::Ephemeral, false, &touch).await.unwrap_err();
    assert!(!directory.exists());
    assert_eq!(error.kind, ErrorKind::NotConfigured);
    assert_eq!(error.message, "the configuration wants to run `sh`");
    let hint = error.hint.unwrap();
    assert!(hint.contains("--allow-external") && hint.contains("FLOWCTL_ALLOW_EXTERNAL=1"));
}

#[tokio::test]
async fn what_goes_wrong_is_said_without_the_values() {
    let query = [("token", "CANARY-query")];
    for (script, message) in [
        (
            "echo \"no $(cat)\" >&2; exit 3",
            "the program `sh` ended with exit status: 3; it said: no \
             {\"token\":\"(sensitive value)\"}",
        ),
        (
            "exit 1",
            "the program `sh` ended with exit status: 1; it said nothing on its standard error",
        ),
        (
            "echo CANARY-result",
            "the program `sh` printed something that is no JSON (line 1, column 1)",
        ),
        (
            "echo '[\"CANARY-result\"]'",
            "the program `sh` printed an array, not an object",
        ),
        (
            "echo '{\"n\":17}'",
            "the program `sh` printed an object whose member \"n\" is a number, not a string",
        ),
    ] {
        let error = read(Form::Data, true, &config(script, &query)).await;
        let error = error.unwrap_err();
        assert_eq!(error.message, message, "{script}");
        assert!(!format!("{error:?}").contains("CANARY"), "{script}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let nowhere = Value::object([(
        "program",
        Value::list(Type::String, vec!["no-such-program-here".into()]),
    )]);
    let error = read(Form::Data, true, &nowhere).await.unwrap_err();
    assert!(
        error
            .message
            .starts_with("the program `no-such-program-here` cannot be started")
    );
    for empty in [vec![], vec!["".into()], vec![Value::null(Type::String)]] {
        let config = Value::object([("program", Value::list(Type::String, empty))]);
        let error = read(Form::Data, true, &config).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Validation);
    }
}
