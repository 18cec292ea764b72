//! Every connector through its whole life: made, changed in place, its secrets changed, taken over
//! into another state, deleted. One configuration with all of them (an example, so that it is kept
//! right), so that each step is one run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use flowctl_testkit::{Emulator, TestEnvironment};
use serde_json::Value;

use crate::empty;

const TYPE: &str = "aws_appflow_connector_profile";

/// A change in place of each resource: connector, resource, what stands there, what comes instead.
/// Where there are no properties, the connection mode changes.
const CHANGES: [(&str, &str, &str, &str); 28] = [
    ("Amplitude", "amplitude", MODE, PRIVATE),
    (
        "Datadog",
        "datadog",
        "api.datadoghq.com",
        "api.datadoghq.eu",
    ),
    ("Dynatrace", "dynatrace", "example.live", "changed.live"),
    ("Googleanalytics", "google_analytics", MODE, PRIVATE),
    ("Honeycode", "honeycode", MODE, PRIVATE),
    (
        "Infornexus",
        "infor_nexus",
        "network.infor",
        "changed.infor",
    ),
    ("Marketo", "marketo", "100-EXA-200", "200-EXA-100"),
    (
        "Pardot",
        "pardot",
        "is_sandbox_environment = false",
        "is_sandbox_environment = true",
    ),
    ("Redshift", "redshift", "5439/analytics", "5439/changed"),
    (
        "Redshift",
        "redshift_data_api",
        "= \"redshift\"",
        "= \"changed\"",
    ),
    ("Salesforce", "salesforce_code", "example.my", "changed.my"),
    (
        "Salesforce",
        "salesforce_jwt",
        "is_sandbox_environment = true",
        "is_sandbox_environment = false",
    ),
    (
        "Salesforce",
        "salesforce_token",
        "and_authorization = true",
        "and_authorization = false",
    ),
    (
        "SAPOData",
        "sap_basic",
        "port_number               = 443",
        "port_number = 8443",
    ),
    ("SAPOData", "sap_oauth", "ZAPPFLOW_0002", "ZAPPFLOW_0003"),
    (
        "Servicenow",
        "service_now",
        "example.service-now",
        "changed.service-now",
    ),
    (
        "Servicenow",
        "service_now_oauth",
        "example.service-now",
        "changed.service-now",
    ),
    ("Singular", "singular", MODE, PRIVATE),
    ("Slack", "slack", "example.slack", "changed.slack"),
    ("Snowflake", "snowflake", "COMPUTE_WH", "OTHER_WH"),
    (
        "Snowflake",
        "snowflake_key_pair",
        "APPFLOW_STAGE",
        "OTHER_STAGE",
    ),
    ("Trendmicro", "trendmicro", MODE, PRIVATE),
    ("Veeva", "veeva", "example.veeva", "changed.veeva"),
    ("Zendesk", "zendesk", "example.zendesk", "changed.zendesk"),
    ("CustomConnector", "custom_api_key", MODE, PRIVATE),
    (
        "CustomConnector",
        "custom_basic",
        "connector.example",
        "changed.example",
    ),
    ("CustomConnector", "custom_defined", "\"v2\"", "\"v3\""),
    (
        "CustomConnector",
        "custom_oauth2",
        "= \"crm\"",
        "= \"changed\"",
    ),
];

const MODE: &str = "connection_mode = \"Public\"";
const PRIVATE: &str = "connection_mode = \"Private\"";

/// The only one that signs in without a secret of its own.
const WITHOUT_SECRET: &str = "redshift_data_api";

fn example() -> TestEnvironment {
    let environment = empty()
        .with_variable("AWS_ACCESS_KEY_ID", "test")
        .with_variable("AWS_SECRET_ACCESS_KEY", "test")
        .with_variable("AWS_REGION", "us-east-1");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/all-connectors");
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(
            &path,
            environment.path(path.file_name().unwrap().to_str().unwrap()),
        )
        .unwrap();
    }
    environment
}

/// The environment, the endpoint and what was said of requests at the last look.
struct World {
    environment: TestEnvironment,
    emulator: Emulator,
    url: String,
}

impl World {
    fn new() -> Self {
        let environment = example();
        let emulator = Emulator::start(&environment, &[]);
        let url = emulator.url();
        Self {
            environment,
            emulator,
            url,
        }
    }

    fn run(&self, arguments: &[&str]) -> flowctl_testkit::Ran {
        let all: Vec<&str> = ["--endpoint-url", &self.url]
            .iter()
            .chain(arguments)
            .copied()
            .collect();
        self.environment.flowctl(&all)
    }

    fn total(&self, operation: &str) -> u64 {
        self.emulator.requests()["counts"][operation]["total"]
            .as_u64()
            .unwrap_or(0)
    }

