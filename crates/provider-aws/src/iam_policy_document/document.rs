//! The text of a policy document, as Terraform's provider writes it: members in one order, lists of one
//! as a text, longer ones in falling order, and characters of HTML escaped.

use std::collections::{BTreeMap, BTreeSet};

use flowctl_model::{AttributePath, Marks, Problem, Value};
use serde_json::{Map, Value as Json};

use super::{OVERRIDES, SOURCES, STATEMENT};
use crate::table::{text, texts};

/// The versions of the language, the present one last.
pub(super) const VERSIONS: [&str; 2] = ["2008-10-17", "2012-10-17"];

/// Members of a statement, in the order in which they are written.
const MEMBERS: [&str; 9] = [
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
];

/// A document.
#[derive(Default, Debug)]
pub(super) struct Document {
    version: String,
    id: String,
    statements: Vec<Map<String, Json>>,
}

/// Whom a statement is about: a type, and one identifier or several.
type Who = Vec<(String, Json)>;
/// A test, a variable and values.
type Conditions = Vec<(String, String, Vec<Json>)>;

impl Document {
    /// The document that a configuration describes. What is not known is passed over.
    pub(super) fn of(config: &Value) -> Result<Self, Problem> {
        let mut whole = Self::default();
        let mut seen = BTreeSet::new();
        for (place, source) in documents(config, SOURCES)? {
            let sids = source.statements.iter().filter_map(sid);
            for sid in sids.filter(|sid| !sid.is_empty()) {
                if !seen.insert(sid.to_owned()) {
                    return Err(duplicate(config, place, sid));
                }
            }
            whole.merge(source);
        }
        whole.merge(Self::written(config)?);
        for (_, source) in documents(config, OVERRIDES)? {
            whole.merge(source);
        }
        Ok(whole)
    }

    /// The part that the blocks of a configuration make.
    fn written(config: &Value) -> Result<Self, Problem> {
        let version = text(config, "version").unwrap_or(VERSIONS[1]);
        let blocks = config.get(STATEMENT).and_then(Value::elements);
        let mut seen = BTreeSet::new();
        let mut statements = Vec::new();
        for (at, block) in blocks.unwrap_or_default().iter().enumerate() {
            let place = AttributePath::attribute(STATEMENT).index(at);
            let sid = text(block, "sid").unwrap_or_default();
            if !sid.is_empty() && !seen.insert(sid) {
                return Err(duplicate(config, place.child("sid"), sid));
            }
            statements.push(statement(block, &place, version)?);
        }
        Ok(Self {
            version: version.to_owned(),
            id: text(config, "policy_id").unwrap_or_default().to_owned(),
            statements,
        })
    }

    /// Reads a document that was written elsewhere, or says in a sentence without a period why it
    /// cannot be read.
    fn parse(text: &str) -> Result<Self, String> {
        let json: Json =
            serde_json::from_str(text).map_err(|error| format!("it is not valid JSON: {error}"))?;
        let Json::Object(members) = json else {
            return Err("it is not a JSON object".to_owned());
        };
        let string = |name| match member(&members, name) {
            None | Some(Json::Null) => Ok(String::new()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(_) => Err(format!("its `{name}` is not a text")),
        };
        let statements = match member(&members, "Statement") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(statements)) => statements.iter().collect(),
            Some(one @ Json::Object(_)) => vec![one],
            Some(_) => {
                return Err("its `Statement` is neither an object nor a list of objects".to_owned());
            }
        };
        Ok(Self {
            version: string("Version")?,
            id: string("Id")?,
            statements: statements
                .into_iter()
                .map(read_statement)
                .collect::<Result<_, _>>()?,
        })
    }

    /// Takes over another document: its statements replace those with the same identifier.
    fn merge(&mut self, other: Self) {
        if !other.id.is_empty() {
            self.id = other.id;
        }
        if other.version > self.version {
            self.version = other.version;
        }
        for statement in other.statements {
            let same = |old: &&mut Map<String, Json>| {
                let named = sid(&statement).is_some_and(|sid| !sid.is_empty());
                named && sid(old) == sid(&statement)
            };
            match self.statements.iter_mut().find(same) {
                Some(old) => *old = statement,
                None => self.statements.push(statement),
            }
        }
    }

    fn to_json(&self) -> Json {
        let mut members = Map::new();
        for (name, text) in [("Version", &self.version), ("Id", &self.id)] {
            if !text.is_empty() {
                members.insert(name.to_owned(), text.clone().into());
            }
        }
        if !self.statements.is_empty() {
            let statements = self.statements.iter().cloned().map(Json::Object);
            members.insert("Statement".to_owned(), statements.collect());
        }
        Json::Object(members)
    }

    /// The text in several lines.
    pub(super) fn json(&self) -> String {
        escaped(&format!("{:#}", self.to_json()))
    }

    /// The text in one line.
    pub(super) fn minified(&self) -> String {
        escaped(&self.to_json().to_string())
    }
}

