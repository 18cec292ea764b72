//! What holds for every configuration: after an apply there is nothing to plan, formatting changes
//! nothing, and a destroy leaves nothing behind. A dozen configurations by default, more with
//! `PROPTEST_CASES`.

use std::fmt::Write as _;
use std::fs;

use flowctl_testkit::{Emulator, Ran};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::empty;

/// Connectors with the arguments of their credentials and of their properties: what their value is
/// made of stands behind the name.
const CONNECTORS: [(&str, &str, &[Argument], &[Argument]); 10] = [
    (
        "Amplitude",
        "amplitude",
        &[("api_key", S), ("secret_key", S)],
        &[],
    ),
    (
        "Datadog",
        "datadog",
        &[("api_key", S), ("application_key", S)],
        &[("instance_url", U)],
    ),
    (
        "Dynatrace",
        "dynatrace",
        &[("api_token", S)],
        &[("instance_url", U)],
    ),
    (
        "Infornexus",
        "infor_nexus",
        &[
            ("access_key_id", S),
            ("datakey", S),
            ("secret_access_key", S),
            ("user_id", S),
        ],
        &[("instance_url", U)],
    ),
    (
        "Salesforce",
        "salesforce",
        &[("access_token", S), ("refresh_token", S)],
        &[("instance_url", U)],
    ),
    (
        "Servicenow",
        "service_now",
        &[("password", A), ("username", S)],
        &[("instance_url", U)],
    ),
    ("Singular", "singular", &[("api_key", S)], &[]),
    (
        "Slack",
        "slack",
        &[("access_token", S), ("client_id", S), ("client_secret", S)],
        &[("instance_url", U)],
    ),
    ("Trendmicro", "trendmicro", &[("api_secret_key", S)], &[]),
    (
        "Veeva",
        "veeva",
        &[("password", A), ("username", S)],
        &[("instance_url", U)],
    ),
];

type Argument = (&'static str, Made);

#[derive(Clone, Copy, Debug)]
enum Made {
    /// Visible characters.
    Solid,
    /// Any characters of one line.
    Any,
    Url,
}
use Made::{Any as A, Solid as S, Url as U};

/// A configuration, as its text.
#[derive(Clone, Debug)]
struct Configuration {
    profiles: Vec<Profile>,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Profile {
    connector: usize,
    name: String,
    texts: Vec<String>,
    in_variables: bool,
}

#[derive(Clone, Debug)]
struct Node {
    repeat: Repeat,
    input: Literal,
    /// Which nodes before it are referred to.
    refers: Vec<prop::sample::Index>,
    triggered: bool,
}

#[derive(Clone, Debug)]
enum Repeat {
    Once,
    Count(u8),
    ForEach(Vec<String>),
}

#[derive(Clone, Debug)]
enum Literal {
    Null,
    Bool(bool),
    Number(i64, u8),
    Text(String),
    Tuple(Vec<Literal>),
    Object(Vec<(String, Literal)>),
    List(Vec<String>),
    Sensitive(Box<Literal>),
}

fn text() -> impl Strategy<Value = String> {
    // What has a meaning in templates, strings and JSON among the rest.
    prop_oneof![
        "[a-zA-Z0-9 _./:-]{0,12}",
        r#"[ a-z"'\\$%{}~\u{e9}\u{4e2d}\u{1f600}<>&#]{0,10}"#,
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    let leaf = prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        (any::<i64>(), 0..12_u8).prop_map(|(digits, scale)| Literal::Number(digits, scale)),
        text().prop_map(Literal::Text),
        vec(text(), 0..3).prop_map(Literal::List),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Literal::Tuple),
            btree_map("[a-z_]{1,6}", inner.clone(), 0..3)
                .prop_map(|members| Literal::Object(members.into_iter().collect())),
            inner.prop_map(|inner| Literal::Sensitive(Box::new(inner))),
        ]
    })
}

