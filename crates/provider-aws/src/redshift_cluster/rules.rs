//! What must hold between the arguments of a cluster, and between a cluster and what it is to be.

use flowctl_model::{AttributePath, Problem, Value};
use flowctl_schema::PlanRequest;

use super::restores;
use super::schema::{
    FINAL_SNAPSHOT, MANAGED, MULTI, PASSWORD, PASSWORD_VERSION, PASSWORD_WO, SINGLE, SKIP_SNAPSHOT,
    SNAPSHOT,
};
use crate::table::{conflicts, flag, is_set, problem, text, timeout_problems, whole};

/// What is wrong with a configuration by itself.
pub(super) fn check(config: &Value) -> Vec<Problem> {
    let mut problems: Vec<Problem> = [PASSWORD, PASSWORD_WO]
        .into_iter()
        .filter_map(|name| password(name, text(config, name)?))
        .collect();
    problems.extend(conflicts(config, &[PASSWORD, PASSWORD_WO]));
    problems.extend(conflicts(config, &SNAPSHOT[..2]));
    problems.extend(managed(config));
    problems.extend(nodes(config));
    problems.extend(places(config));
    problems.extend(user(config));
    problems.extend(ending(config));
    if is_set(config, "aqua_configuration_status") {
        let detail = "Redshift retired this argument, which has no effect any more.";
        let path = AttributePath::attribute("aqua_configuration_status");
        problems
            .push(Problem::warning(path, "Argument is deprecated", detail).with_help("remove it"));
    }
    problems.extend(timeout_problems(config));
    problems
}

/// What is wrong with a change: what only a creation needs, and what a cluster cannot become.
pub(super) fn check_change(request: &PlanRequest<'_>) -> Vec<Problem> {
    let Some(prior) = request.prior else {
        return made(request.config);
    };
    let zone = |object| text(object, "availability_zone");
    let moves = matches!((zone(prior), zone(request.config)), (Some(old), Some(new)) if old != new);
    let relocates = flag(request.proposed, "availability_zone_relocation_enabled");
    if !moves || relocates == Some(true) {
        return Vec::new();
    }
    let detail = "A cluster moves to another availability zone only with \
                  `availability_zone_relocation_enabled = true`.";
    let help = "set it, or keep the availability zone";
    vec![problem("availability_zone", "Invalid change", detail).with_help(help)]
}

/// What a new cluster lacks.
fn made(config: &Value) -> Vec<Problem> {
    if restores(config) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let mut missing = |name, what: &str| {
        let detail = format!(
            "A cluster that is not restored from a snapshot needs {what}, but `{name}` is not set."
        );
        problems.push(problem(name, "Missing required argument", detail));
    };
    if !is_set(config, "master_username") {
        missing("master_username", "an administrator");
    }
    let is_managed = config.get(MANAGED).is_some_and(|v| !v.is_known());
    if !is_set(config, PASSWORD)
        && !is_set(config, PASSWORD_WO)
        && !is_managed
        && flag(config, MANAGED) != Some(true)
    {
        missing(PASSWORD, "a password, or `manage_master_password = true`");
    }
    problems
}

/// What a password lacks, or has and may not have. None of it says what the password is.
fn password(name: &'static str, password: &str) -> Option<Problem> {
    let has = |what: fn(&u8) -> bool| password.as_bytes().iter().any(what);
    let wrong = [
        (
            !(8..=64).contains(&password.chars().count()),
            "have 8 to 64 characters",
        ),
        (!has(u8::is_ascii_lowercase), "contain a lower-case letter"),
        (!has(u8::is_ascii_uppercase), "contain an upper-case letter"),
        (!has(u8::is_ascii_digit), "contain a digit"),
        (
            !password
                .bytes()
                .all(|b| b.is_ascii_graphic() && !br#"/@"'\"#.contains(&b)),
            "contain nothing but ASCII characters without spaces, `/`, `@`, `\"`, `'` and `\\`",
        ),
    ];
    let demands: Vec<&str> = wrong
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, demand)| *demand)
        .collect();
    if demands.is_empty() {
        return None;
    }
    let detail = format!(
        "Redshift demands of a password to {}.",
        demands.join(", and to ")
    );
    Some(problem(name, format!("Invalid value for `{name}`"), detail))
}