/// Escapes, as Go does, what would mean something in HTML or end a line in JavaScript. None of it can
/// stand outside of a text.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            other => out.push(other),
        }
    }
    out
}

/// CRC-32, of which Terraform's provider makes the id.
pub(super) fn checksum(text: &str) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let step = |crc: u32, _| match crc & 1 {
        1 => (crc >> 1) ^ POLYNOMIAL,
        _ => crc >> 1,
    };
    !text
        .bytes()
        .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(byte), step))
}

fn sid(statement: &Map<String, Json>) -> Option<&str> {
    statement.get("Sid")?.as_str()
}

/// An error about an identifier, which is not shown if the configuration has something sensitive.
fn duplicate(config: &Value, place: AttributePath, sid: &str) -> Problem {
    let sid = Some(sid).filter(|_| !config.deep_marks().contains(Marks::SENSITIVE));
    let detail = match sid {
        Some(sid) => format!("Another statement has the Sid {sid:?} already."),
        None => {
            "Another statement has this Sid already; it is sensitive, and so not shown.".to_owned()
        }
    };
    let help = "remove the Sid, or make it unique";
    Problem::error(place, "Duplicate Sid", detail).with_help(help)
}

/// The documents that an argument lists, with their places.
fn documents(
    config: &Value,
    argument: &'static str,
) -> Result<Vec<(AttributePath, Document)>, Problem> {
    let elements = config.get(argument).and_then(Value::elements);
    let elements = elements.unwrap_or_default().iter().enumerate();
    let known = elements.filter_map(|(at, element)| Some((at, element.as_str()?)));
    known
        .map(|(at, text)| {
            let place = AttributePath::attribute(argument).index(at);
            match Document::parse(text) {
                Ok(document) => Ok((place, document)),
                Err(why) => {
                    let detail = format!("This is no policy document: {why}.");
                    Err(Problem::error(place, "Invalid policy document", detail))
                }
            }
        })
        .collect()
}

/// A statement that a block describes.
fn statement(
    block: &Value,
    place: &AttributePath,
    version: &str,
) -> Result<Map<String, Json>, Problem> {
    // Variables are written so that the language does not take them for its own.
    let replaced = |path: AttributePath, text: &str| {
        if version == VERSIONS[0] && text.contains("&{") {
            let detail =
                format!("Version {version} of policies has no variables such as `&{{…}}`.");
            let help = format!("use `version = {:?}`", VERSIONS[1]);
            return Err(Problem::error(path, "Invalid policy variable", detail).with_help(help));
        }
        Ok(text.replace("&{", "${"))
    };
    let list = |argument| {
        let mut all = texts(block, argument);
        all.sort_by(|one, other| other.cmp(one));
        all
    };
    let about = |argument: &'static str| {
        let all = list(argument).into_iter();
        let all = all.map(|text| replaced(place.child(argument), &text));
        all.collect::<Result<Vec<_>, _>>().map(one_or_several)
    };
    let blocks = |argument| {
        block
            .get(argument)
            .and_then(Value::elements)
            .unwrap_or_default()
    };
    let who = |argument: &'static str| {
        let mut who = Who::new();
        for (at, one) in blocks(argument).iter().enumerate() {
            let path = place.child(argument).index(at).child("identifiers");
            let all = texts(one, "identifiers").into_iter();
            let all = all.map(|text| replaced(path.clone(), &text));
            let mut all = all.collect::<Result<Vec<_>, _>>()?;
            all.sort_by(|one, other| other.cmp(one));
            let kind = text(one, "type").unwrap_or_default().to_owned();
            who.push((
                kind,
                one_or_several(all).unwrap_or_else(|| Json::Array(Vec::new())),
            ));
        }
        Ok((!who.is_empty()).then(|| written_who(who)))
    };
    let mut conditions = Conditions::new();
    for (at, one) in blocks("condition").iter().enumerate() {
        let path = place.child("condition").index(at).child("values");
        // Here the order counts.
        let values = texts(one, "values").into_iter();
        let values = values.map(|text| replaced(path.clone(), &text).map(Json::from));
        conditions.push((
            text(one, "test").unwrap_or_default().to_owned(),
            text(one, "variable").unwrap_or_default().to_owned(),
            values.collect::<Result<_, _>>()?,
        ));
    }
    let named = |name| text(block, name).filter(|text| !text.is_empty());
    let plain = |argument| one_or_several(list(argument));
    let members = [
        named("sid").map(Json::from),
        Some(named("effect").unwrap_or("Allow").into()),
        plain("actions"),
        plain("not_actions"),
        about("resources")?,
        about("not_resources")?,
        who("principals")?,
        who("not_principals")?,
        (!conditions.is_empty()).then(|| written_conditions(conditions)),
    ];
    Ok(ordered(members))
}