    #[track_caller]
    fn nothing_is_left_to_do(&self, more: &[&str]) {
        let _ = self
            .run(&[more, &["plan", "-detailed-exitcode"]].concat())
            .code(0);
    }

    /// What is planned for each resource.
    #[track_caller]
    fn planned(&self, more: &[&str]) -> BTreeMap<String, Value> {
        let ran = self
            .run(&[more, &["plan", "-format", "json"]].concat())
            .success();
        let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
        let changes = plan["resource_changes"].as_array().unwrap().iter();
        changes
            .map(|change| {
                (
                    change["name"].as_str().unwrap().to_owned(),
                    change["change"].clone(),
                )
            })
            .collect()
    }

    /// Replaces text in the block of a resource.
    #[track_caller]
    fn edit(&self, resource: &str, from: &str, to: &str) {
        let start = format!("resource \"{TYPE}\" \"{resource}\" {{\n");
        let files = self.environment.list("");
        let file = files.iter().filter(|name| name.ends_with(".tf"));
        let mut file = file.filter(|name| self.environment.read(name).contains(&start));
        let file = file.next();
        assert!(file.is_some(), "no {resource}");
        let file = file.unwrap();
        let text = self.environment.read(file);
        let (head, rest) = text.split_once(&start).unwrap();
        let (block, tail) = rest.split_once("\n}\n").unwrap();
        assert!(block.contains(from), "{resource} has no {from}");
        let block = block.replace(from, to);
        fs::write(
            self.environment.path(file),
            format!("{head}{start}{block}\n}}\n{tail}"),
        )
        .unwrap();
    }

    fn rotate(&self) {
        let file = "example.auto.tfvars";
        let text = self
            .environment
            .read(file)
            .replace("placeholder", "rotated");
        fs::write(self.environment.path(file), text).unwrap();
    }
}

fn names() -> BTreeSet<&'static str> {
    CHANGES.iter().map(|(_, name, ..)| *name).collect()
}

fn actions(change: &Value) -> Vec<&str> {
    change["actions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

/// The block of a resource in a plan for people.
fn block<'a>(plan: &'a str, name: &str) -> &'a str {
    let start = format!("  # {TYPE}.{name} will be updated in-place\n");
    assert!(plan.contains(&start), "{name} in {plan}");
    let (_, rest) = plan.split_once(&start).unwrap();
    rest.split_once("\n  # ").map_or(rest, |(block, _)| block)
}

#[test]
fn all_connectors_are_there() {
    let connectors: BTreeSet<_> = CHANGES.iter().map(|(connector, ..)| *connector).collect();
    assert_eq!(
        connectors.len(),
        19,
        "the 18 that are documented, and Pardot"
    );
    let text: String = example()
        .list("")
        .iter()
        .filter(|name| name.ends_with(".tf"))
        .map(|name| fs::read_to_string(example().path(name)).unwrap())
        .collect();
    assert_eq!(
        text.matches(&format!("resource \"{TYPE}\"")).count(),
        CHANGES.len()
    );
    for connector in connectors {
        assert!(
            text.contains(&format!("connector_type  = \"{connector}\"")),
            "{connector}"
        );
    }
}

#[test]
fn every_connector_lives_through_everything() {
    let world = World::new();
    let all = CHANGES.len() as u64;
    let apply = ["apply", "-auto-approve"];

    // Made.
    let _ = world.run(&apply).success();
    assert_eq!(world.total("CreateConnectorProfile"), all);
    world.nothing_is_left_to_do(&[]);

    // Changed in place, each by one request.
    for (_, name, from, to) in CHANGES {
        world.edit(name, from, to);
    }
    for (name, change) in world.planned(&[]) {
        assert_eq!(actions(&change), ["update"], "{name}");
    }
    let _ = world.run(&apply).success();
    assert_eq!(world.total("UpdateConnectorProfile"), all);
    assert_eq!(world.total("CreateConnectorProfile"), all);
    world.nothing_is_left_to_do(&[]);

    // Only secrets are changed.
    world.rotate();
    let plan = world.run(&["plan", "-detailed-exitcode"]).code(2);
    for name in names() {
        let planned = plan.stdout.contains(&format!("{TYPE}.{name} will"));
        assert_eq!(planned, name != WITHOUT_SECRET, "{name}: {plan}");
        if planned {
            let block = block(&plan.stdout, name);
            assert!(block.contains("(sensitive value, changed)"), "{block}");
            assert!(!block.contains("connector_profile_properties"), "{block}");
        }
    }
    let applied = world.run(&apply).success();
    for said in [&plan, &applied] {
        let said = said.to_string();
        assert!(
            !said.contains("placeholder") && !said.contains("rotated"),
            "{said}"
        );
    }
    assert_eq!(world.total("UpdateConnectorProfile"), 2 * all - 1);
    world.nothing_is_left_to_do(&[]);

    taken_over(&world);

    // Deleted.
    let _ = world
        .run(&["--state", "other.db", "destroy", "-auto-approve"])
        .success();
    assert_eq!(world.total("DeleteConnectorProfile"), all);
    assert_eq!(
        world
            .environment
            .flowctl(&["--state", "other.db", "state", "list"])
            .out(),
        ""
    );
    // The first state, which still knows them, finds none.
    for (name, change) in world.planned(&[]) {
        assert_eq!(actions(&change), ["create"], "{name}");
    }
}