/// Who keeps the password.
fn managed(config: &Value) -> Option<Problem> {
    let own = [PASSWORD, PASSWORD_WO]
        .into_iter()
        .find(|name| is_set(config, name));
    match (own, flag(config, MANAGED)) {
        (Some(own), Some(true)) => {
            let detail = format!(
                "With `{MANAGED}`, Redshift makes the password itself, so `{own}` cannot be set."
            );
            Some(problem(own, "Conflicting arguments", detail))
        }
        _ if is_set(config, PASSWORD_VERSION) && !is_set(config, PASSWORD_WO) => {
            let detail =
                format!("`{PASSWORD_VERSION}` is of use only together with `{PASSWORD_WO}`.");
            Some(problem(
                PASSWORD_VERSION,
                "Missing required argument",
                detail,
            ))
        }
        (_, managed)
            if managed != Some(true)
                && text(config, "master_password_secret_kms_key_id").is_some() =>
        {
            let unknown = config.get(MANAGED).is_some_and(|v| !v.is_known());
            let detail = format!("A key for the secret is of use only with `{MANAGED} = true`.");
            let name = "master_password_secret_kms_key_id";
            (!unknown).then(|| problem(name, "Missing required argument", detail))
        }
        _ => None,
    }
}

/// How many nodes, by two arguments.
fn nodes(config: &Value) -> Option<Problem> {
    let count: Option<i64> = whole(config, "number_of_nodes");
    let unset = !is_set(config, "number_of_nodes") && !restores(config);
    match (text(config, "cluster_type"), count) {
        (Some(SINGLE), Some(count)) if count > 1 => {
            let detail =
                format!("A cluster with `cluster_type = \"{SINGLE}\"` has one node, not {count}.");
            let help = format!("set `cluster_type = \"{MULTI}\"`, or leave it out");
            Some(
                problem(
                    "number_of_nodes",
                    "Invalid value for `number_of_nodes`",
                    detail,
                )
                .with_help(help),
            )
        }
        (Some(MULTI), count) if unset || count.is_some_and(|count| count < 2) => {
            let detail =
                format!("A cluster with `cluster_type = \"{MULTI}\"` has at least two nodes.");
            let help =
                format!("set `number_of_nodes` to 2 or more, or `cluster_type = \"{SINGLE}\"`");
            let name = if unset {
                "cluster_type"
            } else {
                "number_of_nodes"
            };
            Some(problem(name, format!("Invalid value for `{name}`"), detail).with_help(help))
        }
        _ => None,
    }
}

/// Where the cluster is, and what its data are encrypted with.
fn places(config: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    let on = |name| flag(config, name) == Some(true);
    if on("multi_az") && on("availability_zone_relocation_enabled") {
        let detail = "A cluster in two availability zones cannot be moved to another one.";
        problems.push(problem("multi_az", "Conflicting arguments", detail));
    }
    if is_set(config, "kms_key_id") && flag(config, "encrypted") == Some(false) {
        let detail = "A cluster with `encrypted = false` has no key.";
        let help = "set `encrypted = true`, or leave `kms_key_id` out";
        problems.push(problem("kms_key_id", "Conflicting arguments", detail).with_help(help));
    }
    let public = config.get("publicly_accessible").filter(|v| !v.is_known());
    if is_set(config, "elastic_ip") && public.is_none() && !on("publicly_accessible") {
        let detail = "Only a cluster with `publicly_accessible = true` has an Elastic IP address.";
        problems.push(problem("elastic_ip", "Conflicting arguments", detail));
    }
    problems
}

fn user(config: &Value) -> Option<Problem> {
    let name = text(config, "master_username")?;
    name.eq_ignore_ascii_case("public").then(|| {
        let detail = "`PUBLIC` stands for everybody in Redshift, so nobody can be called so.";
        problem(
            "master_username",
            "Invalid value for `master_username`",
            detail,
        )
    })
}

