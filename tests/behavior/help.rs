//! `--help` and `--version`.

use crate::empty;

/// Every command, with those in groups.
fn commands(environment: &flowctl_testkit::TestEnvironment, path: &[&str], found: &mut String) {
    let arguments: Vec<&str> = path.iter().copied().chain(["--help"]).collect();
    let help = environment.flowctl(&arguments).out();
    found.extend(["=== flowctl ", &path.join(" "), "\n\n", &help, "\n"]);
    let mut in_commands = false;
    for line in help.lines() {
        if line.is_empty() {
            in_commands = false;
        }
        if in_commands
            && let Some(name) = line.strip_prefix("  ").and_then(|l| l.split(' ').next())
            && !name.is_empty()
            && name != "help"
        {
            let deeper: Vec<&str> = path.iter().copied().chain([name]).collect();
            commands(environment, &deeper, found);
        }
        in_commands |= line == "Commands:";
    }
}

#[test]
fn the_help_of_every_command() {
    let mut found = String::new();
    commands(&empty(), &[], &mut found);
    insta::assert_snapshot!("help", without_global_options(&found));
}

/// The help of commands without the options that all have, which come with the first.
fn without_global_options(help: &str) -> String {
    let mut out = String::new();
    for (number, part) in help.split("=== ").enumerate() {
        if number > 1 {
            let own = part.split("\nGlobal options:\n").next().unwrap_or_default();
            out.extend(["=== ", own, "\n"]);
        } else if number == 1 {
            out.extend(["=== ", part]);
        }
    }
    out
}

#[test]
fn the_version_is_a_result() {
    let environment = empty();
    let version = environment.flowctl(&["--version"]).out();
    assert!(version.starts_with("flowctl "));
    assert_eq!(environment.flowctl(&["-version"]).out(), version);
    let shown = environment.flowctl(&["version", "-json"]).json();
    assert_eq!(
        version.trim(),
        format!("flowctl {}", shown["flowctl_version"].as_str().unwrap())
    );
}

#[test]
fn without_a_command_the_help_is_an_error() {
    let ran = empty().flowctl(&[]).code(1);
    assert!(ran.stderr.contains("Usage: flowctl"));
    assert_eq!(ran.stdout, "");
}