fn profile() -> impl Strategy<Value = Profile> {
    (
        0..CONNECTORS.len(),
        "[a-zA-Z0-9_/!@#+=.-]{1,20}",
        vec(r#"[a-zA-Z0-9"\\$%{}~!/?&=+\u{e9}-]{1,24}"#, 5),
        any::<bool>(),
    )
        .prop_map(|(connector, name, texts, in_variables)| Profile {
            connector,
            name,
            texts,
            in_variables,
        })
}

fn node() -> impl Strategy<Value = Node> {
    let repeat = prop_oneof![
        3 => Just(Repeat::Once),
        1 => (0..4_u8).prop_map(Repeat::Count),
        1 => prop::collection::btree_set(text(), 0..3).prop_map(|keys| Repeat::ForEach(keys.into_iter().collect())),
    ];
    (
        repeat,
        literal(),
        vec(any::<prop::sample::Index>(), 0..3),
        any::<bool>(),
    )
        .prop_map(|(repeat, input, refers, triggered)| Node {
            repeat,
            input,
            refers,
            triggered,
        })
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (vec(profile(), 0..4), vec(node(), 1..6))
        .prop_map(|(profiles, nodes)| Configuration { profiles, nodes })
}

/// A string of the language.
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace("${", "$${").replace("%{", "%%{"))
}

impl Literal {
    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(digits, scale) => {
                let _ = write!(out, "{digits} / 1{}", "0".repeat((*scale).into()));
            }
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Tuple(elements) => {
                out.push('[');
                for element in elements {
                    element.write(out);
                    out.push_str(", ");
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (name, member) in members {
                    let _ = write!(out, "{} = ", quoted(name));
                    member.write(out);
                    out.push_str(", ");
                }
                out.push('}');
            }
            Self::List(elements) => {
                let elements: Vec<_> = elements.iter().map(|text| quoted(text)).collect();
                let _ = write!(out, "tolist([{}])", elements.join(", "));
            }
            Self::Sensitive(inner) => {
                out.push_str("sensitive(");
                inner.write(out);
                out.push(')');
            }
        }
    }
}

impl Configuration {
    /// The files of it. Layout is none on purpose: `fmt` has something to do.
    fn write(&self) -> (String, String) {
        let (mut main, mut values) = (String::new(), String::new());
        for (number, profile) in self.profiles.iter().enumerate() {
            let (kind, block, credentials, properties) = CONNECTORS[profile.connector];
            let mut texts = profile.texts.iter();
            let mut arguments = |arguments: &[Argument], secret: bool| {
                let mut out = String::new();
                for (name, made) in arguments {
                    let text = texts.next().unwrap();
                    let value = match made {
                        S => quoted(text),
                        A => quoted(&format!("{text} {text}")),
                        U => {
                            let host: String =
                                text.chars().filter(char::is_ascii_alphanumeric).collect();
                            quoted(&format!("https://x{host}.example.com"))
                        }
                    };
                    if secret && profile.in_variables {
                        let variable = format!("secret_{number}_{name}");
                        let _ = writeln!(main, "variable \"{variable}\" {{\nsensitive = true\n}}");
                        let _ = writeln!(values, "{variable} = {value}");
                        let _ = writeln!(out, "{name} = var.{variable}");
                    } else {
                        let _ = writeln!(out, "{name} = {value}");
                    }
                }
                out
            };
            let credentials = arguments(credentials, true);
            let properties = arguments(properties, false);
            // The number keeps names apart.
            let name = quoted(&format!("{}{number}", profile.name));
            let _ = writeln!(
                main,
                "resource \"aws_appflow_connector_profile\" \"p{number}\" {{\nname = {name}\n\
                 connector_type = \"{kind}\"\nconnection_mode = \"Public\"\n\
                 connector_profile_config {{\nconnector_profile_credentials {{\n{block} {{\n\
                 {credentials}}}\n}}\nconnector_profile_properties {{\n{block} {{\n{properties}}}\n\
                 }}\n}}\n}}"
            );
        }
        for (number, node) in self.nodes.iter().enumerate() {
            let _ = writeln!(main, "resource \"terraform_data\" \"n{number}\" {{");
            let _ = match &node.repeat {
                Repeat::Once => Ok(()),
                Repeat::Count(count) => writeln!(main, "count = {count}"),
                Repeat::ForEach(keys) => {
                    let keys: Vec<_> = keys.iter().map(|key| quoted(key)).collect();
                    writeln!(main, "for_each = toset([{}])", keys.join(", "))
                }
            };
            let mut parts = String::new();
            node.input.write(&mut parts);
            let before = |index: &prop::sample::Index| {
                (number > 0).then(|| {
                    let other = index.index(number);
                    match self.nodes[other].repeat {
                        Repeat::Once => format!("terraform_data.n{other}.output"),
                        Repeat::Count(_) => format!("terraform_data.n{other}[*].id"),
                        Repeat::ForEach(_) => {
                            format!("[for k, v in terraform_data.n{other} : [k, v.output]]")
                        }
                    }
                })
            };
            for reference in node.refers.iter().filter_map(before) {
                let _ = write!(parts, ", {reference}");
            }
            for profile in 0..self.profiles.len() {
                let _ = write!(parts, ", aws_appflow_connector_profile.p{profile}.arn");
            }
            let own = match node.repeat {
                Repeat::Once => "\"once\"",
                Repeat::Count(_) => "count.index",
                Repeat::ForEach(_) => "each.key",
            };
            let _ = writeln!(main, "input = [{parts}, {own}]");
            if node.triggered && number > 0 {
                let _ = writeln!(main, "triggers_replace = [terraform_data.n{}]", number - 1);
            }
            let _ = writeln!(main, "}}");
        }
        (main, values)
    }
}