/// A statement of a document that was written elsewhere. Other members than those of statements are
/// dropped, and names count in whatever case they are written.
fn read_statement(json: &Json) -> Result<Map<String, Json>, String> {
    let Json::Object(written) = json else {
        return Err("one of its statements is not an object".to_owned());
    };
    let mut members = MEMBERS.map(|name| {
        let there = member(written, name).filter(|value| !value.is_null());
        there.cloned()
    });
    for (name, value) in MEMBERS.iter().zip(&mut members) {
        *value = match (*name, value.take()) {
            (_, None) => None,
            ("Sid" | "Effect", Some(Json::String(text))) => {
                (!text.is_empty()).then_some(Json::String(text))
            }
            ("Sid" | "Effect", Some(_)) => {
                return Err(format!(
                    "the `{name}` of one of its statements is not a text"
                ));
            }
            ("Principal" | "NotPrincipal", Some(value)) => read_who(value)?,
            ("Condition", Some(value)) => read_conditions(value)?,
            (_, value) => value,
        };
    }
    Ok(ordered(members))
}

fn read_who(value: Json) -> Result<Option<Json>, String> {
    let everybody = || ("*".to_owned(), Json::from("*"));
    let who = match value {
        Json::String(_) => vec![everybody()],
        Json::Object(members) => members
            .into_iter()
            .map(|(kind, value)| match value {
                Json::String(_) => Ok((kind, value)),
                Json::Array(all) if all.iter().all(Json::is_string) => {
                    let mut all: Vec<_> = all.iter().filter_map(Json::as_str).collect();
                    all.sort_by(|one, other| other.cmp(one));
                    Ok((kind, all.into_iter().map(Json::from).collect()))
                }
                _ => Err("one of its principals is neither a text nor a list of texts".to_owned()),
            })
            .collect::<Result<_, _>>()?,
        _ => return Err("one of its principals is neither a text nor an object".to_owned()),
    };
    Ok((!who.is_empty()).then(|| written_who(who)))
}

fn read_conditions(value: Json) -> Result<Option<Json>, String> {
    let wrong = || Err("one of its conditions is not an object of objects".to_owned());
    let Json::Object(tests) = value else {
        return wrong();
    };
    let mut conditions = Conditions::new();
    for (test, variables) in tests {
        let Json::Object(variables) = variables else {
            return wrong();
        };
        for (variable, values) in variables {
            let values = match values {
                Json::Array(values) => values,
                one => vec![one],
            };
            let text = |value: Json| match value {
                Json::String(_) => value,
                other => Json::from(other.to_string()),
            };
            let values = values.into_iter().map(text).collect();
            conditions.push((test.clone(), variable, values));
        }
    }
    Ok((!conditions.is_empty()).then(|| written_conditions(conditions)))
}

