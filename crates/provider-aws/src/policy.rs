//! Policy documents: JSON that IAM and the policies of resources are written in, compared by what they
//! mean. Services answer with other spacing, other order and other short forms than were sent.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use flowctl_model::{AttributePath, Problem, Value};
use serde_json::{Map, Value as Json};

/// Members of a statement that hold one string or several, in any order.
const LISTS: [&str; 4] = ["Action", "NotAction", "Resource", "NotResource"];

/// Whether two documents grant and deny the same. Texts that are no documents are equal only if they
/// are the same text.
pub(crate) fn equivalent(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    match (parse(one), parse(other)) {
        (Ok(one), Ok(other)) => normal(one) == normal(other),
        _ => false,
    }
}

/// The document as an object tells it: as it was written, if it means the same; of an object that is
/// adopted, as `jsonencode` writes it, so that it can be configured with that.
pub(crate) fn told(live: &str, written: Option<&str>, adopted: bool) -> String {
    match written {
        Some(written) if equivalent(written, live) => written.to_owned(),
        None if adopted => encoded(live),
        _ => live.to_owned(),
    }
}

/// The document as `jsonencode` writes it, which sorts keys and escapes what is special in HTML.
fn encoded(text: &str) -> String {
    let Ok(mut document) = parse(text) else {
        return text.to_owned();
    };
    document.sort_all_objects();
    let escapes = [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")];
    let compact = document.to_string();
    escapes
        .into_iter()
        .fold(compact, |text, (from, to)| text.replace(from, to))
}

/// An error if the value at a path is no policy document.
pub(crate) fn check(path: AttributePath, value: Option<&Value>) -> Option<Problem> {
    let why = problem(value?.as_str()?)?;
    let detail = format!("This is no policy document: {why}.");
    let help = "write it with `jsonencode({ Version = \"2012-10-17\", Statement = [ … ] })`";
    Some(Problem::error(path, "Invalid policy document", detail).with_help(help))
}

/// A document as IAM answers with it: characters are escaped as in addresses.
pub(crate) fn decoded(document: &str) -> String {
    percent_encoding::percent_decode_str(document)
        .decode_utf8_lossy()
        .into_owned()
}

/// What is wrong with a text that should be a policy document, in a sentence without a period.
pub(crate) fn problem(text: &str) -> Option<String> {
    match parse(text) {
        Err(error) => Some(format!("it is not valid JSON: {error}")),
        Ok(Json::Object(members)) => match members.get("Statement") {
            None => Some("it has no `Statement`".to_owned()),
            Some(Json::Object(_) | Json::Array(_)) => None,
            Some(_) => {
                Some("its `Statement` is neither an object nor a list of objects".to_owned())
            }
        },
        Ok(_) => Some("it is not a JSON object".to_owned()),
    }
}

fn parse(text: &str) -> Result<Json, serde_json::Error> {
    serde_json::from_str(text)
}

/// The document in one form for everything that means the same.
fn normal(document: Json) -> Json {
    let Json::Object(mut members) = document else {
        return document;
    };
    if let Some(statements) = members.remove("Statement") {
        let statements = several(statements).into_iter().map(statement).collect();
        members.insert("Statement".to_owned(), sorted(statements));
    }
    Json::Object(ordered(members))
}

fn statement(statement: Json) -> Json {
    let Json::Object(mut members) = statement else {
        return statement;
    };
    if members.get("Sid").is_some_and(|sid| sid == "") {
        members.remove("Sid");
    }
    for name in LISTS {
        if let Some(value) = members.get_mut(name) {
            *value = sorted(several(value.take()));
        }
    }
    for name in ["Principal", "NotPrincipal"] {
        if let Some(value) = members.get_mut(name) {
            *value = principals(value.take());
        }
    }
    if let Some(Json::Object(operators)) = members.get_mut("Condition") {
        for (_, keys) in operators.iter_mut() {
            if let Json::Object(keys) = keys {
                for (_, values) in keys.iter_mut() {
                    let texts = several(values.take()).into_iter().map(text).collect();
                    *values = sorted(texts);
                }
                *keys = ordered(std::mem::take(keys));
            }
        }
        *operators = ordered(std::mem::take(operators));
    }
    Json::Object(ordered(members))
}

/// `"*"` is everybody, and an account stands for its root user.
fn principals(value: Json) -> Json {
    let members = match value {
        Json::Object(members) => members,
        everybody => Map::from_iter([("AWS".to_owned(), everybody)]),
    };
    let members = members.into_iter().map(|(kind, value)| {
        let full = |principal: Json| match principal.as_str() {
            Some(account) if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) => {
                Json::from(format!("arn:aws:iam::{account}:root"))
            }
            _ => principal,
        };
        (kind, sorted(several(value).into_iter().map(full).collect()))
    });
    Json::Object(ordered(members.collect()))
}

