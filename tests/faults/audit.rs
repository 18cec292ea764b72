//! What must hold after every recovery, by three witnesses: the endpoint's profiles, its log of
//! requests, and the state's tables. None of them is asked through flowctl.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::model::{Profiles, SECRETS};
use crate::world::World;

const CREDENTIAL: &str = "connectorProfileConfig.connectorProfileCredentials.Slack.clientSecret";

/// Follows what the endpoint did, from request to request.
pub(crate) struct Audit {
    /// The last request that was looked at.
    sequence: u64,
    /// By name: the token that made the profile, and the digest of the secret it has.
    profiles: BTreeMap<String, (String, String)>,
    /// The digests of [`SECRETS`] at this endpoint.
    digests: Vec<String>,
}

impl Audit {
    /// Sends each secret once, under names that are deleted again, to learn its digest.
    pub(crate) fn begin(world: &World) -> Self {
        let mut audit = Self {
            sequence: 0,
            profiles: BTreeMap::new(),
            digests: Vec::new(),
        };
        for secret in SECRETS {
            let body = json!({
                "connectorProfileName": secret, "connectorType": "Slack",
                "connectionMode": "Public", "clientToken": secret,
                "connectorProfileConfig": {
                    "connectorProfileProperties": {"Slack": {"instanceUrl": "https://x.slack.com"}},
                    "connectorProfileCredentials": {"Slack": {
                        "clientId": "id", "clientSecret": secret, "accessToken": secret,
                    }},
                },
            });
            let _ = world.post("create-connector-profile", &body);
        }
        let mut broken = Vec::new();
        audit.follow(world, &mut broken);
        audit.digests = SECRETS
            .iter()
            .map(|secret| audit.profiles[*secret].1.clone())
            .collect();
        for secret in SECRETS {
            let body = json!({"connectorProfileName": secret});
            let _ = world.post("delete-connector-profile", &body);
        }
        audit.follow(world, &mut broken);
        assert!(broken.is_empty() && audit.profiles.is_empty(), "{broken:?}");
        audit
    }

    /// Looks at the requests since the last time.
    fn follow(&mut self, world: &World, broken: &mut Vec<String>) {
        let log = world.emulator.requests();
        let requests = log["requests"].as_array().expect("a log");
        let seen = self.sequence;
        let new = requests
            .iter()
            .filter(|request| request["sequence"].as_u64() > Some(seen));
        for request in new {
            let sequence = request["sequence"].as_u64().unwrap_or(0);
            if sequence != self.sequence + 1 {
                broken.push("the log has forgotten requests".to_owned());
            }
            self.sequence = sequence;
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let name = text(&request["connectorProfileName"]);
            let token = text(&request["clientToken"]);
            let digest = || text(&request["credentials"][CREDENTIAL]);
            let lost = request["faults"]
                .as_array()
                .is_some_and(|fired| fired.iter().any(|rule| text(rule).contains(":lost")));
            let done = request["status"] == 200 || (request["status"].is_null() && lost);
            match (text(&request["operation"]).as_str(), done) {
                ("CreateConnectorProfile", true) => match self.profiles.get(&name) {
                    Some((made_by, _)) if *made_by == token => {}
                    Some(_) => broken.push(format!("{name} was created twice")),
                    None => {
                        self.profiles.insert(name, (token, digest()));
                    }
                },
                ("CreateConnectorProfile", false) if request["status"] == 409 => {
                    broken.push(format!("a second creation of {name} was tried"));
                }
                ("UpdateConnectorProfile", true) => match self.profiles.get_mut(&name) {
                    Some((_, now)) => *now = digest(),
                    None => broken.push(format!("{name} was updated and is not there")),
                },
                ("DeleteConnectorProfile", true) => {
                    self.profiles.remove(&name);
                }
                _ => {}
            }
        }
    }

    /// Whether the endpoint carried out a deletion that a dead run had sent after the next run had
    /// made the profile anew, which no client can prevent: what a run does last with a profile that
    /// stays is never to delete it.
    pub(crate) fn was_overtaken(world: &World, wanted: &Profiles) -> bool {
        let live = world.live();
        let log = world.emulator.requests();
        let requests = log["requests"].as_array().expect("a log");
        let last = |name: &str| {
            let mut of_it = requests.iter().rev().filter(|request| {
                request["connectorProfileName"] == name && request["status"] == 200
            });
            of_it.next().map(|request| request["operation"].clone())
        };
        let mut missing = wanted
            .by_key
            .values()
            .filter(|p| !live.contains_key(&p.name));
        missing.any(|profile| last(&profile.name) == Some("DeleteConnectorProfile".into()))
    }