/// Everybody is a text of its own; several identifiers of a type are put together.
fn written_who(who: Who) -> Json {
    if let [(kind, identifiers)] = who.as_slice()
        && kind == "*"
    {
        let only = match identifiers {
            Json::Array(all) => all.first().filter(|_| all.len() == 1),
            one => Some(one),
        };
        if only.is_some_and(|only| only == "*") {
            return "*".into();
        }
    }
    let mut kinds = BTreeMap::<String, Json>::new();
    for (kind, identifiers) in who {
        let together = match (kinds.remove(&kind), identifiers) {
            (None, identifiers) => identifiers,
            (Some(before), after) => {
                let mut all = several(before);
                all.extend(several(after));
                Json::Array(all)
            }
        };
        kinds.insert(kind, together);
    }
    Json::Object(kinds.into_iter().collect())
}

fn written_conditions(conditions: Conditions) -> Json {
    let mut tests = BTreeMap::<String, BTreeMap<String, Vec<Json>>>::new();
    for (test, variable, values) in conditions {
        let variables = tests.entry(test).or_default();
        variables.entry(variable).or_default().extend(values);
    }
    let flat = |mut values: Vec<Json>| match values.len() {
        1 => values.remove(0),
        _ => Json::Array(values),
    };
    let tests = tests.into_iter().map(|(test, variables)| {
        let variables = variables.into_iter();
        let variables = variables.map(|(variable, values)| (variable, flat(values)));
        (test, Json::Object(variables.collect()))
    });
    Json::Object(tests.collect())
}

fn several(value: Json) -> Vec<Json> {
    match value {
        Json::Array(values) => values,
        one => vec![one],
    }
}

/// One text as a text, several as a list, none as nothing.
fn one_or_several(mut texts: Vec<String>) -> Option<Json> {
    match texts.len() {
        0 => None,
        1 => Some(texts.remove(0).into()),
        _ => Some(texts.into()),
    }
}

/// A member, in whatever case its name is written.
fn member<'a>(members: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    members.get(name).or_else(|| {
        let mut all = members.iter();
        let found = all.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