fn several(value: Json) -> Vec<Json> {
    match value {
        Json::Array(elements) => elements,
        one => vec![one],
    }
}

/// Conditions may hold numbers and truth values without quotes.
fn text(value: Json) -> Json {
    match value {
        Json::Bool(_) | Json::Number(_) => Json::from(value.to_string()),
        other => other,
    }
}

fn sorted(mut elements: Vec<Json>) -> Json {
    elements.sort_by_cached_key(ToString::to_string);
    elements.dedup();
    Json::Array(elements)
}

fn ordered(members: Map<String, Json>) -> Map<String, Json> {
    let mut members: Vec<_> = members.into_iter().collect();
    members.sort_by(|(one, _), (other, _)| one.cmp(other));
    members.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"","Effect":"Allow",
        "Principal":{"Service":["b.amazonaws.com","a.amazonaws.com"],"AWS":"123456789012"},
        "Action":"sts:AssumeRole","Condition":{"Bool":{"aws:SecureTransport":true}}}]}"#;

    #[test]
    fn what_means_the_same_is_equal() {
        let same = r#"{ "Statement": { "Action": ["sts:AssumeRole"], "Effect": "Allow",
            "Condition": {"Bool": {"aws:SecureTransport": ["true"]}},
            "Principal": { "AWS": ["arn:aws:iam::123456789012:root"],
                           "Service": ["a.amazonaws.com", "b.amazonaws.com"] } },
            "Version": "2012-10-17" }"#;
        assert!(equivalent(ROLE, same));
        assert!(!equivalent(
            ROLE,
            &same.replace("a.amazonaws", "c.amazonaws")
        ));
        assert!(!equivalent(ROLE, &same.replace("Allow", "Deny")));
        assert!(!equivalent(ROLE, "x") && !equivalent("y", "x") && equivalent("x", "x"));
        let everybody = |principal: &str| {
            format!(r#"{{"Statement":[{{"Effect":"Deny","Principal":{principal},"Action":"*"}}]}}"#)
        };
        assert!(equivalent(
            &everybody("\"*\""),
            &everybody(r#"{"AWS":["*"]}"#)
        ));
    }

    #[test]
    fn a_document_is_told_as_it_was_written() {
        let live = r#"{"Version": "1", "Statement": [{"Sid": "<a>"}]}"#;
        let written = r#"{ "Statement": {"Sid": "<a>"}, "Version": "1" }"#;
        assert_eq!(told(live, Some(written), false), written);
        assert_eq!(told(live, Some("{}"), false), live);
        assert_eq!(told(live, None, false), live);
        let encoded = r#"{"Statement":[{"Sid":"\u003ca\u003e"}],"Version":"1"}"#;
        assert_eq!(told(live, None, true), encoded);
        assert!(equivalent(encoded, live));
        assert_eq!(told("no document", None, true), "no document");
    }

    #[test]
    fn what_is_no_document_is_said() {
        assert_eq!(problem(ROLE), None);
        assert!(problem("{").is_some_and(|why| why.starts_with("it is not valid JSON: EOF")));
        assert_eq!(problem("[]").as_deref(), Some("it is not a JSON object"));
        assert_eq!(problem("{}").as_deref(), Some("it has no `Statement`"));
        let text = r#"{"Statement":1}"#;
        assert!(problem(text).is_some_and(|why| why.contains("neither")));
    }
}