/// Into an empty state: what the service tells is known, credentials are not.
fn taken_over(world: &World) {
    let other = ["--state", "other.db"];
    for name in names() {
        let id = name.replace('_', "-");
        let address = format!("{TYPE}.{name}");
        let _ = world
            .run(&[&other[..], &["import", &id, &address]].concat())
            .success();
    }
    for (name, change) in world.planned(&other) {
        // Which key a profile is encrypted with is not told either.
        assert_eq!(actions(&change), ["update"], "{name}");
        let (before, after) = (&change["before"], &change["after"]);
        for member in [
            "name",
            "connection_mode",
            "connector_type",
            "connector_label",
        ] {
            assert_eq!(before[member], after[member], "{name}.{member}");
        }
        let config = |object: &Value| object["connector_profile_config"][0].clone();
        // Not shown as a change: an empty block in place of none, what the service says of a flag
        // that is not set, its mark before a stage.
        let properties = |object: &Value| {
            let text = config(object)["connector_profile_properties"][0].to_string();
            let same = [("[{}]", "[]"), (":false", ":null"), ("\"@", "\"")];
            same.iter()
                .fold(text, |text, (from, to)| text.replace(from, to))
        };
        assert_eq!(properties(before), properties(after), "{name}");
        let credentials = &config(before)["connector_profile_credentials"];
        assert_eq!(
            credentials.as_array().map(Vec::len),
            Some(0),
            "{name}: {credentials}"
        );
        assert_eq!(before["arn"], after["arn"], "{name}");
    }
    let plan = world.run(&[&other[..], &["plan"]].concat()).success();
    for name in names() {
        let block = block(&plan.stdout, name);
        for line in ["connector_profile_properties {", "connection_mode"] {
            let shown = block.lines().find(|shown| shown.contains(line));
            assert_eq!(shown, None, "{block}");
        }
    }
    let updates = world.total("UpdateConnectorProfile");
    let apply = [&other[..], &["apply", "-auto-approve"]].concat();
    let _ = world.run(&apply).success();
    let all = CHANGES.len() as u64;
    assert_eq!(world.total("UpdateConnectorProfile"), updates + all);
    for (name, change) in world.planned(&other) {
        assert_eq!(actions(&change), ["no-op"], "{name}");
    }
}

/// Connectors without properties may be written with their empty block or without it.
#[test]
fn types_without_properties_take_both_empty_forms() {
    let world = World::new();
    for name in ["custom.tf", "databases.tf", "salesforce.tf"] {
        fs::remove_file(world.environment.path(name)).unwrap();
    }
    fs::write(world.environment.path("main.tf"), "").unwrap();
    let none = [
        "amplitude",
        "google_analytics",
        "honeycode",
        "singular",
        "trendmicro",
    ];
    for name in none {
        world.edit(name, &format!("      {name} {{}}\n"), "");
    }
    let _ = world.run(&["apply", "-auto-approve"]).success();
    world.nothing_is_left_to_do(&[]);
    // The service wants the connector's own structure, empty as it is.
    let log = world.emulator.requests();
    let created: Vec<String> = log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|request| request["operation"] == "CreateConnectorProfile")
        .map(ToString::to_string)
        .collect();
    for member in [
        "Amplitude",
        "GoogleAnalytics",
        "Honeycode",
        "Singular",
        "Trendmicro",
    ] {
        let path = format!("connectorProfileProperties.{member}");
        assert!(
            created.iter().any(|request| request.contains(&path)),
            "{path}: {created:?}"
        );
    }
    for name in none {
        let start = "connector_profile_properties {\n";
        world.edit(name, start, &format!("{start}      {name} {{}}\n"));
    }
    world.nothing_is_left_to_do(&[]);
    let _ = world.run(&["destroy", "-auto-approve"]).success();
    assert_eq!(
        world.total("DeleteConnectorProfile"),
        world.total("CreateConnectorProfile")
    );
}