fn ordered(members: [Option<Json>; MEMBERS.len()]) -> Map<String, Json> {
    let members = MEMBERS.iter().zip(members);
    members
        .filter_map(|(name, value)| Some(((*name).to_owned(), value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts_of(all: &[&str]) -> Value {
        Value::list(
            flowctl_model::Type::String,
            all.iter().map(|text| Value::from(*text)).collect(),
        )
    }

    fn blocks(all: Vec<Value>) -> Value {
        Value::tuple(all)
    }

    fn minified(config: &Value) -> String {
        Document::of(config).unwrap().minified()
    }

    fn refused(config: &Value) -> (String, String) {
        let problem = Document::of(config).unwrap_err();
        (problem.path.to_string(), problem.detail)
    }

    #[test]
    fn a_text_is_as_go_writes_it() {
        let statement = Value::object([
            ("actions", texts_of(&["s3:Get", "s3:Put", "s3:List"])),
            (
                "resources",
                texts_of(&["arn:aws:s3:::a/&{aws:username}/<&>"]),
            ),
            (
                "principals",
                blocks(vec![Value::object([
                    ("type", Value::from("AWS")),
                    ("identifiers", texts_of(&["b", "c", "a"])),
                ])]),
            ),
            (
                "condition",
                blocks(vec![Value::object([
                    ("test", Value::from("StringLike")),
                    ("variable", Value::from("s3:prefix")),
                    ("values", texts_of(&["b", "", "a"])),
                ])]),
            ),
        ]);
        let config = Value::object([
            ("policy_id", Value::from("p")),
            (STATEMENT, blocks(vec![statement])),
        ]);
        let document = Document::of(&config).unwrap();
        let expected = r#"{
  "Version": "2012-10-17",
  "Id": "p",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:Put",
        "s3:List",
        "s3:Get"
      ],
      "Resource": "arn:aws:s3:::a/${aws:username}/\u003c\u0026\u003e",
      "Principal": {
        "AWS": [
          "c",
          "b",
          "a"
        ]
      },
      "Condition": {
        "StringLike": {
          "s3:prefix": [
            "b",
            "",
            "a"
          ]
        }
      }
    }
  ]
}"#;
        assert_eq!(document.json(), expected);
        assert_eq!(checksum("123456789"), 0xcbf4_3926);
        assert_eq!(
            minified(&Value::object::<&str>([])),
            r#"{"Version":"2012-10-17"}"#
        );
    }

    #[test]
    fn everybody_is_a_text_of_its_own() {
        let of = |kind: &str, identifiers: &[&str]| {
            let who = Value::object([
                ("type", Value::from(kind)),
                ("identifiers", texts_of(identifiers)),
            ]);
            let statement = Value::object([("principals", blocks(vec![who]))]);
            minified(&Value::object([(STATEMENT, blocks(vec![statement]))]))
        };
        assert!(of("*", &["*"]).contains(r#""Principal":"*""#));
        assert!(of("AWS", &["*"]).contains(r#""Principal":{"AWS":"*"}"#));
        assert!(of("*", &["*", "a"]).contains(r#""Principal":{"*":["a","*"]}"#));
    }

    #[test]
    fn documents_are_put_together() {
        let source = r#"{"version":"2008-10-17","Id":"s","Statement":[
            {"Sid":"A","Effect":"Deny","Action":["x"],"Other":1,"Principal":"me"},
            {"Effect":"Allow","Action":["b","a"],"Principal":{"Service":["a","b"],"AWS":"c"},
             "Condition":{"Bool":{"k":true},"NumericLess":{"n":[3]}}}]}"#;
        let over = r#"{"Statement":{"Sid":"B","Effect":"Deny","NotAction":"y"}}"#;
        let mine = |sid: &str, action: &str| {
            Value::object([("sid", Value::from(sid)), ("actions", texts_of(&[action]))])
        };
        let config = Value::object([
            (SOURCES, texts_of(&[source])),
            (OVERRIDES, texts_of(&[over])),
            (STATEMENT, blocks(vec![mine("A", "z"), mine("B", "w")])),
        ]);
        assert_eq!(
            minified(&config),
            concat!(
                r#"{"Version":"2012-10-17","Id":"s","Statement":["#,
                r#"{"Sid":"A","Effect":"Allow","Action":"z"},"#,
                r#"{"Effect":"Allow","Action":["b","a"],"#,
                r#""Principal":{"AWS":"c","Service":["b","a"]},"#,
                r#""Condition":{"Bool":{"k":"true"},"NumericLess":{"n":"3"}}},"#,
                r#"{"Sid":"B","Effect":"Deny","NotAction":"y"}]}"#
            )
        );
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let mine = |sid: &str| Value::object([("sid", Value::from(sid))]);
        let (path, detail) = refused(&Value::object([(
            STATEMENT,
            blocks(vec![mine("A"), mine(""), mine(""), mine("A")]),
        )]));
        assert_eq!(path, "statement[3].sid");
        assert!(detail.contains("the Sid \"A\" already"), "{detail}");
        let source = r#"{"Statement":[{"Sid":"A"}]}"#;
        let (path, _) = refused(&Value::object([(SOURCES, texts_of(&[source, source]))]));
        assert_eq!(path, "source_policy_documents[1]");
        for (text, words) in [
            ("{", "not valid JSON"),
            ("[]", "not a JSON object"),
            (r#"{"Statement":1}"#, "neither an object"),
            (r#"{"Statement":[1]}"#, "is not an object"),
            (r#"{"Statement":[{"Sid":1}]}"#, "is not a text"),
            (
                r#"{"Statement":[{"Principal":1}]}"#,
                "principals is neither",
            ),
            (
                r#"{"Statement":[{"Condition":{"a":1}}]}"#,
                "object of objects",
            ),
        ] {
            let (path, detail) = refused(&Value::object([(OVERRIDES, texts_of(&[text]))]));
            assert_eq!(path, "override_policy_documents[0]");
            assert!(detail.contains(words), "{text}: {detail}");
        }
        let old = Value::object([
            ("version", Value::from(VERSIONS[0])),
            (
                STATEMENT,
                blocks(vec![Value::object([(
                    "resources",
                    texts_of(&["a/&{aws:username}"]),
                )])]),
            ),
        ]);
        assert_eq!(refused(&old).0, "statement[0].resources");
    }
}
