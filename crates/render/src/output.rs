//! The outputs of a state: as Terraform prints them, as JSON for scripts, and raw.

use std::collections::BTreeMap;

use flowctl_model::snapshot::OutputState;
use flowctl_model::{Kind, Marks, Text};
use serde::Serialize;

use crate::json::{Shown, TypeJson, line, pretty};
use crate::style::clean;
use crate::value::console;

/// What stands in place of a sensitive output.
const SENSITIVE: &str = "<sensitive>";

/// Why an output cannot be printed as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OutputError {
    /// There is no such output.
    #[error("Output {0:?} not found")]
    Missing(String),
    /// It is sensitive, and state does not keep such values.
    #[error("Output {0:?} is sensitive")]
    Sensitive(String),
    /// It has no text of its own: its name and what it is.
    #[error("Unsupported value for raw output")]
    NotRaw(String, String),
}

impl OutputError {
    /// What the matter is and what can be done, in whole sentences.
    pub fn detail(&self) -> String {
        match self {
            Self::Missing(_) => {
                "The output variable requested could not be found in the state. If \
                 you recently added this to your configuration, be sure to run `flowctl apply`, \
                 since the state won't be updated with new output variables until that command is \
                 run."
                    .to_owned()
            }
            Self::Sensitive(_) => "The value of a sensitive output is never stored, so that it \
                 cannot be read from the state. Take the value from where the configuration takes \
                 it."
            .to_owned(),
            Self::NotRaw(name, what) => format!(
                "The --raw option only supports strings, numbers, and boolean values, but output \
                 value {name:?} is {what}.\n\nUse the --json option for machine-readable \
                 representations of output values that have complex types."
            ),
        }
    }
}

/// All outputs, one after the other.
pub fn human(outputs: &BTreeMap<Text, OutputState>) -> String {
    let mut out = String::new();
    for (name, output) in outputs {
        let value = if is_sensitive(output) {
            SENSITIVE.to_owned()
        } else {
            console(&output.value)
        };
        out.extend([&clean(name), " = ", &value, "\n"]);
    }
    out
}

/// The value of one output, as [`human`] prints it.
pub fn one(outputs: &BTreeMap<Text, OutputState>, name: &str) -> Result<String, OutputError> {
    let output = find(outputs, name)?;
    if is_sensitive(output) {
        return Err(OutputError::Sensitive(name.to_owned()));
    }
    Ok(console(&output.value) + "\n")
}

/// The text of one output without quotes and without a line break behind it.
pub fn raw(outputs: &BTreeMap<Text, OutputState>, name: &str) -> Result<String, OutputError> {
    let output = find(outputs, name)?;
    if is_sensitive(output) {
        return Err(OutputError::Sensitive(name.to_owned()));
    }
    match output.value.kind() {
        Kind::String(text) => Ok(text.to_string()),
        Kind::Number(number) => Ok(number.to_string()),
        Kind::Bool(value) => Ok(value.to_string()),
        Kind::Null(_) => Err(OutputError::NotRaw(name.to_owned(), "null".to_owned())),
        _ => Err(OutputError::NotRaw(
            name.to_owned(),
            output.value.ty().friendly_name(),
        )),
    }
}

/// An output as scripts read it.
#[derive(Serialize)]
struct OutputJson<'a> {
    sensitive: bool,
    r#type: TypeJson<'a>,
    value: Shown<'a>,
}

/// All outputs with their types. The value of a sensitive one is null, because state does not
/// keep it.
pub fn json(outputs: &BTreeMap<Text, OutputState>) -> String {
    let types: Vec<_> = outputs.values().map(|output| output.value.ty()).collect();
    let members = outputs.iter().zip(&types).map(|((name, output), ty)| {
        let value = OutputJson {
            sensitive: is_sensitive(output),
            r#type: TypeJson(ty),
            value: Shown(&output.value),
        };
        (&**name, value)
    });
    pretty(&members.collect::<BTreeMap<_, _>>()) + "\n"
}

/// The value of one output as JSON.
pub fn json_one(outputs: &BTreeMap<Text, OutputState>, name: &str) -> Result<String, OutputError> {
    let output = find(outputs, name)?;
    if is_sensitive(output) {
        return Err(OutputError::Sensitive(name.to_owned()));
    }
    Ok(line(&Shown(&output.value)) + "\n")
}

fn find<'a>(
    outputs: &'a BTreeMap<Text, OutputState>,
    name: &str,
) -> Result<&'a OutputState, OutputError> {
    outputs
        .get(name)
        .ok_or_else(|| OutputError::Missing(name.to_owned()))
}

fn is_sensitive(output: &OutputState) -> bool {
    output.sensitive || output.value.deep_marks().contains(Marks::SENSITIVE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::samples::{CANARY, value};
    use flowctl_model::{Type, Value};

    fn outputs() -> BTreeMap<Text, OutputState> {
        let all = [
            ("bool", json!(true), false),
            ("empty", json!([]), false),
            (
                "map",
                json!({"a": 1, "b": ["x"], "c d": null, "t": true, "x": "multi\nline\n"}),
                false,
            ),
            ("number", json!(1.5), false),
            ("secret", json!({"secret": "CANARY"}), true),
            ("secret_inside", json!([{"secret": "CANARY"}]), false),
            ("text", json!("\u{1b}[31m<x>"), false),
        ];
        let outputs = all.into_iter().map(|(name, json, sensitive)| {
            let value = value(&Type::Any, &json);
            (name.into(), OutputState { value, sensitive })
        });
        outputs.collect()
    }

    #[test]
    fn outputs_are_printed_as_terraform_prints_them() {
        let text = human(&outputs());
        assert!(!text.contains(CANARY) && !text.contains('\u{1b}'));
        insta::assert_snapshot!("outputs", text);
        assert_eq!(one(&outputs(), "number").unwrap(), "1.5\n");
        let error = one(&outputs(), "secret").unwrap_err();
        assert_eq!(error, OutputError::Sensitive("secret".into()));
    }

    #[test]
    fn scripts_get_name_sensitivity_type_and_value() {
        let text = json(&outputs());
        assert!(!text.contains(CANARY));
        insta::assert_snapshot!("outputs_json", text);
        assert_eq!(json_one(&outputs(), "bool").unwrap(), "true\n");
        assert_eq!(
            json_one(&outputs(), "secret_inside")
                .unwrap_err()
                .to_string(),
            "Output \"secret_inside\" is sensitive"
        );
    }

    #[test]
    fn only_what_is_text_is_raw() {
        let all = outputs();
        assert_eq!(raw(&all, "text").unwrap(), "\u{1b}[31m<x>");
        assert_eq!(raw(&all, "bool").unwrap(), "true");
        assert_eq!(raw(&all, "number").unwrap(), "1.5");
        let error = raw(&all, "map").unwrap_err();
        assert_eq!(error.to_string(), "Unsupported value for raw output");
        assert!(
            error.detail().contains("output value \"map\" is object."),
            "{}",
            error.detail()
        );
        assert_eq!(
            raw(&all, "x").unwrap_err().to_string(),
            "Output \"x\" not found"
        );
        let null = OutputState {
            value: Value::null(Type::String),
            sensitive: false,
        };
        let all = BTreeMap::from([("n".into(), null)]);
        assert!(matches!(raw(&all, "n"), Err(OutputError::NotRaw(..))));
    }
}