    /// What is broken of everything that must hold.
    pub(crate) fn look(&mut self, world: &World, wanted: &Profiles) -> Vec<String> {
        let mut broken = Vec::new();
        self.follow(world, &mut broken);
        let live = world.live();
        let names = |of: &mut dyn Iterator<Item = String>| of.collect::<BTreeSet<_>>();
        let there = names(&mut live.keys().cloned());
        let asked = names(&mut wanted.by_key.values().map(|p| p.name.clone()));
        for orphan in there.difference(&asked) {
            broken.push(format!("{orphan} is live and not configured"));
        }
        for missing in asked.difference(&there) {
            let story = story(world, missing);
            broken.push(format!("{missing} is configured and not live: {story}"));
        }
        for profile in wanted.by_key.values() {
            let Some(found) = live.get(&profile.name) else {
                continue;
            };
            let properties = &found["connectorProfileProperties"]["Slack"];
            if properties["instanceUrl"] != profile.url.as_str() {
                broken.push(format!("{} has another URL: {properties}", profile.name));
            }
            let has = self.profiles.get(&profile.name).map(|(_, digest)| digest);
            if has != Some(&self.digests[profile.secret]) {
                broken.push(format!("{} has another secret", profile.name));
            }
        }
        let state = world.environment.path(".flowctl/state.db");
        match in_state(&state) {
            Err(error) => broken.push(format!("the state cannot be read: {error}")),
            Ok(rows) => {
                let expected: BTreeMap<_, _> = wanted
                    .by_key
                    .iter()
                    .map(|(key, profile)| (profile.address(key), profile.name.clone()))
                    .collect();
                if rows != expected {
                    broken.push(format!("in state is {rows:?}, not {expected:?}"));
                }
            }
        }
        broken.extend(whole(&state));
        let files = world.environment.list(".flowctl");
        let known = [
            "backups",
            "key",
            "lock",
            "state.db",
            "state.db-shm",
            "state.db-wal",
        ];
        for file in files.iter().filter(|file| !known.contains(&file.as_str())) {
            broken.push(format!("{file} was left behind"));
        }
        broken
    }
}

/// What was asked about a profile, for who looks into what broke.
fn story(world: &World, name: &str) -> String {
    let log = world.emulator.requests();
    let requests = log["requests"].as_array().into_iter().flatten();
    let about = requests.filter(|request| request["connectorProfileName"] == name);
    let told = about.map(|request| {
        format!(
            "\n  {} at {}: {} {} {} {}",
            request["sequence"],
            request["at"],
            request["operation"],
            request["clientToken"],
            request["status"],
            request["faults"]
        )
    });
    told.collect()
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// The rows of the state: address and name.
pub(crate) fn in_state(path: &Path) -> rusqlite::Result<BTreeMap<String, String>> {
    open(path)?
        .prepare("SELECT address, id FROM resources")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// What is wrong with the database itself, and with what a finished run leaves in it.
pub(crate) fn whole(path: &Path) -> Vec<String> {
    let ask = |question: &str| open(path)?.query_row(question, [], |row| row.get::<_, String>(0));
    let questions = [
        ("PRAGMA integrity_check", "ok"),
        ("SELECT count(*) || '' FROM pragma_foreign_key_check", "0"),
        (
            "SELECT count(*) || ' unfinished' FROM operations \
             WHERE status IN ('started', 'unknown')",
            "0 unfinished",
        ),
        (
            "SELECT count(*) || ' put aside' FROM resources WHERE deposed <> '[]'",
            "0 put aside",
        ),
    ];
    let mut wrong = Vec::new();
    for (question, right) in questions {
        match ask(question) {
            Ok(answer) if answer == right => {}
            Ok(answer) => wrong.push(format!("{question}: {answer}")),
            Err(error) => wrong.push(format!("{question}: {error}")),
        }
    }
    wrong
}