fn check(configuration: &Configuration) -> Result<(), TestCaseError> {
    let environment = empty()
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
        .with_variable("AWS_REGION", "us-east-1");
    let (main, values) = configuration.write();
    fs::write(environment.path("main.tf"), &main).unwrap();
    fs::write(environment.path("secrets.auto.tfvars"), values).unwrap();
    let emulator = Emulator::start(&environment, &[]);
    let url = emulator.url();
    let run = |arguments: &[&str], code: i32| -> Result<Ran, TestCaseError> {
        let all = [&["--endpoint-url", &url][..], arguments].concat();
        let ran = environment.flowctl(&all);
        prop_assert!(ran.code == Some(code), "{}\n{}", ran, main);
        Ok(ran)
    };
    let _ = run(&["apply", "-auto-approve"], 0)?;
    let _ = run(&["plan", "-detailed-exitcode"], 0)?;
    let _ = run(&["fmt"], 0)?;
    let _ = run(&["fmt", "-check"], 0)?;
    let _ = run(&["plan", "-detailed-exitcode"], 0)?;
    let _ = run(&["destroy", "-auto-approve"], 0)?;
    let left = run(&["state", "list"], 0)?;
    prop_assert_eq!(&left.stdout, "");
    let counts = emulator.requests()["counts"].clone();
    let total = |operation: &str| counts[operation]["total"].as_u64().unwrap_or(0);
    let made = configuration.profiles.len() as u64;
    prop_assert_eq!(total("CreateConnectorProfile"), made);
    prop_assert_eq!(total("DeleteConnectorProfile"), made);
    prop_assert_eq!(total("UpdateConnectorProfile"), 0);
    Ok(())
}

#[test]
fn apply_then_plan_is_empty_and_destroy_leaves_nothing() {
    let mut config = Config {
        failure_persistence: None,
        // Each try starts the binary several times.
        max_shrink_iters: 60,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 12;
    }
    let mut runner = TestRunner::new(config);
    let ran = runner.run(&configuration(), |configuration| check(&configuration));
    if let Err(error) = ran {
        panic!("{error}");
    }
}
