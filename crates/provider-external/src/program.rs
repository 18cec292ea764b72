//! Running a program: what it is given, what it answers, and what went wrong in words without the
//! values of the query.

use std::collections::BTreeMap;
use std::process::{Output, Stdio};

use flowctl_model::{Text, Type, Value};
use flowctl_schema::{ErrorKind, ProviderError, Redactor};
use serde_json::Value as Json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use zeroize::Zeroizing;

/// What an error calls it.
pub(crate) const OPERATION: &str = "RunProgram";

/// A program to run.
pub(crate) struct Program<'a> {
    command: &'a str,
    arguments: Vec<&'a str>,
    directory: Option<&'a str>,
    query: Vec<(&'a Text, &'a str)>,
    redactor: Redactor,
}

impl<'a> Program<'a> {
    /// The program that a configuration asks for.
    pub(crate) fn of(config: &'a Value) -> Result<Self, ProviderError> {
        let wrong = |message: &str| {
            let error = ProviderError::local(ErrorKind::Validation, OPERATION, message);
            Err(error)
        };
        let words = config.get("program").and_then(Value::elements);
        let words: Option<Vec<&str>> = words
            .unwrap_or_default()
            .iter()
            .map(Value::as_str)
            .collect();
        let Some(words) = words else {
            return wrong("an element of `program` is null");
        };
        let Some((command, arguments)) = words.split_first().filter(|(name, _)| !name.is_empty())
        else {
            return wrong("`program` names no program");
        };
        let query = config.get("query").and_then(Value::members);
        let query: Option<Vec<_>> = query
            .into_iter()
            .flatten()
            .map(|(name, value)| Some((name, value.as_str()?)))
            .collect();
        let Some(query) = query else {
            return wrong("a value of `query` is null; an empty string can stand for it");
        };
        let mut secrets: Vec<&str> = query.iter().map(|(_, value)| *value).collect();
        // An argument that is sensitive was handed over by somebody who knows that others on the
        // machine can see it; flowctl does not show it all the same.
        if let Some(elements) = config.get("program").and_then(Value::elements) {
            let marked = config.get("program").is_some_and(Value::is_sensitive);
            let sensitive = elements.iter().filter(|e| marked || e.is_sensitive());
            secrets.extend(sensitive.filter_map(Value::as_str));
        }
        Ok(Self {
            command,
            arguments: arguments.to_vec(),
            directory: config.get("working_dir").and_then(Value::as_str),
            redactor: Redactor::new(secrets),
            query,
        })
    }

    /// What it is called, fit to be shown.
    pub(crate) fn name(&self) -> String {
        self.redactor.redact(self.command)
    }

    fn failed(&self, kind: ErrorKind, message: &str) -> ProviderError {
        let message = format!("the program `{}` {message}", self.command);
        let mut error = ProviderError::local(kind, OPERATION, message);
        self.redactor.redact_error(&mut error);
        error
    }

    fn input(&self) -> Zeroizing<Vec<u8>> {
        let members = self
            .query
            .iter()
            .map(|(name, value)| (name.to_string(), Json::from(*value)));
        Zeroizing::new(Json::Object(members.collect()).to_string().into_bytes())
    }
}

/// Runs a program to its end; what it answers, a map of strings. It ends with the future.
pub(crate) async fn run(program: &Program<'_>) -> Result<Value, ProviderError> {
    let mut command = Command::new(program.command);
    command
        .args(&program.arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if let Some(directory) = program.directory {
        command.current_dir(directory);
    }
    let mut child = command.spawn().map_err(|error| {
        let failed = program.failed(
            ErrorKind::NotConfigured,
            &format!("cannot be started: {error}"),
        );
        failed.with_hint(
            "`program` is a path, or a name that is looked up in PATH; it is started in \
             `working_dir` and without a shell",
        )
    })?;
    let stdin = child.stdin.take();
    let input = program.input();
    let tell = async {
        if let Some(mut stdin) = stdin {
            // A program that does not want to know the query may end without reading it.
            let _ = stdin.write_all(&input).await;
            let _ = stdin.shutdown().await;
        }
    };
    let ((), ended) = tokio::join!(tell, child.wait_with_output());
    let Output {
        status,
        stdout,
        stderr,
    } = ended.map_err(|error| {
        program.failed(ErrorKind::Other, &format!("cannot be waited for: {error}"))
    })?;
    let stdout = Zeroizing::new(stdout);
    if status.success() {
        return answer(program, &stdout);
    }
    let said = String::from_utf8_lossy(&stderr);
    let said = match said.trim() {
        "" => "it said nothing on its standard error".to_owned(),
        said => format!("it said: {said}"),
    };
    Err(program.failed(ErrorKind::Other, &format!("ended with {status}; {said}")))
}

/// What the program printed, as a map. No error quotes any of it.
fn answer(program: &Program<'_>, stdout: &[u8]) -> Result<Value, ProviderError> {
    let hint = "it must print one JSON object whose values are strings, and nothing else";
    let wrong = |message: &str| {
        let error = program.failed(ErrorKind::Other, message);
        Err(error.with_hint(hint))
    };
    let parsed: Json = match serde_json::from_slice(stdout) {
        Ok(parsed) => parsed,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return wrong(&format!(
                "printed something that is no JSON (line {line}, column {column})"
            ));
        }
    };
    let Json::Object(members) = parsed else {
        return wrong(&format!("printed {}, not an object", kind(&parsed)));
    };
    let mut result = BTreeMap::new();
    for (name, value) in members {
        let Json::String(text) = value else {
            return wrong(&format!(
                "printed an object whose member {name:?} is {}, not a string",
                kind(&value)
            ));
        };
        result.insert(Text::from(name), Value::string(text));
    }
    Ok(Value::map(Type::String, result))
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}
