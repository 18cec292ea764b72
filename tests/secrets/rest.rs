//! Commands that succeed: what they say, and what is at rest afterwards.

use std::collections::BTreeSet;

use regex::Regex;
use rusqlite::{Connection, OpenFlags};

use crate::connectors::{every_connector, ways};
use crate::ground::Ground;

/// Every command that only looks, in every format.
const LOOKS: [&[&str]; 30] = [
    &["validate"],
    &["validate", "--format=json"],
    &["validate", "-json"],
    &["validate", "--format=sarif"],
    &["fmt", "-check"],
    &["plan"],
    &["plan", "-vvv"],
    &["plan", "-json"],
    &["plan", "--format=json"],
    &["plan", "--format=markdown"],
    &["plan", "--format=html"],
    &["plan", "-destroy"],
    &["plan", "-destroy", "--format=json"],
    &["plan", "-refresh-only"],
    &["plan", "-refresh=false", "--color=always"],
    &["plan", "-compact-warnings", "-json-into=events.jsonl"],
    &["plan", "-out=saved.plan"],
    &["show", "saved.plan"],
    &["show", "-json", "saved.plan"],
    &["apply", "-vvv", "altered.plan"],
    &["show"],
    &["show", "-json"],
    &["show", "--format=json"],
    &["output"],
    &["output", "-json"],
    &["state", "list"],
    &["history"],
    &["state", "export-tfstate"],
    &["graph"],
    &["graph", "--format=mermaid"],
];

pub(crate) fn look_at_everything(ground: &mut Ground) {
    for arguments in LOOKS {
        let _ = ground.run(arguments);
    }
    let list = ground.run(&["state", "list"]).stdout;
    for address in String::from_utf8_lossy(&list).lines() {
        let _ = ground.run(&["state", "show", address]);
    }
    for run in ["1", "2", "3"] {
        let _ = ground.run(&["history", run]);
        let _ = ground.run(&["history", run, "-json"]);
    }
}

#[test]
fn every_secret_of_every_connector() {
    let mut ground = Ground::new();
    let first = every_connector(0);
    ground.configure(&first);
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["apply", "-auto-approve", "-vv"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    look_at_everything(&mut ground);
    let _ = ground.look_everywhere();
    ground.assert_private();
    // Every secret is changed, without a trace of the old or the new.
    let second = every_connector(20);
    ground.configure(&second);
    let _ = ground.expect(2, &["plan", "-detailed-exitcode"]);
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["plan", "-out=second.plan"]);
    let _ = ground.expect(0, &["apply", "-vvv", "second.plan"]);
    let _ = ground.expect(1, &["apply", "-vvv", "second.plan"]);
    let _ = ground.expect(0, &["apply", "-auto-approve", "-json"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    let _ = ground.expect(
        0,
        &[
            "state",
            "mv",
            "aws_appflow_connector_profile.c0",
            "aws_appflow_connector_profile.moved",
        ],
    );
    let _ = ground.expect(0, &["state", "rm", "aws_appflow_connector_profile.c1"]);
    let _ = ground.expect(0, &["state", "restore"]);
    let _ = ground.expect(0, &["state", "restore", "3"]);
    let _ = ground.expect(0, &["refresh"]);
    let _ = ground.expect(0, &["destroy", "-auto-approve"]);
    look_at_everything(&mut ground);
    ground.assert_private();
    ground.assert_clean(&format!("{} secrets of connectors", first.secrets));
}

#[test]
fn secrets_on_every_way_into_other_arguments() {
    let mut ground = Ground::new();
    let configuration = ways();
    ground.configure(&configuration);
    look_at_everything(&mut ground);
    let _ = ground.expect(0, &["apply", "-auto-approve"]);
    let _ = ground.expect(0, &["plan", "-detailed-exitcode"]);
    look_at_everything(&mut ground);
    let digests = digests(&ground);
    assert!(digests.len() >= 15, "{digests:?}");
    assert_eq!(
        digests.iter().collect::<BTreeSet<_>>().len(),
        digests.len(),
        "one digest stands for two secrets"
    );
    let asked = "var.text\n\"x-${var.text}\"\nbase64encode(var.text)\n[var.text, var.number]\n\
                 terraform_data.carrier.output\naws_appflow_connector_profile.derived\n\
                 upper(var.text)\n{ a = var.object }\nvar.txet\nvar.text + 1\nnope(var.text)\n";
    let ran = ground.environment.flowctl_reading(asked, &["console"]);
    ground.look("stdout of console", ran.stdout.as_bytes());
    ground.look("stderr of console", ran.stderr.as_bytes());
    assert!(ran.stdout.contains("(sensitive value)"), "{ran}");
    let _ = ground.expect(0, &["destroy", "-auto-approve"]);
    ground.assert_private();
    ground.assert_clean("secrets on other ways");
}

/// The digests in state. The same secret in two places has two of them.
fn digests(ground: &Ground) -> Vec<String> {
    let path = ground.environment.path(".flowctl/state.db");
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = database.expect("a state");
    let mut statement = database
        .prepare("SELECT attributes FROM resources")
        .expect("a table");
    let rows = statement.query_map([], |row| row.get::<_, String>(0));
    let digest = Regex::new(r#""digest":"([0-9a-f]+)""#).expect("a pattern");
    let mut found = Vec::new();
    for row in rows.expect("rows") {
        let text = row.expect("a row");
        found.extend(digest.captures_iter(&text).map(|found| found[1].to_owned()));
    }
    found
}

#[test]
fn the_endpoint_inside_and_what_it_keeps() {
    let mut ground = Ground::new();
    ground.configure(&every_connector(0));
    let _ = ground.expect(0, &["--emulator", "apply", "-auto-approve", "-vvv"]);
    let _ = ground.expect(0, &["--emulator", "plan", "-detailed-exitcode"]);
    let _ = ground.expect(0, &["--emulator", "show"]);
    ground.assert_private();
    ground.assert_clean("the endpoint inside");
}

#[test]
fn what_is_imported_has_placeholders() {
    let mut ground = Ground::new();
    ground.configure(&every_connector(0));
    let _ = ground.expect(0, &["apply", "-auto-approve"]);
    let mut fresh = Ground::new();
    let url = ground.emulator.url();
    for index in 0..6 {
        let name = format!("profile-{index}");
        let output = fresh.run_with(&["import", &name, "--endpoint-url", &url], &[]);
        assert!(output.status.success(), "{name}");
    }
    fresh.assert_clean("imports");
    ground.assert_clean("what was imported");
}