/// A cluster that is to be deleted needs to know whether its data are kept.
fn ending(config: &Value) -> Option<Problem> {
    if is_set(config, SKIP_SNAPSHOT) || is_set(config, FINAL_SNAPSHOT) {
        return (flag(config, SKIP_SNAPSHOT) == Some(false) && !is_set(config, FINAL_SNAPSHOT))
            .then(|| cannot_be_deleted(SKIP_SNAPSHOT));
    }
    Some(cannot_be_deleted(FINAL_SNAPSHOT))
}

fn cannot_be_deleted(name: &'static str) -> Problem {
    let detail = "Before a cluster is deleted, a last snapshot is taken of it, which has no name here. \
                  Until it has one, or is not wanted, the cluster cannot be deleted or replaced.";
    Problem::warning(
        AttributePath::attribute(name),
        "No name for the final snapshot",
        detail,
    )
    .with_help(format!(
        "set `{FINAL_SNAPSHOT} = \"NAME\"`, or `{SKIP_SNAPSHOT} = true`"
    ))
}

#[cfg(test)]
mod tests {
    use flowctl_model::Type;

    use super::super::tests::cluster;
    use super::*;

    fn found(members: &[(&'static str, Value)]) -> Vec<String> {
        let ends = (SKIP_SNAPSHOT, Value::bool(true));
        let all: Vec<_> = std::iter::once(ends)
            .chain(members.iter().cloned())
            .collect();
        let problems = check(&cluster(&all)).into_iter();
        problems.map(|problem| problem.path.to_string()).collect()
    }

    #[test]
    fn passwords_are_as_the_service_wants_them() {
        for (password, demand) in [
            ("Passw0rd", None),
            ("Passw0rd!#$%^&*()[]{}|~`?<>,.;:_-+=", None),
            ("Pass0rd", Some("8 to 64")),
            ("PASSW0RD", Some("lower-case")),
            ("passw0rd", Some("upper-case")),
            ("Password", Some("digit")),
            ("Passw0rd@", Some("nothing but")),
            ("Passw0rd/", Some("nothing but")),
            ("Passw0 rd", Some("nothing but")),
            ("Passw0rd\\", Some("nothing but")),
            ("Passw0rd\u{e4}", Some("nothing but")),
        ] {
            let problem = super::password(PASSWORD, password);
            let detail = problem.map(|problem| problem.detail);
            match (&detail, demand) {
                (None, None) => {}
                (Some(detail), Some(demand)) => {
                    assert!(detail.contains(demand), "{password}: {detail}");
                    assert!(!detail.contains(password), "{detail}");
                }
                _ => panic!("{password}: {detail:?}"),
            }
        }
        assert_eq!(found(&[(PASSWORD_WO, "short".into())]), [PASSWORD_WO]);
    }

    /// Arguments, and those that something is wrong with.
    type Case<'a> = (&'a [(&'static str, Value)], &'a [&'a str]);

    #[test]
    fn arguments_that_contradict_each_other() {
        let good = || Value::from("Passw0rd");
        let yes = || Value::bool(true);
        let cases: &[Case<'_>] = &[
            (&[(PASSWORD, good())], &[]),
            (&[(PASSWORD, good()), (MANAGED, Value::bool(false))], &[]),
            (&[(PASSWORD, good()), (MANAGED, yes())], &[PASSWORD]),
            (&[(PASSWORD, good()), (PASSWORD_WO, good())], &[PASSWORD_WO]),
            (&[(PASSWORD_VERSION, Value::number(1))], &[PASSWORD_VERSION]),
            (
                &[
                    ("cluster_type", SINGLE.into()),
                    ("number_of_nodes", Value::number(2)),
                ],
                &["number_of_nodes"],
            ),
            (
                &[
                    ("cluster_type", MULTI.into()),
                    ("number_of_nodes", Value::number(1)),
                ],
                &["number_of_nodes"],
            ),
            (&[("cluster_type", MULTI.into())], &["cluster_type"]),
            (
                &[
                    ("cluster_type", MULTI.into()),
                    ("snapshot_identifier", "s".into()),
                ],
                &[],
            ),
            (
                &[
                    ("cluster_type", MULTI.into()),
                    ("number_of_nodes", Value::unknown(Type::Number)),
                ],
                &[],
            ),
            (
                &[
                    ("snapshot_identifier", "s".into()),
                    ("snapshot_arn", "s".into()),
                ],
                &["snapshot_arn"],
            ),
            (
                &[
                    ("kms_key_id", "arn:k".into()),
                    ("encrypted", Value::bool(false)),
                ],
                &["kms_key_id"],
            ),
            (&[("kms_key_id", "arn:k".into())], &[]),
            (
                &[
                    ("multi_az", yes()),
                    ("availability_zone_relocation_enabled", yes()),
                ],
                &["multi_az"],
            ),
            (&[("elastic_ip", "1.2.3.4".into())], &["elastic_ip"]),
            (
                &[
                    ("elastic_ip", "1.2.3.4".into()),
                    ("publicly_accessible", yes()),
                ],
                &[],
            ),
            (
                &[("master_username", "Public".into())],
                &["master_username"],
            ),
            (
                &[("aqua_configuration_status", "auto".into())],
                &["aqua_configuration_status"],
            ),
            (
                &[("master_password_secret_kms_key_id", "k".into())],
                &["master_password_secret_kms_key_id"],
            ),
            (
                &[
                    ("master_password_secret_kms_key_id", "k".into()),
                    (MANAGED, yes()),
                ],
                &[],
            ),
        ];
        for (members, expected) in cases {
            assert_eq!(found(members), *expected, "{members:?}");
        }
    }

    #[test]
    fn who_forgets_the_final_snapshot_is_warned() {
        let warned = |members: &[(&'static str, Value)]| {
            let problems = check(&cluster(members));
            assert!(
                problems
                    .iter()
                    .all(|p| p.severity == flowctl_model::problem::Severity::Warning)
            );
            !problems.is_empty()
        };
        assert!(warned(&[]) && warned(&[(SKIP_SNAPSHOT, Value::bool(false))]));
        assert!(!warned(&[(SKIP_SNAPSHOT, Value::bool(true))]));
        assert!(!warned(&[(FINAL_SNAPSHOT, "last".into())]));
        assert!(!warned(&[(FINAL_SNAPSHOT, Value::unknown(Type::String))]));
    }

    #[test]
    fn a_creation_needs_more_than_a_change() {
        let paths = |prior: Option<&Value>, config: &Value| -> Vec<String> {
            let request = PlanRequest {
                prior,
                config,
                proposed: config,
                changed: &[],
                provider: None,
            };
            let problems = check_change(&request).into_iter();
            problems.map(|problem| problem.path.to_string()).collect()
        };
        let nothing = cluster(&[]);
        assert_eq!(paths(None, &nothing), ["master_username", PASSWORD]);
        assert!(paths(Some(&nothing), &nothing).is_empty());
        let restored = cluster(&[("snapshot_arn", Value::unknown(Type::String))]);
        assert!(paths(None, &restored).is_empty());
        let user = ("master_username", Value::from("admin"));
        for enough in [
            (PASSWORD, Value::unknown(Type::String)),
            (PASSWORD_WO, "Passw0rd".into()),
            (MANAGED, Value::bool(true)),
            (MANAGED, Value::unknown(Type::Bool)),
        ] {
            assert!(paths(None, &cluster(&[user.clone(), enough])).is_empty());
        }
        let zone = |zone: &str| ("availability_zone", Value::from(zone));
        let there = cluster(&[zone("eu-west-1a")]);
        assert_eq!(
            paths(Some(&there), &cluster(&[zone("eu-west-1b")])),
            ["availability_zone"]
        );
        let moves = cluster(&[
            zone("eu-west-1b"),
            ("availability_zone_relocation_enabled", Value::bool(true)),
        ]);
        assert!(paths(Some(&there), &moves).is_empty());
        assert!(paths(Some(&there), &there).is_empty());
    }
}
